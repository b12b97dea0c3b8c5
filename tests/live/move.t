#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-move: processes, threads, whole groups.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
need_helpers threads

ok "groups" cgx-create "$T/a" "$T/b"
sleeper
one=$pid
sleeper
two=$pid
exits 0 "one process" cgx-move "$T/a" "$one"
is "$(group_of pids "$one")" "$T/a" "is there"
if has memory; then
	is "$(group_of memory "$one")" "$T/a" "in every hierarchy"
fi
exits 0 "two processes" cgx-move "$T/b" "$one" "$two"
is "$(group_of pids "$one") $(group_of pids "$two")" "$T/b $T/b" "are there"
before=$(state)
exits 0 "--dry-run" cgx-move --dry-run "$T/a" "$one"
is "$(state)" "$before" "moves nobody"
exits 1 "one of two is not there" cgx-move "$T/a" "$one" 4194304
one_line "one line"
like "$err" 4194304 "that names it"
is "$(state)" "$before" "and the other stays where it was"
exits 0 "-g CONTROLLERS:PATH" cgx-move -g "pids:$T/a" "$one"
is "$(group_of pids "$one")" "$T/a" "moves it"
if [ "$(version_of pids)" = 1 ] && [ "$(version_of memory)" = 1 ]; then
	is "$(group_of memory "$one")" "$T/b" "in that hierarchy only"
else
	skip "pids and memory are not both on v1" "in that hierarchy only"
fi
cgx-move "$T/a" "$one"
exits 0 "--all-from" cgx-move --all-from "$T/b" "$T/a"
is "$(group_of pids "$two")" "$T/a" "moves what was there"
is "$(procs_of pids "$T/b")" "" "all of it"
exits 1 "a group that is not there" cgx-move "$T/nosuch" "$one"
one_line "one line"
exits 1 "not a pid" cgx-move "$T/a" 12x
one_line "one line"
exits 2 "no pid" cgx-move "$T/a"
one_line "one line"

background "$threads" 3 300 >"$tmp/tids"
wait_for 5 grep -q ready "$tmp/tids"
main=$(head -n 1 "$tmp/tids")
tid=$(sed -n 3p "$tmp/tids")
exits 0 "a process with threads" cgx-move "$T/a" "$main"
is "$(group_of pids "$tid")" "$T/a" "all its threads are there"
if [ "$(version_of pids)" = 1 ]; then
	exits 0 "--threads" cgx-move --threads -g "pids:$T/b" "$tid"
	is "$(group_of pids "$tid")" "$T/b" "moves one thread"
	is "$(group_of pids "$main")" "$T/a" "and not the others"
else
	skip "pids is on v2; threaded.t has threads there" "--threads"
fi
done_testing
