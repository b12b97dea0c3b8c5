#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the library exports is what libcgx.sym lists and cgx.h declares, each documented.
. "${0%/*}/lib.sh"

sed -n 's/^	\(cgx_[a-z0-9_]*\);$/\1/p' libcgx/libcgx.sym >"$work/listed"
sort "$work/listed" >"$work/sym"
# A declaration begins in the first column; a type name alone is none.
sed -e ':a' -e '/^[a-z].*(.*,$/{N;s/\n[ 	]*/ /;ba' -e '}' libcgx/cgx.h |
	sed -n 's/^[a-z][a-z0-9_ ]*[ *][*]*\(cgx_[a-z0-9_]*\)(.*);.*/\1/p' | sort >"$work/header"
comm -23 "$work/sym" "$work/header" | ok 'all of libcgx.sym is in cgx.h'
comm -13 "$work/sym" "$work/header" | ok 'all of cgx.h is in libcgx.sym'

so=$build/.libs/libcgx.so
if [ -e "$so" ] && command -v nm >/dev/null; then
	nm -D --defined-only "$so" | awk '$2 ~ /[TDBRVW]/ { sub(/@.*/, "", $3); print $3 }' | grep -v '^CGX_' | sort >"$work/so"
	comm -23 "$work/sym" "$work/so" | ok 'all of libcgx.sym is in the library'
	comm -13 "$work/sym" "$work/so" | ok 'the library exports nothing else'
else
	skip 'all of libcgx.sym is in the library' 'no shared library or no nm'
	skip 'the library exports nothing else' 'no shared library or no nm'
fi

sort -c "$work/listed" 2>&1 | ok 'libcgx.sym is sorted'
for cc in cc c++; do
	if command -v "$cc" >/dev/null; then
		case $cc in c++) lang=c++ ;; *) lang=c ;; esac
		"$cc" -x "$lang" -Wall -Wextra -pedantic -fsyntax-only libcgx/cgx.h 2>&1 | grep -v 'pragma once' |
			ok "cgx.h stands alone for $cc"
	else
		skip "cgx.h stands alone for $cc" "no $cc"
	fi
done
finish
