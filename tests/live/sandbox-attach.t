#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox: leave the terminal of a sandbox with control-P control-Q, and come back to it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$lib_live/sandbox.sh"
have script || skip_all "no script here"

slow() { sleep $(((slower + 1) / 2)); }
runs() { cgx-sandbox ps -q | grep -q "^$1\$"; }
# Keys are typed once the shell shows what it was asked for; $typed holds what the terminal showed.
at_terminal() # COMMAND, KEYS...: each as printf has them, after the last was answered; sets status
{
	command=$1
	shift
	: >"$tmp/typed"
	{
		for keys; do
			slow
			# shellcheck disable=SC2059 # they are formats
			printf "$keys"
		done
		slow
	} | script -qec "$command" /dev/null >"$tmp/typed" 2>&1
	status=$?
	typed=$(tr -d '\r' <"$tmp/typed")
}

at_terminal "cgx-sandbox run -it --name $N-a / sh" 'echo he""llo; sleep 300 &\r' '\020\021'
is "$status" 0 "control-P control-Q leaves"
like "$typed" '^hello' "what was typed before was done"
like "$typed" "$N-a: goes on; cgx-sandbox attach $N-a comes back" "which is said, with the way back"
ok "it runs on" runs "$N-a"
isnt "$(cgx-sandbox inspect "$N-a" | grep -o '"monitor":[0-9]*')" '"monitor":0' "under its monitor"
at_terminal "cgx-sandbox attach $N-a" 'echo com""ing; [ -t 0 ] && tty\r' '\020\021'
is "$status" 0 "attach, and leave again"
like "$typed" '^coming' "is the same shell"
like "$typed" '/dev/pts/' "at the same terminal"
at_terminal "cgx-sandbox attach $N-a" 'echo "[\020x]" | od -c | head -n 1\r' '\020\020\021'
like "$typed" '\[ +020 +x +\]' "control-P alone is typed"
at_terminal "cgx-sandbox attach $N-a" '\rkill %%1; exit 7\r' ''
is "$status" 7 "its end is the status"
gone() { ! runs "$N-a"; }
ok "and it has ended" wait_for 10 gone
like "$(cgx-sandbox logs "$N-a")" 'exited with 7' "its report is in the log"
run cgx-sandbox attach "$N-a"
isnt "$status" 0 "one that has ended"
like "$err" 'does not run' "has no terminal any more"

cgx-sandbox run -dt --name "$N-d" / sh >/dev/null
slow
ok "-dt: a shell without anybody at its terminal waits" runs "$N-d"
mkfifo "$tmp/quiet"
exec 4<>"$tmp/quiet"
background sh -c "script -qec 'cgx-sandbox attach $N-d' /dev/null <$tmp/quiet >$tmp/first 2>&1"
sits() { pgrep -f "attach $N-d" >/dev/null; }
wait_for 10 sits
slow
run cgx-sandbox attach "$N-d"
is "$status" 125 "two do not fit"
like "$err" 'somebody sits' "as is told"
pkill -f "attach $N-d"
free() { ! sits; }
wait_for 10 free
at_terminal "cgx-sandbox attach $N-d" 'echo b""ack\r' '\020\021'
like "$typed" '^back' "when the first was killed there is room"
cgx-sandbox rm -f "$N-d" >/dev/null
cgx-sandbox run -d --name "$N-n" / sleep 300 >/dev/null
run cgx-sandbox attach "$N-n"
is "$status" 125 "without -t there is no terminal"
like "$err" 'it has no terminal' "as is told"
cgx-sandbox rm -f "$N-n" >/dev/null

at_terminal "cgx-sandbox run -it --rm --name $N-r / sh" 'exit 5\r' ''
is "$status" 5 "whoever stays has the status"
is "$(cgx-sandbox ps -a | grep -c "^$N-r ")" 0 "and --rm leaves nothing"
at_terminal "cgx-sandbox run -it --rm --name $N-s / sh" '\020\021'
ok "--rm is for the end, not for leaving" runs "$N-s"
cgx-sandbox rm -f "$N-s" >/dev/null
background sh -c "script -qec 'exec cgx-sandbox run -it --rm --name $N-k / sleep 300' /dev/null <$tmp/quiet >/dev/null 2>&1"
runs_k() { runs "$N-k"; }
wait_for 10 runs_k
monitor=$(cgx-sandbox inspect "$N-k" | sed -n 's/.*"monitor":\([0-9]*\).*/\1/p')
kill -KILL "$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$monitor/status")"
gone_k() { ! runs "$N-k"; }
ok "who is killed while he sits there takes it with him" wait_for 10 gone_k
done_testing
