# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of cgx-sandbox share; sourced after lib.sh. Names of sandboxes begin with $N; what has one is removed at the end.
# shellcheck disable=SC2034,SC2154
need_root
have cgx-sandbox || skip_all "cgx-sandbox is not built (no libcap)"

N=$T
forget()
{
	for s in $(cgx-sandbox ps -a -q 2>/dev/null | grep "^$N"); do
		cgx-sandbox rm -f "$s" >/dev/null 2>&1
	done
}
trap 'forget; clean_up' EXIT

run_in() # OPTIONS ROOT COMMAND...: sets status, out, err
{
	run cgx-sandbox run --rm --name "$N-r" "$@"
}

advised() # NAME: after run, one line of words, and what helps
{
	if printf '%s\n' "$err" | awk 'NR == 1 && !/^cgx-sandbox [a-z]+: ./ || NR > 1 && !/^  [^ ]/ { bad = 1 } END { exit bad || NR != 2 }'
	then pass "$1"
	else fail "$1" "stderr: $err"
	fi
}

left() # what sandboxes of this test left behind
{
	find /run/cgx -mindepth 1 -name "$N*" 2>/dev/null
	find /sys/fs/cgroup -type d -name "cgx-sandbox-$N*" 2>/dev/null
	find /run/cgx/.ids -lname "$N*" 2>/dev/null
	find /var/lib/cgx/layers -mindepth 1 -maxdepth 1 -name "$N*" 2>/dev/null
	grep " /run/cgx/$N" /proc/self/mountinfo
}

open_to_all() # FILE: everybody may go there and execute it
{
	at=$1
	while [ "$at" != / ]; do
		stat -c %A "$at" | grep -q '[xt]$' || return 1
		at=$(dirname "$at")
	done
}

shown() # PROGRAM: print where everybody inside can execute it, with ROOT /: a folder that is closed to them has it copied
{
	if open_to_all "$1"; then
		echo "$1"
	else
		chmod 755 "$tmp"
		cp "$1" "$tmp/" && echo "$tmp/${1##*/}"
	fi
}
