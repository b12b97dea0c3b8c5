#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tracepoint names the victim of a kill, exactly it, while it is still in its group.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
need_helpers hog victims
has memory || skip_all "no memory controller"

start() # COUNT [-l]: victims in the background, its output in $tmp/victims
{
	background "$victims" ${2:+"$2"} "$1" 60 >"$tmp/victims"
	listener=$!
	wait_for 10 grep -q -e ready -e unsupported "$tmp/victims"
	! grep -q unsupported "$tmp/victims" || skip_all "$(cat "$tmp/victims")"
}

limit=16M
ok "a group" cgx-create "$T/in"
ok "with a limit above it" cgx-set "$T" memory.max=$limit
cgx-set "$T" memory.swap.max=0 2>/dev/null

start 1
cgx-exec -g "memory:$T/in" sh -c "echo \$\$ >$tmp/pid; echo 77 >/proc/self/oom_score_adj; exec $hog 64M" 2>/dev/null
wait "$listener"
is "$?" 0 "a kill is told"
victim=$(cat "$tmp/pid")
line=$(grep -v ready "$tmp/victims")
is "$(echo "$line" | cut -d' ' -f1)" "$victim" "it has the number of the process"
is "$(echo "$line" | cut -d' ' -f2)" hog "and its name"
is "$(echo "$line" | cut -d' ' -f6-)" "/$T/in" "and its group, before it left it"
uid=$(echo "$line" | cut -d' ' -f3)
if [ "$uid" = - ]; then
	skip "this kernel's tracepoint tells the number only" "user, memory, oom_score_adj"
else
	is "$uid $(echo "$line" | cut -d' ' -f5)" "0 77" "user and oom_score_adj"
	num "$(echo "$line" | cut -d' ' -f4)" -gt 8000000 "anonymous memory, in bytes"
fi

# A storm: each of them once, and in order.
n=20
start "$n" -l
for _ in $(seq $n); do
	cgx-exec -g "memory:$T/in" sh -c "echo \$\$ >>$tmp/storm; exec $hog 64M" 2>/dev/null
done
wait "$listener"
is "$?" 0 "$n kills are told"
grep -v -e ready -e lost "$tmp/victims" >"$tmp/told"
is "$(cut -d' ' -f2 "$tmp/told")" "$(cat "$tmp/storm")" "each with its number, in order"
num "$(grep -c "/$T/in\$" "$tmp/told")" -ge $((n * 9 / 10)) "nearly all with their group"
diag "kill to line, microseconds: $(cut -d' ' -f1 "$tmp/told" | sort -n | awk '{ v[NR] = $1 } END { print "median", v[int((NR + 1) / 2)], "max", v[NR] }')"
unlike "$(cat "$tmp/victims")" lost "none is lost"

# A process that is killed by hand is no victim.
start 1
background cgx-exec -g "memory:$T/in" "$hog" 4M 30
sleep 0.3
procs_of memory "$T/in" | xargs -r kill -KILL
cgx-exec -g "memory:$T/in" sh -c "echo \$\$ >$tmp/pid; exec $hog 64M" 2>/dev/null
wait "$listener"
is "$(grep -v ready "$tmp/victims" | cut -d' ' -f1)" "$(cat "$tmp/pid")" "who was killed by hand is not told"

# Without privilege: words, no crash.
if have setpriv && chmod 755 "$tmp" && cp "$victims" "$tmp/v" && chmod 755 "$tmp/v"; then
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/v" 1 1
	is "$status" 77 "an ordinary user cannot listen"
	like "$out" "unsupported: .*(CAP_|root)" "and is told what it takes"
else
	skip "no setpriv" "an ordinary user cannot listen"
	skip "no setpriv" "and is told what it takes"
fi
done_testing
