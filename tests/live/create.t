#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-create: parents, controllers, settings, owners, plans.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"

exits 0 "a group with parents" cgx-create "$T/a/b/c"
usual=
for c in memory pids cpu cpuacct io; do
	! has "$c" || usual="$usual $c"
done
# shellcheck disable=SC2086
ok "is there in the hierarchies of$usual" exists "$T/a/b/c" $usual
is "$out$err" "" "and nothing is said"
exits 0 "again" cgx-create "$T/a/b/c"
exits 1 "again, --exclusive" cgx-create --exclusive "$T/a/b/c"
one_line "is refused in one line"
ok "the group is still there" exists "$T/a/b/c" pids

exits 0 "one controller" cgx-create -c pids "$T-p"
ok "makes the group there" exists "$T-p" pids
if [ "$(version_of memory)" = 1 ]; then
	ok "and not in another v1 hierarchy" not exists "$T-p" memory
elif [ "$(version_of memory)" = 2 ] && [ "$(version_of pids)" = 2 ]; then
	ok "pids.max is there" test -e "$(dir_of pids "$T-p")/pids.max"
fi
exits 0 "-g CONTROLLERS:PATH" cgx-create -g "pids:$T-g/x" -g "pids:$T-g/y"
ok "makes both" exists "$T-g/x" pids
ok "makes both" exists "$T-g/y" pids
if [ -n "$V2" ]; then
	exits 0 "-g :PATH" cgx-create -g ":$T-v2"
	ok "makes a v2 group" test -d "$V2/$T-v2"
	is "$(cat "$V2/$T-v2/cgroup.subtree_control")" "" "with nothing enabled below"
	if [ "$(version_of pids)" = 2 ]; then
		like "$(cat "$V2/$T/a/cgroup.subtree_control")" '(^| )pids( |$)' "controllers are enabled down the path"
		unlike "$(cat "$V2/$T/a/b/c/cgroup.subtree_control")" pids "but not below the group itself"
	else
		skip "pids is on v1" "controllers are enabled down the path"
	fi
else
	skip "no v2 tree" "-g :PATH makes a v2 group"
fi
was=$([ -z "$V2" ] || cat "$V2/cgroup.subtree_control")
exits 0 "-g '*:PATH'" cgx-create -g "*:$T-all"
n=0
for m in $(all_mounts | sort -u); do
	[ -d "$m/$T-all" ] || n=$((n + 1))
done
num "$n" -le 1 "makes it in every hierarchy (a named one apart)"
cgx-delete "$T-all"
disable_again "$was"

exits 0 "with settings" cgx-create -r pids.max=7 "$T/s"
is "$(in_kernel pids "$T/s" pids.max pids.max)" 7 "sets them"
before=$(state)
exits 1 "with a setting that is refused" cgx-create -r pids.max=7 -r pids.max=zzz "$T/s2/x"
one_line "one line"
is "$(state)" "$before" "leaves nothing behind"
exits 1 "an unknown controller" cgx-create -c nosuch "$T/s2"
one_line "one line"
like "$err" nosuch "names it"
is "$(state)" "$before" "leaves nothing behind"
exits 0 "--dry-run" cgx-create --dry-run -r pids.max=7 "$T/dry/x"
like "$out" "$T/dry/x" "names the group"
is "$(state)" "$before" "makes nothing"
exits 2 "no group is a usage error" cgx-create
one_line "one line"

exits 0 "owner and modes" cgx-create -c pids -a 65534:65534 -d 750 -f 640 -t 1:1 -s 660 "$T-own"
d=$(dir_of pids "$T-own")
is "$(stat -c '%u:%g %a' "$d")" "65534:65534 750" "of the directory"
is "$(stat -c '%u:%g %a' "$d/pids.max")" "65534:65534 640" "of its files"
if [ -e "$d/tasks" ]; then file=tasks; else file=cgroup.procs; fi
is "$(stat -c '%u:%g %a' "$d/$file")" "1:1 660" "of the file that takes processes"
exits 0 "--owner" cgx-create -c pids --owner nobody "$T-del"
d=$(dir_of pids "$T-del")
is "$(stat -c %U "$d")" nobody "gives the directory"
is "$(stat -c %U "$d/cgroup.procs")" nobody "and the file that takes processes"
is "$(stat -c %U "$d/pids.max")" root "and keeps the limits"
exits 1 "an owner that is not there" cgx-create --owner nosuchuser "$T-no"
one_line "one line"
ok "makes nothing" is_gone "$T-no"
done_testing
