#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox again and again, and many at once: nothing grows. And a bomb and a hog inside leave others their machine.
# Mounts and links are counted where nobody else makes any.
if [ -z "${CGX_APART-}" ] && unshare -mn true 2>/dev/null; then
	CGX_APART=1 exec unshare -mn --propagation private sh "$0" "$@"
fi
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$lib_live/sandbox.sh"
need_helpers bomb hog latency

groups_now() { find /sys/fs/cgroup -type d -name "cgx-sandbox-$N*" 2>/dev/null | wc -l; }
mounts_now() { wc -l </proc/self/mountinfo; }
links_now() { sed 1,2d /proc/net/dev | wc -l; }
files_now() { sed 's/[^0-9].*//' /proc/sys/fs/file-nr; }
states_now() { find /run/cgx \( -name "$N*" -o -lname "$N*" \) 2>/dev/null | wc -l; }
# what the kernel has for itself, and files in memory: a guest of a neighbour, or his compiler, is neither
memory_now() { awk '/^(SUnreclaim|Percpu|KernelStack|PageTables|Shmem):/ { sum += $2 } END { print sum }' /proc/meminfo; }
census() { echo "groups $(groups_now) mounts $(mounts_now) links $(links_now) state $(states_now)"; }

# ---- in a row ------------------------------------------------------------------------------------

each=200
[ -z "${CGX_VM-}" ] || each=20
batch() # TIMES; the same name each time: with systemd its scope is free again at once, though systemd hears of the end a moment later
{
	for _ in $(seq "$1"); do
		cgx-sandbox run --rm --name "$N-row" --memory 64M --pids 32 / true >"$tmp/row" 2>&1 && continue
		failed=$((failed + 1))
		diag "$(cat "$tmp/row")"
	done
}
# Files and memory are the machine's, whose others come and go with hundreds of both. What leaks does so in every batch, they
# disturb some: three in which less is left than a file for each start and 200 kB, what a group and its namespaces take, are enough.
steady() # sets good, and left: files/kB of each batch
{
	good=0 left=''
	for _ in 1 2 3 4 5 6 7 8 9; do
		s_files=$(files_now) s_memory=$(memory_now)
		batch $each
		sleep 0.5
		s_files=$(($(files_now) - s_files)) s_memory=$(($(memory_now) - s_memory))
		left="$left $s_files/$s_memory"
		[ $s_files -ge $each ] || [ $s_memory -ge $((each * 200)) ] || good=$((good + 1))
		[ $good -lt 3 ] || return
	done
}
cgx-sandbox run --rm --name "$N-one" / true # what is made once is made
no_groups() { [ "$(groups_now)" = 0 ]; }
ok "systemd's scope goes, too" wait_for 10 no_groups
before=$(census) failed=0
steady
is "$failed" 0 "starts and ends in a row, $each at a time"
clean() { [ "$(census)" = "$before" ]; }
ok "leave no group, mount, link or state ($before)" wait_for 10 clean
is "$good" 3 "and neither open files nor memory (files/kB of each batch:$left)"

# ---- at once -------------------------------------------------------------------------------------

many=100
[ -z "${CGX_VM-}" ] || many=8
before=$(census)
for i in $(seq $many); do
	background cgx-sandbox run --rm --name "$N-m$i" --memory 64M --pids 32 / sh -c "echo $i; sleep 0.2" >"$tmp/many.$i" 2>&1
done
all_done() { [ "$(cat "$tmp"/many.* 2>/dev/null | grep -c '^[0-9]*$')" = "$many" ]; }
ok "$many at once" wait_for 100 all_done
is "$(cat "$tmp"/many.* | grep -vc '^[0-9]*$')" 0 "without a word besides their own"
ok "leave nothing" wait_for 30 clean
for i in $(seq 10); do
	cgx-sandbox run -d --name "$N-d$i" / sleep 300 >/dev/null
done
is "$(cgx-sandbox ps -q | grep -c "^$N-d")" 10 "ten in the background"
is "$(cgx-sandbox inspect $(seq -f "$N-d%g" 10) | grep -o '"id_base":[0-9]*' | sort -u | wc -l)" 10 "each with ids of its own"
# shellcheck disable=SC2046
run cgx-sandbox rm -f $(seq -f "$N-d%g" 10)
is "$status" 0 "removed with one command"
ok "nothing is left" wait_for 30 clean

# ---- others go on --------------------------------------------------------------------------------

beside() # NAME OPTIONS...: what others have to wait while it runs: sets p99
{
	name=$1
	shift
	background cgx-sandbox run --rm --name "$N-$name" --report=none "$@" >/dev/null 2>&1
	sleep 0.3
	"$latency" 2000 >"$tmp/$name"
	diag "beside $name: $(tr '\n' ' ' <"$tmp/$name")"
	ok "$name still runs" eval "cgx-sandbox ps -q | grep -q '^$N-$name\$'"
	cgx-sandbox rm -f "$N-$name" >/dev/null 2>&1
	p50=$(sed -n 's/^child \([0-9]*\) .*/\1/p' "$tmp/$name")
	p99=$(sed -n 's/^child [0-9]* \([0-9]*\) .*/\1/p' "$tmp/$name")
}
diag "alone: $("$latency" 1000 | tr '\n' ' ')"
# of a machine that others may use meanwhile
half=$((20000 * slower)) most=$((1000000 * slower))
if has pids && has cpu; then
	beside bomb --pids 64 --cpus 50% --timeout 60s -v "$(dirname "$bomb"):/helpers" / "/helpers/${bomb##*/}" storm 1000000000 30
	num "${p50:-$half}" -lt "$half" "beside a fork bomb half of all children take less than 20 ms"
	num "${p99:-$most}" -lt "$most" "and 99 of 100 less than a second"
fi
if has memory && has cpu; then
	beside hog --memory 64M --cpus 50% --timeout 60s -v "$(dirname "$hog"):/helpers" / \
		sh -c "while :; do /helpers/${hog##*/} 256M; done"
	num "${p50:-$half}" -lt "$half" "beside a memory hog, too"
	num "${p99:-$most}" -lt "$most" "and 99 of 100"
fi
done_testing
