#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bad input: one clear line with the remedy, the right exit status, nothing left half done.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
need_helpers hog
ok "a group" cgx-create -r pids.max=50 "$T/a"
before=$(state)
unchanged() # NAME
{
	is "$(state)" "$before" "$1: nothing is changed"
}
bad() # STATUS NAME COMMAND...: refused with one line, and nothing done
{
	exits "$@"
	one_line "$2: one line"
	unchanged "$2"
}
names() # ERE NAME: the message says it
{
	like "$err" "$1" "$2"
}

# unknown controller or setting
bad 1 "create with an unknown controller" cgx-create -c nosuch "$T/x"
names nosuch "it is named"
bad 1 "create -g with an unknown controller" cgx-create -g "nosuch:$T/x"
bad 1 "get of an unknown controller" cgx-get -g nosuch "$T/a"
bad 1 "ls of an unknown controller" cgx-ls -g "nosuch:$T"
bad 125 "exec in a group of an unknown controller" cgx-exec -g "nosuch:$T/a" true
bad 1 "an unknown setting" cgx-set "$T/a" pids.nosuch=1
with_remedy "with a remedy"
names 'pids\.nosuch' "it is named"
bad 1 "a setting misspelt" cgx-set "$T/a" pids.mx=1
names 'pids\.max' "the right one is named"
bad 1 "a setting of an unknown controller" cgx-set "$T/a" nosuch.max=1
bad 1 "a read-only setting" cgx-set "$T/a" pids.current=1
bad 125 "exec -r of an unknown setting" cgx-exec --under "$T" -r pids.nosuch=1 true
bad 1 "get of a setting with a slash" cgx-get -r ../pids.max "$T/a"
bad 1 "set of a setting with a slash" cgx-set -r "../a/pids.max=5" "$T/a"

# missing group
for command in "cgx-get -r pids.max" "cgx-ls" "cgx-delete" "cgx-delete -r --kill"; do
	# shellcheck disable=SC2086
	bad 1 "$command of a missing group" $command "$T/missing"
	names "$T/missing" "it is named"
done
bad 1 "cgx-set of a missing group" cgx-set "$T/missing" pids.max=5
names "$T/missing" "it is named"
bad 1 "cgx-move into a missing group" cgx-move "$T/missing" $$
names "$T/missing" "it is named"
bad 125 "cgx-exec in a missing group" cgx-exec -g "$T/missing" true
with_remedy "with a remedy"

# paths
bad 1 "create with .." cgx-create "$T/a/../../x"
names '\.\.' "it is named"
bad 1 "delete with .." cgx-delete -r "$T/a/.."
bad 1 "get with .." cgx-get -r pids.max "$T/../$T/a"
bad 125 "exec with .." cgx-exec -g "$T/a/.." true
run cgx-create ""
isnt "$status" 0 "an empty path is refused"
one_line "one line"
bad 1 "a name with a newline" cgx-create "$T/new
line"
bad 1 "a name of 256 bytes" cgx-create "$T/$(printf '%0256d' 0)"
bad 1 "a path of 5000 bytes" cgx-create "$T$(printf '/%099d' $(seq 50))"
long=$(printf '%0255d' 0)
exits 0 "a name of 255 bytes" cgx-create "$T/$long"
run cgx-ls "$T"
is "$(echo "$out" | grep -cFx "$T/$long")" 1 "is listed"
exits 0 "and deleted" cgx-delete "$T/$long"
escape=$(printf 'esc\033[31mred')
run cgx-create "$T/$escape"
if [ "$status" = 0 ]; then
	run cgx-ls "$T"
	unlike "$out" "$(printf '\033')" "an escape in a name is not printed raw"
	like "$out" 'esc(\\x1[bB]|\\033|\\e)\[31mred' "but escaped"
	run cgx-ls --json "$T"
	unlike "$out" "$(printf '\033')" "nor in JSON"
	exits 0 "such a group can be deleted" cgx-delete "$T/$escape"
else
	one_line "an escape in a name is refused in one line"
fi
run cgx-get -r pids.max "$T/$escape"
unlike "$err" "$(printf '\033')" "an escape in a message is escaped"
like "$err" "^  make it with cgx-create \\$'$T/esc\\\\x1b\\[31mred'," "and the command in the remedy is what a shell takes"

# malformed numbers
for value in 10X -5 99999999999999999999 '' ' ' 0x10 1e9 1.5.5 'nan' "$(printf '5\n6')"; do
	bad 1 "pids.max=$(printf %s "$value" | tr '\n' '|')" cgx-set "$T/a" "pids.max=$value"
	with_remedy "with a remedy"
done
if has memory; then
	for value in 10X -5 99999999999999999999 99999999T 10MM 'M' '1,5G'; do
		bad 1 "memory.max=$value" cgx-set "$T/a" "memory.max=$value"
		names 'memory\.max' "the setting is named"
		bad 125 "cgx-exec --memory $value" cgx-exec --under "$T" "--memory=$value" true
	done
fi
if has cpu; then
	for value in 0 10001 -1 abc 1.5; do
		bad 1 "cpu.weight=$value" cgx-set "$T/a" "cpu.weight=$value"
	done
	for value in abc '5000 100 3' '0%' '-50%' '50000 100000x' '50000/0'; do
		bad 1 "cpu.max=$value" cgx-set "$T/a" "cpu.max=$value"
	done
	bad 125 "cgx-exec --cpu abc" cgx-exec --under "$T" --cpu abc true
