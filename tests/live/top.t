#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-top without a screen: figures against the kernel's own, groups that come and go, forms, recordings.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
export HOME="$tmp" XDG_CONFIG_HOME="$tmp/config"
column() # GROUP COLUMN TEXT: of the first CSV sample in the text
{
	printf '%s\n' "$3" | awk -F, -v g="$1" -v c="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) at = i }
		$2 == g && !done++ { print $at }'
}
ok "groups" cgx-create "$T/a" "$T/b/c"
ok "a limit" cgx-set "$T" pids.max=50
sleeper
ok "a process" cgx-move "$T/a" "$pid"

# ---- figures ----
exits 0 "one sample as CSV" cgx-top --csv -n 1 -c PIDS,PIDSMAX,DENIED,MEMORY,CPU% "$T"
is "$(column "$T/a" PIDS "$out")" 1 "its process is counted"
is "$(column "$T" PIDS "$out")" 1 "and above"
is "$(column "$T/b/c" PIDSMAX "$out")" 50 "the limit that binds comes from above"
is "$(printf '%s\n' "$out" | wc -l)" 5 "a line a group and the header"
like "$out" '^TIME,GROUP,PIDS,PIDSMAX,DENIED,MEMORY,CPU%$|^TIME,GROUP,MEMORY,PIDS,PIDSMAX,DENIED,CPU%$' "the columns"
exits 0 "JSON lines" cgx-top --json -n 2 -d 100ms -c PIDS "$T"
is "$(printf '%s\n' "$out" | wc -l)" 2 "a line a sample"
json "the same figures" "$(printf '%s\n' "$out" | head -n 1)" ".groups[] | select(.path == \"$T/a\") | .pids == 1 and .populated == true"
exits 0 "text" cgx-top -b -n 1 "$T"
like "$out" 'PIDSMAX.*GROUP' "with a heading"
exits 0 "of one group" cgx-top -b -n 1 -c PIDS "$T/a"
like "$out" '  1 group$' "it is not many"
exits 0 "sorted" cgx-top -b -n 1 --sort PIDS -c PIDS "$T"
like "$(printf '%s\n' "$out" | sed -n 3p)" "1 ($T|$T/a)\$" "the largest first"
exits 0 "filtered" cgx-top --csv --flat -n 1 -c PIDS -f b/c "$T"
is "$(printf '%s\n' "$out" | tail -n +2 | cut -d, -f2)" "$T/b/c" "what has the text in its path"
exits 0 "without empty ones" cgx-top --csv -n 1 -c PIDS --hide-empty --flat "$T"
unlike "$out" "$T/b/c" "none is shown"

# ---- names that must not look the same: a byte, and what is shown for it ----
byte=$(printf '\377')
ok "groups of such names" cgx-create "$T/h/$byte" "$T/h/\\xff" "$T/h/a\\x2db"
exits 0 "as CSV" cgx-top --csv --flat -n 1 -c PIDS "$T/h"
is "$(printf '%s\n' "$out" | sed '1,2d' | cut -d, -f2 | sort | xargs -d '\n')" "$T/h/\\x5cxff $T/h/\\xff $T/h/a\\x2db" "each has its own"
exits 0 "as text" cgx-top -b --flat -n 1 -c PIDS "$T/h"
like "$out" " $T/h/\\\\x5cxff\$" "here as well"
if have jq; then
	exits 0 "as JSON" cgx-top --json -n 1 -c PIDS "$T/h"
	is "$(printf '%s\n' "$out" | jq -r '.groups[1:][].path' | sort | xargs -d '\n')" "$T/h/\\x5cxff $T/h/\\xff $T/h/a\\x2db" "and here"
fi
ok "they go" cgx-delete -r "$T/h"

