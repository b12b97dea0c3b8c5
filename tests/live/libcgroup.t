#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mounts and values as libcgroup sees them, and what one of us writes read by the other, under the other dialect's name.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
oracle=$(helper oracle)
[ -x "$oracle" ] || skip_all "built without libcgroup-dev"
run "$oracle" mounts
[ "$status" = 0 ] || skip_all "libcgroup does not start here"

printf '%s\n' "$out" >"$tmp/mounts"
while read -r name where; do
	[ "$name" != cgroup ] || continue
	is "$(mount_of "$(echo "$name" | sed 's/^blkio$/io/')")" "$where" "$name: the mount, as the kernel says"
	cgx-ls --controllers >"$tmp/controllers"
	ok "$name: cgx-ls names the same mount" grep -qwF "$where" "$tmp/controllers"
done <"$tmp/mounts"

cgx-create "$T/a"
same() # CONTROLLER V1NAME V1VALUE V2NAME V2VALUE
{
	[ "$(version_of "$1")" = 1 ] || { skip "$1 is not on v1 here" "$2 and $4"; return; }
	exits 0 "libcgroup sets $2=$3" "$oracle" set "$1" "$T/a" "$2" "$3"
	is "$(cgx-get -n -v -r "$4" "$T/a")" "$5" "it is $4 $5"
	is "$(cgx-get -n -v -r "$2" "$T/a")" "$("$oracle" get "$1" "$T/a" "$2")" "$2: both read the same"
}
back() # CONTROLLER V2NAME V2VALUE V1NAME V1VALUE
{
	[ "$(version_of "$1")" = 1 ] || { skip "$1 is not on v1 here" "$2 and $4"; return; }
	exits 0 "cgx-set $2=$3" cgx-set "$T/a" "$2=$3"
	is "$("$oracle" get "$1" "$T/a" "$4")" "$5" "libcgroup reads $4 $5"
}
same cpu cpu.shares 512 cpu.weight 50
same cpu cpu.shares 1024 cpu.weight 100
same cpu cpu.cfs_quota_us 50000 cpu.max "50000 100000"
same memory memory.limit_in_bytes 67108864 memory.max 67108864
same memory memory.soft_limit_in_bytes 33554432 memory.soft_limit_in_bytes 33554432
same pids pids.max 50 pids.max 50
back cpu cpu.weight 50 cpu.shares 512
back cpu cpu.max max cpu.cfs_quota_us -1
back memory memory.max 128M memory.limit_in_bytes 134217728
back pids pids.max max pids.max max
done_testing
