#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-ls: groups flat, as a tree, with processes, columns, JSON.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"

ok "groups to list" cgx-create "$T" "$T/a" "$T/a/b" "$T/c"
sleeper
cgx-move "$T/c" "$pid" || bail "cgx-move fails"

exits 0 "a path lists the groups below" cgx-ls "$T"
is "$out" "$T
$T/a
$T/a/b
$T/c" "parents first, by name, each once whatever the number of hierarchies"
run cgx-ls "/$T"
is "$(echo "$out" | head -n 1)" "$T" "a leading slash makes no difference"
run cgx-ls -d 1 "$T"
is "$(echo "$out" | wc -l)" 3 "--depth 1 leaves grandchildren out"
run cgx-ls -d 0 "$T"
is "$out" "$T" "--depth 0 lists the group itself"
exits 0 "without a path everything is listed" cgx-ls
is "$(echo "$out" | head -n 1)" / "the root first"
is "$(echo "$out" | grep -cFx "$T/a/b")" 1 "our group among the rest"
run cgx-ls -g "pids:$T"
is "$(echo "$out" | wc -l)" 4 "-g CONTROLLERS:PATH"
run cgx-ls "pids:$T/a" "$T/c"
is "$out" "$T/a
$T/a/b
$T/c" "several groups, controllers in the path"

exits 0 "--tree" cgx-ls -t "$T"
is "$(echo "$out" | grep -vc '^NAME')" 4 "has a line a group"
unlike "$out" "$T/a/b" "and only the last part of a path below the top"
exits 0 "--processes" cgx-ls -p "$T"
like "$out" "(^|[^0-9])$pid root sleep 300" "names pid, user and command"
if have setpriv; then
	# the kernel gives the files of a process that may not be dumped to root
	chmod 755 "$tmp" && cp "$(command -v sleep)" "$tmp/closed" && chmod 111 "$tmp/closed"
	background setpriv --reuid 65534 --clear-groups "$tmp/closed" 300
	closed=$!
	cgx-move "$T/a/b" "$closed"
	seen() { cgx-ls -p "$T/a/b" | grep -Eq "(^|[^0-9])$closed nobody .*closed 300"; }
	ok "a process that may not be dumped has its user all the same" wait_for 5 seen
	kill "$closed"
else
	skip "no setpriv" "a process that may not be dumped has its user all the same"
fi
exits 0 "--threads" cgx-ls --threads "$T/c"
like "$out" "(^|[^0-9])$pid " "shows the thread"

exits 0 "chosen columns" cgx-ls -o NAME,PROCS,POPULATED,PIDS,PIDS-MAX "$T"
like "$out" '^NAME +PROCS +POPULATED +PIDS +PIDS-MAX' "headings"
is "$(echo "$out" | awk -v g="$T/c" '$1 == g { print $2, $4 }')" "1 1" "one process is counted in the group it is in"
is "$(echo "$out" | awk -v g="$T/a" '$1 == g { print $2, $4 }')" "0 0" "and none in another"
run cgx-ls -o NAME,PIDS --no-headings --sort -PIDS "$T"
like "$(echo "$out" | head -n 1)" " 1$" "--sort -PIDS puts the fullest first"
exits 2 "an unknown column is a usage error" cgx-ls -o NAME,NOSUCH "$T"
one_line "told in one line"
if has memory; then
	cgx-set "$T/c" memory.max=64M
	run cgx-ls -o NAME,MEMORY-MAX --no-headings "$T/c"
	like "$out" ' 64(\.0)? ?M' "sizes are in units"
else
	skip "no memory controller" "sizes are in units"
fi

exits 0 "--json" cgx-ls --json "$T"
json "JSON has the groups" "$out" ".groups | length > 0"
json "by name" "$out" "[.. | .name? // empty] | index(\"$T/a/b\")"
exits 0 "--pid" cgx-ls --pid "$pid"
like "$out" "^([^:]*,)?pids(,[^:]*)?:/$T/c$|^[^:]*:/$T/c$" "--pid says where a process is"
exits 1 "--pid of a process that is not there" cgx-ls --pid 4194304
one_line "one line"
exits 1 "a group that is not there" cgx-ls "$T/nosuch"
one_line "one line"
like "$err" "$T/nosuch" "names the group"
done_testing
