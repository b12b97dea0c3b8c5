# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the scripts of tests/live and tests/screen share: TAP on stdout, the plan comes last. Sourced by their lib.sh; it
# lies here, since the virtual machines have tests/live alone.
set -u
n_tests=0 n_failed=0

pass() # NAME
{
	n_tests=$((n_tests + 1))
	echo "ok $n_tests - $1"
}

fail() # NAME [DIAGNOSTIC...]
{
	n_tests=$((n_tests + 1))
	n_failed=$((n_failed + 1))
	echo "not ok $n_tests - $1"
	shift
	for tap_text; do
		diag "$tap_text"
	done
}

diag() # TEXT
{
	printf '%s\n' "$1" | cut -c 1-600 | sed 's/^/#   /; 60q'
}

skip() # REASON NAME
{
	n_tests=$((n_tests + 1))
	echo "ok $n_tests - $2 # SKIP $1"
}

skip_all() # REASON
{
	echo "1..0 # SKIP $1"
	exit 0
}

bail() # REASON
{
	echo "Bail out! $1"
	exit 99
}

done_testing()
{
	echo "1..$n_tests"
	[ "$n_failed" -eq 0 ]
	exit
}

is() # GOT WANT NAME
{
	if [ "$1" = "$2" ]; then pass "$3"; else fail "$3" "got:  $1" "want: $2"; fi
}
