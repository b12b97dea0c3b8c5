# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Part of bench: what a sandbox costs beside a plain start: a filter of docker's size, one more command in a running one,
# the one who waits for it, the calls. Peers that are not there are told; where crun refuses a hybrid host the v2 tree is hidden.
# shellcheck disable=SC2154,SC2086 # bench's: work name peers, and limits and own_groups, which are words

v2=$(awk '{ for (i = 7; i < NF; i++) if ($i == "-") { if ($(i + 1) == "cgroup2") print $5; break } }' /proc/self/mountinfo | head -n 1)
hide=()
if [ -n "$v2" ] && grep -q ' - cgroup ' /proc/self/mountinfo; then
	# shellcheck disable=SC2016
	hide=(unshare -m --propagation private sh -c 'umount "$0" 2>/dev/null; exec "$@"' "$v2")
fi
with() # RUNTIME: sets inside, how it is called
{
	inside=()
	[ "$1" != crun ] || inside=("${hide[@]}")
}
usable() # RUNTIME: else say why it has no row
{
	if ! command -v "$1" >/dev/null; then
		echo "# $1: not installed"
	elif ! command -v jq >/dev/null; then
		echo "# $1: no jq to write its configuration with"
	else
		with "$1"
		return 0
	fi
	return 1
}

