#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch: what happens is told, with group, limit and victim, and nothing is lost.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
need_root
need_helpers bomb ear hog
has memory || has pids || skip_all "no memory and no pids controller"

# ---- kills ---------------------------------------------------------------------------------------

if has memory; then
	memory_group "$T/k" 16M
	watch "$T"
	victim "$T/k"
	ok "a kill is told" wait_for 5 told 1 " kill "
	watched
	is "$status" 0 "SIGTERM ends the watch, and that is no failure"
	kill=$(echo "$out" | grep ' kill ')
	like "$kill" "^[0-9-]{10} [0-9:]{8}\.[0-9]{3} kill  $T/k: killed hog \(pid $victim, uid 0, 1[0-9]\.[0-9]M\)" \
		"with its group, pid, command, user and size"
	like "$kill" 'at memory\.max 16\.0M \((used 1[56]\.[0-9]M, )?hit [0-9]+ times\)' "and the limit"
	like "$kill" '\[(tracepoint|kernel log)\]$' "and where that is known from"
	is "$(echo "$out" | grep -c .)" 1 "one line for one kill"
	like "$err" "^cgx-oom-watch: [0-9]+ groups watched, for .*: 1 process killed\$" "a summary at the end"
	like "$err" "^  $T/k: 1 process killed\$" "by group"

	memory_group "$T/n" 16M
	memory_group "$T/n/in" 64M
	watch --json "$T/n"
	victim "$T/n/in"
	wait_for 5 told 1 '"kill"'
	cgx-set "$T/n/in" memory.max=8M
	first=$victim
	victim "$T/n/in"
	wait_for 5 told 2 '"kill"'
	watched
	one=$(echo "$out" | grep '"kill"' | sed -n 1p) two=$(echo "$out" | grep '"kill"' | sed -n 2p)
	json "nested: the level whose limit was hit" "$one" \
		".group == \"$T/n/in\" and .limit_group == \"$T/n\" and .limit == 16777216"
	json "the next kill: the other level" "$two" \
		".group == \"$T/n/in\" and .limit_group == \"$T/n/in\" and .limit == 8388608 and .total == 2"
	json "JSON: who" "$one" ".victim | .pid == $first and .comm == \"hog\" and .uid == 0 and .rss > 8000000 and .anon_rss <= .rss"
	json "JSON: all keys are there" "$one" '(["time","time_us","kind","group","count","total","before","removed","setting",
		"limit_group","limit","usage","limit_hits","machine","source","sure","victim"] - keys) == []'
	json "JSON: a group was short of memory, not the machine" "$one" '.machine == false and .sure == true and .count == 1'
	json "JSON: the time is now" "$one" '(.time_us / 1000000 - now | fabs) < 60 and (.time[:19] + "Z" | fromdate) > now - 60'
	json "JSON: the summary is the last line" "$(echo "$out" | tail -n 1)" \
		'.kind == "summary" and .total.kills == 2 and .groups[0].kills == 2 and .others.kills == 0'

	# The group is removed at once: the peers' open wound.
	cgx-create "$T/r"
	# On v1 nothing but a victim that is still there says which group it was, so the watch must not wait for others.
	first='nice -n -15'
	watch --json "$T/r"
	first=''
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		cgx-exec --under "$T/r" --name "g$i" --memory 8M --report=none "$hog" 40M >/dev/null 2>&1
	done
	ok "it keeps up" wait_for 10 told 20 '"kill"'
	watched
	if have jq; then
		is "$(kills "$out")" 20 "groups removed at once: 20 of 20 kills are told"
		is "$(printf '%s\n' "$out" | jq -rs "[.[] | select(.kind == \"kill\") | .group] | unique | length")" 20 \
			"each with its group"
	else
		skip "no jq here" "groups removed at once"
	fi

	# A child is killed, its parent lives.
	memory_group "$T/c" 16M
	watch --json --count 1 "$T/c"
	cgx-exec --report=none -g "$T/c" sh -c "$hog 80M; sleep 1; exit 0" >/dev/null 2>&1
	ended
	json "a child that is killed is told" "$(echo "$out" | grep '"kill"')" '.victim.comm == "hog"'

	before=$(cgx-get -v -r memory.events.local:oom_kill "$T/k")
	run cgx-oom-watch --since-start --timeout 0 "$T"
	is "$status" 0 "--since-start --timeout 0"
	like "$out" "kill  $T/k: $before process(es)? killed since the group was made\$" "tells what happened before"
	like "$out" "kill  $T/c: 1 process killed since" "of each group"
	run cgx-oom-watch --since-start --timeout 0 --only "$T"
	is "$out" "" "--only: not of groups below"

	memory_group "$T/only" 16M
	memory_group "$T/only/in" 16M
	watch --only "$T/only"
	victim "$T/only/in"
	watched
	unlike "$out" "$T/only/in" "--only: kills below are not told"
else
	skip "no memory controller" "kills"
fi

# ---- hostile names -------------------------------------------------------------------------------

if has memory; then
	esc=$(printf '\033')
	name="$T/h,task_memcg=x ${esc}[31m, y"
	memory_group "$name" 16M
	cp "$hog" "$tmp/a) b,${esc}[2J"
	# shellcheck disable=SC2016
	watch --exec 'printf "%s" "$CGX_GROUP" >'"$tmp"'/g; printf "%s" "$CGX_COMM" >'"$tmp/c" "$T"
	victim "$name" "$tmp/a) b,${esc}[2J"
	wait_for 5 told 1 " kill "
	wait_for 5 test -s "$tmp/c"
	watched
	like "$out" " kill  $T/h,task_memcg=x .x1b\[31m, y: killed a\) b,.x1b\[2J \(pid $victim" "hostile names: told, and escaped"
	unlike "$out$err" "$esc" "no escape reaches the terminal"
	is "$(cat "$tmp/g" 2>/dev/null)" "$name" "the command gets the group's name as it is"
	is "$(cat "$tmp/c" 2>/dev/null)" "a) b,${esc}[2J" "and the victim's"
	watch --json "$T"
	victim "$name" "$tmp/a) b,${esc}[2J"
	wait_for 5 told 1 '"kill"'
	watched
	json "JSON has them as they are" "$(echo "$out" | grep '"kill"')" \
		".group == \"$T/h,task_memcg=x \\u001b[31m, y\" and .victim.comm == \"a) b,\\u001b[2J\""
fi

# ---- forks ---------------------------------------------------------------------------------------

if has pids; then
	cgx-create -r pids.max=8 "$T/f"
	watch --json "$T/f"
	run cgx-exec --report=none -g "$T/f" "$bomb" 30 1
	denied=$(echo "$out" | sed -n 's/.*denied //p')
	watched
	if have jq; then
		is "$(printf '%s\n' "$out" | jq -s '[.[] | select(.kind == "fork") | .count] | add')" "$denied" \
			"every denied fork is told ($denied), the last second's included"
	else
		skip "no jq here" "every denied fork is told"
	fi
	json "with the group and the limit" "$(echo "$out" | grep -m 1 '"fork"')" \
		".group == \"$T/f\" and .limit_group == \"$T/f\" and .limit == 8 and .setting == \"pids.max\""
	cgx-create "$T/f/in"
	watch "$T/f"
	if takes_processes "$T/f"; then
		run cgx-exec --report=none -g "$T/f/in" "$bomb" 30 1
		wait_for 5 told 1 ' fork '
	fi
	watched
	if takes_processes "$T/f"; then
		like "$out" "fork  $T/f(/in: [0-9]+ forks? denied at pids\.max 8 of $T/f|: [0-9]+ forks? denied at pids.max 8)" \
			"a limit above is told as such"
	else
		skip "groups below it cannot have processes" "a limit above is told as such"
	fi
	run cgx-oom-watch --since-start --timeout 0 --quiet "$T/f"
	is "$status" 3 "--quiet --since-start: there were some"
else
	skip "no pids controller" "forks"
fi

# ---- ends and statuses ---------------------------------------------------------------------------

one() # something that is told
{
	if has memory; then victim "$T/k"; else cgx-exec --report=none -g "$T/f" "$bomb" 30 0 >/dev/null; fi
}
if has memory; then g=$T/k; else g=$T/f; fi

began=$(date +%s%N)
exits 0 "--timeout with nothing to tell" cgx-oom-watch --timeout 0.5 "$g"
num $((($(date +%s%N) - began) / 1000000)) -ge 500 "it lasts"
is "$out" "" "and nothing is told"
like "$err" 'nothing happened' "which the summary says"
exits 0 "--quiet: nothing happened" cgx-oom-watch --quiet --timeout 0.3 "$g"
is "$out$err" "" "without a word"
listen
watch --quiet "$g"
ok "a service manager is told that it has begun" grep -q '^READY=1' "$readiness"
deaf
one
watched
is "$status" 3 "--quiet: something happened, though it was ended at once"

watch --count 2 "$g"
one
sleep 1.1
ok "--count 2 goes on after one" alive "$pid"
one
ended
is "$status" 0 "and ends after two"
is "$(echo "$out" | grep -c .)" 2 "with two lines"

watch "$g"
one
wait_for 5 told 1 .
kill -USR1 "$pid"
ok "SIGUSR1: a summary" wait_for 5 grep -q "^  $g: 1 " "$tmp/w.err"
ok "and the watch goes on" alive "$pid"
watched

(cgx-oom-watch "$g" 2>"$tmp/w.err"; echo $? >"$tmp/w.status") | :
ok "a reader that goes away ends it" wait_for 5 test -s "$tmp/w.status"
unlike "$(cat "$tmp/w.err")" 'roken pipe|failed' "without a word"
(sleep 0.3; cgx-oom-watch --since-start --timeout 0 "$g" 2>"$tmp/w.err"; echo $? >"$tmp/w.gone") | :
is "$(cat "$tmp/w.gone")" 1 "one that is gone before the first line, too"
unlike "$(cat "$tmp/w.err")" 'standard output' "and of that no word either"

exits 2 "an unknown kind" cgx-oom-watch --kinds kil "$g"
like "$err" 'did you mean kill' "with a guess"
exits 2 "a name that is left out" cgx-oom-watch --kinds kill,,fork "$g"
like "$err" ': nothing is no kind of event' "is said"
exits 2 "a wrong pressure" cgx-oom-watch --pressure 3s/2s "$g"
exits 1 "no journal" cgx-oom-watch --journal="$tmp/none" "$g"
with_remedy "with a remedy"
run cgx-oom-watch --timeout 0 "$T/none"
like "$err" "note: $T/none: there is no such group now" "a group that is not there is told"

# ---- commands ------------------------------------------------------------------------------------

watch --exec "env >$tmp/env; cat >$tmp/stdin; echo talk; exit 7" --count 1 "$g"
one
ended
is "$status" 0 "--exec"
facts=$(cat "$tmp/env" 2>/dev/null)
for fact in KIND GROUP PID COMM UID LIMIT_GROUP LIMIT USAGE COUNT TOTAL SOURCE TIME; do
	echo "$facts" | grep -q "^CGX_$fact=" || fail "CGX_$fact is in its environment"
done
like "$facts" "^CGX_GROUP=$g\$" "the facts are in its environment"
if has memory; then
	like "$facts" "^CGX_PID=$victim\$" "the victim, too"
fi
json "the event is on its stdin" "$(cat "$tmp/stdin" 2>/dev/null)" ".group == \"$g\""
like "$err" '^talk$' "what it says goes to stderr"
unlike "$out" 'talk' "and not among the lines"
like "$err" "warning: (kill|fork) in $g: the command exited with 7" "its failure is told"
listen
watch --exec "echo \$\$ >>$tmp/hangs; exec sleep 30" "$g"
one
wait_for 5 told 1 .
sleep 1.1
one
ok "a command that hangs does not hold up the watch" wait_for 5 told 2 .
kill -TERM "$pid"
ok "a service manager is told that it ends" wait_for 5 grep -q '^STOPPING=1' "$readiness"
deaf
sleep 0.5
ok "it is waited for at the end" alive "$pid"
watched
like "$err" 'command(s)? still run' "a second signal does not wait"
xargs kill <"$tmp/hangs"

# ---- the journal ---------------------------------------------------------------------------------

if have perl && perl -MSocket -e 1 2>/dev/null; then
	# shellcheck disable=SC2016
	background perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) or die; $SIG{ALRM} = sub { exit 1 };
		alarm 30; recv(S, $m, 65536, 0); print $m;' "$tmp/journal" >"$tmp/message"
	wait_for 5 test -S "$tmp/journal"
	watch --journal="$tmp/journal" --count 1 "$g"
	one
	ended
	wait_for 5 test -s "$tmp/message"
	like "$(cat "$tmp/message")" "^CGX_GROUP=$g\$" "the journal gets the facts"
	like "$(cat "$tmp/message")" "^MESSAGE=$g: " "and the words"
	like "$(cat "$tmp/message")" '^MESSAGE_ID=[0-9a-f]{32}$' "and an ID"
	is "$out" "" "and stdout nothing"
