# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of the screen share: cgx-top in a tmux of its own, looked at as a person would.
# what is looked at is UTF-8; what is started has its own
export LC_ALL=C.UTF-8
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../live/tap.sh
. "$here/../live/tap.sh"
tmp=$(mktemp -d /tmp/cgxs.XXXXXX) || exit 1
unset CGX_ROOT NO_COLOR

# ---- tmux ----------------------------------------------------------------------------------------

command -v tmux >/dev/null || skip_all "no tmux here"
if [ -x "${CGX_BUILDDIR:-.}/tools/cgx-top" ]; then
	top=$(cd "${CGX_BUILDDIR:-.}/tools" && pwd)/cgx-top
else
	top=$(command -v cgx-top) || bail "cgx-top is not in PATH nor in CGX_BUILDDIR"
fi
utf8=C.UTF-8 panes=0
mux()
{
	tmux -S "$tmp/socket$panes" "$@"
}

close_pane()
{
	mux kill-server 2>/dev/null
}

# A shell in a pane, whose prompt is "$ ": what stays behind when cgx-top is gone is seen in it.
open_pane() # COLUMNS ROWS [VARIABLE=VALUE...]
{
	close_pane
	# a server that is leaving would take a new session with it: each pane has a socket of its own
	panes=$((panes + 1))
	pane_columns=$1 pane_rows=$2
	shift 2
	LC_ALL=$utf8 tmux -u -S "$tmp/socket$panes" -f /dev/null new-session -d -x "$pane_columns" -y "$pane_rows" \
		env TERM=xterm-256color LC_ALL=$utf8 HOME="$tmp" XDG_CONFIG_HOME="$tmp" "$@" 'PS1=$ ' sh ||
		bail "tmux does not start"
	wait_for '^\$'
}

typed() # COMMAND: typed at the prompt
{
	mux send-keys -l "$1"
	mux send-keys Enter
}

keys() # KEY...: tmux's names; each is seen before the next
{
	for k; do
		mux send-keys "$k"
		sleep 0.05
	done
}

screen()
{
	mux capture-pane -p
}

# The screen without what differs from run to run: the clock.
frame()
{
	screen | sed 's/ [0-9][0-9]:[0-9][0-9]:[0-9][0-9] / HH:MM:SS /'
}

coloured()
{
	mux capture-pane -ep
}

resize() # COLUMNS ROWS
{
	mux resize-window -x "$1" -y "$2"
}

# What is awaited comes late on a busy machine: five seconds.
wait_for() # ERE
{
	i=0
	until screen | grep -Eq -- "$1"; do
		i=$((i + 1))
		[ $i -lt 100 ] || return 1
		sleep 0.05
	done
}

wait_gone() # ERE
{
	i=0
	while screen | grep -Eq -- "$1"; do
		i=$((i + 1))
		[ $i -lt 100 ] || return 1
		sleep 0.05
	done
}

shows() # ERE NAME: some line does, soon
{
	if wait_for "$1"; then pass "$2"; else fail "$2" "want: /$1/" "$(screen)"; fi
}

hides() # ERE NAME: no line does, soon
{
	if wait_gone "$1"; then pass "$2"; else fail "$2" "unwanted: /$1/" "$(screen)"; fi
}

alternate() # 1 or 0
{
	mux display-message -p '#{alternate_on}'
}

# The process in the pane's foreground.
top_pid()
{
	pgrep -P "$(mux display-message -p '#{pane_pid}')" | head -n 1
}

machine() # NAME: unpack a recorded machine, print its root
{
	[ -d "$tmp/$1" ] || "$here/../trees/unpack" "$here/../trees/$1.tree" "$tmp/$1" || bail "unpack fails"
	echo "$tmp/$1"
}

trap 'close_pane; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP
