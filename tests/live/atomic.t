#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Several settings, several groups: all or nothing.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
ok "groups" cgx-create -r pids.max=50 "$T/a" "$T/b"
before=$(state)
exits 1 "the last of three is malformed" cgx-set "$T/a" pids.max=10 pids.max=11 pids.max=zzz
one_line "one line"
is "$(state)" "$before" "nothing is changed"
exits 1 "the last of three is unknown" cgx-set "$T/a" pids.max=10 pids.max=11 pids.nosuch=1
one_line "one line"
is "$(state)" "$before" "nothing is changed"
exits 1 "the second group is not there" cgx-set "$T/a" "$T/nosuch" pids.max=10
one_line "one line"
is "$(state)" "$before" "nothing is changed"
if has memory; then
	# Refused by the kernel alone, after the others are written.
	exits 1 "the kernel refuses the last" cgx-set "$T/a" pids.max=10 memory.max=64M cpuset.cpus=4000-4001
	is "$(state)" "$before" "nothing is changed"
fi
if has cpu; then
	cgx-set "$T" cpu.max="20000 100000" 2>/dev/null
	cgx-set "$T/a" cpu.max="10000 100000"
	before=$(state)
	exits 1 "a cpu quota out of range, last of three" cgx-set "$T/a" pids.max=10 cpu.weight=50 cpu.max="1 100000"
	one_line "one line"
	is "$(state)" "$before" "nothing is changed"
	if [ "$(version_of cpu)" = 1 ]; then
		exits 1 "a quota above the parent's, which v1 refuses" cgx-set "$T/a" "$T/b" pids.max=10 cpu.weight=50 \
			cpu.max="90000 100000"
		one_line "one line"
		is "$(state)" "$before" "nothing is changed in either group"
	else
		skip "v2 takes a quota above the parent's" "a quota above the parent's"
	fi
else
	skip "no cpu controller" "a cpu quota out of range"
fi
before=$(state)
exits 1 "two groups made, the third refused" cgx-create "$T/x" "$T/y/z" "$T/a/../b"
one_line "one line"
is "$(state)" "$before" "no group is made"
exits 1 "a group made, its setting refused by the kernel" cgx-create "$T/x/y" -r pids.max=5 -r cpuset.cpus=4000
one_line "one line"
is "$(state)" "$before" "no group is left, nor its parent"
exits 125 "cgx-exec, a limit refused by the kernel" cgx-exec --under "$T" --pids 5 -r cpuset.cpus=4000 true
one_line "one line"
is "$(state)" "$before" "no group is left"
exits 1 "of two groups to delete, the second is not there" cgx-delete "$T/b" "$T/nosuch"
is "$(state)" "$before" "the first stays as it was"
done_testing
