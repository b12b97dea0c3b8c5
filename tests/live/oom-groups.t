#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch tells groups that run empty and groups that go once each, though they are in several hierarchies.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has memory || has pids || skip_all "no memory and no pids controller"

lines() # ERE: how many lines tell it
{
	grep -cE -- "$1" "$tmp/told"
}
told() { [ "$(lines "$1")" -ge 1 ]; }

ok "groups" cgx-create "$T/a/b"
background cgx-oom-watch --kinds emptied,removed "$T" >"$tmp/told" 2>"$tmp/says"
watcher=$!
ok "are watched" wait_for 10 grep -q ': note: watching' "$tmp/says"

background cgx-exec --report=none -g "$T/a/b" sleep 300
held() { ! is_empty "$T/a/b"; }
wait_for 10 held
# where nobody tells who is in a group it is looked at every second
sleep 2.5
is "$(lines .)" 0 "nothing is told of a group in which a process is"
for m in $(all_mounts); do
	[ ! -d "$m/$T/a/b" ] || cat "$m/$T/a/b/cgroup.procs"
done | sort -u | xargs -r kill -KILL
ok "a group that runs empty is told" wait_for 15 told " emptied +$T/a/b: "
ok "and the one above it" wait_for 15 told " emptied +$T/a: "
sleep 2.5
is "$(lines " emptied +$T/a/b: ") $(lines " emptied +$T/a: ")" "1 1" "once"
is "$(lines ' removed ')" 0 "and it is still there"

# One hierarchy after the other: it is gone when the last has it no more.
ok "a group is removed" cgx-delete "$T/a/b"
ok "which is told" wait_for 15 told " removed +$T/a/b: "
last=''
for m in $(all_mounts); do
	if [ -d "$m/$T/a" ]; then
		case " $(has memory && mount_of memory) $(has pids && mount_of pids) $V2 " in
		*" $m "*) ;;
		*) continue ;;
		esac
		[ -z "$last" ] || { rmdir "$last/$T/a" && n=$((${n:-0} + 1)); }
		last=$m
	fi
done
sleep 1.5
is "$(lines " removed +$T/a: ")" 0 "one that is left in one hierarchy is not told (removed in ${n:-0} others)"
rmdir "$last/$T/a"
ok "until that lets it go" wait_for 15 told " removed +$T/a: "
kill -TERM "$watcher"
wait "$watcher"
is "$(lines " removed +$T/a: ") $(lines " removed +$T/a/b: ")" "1 1" "once"

# What v2 alone has.
if [ -z "$V2" ]; then
	exits 1 "pressure alone" timeout 5 cgx-oom-watch --kinds pressure "$T"
	like "$err" 'pressure|groups have it on v2 only' "says that it takes v2"
	with_remedy "and what helps"
	run timeout 3 cgx-oom-watch --kinds kill,pressure "$T"
	like "$out$err" 'pressure is not watched: groups have it on v2 only' "together with others it is told as unseen"
fi
done_testing