else
	skip "no perl with Socket here" "the journal gets the facts"
fi
if [ -S /run/systemd/journal/socket ] && have journalctl; then
	watch --journal --count 1 "$g"
	one
	ended
	in_journal() { journalctl -q -o json -t cgx-oom-watch "CGX_GROUP=$g" 2>/dev/null | grep -q MESSAGE_ID; }
	ok "the journal of this machine has it" wait_for 10 in_journal
else
	skip "no journal runs here" "the journal of this machine has it"
fi

# ---- v1: a group that stands still ---------------------------------------------------------------

if [ "$(version_of memory)" = 1 ]; then
	memory_group "$T/s" 16M
	echo 1 >"$(dir_of memory "$T/s")/memory.oom_control"
	watch "$T/s"
	background cgx-exec --report=none -g "$T/s" "$hog" 80M >/dev/null 2>&1
	ok "a group that stands still is told" wait_for 5 told 1 "stalled $T/s: out of memory at memory.max 16.0M, and"
	echo 0 >"$(dir_of memory "$T/s")/memory.oom_control"
	ok "and the kill when it goes on" wait_for 5 told 1 " kill  $T/s: killed hog"
	watched
else
	skip "v2 always kills" "a group that stands still is told"
fi

# ---- groups that come and go ---------------------------------------------------------------------

