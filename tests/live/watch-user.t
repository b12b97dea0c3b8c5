#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch and cgx-top without privileges: no tracepoint, no kernel log, groups of others, some of them closed.
# What is seen is told; what is not is said, once.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
need_root
need_helpers bomb hog
has memory || has pids || skip_all "no memory and no pids controller"
have setpriv || skip_all "no setpriv(1) here"
id nobody >/dev/null 2>&1 || skip_all "no user nobody"
open_tools
nobody="setpriv --reuid=nobody --regid=$(id -g nobody) --clear-groups"
chmod 755 "$tmp"
$nobody cgx-oom-watch --version >/dev/null 2>&1 || skip_all "nobody cannot execute the tools where they are"
export HOME="$tmp" XDG_CONFIG_HOME="$tmp/config"
has memory && memory_is=$(version_of memory) || memory_is=0
# Where everybody may read the kernel log, that is where victims are known from.
log=closed
# shellcheck disable=SC2086
! $nobody dd if=/dev/kmsg of=/dev/null count=0 2>/dev/null || log=open

# Whether v1 notifies nobody of a group: Linux 6.1 does, 6.18 notifies root alone.
notifies() # GROUP
{
	# shellcheck disable=SC2086
	$nobody test -w "$(dir_of memory "$1")/cgroup.event_control"
}

warned() # ERE: how often
{
	printf '%s\n' "$err" | grep -cE "warning: .*($1)"
}

as() # COMMAND...: as nobody
{
	# shellcheck disable=SC2086
	run $nobody "$@"
}

killed_in() # GROUP: how many kills are told of it, in JSON lines
{
	jq -s "[.[] | select(.kind == \"kill\" and .group == \"$1\") | .count] | add // 0" "$tmp/w.out"
}

# ---- groups of root's ----------------------------------------------------------------------------