# ---- what changes ----
# The last sample but one, which is whole.
last_sample() # TEXT UNWANTED: a line of it begins so behind the time, and no line so
{
	awk -F, -v wanted="$1" -v unwanted="$2" '
		NR == 1 { next }
		$1 != time { sample = next_sample; next_sample = ""; time = $1 }
		{ next_sample = next_sample "\n" substr($0, length($1) + 1) }
		END { exit !(index(sample, "\n," wanted) && !index(sample, "\n," unwanted)) }' "$tmp/out"
}
background cgx-top --csv -d 200ms -c PIDS,PIDSMAX "$T"  >"$tmp/out" 2>"$tmp/err"
top=$!
wait_for 10 grep -q "$T/b/c" "$tmp/out"
cgx-create "$T/new"
cgx-set "$T" pids.max=40
wait_for 5 grep -q "$T/new,0,40" "$tmp/out"
ok "a new group and a new limit are seen" grep -q "$T/new,0,40" "$tmp/out"
cgx-delete "$T/new"
ok "one that is removed is left out, others go on" wait_for 5 last_sample "$T/a,1" "$T/new,"
kill "$top"
wait "$top" 2>/dev/null
is "$(cat "$tmp/err")" "" "and nothing is complained of"
exits 1 "no such group" cgx-top -b -n 1 "$T/nosuch"
one_line "is said"

# ---- another group of the same name, limits above ----
line() # TEXT: a line of the last seconds that ends so
{
	tail -n 30 "$tmp/out" | grep -q "^[0-9.]*,$1\$"
}
ok "a group to be replaced" cgx-create "$T/again/one"
background cgx-top --csv -d 100ms -c PIDS,PIDSMAX "$T/again" >"$tmp/out" 2>"$tmp/err"
top=$!
ok "it is seen" wait_for 10 line "$T/again/one,0,40"
# as a manager does that starts a service again
for m in "$(mount_of pids)" "$(mount_of memory)"; do
	if [ -d "$m/$T/again/one" ]; then
		rmdir "$m/$T/again/one" && mkdir "$m/$T/again/one"
	fi
done
sleep 0.3
ok "a group in the new one" cgx-create "$T/again/one/below"
ok "a limit of the new one" cgx-set "$T/again/one" pids.max=7
ok "are seen" wait_for 5 line "$T/again/one/below,0,7"
ok "a limit above the groups that are shown" cgx-set "$T" pids.max=6
ok "binds" wait_for 5 line "$T/again/one/below,0,6"
kill "$top"
wait "$top" 2>/dev/null
is "$(cat "$tmp/err")" "" "nothing is complained of"

# ---- processes that come and go where none was ----
ok "an empty group" cgx-create "$T/none"
background cgx-top --csv -d 100ms -c PIDS "$T/none" >"$tmp/out" 2>"$tmp/err"
top=$!
ok "is seen" wait_for 10 line "$T/none,0"
sleeper
ok "a process is moved in" cgx-move "$T/none" "$pid"
ok "and seen" wait_for 5 line "$T/none,1"
ok "it is moved out" cgx-move "$T/a" "$pid"
ok "which is seen" wait_for 5 line "$T/none,0"
file=$(dir_of pids "$T/none")/tasks
[ -e "$file" ] || file=$(dir_of pids "$T/none")/cgroup.procs
ok "it comes back, by another file" sh -c "echo $pid >$file"
ok "and is seen" wait_for 5 line "$T/none,1"
kill "$pid"
ok "its end is seen" wait_for 5 line "$T/none,0"
ok "a group below" cgx-create "$T/none/below"
sleeper
ok "with a process" cgx-move "$T/none/below" "$pid"
ok "is seen above" wait_for 5 line "$T/none,1"
kill "$top" "$pid"
wait "$top" 2>/dev/null
ok "they go" cgx-delete -r --kill "$T/none"

# ---- several groups ----
ok "two more" cgx-create "$T/one/x" "$T/two"
background cgx-top --csv -d 100ms -c PIDS "$T/one" "$T/two" >"$tmp/out" 2>"$tmp/err"
top=$!
ok "the one" wait_for 10 line "$T/one/x,0"
ok "the other" wait_for 10 line "$T/two,0"
not line "$T/a,1" && pass "nothing else" || fail "nothing else" "$(tail -n 5 "$tmp/out")"
ok "one is removed" cgx-delete "$T/two"
sleep 0.3
: >"$tmp/out"
ok "the other is told on" wait_for 5 line "$T/one/x,0"
not line "$T/two,0" && pass "without it" || fail "without it" "$(tail -n 5 "$tmp/out")"
ok "it comes again" cgx-create "$T/two"
ok "and is told" wait_for 5 line "$T/two,0"
kill "$top"
wait "$top" 2>/dev/null
is "$(cat "$tmp/err")" "" "nothing is complained of"
ok "both go" cgx-delete -r "$T/one" "$T/two"
exits 1 "both gone" cgx-top --csv -n 1 "$T/one" "$T/two"
one_line "is said"

