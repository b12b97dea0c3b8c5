#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The nth system call of a kind fails with EIO, on real groups of its own: no crash, the exit status is right, and a
# change is done whole or not at all.
set -u

build=${CGX_BUILDDIR:?is the build tree}
work=$(mktemp -d "${TMPDIR:-/tmp}/cgx-nth.XXXXXX") || exit 1
name=cgx-nth-$$
count=0
export LD_LIBRARY_PATH=$build/.libs
mapfile -t mounts < <(awk '{ for (i = 7; i < NF; i++) if ($i == "-") { if ($(i + 1) ~ /^cgroup2?$/) print $5; break } }' /proc/self/mountinfo)

here() # directories of ours that are there
{
	local m
	for m in "${mounts[@]}"; do
		[ ! -d "$m/$name" ] || find "$m/$name" -type d
	done | sort
}
sweep()
{
	local m
	for _ in 1 2 3; do
		for m in "${mounts[@]}"; do
			[ ! -d "$m/$name" ] || find "$m/$name" -depth -type d -exec rmdir {} + 2>/dev/null
		done
		[ -n "$(here)" ] || return 0
		sleep 0.2
	done
}
trap 'sweep; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

plan_skip()
{
	echo "1..0 # SKIP $1"
	exit 0
}
[ "$(id -u)" = 0 ] || plan_skip 'needs root'
command -v strace >/dev/null || plan_skip 'needs strace'
! nm "$build"/libcgx/.libs/*context.o 2>/dev/null | grep -q __asan || plan_skip 'LeakSanitizer does not run under strace'
[ ${#mounts[@]} -gt 0 ] || plan_skip 'no cgroups'
strace -o "$work/trace" -e inject=mkdirat:error=EIO true 2>/dev/null || plan_skip 'strace cannot inject'
cgx() { "$build/tools/.libs/cgx-$1" "${@:2}"; }
cgx create -c pids "$name" 2>"$work/err" || plan_skip "cannot make groups: $(head -n 1 "$work/err")"
cgx delete "$name"

# try WHAT SYSCALL TOOL ARGUMENTS: make the state with the function prepare, judge what is left with the function judge
# (arguments: n, status; it prints what is wrong).
try()
{
	local call=$1 tool=$2 n status problems=0 base wrong
	shift 2
	base=0
	for ((n = 1; n < 60; n++)); do
		sweep
		prepare
		strace -f -qq -o "$work/trace" -e "trace=$call" -e "inject=$call:error=EIO:when=$n" \
			timeout 20 "$build/tools/.libs/cgx-$tool" "$@" >"$work/out" 2>"$work/err" </dev/null
		status=$?
		grep -q INJECTED "$work/trace" || break
		# The loader's and the shell's own reads: not ours to survive.
		grep -q 'error while loading shared libraries\|timeout: ' "$work/err" && { base=$n; continue; }
		case $status in
		0 | 1 | 125) ;;
		*) echo "#   n=$n: exit $status: $(head -n 2 "$work/err" | tr '\n' ' ')" && problems=$((problems + 1)) ;;
		esac
		wrong=$(judge "$status")
		if [ -n "$wrong" ]; then
			echo "#   n=$n: exit $status: $wrong: $(head -n 1 "$work/err")"
			problems=$((problems + 1))
		fi
		if [ "$status" != 0 ] && [ ! -s "$work/err" ]; then
			echo "#   n=$n: exit $status without a word"
			problems=$((problems + 1))
		fi
	done
	sweep
	count=$((count + 1))
	[ "$problems" = 0 ] || printf 'not '
	echo "ok $count - $call: cgx-$tool $*: $((n - 1 - base)) failures of it"
}

# ---- create: all of it or nothing ----
prepare() { :; }
judge()
{
	case $1 in
	0) [ "$(here | grep -c "$name/a$")" -ge 1 ] || echo 'said done and is not' ;;
	*) [ -z "$(here)" ] || echo "left behind: $(here | xargs)" ;;
	esac
}
for call in openat2 read write mkdirat; do
	try "$call" create -c pids,memory -r pids.max=50 "$name/a"
done

# ---- set: both values or none ----
values() # the two files, wherever they are
{
	cgx get -v -r pids.max -r memory.max "$name" | xargs
}
prepare() { cgx create -c pids,memory -r pids.max=50 -r memory.max=64M "$name"; }
judge()
{
	local now
	now=$(values)
	case $1,$now in
	0,'40 33554432' | [1-9]*,'50 67108864') ;;
	*) echo "values are now $now" ;;
	esac
}
for call in openat2 read write; do
	try "$call" set "$name" pids.max=40 memory.max=32M
done

# ---- delete: gone when it says so ----
prepare() { cgx create -c pids "$name/a/b"; }
judge()
{
	case $1 in
	0) [ -z "$(here)" ] || echo "said done and there is: $(here | xargs)" ;;
	*) [ -n "$(here)" ] || echo 'said failed and it is gone' ;;
	esac
}
for call in openat2 read unlinkat; do
	try "$call" delete -r "$name"
done

# ---- exec: the temporary group goes again, whatever fails ----
prepare() { cgx create -c pids,memory "$name"; }
judge()
{
	# the guard beside cgx-exec may still be at it
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		here | grep -q "$name/" || break
		sleep 0.1
	done
	here | grep "$name/" | xargs -r echo 'left behind:'
}
for call in openat2 clone3 mkdirat; do
	try "$call" exec --under "$name" --pids 20 --report=none true
done
# ---- top: what it shows is so, or it says why it shows nothing ----
prepare() { cgx create -c pids -r pids.max=50 "$name/a" && cgx create -c pids "$name/b"; }
judge()
{
	[ "$1" = 0 ] || return 0
	# a sample may lack something, and says nothing that is not so; the next ones have all of it
	cut -d, -f2- "$work/out" | grep -v -e '^GROUP' -e "^$name/a,0*,\(50\)*\$" -e "^$name\(/b\)*,0*,\(max\)*\$"
	for shown in "$name,0,max" "$name/a,0,50" "$name/b,0,max"; do
		[ "$(grep -c ",$shown\$" "$work/out")" -ge 8 ] || echo "seldom $shown"
	done
}
for call in openat2 newfstatat inotify_add_watch getdents64 pread64; do
	try "$call" top --csv -n 9 -d 1ms -c PIDS,PIDSMAX "$name"
done
echo "1..$count"
