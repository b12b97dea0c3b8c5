#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-get --effective: which group above sets the limit that binds.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
ok "three levels" cgx-create "$T/a/b"
cgx-set "$T" pids.max=40
cgx-set "$T/a" pids.max=60
exits 0 "the smallest above binds" cgx-get --effective -r pids.max "$T/a/b"
like "$out" "^40 set by /?$T, 0 used, 40 left$" "and is named with what is used and left"
cgx-set "$T/a/b" pids.max=10
run cgx-get --effective -r pids.max "$T/a/b"
like "$out" "^10 set by /?$T/a/b," "its own, when that is smaller"
sleeper
cgx-move "$T/a/b" "$pid"
cgx-set "$T/a/b" pids.max=max
run cgx-get --effective -r pids.max "$T/a/b"
like "$out" "^40 set by /?$T, 1 used, 39 left$" "usage is that of the group that sets it"
exits 0 "--json" cgx-get --effective --json -r pids.max "$T/a/b"
json "has limit, used, left" "$out" '.groups[0].settings["pids.max"] | .limit == 40 and .used == 1 and .left == 39'
json "and the group" "$out" ".groups[0].settings[\"pids.max\"].set_by | ltrimstr(\"/\") == \"$T\""
if has memory; then
	cgx-set "$T" memory.max=64M
	cgx-set "$T/a" memory.max=32M
	run cgx-get --effective -r memory.max "$T/a/b"
	like "$out" "^(33554432|32(\.0)?M) set by /?$T/a," "memory.max"
	exits 0 "by its v1 name" cgx-get --effective -r memory.limit_in_bytes "$T/a/b"
	like "$out" "set by /?$T/a," "the same"
	need_helpers hog
	run cgx-exec -g "$T/a/b" "$hog" 80M
	is "$status" 137 "the kernel holds the group to it"
else
	skip "no memory controller" "memory.max"
fi
exits 1 "a setting that is no limit" cgx-get --effective -r pids.current "$T/a"
one_line "one line"
exits 1 "a group that is not there" cgx-get --effective -r pids.max "$T/nosuch"
one_line "one line"
exits 2 "without a setting" cgx-get --effective "$T"
done_testing
