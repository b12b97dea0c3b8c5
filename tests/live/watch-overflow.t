#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch and cgx-top when the kernel throws notifications away because nobody reads them: that is told, and what is there
# then is followed, a group in the place of another included.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
need_root
need_helpers bomb
has pids || skip_all "no pids controller"
limit=$(cat /proc/sys/fs/inotify/max_queued_events 2>/dev/null)
[ "${limit:-0}" -gt 0 ] || skip_all "it is not known how many notifications wait"
if [ -n "${CGX_VM-}" ]; then
	was=$limit limit=512
	echo $limit >/proc/sys/fs/inotify/max_queued_events
fi
[ "$limit" -le 20000 ] || skip_all "too many notifications can wait: $limit"
export HOME="$tmp" XDG_CONFIG_HOME="$tmp/config"
ok "groups" cgx-create "$T/one" "$T/two" "$T/goes" "$T/replaced" "$T/stays"
one=$(dir_of pids "$T/one")/pids.max two=$(dir_of pids "$T/two")/pids.max

# Those of the same file after one another would be told as one.
flood()
{
	flood_n=0
	while [ $flood_n -le "$limit" ]; do
		echo 50 >"$one" && echo 50 >"$two"
		flood_n=$((flood_n + 2))
	done
}

watch --kinds fork,removed "$T"
background cgx-top --csv --flat --no-bpf -d 100ms -c PIDSMAX "$T" >"$tmp/top" 2>"$tmp/top.err"
top=$!
wait_for 10 grep -q "$T/stays" "$tmp/top"
top=$(pgrep -P "$top" cgx-top || echo "$top")
kill -STOP "$pid" "$top"
flood
ok "groups go, come, and come again" sh -c "cgx-delete $T/goes $T/replaced && cgx-create $T/new/below $T/replaced"
ok "with limits" sh -c "cgx-set $T/replaced pids.max=4 && cgx-set $T/new/below pids.max=5"
kill -CONT "$pid" "$top"
ok "that notifications were lost is told" wait_for 10 grep -q 'warning: notifications came faster' "$tmp/w.err"
ok "who is gone is told" wait_for 5 told 1 " removed +$T/goes"
followed() # GROUP
{
	follows "$pid" "$(dir_of pids "$1")"
}
ok "a new group is followed" wait_for 5 followed "$T/new/below"
ok "one in the place of another, too" wait_for 5 followed "$T/replaced"
for g in replaced new/below stays; do
	[ $g != stays ] || cgx-set "$T/stays" pids.max=3
	run cgx-exec --report=none -g "$T/$g" "$bomb" 10 0
	ok "a denied fork in $g is told" wait_for 5 told 1 " fork +$T/$g: "
done
watched
is "$status" 0 "it ends well"
is "$(grep -c 'notifications came faster' "$tmp/w.err")" 1 "and said it once"
shows() # LINE: the last lines have it
{
	tail -n 12 "$tmp/top" | grep -q ",$1\$"
}
ok "cgx-top has the new limits" wait_for 5 shows "$T/new/below,5"
ok "those of the one in the place of another" wait_for 5 shows "$T/replaced,4"
ok "and the change since" wait_for 5 shows "$T/stays,3"
not shows "$T/goes," && pass "but not who is gone" || fail "but not who is gone" "$(tail -n 12 "$tmp/top")"
kill "$top"

# ---- the kernel log ------------------------------------------------------------------------------

if [ -n "${CGX_VM-}" ] && has memory; then
	need_helpers hog
	memory_group "$T/k" 16M
	watch "$T"
	kill -STOP "$pid"
	devkmsg=$(cat /proc/sys/kernel/printk_devkmsg)
	echo on >/proc/sys/kernel/printk_devkmsg
	# <7> is for no console
	awk 'BEGIN { for (i = 0; i < 3000; i++) { printf "<7>%900d\n", i; fflush() } }' >/dev/kmsg
	echo "$devkmsg" >/proc/sys/kernel/printk_devkmsg
	kill -CONT "$pid"
	ok "that records of the kernel log were overwritten is told" \
		wait_for 10 grep -Eq 'warning: [0-9]+ records of the kernel log were overwritten' "$tmp/w.err"
	victim "$T/k"
	ok "a kill after that has its victim" wait_for 5 told 1 "killed hog \(pid $victim"
	watched
else
	skip "fills the kernel log: in a virtual machine only" "that records of the kernel log were overwritten is told"
fi
[ -z "${CGX_VM-}" ] || echo "$was" >/proc/sys/fs/inotify/max_queued_events
done_testing
