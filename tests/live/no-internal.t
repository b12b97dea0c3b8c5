#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# v2: no processes in inner groups; told, or solved with --make-leaf.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
[ -n "$V2" ] || skip_all "no v2 tree"
c=
for name in memory io misc hugetlb rdma; do
	if v2_has "$name"; then
		c=$name
		break
	fi
done
[ -n "$c" ] || skip_all "no domain controller on v2"
was=$(cat "$V2/cgroup.subtree_control")
ok "a group" cgx-create -g "$c:$T-n"
sleeper
exits 0 "with a process" cgx-move -g "$c:$T-n" "$pid"
before=$(state)
exits 1 "a group below it with the $c controller" cgx-create -g "$c:$T-n/x"
with_remedy "is refused with a remedy"
like "$err" "$T-n" "the group is named"
like "$err" 'make-leaf' "the remedy is --make-leaf"
is "$(state)" "$before" "nothing is left half done"
exits 0 "--dry-run --make-leaf" cgx-create --dry-run --make-leaf -c "$c" "$T-n/x"
is "$(state)" "$before" "changes nothing"
exits 0 "--make-leaf" cgx-create --make-leaf -g "$c:$T-n/x"
ok "makes the group" test -d "$V2/$T-n/x"
like "$(cat "$V2/$T-n/cgroup.subtree_control")" "(^| )$c( |$)" "with the controller"
is "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "/$T-n/leaf" "the process is in a leaf now"
ok "and lives" alive "$pid"

sleeper
before=$(state)
exits 1 "a process into the inner group" cgx-move -g "$c:$T-n" "$pid"
with_remedy "is refused with a remedy"
is "$(state)" "$before" "and stays where it was"
exits 125 "a command in the inner group" cgx-exec -g "$c:$T-n" true
with_remedy "is refused with a remedy"
exits 0 "in the group below" cgx-exec -g "$c:$T-n/x" true
exits 0 "delete --recursive --kill" cgx-delete -r --kill "$T-n"
ok "removes all" is_gone "$T-n"
disable_again "$was"
done_testing
