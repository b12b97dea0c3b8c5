#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-exec passes signals on, and the command keeps terminal and job control.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
ok "a parent" cgx-create "$T"

# start SIGNAL: a command that says which signal it got
start()
{
	: >"$tmp/log"
	background env --default-signal=INT,QUIT,HUP cgx-exec --under "$T" --report=none \
		sh -c "trap 'echo got $1; exit 7' $1; echo ready; while :; do sleep 0.05; done" >"$tmp/log" 2>&1
	pid=$!
	wait_for 5 grep -q ready "$tmp/log"
}
for s in TERM INT HUP QUIT USR1 USR2; do
	start "$s"
	kill -s "$s" "$pid"
	wait "$pid"
	is $? 7 "SIG$s reaches the command, its status comes back"
	like "$(cat "$tmp/log")" "^got $s" "it got SIG$s"
done
: >"$tmp/log"
background cgx-exec --under "$T" --report=none sh -c 'echo ready; exec sleep 60' >"$tmp/log"
pid=$!
wait_for 5 grep -q ready "$tmp/log"
kill "$pid"
wait "$pid"
is $? 143 "a command that dies of SIGTERM gives 143"
if ignoring_children cgx-exec --under "$T" --report=none sh -c 'exit 3'; then
	is "$status" 3 "also by one who ignores the end of his children: the status is the command's"
	ignoring_children cgx-exec --under "$T" --timeout 1 sleep 30
	like "$status:$err" '^124:.*timed out' "and a timeout is one"
else
	skip "no env --ignore-signal here" "also by one who ignores the end of his children: the status is the command's"
fi
ok "no group is left" wait_for 2 is_childless "$T"

# The signal mask and the dispositions of the caller are the command's.
run cgx-exec --under "$T" grep -E '^Sig(Blk|Ign)' /proc/self/status
got=$out
run grep -E '^Sig(Blk|Ign)' /proc/self/status
is "$got" "$out" "blocked and ignored signals are the caller's"

is_stopped()
{
	grep -q '^State:.*T (stopped' "/proc/$1/status"
}
: >"$tmp/log"
background timeout 60 cgx-exec --under "$T" --report=none sh -c 'echo $$; echo $PPID; exec sleep 60' >"$tmp/log"
timeout_pid=$!
two_lines() { [ "$(wc -l <"$tmp/log")" -ge 2 ]; }
wait_for 5 two_lines
command=$(sed -n 1p "$tmp/log")
tool=$(sed -n 2p "$tmp/log")
kill -TSTP "-$timeout_pid"
ok "SIGTSTP of the process group stops the command" wait_for 3 is_stopped "$command"
ok "and cgx-exec" wait_for 3 is_stopped "$tool"
kill -CONT "-$timeout_pid"
ok "SIGCONT continues the command" wait_for 3 not is_stopped "$command"
ok "and cgx-exec" wait_for 3 not is_stopped "$tool"
kill "$timeout_pid"
wait "$timeout_pid"

if have script; then
	run script -qec "exec cgx-exec --under $T sh -c 'test -t 0 && test -t 1 && tty'" /dev/null
	like "$out" '^/dev/pts/' "the command has the terminal"
	# shellcheck disable=SC2016
	run script -qec "exec cgx-exec --under $T awk '{ sub(/.*\) /, \"\"); print (\$3 == \$6) }' /proc/self/stat" /dev/null
	like "$out" '^1' "and is in its foreground process group"
	{
		wait_for 30 test -e "$tmp/ready"
		sleep 1
		printf '\003'
		date +%s >"$tmp/pressed"
		sleep 3
	} | script -qec "exec cgx-exec --under $T --report=none sh -c 'trap \"echo interrupted; exit 3\" INT; : >$tmp/ready; sleep 60; sleep 60'" \
		/dev/null >"$tmp/log" 2>&1
	is $? 3 "control-C reaches the command"
	like "$(cat "$tmp/log")" interrupted "once"
	is "$(grep -c interrupted "$tmp/log")" 1 "and only once"
	num "$(($(date +%s) - $(cat "$tmp/pressed")))" -lt $((15 * slower)) "at once"
else
	skip "no script(1) here" "the command has the terminal"
fi
ok "no group is left" wait_for 2 is_childless "$T"
done_testing
