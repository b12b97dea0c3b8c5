#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The corpus of each fuzz target, with every byte cut off and changed, as an ordinary test.
n=0
for target in proc text kmsg convert setting trace oom; do
	n=$((n + 1))
	if "$CGX_BUILDDIR/tests/fuzz/replay-$target" "$CGX_SRCDIR/tests/fuzz/corpus/$target"/* >/dev/null 2>"$CGX_BUILDDIR/tests/fuzz/$target.err"
	then echo "ok $n - $target"
	else echo "not ok $n - $target" && sed 's/^/# /' "$CGX_BUILDDIR/tests/fuzz/$target.err" | head -n 20
	fi
done
echo "1..$n"