fi
bad 125 "cgx-exec --pids -1" cgx-exec --under "$T" --pids=-1 true
bad 125 "cgx-exec --pids 10X" cgx-exec --under "$T" --pids 10X true
bad 2 "cgx-ls --depth x" cgx-ls --depth x
bad 2 "cgx-ls --pid x" cgx-ls --pid x
bad 2 "an unknown option" cgx-set --nosuch "$T/a" pids.max=5
bad 2 "an option without its argument" cgx-get "$T/a" -r

# a limit below usage
if has memory; then
	cgx-create "$T/m"
	background cgx-exec --report=none -g "$T/m" "$hog" 40M 300 >"$tmp/log"
	wait_for 10 grep -q touched "$tmp/log"
	before=$(state)
	bad 1 "memory.max below what is used" cgx-set "$T/m" memory.max=10M
	with_remedy "with a remedy"
	names '(4[0-9]|3[89])(\.[0-9]+)? ?M' "usage is told"
	names '10(\.0)? ?M|10485760' "the limit is told"
	isnt "$(procs_of memory "$T/m")" "" "the process lives"
	cgx-delete --kill "$T/m"
	before=$(state)
else
	skip "no memory controller" "memory.max below what is used"
fi

# not enabled in the parent
if [ -n "$V2" ] && [ -n "$(cat "$V2/cgroup.controllers")" ]; then
	c=$(tr ' ' '\n' <"$V2/cgroup.controllers" | grep -xE 'pids|memory|hugetlb' | head -n 1)
	case $c in
	pids) setting=pids.max=5 ;;
	memory) setting=memory.max=5M ;;
	*) setting=hugetlb.2MB.max=0 ;;
	esac
	mkdir -p "$V2/$T-plain/x"
	before=$(state)
	bad 1 "set of a controller that is not enabled in the parent" cgx-set ":$T-plain/x" "$setting"
	with_remedy "with a remedy"
	names "$c" "the controller is named"
	bad 1 "get of it" cgx-get -r "${setting%%=*}" ":$T-plain/x"
	rmdir "$V2/$T-plain/x" "$V2/$T-plain"
	before=$(state)
else
	skip "no v2 controllers" "a controller that is not enabled in the parent"
fi

# read-only cgroupfs, none at all
if have unshare && unshare -m true 2>/dev/null; then
	mounts=$(all_mounts | sort -u | tr '\n' ' ')
	ro="for m in $mounts; do mount -o remount,bind,ro \$m || exit 99; done"
	run unshare -m sh -c "$ro"
	if [ "$status" = 0 ]; then
		bad 1 "create on a read-only cgroupfs" unshare -m sh -c "$ro; cgx-create $T/x"
		names '[Rr]ead-only' "it says so"
		bad 1 "set on a read-only cgroupfs" unshare -m sh -c "$ro; cgx-set $T/a pids.max=5"
		bad 1 "delete on a read-only cgroupfs" unshare -m sh -c "$ro; cgx-delete $T/a"
		bad 125 "exec on a read-only cgroupfs" unshare -m sh -c "$ro; exec cgx-exec --under $T true"
		exits 0 "get on a read-only cgroupfs" unshare -m sh -c "$ro; cgx-get -r pids.max $T/a"
	else
		skip "cannot remount" "read-only cgroupfs"
	fi
	none="for m in $mounts; do umount -l \$m || exit 99; done"
	run unshare -m sh -c "$none"
	if [ "$status" = 0 ]; then
		run unshare -m sh -c "$none; cgx-ls --layout"
		is "$out" none "without cgroupfs the layout is none"
		bad 1 "create without cgroupfs" unshare -m sh -c "$none; cgx-create $T/x"
		with_remedy "with a remedy"
		bad 1 "ls without cgroupfs" unshare -m sh -c "$none; cgx-ls"
		bad 125 "exec without cgroupfs" unshare -m sh -c "$none; exec cgx-exec true"
	else
		skip "cannot unmount" "no cgroupfs"
	fi
else
	skip "no mount namespaces" "read-only cgroupfs"
fi

# a full disk for the report
bad 125 "a report that cannot be opened" cgx-exec --under "$T" --report=json --report-to "$tmp/no/such/dir" true
exits 3 "a full disk for the report" cgx-exec --under "$T" --report=json --report-to /dev/full sh -c 'exit 3'
names '[Nn]o space' "is told, and the command's status is given"
unchanged "a full disk for the report"
bad 125 "a descriptor for the report that is not open" cgx-exec --under "$T" --report=json --report-to 77 true
bad 1 "a full disk for a list" sh -c 'exec cgx-ls >/dev/full'
bad 1 "a full disk for JSON" sh -c "exec cgx-get --json $T/a >/dev/full"

# what is wrong with the target
bad 1 "a process that is not there" cgx-move "$T/a" 4194304
bad 1 "a kernel thread" cgx-move "$T/a" 2
bad 1 "pid 0" cgx-move "$T/a" 0
bad 1 "a negative pid" cgx-move "$T/a" -- -1
bad 1 "the root group is not deleted" cgx-delete /
done_testing
