#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch and cgx-top while groups come and go: neither grows. $SOAK_SECONDS (20) long; make soak takes 600.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
need_root
need_helpers hog
has pids || skip_all "no pids controller"
seconds=${SOAK_SECONDS:-20}
at_once=100 # groups that are there at the same time
export HOME="$tmp" XDG_CONFIG_HOME="$tmp/config"

wait_or_stop() # SECONDS COMMAND...
{
	wait_for "$@" || bail "not within $1 s: $2 $3"
}

# Not VmRSS: before Linux 6.2 that is told of every 64th page.
rss() # PID: kB
{
	awk '/^Rss/ { print $2 }' "/proc/$1/smaps_rollup"
}

descriptors() # PID
{
	find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l
}

watches_of() # PID: inotify watches
{
	cat "/proc/$1/fdinfo/"* 2>/dev/null | grep -c ^inotify
}

at_rest() # PID DESCRIPTORS WATCHES: no more of either than before
{
	[ "$(descriptors "$1")" -le "$2" ] && [ "$(watches_of "$1")" -le "$3" ]
}

tell_use() # WHEN
{
	diag "$1: cgx-oom-watch $(rss "$watcher") kB, $(descriptors "$watcher") descriptors, $(watches_of "$watcher") inotify watches"
	diag "$1: cgx-top $(rss "$top") kB, $(descriptors "$top") descriptors, $(watches_of "$top") inotify watches"
}

places=$({ mount_of pids; mount_of memory; } | sort -u)
limit=''
if has memory; then
	limit=memory.max
	[ "$(version_of memory)" = 2 ] || limit=memory.limit_in_bytes
fi

# One more kill in a group that is gone right afterwards.
kill_one() # GROUP
{
	[ -n "$limit" ] || return 0
	echo 8M >"$(dir_of memory "$T")/$1/$limit"
	[ ! -e "$(dir_of memory "$T")/$1/memory.swap.max" ] || echo 0 >"$(dir_of memory "$T")/$1/memory.swap.max"
	sh -c 'echo $$ >"$1/cgroup.procs" && exec "$2" 40M' - "$(dir_of memory "$T")/$1" "$hog" 2>/dev/null
	kills_made=$((kills_made + 1))
}

made=0 kills_made=0
churn() # SECONDS: make and remove groups of ever new names
{
	churn_end=$(($(date +%s) + $1))
	while [ "$(date +%s)" -lt "$churn_end" ]; do
		names=$(seq -f "a-name-of-some-length-%g.scope" $((made + 1)) $((made + at_once)))
		made=$((made + at_once))
		for p in $places; do
			# shellcheck disable=SC2086
			(cd "$p/$T" && mkdir $names)
		done
		kill_one "a-name-of-some-length-$made.scope"
		sleep 0.2
		for p in $places; do
			# shellcheck disable=SC2086
			(cd "$p/$T" && rmdir $names)
		done
	done
}

ok "a group" cgx-create "$T/stays"
# shellcheck disable=SC2034
first='nice -n -15'
watch --json "$T"
watcher=$pid
background cgx-top --json -d 200ms -c MEMORY,PIDS,KILLS,DENIED "$T" >"$tmp/top.out" 2>"$tmp/top.err"
top=$!
wait_or_stop 10 test -s "$tmp/top.out"
sleep 1
watch_fds=$(descriptors "$watcher") watch_watches=$(watches_of "$watcher") top_fds=$(descriptors "$top") top_watches=$(watches_of "$top")
tell_use "at first"
# what the first of them take is kept for the next
churn $((seconds / 5))
: >"$tmp/top.out"
sleep 0.5
watch_rss=$(rss "$watcher") top_rss=$(rss "$top")
tell_use "after $made groups"
churn $((seconds - seconds / 5))
ok "cgx-oom-watch has given back descriptors and watches" wait_for 10 at_rest "$watcher" "$watch_fds" "$watch_watches"
ok "cgx-top, too" wait_for 10 at_rest "$top" "$top_fds" "$top_watches"
tell_use "after $made groups"
# the summary keeps the names of 4096 groups that had events
kept=$((kills_made < 4096 ? kills_made / 4 : 1024))
slack=512
[ -z "${ASAN_OPTIONS-}" ] || slack=4096 # what is freed waits a while there
num "$(rss "$watcher")" -le $((watch_rss + slack + kept)) "cgx-oom-watch has not grown ($made groups)"
num "$(rss "$top")" -le $((top_rss + slack)) "cgx-top has not grown"
ok "cgx-top goes on" alive "$top"
kill "$top"
wait "$top" 2>/dev/null
is "$(cat "$tmp/top.err")" "" "without complaint"
pid=$watcher
watched
is "$status" 0 "cgx-oom-watch goes on"
if [ -n "$limit" ] && have jq; then
	json "and has told every kill ($kills_made)" "$(printf '%s\n' "$out" | tail -n 1)" ".total.kills == $kills_made"
else
	skip "no memory controller, or no jq" "and has told every kill"
fi
done_testing