# ---- no notices ----
if unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_inotify_watches' 2>/dev/null; then
	background unshare --user --map-root-user sh -c \
		"echo 1 >/proc/sys/user/max_inotify_watches; exec cgx-top --csv -d 100ms -c PIDS,PIDSMAX $T/again" >"$tmp/out" 2>"$tmp/err"
	top=$!
	ok "without inotify watches groups are seen" wait_for 10 line "$T/again/one/below,0,6"
	ok "a group comes" cgx-create "$T/again/two"
	ok "a limit is written" cgx-set "$T" pids.max=40
	ok "both are seen" wait_for 5 line "$T/again/two,0,40"
	ok "a group goes" cgx-delete "$T/again/one/below"
	ok "it is left out, others go on" wait_for 5 last_sample "$T/again/two,0,40" "$T/again/one/below,"
	kill "$top"
	wait "$top" 2>/dev/null
else
	skip "no user namespaces here" "without inotify watches"
fi

# ---- few descriptors ----
i=0
while [ $i -lt 300 ]; do
	mkdir "$(mount_of pids)/$T/b/f$i" && i=$((i + 1))
done
exits 0 "300 groups with 64 descriptors" sh -c "ulimit -n 64; exec cgx-top --csv -n 2 -d 50ms -c PIDS $T"
is "$(printf '%s\n' "$out" | grep -c "$T/b/f.*,0\$")" 600 "all are read, twice"
i=0
while [ $i -lt 300 ]; do
	rmdir "$(mount_of pids)/$T/b/f$i" && i=$((i + 1))
done

for n in 12 16; do
	run sh -c "ulimit -n $n; exec cgx-top --csv -n 1 -c PIDS $T"
	[ "$status" = 0 ] || with_remedy "too few descriptors ($n) are told"
	run sh -c "ulimit -n $n; exec cgx-oom-watch --timeout 0 $T"
	[ "$status" = 0 ] || like "$err" 'Too many open files' "cgx-oom-watch: too few descriptors ($n) are told"
done

# ---- metrics ----
# ---- metrics ----
exits 0 "metrics" cgx-top --openmetrics -c PIDS,DENIED,KILLS "$T"
like "$out" "^cgx_pids\\{group=\"$T/a\"\\} 1\$" "a gauge"
like "$out" '^# TYPE cgx_forks_denied_total counter$' "a counter"
is "$(printf '%s\n' "$out" | tail -n 1)" "# EOF" "complete"
exits 0 "into a file" cgx-top --openmetrics -n 1 -o "$tmp/m.prom" "$T"
ok "which is whole" grep -q '^# EOF$' "$tmp/m.prom"
is "$(find "$tmp" -name 'm.prom*' | wc -l)" 1 "and alone"
if have promtool; then
	columns=$(cgx-top --help | sed -n '/^Columns/,/^$/p' | sed 's/^Columns[^:]*://' | xargs | tr ' ' ,)
	exits 0 "all metrics" cgx-top --openmetrics -n 1 -c "$columns" -o "$tmp/all.prom" "$T"
	num "$(grep -c '^# TYPE' "$tmp/all.prom")" -gt 8 "are more than a few"
	exits 0 "promtool agrees" sh -c "promtool check metrics <$tmp/all.prom"
else
	skip "no promtool" "promtool agrees"
fi
sh -c 'ln -s "$1/victim" "$1/m.prom.$$"; echo victim >"$1/victim"; exec cgx-top --openmetrics -n 1 -o "$1/m.prom" "$2"' sh "$tmp" "$T" ||
	fail "into a file beside a link"
