#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch in a storm: kills in many groups at once, in groups that are removed the moment their process is dead,
# below a limit, of children whose parents live on. Every one is told, and none twice. Then names that are made to hurt.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
need_root
need_helpers ear hog
has memory || skip_all "no memory controller"
have jq || skip_all "no jq here"
workers=4 rounds=10 # each kills five in a round: 200
[ -z "${CGX_VM-}" ] || workers=2 rounds=3

# ---- the storm -----------------------------------------------------------------------------------

dir=$(dir_of memory "$T/s")
if [ "$(version_of memory)" = 1 ]; then limit=memory.limit_in_bytes; else limit=memory.max; fi
swapless() # DIRECTORY
{
	[ -z "$(sed 1d /proc/swaps 2>/dev/null)" ] || echo 0 >"$1/memory.swap.max" || echo 8M >"$1/memory.memsw.limit_in_bytes"
}

kill_in() # GROUP WORKER: below $dir; "GROUP PID" goes to the worker's list
{
	sh -c 'echo $$ >"$1/$2/cgroup.procs" && echo "$2" $$ >>"$3" && exec "$4" 40M' - "$dir" "$1" "$tmp/killed.$2" "$hog"
}

# A child that is killed, in the group of its parent. What it leaves behind is charged for a moment more, and now and
# then that is the end of the parent as well.
kill_child_in() # GROUP WORKER
{
	sh -c 'echo $$ >"$1/$2/cgroup.procs" || exit
		sh -c '"'"'echo "$1" $$ >>"$2" && exec "$3" 40M'"'"' - "$2" "$3" "$4" &
		wait $!; test $? = 137 && exit 3' - "$dir" "$1" "$tmp/killed.$2" "$hog" &
	parent=$!
	wait "$parent"
	case $? in
	3) echo lived ;;
	137) echo "$1 $parent" >>"$tmp/killed.$2" && echo killed "$parent" ;;
	*) echo odd ;;
	esac >>"$tmp/parents.$2"
}

kill_in_gone() # NAME WORKER: made and removed
{
	mkdir "$dir/$1" && echo 8M >"$dir/$1/$limit" && swapless "$dir/$1"
	kill_in "$1" "$2"
	rmdir "$dir/$1"
}

worker() # NUMBER
{
	for round in $(seq $rounds); do
		kill_in "stay$1" "$1"
		kill_in_gone "gone$1.$round.a" "$1"
		kill_in "all$1/one" "$1"
		kill_in_gone "gone$1.$round.b" "$1"
		kill_child_in "child$1" "$1"
	done >/dev/null 2>"$tmp/worker.$1"
}

machine_kills() # of the kernel's whole life
{
	sed -n 's/^oom_kill //p' /proc/vmstat
}

# Those below our groups, and those of which nobody knows the group.
count_ours()
{
	grep '"kind":"kill"' "$tmp/w.out" | jq -s "[.[] | select(.group == null or (.group | startswith(\"$T/\"))) | .count] | add // 0" 2>/dev/null
}

n=$((workers * rounds * 5))
all_are_told() { [ "$(count_ours)" -ge "$n" ]; }
for w in $(seq $workers); do
	memory_group "$T/s/stay$w" 8M
	memory_group "$T/s/child$w" 8M
	memory_group "$T/s/all$w" 16M
	memory_group "$T/s/all$w/one" 64M
done
before=$(machine_kills)
# what a group that is gone was called is known from its victim alone on v1, and that is on its way out
first='nice -n -15'
watch --json
first=''
begun=$(machine_kills) from=$(date +%s%3N)
workers_are=''
for w in $(seq $workers); do
	worker "$w" &
	workers_are="$workers_are $!"
