#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each source file says its licence in one of its first lines, and what it is for in the next comment.
. "${0%/*}/lib.sh"

files '*' | grep -v -e '\.md$' -e '^COPYING$' -e '^NEWS$' -e '\.sym$' -e '\.in$' -e '^tests/fuzz/corpus/' -e '^tests/explain/logs/' -e '^\.' -e '/\.[a-z]*$' -e '\.json$' -e '^issues/' \
	-e '\.service$' -e '\.log$' -e '\.trs$' >"$work/files"
while IFS= read -r f; do
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: LGPL-2\.1-or-later' || echo "$f"
done <"$work/files" | ok 'every file has the SPDX line'
while IFS= read -r f; do
	case $f in
	*.c | *.h) sed -n 2,3p "$f" | grep -q '^ *\(/\*\|\*\)' || echo "$f" ;;
	esac
done <"$work/files" | ok 'every C file says what it is for'
finish
