#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox: namespaces shared with the host or with another sandbox, and clocks of its own.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$lib_live/sandbox.sh"

own() { readlink "/proc/self/ns/$1"; }

# ---- with the host -------------------------------------------------------------------------------

for ns in pid mnt net ipc uts user cgroup time; do
	run_in / readlink "/proc/self/ns/$ns"
	[ "$status:$out" != "0:$(own $ns)" ] || diag "the $ns namespace is the host's"
	like "$status:$out" "^0:$ns:" "a $ns namespace"
	isnt "$out" "$(own $ns)" "of its own"
done
run_in --ipc host / readlink /proc/self/ns/ipc
is "$status:$out" "0:$(own ipc)" "--ipc host"
run_in --uts host / sh -c 'readlink /proc/self/ns/uts; hostname'
is "$status:$out" "0:$(own uts)
$(cat /proc/sys/kernel/hostname)" "--uts host, whose name it has"
run_in --uts host --hostname x / true
is "$status" 125 "which is not ours to set"
run_in --cgroupns host / cat /proc/self/cgroup
like "$out" "cgx-sandbox-$N-r" "--cgroupns host: it sees where it is"
run_in --net host / readlink /proc/self/ns/net
is "$status:$out" "0:$(own net)" "--net host"
run_in --pid host / true
is "$status" 125 "--pid host with an init"
like "$err" 'no-init' "is refused, with what helps"
run_in --pid host --no-init / sh -c 'readlink /proc/self/ns/pid; cat /proc/1/comm; exit 3'
is "$status:$out" "3:$(own pid)
$(cat /proc/1/comm)" "--pid host sees the host's processes"
run_in --pid host --no-init / sh -c 'kill -0 1'
isnt "$status" 0 "and may do nothing to them"
run_in --pid host --no-init / sh -c 'echo x >/proc/sys/kernel/core_pattern'
isnt "$status" 0 "nor to the kernel"
if has pids; then
	run_in --pid host --no-init / sh -c 'sleep 300 & exit 0'
	is "$status" 0 "what it leaves behind"
	is "$(find /sys/fs/cgroup -name "cgx-sandbox-$N-r" | head -n 1)" "" "goes with it"
fi
run_in --userns host / readlink /proc/self/ns/user
is "$status:$out" "0:$(own user)" "--userns host"

# What is mounted inside stays inside, whatever the host shares: systemd makes all of a host's mounts shared.
mkdir -m 777 "$tmp/peer" "$tmp/other"
cat >"$tmp/apart" <<'E'
mount -t tmpfs -o mode=755 cgxt "$1" && mount --make-shared "$1" && mkdir "$1/in" && mount --make-rshared /proc || exit 99
before=$(cut -d' ' -f5- /proc/self/mountinfo)
shift
"$@" >"$D/out" 2>&1 &
i=0
until [ -s "$D/other/up" ] || [ $((i += 1)) -gt 100 ]; do
	sleep 0.1
done
[ "$before" = "$(cut -d' ' -f5- /proc/self/mountinfo)" ] && echo same || echo mounted outside
wait $!
[ "$before" = "$(cut -d' ' -f5- /proc/self/mountinfo)" ] && echo same || echo left outside
E
apart()
{
	rm -f "$tmp/other/up"
	run env "D=$tmp" unshare -m --propagation private sh "$tmp/apart" "$tmp/peer" \
		cgx-sandbox run --rm --name "$N-m" -v "$tmp/other:/other" "$@" \
		/ sh -c 'grep -c " /x/in \| /proc/" /proc/self/mountinfo >/other/up; sleep 0.3'
	is "$out" "same
same" "what is mounted inside is not mounted outside: $(echo "$1 $2" | sed "s,$tmp,,")"
	run cat "$tmp/out" "$tmp/other/up"
	like "$out" '^[1-9]' "and inside it is"
}
apart --tmpfs /x/in -v "$tmp/peer:/x"
apart --volume "$tmp/other:/x/in" -v "$tmp/peer:/x:ro"
apart --userns host -v "$tmp/peer:/x" --tmpfs /x/in
apart --pid host --no-init

