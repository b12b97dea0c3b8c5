#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch when the machine itself runs out of memory: told as such, not as a limit's doing, with group and victim.
# And kills outside of what is watched. In a virtual machine alone: nothing here bounds the hog.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
[ -n "${CGX_VM-}" ] || skip_all "the machine must run out of memory, which only a virtual one may"
need_root
need_helpers hog
has memory || skip_all "no memory controller"
have jq || skip_all "no jq here"
[ "$(cat /proc/sys/vm/panic_on_oom)" = 0 ] || skip_all "vm.panic_on_oom is set"
[ -z "$(sed 1d /proc/swaps)" ] || skip_all "there is swap, so that it would take long"
# all that runs here is spared, the hog is asked for
echo -1000 >/proc/self/oom_score_adj || skip_all "oom_score_adj cannot be lowered"
# and whoever waits for this test: a machine that is slow to take a victim's memory back takes another victim
spared=''
p=$$
while p=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$p/status") && [ "${p:-0}" -gt 0 ]; do
	spared="$spared $p:$(cat "/proc/$p/oom_score_adj")"
	echo -1000 >"/proc/$p/oom_score_adj"
done
# Most of the memory is set aside: to have all of it taken takes an emulated machine half a minute each time.
pages=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo) * 6 / 10 / 2048))
huge=$(cat /proc/sys/vm/nr_hugepages)
grep -q '^Hugepagesize: *2048 kB' /proc/meminfo && echo "$pages" >/proc/sys/vm/nr_hugepages
as_it_was()
{
	echo "$huge" >/proc/sys/vm/nr_hugepages
	for s in $spared; do
		echo "${s#*:}" >"/proc/${s%:*}/oom_score_adj"
	done
}
trap 'as_it_was; clean_up' EXIT

all_memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1K/p' /proc/meminfo)
machine_kills()
{
	sed -n 's/^oom_kill //p' /proc/vmstat
}

# What can be read again from disk is given back first: else an emulated machine reads it again and again for minutes.
run_out() # DIRECTORY: a process in it takes all memory there is, and is killed; its number is in $victim
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sh -c 'echo $$ >"$1/cgroup.procs" && echo 1000 >/proc/self/oom_score_adj && echo $$ >"$2" && exec "$3" "$4"' \
		- "$1" "$tmp/victim" "$hog" "$all_memory" >"$tmp/victim.out" 2>&1
	victim_status=$?
	[ "$victim_status" = 137 ] || diag "the hog lives: $victim_status $(cat "$tmp/victim.out")"
	victim=$(cat "$tmp/victim")
}

# For a limit's doing: what runs here is spared.
cat >"$tmp/mortal" <<-END
	#!/bin/sh
	echo 0 >/proc/self/oom_score_adj
	exec $hog "\$@"
END
chmod 755 "$tmp/mortal"

kill_lines()
{
	grep '"kind":"kill"' "$tmp/w.out"
}

told_victim() { kill_lines | grep -q "\"pid\":$victim,"; }

# ---- in a group without a limit ------------------------------------------------------------------

cgx-create "$T/m/in" "$T/other"
memory_group "$T/limited" 16M
# on v2 memory is there now for all that have a limit beside them
before=$(machine_kills)
watch --json
watcher=$pid
run_out "$(dir_of memory "$T/m/in")"
is "$(($(machine_kills) - before))" 1 "the machine runs out of memory once"
ok "it is told" wait_for 10 told_victim
said=$(kill_lines | grep "\"pid\":$victim,")
json "as the machine's lack" "$said" '.machine == true'
json "not as a limit's doing" "$said" '.limit_group == null and .limit == null'
json "with the group" "$said" ".group == \"$T/m/in\""
json "and the victim" "$said" '.victim.comm == "hog" and .victim.oom_score_adj == 1000 and .victim.rss > 100000000'
json "for sure" "$said" '.sure == true'

victim "$T/limited" "$tmp/mortal"
ok "a limit's doing after it is told" wait_for 5 told_victim
json "as that" "$(kill_lines | grep "\"pid\":$victim,")" \
	".machine == false and .limit_group == \"$T/limited\" and .group == \"$T/limited\""

# ---- in the root group ---------------------------------------------------------------------------

run_out "$(mount_of memory)"
ok "the victim is in no group: told, too" wait_for 10 told 3 '"kill"'
said=$(kill_lines | sed -n 3p)
json "as the one it was" "$said" ".victim.pid == $victim and .victim.comm == \"hog\""
json "in the root group" "$said" '.group == "/"'
json "by the machine's lack" "$said" '.machine == true and .limit_group == null'

sleep 4
pid=$watcher
watched
is "$(kills "$out")" $(($(machine_kills) - before)) "as many as the kernel counts for the whole machine"
is "$(kills "$out")" 3 "which are three"
unlike "$out" '"group":null' "and none is left over"

# ---- in words, and of some groups alone ----------------------------------------------------------

watch "$T"
watcher=$pid
run_out "$(dir_of memory "$T/m/in")"
ok "a watch of some groups tells it" wait_for 10 told 1 "kill  $T/m/in: killed hog \\(pid $victim, "
like "$(cat "$tmp/w.out")" "killed hog \\(pid $victim, uid 0, [0-9.]+M\\) because the whole machine was short of memory" "and why"
unlike "$(cat "$tmp/w.out")" 'memory\.max' "and no limit"
pid=$watcher
watched
like "$err" "^  $T/m/in: 1 process killed\$" "once"

watch --json "$T/other"
watcher=$pid
victim "$T/limited" "$tmp/mortal"
run_out "$(dir_of memory "$T/m/in")"
sleep 3
pid=$watcher
watched
is "$(kills "$out")" 0 "kills outside of what is watched are not told"
json "not in the summary, either" "$(printf '%s\n' "$out" | tail -n 1)" '.kind == "summary" and .total.kills == 0'
run cgx-oom-watch --explain
like "$out" "[Kk]illed hog \\(pid $victim" "the log explained has the last one"
like "$out" 'machine' "and says that the machine ran out"
done_testing
