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
is "$(coloured | grep -c "$(printf '\033')\[46m\|;46m")" 1 "headings have a colour"
keys q
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
	is "$(coloured | grep -Ec "$(printf '\033')\[([0-9]*;)*7(;[0-9]+)*m.*NAME|$(printf '\033')\[([0-9]*;)*7m.*/ ")" 1 "the cursor is seen all the same"
	keys q
done

# ---- the mouse, as xterm tells of it ----
typed "clear; $top --root $root"
wait_for 'web'
line=$(screen | grep -n '─▾web\|─ db' | head -n 1)
printf '\033[<0;6;%sM' "${line%%:*}" >"$tmp/click"
mux load-buffer "$tmp/click"
mux paste-buffer
keys Enter
shows "^ (web|db) +\[figures\]" "a click selects"
keys Enter Enter
keys m
shows "terminal's own" "m leaves the mouse to the terminal"
keys q
done_testing
