#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tracepoint names the victim of a kill, exactly it, while it is still in its group. Others may be killed on this
# machine meanwhile, so only what is said of our own processes counts.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
need_helpers hog victims
has memory || skip_all "no memory controller"

told() # PID: what was said of it, without the latency
{
	sed -n "s,^[0-9]*/[0-9]* \\($1 .*\\),\\1,p" "$tmp/victims"
}
is_told() { [ -n "$(told "$1")" ]; }

ok "a group" cgx-create "$T/in"
ok "with a limit above it" cgx-set "$T" memory.max=16M
cgx-set "$T" memory.swap.max=0 2>/dev/null
# The victim has its own turn to exit: who listens must have one before. First in line on a busy machine, and on the same
# processor where two of them take turns, as in an emulated machine.
rt=''
! chrt -f 1 true 2>/dev/null || rt='chrt -f 1'
[ -z "${CGX_VM-}" ] || ! have taskset || taskset -cp 0 $$ >/dev/null
# shellcheck disable=SC2086
background $rt "$victims" -l 110 >"$tmp/victims"
wait_for 10 grep -q -e ready -e unsupported "$tmp/victims"
! grep -q unsupported "$tmp/victims" || skip_all "$(cat "$tmp/victims")"

kill_one() # sets victim
{
	cgx-exec -g "memory:$T/in" sh -c "echo \$\$ >$tmp/pid; echo 77 >/proc/self/oom_score_adj; exec $hog 64M" 2>/dev/null
	victim=$(cat "$tmp/pid")
}
kill_one
ok "a kill is told, with the number of the process" wait_for 5 is_told "$victim"
is "$(told "$victim" | wc -l)" 1 "once"
said=$(told "$victim")
diag "$said"
is "$(echo "$said" | cut -d' ' -f2)" hog "and its name"
uid=$(echo "$said" | cut -d' ' -f3)
if [ "$uid" = - ]; then
	skip "this kernel's tracepoint tells the number only" "user and oom_score_adj"
	skip "this kernel's tracepoint tells the number only" "anonymous memory, in bytes"
else
	is "$uid $(echo "$said" | cut -d' ' -f5)" "0 77" "user and oom_score_adj"
	num "$(echo "$said" | cut -d' ' -f4)" -gt 8000000 "anonymous memory, in bytes"
fi
# Nobody can promise that this victim was still there to be asked, but of a few one is; what had left is told as such.
group_of_victim()
{
	told "$victim" | cut -d' ' -f6-
}
group=$(group_of_victim) tries=1
while [ "$tries" -lt 20 ] && { [ "$group" = - ] || [ "${group% exited}" != "$group" ]; }; do
	kill_one
	wait_for 5 is_told "$victim"
	group=$(group_of_victim) tries=$((tries + 1))
done
is "$group" "/$T/in" "and its group, before it left it"
[ "$tries" = 1 ] || diag "of $tries kills, one"

# A storm: each of them once, and in order.
n=20
for _ in $(seq $n); do
	cgx-exec -g "memory:$T/in" sh -c "echo \$\$ >>$tmp/storm; exec $hog 64M" 2>/dev/null
done
wait_for 5 is_told "$(tail -n 1 "$tmp/storm")"
grep -F -w -f "$tmp/storm" "$tmp/victims" >"$tmp/told"
is "$(cut -d' ' -f2 "$tmp/told")" "$(cat "$tmp/storm")" "$n kills, each with its number, in order"
# An emulated machine with one CPU at a time reads the group when the victim has had its turn to exit.
num "$(grep -c -e "/$T/in\$" -e "/$T/in exited\$" "$tmp/told")" -ge $((n * 3 / ${CGX_VM:+1}4)) "nearly all with their group"
is "$(grep -v -e "/$T/in\$" -e ' exited$' -e ' -$' "$tmp/told")" "" "and none with another"
latency() # FIELD
{
	cut -d' ' -f1 "$tmp/told" | cut -d/ -f"$1" | sort -n |
		awk '{ v[NR] = $1 } END { print "median", v[int((NR + 1) / 2)] ",", "max", v[NR] }'
}
diag "microseconds from kill to record: $(latency 1); to its group: $(latency 2)"
unlike "$(cat "$tmp/victims")" '^lost' "none is lost"

# A process that is killed by hand is no victim.
background cgx-exec -g "memory:$T/in" "$hog" 4M 30 >/dev/null 2>&1
held() { [ -n "$(procs_of memory "$T/in")" ]; }
wait_for 5 held
procs_of memory "$T/in" >"$tmp/byhand"
xargs -r kill -KILL <"$tmp/byhand"
cgx-exec -g "memory:$T/in" sh -c "echo \$\$ >$tmp/pid; exec $hog 64M" 2>/dev/null
ok "one more is told" wait_for 5 is_told "$(cat "$tmp/pid")"
is "$(cut -d' ' -f2 "$tmp/victims" | grep -c -x -F -f "$tmp/byhand")" 0 "who was killed by hand is not"

# Without privilege: words, no crash.
if have setpriv && chmod 755 "$tmp" && cp "$victims" "$tmp/v" && chmod 755 "$tmp/v"; then
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/v" 1
	is "$status" 77 "an ordinary user cannot listen"
	like "$out" "unsupported: .*(CAP_|root)" "and is told what it takes"
else
	skip "no setpriv" "an ordinary user cannot listen"
	skip "no setpriv" "and is told what it takes"
fi
done_testing
