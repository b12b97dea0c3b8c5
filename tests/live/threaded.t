#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# v2 threaded groups: what they cannot do is told, threads are moved.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
[ -n "$V2" ] || skip_all "no v2 tree"
need_helpers threads
ok "groups" cgx-create -g ":$T-t/a" -g ":$T-t/b"
exits 0 "cgroup.type=threaded" cgx-set ":$T-t/a" cgroup.type=threaded
is "$(cat "$V2/$T-t/a/cgroup.type")" threaded "makes it threaded"
is "$(cgx-get -r cgroup.type ":$T-t")" "domain threaded" "its parent is a threaded domain"
exits 0 "cgx-ls -o NAME,TYPE" cgx-ls --no-headings -o NAME,TYPE -g ":$T-t"
like "$out" "$T-t/a +threaded" "tells the type"
exits 1 "a group beside it that is neither" cgx-move ":$T-t/b" $$
with_remedy "takes no process, and a remedy is told"
exits 1 "what is no type" cgx-set ":$T-t/a" cgroup.type=nosuch
one_line "one line"
exits 1 "back to domain" cgx-set ":$T-t/a" cgroup.type=domain
one_line "is refused in one line"

background "$threads" 3 300 >"$tmp/tids"
wait_for 5 grep -q ready "$tmp/tids"
main=$(head -n 1 "$tmp/tids")
tid=$(sed -n 3p "$tmp/tids")
exits 0 "a process moves into the threaded domain" cgx-move -g ":$T-t" "$main"
exits 0 "one of its threads" cgx-move --threads -g ":$T-t/a" "$tid"
is "$(sed -n 's/^0:://p' "/proc/$main/task/$tid/cgroup")" "/$T-t/a" "moves into the threaded group"
is "$(sed -n 's/^0:://p' "/proc/$main/cgroup")" "/$T-t" "the others stay"
exits 0 "threads are listed" cgx-ls --threads -g ":$T-t"
like "$out" "(^|[^0-9])$tid " "with the one that moved"
exits 0 "processes are listed" cgx-ls -p -g ":$T-t"
exits 0 "all settings are shown" cgx-get ":$T-t/a"
exits 1 "processes of a threaded group" cgx-get -r cgroup.procs ":$T-t/a"
one_line "are told in one line"
cgx-create -g ":$T-o"
exits 1 "a thread of elsewhere" cgx-move --threads -g ":$T-o" "$tid"
one_line "is refused in one line"
exits 1 "delete refuses" cgx-delete "$T-t/a"
exits 0 "delete --kill" cgx-delete -r --kill "$T-t"
ok "removes it" is_gone "$T-t"
ok "and the process" not alive "$main"

ok "a threaded group below the root" cgx-create -g ":$T-r"
exits 0 "can be" cgx-set ":$T-r" cgroup.type=threaded
run cgx-exec -g ":$T-r" --report=none cat /proc/self/cgroup
if [ "$status" = 0 ]; then
	like "$out" "^0::/$T-r$" "cgx-exec starts a command in it"
else
	with_remedy "cgx-exec cannot start a command in it and says why"
fi
done_testing
