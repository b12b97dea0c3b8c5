#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox: exit statuses, signals and terminals as docker's and podman's manuals have them.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$lib_live/sandbox.sh"

pause=0.5
[ -z "${CGX_VM-}" ] || pause=4
told() { grep -q "$1" "$tmp/told" 2>/dev/null; }

# in_front SIGNAL SCRIPT OPTION...: one in front that is sent a signal once it says "up"; sets status
in_front()
{
	signal=$1 script=$2
	shift 2
	: >"$tmp/told"
	env --default-signal=INT,QUIT cgx-sandbox run --rm --name "$N-s" "$@" / sh -c "$script" >"$tmp/told" 2>"$tmp/err" &
	one=$!
	pids="$pids $one"
	wait_for 10 told up
	kill "-$signal" $one
	wait $one
	status=$?
}

# ---- what comes to the one in front goes to the command, which decides ---------------------------

loop='while :; do sleep 0.05; done'
for s in HUP:1 INT:2 QUIT:3 USR1:10 USR2:12 TERM:15; do
	in_front "${s%:*}" "trap 'echo got ${s%:*}; exit 40' ${s%:*}; echo up; $loop"
	is "$status:$(tail -n 1 "$tmp/told")" "40:got ${s%:*}" "SIG${s%:*} is passed on to one who asks for it"
	in_front "${s%:*}" "echo up; exec sleep 30"
	is "$status" $((128 + ${s#*:})) "SIG${s%:*} ends one who does not: 128 and its number"
done
is "$(left)" "" "nothing is left"
in_front TERM "trap 'echo got' TERM; echo up; sleep 0.3; sleep 0.3; exit 6"
is "$status:$(tail -n 1 "$tmp/told")" "6:got" "who goes on after a signal has his own status"
in_front USR1 "trap 'echo got; exit 41' USR1; echo up; $loop" --no-init
is "$status" 41 "without an init as well"

# ---- statuses ------------------------------------------------------------------------------------

for want in 1 2 125 126 127 128 130 255; do
	run cgx-sandbox run --rm --name "$N-c" / sh -c "exit $want"
	is "$status" $want "the command's own $want"
done
for s in INT:130 PIPE:141; do
	run env "--ignore-signal=${s%:*}" cgx-sandbox run --rm --name "$N-c" / sh -c "kill -${s%:*} \$\$"
	is "$status" "${s#*:}" "SIG${s%:*} kills it though the caller ignores it"
done
for s in ABRT:134 FPE:136 KILL:137 SEGV:139 PIPE:141 ALRM:142 TERM:143; do
	run cgx-sandbox run --rm --name "$N-c" / sh -c "kill -${s%:*} \$\$"
	is "$status" "${s#*:}" "killed by SIG${s%:*}: ${s#*:}"
done
run cgx-sandbox run --rm --name "$N-c" --nosuchoption / true
is "$status" 125 "an option that there is not: 125"
mkdir "$tmp/dir" && chmod 755 "$tmp" "$tmp/dir"
run cgx-sandbox run --rm --name "$N-c" / /etc
is "$status" 126 "a directory as the command: 126"
run cgx-sandbox run --rm --name "$N-c" / "$tmp/none/x"
is "$status" 127 "a path that is not there: 127"
printf '#!/nonexistent/interpreter\n' >"$tmp/dir/script" && chmod 755 "$tmp/dir/script"
run cgx-sandbox run --rm --name "$N-c" -v "$tmp/dir:/dir" / /dir/script
is "$status" 127 "an interpreter that is not there: 127"

# ---- stop, kill, wait ----------------------------------------------------------------------------

cgx-sandbox run -d --name "$N-t" / sh -c 'trap "" TERM; while :; do sleep 0.1; done' >/dev/null
began=$(date +%s%N)
run cgx-sandbox stop -t 1 "$N-t"
took=$((($(date +%s%N) - began) / 1000000))
num "$took" -ge 900 "stop -t 1 leaves a second to one who ignores SIGTERM ($took ms)"
is "$(cgx-sandbox wait "$N-t")" 137 "and then kills: 137"
for how in 9:137 KILL:137 SIGKILL:137 HUP:129 15:143; do
	cgx-sandbox rm -f "$N-t" >/dev/null 2>&1
	cgx-sandbox run -d --name "$N-t" / sleep 300 >/dev/null
	cgx-sandbox kill -s "${how%:*}" "$N-t" >/dev/null
	is "$(timeout 20 cgx-sandbox wait "$N-t")" "${how#*:}" "kill -s ${how%:*}, wait: ${how#*:}"
done
run cgx-sandbox kill -s NOSUCH "$N-t"
isnt "$status" 0 "a signal that there is not"
cgx-sandbox rm -f "$N-t" >/dev/null
cgx-sandbox run -d --name "$N-t" / sleep 300 >/dev/null
cgx-sandbox exec "$N-t" sh -c 'trap "echo got; exit 42" TERM; echo up; while :; do sleep 0.05; done' >"$tmp/told" 2>&1 &
one=$!
pids="$pids $one"
wait_for 10 told up
kill -TERM $one
wait $one
is "$?:$(tail -n 1 "$tmp/told")" "42:got" "exec passes signals on, too"
cgx-sandbox exec "$N-t" sleep 301 &
one=$!
pids="$pids $one"
up() { cgx-sandbox top "$N-t" | grep -q 'sleep 301'; }
wait_for 10 up
kill -KILL $one
down() { ! up; }
ok "exec killed: its command goes with it" wait_for 10 down
cgx-sandbox exec "$N-t" sleep 302 >/dev/null 2>&1 &
one=$!
pids="$pids $one"
cgx-sandbox rm -f "$N-t" >/dev/null
wait $one
num "$?" -ge 125 "the sandbox ends: so does what was executed in it"
if have strace && strace -f -o /dev/null -e inject=getpid:signal=KILL:when=65535 true 2>/dev/null; then
	# on its way into the groups: each step takes long, and there are several where v1 is
	cgx-sandbox run -d --name "$N-t" / sleep 300 >/dev/null
	ASAN_OPTIONS=detect_leaks=0 timeout -k 1 100 strace -f -qq -o "$tmp/steps" \
		-e trace=write,clone3 -e inject=write:delay_exit=$((300000 * slower)) \
		cgx-sandbox exec "$N-t" sleep 303 >"$tmp/told" 2>&1 &
	one=$!
	pids="$pids $one"
	walks() { grep -q 'write([0-9]*, "0", 1' "$tmp/steps" 2>/dev/null || grep -q 'clone3(.*) = [0-9]' "$tmp/steps"; }
	wait_for 20 walks
	cgx-sandbox rm -f "$N-t" >/dev/null
	began=$(date +%s)
	wait $one
	status=$?
	num $(($(date +%s) - began)) -lt 80 "nor does one wait that was killed on its way in"
	# where it is born in its group it may be the command by then, and that was killed
	[ "$status" = 137 ] || is "$status" 125 "it has failed"
	[ "$status" = 137 ] || like "$(cat "$tmp/told")" '^cgx-sandbox exec: ' "and says so"
else
	skip "no strace that can inject" "nor does one wait that was killed on its way in"
fi

# ---- terminals -----------------------------------------------------------------------------------

if have script && have stty; then
	typed() { script -qec "stty rows 33 cols 99; $1" /dev/null 2>&1 </dev/null | tr -d '\r'; }
	like "$(typed "cgx-sandbox run --rm -t --name $N-y / stty size")" '33 99' "-t: as large as the caller's"
	cat >"$tmp/resize" <<-END
		cgx-sandbox run --rm -t --name $N-y --timeout 30 / sh -c 'echo up; until stty size | grep "22 88"; do sleep 0.1; done' </dev/tty &
		sleep $pause
		stty rows 22 cols 88
		wait
	END
	like "$(typed "sh $tmp/resize")" '22 88$' "and is told when that changes its size"
	typed "cgx-sandbox run --rm -t --name $N-y / sh -c 'echo err >&2; test -t 0 && test -t 1 && test -t 2 && echo all; exit 7'; echo status \$?" >"$tmp/out"
	like "$(cat "$tmp/out")" '^err|err$' "-t: stdout and stderr are one"
	like "$(cat "$tmp/out")" 'all$' "all three are the terminal" # script(1) may echo the end of its input before it
	like "$(cat "$tmp/out")" '^status 7' "the status is the command's"
	# typing TEXT COMMAND: type it once the sandbox says that it is up; sets out
	typing()
	{
		: >"$tmp/told"
		{
			wait_for 10 told up
			printf '%b' "$1"
			wait_for 10 told status
		} | script -qefc "$2" /dev/null >"$tmp/told" 2>&1
		out=$(tr -d '\r' <"$tmp/told")
	}
	typing '\003' "cgx-sandbox run --rm -it --name $N-y / sh -c 'echo up; exec sleep 30'; echo status \$?"
	like "$out" 'status 130' "control-C typed there interrupts the command: 130"
	typing 'exit 9\n' "cgx-sandbox run --rm -it --name $N-y / sh -c 'echo up; exec sh'; echo status \$?; stty -a | grep -o ' -\\?icanon\| -\\?echo '"
	like "$out" 'status 9' "a shell typed to"
	unlike "$out" ' -icanon| -echo ' "the caller's terminal is as it was"
else
	skip "no script(1) or stty(1)" "-t: as large as the caller's"
fi
if ignoring_children cgx-sandbox run --rm --name "$N-y" / sh -c 'exit 3'; then
	is "$status" 3 "by one who ignores the end of his children: the status is the command's"
	ignoring_children cgx-sandbox run -d --rm --name "$N-y" / "$N-none"
	is "$status" 127 "and a start that fails has failed"
else
	skip "no env --ignore-signal here" "by one who ignores the end of his children: the status is the command's"
fi
is "$(left)" "" "nothing is left"
done_testing