is "$(cat "$tmp/victim")" victim "a link that somebody put beside it is not written through"
ok "and the file is whole" grep -q '^# EOF$' "$tmp/m.prom"
mkfifo "$tmp/fifo"
cat "$tmp/fifo" >"$tmp/through" &
exits 0 "into a pipe" cgx-top --openmetrics -n 1 -o "$tmp/fifo" "$T"
wait $!
ok "stays a pipe" test -p "$tmp/fifo"
ok "and takes it all" grep -q '^# EOF$' "$tmp/through"
exits 1 "a folder that is not there" cgx-top --openmetrics -n 1 -o "$tmp/no/m.prom" "$T"
one_line "is said"
if [ -e /dev/full ]; then
	exits 1 "a full disk" sh -c "cgx-top --csv -n 1 $T >/dev/full"
	is "$err" "cgx-top: standard output: write: No space left on device" "is said"
fi
# shellcheck disable=SC2016 # for the inner shell
exits 0 "a reader that went away" sh -c 'trap "" PIPE
	{ sleep 0.3; cgx-top --csv -n 1 -c PIDS "$1"; echo $? >"$2"; } | true' sh "$T" "$tmp/gone"
is "$(cat "$tmp/gone")$err" 1 "is no word worth"

# ---- recordings ----
if [ -e /dev/full ]; then
	exits 1 "a recording on a full disk" cgx-top --csv -n 2 -d 50ms -c PIDS --record /dev/full "$T"
	one_line "is told once"
	is "$(printf '%s\n' "$out" | grep -c "$T/a,1\$")" 2 "and the figures go on"
fi
exits 0 "record" cgx-top --csv -n 3 -d 50ms -c PIDS --record "$tmp/rec" "$T"
recorded=$out
exits 0 "replay" cgx-top --csv -c PIDS --replay "$tmp/rec"
is "$(printf '%s\n' "$out" | tail -n 12)" "$(printf '%s\n' "$recorded" | tail -n 12)" "the same figures at the same times"
exits 0 "who sets the limit" cgx-top --csv -c PIDSMAX,PIDSMAX.BY --replay "$tmp/rec"
is "$(column "$T/b/c" PIDSMAX.BY "$out")" "$T" "is recorded, too"
head -c 700 "$tmp/rec" >"$tmp/cut"
exits 0 "a recording that was cut short" cgx-top --csv -c PIDS --replay "$tmp/cut"
awk 'BEGIN { print "cgx-top 1\nH h legacy\nC PIDS"
	for (i = 1; i <= 20000; i++) printf "S %d000000\nG max 1 0 0 1 /\n", i }' >"$tmp/long"
# shellcheck disable=SC2016 # for the inner shell
exits 0 "one that becomes shorter while it is read" sh -c '{ cgx-top --csv -c PIDS --replay "$1/long" 2>"$1/long.err"; echo $? >"$1/long.status"; } |
	{ head -n 1 >/dev/null; truncate -s 100 "$1/long"; cat >/dev/null; }' sh "$tmp"
is "$(cat "$tmp/long.status") $(cat "$tmp/long.err")" "1 cgx-top: $tmp/long: replay: it has become shorter meanwhile" "is told"
mkfifo "$tmp/pipe"
cat "$tmp/rec" >"$tmp/pipe" 2>/dev/null &
exits 1 "a recording from a pipe" cgx-top --csv --replay "$tmp/pipe"
with_remedy "is said"
wait $! 2>/dev/null
echo no >"$tmp/no"
exits 1 "another file" cgx-top --replay "$tmp/no"
with_remedy "is said"

