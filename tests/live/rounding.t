#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A value that the kernel rounds is told.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has memory || skip_all "no memory controller"
page=$(getconf PAGESIZE 2>/dev/null || echo 4096)
ok "a group" cgx-create "$T/r"
value=$((page * 300 + 100))
exits 0 "a limit that is no multiple of a page" cgx-set "$T/r" "memory.max=$value"
kept=$(in_kernel memory "$T/r" memory.limit_in_bytes memory.max)
is "$kept" "$((page * 300))" "the kernel rounds it"
like "$err" "^cgx-set: (note|warning): .*$T/r.*($kept.*$value|$value.*$kept)" "a note has both"
is "$(printf '%s\n' "$err" | wc -l)" 1 "in one line"
exits 0 "a multiple of a page" cgx-set "$T/r" "memory.max=$((page * 300))"
is "$err" "" "needs no note"
exits 0 "max" cgx-set "$T/r" memory.max=max
is "$err" "" "needs no note"
exits 0 "cgx-create" cgx-create -r "memory.max=$value" "$T/s"
like "$err" '(note|warning): ' "tells it, too"
if has cpu; then
	exits 0 "a weight that v1 and v2 can say" cgx-set "$T/r" cpu.weight=77
	is "$err" "" "needs no note"
	is "$(cgx-get -r cpu.weight "$T/r")" 77 "and is kept"
fi
done_testing
