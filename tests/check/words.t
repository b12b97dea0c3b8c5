#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Words that do not belong in the sources: paths of one machine, hosts of one network, tests of the kernel's version.
. "${0%/*}/lib.sh"

files '*' | grep -v -e '^tests/check/words\.t$' -e '\.tree$' -e '^COPYING$' -e '^tests/fuzz/corpus/' -e '^tests/explain/logs/' >"$work/files"
list=$(tr '\n' ' ' <"$work/files")
search() # PATTERN: in all files
{
	# shellcheck disable=SC2086 # no name of ours has a blank
	grep -nEI "$1" $list /dev/null
}
search '/work/|/home/[a-z]|/mnt/sandboxing|process_api' | ok 'no path of one machine'
search '(https?|ftp)://[^ )>"]*' | grep -v -e kernel.org -e debian.org -e github.com -e gnu.org -e spdx.org -e freedesktop.org -e example -e 'man7.org' -e 'www.w3.org/2000/svg' -e 'testanything.org' |
	ok 'no address but of well-known places'
search '[Aa][Pp][Ii][_-]?[Kk]ey|BEGIN (RSA|OPENSSH)|passw(or)?d *=' | ok 'no credentials'

files 'libcgx/*.c' 'libcgx/*/*.c' >"$work/lib"
# The two sides are told apart where a hierarchy is found (layout.c) and by its ops.
# shellcheck disable=SC2046 # names without blanks
grep -nE 'uname *\(|utsname|KERNEL_VERSION|LINUX_VERSION' $(cat "$work/lib") /dev/null | ok 'no test of the kernel'"'"'s version'
# shellcheck disable=SC2046
grep -nE '\bif *\( *!?(is_)?v[12] *\)|\bis_?v[12] *\(' $(grep -v -e '/layout\.c$' "$work/lib") /dev/null |
	ok 'no "if (v2)" in the middle of work'
# shellcheck disable=SC2046
grep -nE 'version *(==|!=) *[12]' $(grep -v -e '/layout\.c$' -e '/hier_v' "$work/lib") /dev/null |
	awk -F: '{ n[$1]++; last[$1] = $0 } END { for (f in n) if (n[f] > 3) print f ": " n[f] " tests of the version" }' |
	ok 'few tests of the hierarchy'"'"'s version outside layout.c and hier_v*.c'
search '[T]ODO|[F]IXME|\b[X]XX\b' | ok 'nothing left to do in the sources'
finish
