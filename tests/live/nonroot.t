#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# As an ordinary user: refusals in words, and a delegated subtree that works.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
have setpriv || skip_all "no setpriv(1) here"
id nobody >/dev/null 2>&1 || skip_all "no user nobody"
if has pids; then c=pids; elif has memory; then c=memory; else skip_all "no pids nor memory controller"; fi
open_tools
as() # COMMAND...: as nobody, in the groups of the caller
{
	run setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
}
as cgx-ls --layout
[ "$status" = 0 ] || skip_all "nobody cannot execute the tools where they are: $err"
refused() # STATUS NAME
{
	is "$status" "$1" "$2"
	with_remedy "$2: one line with a remedy"
	like "$err" '[Pp]ermission|not permitted' "$2: it says why"
}

ok "a group of root's" cgx-create -r pids.max=50 "$T/root"
before=$(state)
as cgx-get -r pids.max "$T/root"
is "$out" 50 "anybody may read"
as cgx-ls "$T"
is "$status" 0 "and list"
as cgx-create "$T-user"
refused 1 "create"
as cgx-create "$T/root/x"
refused 1 "create below"
as cgx-set "$T/root" pids.max=60
refused 1 "set"
as cgx-delete "$T/root"
refused 1 "delete"
sleeper
as cgx-move "$T/root" "$pid"
refused 1 "move"
as cgx-exec -g "$T/root" true
refused 125 "exec in a named group"
as cgx-exec --under "$T/root" --pids 5 true
refused 125 "exec in a temporary group"
is "$(state)" "$before" "nothing is changed"

exits 0 "a delegated subtree" cgx-create -c "$c" --owner nobody -r pids.max=40 "$T-d"
before=$(state)
as cgx-set "$T-d" pids.max=max
refused 1 "its owner cannot lift its limit"
is "$(state)" "$before" "nothing is changed"
as cgx-create -c "$c" "$T-d/mine"
is "$status" 0 "but make groups below"
ok "really" exists "$T-d/mine" "$c"
if [ "$c" = pids ]; then
	as cgx-set "$T-d/mine" pids.max=10
	is "$status" 0 "set limits there"
	is "$(in_kernel pids "$T-d/mine" pids.max pids.max)" 10 "really"
fi
as cgx-delete "$T-d/mine"
is "$status" 0 "and delete them"

# From within: the common ancestor of source and target is the user's own (v2 "Delegation Containment").
# A command started by root in the subtree as that user.
exits 0 "a user's session in the subtree" cgx-create -g "$c:$T-d/session"
chown -R nobody "$(dir_of "$c" "$T-d/session")"
exits 0 "starts commands in groups of its own" cgx-exec -g "$c:$T-d/session" --user nobody \
	sh -c "cgx-create -c $c $T-d/job && cgx-exec -g $c:$T-d/job cat /proc/self/cgroup && cgx-delete $T-d/job"
like "$out" ":/$T-d/job$" "really there"
ok "nothing is left" not exists "$T-d/job" "$c"
done_testing