rss_of() # PID: KiB
{
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}
churn() # FROM TO
{
	i=$1
	while [ "$i" -lt "$2" ]; do
		mkdir "$dir/c$i" "$dir/c$i/x" && rmdir "$dir/c$i/x" "$dir/c$i" || return
		i=$((i + 1))
	done
}
cgx-create "$T/churn"
if has memory; then c=memory; else c=pids; fi
dir=$(dir_of "$c" "$T/churn")
watch --kinds kill,fork,removed "$T/churn"
ok "a hundred groups" churn 0 100
told_all() { [ "$(grep -c ' removed ' "$tmp/w.out")" -ge "$1" ]; }
# of hundreds a second some come and go between two looks
wait_for 10 told_all 150
was=$(rss_of "$pid")
ok "four hundred more" churn 100 500
wait_for 20 told_all 700
num "$(rss_of "$pid")" -le $((was + 1024)) "take no memory once they are gone"
fds=$(find "/proc/$pid/fd" -type l | wc -l)
num "$fds" -le 40 "and no descriptors"
watched
like "$err" '^cgx-oom-watch: 1 groups? watched' "and are not watched any more"
if has memory; then
	watch --json "$T"
	memory_group "$T/late" 16M
	victim "$T/late"
	ok "a group that comes later is watched" wait_for 5 told 1 "\"kill\",\"group\":\"$T/late\""
	watched