# ---- usual options ----
exits 0 "save" cgx-top --save -c PIDS --flat -d 300ms
is "$(grep -v '^#' "$XDG_CONFIG_HOME/cgx/top.conf" | xargs)" "flat columns PIDS delay 300000us" "what is kept"
is "$(stat -c %a "$XDG_CONFIG_HOME" "$XDG_CONFIG_HOME/cgx" | xargs)" "700 700" "in folders of one's own"
exits 0 "used" cgx-top --csv -n 1 "$T"
like "$out" '^TIME,GROUP,PIDS$' "as if it were said"
echo victim >"$tmp/victim"
sh -c 'ln -s "$1/victim" "$XDG_CONFIG_HOME/cgx/top.conf.$$"; exec cgx-top --save --flat' sh "$tmp" || fail "save again"
is "$(cat "$tmp/victim")" victim "a link that somebody put there is not written through"
is "$(grep -v '^#' "$XDG_CONFIG_HOME/cgx/top.conf" | xargs)" flat "and it is saved all the same"
printf 'columns \t PIDS \t\r\n flat \n' >"$XDG_CONFIG_HOME/cgx/top.conf"
exits 0 "blanks around" cgx-top --csv -n 1 "$T"
like "$out" '^TIME,GROUP,PIDS$' "do not count"
for once in 'iterations 1' batch 'output /dev/null' save; do
	echo "$once" >"$XDG_CONFIG_HOME/cgx/top.conf"
	exits 2 "$once is not for the file" cgx-top --csv -n 1 "$T"
	like "$err" "top.conf: line 1: ${once%% *}: no such option" "it is said"
done
rm "$XDG_CONFIG_HOME/cgx/top.conf"
mkdir "$XDG_CONFIG_HOME/cgx/top.conf"
exits 1 "a folder in its place" cgx-top --csv -n 1 "$T"
one_line "is said"
rmdir "$XDG_CONFIG_HOME/cgx/top.conf"
echo 'delay never' >"$XDG_CONFIG_HOME/cgx/top.conf"
exits 2 "a bad line" cgx-top --csv -n 1 "$T"
like "$err" 'top.conf: line 1: ' "with file and line"
printf '# kept\nflat\nsort MEMROY\n' >"$XDG_CONFIG_HOME/cgx/top.conf"
exits 2 "an unknown column there" cgx-top --csv -n 1 "$T"
like "$err" 'top.conf: line 3: sort MEMROY: no such column; did you mean MEMORY\?$' "with file, line and the nearest"
with_remedy "and a remedy"
printf 'flat\n\0sort NOSUCH\n' >"$XDG_CONFIG_HOME/cgx/top.conf"
exits 1 "one that is no text" cgx-top --csv -n 1 "$T"
with_remedy "is not read in part"
echo 'flat yes' >"$XDG_CONFIG_HOME/cgx/top.conf"
exits 2 "a value too many" cgx-top --csv -n 1 "$T"
like "$err" 'top.conf: line 1: flat: this option takes no value$' "with the option"
printf 'bpf\nno-bpf\n' >"$XDG_CONFIG_HOME/cgx/top.conf"
exits 2 "two that exclude each other" cgx-top --csv -n 1 "$T"
exits 0 "save over it" cgx-top --save --filter "a b"
for filter in '' ' a' 'a ' '=a' "a
read-only"; do
	exits 2 "a filter that the file cannot hold" cgx-top --save --filter "$filter"
	one_line "is refused"
done
exits 2 "what is for once" cgx-top --save --csv
exits 2 "and a group" cgx-top --save "$T"
is "$(grep -v '^#' "$XDG_CONFIG_HOME/cgx/top.conf")" "filter a b" "the file is as before"
rm "$XDG_CONFIG_HOME/cgx/top.conf"
mkfifo "$XDG_CONFIG_HOME/cgx/top.conf"
exits 0 "a pipe in its place is not waited for" timeout 20 cgx-top --csv -n 1 -c PIDS "$T"
rm "$XDG_CONFIG_HOME/cgx/top.conf"

# ---- usage ----
exits 2 "two forms" cgx-top --csv --json
for o in record replay output; do
	exits 2 "--$o -" sh -c "cd $tmp && exec cgx-top --csv -n 1 --$o -"
	like "$err" "^cgx-top: --$o -: " "is told"
done
ok "and makes no file of that name" test ! -e "$tmp/-"
exits 2 "an unknown column" cgx-top -b -n 1 -c MEMROY "$T"
with_remedy "is said"
exits 0 "columns" cgx-top --columns help
like "$out" '^MEM% ' "are listed"
exits 0 "help" cgx-top --help
like "$out" '^Columns: MEMORY LIMIT LIMIT\.BY MEM% ' "lists them as well"
exits 0 "keys" cgx-top --keys
like "$out" '^K, F9' "are listed"
ok "the end" cgx-delete -r --kill "$T"
done_testing
