#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A tool's --help, its man page and what completion offers name the same options.
. "${0%/*}/lib.sh"

run() # TOOL ARGUMENTS
{
	tool=$1
	shift
	for f in "$build/tools/.libs/$tool" "$build/tools/$tool"; do
		[ ! -x "$f" ] || { LD_LIBRARY_PATH=$build/.libs "$f" "$@"; return; }
	done
	return 127
}
long() # the --options at the beginning of lines or after a comma
{
	sed -n 's/^ *\(-[a-zA-Z], *\)\{0,1\}\(--[a-z][a-z0-9-]*\).*/\2/p' | sort -u
}
short()
{
	sed -n 's/^ *\(-[a-zA-Z]\)\([, ].*\|$\)/\1/p' | sort -u
}

verbs='cgx-sandbox-run cgx-sandbox-build' # pages of their own
for source in tools/cgx-*.c $verbs; do
	tool=${source##*/} tool=${tool%.c} verb=''
	case " $verbs " in
	*" $source "*) verb=${tool##*-} tool=${tool%-*} ;;
	esac
	# what was not configured is not built
	[ -x "$build/tools/$tool" ] || continue
	# shellcheck disable=SC2086
	if ! run "$tool" $verb --help >"$work/help" 2>"$work/err"; then
		echo "$tool --help failed: $(cat "$work/err")" | ok "$tool: --help"
		continue
	fi
	awk 'length($0) > 80' "$work/help" | ok "$tool: --help is at most 80 columns wide"
	awk 'END { if (NR > 70) print NR " lines" }' "$work/help" | ok "$tool: --help fits a tall screen"
	long <"$work/help" >"$work/help.long"
	short <"$work/help" >"$work/help.short"
	[ -z "$verb" ] || page=$tool-$verb
	[ -n "$verb" ] || page=$tool
	man=man/$page.1.scd
	if [ -f "$man" ]; then
		# Options stand in bold at the beginning of a line: *-r*, *--variable* NAME=VALUE
		sed -n 's/\\//g; /^\*-/p' "$man" >"$work/man"
		grep -oE -- '\*--[a-z][a-z0-9-]*' "$work/man" | tr -d '*' | sort -u >"$work/man.long"
		grep -oE -- '(^| )\*-[a-zA-Z]\*' "$work/man" | tr -d '* ' | sort -u >"$work/man.short"
		comm -23 "$work/help.long" "$work/man.long" | ok "$tool: the man page has every long option"
		comm -13 "$work/help.long" "$work/man.long" | ok "$tool: --help has every long option of the man page"
		diff "$work/help.short" "$work/man.short" | grep '^[<>]' | ok "$tool: the same short options"
	else
		echo "$man is missing" | ok "$tool: man page"
	fi
	if [ -n "$verb" ]; then
		run "$tool" --complete -- 2 "$tool" "$verb" -- >"$work/complete" 2>&1
	else
		run "$tool" --complete -- 1 "$tool" -- >"$work/complete" 2>&1
	fi
	grep -oE -- '^--[a-z][a-z0-9-]*' "$work/complete" | sort -u | diff "$work/help.long" - | grep '^[<>]' |
		ok "$tool: completion offers the same"
done
finish
