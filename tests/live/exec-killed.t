#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-exec killed with SIGKILL: neither runaways nor a group stay behind.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
need_helpers bomb
ok "a parent" cgx-create "$T"
cp "$bomb" "$tmp/bomb"
limit=
! has pids || limit="--pids 20"

# shellcheck disable=SC2086
background cgx-exec --under "$T" $limit sh -c "echo \$\$; $tmp/bomb 10 60 & sleep 300" >"$tmp/log"
pid=$!
several() { [ "$(running "$tmp/bomb")" -ge 11 ]; }
ok "a command with ten children runs" wait_for 5 several
command=$(head -n 1 "$tmp/log")
kill -KILL "$pid"
wait "$pid" 2>/dev/null
ok "within two seconds its group is gone" wait_for 2 is_childless "$T"
is "$(running "$tmp/bomb")" 0 "and its processes"
ok "and the command itself" not alive "$command"

if has pids; then
	background cgx-exec --under "$T" --pids 30 "$tmp/bomb" storm 20000 60
	pid=$!
	several() { [ "$(running "$tmp/bomb")" -ge 25 ]; }
	ok "a fork bomb runs" wait_for 5 several
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	ok "within two seconds its group is gone" wait_for 2 is_childless "$T"
	is "$(running "$tmp/bomb")" 0 "and the bomb"
else
	skip "no pids controller" "a fork bomb"
fi

# The whole process group is killed, as a terminal that goes away does it.
background setsid cgx-exec --under "$T" sleep 303
sleep=$(readlink -f "$(command -v sleep)")
sleeps() # sets command
{
	command=$(all_mounts | while read -r m; do find "$m/$T" -mindepth 1 -name cgroup.procs -exec cat {} + 2>/dev/null; done | head -n 1)
	[ -n "$command" ] && [ "$(readlink "/proc/$command/exe")" = "$sleep" ]
}
wait_for 5 sleeps || bail "the command does not run"
leader=$(awk '{ sub(/.*\) /, ""); print $4 }' "/proc/$command/stat")
guarded() # who cleans up has left the session
{
	awk '$2 == "(cgx-exec-guard)" && $4 == parent && $6 != parent' parent="$leader" /proc/[0-9]*/stat 2>/dev/null | grep -q .
}
wait_for 5 guarded || diag "no guard"
kill -KILL "-$leader"
ok "killed together with its process group, the group is gone as well" wait_for 2 is_childless "$T"

done_testing
