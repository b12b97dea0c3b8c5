#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The settings table is whole: every file of the recorded machines that belongs to a controller has a row, each name
# stands once, each row has words, and cgx-ls --settings and man cgx-settings(7) show all of it.
. "${0%/*}/lib.sh"

tool()
{
	for f in "$build/tools/.libs/cgx-ls" "$build/tools/cgx-ls"; do
		[ ! -x "$f" ] || { LD_LIBRARY_PATH=$build/.libs "$f" "$@"; return; }
	done
	return 127
}
if ! tool --settings --json >"$work/json" 2>"$work/err"; then
	ok 'cgx-ls --settings --json' <"$work/err"
	finish
fi
# One key a line is how it is printed.
# shellcheck disable=SC2016
sed -n 's/^ *"name": "\(.*\)",*$/\1/p' "$work/json" | sort >"$work/names"
sort "$work/names" | uniq -d | ok 'each name stands once'
awk 'END { if (NR < 80) print NR " settings only" }' "$work/names" | ok 'the table is there'
grep -nE '"help": (""|null)' "$work/json" | ok 'each row has words'

tool --settings --no-headings >"$work/table" 2>&1
awk '{ print $1 }' "$work/table" | sort | comm -23 "$work/names" - | ok 'the table on the screen has every name'

# All names of both sides, with * for a size or a part.
{ cat "$work/names" && sed -n 's/^ *"v1": "\(.*\)",*$/\1/p' "$work/json" | sed 's/[, ]\{1,\}/\n/g'; } | grep . | sort -u >"$work/all"
sed 's/[.]/\\./g; s/\*/[^.]*/g; s/^/^/; s/$/$/' "$work/all" >"$work/patterns"
cat tests/trees/*.tree | sed -n 's/^\([a-z_]*\.[A-Za-z0-9_.]*\) [0-7]*$/\1/p' | sort -u |
	grep -v -e '^quantum\.' -e '^memory\.kmem\.slabinfo$' -e '^memory\.shown_ram_in_bytes$' | grep -vE -f "$work/patterns" |
	ok 'every file of the recorded machines has a row'

page=$build/man/cgx-settings.7.scd
[ -f "$page" ] || page=man/cgx-settings.7.scd
if [ -f "$page" ]; then
	sed 's/\\//g' "$page" >"$work/page"
	while IFS= read -r name; do
		grep -qF "$name" "$work/page" || echo "$name"
	done <"$work/names" | ok 'the man page has every name'
else
	skip 'the man page has every name' "$page is not there"
fi
finish
