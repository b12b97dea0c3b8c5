#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# v2: a group that was killed once takes commands as before.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
[ -n "$V2" ] || skip_all "no v2 tree"
ok "a group" cgx-create -g ":$T-k"
[ -e "$V2/$T-k/cgroup.kill" ] || skip_all "this kernel has no cgroup.kill"
exits 0 "a command before" cgx-exec -g ":$T-k" echo fine
background sleep 300
cgx-move -g ":$T-k" "$!"
echo 1 >"$V2/$T-k/cgroup.kill"
ok "the group was killed once" wait_for 3 is_empty "$T-k"
for n in 1 2 3; do
	exits 0 "a command afterwards, $n" cgx-exec -g ":$T-k" cat /proc/self/cgroup
	like "$out" "^0::/$T-k$" "runs in the group"
done
exits 9 "its own status" cgx-exec -g ":$T-k" sh -c 'exit 9'
exits 137 "and its own signal" cgx-exec -g ":$T-k" sh -c 'kill -KILL $$'
exits 0 "a temporary group below it" cgx-exec --under "$T-k" true

# The other way round: the caller's group was killed once, the target is fresh.
cgx-create -g ":$T-f"
cgx-create -g ":$T-c"
echo 1 >"$V2/$T-c/cgroup.kill"
exits 0 "from a group that was killed once into a fresh one" \
	sh -c "echo \$\$ >$V2/$T-c/cgroup.procs && exec cgx-exec -g :$T-f cat /proc/self/cgroup"
like "$out" "^0::/$T-f$" "runs there"
done_testing
