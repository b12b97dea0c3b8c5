#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-top on recorded machines: what is drawn, and what each key does to it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
root=$(machine hybrid)

open_pane 100 24
typed "$top --root $root"
shows '^ *.?/ ' "the root group is drawn"
shows 'cgx-top .*hybrid' "the header names the layout"
shows '├─ db +0 +1\.0G' "a branch, a figure and a limit"
shows '└─▾web ' "the last branch is drawn as such, and that it is open"
shows '   ├─ api .* 50 ' "levels are indented"
shows '^\? help' "keys are told at the bottom"

# The cursor: reverse in the coloured text.
selected()
{
	coloured | sed -n "s/.*$(printf '\033')\[[0-9;]*7m.*\(db\|service\|job-1\|job-2\|web\|api\|static\|\/\) .*/\1/p" | head -n 1
}
is_selected() # NAME TEST
{
	i=0
	until [ "$(selected)" = "$1" ]; do
		i=$((i + 1))
		[ $i -lt 60 ] || { fail "$2" "selected: $(selected), want: $1"; return; }
		sleep 0.05
	done
	pass "$2"
}
is_selected / "the cursor begins at the root"
keys Down j
is_selected service "Down and j"
keys k
is_selected db "k"
keys End
is_selected static "End"
keys g
is_selected / "g"
keys Down Down Left
hides 'job-1' "Left folds a group"
shows '├─▸service' "and says so"
keys Right
shows 'job-1' "Right unfolds it"
keys O
hides 'job-1|api' "O folds all"
shows '├─▸service' "but the root stays open"
keys O
shows 'job-1' "and unfolds all"
keys o
hides 'job-1' "o folds"
keys o t
shows '^ +web/static ' "a list has whole paths"
keys t End
is_selected static "the cursor follows its group"
keys Left
is_selected web "Left on a leaf goes to the parent"
keys z
hides 'service' "z shows what lies below alone"
shows 'below web' "the header says which group that is"
shows '^ *▾web' "the group is the root"
keys u
shows 'service' "u goes up again"
is_selected web "and the cursor stays"

keys '&' s t
shows 'filter: st' "the filter is typed at the bottom"
hides 'job-1' "what does not match goes while it is typed"
shows '└─▾web' "what lies above a match stays"
keys Enter
shows 'filter "st"' "the header names the filter"
keys '&' C-u Enter
shows 'job-1' "an empty filter shows all"
keys '&' z z z
shows 'no group is left by the filter' "nothing matches: it is said"
keys Escape
shows 'job-1' "Escape goes back to the filter before"
keys g / J O B Enter
shows 'no such name is shown' "capitals are searched as they are"
keys / j o b
is_selected job-1 "a search goes to the first match"
keys Enter n
is_selected job-2 "n to the next"
keys n
is_selected job-1 "round the end"
keys N
is_selected job-2 "N back"
keys Escape

keys s
shows 'Sort by' "the menu of columns to sort by"
shows '>\[x\] NAME' "the present one is marked"
keys Down Enter
shows 'NAME +▾MEMORY' "a column is sorted by"
first=$(screen | sed -n '5p')
is "$(echo "$first" | grep -c service)" 1 "the largest first"
keys r
shows 'NAME +▴MEMORY' "r turns it round"
resize 100 12
keys s
mux send-keys PageDown PageDown PageDown
shows '>\[ \] PROCS' "a menu scrolls"
keys Enter s
shows '>\[x\] PROCS' "and begins where the present one is seen"
resize 100 8
shows '>\[x\] PROCS' "also on a screen that is smaller now"
resize 100 24
keys PageUp PageUp PageUp Down Enter r
shows 'NAME +▴MEMORY' "back again"
keys '>'
shows '▾LIMIT' "> sorts by the next column"
keys '<' '<'
shows 'NAME▴' "< goes back as far as the name"
keys c
shows 'Columns' "the menu of columns to show"
keys Space Enter
hides '^ +NAME.* MEMORY ' "one is switched off"
keys c Space Enter
shows '^ +NAME.* MEMORY ' "and on again"
keys e
hides '─ db' "e hides groups without processes"
shows 'without empty ones' "and says so"
keys e
shows '─ db' "and shows them again"
hides 'without empty ones' "and says nothing"

