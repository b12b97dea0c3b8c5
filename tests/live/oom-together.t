#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch and memory.oom.group: all processes of a group die together; each is told once, though the kernel counts
# the first of them twice and names it twice.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
need_root
need_helpers hog
[ "$(version_of memory)" = 2 ] || skip_all "memory.oom.group is v2's, and memory is on v1 here or nowhere"
have jq || skip_all "no jq here"

oom_group() # GROUP SIZE
{
	memory_group "$1" "$2" && cgx-set "$1" memory.oom.group=1
}

sleeper_in() # GROUP: sets pid
{
	sleeper
	cgx-move "$1" "$pid" || bail "cgx-move fails"
	in_it="$in_it $pid"
}

kill_lines()
{
	grep '"kind":"kill"' "$tmp/w.out"
}

told_pids() # in the order of numbers
{
	kill_lines | jq -r '.victim.pid' 2>/dev/null | sort -n | xargs
}

sorted() # NUMBERS
{
	echo "$1" | xargs -n 1 | sort -n | xargs
}

all_told() # NUMBERS
{
	[ "$(told_pids)" = "$(sorted "$1")" ]
}

counted() # GROUP KEY
{
	sed -n "s/^$2 //p" "$(dir_of memory "$1")/memory.events"
}

# A watch that has no CPU for seconds cannot tell any more whose limit it was that the later ones died for.
limit_known='.limit == 25165824' or_late=''
[ -z "${CGX_VM-}" ] || or_late='or .limit_group == null'

# ---- one group -----------------------------------------------------------------------------------

ok "a group that dies as one" oom_group "$T/one" 24M
in_it=''
sleeper_in "$T/one"
sleeper_in "$T/one"
watch --json
watcher=$pid
victim "$T/one"
is "$(counted "$T/one" oom_group_kill)" 1 "the kernel killed it"
dead="$in_it $victim"
ok "all three are told" wait_for 5 all_told "$dead"
is "$(kill_lines | jq -s "map(select(.group == \"$T/one\") | .count) | add")" 3 "as three kills"
is "$(counted "$T/one" oom_kill)" 4 "where the kernel counts four"
json "the limit with each" "$(kill_lines | jq -sc .)" \
	"any($limit_known) and all(($limit_known and .limit_group == \"$T/one\" and .machine == false) $or_late)"
json "and how many there were" "$(kill_lines | jq -sc .)" "[.[].total] | max == 3"
json "who is who" "$(kill_lines | jq -sc .)" \
	"([.[] | select(.victim.comm == \"hog\")] | length == 1) and ([.[] | select(.victim.comm == \"sleep\")] | length == 2)"

# Once more: what was counted twice before is no credit for later.
in_it=''
sleeper_in "$T/one"
victim "$T/one"
ok "the next time both" wait_for 5 all_told "$dead $in_it $victim"
# two seconds are what the watch takes to find that the machine has counted more kills than it was told of
sleep $((3 * slower))
pid=$watcher
watched
unlike "$out" '"group":null' "and nobody is made up for what the machine counts"
is "$(kills "$out")" 5 "five, and no more"
json "five in the summary" "$(printf '%s\n' "$out" | tail -n 1)" \
	".kind == \"summary\" and (.groups[] | select(.group == \"$T/one\") | .kills == 5)"

# ---- a group of groups ---------------------------------------------------------------------------

ok "a group of groups" oom_group "$T/tree" 24M
cgx-create "$T/tree/a" "$T/tree/b/c"
cgx-set "$T/tree/b/c" memory.max=1G # so that memory is there
in_it=''
sleeper_in "$T/tree/a"
sleeper_in "$T/tree/a"
sleeper_in "$T/tree/b/c"
innermost=$pid
sleeper_in "$T/tree/a"
spared=$pid
in_it=${in_it% *}
echo -1000 >"/proc/$spared/oom_score_adj"
watch --json "$T/tree"
watcher=$pid
victim "$T/tree/b/c"
ok "those of all groups below are told" wait_for 5 all_told "$in_it $victim"
ok "one that must not be killed lives" alive "$spared"
json "each in its group" "$(kill_lines | jq -sc .)" \
	"([.[] | select(.group == \"$T/tree/a\")] | length == 2) and ([.[] | select(.group == \"$T/tree/b/c\")] | length == 2)"
json "whoever is told for sure in his own" "$(kill_lines | jq -sc .)" "any(.sure) and
	all(.sure == false or (.group == if .victim.pid == $innermost or .victim.pid == $victim then \"$T/tree/b/c\" else \"$T/tree/a\" end))"
json "the limit of the group above them" "$(kill_lines | jq -sc .)" \
	"any($limit_known) and all(($limit_known and .limit_group == \"$T/tree\") $or_late)"
pid=$watcher
watched
is "$(kills "$out")" 4 "four kills"

# ---- in words, and by the kernel's log alone -----------------------------------------------------

in_it=''
sleeper_in "$T/one"
one=$pid
watch "$T/one"
watcher=$pid
victim "$T/one"
both() { told 1 "killed hog \\(pid $victim,.* at memory.max 24.0M" && told 1 "killed sleep \\(pid $one,"; }
ok "in words" wait_for 5 both
pid=$watcher
watched
is "$(printf '%s\n' "$out" | grep -c .)" 2 "a line each"
like "$err" "^  $T/one: 2 processes killed\$" "and the sum"

if have setpriv && setpriv --bounding-set=-perfmon,-sys_admin true 2>/dev/null && [ -r /dev/kmsg ]; then
	in_it=''
	sleeper_in "$T/one"
	sleeper_in "$T/one"
	first='setpriv --bounding-set=-perfmon,-sys_admin'
	watch --json "$T/one"
	first=''
	watcher=$pid
	victim "$T/one"
	ok "without the tracepoint each is told once, too" wait_for 5 all_told "$in_it $victim"
	pid=$watcher
	watched
	json "from the kernel's log" "$(printf '%s\n' "$out" | grep '"kill"' | jq -sc .)" 'all(.source == "kernel log") and length == 3'
else
	skip "no setpriv here that takes capabilities away" "without the tracepoint each is told once, too"
fi

# ---- removed at once -----------------------------------------------------------------------------

memory_group "$T/parent/x" 1G
watch --json "$T/parent"
watcher=$pid
dead=''
for i in 1 2 3 4; do
	oom_group "$T/parent/g$i" 24M
	in_it=''
	sleeper_in "$T/parent/g$i"
	victim "$T/parent/g$i"
	wait_for 5 is_empty "$T/parent/g$i"
	rmdir "$(dir_of memory "$T/parent/g$i")" || diag "g$i stays"
	dead="$dead $in_it $victim"
done
ok "groups that are removed at once: all are told" wait_for 5 all_told "$dead"
pid=$watcher
watched
is "$(kills "$out")" 8 "and nobody else"
json "each with its group" "$(printf '%s\n' "$out" | grep '"kill"' | jq -sc .)" \
	"[.[].group] | unique == [\"$T/parent/g1\", \"$T/parent/g2\", \"$T/parent/g3\", \"$T/parent/g4\"]"
done_testing
