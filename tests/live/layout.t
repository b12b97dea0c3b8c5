#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-ls --layout and --controllers against what the kernel says.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root

v1=$(awk '{ for (i = 7; i <= NF; i++) if ($i == "-" && $(i + 1) == "cgroup") { print; break } }' /proc/self/mountinfo)
case ${v1:+v1}-${V2:+v2} in
v1-v2) want=hybrid ;;
v1-) want=legacy ;;
-v2) want=unified ;;
*) want=none ;;
esac
is "$LAYOUT" "$want" "--layout says $want, as /proc/self/mountinfo does"

exits 0 "--controllers works" cgx-ls --controllers
like "$out" '^NAME +KERNEL +VERSION +HIERARCHY +GROUPS +ENABLED +MOUNT' "its headings"
table=$out
for kernel in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups) $([ -z "$V2" ] || cat "$V2/cgroup.controllers"); do
	name=$kernel
	[ "$name" != blkio ] || name=io
	case " ${seen-} " in
	*" $name "*) continue ;;
	esac
	seen="${seen-} $name"
	line=$(echo "$table" | awk -v name="$name" '$1 == name { print $2, $3, $NF; exit }')
	if [ -n "$(v1_mount "$kernel")" ]; then
		is "$line" "$kernel 1 $(v1_mount "$kernel")" "$name is on v1"
	elif v2_has "$name"; then
		like "$line" "^($kernel|$name) 2 $V2$" "$name is on v2"
	elif [ -n "$V2" ] && { [ "$name" = freezer ] || [ "$name" = perf_event ] || [ "$name" = cpuacct ]; }; then
		like "$line" "^$kernel (2 $V2|- -)$" "$name is part of v2 without being listed there"
	else
		like "$line" "^$kernel - -$" "$name is mounted nowhere"
	fi
done

exits 0 "--controllers --json" cgx-ls --controllers --json
json "its JSON lists controllers by name" "$out" '.controllers | length > 0 and all(.[]; has("name") and has("mount"))'
exits 0 "columns can be chosen" cgx-ls --controllers -o NAME,MOUNT

exits 0 "--settings works" cgx-ls --settings
like "$out" '^memory\.max +memory\.limit_in_bytes' "memory.max is also memory.limit_in_bytes"
like "$out" '^pids\.max ' "pids.max is there"
like "$out" '^cpu\.max +cpu\.cfs_quota_us,cpu\.cfs_period_us ' "cpu.max is made of two v1 files"

mkdir -p "$tmp/bare/proc/self" "$tmp/bare/sys"
: >"$tmp/bare/proc/self/mountinfo"
exits 0 "a machine without cgroups has a layout" cgx-ls --root "$tmp/bare" --layout
is "$out" none "it is none"
exits 1 "a root that is not there" cgx-ls --root "$tmp/nowhere" --layout
one_line "is told in one line"
exits 2 "two questions at once are a usage error" cgx-ls --layout --controllers
done_testing