if has memory; then
	memory_group "$T/k" 16M
	first=$nobody
	watch "$T"
	victim "$T/k"
	ok "a kill is told" wait_for 5 told 1 " kill "
	watched
	is "$status" 0 "status 0"
	like "$out" " kill  $T/k: .*at memory\.max 16\.0M" "with group and limit"
	unlike "$out" '\[tracepoint\]' "nobody reads the tracepoint"
	if [ $log = closed ]; then
		is "$(warned 'victims are guessed')" 1 "that victims are guessed is said once"
		like "$err" 'CAP_SYSLOG' "with what it takes to know them"
		like "$out" '\[(counter|snapshot)\]' "and the source of each"
	else
		like "$out" "pid $victim.*\[kernel log\]" "victims are known from the log"
	fi
	if [ "$memory_is" = 1 ] && ! notifies "$T/k"; then
		is "$(warned 'permission to be notified')" 1 "that v1 notifies root alone is said once"
	else
		is "$(warned 'notified|read every')" 0 "everybody is notified here"
	fi
	if [ -n "${CGX_VM-}" ] && [ $log = closed ]; then
		echo 0 >/proc/sys/kernel/dmesg_restrict
		watch "$T"
		victim "$T/k"
		ok "with a kernel log for everybody" wait_for 5 told 1 "killed hog \(pid $victim.*\[kernel log\]"
		watched
		is "$(warned 'victims are guessed')" 0 "nothing is guessed"
		echo 1 >/proc/sys/kernel/dmesg_restrict
	fi

	# Counters go with their groups on v1, and nobody but root is notified before; the machine has counted them.
	before=$(sed -n 's/^oom_kill //p' /proc/vmstat)
	watch --json
	for i in 1 2 3 4 5 6; do
		cgx-exec --under "$T" --name "g$i" --memory 8M --report=none "$hog" 40M >/dev/null 2>&1
	done
	watched # at once: a kill that no group shows is told all the same
	if have jq; then
		all=$(($(sed -n 's/^oom_kill //p' /proc/vmstat) - before))
		num "$(kills "$out")" -ge 6 "of groups removed at once no kill is dropped (of the machine's $all)"
		num "$(kills "$out")" -le "$all" "none is told twice"
		[ "$(kills "$out")" = "$all" ] || diag "$out"
		[ "$memory_is" = 1 ] ||
			is "$(printf '%s\n' "$out" | jq -rs "[.[] | select(.kind == \"kill\" and (.group // \"\" | startswith(\"$T\"))) | .count] | add")" 6 \
				"v2: each in the tree that it happened in"
	else
		skip "no jq here" "of groups removed at once no kill is dropped"
	fi
	# shellcheck disable=SC2086
	run $nobody cgx-oom-watch --quiet --since-start --timeout 0 "$T"
	is "$status" 3 "--quiet --since-start: there were some"
	[ $log = open ] || is "$(warned 'victims are guessed')" 1 "and --quiet says what it cannot see"
fi

if has pids; then
	cgx-create -r pids.max=8 "$T/f"
	first=$nobody
	watch "$T/f"
	run cgx-exec --report=none -g "$T/f" "$bomb" 30 1
	ok "a denied fork is told" wait_for 5 told 1 " fork  ?$T/f: .*pids\.max 8"
	watched
	is "$status" 0 "status 0"
	first="$nobody env"
	watch --count 1 "$T/f"
	cgx-exec --report=none -g "$T/f" "$bomb" 30 1 >/dev/null
	ended
	is "$status" 0 "--count ends it"
fi

# ---- what is closed ------------------------------------------------------------------------------

c=memory
has memory || c=pids
ok "groups below a closed one" cgx-create "$T/closed/in" "$T/open"
for m in $(all_mounts); do
	[ ! -d "$m/$T/closed" ] || chmod 700 "$m/$T/closed"
done
as cgx-oom-watch --timeout 0 "$T"
is "$status" 0 "a group that others may not look into is no failure"
is "$(warned "no permission to list $T/closed")" 1 "it is said, once"
is "$(warned 'max_user_watches')" 0 "and nothing else"
as cgx-oom-watch --timeout 0 "$T/closed/in"
is "$status" 0 "nor is one below it"
is "$(warned "no permission to list")" 1 "which is said"
first=$nobody
watch "$T"
if has memory; then
	victim "$T/k"
	ok "others are seen as before" wait_for 5 told 1 " kill  $T/k: "
fi
watched
as cgx-top --csv -n 1 -c MEMORY,PIDS "$T"
is "$status" 0 "cgx-top, too"
like "$out" ",$T/open,[0-9]*,[0-9]*\$" "others are shown"
like "$out" ",$T/closed,,\$" "what may not be read has no figure"
for m in $(all_mounts); do
	[ ! -d "$m/$T/closed" ] || chmod 755 "$m/$T/closed"
done

# ---- cgx-top -------------------------------------------------------------------------------------

as cgx-top --csv -n 1 -c "LIMIT,PIDSMAX,KILLS,DENIED" "$T"
theirs=$(printf '%s\n' "$out" | cut -d, -f2-)
run cgx-top --csv -n 1 -c "LIMIT,PIDSMAX,KILLS,DENIED" "$T"
is "$theirs" "$(printf '%s\n' "$out" | cut -d, -f2-)" "cgx-top shows what root sees"
is "$err" "" "root has nothing to be told"
as cgx-top --json -n 2 -d 100ms -c PIDS "$T"
is "$status" 0 "with events"
if has memory && [ $log = closed ]; then
	is "$(printf '%s\n' "$err" | grep -c 'victims are guessed')" 1 "it says once that victims are guessed"
fi
as cgx-top --csv -n 1 -c PIDS "$T"
is "$err" "" "where no event is told nothing is said of them"

# ---- what it takes -------------------------------------------------------------------------------

if [ $log = closed ]; then
	as cgx-oom-watch --explain
	is "$status" 1 "--explain of a log that may not be read"
	with_remedy "is told with a remedy"
fi
printf '[    1.000000] Memory cgroup out of memory: Killed process 7 (hog) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0\n' |
	$nobody cgx-oom-watch --explain - >"$tmp/explained" 2>&1
like "$(cat "$tmp/explained")" 'killed hog \(pid 7' "--explain of a text needs no privilege"
if unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_inotify_instances' 2>/dev/null; then
	exits 1 "no inotify instance" unshare --user --map-root-user \
		sh -c "echo 0 >/proc/sys/user/max_inotify_instances; exec cgx-oom-watch --timeout 0 $T"
	with_remedy "is told with a remedy"
	exits 0 "cgx-top goes without" unshare --user --map-root-user \
		sh -c "echo 0 >/proc/sys/user/max_inotify_instances; exec cgx-top --json -n 1 -c PIDS $T"
	like "$err" 'no events: ' "and says that it sees no events"
else
	skip "no user namespaces here" "no inotify instance"
fi

# ---- groups of the user's own --------------------------------------------------------------------

exits 0 "a delegated subtree" cgx-create -c "$(has memory && echo memory || echo pids)" --owner nobody "$T-d"
if has memory; then
	memory_group "$T-d/mine" 16M
	chown -R nobody "$(dir_of memory "$T-d/mine")"
	first=$nobody
	watch "$T-d"
	victim "$T-d/mine"
	ok "a kill in it is told" wait_for 5 told 1 " kill  $T-d/mine: .*at memory\.max 16\.0M"
	watched
	is "$status" 0 "status 0"
	want=0
	[ "$memory_is" = 2 ] || { notifies "$T-d" && notifies "$T-d/mine"; } || want=1
	is "$(warned 'permission to be notified')" $want "whether one is notified is said as it is"
fi
done_testing
