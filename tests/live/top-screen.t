#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-top's screen on real groups: they come and go, are frozen, limited, killed; kills and denied forks are told.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
have tmux || skip_all "no tmux here"
cgx-top --help >/dev/null || bail "cgx-top fails"
[ -z "$(cgx-top --help | grep 'without ncurses')" ] || skip_all "built without ncurses"

mux()
{
	tmux -S "$tmp/socket" "$@"
}
screen_shows() # ERE
{
	mux capture-pane -p | LC_ALL=C.UTF-8 grep -Eq -- "$1"
}
shows() # ERE NAME
{
	if wait_for 8 screen_shows "$1"; then pass "$2"; else fail "$2" "want: $1" "$(mux capture-pane -p)"; fi
}

ok "groups" cgx-create "$T/a" "$T/b"
sleeper
cgx-move "$T/a" "$pid" || bail "cgx-move fails"
LC_ALL=C.UTF-8 tmux -u -S "$tmp/socket" -f /dev/null new-session -d -x 110 -y 30 \
	env TERM=xterm-256color LC_ALL=C.UTF-8 HOME="$tmp" XDG_CONFIG_HOME="$tmp" PATH="$PATH" cgx-top -d 200ms "$T" ||
	skip_all "tmux does not start"
shows "▾$T" "the subtree is the root"
shows '├─ a ' "with a group"
cgx-create "$T/c" && shows '└─ c ' "one that comes is shown"
cgx-delete "$T/c" && shows '└─ b ' "one that goes is not"
mux send-keys Down
mux send-keys Enter Tab Tab
shows " $pid root " "processes of the selected group"
mux send-keys Enter Enter
mux send-keys L C-u
mux send-keys -l 'pids.max=3'
mux send-keys Enter
shows "Set pids.max=3 of $T/a" "a limit is asked for"
mux send-keys y
shows "$T/a: set" "and set"
is "$(in_kernel pids "$T/a" pids.max pids.max)" 3 "in the kernel"
if has freezer; then
	mux send-keys f
	shows 'Freeze 1 process in' "freezing is asked for"
	mux send-keys y
	shows '^\*' "a mark says that it is frozen"
	mux send-keys f
	shows 'Thaw 1 process in' "then f thaws"
	mux send-keys y
	shows ': thawed' "which is told"
else
	skip "no freezer" "freezing"
fi
sh -c 'cgx-move "$1" $$; for i in 1 2 3 4; do sleep 1 & done; wait' sh "$T/a" >/dev/null 2>&1
shows '^F|^!F|fork' "a denied fork is told"
mux send-keys K
shows "Kill [1-9][0-9]* process(es)? in $T/a" "killing is asked for"
mux send-keys n
ok "n does nothing" alive "$pid"
mux send-keys K
shows "Kill [1-9]" "again"
mux send-keys y
shows "$T/a: killed" "it is told when it is done"
not_alive() { ! alive "$pid"; }
ok "the process is gone" wait_for 3 not_alive
if has freezer; then
	cgx-create "$T/own" || bail "cgx-create fails"
	mux new-window "env TERM=xterm-256color LC_ALL=C.UTF-8 HOME=$tmp XDG_CONFIG_HOME=$tmp sh -c 'cgx-move $T/own \$\$; exec cgx-top -d 200ms $T'"
	shows '└─ own ' "one that is in a group itself"
	mux send-keys End f
	shows "Freeze [0-9]+ process(es)? in $T/own" "freezing that is asked for"
	mux send-keys y
	shows "own: freeze: the caller is in t" "and refused: nobody would be there to thaw it"
	mux send-keys '?'
	shows "Keys" "and it goes on"
else
	skip "no freezer" "freezing what it is in itself"
fi
mux kill-server 2>/dev/null
done_testing
