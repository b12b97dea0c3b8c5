#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ways out of containers that were found in others, by what they did: none leads out of a sandbox.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
have cgx-sandbox || skip_all "cgx-sandbox is not built (no libcap)"
need_helpers probe
probe=$(helper probe)

N=$T
forget()
{
	for s in $(cgx-sandbox ps -a -q 2>/dev/null | grep "^$N"); do
		cgx-sandbox rm -f "$s" >/dev/null 2>&1
	done
}
trap 'forget; clean_up' EXIT
run_in()
{
	run cgx-sandbox run --rm --name "$N-e" "$@"
}
program=$(command -v cgx-sandbox)
sum() { sha256sum <"$program" | cut -c 1-64; }
was=$(sum)
chmod 755 "$tmp"
mkdir "$tmp/canary" "$tmp/vol"
chmod 777 "$tmp/vol"

# ---- what can be reached -------------------------------------------------------------------------

run_in / "$probe"
is "$(printf '%s\n' "$out" | grep -c ^shut)" 40 "forty ways in are shut"
is "$(printf '%s\n' "$out" | grep ^OPEN)" "" "none is open"
for harmless in user-namespace clone-user keyring raw; do
	run "$probe" "$harmless"
	is "$out" "OPEN $harmless" "(the probe sees what is open: $harmless)"
done
run_in --cap-add all / "$probe"
unlike "$out" '^OPEN (core-pattern|sysrq|kcore|module|clock|init-binary|release-agent|acct|keyring|tiocsti)' \
	"with every capability of its own user namespace the host's things stay shut"

# ---- the program that started it (CVE-2019-5736) -------------------------------------------------

printf '#!/proc/self/exe\n' >"$tmp/vol/entry"
chmod 755 "$tmp/vol/entry"
run_in -v "$tmp/vol:/vol" / /vol/entry
is "$(sum)" "$was" "a script whose interpreter is /proc/self/exe changes nothing of the host's program"
unlike "$out$err" 'Run and look after' "and does not run it inside"
run_in / sh -c 'for i in 1 2 3 4 5 6 7 8 9; do for p in /proc/[0-9]*; do (: >>$p/exe) 2>/dev/null && echo "wrote $p"; done; done; echo done'
is "$out" "done" "nobody's program can be opened for writing"
is "$(sum)" "$was" "and it is what it was"

# ---- who enters (CVE-2016-9962) ------------------------------------------------------------------

# shellcheck disable=SC2016
cgx-sandbox run -d --name "$N-w" / sh -c 'while :; do for p in /proc/[0-9]*; do [ "$p" = "/proc/$$" ] || for f in $p/fd/*; do
	readlink "$f" >>/tmp/seen 2>/dev/null; done; done; done' >/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	cgx-sandbox exec "$N-w" true 2>/dev/null
done
run cgx-sandbox exec "$N-w" sh -c 'sort -u /tmp/seen 2>/dev/null'
unlike "$out" "cgroup|/run/cgx|socket:|\.ids|memfd" "nothing of the host is seen in one that enters"
run cgx-sandbox exec "$N-w" grep -e ^CapInh -e ^CapAmb /proc/self/status
is "$(printf '%s\n' "$out" | grep -vc '0000000000000000$')" 0 "who enters has nothing to inherit"

# ---- paths ---------------------------------------------------------------------------------------

for bad in /proc /proc/self /sys /sys/fs/cgroup /dev //proc /./proc/x; do
	run_in -v "$tmp/vol:$bad" / true
	is "$status" 125 "a volume at $bad is refused"
