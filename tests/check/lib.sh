# SPDX-License-Identifier: LGPL-2.1-or-later
# What the checks share: TAP, where source and build are.
# shellcheck shell=sh
set -u
LC_ALL=C
export LC_ALL
src=${CGX_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck disable=SC2034 # used by the checks
build=${CGX_BUILDDIR:-$src}
work=$(mktemp -d "${TMPDIR:-/tmp}/cgx-check.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$src" || exit 1
: >"$work/results"

# ok NAME: the check holds when nothing is on stdin; what is there is told. Results are counted in a file, since
# this mostly runs at the end of a pipe.
ok()
{
	cat >"$work/ok"
	if [ -s "$work/ok" ]; then
		echo not >>"$work/results"
		echo "not ok $(wc -l <"$work/results") - $1"
		head -n 40 "$work/ok" | sed 's/^/#   /'
	else
		echo ok >>"$work/results"
		echo "ok $(wc -l <"$work/results") - $1"
	fi
}

skip() # NAME REASON
{
	echo ok >>"$work/results"
	echo "ok $(wc -l <"$work/results") - $1 # SKIP $2"
}

finish()
{
	echo "1..$(wc -l <"$work/results")"
	! grep -q not "$work/results"
	exit
}

# Our files: of git, or all of an unpacked tarball but what was generated.
files() # PATTERN...
{
	if git -C "$src" rev-parse -q --git-dir >/dev/null 2>&1; then
		git -C "$src" ls-files -co --exclude-standard -- "$@"
	else
		# Build trees lie below the source at times: what holds a config.status is one.
		find . -mindepth 2 -name config.status -printf '%h/\n' >"$work/built"
		for pattern; do
			find . -type f -path "./$pattern" | grep -v -F -f "$work/built"
		done | sed 's,^\./,,' | grep -v -e '^man/.*\.[0-9]$' -e '^man/cgx-settings\.7\.scd$' -e '\.l\{0,1\}[ao]$' -e '\.deps/' \
			-e '/\.libs/' -e '^config\.' -e '^libtool$' -e '^Makefile$' -e '\.log$' -e '\.trs$' -e '^stamp-h' -e '\.pc$' -e '^tests/vm/cache/'
	fi | sort -u | while IFS= read -r f; do
		[ ! -f "$f" ] || echo "$f"
	done | grep -v -e '^build-aux/' -e '^autom4te' -e '^aclocal.m4$' -e '/Makefile.in$' -e '^Makefile.in$' -e '^configure$' -e '^m4/l' -e '^config.h'
}
