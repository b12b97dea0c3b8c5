#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# systemd on a host of v1: its groups are shown and left alone there, too, and there are no scopes to be had from it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
[ -d /run/systemd/system ] || skip_all "systemd is not process 1 here"
[ "$LAYOUT" != unified ] || skip_all "v1 is not mounted here"
exits 0 "units" cgx-ls -u -d 1 system.slice
like "$out" '^system.slice/systemd-journald.service +systemd-journald.service +system +no$' "a service and its unit"

# ---- refused, with the property that says the same ----
exits 1 "a value of a slice by v2's name" cgx-set system.slice memory.max=4G
with_remedy "one line with a remedy"
like "$err" 'write 4294967296 to memory.max: ' "in the words of who asked"
like "$err" 'systemctl set-property system.slice MemoryMax=4294967296;' "which is the property"
exits 1 "by v1's name" cgx-set system.slice memory.limit_in_bytes=4G
like "$err" 'systemctl set-property system.slice MemoryMax=4294967296;' "it is the same"
exits 1 "a quota" cgx-set system.slice cpu.cfs_quota_us=50000
like "$err" 'system.slice CPUQuota=50%;' "goes with the period that is there"
exits 1 "in one word" cgx-set system.slice cpu.max='20000 50000'
like "$err" 'system.slice CPUQuota=40% CPUQuotaPeriodSec=50000us;' "with its own"
exits 1 "shares" cgx-set system.slice cpu.shares=512
like "$err" 'system.slice CPUWeight=50;' "are a weight"
exits 1 "processes" cgx-set system.slice pids.max=500
like "$err" 'system.slice TasksMax=500;' "are tasks"
exits 1 "what only v1 has" cgx-set system.slice memory.swappiness=10
like "$err" 'systemd has no property for it' "is told as such"
is "$(cat "$(dir_of memory system.slice)/memory.limit_in_bytes")" 9223372036854771712 "nothing was written"
systemctl set-property --runtime system.slice MemoryMax=4294967296
is "$(cat "$(dir_of memory system.slice)/memory.limit_in_bytes")" 4294967296 "and the property does what was asked for"
systemctl set-property --runtime system.slice MemoryMax=infinity
exits 1 "a group below a slice" cgx-create -c pids "system.slice/$T"
with_remedy "one line with a remedy"
exits 0 "with --force" cgx-create --force -c pids "system.slice/$T"
exits 0 "and away" cgx-delete --force "system.slice/$T"
exits 1 "a service" cgx-delete --kill system.slice/systemd-journald.service
like "$err" 'systemctl stop systemd-journald.service' "is stopped by systemctl"
ok "and runs on" systemctl -q is-active systemd-journald.service

# ---- no scopes, and none needed ----
exits 125 "a scope" cgx-exec --systemd=yes true
like "$err" 'systemd delegates on v2 alone' "is not to be had"
with_remedy "with what to do"
exits 0 "a command with limits" cgx-exec --memory 64M --pids 20 --name "$T-run" cat /proc/self/cgroup
like "$out" ":memory:/.*/$T-run\$" "is in a group of its own"
in_scope() # COMMAND...: in a scope of systemd's
{
	run systemd-run -q --scope -- "$@"
}
in_scope cgx-exec --memory 64M --name "$T-in" cat /proc/self/cgroup
is "$status" 0 "from a scope of somebody's"
like "$out" ":memory:/system.slice/run-.*[.]scope/$T-in\$" "it is below that"
is "$(find /sys/fs/cgroup -name "$T-*" -type d)" "" "and nothing is left"

# ---- systemd leaves ours alone ----
exits 0 "a group" cgx-create -c memory,pids,cpu "$T-own"
background cgx-exec -g "$T-own" sleep 60
in_it() { [ -n "$(procs_of memory "$T-own")" ]; }
ok "a command in it" wait_for 10 in_it
systemctl daemon-reload
systemctl daemon-reexec
ok "systemd is there again" wait_for 20 systemctl -q is-active systemd-journald.service
for c in memory pids cpu; do
	ok "the group stays when systemd reads all anew ($c)" exists "$T-own" "$c"
done
ok "and its command" in_it
exits 0 "it goes with what is in it" cgx-delete --kill "$T-own"
done_testing
