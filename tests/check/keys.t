#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The KEYS of cgx-top(1) are those of the key table, in its order, with its words.
. "${0%/*}/lib.sh"

for f in "$build/tools/.libs/cgx-top" "$build/tools/cgx-top"; do
	[ ! -x "$f" ] || break
done
if [ ! -x "$f" ]; then
	skip 'cgx-top(1) has the keys' 'cgx-top is not built'
	finish
fi
LD_LIBRARY_PATH=$build/.libs "$f" --keys | tr 'A-Z' 'a-z' | tr '\t' '|' >"$work/table"
# *Up*, *k* and below it, behind a tab, what it does
sed -n '/^# KEYS$/,/^# [^K]/p' man/cgx-top.1.scd | awk '
	/^\*/ { names = $0; gsub(/\\/, "", names); gsub(/\*/, "", names); next }
	/^\t/ { text = substr($0, 2); gsub(/\\/, "", text); sub(/\.$/, "", text); print names "|" text }' |
	tr 'A-Z' 'a-z' >"$work/page"
[ -s "$work/table" ] || echo 'cgx-top --keys prints nothing' | ok 'the table is printed'
diff "$work/table" "$work/page" | grep '^[<>]' | ok 'cgx-top(1) has the keys'
finish