done
run_in -v "$tmp/vol:/mnt/../../../..$tmp/canary" / true
is "$status" 125 "a volume behind .. as well"
if have busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1; then
	root=$tmp/root
	mkdir -p "$root/bin" "$root/a" && cp "$(command -v busybox)" "$root/bin/sh"
	chmod -R a+rX "$root"
	ln -s "$tmp/canary" "$root/link"
	mkdir "$root/dev" && ln -s /proc/sys/kernel/core_pattern "$root/dev/null"
	run_in "$root" /bin/sh -c '[ -c /dev/null ] && echo x >/proc/sys/kernel/core_pattern; echo "[$(head -c 1 /proc/keys)]"'
	like "$err" 'Read-only|Permission|denied' "/dev/null of the root is not what hides things"
	is "$out" "[]" "which stay hidden"
	rm "$root/dev/null" && ln -s "$tmp/canary" "$root/dev/pts"
	run_in -t "$root" /bin/sh -c 'test -c /dev/pts/0 && echo own'
	like "$out" own "a terminal lies in a /dev/pts of its own"
	rm -r "${root:?}/dev"
	# a name that changes between a link and a directory all the time
	(while :; do
		mv "$root/a" "$root/b" && ln -s "$tmp/canary" "$root/a"
		rm "$root/a" && mv "$root/b" "$root/a"
	done) 2>/dev/null &
	pids="$pids $!"
	starts=40
	[ -z "${CGX_VM-}" ] || starts=6
	for _ in $(seq $starts); do
		cgx-sandbox run --rm --name "$N-race" -v "$tmp/vol:/a/in" "$root" /bin/sh -c 'echo x >/a/in/written' >/dev/null 2>&1
	done
	kill $!
	wait $! 2>/dev/null
	is "$(ls -A "$tmp/canary")" "" "a place that becomes a link meanwhile leads nowhere ($starts starts)"
	is "$(grep -c "$tmp/canary" /proc/self/mountinfo)" 0 "and nothing is mounted there"
else
	skip "no static busybox" "/dev/null of the root is not what hides things"
fi
for bad in '' . .. a/b ../x .hidden "$(printf 'a\nb')" "$(printf %2000s x | tr ' ' x)"; do
	run cgx-sandbox run --rm --name "$bad" / true
	is "$status" 125 "no name: '$(printf %.20s "$bad" | tr '\n' '|')'"
done
run cgx-sandbox rm ../../etc
isnt "$status" 0 "no name either: ../../etc"

# ---- the terminal (CVE-2017-5226, CVE-2023-28100) ------------------------------------------------

if have script; then
	out=$(script -qec "cgx-sandbox run --rm -t --name $N-t / $probe" /dev/null 2>&1 </dev/null | tr -d '\r')
	like "$out" '^shut tiocsti' "input cannot be pushed into the terminal"
	out=$(script -qec "cgx-sandbox run --rm --name $N-t / sh -c 'exec 3<>/dev/tty && echo has it'" /dev/null 2>&1 </dev/null)
	unlike "$out" 'has it' "without -t the caller's terminal is not its own"
else
	skip "no script(1)" "input cannot be pushed into the terminal"
fi

# ---- abstract sockets of the host (CVE-2020-15257) ------------------------------------------------

background "$probe" --listen "$N-socket" >"$tmp/listens"
listens() { grep -q listens "$tmp/listens"; }
wait_for 10 listens
is "$("$probe" --connect "$N-socket")" OPEN "(an abstract socket of the host)"
run_in / "$probe" --connect "$N-socket"
like "$out" '^shut ECONNREFUSED' "is not there in a network of its own"
run_in --net host --host-sockets / "$probe" --connect "$N-socket"
is "$out" OPEN "--net host --host-sockets opens it"
abi=$("$probe" --landlock -)
if [ "$abi" -ge 6 ]; then
	run_in --net host / "$probe" --connect "$N-socket"
	like "$out" '^shut EPERM' "--net host alone does not"
	cgx-sandbox run -d --name "$N-n" --net host / sleep 300 >/dev/null
	run cgx-sandbox exec "$N-n" "$probe" --connect "$N-socket"
	like "$out" '^shut EPERM' "nor for what is executed later"
	cgx-sandbox rm -f "$N-n" >/dev/null
else
	skip "landlock of this kernel (ABI $abi) knows no scopes" "--net host alone does not"
fi

# ---- a frozen one, another's folder --------------------------------------------------------------

if [ -n "$(version_of freezer)" ]; then
	cgx-sandbox run -d --name "$N-f" / sleep 300 >/dev/null
	cgx-sandbox pause "$N-f" >/dev/null
	run cgx-sandbox rm -f "$N-f"
	is "$status" 0 "a frozen one can be killed and forgotten"
	is "$(find /sys/fs/cgroup -type d -name "cgx-sandbox-$N-f")" "" "with its group"
fi
mkdir -m 777 "$tmp/runtime" "$tmp/runtime/cgx" && chown 1:1 "$tmp/runtime/cgx"
if setpriv --reuid 65534 --regid 65534 --clear-groups cgx-sandbox --version >/dev/null 2>&1; then
	run env XDG_RUNTIME_DIR="$tmp/runtime" setpriv --reuid 65534 --regid 65534 --clear-groups cgx-sandbox run / true
	isnt "$status" 0 "a state folder that belongs to somebody else is not used"
fi
is "$(sum)" "$was" "the program is what it was"
done_testing