done
pids="$pids $workers_are"
# shellcheck disable=SC2086
wait $workers_are
diag "$n kills in $(($(date +%s%3N) - from)) ms"
cat "$tmp"/killed.[0-9] | sort -k 2n >"$tmp/killed"
parents=$(cat "$tmp"/parents.* | sed -n 's/^killed //p')
n=$((n + $(echo "$parents" | grep -c .)))
is "$(wc -l <"$tmp/killed")" "$n" "a storm of $n kills"
is "$(cat "$tmp"/worker.* | grep -v Killed)" "" "which nothing spoilt"
is "$(cat "$tmp"/parents.* | grep -c -e lived -e killed)" $((workers * rounds)) "of children, too"
ok "all are told" wait_for 10 all_are_told
ended_at=$(machine_kills)
watched
after=$(machine_kills)
is "$status" 0 "the watch ends well"

printf '%s\n' "$out" | jq -c 'select(.kind == "kill")' >"$tmp/told"
total=$(jq -s '[.[].count] | add' "$tmp/told")
# others may be killed on this machine, before it has begun and after its end, too
if [ "$total" -ge $((ended_at - begun)) ] && [ "$total" -le $((after - before)) ]; then
	pass "as many as the kernel has counted in all: $total"
else
	fail "as many as the kernel has counted in all" "told: $total" "kernel: $((ended_at - begun)) to $((after - before))"
fi
json "the summary has the same" "$(printf '%s\n' "$out" | tail -n 1)" ".kind == \"summary\" and .total.kills == $total"

# "TOLD DIED GROUP" where that differs
jq -r "select(.group and (.group | startswith(\"$T/\"))) | .group[$((${#T} + 3)):] + \" \" + (.count | tostring)" "$tmp/told" |
	awk 'FILENAME == "-" { told[$1] += $2; next } { died[$1]++ }
		END { for (g in died) told[g] += 0; for (g in told) if (told[g] != died[g]) print told[g], died[g] + 0, g }' \
		- "$tmp/killed" | sort -k 3 >"$tmp/differ"
is "$(awk '$3 !~ "^gone" && $2' "$tmp/differ")" "" "of each group that stays as many as died in it"
[ ! -s "$tmp/differ" ] || diag "told, died, in the group: $(paste -sd, "$tmp/differ")"
is "$(jq -r 'select(.victim) | .victim.pid' "$tmp/told" | sort | uniq -d | xargs)" "" "nobody is told twice"
# "GROUP PID" of victims that are told to be sure, and were somebody else's
jq -r "select(.victim and .sure and .group and (.group | startswith(\"$T/s/\"))) | .group[$((${#T} + 3)):] + \" \" + (.victim.pid | tostring)" \
	"$tmp/told" | sort >"$tmp/sure"
sort "$tmp/killed" | comm -13 - "$tmp/sure" >"$tmp/wrong"
is "$(xargs <"$tmp/wrong")" "" "what is told for sure is so"
diag "$(cut -d' ' -f2 "$tmp/wrong" | xargs -rI{} grep -w {} "$tmp/killed")"
num "$(wc -l <"$tmp/sure")" -ge $((n / 2)) "as most are"
jq -c "select(.victim and .group and (.group | startswith(\"$T/s/\")) and .victim.comm != \"hog\")" "$tmp/told" |
	grep -v -e none ${parents:+-e "\"pid\":\($(echo "$parents" | xargs | sed 's/ /\\|/g')\),\"comm\":\"sh\""} >"$tmp/others"
is "$(cat "$tmp/others")" "" "it was always the hog"
gone=$(jq -s "[.[] | select(.group and (.group | startswith(\"$T/s/gone\"))) | .count] | add // 0" "$tmp/told")
diag "groups removed at once: $gone of $((n * 2 / 5)) kills are told with their group; $(wc -l <"$tmp/sure") of all for sure"
if [ "$(version_of memory)" = 2 ]; then
	below=$(jq -s "[.[] | select(.group and (.group | startswith(\"$T/s\"))) | .count] | add // 0" "$tmp/told")
	is "$below" "$n" "with the groups above on v2 none is lost to them"
else
	num "$gone" -ge $((n * 2 / 10)) "v1 keeps nothing of a group that is gone, yet most are known"
