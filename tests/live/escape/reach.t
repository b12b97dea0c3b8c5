#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the inside of a sandbox can reach of the kernel and of the host: nothing by default, and with an option what it names.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=inside.sh
. "$(dirname "$0")/inside.sh"

shut_all() # NAME OUTPUT
{
	is "$(printf '%s\n' "$2" | grep -c -e ^shut -e ^OPEN)" 58 "58 ways in are tried: $1"
	is "$(printf '%s\n' "$2" | grep ^OPEN)" "" "and none is open"
}
run_in / "$probe"
shut_all run "$out"
like "$out" '^shut tioclinux EPERM$' "by the filter, not by luck: TIOCLINUX"
like "$out" '^shut i386 SIGSYS$|^shut i386 ENOSYS$' "calls of another architecture"
start e / sleep 300
run cgx-sandbox exec "$N-e" "$probe"
shut_all exec "$out"
run_in --net host / "$probe"
is "$(printf '%s\n' "$out" | grep ^OPEN)" "" "nor with the host's network"
run_in -u nobody / "$probe"
is "$(printf '%s\n' "$out" | grep ^OPEN)" "" "nor for a user"

# ---- what a weaker runtime leaves open -----------------------------------------------------------

# Harmless outside, and in a user namespace of its own; ptrace-init would stop the weak runtime for good.
weak="user-namespace mount-namespace clone-user fsopen keyring add-key core-pattern ip-forward keys timer-list
	init-binary init-files raw packet kcmp no-layout mount tioclinux init-descriptor"
[ ! -e /dev/kvm ] || weak="$weak kvm"
[ ! -e /dev/fuse ] || weak="$weak fuse"
for rival in bwrap unshare; do
	case $rival in
	bwrap) with='bwrap --unshare-all --bind / / --proc /proc --dev-bind /dev /dev' ;;
	*) with='unshare -Urmpfnui --mount-proc' ;;
	esac
	# shellcheck disable=SC2086
	if ! have $rival || ! $with true 2>/dev/null; then
		skip "no $rival here" "(the same under $rival)"
		continue
	fi
	# shellcheck disable=SC2086,SC2016
	out=$(timeout -s KILL 60 $with sh -c 'probe=$1; shift; for n; do "$probe" "$n"; done; true' - "$probe" $weak 2>&1)
	num "$(printf '%s\n' "$out" | grep -c ^OPEN)" -ge 8 \
		"(under $rival the probe finds open: $(printf '%s\n' "$out" | sed -n 's/^OPEN //p' | paste -sd' '))"
done

# ---- each option opens what it names, and no more ------------------------------------------------

open_with() # WORDS OPTION...: exactly these are open
{
	open_want=$1
	shift
	run_in "$@" / "$probe"
	is "$(printf '%s\n' "$out" | sed -n 's/^OPEN //p' | sort | paste -sd' ')" "$open_want" "$* opens: ${open_want:-nothing}"
}
open_with "packet raw" --cap-add net_raw
open_with "" --cap-add sys_time
open_with "" --cap-add dac_override
run_in --cap-add all / "$probe"
unlike "$out" '^OPEN (core-pattern|sysrq|kcore|module|clock|init-binary|release-agent|acct|keyring|tiocsti|block-device|swapoff|reboot|kexec|mem|kvm|fuse|tun|ptrace-init|read-init|own-groups|kallsyms|x32|i386)$' \
	"with every capability of its own user namespace the host's things stay shut"
run_in --cap-add all --seccomp unconfined / "$probe"
unlike "$out" '^OPEN (core-pattern|sysrq|kcore|module|clock|init-binary|release-agent|acct|block-device|swapoff|reboot|mem|kvm|fuse|tun|ptrace-init|read-init|own-groups|kallsyms)$' \
	"without the filter as well"
for shared in user pid ipc uts; do
	init=
	[ $shared != pid ] || init=--no-init
	case $shared in user) option=--userns ;; *) option=--$shared ;; esac
	# shellcheck disable=SC2086
	run_in $option host $init / "$probe"
	is "$(printf '%s\n' "$out" | grep ^OPEN)" "" "$option host opens nothing of these"
done

# ---- what is told of the kernel ------------------------------------------------------------------

for name in kcore keys key-users timer_list kallsyms interrupts sched_debug latency_stats; do
	run_in / sh -c "[ ! -e /proc/$name ] || head -c 64 /proc/$name"
	is "$out" "" "/proc/$name says nothing"
done
run_in / sh -c 'ls -A /proc/acpi /proc/asound /proc/scsi /sys/firmware /sys/kernel/security /sys/kernel/debug /sys/kernel/tracing 2>/dev/null |
	grep -v ":$" | grep .'
is "$out" "" "nor do folders of firmware and tracing"
for name in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/irq /proc/bus /proc/fs /sys/kernel /sys/fs/cgroup /sys/class; do
	run_in --cap-add all / sh -c "[ ! -e $name ] || ! (touch $name/x || echo >>$name) 2>/dev/null && echo shut"
	is "$out" shut "$name cannot be written"
done
run_in --cap-add all --seccomp unconfined / sh -c 'mount -o remount,bind,rw /proc/sys; umount /proc/sys; echo x >/proc/sys/kernel/core_pattern'
isnt "$status" 0 "nor after what root could do to the mounts of another runtime"
run_in --cap-add all --userns host / sh -c 'echo x >/proc/sys/kernel/core_pattern'
isnt "$status" 0 "nor by the host's own root"

# The group of a sandbox as the sandbox sees it (CVE-2022-0492, CVE-2023-25809).
for mount in $MOUNTS; do
	run_in -v "$mount:/mnt/groups" --cap-add all / sh -c 'echo /x >/mnt/groups/release_agent || mkdir /mnt/groups/cgx-probe ||
		echo 0 >/mnt/groups/cgroup.procs'
	isnt "$status" 0 "even who is given $mount may not write to it"
done
ok "and nothing was made" test ! -e "$(mount_of memory)/cgx-probe"
done_testing