# ---- with another sandbox ------------------------------------------------------------------------

cgx-sandbox run -d --name "$N-a" / sleep 300 >/dev/null
run_in --pid "sandbox:$N-a" --no-init / sh -c 'cat /proc/1/comm; readlink /proc/self/ns/pid'
is "$status" 0 "--pid sandbox:NAME"
isnt "$(echo "$out" | tail -n 1)" "$(own pid)" "is not the host's"
is "$(echo "$out" | tail -n 1)" "$(cgx-sandbox exec "$N-a" readlink /proc/self/ns/pid)" "but the other's"
run_in --pid "container:$N-a" --no-init / sh -c 'for p in /proc/[0-9]*; do cat $p/comm; done'
like "$out" '^sleep$' "whose processes it sees, in docker's words"
run_in --ipc "sandbox:$N-a" --uts "sandbox:$N-a" / sh -c 'readlink /proc/self/ns/ipc; hostname'
is "$status:$out" "0:$(cgx-sandbox exec "$N-a" readlink /proc/self/ns/ipc)
$N-a" "--ipc, --uts sandbox:NAME"
run_in --ipc "sandbox:$N-none" / true
isnt "$status" 0 "of one that is not there"
like "$err" "$N-none: .*no such" "is told"
is "$(own pid):$(own ipc):$(own uts)" "$(readlink /proc/$$/ns/pid):$(readlink /proc/$$/ns/ipc):$(readlink /proc/$$/ns/uts)" \
	"the caller is where it was"
cgx-sandbox rm -f "$N-a" >/dev/null

# ---- by a file -----------------------------------------------------------------------------------

if have unshare && touch "$tmp/ipc" && unshare --ipc="$tmp/ipc" true 2>/dev/null; then
	run_in --ipc "$tmp/ipc" / readlink /proc/self/ns/ipc
	is "$status:$out" "0:$(unshare --mount sh -c "nsenter --ipc=$tmp/ipc readlink /proc/self/ns/ipc")" "the /path of one"
	run_in --uts "$tmp/ipc" / true
	is "$status" 125 "of another kind"
	like "$err" 'no uts namespace' "is refused"
	umount "$tmp/ipc"
else
	skip "unshare cannot keep a namespace here" "the /path of one"
fi
run_in --ipc /etc/passwd / true
is "$status" 125 "a file that is none is refused"
run_in --ipc nowhere / true
is "$status" 125 "a word that is none"

# ---- exec where not all is its own ---------------------------------------------------------------

cgx-sandbox run -d --name "$N-h" --userns host --ipc host / sleep 300 >/dev/null
run cgx-sandbox exec "$N-h" sh -c 'readlink /proc/self/ns/user; grep ^CapEff /proc/self/status'
is "$status:$(echo "$out" | head -n 1)" "0:$(own user)" "exec in one that shares the user namespace"
like "$out" 'CapEff:.00000000800405fb' "as restricted as the first"
cgx-sandbox rm -f "$N-h" >/dev/null

# ---- clocks --------------------------------------------------------------------------------------

uptime_s() { sed 's/[. ].*//' /proc/uptime; }
run_in --clock boottime=1h / sh -c 'sed "s/[. ].*//" /proc/uptime'
now=$(uptime_s)
ok "--clock boottime=1h (inside $out, outside $now)" test "${out:-0}" -ge $((now + 3590)) -a "${out:-0}" -le $((now + 3610))
cgx-sandbox run -d --name "$N-c" --clock boottime=2h / sleep 300 >/dev/null
run cgx-sandbox exec "$N-c" sh -c 'sed "s/[. ].*//" /proc/uptime'
now=$(uptime_s)
ok "exec has the same clocks (inside $out, outside $now)" test "${out:-0}" -ge $((now + 7190)) -a "${out:-0}" -le $((now + 7210))
run_in --clock monotonic=-1s / true
is "$status:$err" "0:" "one may be behind"
for bad in boottime boottime= realtime=1s boottime=1ms boottime=x monotonic=--1; do
	run_in --clock "$bad" / true
	is "$status" 125 "--clock $bad"
done
done_testing