fi

# ---- pressure ------------------------------------------------------------------------------------

if [ -n "$V2" ] && mkdir "$V2/$T-p" && [ -w "$V2/$T-p/memory.pressure" ]; then
	watch --kinds pressure,removed "$T-p"
	for i in 1 2 3; do
		mkdir "$V2/$T-p/$i"
		wait_for 5 follows "$pid" "$V2/$T-p/$i" || diag "$T-p/$i is not followed"
		rmdir "$V2/$T-p/$i"
	done
	wait_for 5 told 3 ' removed '
	watched
	is "$(echo "$out" | cut -d' ' -f3,4 | sort -u | tr '\n' ' ')" "removed $T-p/1: removed $T-p/2: removed $T-p/3: " \
		"groups that go are not under pressure"
	rmdir "$V2/$T-p"
else
	skip "no pressure on v2 here" "groups that go are not under pressure"
fi
if [ "$(version_of memory)" = 2 ] && [ -w "$V2/$T/k/memory.pressure" ]; then
	cgx-create -r memory.high=8M "$T/p"
	watch --pressure 50ms/1s "$T/p"
	background cgx-exec --report=none -g "$T/p" "$hog" 40M >/dev/null 2>&1
	ok "a group that stands still for want of memory is told" \
		wait_for 15 told 1 "pressure $T/p: short of memory: stood still for 50.0ms within 1.0s"
	watched
	cgx-delete --kill "$T/p"
else
	skip "no memory pressure of groups here" "a group that stands still for want of memory is told"
fi

# ---- an ordinary user ----------------------------------------------------------------------------

chmod 755 "$tmp"
watch --json
locked=$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
kill "$pid"
num "$locked" -gt 100 "it stays in memory when the machine has none left ($locked kB)"
open_tools
if have setpriv && id nobody >/dev/null 2>&1 &&
	setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups cgx-oom-watch --version >/dev/null 2>&1; then
	watch_as_nobody()
	{
		: >"$tmp/w.err"
		background setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups cgx-oom-watch "$g" \
			>"$tmp/w.out" 2>"$tmp/w.err"
		pid=$!
		wait_for 10 grep -q ': note: watching' "$tmp/w.err"
	}
	ok "an ordinary user can watch" watch_as_nobody
	one
	ok "and is told" wait_for 5 told 1 " (kill|fork)  ?$g: "
	watched
	if has memory; then
		like "$err" 'warning: .*(guess|permission|not known)' "and what cannot be seen is said"
		unlike "$out" 'tracepoint' "and nobody reads the tracepoint for it"
	fi
else
	skip "no setpriv(1), or nobody cannot execute the tools" "an ordinary user can watch"
fi

# ---- the log explained ---------------------------------------------------------------------------

exits 0 "--explain with nothing in it" cgx-oom-watch --explain /dev/null
if has memory && [ -r /dev/kmsg ]; then
	one
	exits 0 "--explain" cgx-oom-watch --explain
	like "$out" "killed hog \(pid $victim" "the last kill is in the kernel log"
fi
done_testing
