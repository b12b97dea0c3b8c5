#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A fork bomb does not outrun cgx-delete --kill.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
need_helpers bomb
cp "$bomb" "$tmp/bomb"
is_full() { [ "$(running "$tmp/bomb")" -ge $(($1 * 3 / 4)) ]; }

for size in 30 200; do
	ok "a group for $size processes" cgx-create -r "pids.max=$size" "$T/k/sub"
	background cgx-exec -g "$T/k/sub" --report=none "$tmp/bomb" storm 40000 60 2>/dev/null
	pid=$!
	ok "a fork bomb fills it" wait_for 10 is_full "$size"
	exits 1 "cgx-delete refuses while it runs" cgx-delete "$T/k/sub"
	like "$err" '[0-9]+ process' "and says how many processes there are"
	exits 0 "cgx-delete --recursive --kill" cgx-delete -r --kill "$T/k"
	is "$(running "$tmp/bomb")" 0 "not one process is left"
	ok "and no group" is_gone "$T/k"
	wait "$pid"
	is $? 137 "the waiting cgx-exec tells of the kill"
done

ok "a tree with processes at every level" cgx-create "$T/t/a/b"
for g in "$T/t/a/b" "$T/t/a" "$T/t"; do
	sleeper
	cgx-move "$g" "$pid" 2>/dev/null || diag "v2 keeps processes out of inner groups: $g"
	all="${all-} $pid"
done
n=$(for m in $(all_mounts); do find "$m/$T/t" -name cgroup.procs -exec cat {} + 2>/dev/null; done | sort -u | wc -l)
num "$n" -ge 1 "has $n processes"
exits 0 "--recursive --kill" cgx-delete -r --kill "$T/t"
ok "removes it" is_gone "$T/t"
exits 1 "a group that the caller is in" cgx-exec --report=none \
	-g "$(cgx-create "$T/self" && echo "$T/self")" cgx-delete --kill "$T/self"
one_line "is refused in one line"
done_testing
