#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is in the sources is named in a makefile, so that it is in the archive of a release as well.
. "${0%/*}/lib.sh"

cat Makefile.am -- */Makemodule.am tests/*/Makemodule.am >"$work/makefiles"
find libcgx tools tests -name '*.[ch]' | while read -r f; do
	grep -qF "$f" "$work/makefiles" || echo "$f"
done | ok 'every C file and header is named in a makefile'
find tests \( -name '*.t' -o -name '*.case' \) ! -path '*/_build/*' | while read -r f; do
	grep -qF "$f" "$work/makefiles" || echo "$f"
done | ok 'so is every test'
find man -name '*.scd*' | while read -r f; do
	grep -qF "${f#man/}" "$work/makefiles" || echo "$f"
done | ok 'and every page'
finish
