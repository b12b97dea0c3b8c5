#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-set: one and many values, one and many groups, copies, plans.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"

ok "groups" cgx-create "$T/a" "$T/a/x" "$T/b"
pids_max()
{
	in_kernel pids "$1" pids.max pids.max
}
exits 0 "GROUP NAME=VALUE" cgx-set "$T/a" pids.max=50
is "$(pids_max "$T/a")" 50 "the kernel has it"
is "$out$err" "" "and nothing is said"
exits 0 "-r NAME=VALUE GROUP" cgx-set -r pids.max=51 "$T/a"
is "$(pids_max "$T/a")" 51 "the kernel has it"
exits 0 "two groups" cgx-set "$T/a" "$T/b" pids.max=52
is "$(pids_max "$T/a") $(pids_max "$T/b")" "52 52" "both have it"
is "$(pids_max "$T/a/x")" max "a group below has not"
exits 0 "--recursive" cgx-set -R "$T/a" pids.max=53
is "$(pids_max "$T/a") $(pids_max "$T/a/x")" "53 53" "the groups below, too"
exits 0 "max" cgx-set "$T/a" pids.max=max
is "$(pids_max "$T/a")" max "lifts a limit"
exits 0 "controllers in the path" cgx-set "pids:$T/a" pids.max=54
is "$(pids_max "$T/a")" 54 "work as well"

before=$(state)
exits 0 "--dry-run" cgx-set --dry-run "$T/a" pids.max=99
like "$out" "99" "says what would be written"
like "$out" "pids.max" "and where"
is "$(state)" "$before" "and changes nothing"
exits 0 "--dry-run --json" cgx-set --dry-run --json "$T/a" pids.max=99
json "is JSON" "$out" .
is "$(state)" "$before" "and changes nothing, either"

exits 0 "--copy-from" cgx-set --copy-from "$T/a" "$T/b"
is "$(pids_max "$T/b")" 54 "copies pids.max"
exits 1 "--copy-from a group that is not there" cgx-set --copy-from "$T/nosuch" "$T/b"
one_line "one line"
if has memory; then
	exits 0 "two controllers at once" cgx-set "$T/a" pids.max=55 memory.max=64M
	is "$(pids_max "$T/a") $(in_kernel memory "$T/a" memory.limit_in_bytes memory.max)" "55 67108864" "both are set"
	exits 0 "copied" cgx-set --copy-from "$T/a" "$T/b"
	is "$(pids_max "$T/b") $(in_kernel memory "$T/b" memory.limit_in_bytes memory.max)" "55 67108864" "both are copied"
else
	skip "no memory controller" "two controllers at once"
fi
exits 2 "no value is a usage error" cgx-set "$T/a"
one_line "one line"
exits 2 "no group is a usage error" cgx-set pids.max=5
one_line "one line"
exits 2 "-r without = is a usage error" cgx-set -r pids.max "$T/a"
one_line "one line"
exits 2 "-r with --copy-from is a usage error" cgx-set --copy-from "$T/a" -r pids.max=5 "$T/b"
one_line "one line"
done_testing