keys g End Enter
shows '^ web/static +\[figures\]' "Enter opens the detail pane"
shows 'MEMORY 0 ' "with figures"
keys Up
shows '^ web/api +\[figures\]' "it follows the cursor"
keys Tab
shows '\[settings\]' "Tab turns the page"
keys Enter
hides '^ +NAME' "the pane fills the screen"
shows 'blkio.bfq.io_service_bytes ' "settings, from the first"
i=0
until screen | grep -Eq 'memory\.max +268435456' || [ $i -ge 90 ]; do
	keys ']'
	i=$((i + 1))
done
shows 'memory\.max +268435456' "the limit of the group is among them, further down"
hides 'blkio.bfq.io_service_bytes ' "when it is scrolled"
keys Tab
shows 'PID USER' "processes"
shows ' 201 ' "of that group"
keys BTab
shows '\[settings\]' "Shift-Tab turns back"
keys Tab Tab
shows 'nothing has happened to this group' "events: none yet"
keys Enter
hides '\[events\]' "Enter closes the pane"

keys E
hides 'no event yet' "E takes the strip away"
keys E
shows 'no event yet' "and back"
keys Space
shows '\[paused\]' "Space pauses"
keys .
shows '\[paused\]' "a step leaves it paused"
keys Space
hides '\[paused\]' "Space goes on"
keys +
shows 'every 2\.0s' "+ makes the delay longer"
keys - -
shows 'every 500\.0ms' "- makes it shorter"
keys '?'
shows ' Keys *$' "help"
shows 'Up, k +the group above' "is made of the key table"
hides 'replay:' "and leaves out what is for replays"
i=0
while [ $i -lt 9 ]; do keys PageDown; i=$((i + 1)); done
shows 'not sampled yet' "it scrolls to its end"
keys Escape
hides 'not sampled yet' "and goes away"

keys g End L
shows 'set NAME=VALUE.*: memory.max=' "a limit is asked for"
keys Tab
shows ': memory.high=' "Tab offers another"
keys C-u
mux send-keys -l 'pids.max=7'
keys Enter
shows 'Set pids.max=7 of web/static\?' "a question comes before it is set"
shows 'write /sys/fs/cgroup/pids/web/static/pids.max 7 \(was max\)' "with the plan"
keys n
hides 'Set pids.max' "n leaves it"
is "$(cat "$root/sys/fs/cgroup/pids/web/static/pids.max")" max "as it was"
keys L C-u
mux send-keys -l 'pids.max=7'
keys Enter y
shows 'web/static: set' "y sets it"
is "$(cat "$root/sys/fs/cgroup/pids/web/static/pids.max")" 7 "in the file"
keys L C-u
mux send-keys -l 'pids.max=many'
keys Enter
shows 'pids.max: set many' "a wrong value is told"
mkdir "$root/sys/fs/cgroup/pids/web/zz"
shows 'zz' "a group that comes is shown"
keys End L C-u
mux send-keys -l 'pids.max=7'
rmdir "$root/sys/fs/cgroup/pids/web/zz"
hides 'zz' "and goes while its limit is typed"
keys Enter
shows 'web/zz: .*there is no such group' "another that is selected then does not get it"
hides 'Set pids.max' "nor is it asked for"
keys End K
shows 'not this machine' "processes of a recorded machine are not killed"
keys f
shows 'Freeze [0-9]+ process(es)? in web/static\?' "freezing asks as well"
shows 'write /sys/fs/cgroup/freezer/web/static/freezer.state FROZEN' "with a step for the v1 freezer"
shows 'write /sys/fs/cgroup/unified/web/static/cgroup.freeze 1' "and for the v2 tree"
keys Escape q
shows '^\$ *$' "q leaves"
is "$(alternate)" 0 "and gives the screen back"

typed "clear; $top --root $root --read-only"
shows '\[read-only\]' "--read-only is told in the header"
keys End L
shows 'off: cgx-top was started with --read-only' "and nothing can be set"
keys K
shows 'off: cgx-top' "or killed"
keys f
shows 'off: cgx-top' "or frozen"
keys '?' PageDown PageDown
hides 'once confirmed' "help leaves those keys out"
keys Escape q
shows '^\$ *$' "q leaves"

for delay in '5m 5m00s +' '50ms 50\.0ms -'; do
	# shellcheck disable=SC2086
	set -- $delay
	typed "clear; $top --root $root -d $1"
	shows "every $2" "--delay $1"
	keys "$3" Space
	shows "every $2.*paused" "$3 does not turn round what lies beyond its steps"
	keys q
	hides '^   NAME' "q leaves"