# Everything that docker allows, on three architectures, as documented; what depends on arguments has its rules.
profile()
{
	local denied='acct|add_key|bpf|clock_adjtime|clock_settime|clone|clone3|create_module|delete_module|fanotify_init|finit_module|fsconfig|fsmount|fsopen|fspick|get_kernel_syms|get_mempolicy|init_module|io_uring_enter|io_uring_register|io_uring_setup|ioperm|iopl|kcmp|kexec_file_load|kexec_load|keyctl|lookup_dcookie|mbind|migrate_pages|mount|mount_setattr|move_mount|move_pages|name_to_handle_at|nfsservctl|open_by_handle_at|open_tree|perf_event_open|personality|pidfd_getfd|pivot_root|process_madvise|query_module|quotactl|quotactl_fd|reboot|request_key|set_mempolicy|set_mempolicy_home_node|setdomainname|sethostname|setns|settimeofday|socket|stime|swapoff|swapon|sysfs|_sysctl|syslog|umount|umount2|unshare|uselib|userfaultfd|ustat|vhangup|vm86|vm86old|vserver'
	printf '#include <asm/unistd_64.h>\n#include <asm/unistd_32.h>\n' | gcc -E -dM - 2>/dev/null |
		sed -n 's/^#define __NR_\([a-z_0-9]*\) .*/\1/p' | sort -u | grep -vxE "$denied" |
		jq -Rn '{ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1,
			architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
			syscalls: ([ { names: [inputs], action: "SCMP_ACT_ALLOW" },
				{ names: ["clone"], action: "SCMP_ACT_ALLOW", args: [ { index: 0, value: 2114060288, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" } ] },
				{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
				{ names: ["socket"], action: "SCMP_ACT_ALLOW", args: [ { index: 0, value: 38, op: "SCMP_CMP_LT" } ] },
				{ names: ["socket"], action: "SCMP_ACT_ALLOW", args: [ { index: 0, value: 39, op: "SCMP_CMP_EQ" } ] },
				{ names: ["socket"], action: "SCMP_ACT_ALLOW", args: [ { index: 0, value: 40, op: "SCMP_CMP_GT" } ] } ] +
				[ 0, 8, 131072, 131080, 4294967295 | { names: ["personality"], action: "SCMP_ACT_ALLOW",
					args: [ { index: 0, value: ., op: "SCMP_CMP_EQ" } ] } ]) }'
}
change() # RUNTIME JQ-EXPRESSION: the bundle that bench made
{
	(cd "$work/bundle-$1" && jq --slurpfile profile "$work/profile.json" "$2" config.json >new && mv new config.json)
}
waiter='#include <unistd.h>
int main(void) { for (;;) pause(); }'
echo "$waiter" | gcc -O2 -static -x c -o "$work/rootfs/bin/wait" - && chmod a+rx "$work/rootfs/bin/wait"

# ---- a filter of docker's size ----
if command -v jq >/dev/null && profile >"$work/profile.json" && [ "$(wc -c <"$work/profile.json")" -gt 5000 ]; then
	echo "# profile: $(jq '[.syscalls[].names[]] | length' "$work/profile.json") names, three architectures"
	for idle in '' 'sleep 0.25'; do
		p=() label=hot
		[ -z "$idle" ] || p=(-p "$idle") label='0.25 s idle'
		inside=()
		t=$(measure "${p[@]}" "cgx-sandbox run --rm $limits --seccomp $work/profile.json $work/rootfs /bin/true")
		row "with such a filter, $label" "$t" 'the built-in filter' \
			"$(measure "${p[@]}" "cgx-sandbox run --rm $limits $work/rootfs /bin/true")" '4.5 ms'
		for peer in crun runc; do
			if ! { usable $peer && bundle $peer && change $peer ".linux.seccomp = \$profile[0]"; }; then
				continue
			fi
			row '' "$t" "$peer" "$(n=10 measure "${p[@]}" "$peer run --bundle $work/bundle-$peer $name")" ''
		done
	done
else
	echo '# no jq, or no list of system calls: no row for a filter from JSON'
fi

# ---- one more command ----
pss() # PID: kB that it alone is charged with
{
	awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup" 2>/dev/null
}
inside=()
cgx-sandbox run -d --rm --name "$name" "$work/rootfs" /bin/wait >/dev/null
monitor=$(cgx-sandbox inspect "$name" | sed -n 's/.*"monitor":\([0-9]*\).*/\1/p')
for idle in '' 'sleep 0.25'; do
	p=() label=hot
	[ -z "$idle" ] || p=(-p "$idle") label='0.25 s idle'
	inside=()
	t=$(measure "${p[@]}" "cgx-sandbox exec $name /bin/true")
	row "one more command in a running one, $label" "$t" 'exec alone' "$(measure "${p[@]}" "$work/rootfs/bin/true")" '2 ms'
	for peer in crun runc; do
		if ! { usable $peer && bundle $peer && change $peer '.process.args = ["/bin/wait"]'; }; then
			continue
		fi
		if "${inside[@]}" $peer run -d --bundle "$work/bundle-$peer" "$name-$peer" </dev/null >/dev/null 2>"$work/log"; then
			row '' "$t" "$peer" "$(n=10 measure "${p[@]}" "$peer exec $name-$peer /bin/true")" ''
		else
			echo "# $peer: $(head -n 1 "$work/log")"
		fi
		"${inside[@]}" $peer delete --force "$name-$peer" >/dev/null 2>&1
	done
done

# ---- who waits for it ----
ours=$(pss "$monitor")
row 'memory of who waits (kB)' "${ours:--}" limit 1500 '<= 1'
for peer in crun runc bwrap; do
	inside=()
	if [ $peer = bwrap ]; then
		command -v bwrap >/dev/null || { echo '# bwrap: not installed'; continue; }
		bwrap --die-with-parent --unshare-all --bind "$work/rootfs" / --proc /proc --dev /dev /bin/wait &
	else
		if ! { usable $peer && bundle $peer && change $peer '.process.args = ["/bin/wait"]'; }; then
			continue
		fi
		"${inside[@]}" $peer run --bundle "$work/bundle-$peer" "$name-w" </dev/null >/dev/null 2>&1 &
	fi
	sleep 1
	row '' "${ours:--}" "$peer" "$(pss $!)" ''
	if [ $peer = bwrap ]; then
		kill -KILL $!
	else
		"${inside[@]}" $peer delete --force "$name-w" >/dev/null 2>&1
	fi
	wait $! 2>/dev/null
done
inside=()
cgx-sandbox rm -f "$name" >/dev/null

# ---- calls ----
if command -v strace >/dev/null; then
	ours=$(calls "$work/cgx-sandbox" run --rm $limits "$work/rootfs" /bin/true)
	for peer in crun runc; do
		if ! { usable $peer && bundle $peer; }; then
			continue
		fi
		row "  its system calls" "$ours" "$peer" "$(calls "${inside[@]}" $peer run --bundle "$work/bundle-$peer" "$name")" ''
	done
	inside=()
	[ ! -x "$peers/floor" ] || row '' "$ours" 'the kernel alone (floor)' "$(calls "$peers/floor" "$work/rootfs" $own_groups -- /bin/true)" ''
fi
# ---- lxc ----
if command -v lxc-execute >/dev/null; then
	printf 'lxc.rootfs.path = dir:%s\nlxc.net.0.type = empty\nlxc.uts.name = bench\n' "$work/rootfs" >"$work/lxc.conf"
	row 'sandbox of /bin/true, hot' "$(measure "cgx-sandbox run --rm $limits $work/rootfs /bin/true")" lxc-execute \
		"$(n=10 measure "lxc-execute -n $name -f $work/lxc.conf -- /bin/true")" ''
else
	echo '# lxc-execute: not installed'
fi
