#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch on v2 after the kernel has dropped what it does not need: the inodes of files that nobody has open. It
# notifies of a file whose inode is there.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
need_root
need_helpers bomb hog
[ -n "${CGX_VM-}" ] || skip_all "drops the caches of the whole machine: in a virtual machine only"
[ "$(version_of memory)$(version_of pids)" = 22 ] || skip_all "memory and pids are not both on v2 here"
nobody="setpriv --reuid=nobody --regid=$(id -g nobody) --clear-groups"

drop()
{
	sync
	for _ in 1 2 3; do
		echo 2 >/proc/sys/vm/drop_caches
	done
	sleep 0.5
}

memory_group "$T/k" 16M
cgx-create -r pids.max=8 "$T/f"
# No tracepoint and no kernel log that would tell of the kill besides.
first=$nobody
watch "$T"
drop
victim "$T/k"
ok "a kill is told" wait_for 3 told 1 " kill  $T/k: "
drop
run cgx-exec --report=none -g "$T/f" "$bomb" 30 1
ok "a denied fork is told" wait_for 3 told 1 " fork  $T/f: "
cgx-create -r pids.max=8 "$T/f/later"
drop
run cgx-exec --report=none -g "$T/f/later" "$bomb" 30 1
ok "in a group that came later, too" wait_for 3 told 1 " fork  $T/f/later: "
watched
first=''
watch --kinds emptied "$T/k"
background cgx-exec --report=none -g "$T/k" sleep 300
wait_for 5 grep -q . "$(dir_of memory "$T/k")/cgroup.procs"
drop
kill "$!"
ok "a group that empties is told" wait_for 3 told 1 " emptied +$T/k"
watched

# ---- what that takes -----------------------------------------------------------------------------

seq -f "$T/many%g" 50 | xargs cgx-create
watch "$T"
n=$(sed -n 's/^.*watching \([0-9]*\) groups.*/\1/p' "$tmp/w.err")
watches=$(cat "/proc/$pid/fdinfo/"* 2>/dev/null | grep -c ^inotify)
num "$watches" -le $((n * 4 + 8)) "four inotify watches a group at most ($watches for $n groups)"
watched
if unshare --user --map-root-user true 2>/dev/null; then
	cat >"$tmp/short" <<-'END'
		echo 20 >/proc/sys/user/max_inotify_watches && exec "$@"
	END
	first="unshare --user --map-root-user sh $tmp/short"
	watch "$T"
	is "$(grep -c 'warning: the limit of inotify watches is reached' "$tmp/w.err")" 1 "when they are used up that is said, once"
	run cgx-exec --report=none -g "$T/f/later" "$bomb" 30 1
	ok "and groups are read now and then" wait_for 3 told 1 " fork  $T/f/later: "
	watched
else
	skip "no user namespaces here" "when they are used up that is said"
fi
done_testing
