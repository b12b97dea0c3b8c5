#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The corpus of each fuzz target, with every byte cut off and changed, as an ordinary test.
err=$(mktemp) || exit 1
trap 'rm -f "$err"' EXIT
n=0
for target in proc text kmsg convert setting trace oom plan unit config rules containerfile image archive state profile path network netlink; do
	n=$((n + 1))
	if [ ! -e "$CGX_BUILDDIR/tests/fuzz/replay-$target" ]; then
		echo "ok $n - $target # SKIP it is not built"
		continue
	fi
	if "$CGX_BUILDDIR/tests/fuzz/replay-$target" "$CGX_SRCDIR/tests/fuzz/corpus/$target"/* >/dev/null 2>"$err"
	then echo "ok $n - $target"
	else echo "not ok $n - $target" && sed 's/^/# /' "$err" | head -n 20
	fi
done
echo "1..$n"
