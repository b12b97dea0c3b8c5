#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is neither a file nor a process: the caller's terminal, its keys, abstract sockets of the host.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=inside.sh
. "$(dirname "$0")/inside.sh"

# ---- the terminal (CVE-2017-5226, CVE-2023-28100) ------------------------------------------------

if have script; then
	on_terminal() { script -qec "$1" /dev/null 2>&1 </dev/null | tr -d '\r'; }
	out=$(on_terminal "$probe tiocsti")
	like "$out" '(OPEN|shut) tiocsti' "(what the kernel itself says to TIOCSTI: $out)"
	for verb in run exec; do
		for how in '' -t; do
			if [ $verb = run ]; then
				command="cgx-sandbox run --rm $how --name $N-t /"
			else
				cgx-sandbox ps -q | grep -q "^$N-x\$" || start x / sleep 300
				command="cgx-sandbox exec $how $N-x"
			fi
			out=$(on_terminal "$command $probe tiocsti; echo after")
			like "$out" 'shut tiocsti' "$verb $how: input cannot be pushed into the terminal"
			like "$out" 'after$' "and what follows is the caller's"
			out=$(on_terminal "$command $probe tioclinux")
			like "$out" 'shut tioclinux EPERM' "$verb $how: nor pasted by the console"
			[ -z "$how" ] || continue
			out=$(on_terminal "$command sh -c 'exec 3<>/dev/tty && echo has it'")
			unlike "$out" 'has it' "$verb without -t: the caller's terminal is not its own"
		done
	done
	out=$(on_terminal "cgx-sandbox run --rm -t --seccomp unconfined --cap-add all --name $N-t / $probe tiocsti; echo after; read -t 1 x; echo [\$x]")
	like "$out" '^\[\]' "without the filter what it pushes stays in its own terminal"
	out=$(on_terminal "cgx-sandbox run --rm -t --name $N-t / sh -c 'tty; readlink /proc/self/fd/0; stat -c %t /dev/console'")
	like "$out" '^/dev/pts/0' "its terminal lies in its own /dev/pts"
else
	skip "no script(1)" "input cannot be pushed into the terminal"
fi

# ---- keys ----------------------------------------------------------------------------------------

is "$("$probe" --with-key "$N-key" "$probe" --find-key "$N-key")" OPEN "(a key of the caller's session)"
for how in '' '--seccomp unconfined' '--seccomp unconfined --cap-add all' '--seccomp unconfined --userns host' '--seccomp unconfined --no-init'; do
	# shellcheck disable=SC2086
	run "$probe" --with-key "$N-key" cgx-sandbox run --rm --name "$N-k" $how / "$probe" --find-key "$N-key"
	like "$out" '^shut' "is not found by one inside (${how:-plain})"
done
start u --seccomp unconfined / sleep 300
run "$probe" --with-key "$N-key" cgx-sandbox exec "$N-u" "$probe" --find-key "$N-key"
like "$out" '^shut' "nor by one who enters"
if have unshare; then
	run "$probe" --with-key "$N-key" unshare -Urmpfnui --mount-proc "$probe" --find-key "$N-key"
	is "$out" OPEN "(it is under unshare)"
fi

# ---- abstract sockets of the host (CVE-2020-15257) -----------------------------------------------

background "$probe" --listen "$N-socket" >"$tmp/listens"
listens() { grep -q listens "$tmp/listens"; }
wait_for 10 listens
is "$("$probe" --connect "$N-socket")" OPEN "(an abstract socket of the host)"
run_in / "$probe" --connect "$N-socket"
like "$out" '^shut ECONNREFUSED' "is not there in a network of its own"
run_in / cat /proc/net/unix
unlike "$out" "$N-socket" "nor listed"
run_in --net host --host-sockets / "$probe" --connect "$N-socket"
is "$out" OPEN "--net host --host-sockets opens it"
abi=$("$probe" --landlock -)
if [ "$abi" -ge 6 ]; then
	run_in --net host / "$probe" --connect "$N-socket"
	like "$out" '^shut EPERM' "--net host alone does not"
	start n --net host / sleep 300
	run cgx-sandbox exec "$N-n" "$probe" --connect "$N-socket"
	like "$out" '^shut EPERM' "nor for what is executed later"
else
	skip "landlock of this kernel (ABI $abi) knows no scopes" "--net host alone does not"
fi
done_testing
