#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The library keeps no state outside its contexts: no writable data in any of its objects.
. "${0%/*}/lib.sh"

objects=$(find "$build/libcgx" -path '*/.libs/*.o' 2>/dev/null)
if [ -z "$objects" ] || ! command -v nm >/dev/null; then
	skip 'no writable data in libcgx' 'no objects or no nm'
	finish
fi
# Tables of pointers lie in .data.rel.ro, which nm calls d as well: the section decides.
for o in $objects; do
	if nm "$o" | grep -q '__asan\|__ubsan'; then
		asan=1
		break
	fi
	objdump -t "$o" | awk -v o="${o##*/}" '
		$0 ~ / O / || $0 ~ /COM/ {
			for (i = 2; i <= NF; i++)
				if ($i ~ /^(\.data|\.bss|\.tdata|\.tbss|\.data\.rel|\*COM\*|\.data\.rel\.local)$/) print o ": " $NF " in " $i
		}'
done >"$work/found"
if [ -n "${asan-}" ]; then
	skip 'no writable data in libcgx' 'sanitizers add their own'
else
	ok 'no writable data in libcgx' <"$work/found"
fi
finish
