#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-top on terminals of all kinds and sizes, without colours or UTF-8, and how it gives the terminal back.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
root=$(machine unified)
modes() # FILE: the terminal's modes, without its size
{
	typed "clear; stty -a | tail -n +2 >$tmp/$1; echo modes$1"
	wait_for "^modes$1"
}

# ---- sizes ----
open_pane 80 24
typed "$top --root $root"
shows 'NAME' "80x24"
resize 20 5
shows '^   NAME' "20x5: headings"
shows '▾/' "and rows"
keys End Enter
hides 'Segmentation' "a detail pane at 20x5"
keys '?'
shows 'Moving' "help at 20x5"
keys Escape L C-u
mux send-keys -l 'pids.max=5'
shows '^set: pids\.max=5' "what is typed is seen at 20x5"
keys Escape s
shows 'NAME' "a menu at 20x5"
keys Escape Enter Enter
resize 19 4
shows 'too small' "smaller: it says so"
resize 10 1
shows 'too small' "down to one line"
resize 300 100
shows 'CPU% *$' "300x100: all columns"
resize 80 24
shows '^\? help' "80x24 again"
keys q
shows '^\$ *$' "q leaves"

# ---- the end ----
modes before
for signo in SEGV ABRT BUS FPE ILL TERM INT HUP QUIT; do
	typed "clear; $top --root $root"
	wait_for 'NAME' || fail "SIG$signo: drawn"
	[ "$(alternate)" = 1 ] || fail "SIG$signo: the alternate screen is on"
	pid=$(top_pid)
	kill -"$signo" "$pid"
	wait_for '^\$ *$' || fail "SIG$signo: ends" "$(screen)"
	is "$(alternate)" 0 "SIG$signo: the screen is back"
	modes after
	is "$(cat "$tmp/after")" "$(cat "$tmp/before")" "SIG$signo: modes as before"
done
typed "clear; $top --root $root"
wait_for 'NAME'
keys C-c
wait_for '^\$ *$'
typed 'echo status $?'
shows '^status 130' "^C ends it as SIGINT does"
typed "clear; $top --root $root"
wait_for 'NAME'
keys C-z
shows 'Stopped' "^Z stops it"
is "$(alternate)" 0 "on the shell's screen"
typed 'fg'
shows 'NAME' "and it goes on"
is "$(alternate)" 1 "on its own"
keys q

# ---- input ----
typed "clear; $top --root $root </dev/null"
shows 'NAME' "stdin is no terminal: drawn"
keys Down t
shows '^ +web/api ' "keys come from the terminal"
keys q
typed "clear; setsid $top --root $root </dev/null"
shows 'NAME' "no terminal to read from at all: drawn"
pid=$(pgrep -f "^$top --root $root\$" | head -n 1)
[ -n "$pid" ] || pid=$(pgrep -n -f -- "--root $root")
before=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
sleep 2
is "$(($(awk '{ print $14 + $15 }' "/proc/$pid/stat") - before < 60))" 1 "and it does not spin"
kill "$pid"
close_pane

# ---- the terminal goes ----
open_pane 80 24
typed "trap '' HUP; $top --root $root -d 300ms"
wait_for 'NAME'
pid=$(top_pid)
close_pane
i=0
while [ -e "/proc/$pid" ] && [ $i -lt 100 ]; do
	i=$((i + 1))
	sleep 0.1
done
is "$(ls -d "/proc/$pid" 2>/dev/null)" "" "without its terminal it ends, also where SIGHUP is ignored"
[ ! -e "/proc/$pid" ] || kill -9 "$pid"

# ---- terminals ----
for term in vt100 linux screen tmux-256color xterm; do
	open_pane 80 24 "TERM=$term"
	typed "$top --root $root"
	shows '^ +NAME.*MEMORY' "TERM=$term"
	keys q
	close_pane
done
open_pane 80 24
for term in dumb unknown-terminal; do
	typed "clear; TERM=$term $top --root $root -n 1"
	shows 'cannot show a screen' "TERM=$term: it is said"
	shows 'web' "and printed instead"
done
# more groups than a screen reads figures of
i=0
while [ $i -lt 150 ]; do
	mkdir "$root/sys/fs/cgroup/many$i"
	echo 4096 >"$root/sys/fs/cgroup/many$i/memory.current"
	i=$((i + 1))
done
typed "clear; TERM=dumb $top --root $root -n 1 -c MEMORY -f many14"
shows '4\.0K +many149' "of many groups the first sample that is printed has figures"
hides ' \. +many' "of all"
rm -r "$root"/sys/fs/cgroup/many*
typed "clear; $top --root $root -n 3 -d 300ms; echo ended \$?"
shows 'NAME' "--iterations on the screen"
shows '^ended 0' "ends it"
is "$(alternate)" 0 "and gives the screen back"

