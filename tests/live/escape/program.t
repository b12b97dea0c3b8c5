#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The program that starts a sandbox, its descriptors, who enters, and process 1: none can be caught from inside.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=inside.sh
. "$(dirname "$0")/inside.sh"

# ---- the program that started it (CVE-2019-5736) -------------------------------------------------

printf '#!/proc/self/exe\n' >"$tmp/vol/entry"
chmod 755 "$tmp/vol/entry"
for how in '' --no-init '--userns host' '--seccomp unconfined --cap-add all'; do
	# shellcheck disable=SC2086
	run_in $how -v "$tmp/vol:/vol" / /vol/entry
	is "$status" 126 "a script whose interpreter is /proc/self/exe is not executed: ${how:-plain}"
	unlike "$out$err" 'shared libraries|Run and look after|USAGE' "and the host's program is not run inside"
	# shellcheck disable=SC2086
	start s $how -v "$tmp/vol:/vol" / sleep 300
	run timeout -s KILL 10 cgx-sandbox exec "$N-s" /vol/entry
	is "$status" 126 "nor when one enters"
	unlike "$out$err" 'shared libraries|Run and look after|USAGE' "and it is not run either"
	cgx-sandbox rm -f "$N-s" >/dev/null
	# shellcheck disable=SC2086
	run_in $how / sh -c 'for p in /proc/[0-9]*; do (: >>$p/exe) 2>/dev/null && echo "wrote $p"; done; echo done'
	is "$out" "done" "nobody's program can be opened for writing"
done
is "$(sum)" "$was" "and it is what it was"
# one who waits for whoever enters, with the rights of root there
start w --cap-add all --seccomp unconfined / "$probe" --watch
watches() { cgx-sandbox logs "$N-w" | grep -q watching; }
wait_for 10 watches
enters=40
[ -z "${CGX_VM-}" ] || enters=6
died=0
for i in $(seq $enters); do
	timeout -s KILL 5 cgx-sandbox exec "$N-w" /bin/true || died=$((died + 1))
done
seen=$(cgx-sandbox logs "$N-w" | sort | uniq -c | sort -rn)
is "$died" 0 "$enters enter one where somebody traces and reads whoever comes (CVE-2016-9962)"
unlike "$seen" 'writable exe|exe .*cgx|memfd' "no program of the host's is seen"
unlike "$seen" 'fd .*(cgroup|/run/cgx|socket:|\.ids|anon_inode:\[pidfd|/ns/)' "no descriptor of the host's"
unlike "$seen" 'traced 1$' "process 1 is not traced"
is "$(sum)" "$was" "and the program is what it was"
cgx-sandbox rm -f "$N-w" >/dev/null
start h --cap-add all --seccomp unconfined / "$probe" --hold sh
holds() { cgx-sandbox logs "$N-h" | grep -q "$1"; }
wait_for 10 holds watching
turns=200000 # without a call that would stop for the tracer
[ -z "${CGX_VM-}" ] || turns=10000
run timeout -s KILL 60 cgx-sandbox exec "$N-h" sh -c "i=0; while [ \$i -lt $turns ]; do i=\$((i + 1)); done; exit 7"
is "$status" 7 "who traces those that enter, and does not ask how they ended, keeps nobody outside waiting"
run timeout -k 10 --preserve-status 0.5 cgx-sandbox exec "$N-h" sh -c 'sleep 0.1; exec sleep 300'
is "$status" 137 "nor when they are told to end, and stop before that for their tracer"
ok "(they were traced)" holds holding
cgx-sandbox rm -f "$N-h" >/dev/null
# whoever watches must see something where nothing is hidden: in namespaces of its own, for it stops what it traces
# shellcheck disable=SC2016
if have unshare && unshare --help | grep -q kill-child; then
	timeout -s KILL 1 unshare --kill-child -Urmpf --mount-proc sh -c 'sleep 9 & "$0" --watch' "$probe" 2>/dev/null | head -n 500 >"$tmp/seen"
	like "$(cat "$tmp/seen")" '^traced 1$' "(under unshare process 1 is traced)"
	like "$(cat "$tmp/seen")" '^fd |^exe ' "(and descriptors and programs are seen)"
else
	skip "no unshare --kill-child" "(under unshare process 1 is traced)"
fi

# ---- descriptors and places of the caller (CVE-2024-21626) ---------------------------------------

exec 3</ 4</etc 5</proc/self/ns/mnt 6<"$(mount_of memory)" 7<"$program" 8>"$tmp/open" 9</dev/null
run_in / sh -c 'ls /proc/self/fd | tr "\n" " "'
is "$out" "0 1 2 3 " "descriptors 3 to 9 of the caller stay with the caller"
run_in --no-init / sh -c 'ls /proc/self/fd | tr "\n" " "'
is "$out" "0 1 2 3 " "without an init as well"
start f / sleep 300
run cgx-sandbox exec "$N-f" sh -c 'ls /proc/self/fd | tr "\n" " "'
is "$out" "0 1 2 3 " "and when a command enters"
if have bwrap; then
	num "$(bwrap --bind / / --proc /proc ls /proc/self/fd 2>/dev/null | wc -l)" -gt 4 "(bwrap hands them in)"
fi
# the folder of another root is what they would lead to
for i in 3 4 5 6 7 8 9 10 12 15 20 40; do
	for verb in run exec; do
		if [ $verb = run ]; then
			run_in -w "/proc/self/fd/$i" / sh -c 'cat ../../../../../../../../proc/self/cgroup; ls -di / .; pwd -P'
		else
			run cgx-sandbox exec -w "/proc/self/fd/$i" "$N-f" sh -c 'ls -di / .; pwd -P'
		fi
		if printf '%s\n' "$out" | grep -Eq '^/proc|unreachable|cgx-sandbox|^/etc|^/sys'; then
			fail "$verb -w /proc/self/fd/$i leads somewhere" "$out"
		fi
	done
done
pass "-w /proc/self/fd/N leads nowhere else"
run_in -w /proc/self/cwd / pwd -P
unlike "$out" "^$PWD" "nor does /proc/self/cwd"
exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-

# ---- process 1 -----------------------------------------------------------------------------------

# Measured in others: root inside attaches to process 1, and the whole sandbox hangs.
for how in '' '--cap-add sys_ptrace' '--cap-add all --seccomp unconfined'; do
	# shellcheck disable=SC2086
	run timeout -s KILL 10 cgx-sandbox run --rm --name "$N-p" $how / sh -c "$probe ptrace-init; $probe read-init; kill -STOP 1; kill -KILL 1; exit 5"
	is "$status" 5 "whoever attaches to process 1 and stops it: it still tells the end (${how:-plain})"
	unlike "$out" OPEN "it cannot"
done
run_in / sh -c 'kill -9 -1; echo survived'
num "$status" -ge 0 "one that kills everything it sees ends"
is "$(find /run/cgx -name "$N-r*")" "" "and leaves nothing"
is "$(sum)" "$was" "the program is what it was"
is "$(find "$program" -perm /6000)" "" "and has no set-id bit"
done_testing
