#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-exec without -g: a temporary group, made, limited, and removed.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"

ok "a parent" cgx-create "$T"
exits 0 "a command in a temporary group" cgx-exec --under "$T" cat /proc/self/cgroup
like "$out" ":/$T/[^/]+$" "runs below the parent"
ok "the group is gone afterwards" is_childless "$T"
exits 7 "the command's status" cgx-exec --under "$T" --report=none sh -c 'exit 7'
is "$err" "" "--report=none says nothing"
exits 7 "by default a failure is reported" cgx-exec --under "$T" sh -c 'exit 7'
like "$err" 'exited with 7' "with the status"
exits 0 "by default a success" cgx-exec --under "$T" true
is "$err" "" "is not"
exits 127 "a command that is not there" cgx-exec --under "$T" /no/such
ok "leaves no group" is_childless "$T"
exits 125 "a limit that is refused" cgx-exec --under "$T" -r pids.max=zzz true
one_line "one line"
ok "leaves no group" is_childless "$T"
run cgx-exec --under "$T/nosuch" true
ok "a parent that is not there is not left behind" is_childless "$T"
[ ! -d "$(dir_of pids "$T/nosuch")" ] || cgx-delete "$T/nosuch"

exits 0 "--name" cgx-exec --under "$T" --name named cat /proc/self/cgroup
like "$out" ":/$T/named$" "names it"
ok "and it is gone, too" is_childless "$T"
exits 0 "--keep" cgx-exec --under "$T" --name kept --keep true
ok "keeps it" exists "$T/kept" pids
exits 0 "and can be deleted" cgx-delete "$T/kept"

v1_limit() # what the command finds in its own group
{
	run cgx-exec --under "$T" --name probe "$@"
}
dir=$(dir_of pids "$T/probe")
v1_limit --pids 17 cat "$dir/pids.max"
is "$out" 17 "--pids"
if has memory; then
	dir=$(dir_of memory "$T/probe")
	if [ "$(version_of memory)" = 1 ]; then file=memory.limit_in_bytes; else file=memory.max; fi
	v1_limit --memory 48M cat "$dir/$file"
	is "$out" 50331648 "--memory 48M"
	v1_limit -r memory.max=32M -r pids.max=9 cat "$dir/$file"
	is "$out" 33554432 "-r memory.max=32M"
else
	skip "no memory controller" "--memory"
fi
if has cpu; then
	dir=$(dir_of cpu "$T/probe")
	if [ "$(version_of cpu)" = 1 ]; then
		v1_limit --cpu 50% cat "$dir/cpu.cfs_quota_us" "$dir/cpu.cfs_period_us"
	else
		v1_limit --cpu 50% cat "$dir/cpu.max"
	fi
	is "$(echo "$out" | xargs)" "50000 100000" "--cpu 50%"
else
	skip "no cpu controller" "--cpu"
fi
if has cpuset; then
	cpu=$(sed 's/[-,].*//' /sys/devices/system/cpu/online)
	dir=$(dir_of cpuset "$T/probe")
	exits 0 "--cpus-allowed" cgx-exec --under "$T" --name probe --cpus-allowed "$cpu" cat "$dir/cpuset.cpus"
	is "$out" "$cpu" "sets cpuset.cpus"
	run cgx-exec --under "$T" --cpus-allowed "$cpu" grep Cpus_allowed_list /proc/self/status
	is "$(echo "$out" | awk '{ print $2 }')" "$cpu" "and the command may run there only"
else
	skip "no cpuset controller" "--cpus-allowed"
fi

exits 0 "what is left when the command ends" cgx-exec --under "$T" --kill sh -c 'sleep 300 & echo $!'
ok "is killed with --kill" not alive "$out"
ok "and the group is gone" is_childless "$T"
run cgx-exec --under "$T" sh -c 'sleep 300 >/dev/null 2>&1 & echo $!'
left=$out
ok "without it, it lives" alive "$left"
kill "$left"
ok "and the group goes with the last process" wait_for 5 is_childless "$T"

# The default: below the group of the caller. Nested, so that the caller's group is ours.
cgx-create "$T/home"
exits 0 "cgx-exec below the caller's own group" cgx-exec -g "$T/home" cgx-exec --pids 19 cat /proc/self/cgroup
like "$out" ":/$T/[^/]+" "is below or beside it"
ok "and leaves nothing" is_childless "$T/home"
exits 5 "twice nested" cgx-exec -g "$T/home" cgx-exec --report=none --pids 19 cgx-exec --report=none sh -c 'exit 5'
before=$(tree)
exits 0 "--dry-run" cgx-exec --dry-run --under "$T" --pids 5 sh -c 'echo ran >&2'
unlike "$err" ran "does not run the command"
like "$out" pids.max "says what it would set"
is "$(tree)" "$before" "and makes no group"
done_testing