done
typed "clear; $top --root $root -d 200ms --record /dev/full"
shows 'recording ended: No space left on device' "that a recording has ended is told at once"
keys q
shows 'cgx-top: /dev/full: record to it: No space' "and at the end"
typed "clear; $top --root $root -f $(printf '%0512d' 0); echo status \$?"
shows '^status 2' "a filter that would be cut is refused"
typed clear

"$top" -b -n 3 -d 100ms --root "$root" --record "$tmp/record" >/dev/null || fail "a recording is made"
typed "clear; $top --replay $tmp/record"
shows '\[replay [1-4] of [34]' "a replay says which sample of how many"
keys End
shows '\[replay ([34]) of \1, paused\]' "End goes to the last sample and stays there"
keys Left
shows '\[replay [23] of [34], paused\]' "Left goes back in time"
keys Home
shows '\[replay 1 of' "Home to the first"
keys Right
shows '\[replay 2 of' "Right goes on"
keys G Enter Tab
shows 'a recording has figures and events only' "it has no settings"
keys K
shows 'this is a recording' "and nothing can be killed in it"
keys Enter Enter '?' PageDown
shows 'replay: the sample before' "help has its keys"
keys Escape Space
shows 'the end of the recording' "it is played to its end"
keys q
# more than is read at once
"$top" -b -n 30 -d 10ms --root "$root" --record "$tmp/short" >/dev/null || fail "a longer recording is made"
typed "clear; $top --replay $tmp/short"
shows '\[replay [0-9]+ of 3[01]' "a longer one"
keys Home
shows '\[replay 1 of' "from its beginning"
truncate -s 300 "$tmp/short"
keys End
shows 'the recording has become shorter meanwhile' "that it is cut off while it is shown is told"
keys Home
shows '\[replay 1 of' "what is left is there"
keys Space
shows 'the recording has become shorter meanwhile' "and no more is played"
keys q
shows '^\$ *$' "q leaves all the same"
printf 'cgx-top 1\nH ho\033[31mst \033]0;x\aunified\nC MEMORY LIMIT LIMIT.BY\nS 1000000\nG max 1 0 0 1 5 1 w\033[2Jeb\nT LIMIT.BY a\033[7mb\nE 1000000 2 0  1 process killed\n' >"$tmp/hostile"
typed "clear; $top --replay $tmp/hostile -c memory,limit.by"
shows 'cgx-top ho\\x1b\[31mst +\\x1b\]0;x\\x07unified' "what a recording says of host and layout is escaped"
shows 'w\\x1b\[2Jeb .* a\\x1b\[7mb' "and what it says of groups"
shows 'K  \(unknown group\): 1 process killed' "an event without a group has words for it"
keys q
is "$("$top" --json --replay "$tmp/hostile" -c MEMORY | sed 's/.*"events":/"events":/')" \
	'"events":[{"time":1.000000,"group":null,"text":"1 process killed"}]}' "and none in JSON"
typed "clear; $top --root $root web/api service db -c +limit.by"
shows '^   NAME.* LIMIT +LIMIT\.BY +MEM%' "several groups, and who sets the limit"
shows '^   +db +.* 1\.0G db +0\.0%' "one of them"
shows '^   ▾service .* max none ' "another: nobody does"
shows '^    web/api .* 256\.0M web/api ' "and a third, by its path"
hides 'static|web ' "nothing else"
keys O
hides 'job-1' "O folds them all"
shows '▸service' "each"
keys O
shows 'job-1' "and unfolds them"
keys Home Down z
hides 'web/api' "z shows one alone"
keys u
shows 'web/api' "u all again"
keys End z u
shows 'service' "above the one named there is nothing to go up to"
keys s Down Down Down Enter
shows '▾LIMIT\.BY' "sorted by who sets it"
keys q
typed "clear; $top --root $root web"
shows '└─ static' "one group"
keys O
shows '├─ api' "O leaves what is below it"
keys q
typed "clear; $top --root $(machine odd)"
shows 'NAME' "an odd machine is drawn"
keys q
typed "clear; $top --root $(machine none)"
shows 'NAME|no cgroup|not mounted|no group' "one without cgroups is, or is told"
keys q
mkdir -p "$root/sys/fs/cgroup/pids/$(printf 'a\033[31m\377\tb')" "$root/sys/fs/cgroup/pids/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
sleep 0.3
typed "clear; $top --root $root"
shows 'a\\x1b\[31m\\xff\\x09b' "hostile bytes are escaped"
shows '0123456.*….*cdef ' "a long name is cut in its middle"
keys q
done_testing