# ---- what cannot be shown is told before there is a screen ----
for option in '--sort MEMROY' '-c MEMORY,MEMROY'; do
	typed "clear; $top --root $root $option; echo status \$?"
	shows '^status 2' "$option: a usage error"
	shows 'MEMROY: no such column; did you mean MEMORY\?' "that says what was meant"
	is "$(alternate)" 0 "without a screen"
	hides 'NAME' "and without a table"
done
mkdir -p "$tmp/cgx"
printf 'flat\ncolumns PIDS,NOSUCH\n' >"$tmp/cgx/top.conf"
typed "clear; $top --root $root; echo status \$?"
shows '^status 2' "the file of usual options: the same"
shows "top.conf: line 2: columns" "with its line"
is "$(alternate)" 0 "without a screen, too"
rm "$tmp/cgx/top.conf"
typed "clear; $top --root $root --sort -pids -c pids,memory"
shows '^ +NAME +MEMORY +▴PIDS' "columns and order from the command line"
keys q

# ---- looks ----
typed "clear; $top --root $root"
shows '▾/' "UTF-8 where the locale has it"
is "$(coloured | grep -c "$(printf '\033')\[\([0-9;]*;\)*48;5;37m")" 1 "headings have a colour"
keys q

# Of what "tmux capture-pane -e" prints on stdin: colours that cannot be read on a light or on a dark background, or on
# that which is put below them. Those that have names are what a palette makes of them; red alone is safe.
unreadable()
{
	awk '
	function linear(x) { x /= 255; return x <= 0.04045 ? x / 12.92 : exp(2.4 * log((x + 0.055) / 1.055)) }
	function step(i) { return i ? 55 + 40 * i : 0 }
	function light(c,   r, g, b) {
		if (c >= 232)
			r = g = b = 8 + 10 * (c - 232)
		else {
			c -= 16; r = step(int(c / 36)); g = step(int(c / 6) % 6); b = step(c % 6)
		}
		return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05
	}
	function contrast(x, y) { return x > y ? x / y : y / x }
	function check(text) {
		if (text !~ /[^ ]/ || (fg < 0 && bg < 0)) return
		if ((fg >= 0 && fg < 16) || (bg >= 0 && bg < 16)) bad = !(fg == 1 && bg < 0)
		else if (bg >= 0) bad = fg < 0 || contrast(light(fg), light(bg)) < 4.5
		else bad = contrast(light(fg), 1.05) < 3.8 || contrast(light(fg), 0.05) < 3.8
		if (bad) print fg " on " bg ": " text
	}
	BEGIN { fg = bg = -1 }
	{
		n = split($0, part, "\033\\[")
		for (i = 1; i <= n; i++) {
			if (i > 1 && match(part[i], /^[0-9;]*m/)) {
				k = split(substr(part[i], 1, RLENGTH - 1), c, ";")
				part[i] = substr(part[i], RLENGTH + 1)
				if (!k) fg = bg = -1
				for (j = 1; j <= k; j++) {
					if (c[j] == 38) { fg = c[j + 2] + 0; j += 2 }
					else if (c[j] == 48) { bg = c[j + 2] + 0; j += 2 }
					else if (c[j] >= 30 && c[j] <= 37) fg = c[j] - 30
					else if (c[j] >= 90 && c[j] <= 97) fg = c[j] - 82
					else if (c[j] >= 40 && c[j] <= 47) bg = c[j] - 40
					else if (c[j] >= 100 && c[j] <= 107) bg = c[j] - 92
					else if (c[j] + 0 == 0) fg = bg = -1
					else if (c[j] == 39) fg = -1
					else if (c[j] == 49) bg = -1
				}
			}
			check(part[i])
		}
	}'
}
readable() # NAME
{
	found=$(coloured | unreadable)
	if [ -z "$found" ]; then pass "$1"; else fail "$1" "$found"; fi
}
# What stands in the terminal's own colours turned round, and bold.
turned()
{
	awk '
	{
		n = split($0, part, "\033\\[")
		for (i = 1; i <= n; i++) {
			if (i > 1 && match(part[i], /^[0-9;]*m/)) {
				k = split(substr(part[i], 1, RLENGTH - 1), c, ";")
				part[i] = substr(part[i], RLENGTH + 1)
				if (!k) bold = back = colour = 0
				for (j = 1; j <= k; j++) {
					if (c[j] + 0 == 0) bold = back = colour = 0
					else if (c[j] == 1) bold = 1
					else if (c[j] == 22) bold = 0
					else if (c[j] == 7) back = 1
					else if (c[j] == 27) back = 0
					else if (c[j] == 39 || c[j] == 49) colour = 0
					else if (c[j] >= 30) { colour = 1; break }
				}
			}
			if (bold && back && !colour) print part[i]
		}
	}'
}
reversed() # NAME ERE
{
	i=0
	until coloured | turned | grep -Eq -- "$2"; do
		i=$((i + 1))
		[ $i -lt 60 ] || { fail "$1" "want: $2" "$(coloured | turned)"; return; }
		sleep 0.05
	done
	pass "$1"
}
is "$(printf '\033[34mblue\033[0m \033[38;5;51mcyan\033[39m' | unreadable | wc -l)" 2 "what cannot be read is found"
mkdir -p "$root/sys/fs/cgroup/web/full"
for file in memory.max memory.current; do echo 100000000 >"$root/sys/fs/cgroup/web/full/$file"; done
for term in xterm-256color xterm xterm-16color xterm-88color xterm-direct linux; do
	infocmp "$term" >/dev/null 2>&1 || { skip "terminfo has no $term" "$term"; continue; }
	typed "clear; TERM=$term $top --root $root"
	shows ' 100% ' "$term: drawn, one group at its limit"
	reversed "the heading of the sorted column" 'NAME'
	readable "all can be read"
	keys / d b Enter Enter
	shows '\[figures\]' "with the detail pane"
	reversed "the page that is shown" '\[figures\]'
	readable "all can be read, with graphs and a match"
	keys '?'
	shows 'Moving' "and help"
	readable "all can be read, with keys"
	keys Escape L
	shows 'set NAME' "and a question"
	readable "all can be read, with a prompt"
	keys Escape
	hides 'set NAME' "Escape takes the question away"
	keys q
	shows '^\$ *$' "q leaves"
done
rm -r "$root/sys/fs/cgroup/web/full"
typed "clear; $top --root $root --ascii"
shows '`--web|\|--web' "--ascii"
is "$(screen | LC_ALL=C grep -c '[^ -~]')" 0 "ASCII alone"
keys q
typed "clear; LC_ALL=C $top --root $root"
shows '`--web|\|--web' "LC_ALL=C"
is "$(screen | LC_ALL=C grep -c '[^ -~]')" 0 "ASCII alone, too"
keys q
for how in 'NO_COLOR=1' 'env'; do
	[ "$how" = env ] && option=--no-color || option=
	typed "clear; $how $top --root $root $option"
	shows 'NAME' "without colours: $how $option"
	is "$(coloured | grep -Ec "$(printf '\033')\[([0-9]*;)*[349][0-7]m")" 0 "there are none"
	is "$(coloured | grep -Ec "$(printf '\033')\[([0-9]*;)*7m.*/ ")" 1 "the cursor is seen all the same"
	reversed "and what is sorted by" 'NAME'
	keys Enter
	reversed "and the page that is shown" '\[figures\]'
	keys q
done

# ---- the mouse, as xterm tells of it ----
mouse() # BUTTON COLUMN LINE: 0 a click, 64 the wheel up, 65 down
{
	printf '\033[<%s;%s;%sM' "$1" "$2" "$3" >"$tmp/mouse"
	[ "$1" != 0 ] || printf '\033[<%s;%s;%sm' "$1" "$2" "$3" >>"$tmp/mouse" # and the button is let go
	mux load-buffer "$tmp/mouse"
	mux paste-buffer
	sleep 0.05
}

line_of() # ERE: the first line of the screen that matches
{
	screen | grep -nE "$1" | head -n 1 | cut -d: -f1
}

click_heading() # COLUMN
{
	heading=$(screen | grep -m 1 ' NAME')
	heading=${heading%%"$1"*}
	mouse 0 $((${#heading} + 2)) "$(line_of ' NAME')"
}

selected() # ERE NAME: the group whose detail pane comes, and goes again
{
	keys Enter
	shows "^ ($1) +\\[figures\\]" "$2"
	keys Enter Enter
}

typed "clear; $top --root $root"
wait_for 'web'
mouse 0 6 "$(line_of '─▾web|─ db')"
selected 'web|db' "a click selects"
keys g
mouse 65 6 8
first=$(screen | grep -nE ' NAME' | cut -d: -f1)
fourth=$(screen | sed -n "$((first + 4))p" | sed 's/^[^[:alnum:]]*//; s/ .*//')
selected "([^ ]*/)?$fourth" "the wheel goes down by three"
mouse 64 6 8
selected / "and up"
mouse 64 6 8
selected / "and no further"
click_heading PIDS
shows '[▾▼↓]PIDS' "a click on a heading sorts by it"
click_heading PIDS
shows '[▴▲↑]PIDS' "another one the other way round"
click_heading MEMORY
shows '[▾▼↓]MEMORY' "one on another by that"
click_heading NAME
shows 'NAME[▴▲↑]' "and one on the name by the name"
click_heading NAME
shows 'NAME[▾▼↓]' "and back"
click_heading NAME
# where a pane has taken the place of the table there is nothing to select
resize 80 9
keys g Enter
shows '^ / +\[figures\]' "a pane fills a small screen"
mouse 0 6 5
sleep 0.3
shows '^ / +\[figures\]' "a click on it selects no group that is not seen"
keys Enter Enter
resize 80 24
keys m
shows "terminal's own" "m leaves the mouse to the terminal"
keys q
done_testing