fi
levels=$(jq -r "select(.group and (.group | startswith(\"$T/s/\")) and .limit_group and (.removed | not)) |
	.group[$((${#T} + 3)):] + \" \" + .limit_group[$((${#T} + 3)):]" "$tmp/told" | sort -u)
is "$(echo "$levels" | awk '$1 ~ "^all" ? $1 != $2 "/one" : $1 != $2')" "" "the level whose limit was hit, and no other"
like "$levels" '^all1/one all1$' "the one above among them"
cgx-delete -r "$T/s" || diag "cgx-delete fails"

# ---- names ---------------------------------------------------------------------------------------

# A line feed in the name of a command, and words that pass for another line; in that of a group it is refused by the
# kernel. 255 bytes, the longest name, not UTF-8, and so deep that the kernel's log has a path in three pieces.
lf='
'
comm="a${lf}b kill xyz"
cp "$hog" "$tmp/$comm"
blank=" 	 $(printf '\001\177\302\233')31m\\ "
long=$(printf '\377%0251d\r\303' 0 | tr 0 l)[
is "${#long}" 255 "a name of 255 bytes"
name="$T/h/$blank/$long/$long/$long"
cgx-create "$T/h/$blank"
# a path of more than 4096 bytes would not do, nor would a name of more than 255
ok "groups of such names" memory_group "$name" 16M
# shellcheck disable=SC2016
watch --exec 'printf "%s" "$CGX_GROUP" >'"$tmp"'/g; printf "%s." "$CGX_COMM" >'"$tmp/c" "$T/h"
victim "$name" "$tmp/$comm"
ok "a kill is told" wait_for 5 told 1 " kill "
ok "the command of --exec runs" wait_for 5 test -s "$tmp/c"
watched
is "$(printf '%s\n' "$out" | grep -c .)" 1 "in one line"
shown="$(printf '%s' "$out" | sed 's/^[-0-9]* [0-9:.]* //')"
like "$shown" '^kill  '"$T"'/h/ \\x09 \\x01\\x7f\\xc2\\x9b31m\\+ /\\xffl{251}\\x0d\\xc3\[/' "the name escaped, whole to its end"
like "$shown" ": killed a.x0ab kill xyz \\(pid $victim, uid 0" "the command, too"
is "$(printf '%s%s' "$out" "$err" | tr -d '\n -~' | wc -c)" 0 "nothing but what can be printed, in the summary as well"
is "$(cat "$tmp/g")" "$name" "the command of --exec gets the name as it is"
is "$(cat "$tmp/c")" "$comm." "and the victim's"

watch --json "$T/h"
victim "$name" "$tmp/$comm"
ok "told as JSON" wait_for 5 told 1 '"kill"'
watched
is "$(printf '%s\n' "$out" | grep -c '"kind":"kill"')" 1 "in one line"
json "that has the command as it is" "$(printf '%s\n' "$out" | head -n 1)" ".victim.comm == \"a\\nb kill xyz\" and .victim.pid == $victim"
json "and the group, as far as JSON can" "$(printf '%s\n' "$out" | head -n 1)" \
	".group | startswith(\"$T/h/ \\t \") and (split(\"/\") | length == 6)"

rm -f "$tmp/journal"
background "$ear" "$tmp/journal" >"$tmp/message"
wait_for 5 test -S "$tmp/journal"
watch --journal="$tmp/journal" "$T/h"
victim "$name" "$tmp/$comm"
ok "told to the journal" wait_for 5 grep -q '^CGX_KIND=kill$' "$tmp/message"
watched
is "$(grep -c '^MESSAGE=' "$tmp/message")" 1 "once"
like "$(grep -a '^MESSAGE=' "$tmp/message")" 'killed a.x0ab kill xyz' "escaped in the words"
is "$(grep -a -A 1 -x CGX_COMM "$tmp/message" | sed 1d | od -An -tx1 | tr -d ' \n')" 0c00000000000000610a \
	"and by its length, as the journal wants it, in its field"
is "$(grep -a -c -F -x "CGX_GROUP=$name" "$tmp/message")" 1 "the group as it is"
done_testing
