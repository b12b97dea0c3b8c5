#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# v1 names and v2 names mean the same on every layout.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
ok "a group" cgx-create "$T/c"
get() { cgx-get -r "$1" "$T/c" 2>&1; }
set_() { run cgx-set "$T/c" "$1"; [ "$status" = 0 ] || diag "cgx-set $1: $err"; }

if has memory; then
	set_ memory.limit_in_bytes=67108864
	is "$(get memory.max)" 67108864 "memory.limit_in_bytes set, memory.max read"
	is "$(in_kernel memory "$T/c" memory.limit_in_bytes memory.max)" 67108864 "the kernel has it"
	set_ memory.max=32M
	is "$(get memory.limit_in_bytes)" 33554432 "memory.max set, memory.limit_in_bytes read"
	set_ memory.max=max
	like "$(get memory.limit_in_bytes)" '^(-1|9223372036854771712)$' "max is v1's unlimited"
	is "$(get memory.max)" max "and reads max"
	set_ memory.max=32M
	set_ memory.limit_in_bytes=-1
	is "$(get memory.max)" max "v1's -1 is max"
	like "$(get memory.current)" '^[0-9]+$' "memory.current"
	is "$(get memory.usage_in_bytes)" "$(get memory.current)" "is memory.usage_in_bytes"
	like "$(get memory.events.local)" '^max [0-9]+' "memory.events.local has max"
	like "$(get memory.failcnt)" '^[0-9]+$' "memory.failcnt"
	like "$(get memory.stat:anon)" '^[0-9]+$' "memory.stat:anon"
	set_ memory.max=64M
	if [ -e "$(dir_of memory "$T/c")/memory.memsw.limit_in_bytes" ] || [ -e "$(dir_of memory "$T/c")/memory.swap.max" ]; then
		set_ memory.swap.max=0
		is "$(get memory.memsw.limit_in_bytes)" 67108864 "no swap is memsw at the memory limit"
		is "$(get memory.swap.max)" 0 "and reads 0"
		set_ memory.memsw.limit_in_bytes=96M
		is "$(get memory.swap.max)" 33554432 "memsw 96M at 64M is 32M of swap"
		set_ memory.swap.max=64M
		is "$(get memory.memsw.limit_in_bytes)" 134217728 "and back"
		is "$(in_kernel memory "$T/c" memory.memsw.limit_in_bytes memory.swap.max)" \
			"$([ "$(version_of memory)" = 1 ] && echo 134217728 || echo 67108864)" "the kernel has its own form"
		exits 0 "raising the limit keeps the swap" cgx-set "$T/c" memory.max=80M memory.swap.max=8M
		is "$(get memory.max) $(get memory.swap.max)" "83886080 8388608" "both are right"
		exits 0 "both lowered" cgx-set "$T/c" memory.max=16M memory.swap.max=4M
		is "$(get memory.max) $(get memory.swap.max)" "16777216 4194304" "both are right"
	else
		skip "this kernel does not account swap" "memory.swap.max"
	fi
	if [ "$(version_of memory)" = 1 ]; then
		exits 0 "memory.swappiness is v1's own" cgx-set "$T/c" memory.swappiness=55
		is "$(get memory.swappiness)" 55 "and is kept"
		exits 1 "v2's memory.high" cgx-set "$T/c" memory.high=16M
	else
		exits 0 "memory.high is v2's own" cgx-set "$T/c" memory.high=16M
		is "$(get memory.high)" 16777216 "and is kept"
		exits 1 "v1's memory.swappiness" cgx-set "$T/c" memory.swappiness=55
	fi
	with_remedy "what the other side cannot express is told with the nearest thing"
else
	skip "no memory controller" "memory"
fi

if has cpu; then
	for pair in 1:10 50:512 100:1024 333:3410 10000:102400; do
		weight=${pair%:*} shares=${pair#*:}
		set_ "cpu.weight=$weight"
		is "$(get cpu.weight) $(get cpu.shares)" "$weight $shares" "cpu.weight $weight is cpu.shares $shares"
		set_ "cpu.weight=77"
		set_ "cpu.shares=$shares"
		is "$(get cpu.weight) $(get cpu.shares)" "$weight $shares" "and the other way"
	done
	set_ cpu.max="50000 100000"
	is "$(get cpu.cfs_quota_us) $(get cpu.cfs_period_us)" "50000 100000" "cpu.max is quota and period"
	set_ cpu.cfs_quota_us=20000
	is "$(get cpu.max)" "20000 100000" "quota alone keeps the period"
	set_ cpu.cfs_period_us=50000
	is "$(get cpu.max)" "20000 50000" "period alone keeps the quota"
	set_ cpu.cfs_quota_us=-1
	is "$(get cpu.max)" "max 50000" "quota -1 is max"
	is "$(get cpu.cfs_quota_us)" -1 "and back"
	set_ cpu.max="max 100000"
	set_ cpu.max=50%
	is "$(get cpu.max)" "50000 100000" "50% is half a CPU"
	set_ cpu.max=1.5
	is "$(get cpu.max)" "150000 100000" "1.5 is one and a half"
	set_ cpu.max=25000/50000
	is "$(get cpu.max)" "25000 50000" "QUOTA/PERIOD"
	set_ cpu.max=max
	like "$(get cpu.max)" '^max [0-9]+$' "max"
	if [ "$(version_of cpu)" = 1 ]; then
		is "$(cat "$(dir_of cpu "$T/c")/cpu.cfs_quota_us")" -1 "the kernel has it"
	else
		like "$(cat "$(dir_of cpu "$T/c")/cpu.max")" '^max ' "the kernel has it"
	fi
else
	skip "no cpu controller" "cpu"
fi

if has pids; then
	set_ pids.max=77
	is "$(get pids.max)" 77 "pids.max"
	is "$(in_kernel pids "$T/c" pids.max pids.max)" 77 "is the same on both"
else
	skip "no pids controller" "pids.max"
fi

if has cpuacct || has cpu; then
	need_helpers spin
	cgx-exec -g "$T/c" "$spin" 300
	usec=$(get cpu.stat:usage_usec)
	num "$usec" -ge 200000 "cpu.stat usage_usec counts"
	nsec=$(get cpuacct.usage)
	num "$((nsec / 1000))" -ge 200000 "cpuacct.usage counts the same"
	num "$((nsec / 1000 - usec))" -lt 1000 "in its own unit"
else
	skip "no cpu accounting" "cpu.stat"
fi
if has freezer; then
	is "$(get cgroup.freeze) $(get freezer.state)" "0 THAWED" "cgroup.freeze and freezer.state"
fi
# shellcheck disable=SC2046
exits 0 "cgx-exec takes v1 names, too" cgx-exec --under "$T" $(! has memory || echo -r memory.limit_in_bytes=64M) \
	$(! has pids || echo -r pids.max=5) true
done_testing
