#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# contrib/cgx-guard: two words fence a command in, and it is told what was stopped. Bombs are small: a few dozen processes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
for d in "${CGX_SRCDIR:-.}" "${top_srcdir:-.}" "$(dirname "$0")/../.."; do
	[ ! -x "$d/contrib/cgx-guard" ] || guard=$d/contrib/cgx-guard
done
[ -n "${guard-}" ] || guard=$(command -v cgx-guard) || skip_all "no cgx-guard here"
need_helpers hog bomb
CGX_GUARD_CONF=$tmp/guard.conf
export CGX_GUARD_CONF
cat >"$CGX_GUARD_CONF" <<-END
	# small ones
	tiny pids=8 memory=32M
	shell pids=9 # and no more
	odd pids=8 memry=3
	part memory=x%
	late timeout=1s kill=yes
END

exits 0 "--show" "$guard" --show
like "$out" "^tiny: pids=8 memory=32M \\($CGX_GUARD_CONF\\)" "tells limits, and where they are from"
like "$out" "^build: pids=2048 memory=75% \\(built in\\)" "also those built in"
exits 7 "the status is the command's" "$guard" build sh -c 'exit 7'
# shellcheck disable=SC2016
exits 0 "shell without a command" env SHELL=/bin/true "$guard" shell
run "$guard" tiny "$bomb" 20 0
like "$err" "denied|fork" "a fork bomb is stopped, and that is told"
if [ "$(version_of memory)" ]; then
	run "$guard" tiny "$hog" 64M 0
	like "$err" "out of memory at memory.max 32.0M" "a memory hog is stopped, and that is told"
else
	skip "no memory controller" "a memory hog"
fi
exits 124 "a job that takes too long" "$guard" late sleep 30
like "$err" "1 s|timeout|time" "is told"
exits 0 "user" "$guard" user nobody id -u
is "$out" "$(id -u nobody)" "is that user"
exits 125 "an unknown kind" "$guard" nonsense true
like "$err" "^cgx-guard: nonsense: no such kind" "is named"
exits 125 "an unknown limit" "$guard" odd true
like "$err" "odd: memry=3: no such limit" "is named"
exits 125 "a part that is no number" "$guard" part true
exits 125 "no command" "$guard" build
exits 125 "nothing at all" "$guard"
like "$err" '^Usage: cgx-guard' "is answered by the usage, as talk"

# what users have in their names and files
CGX_GUARD_CONF=
home="$tmp/a home"
mkdir -p "$home/.config/cgx"
printf '%s\r\n' 'mine pids=7 "nice=5"' '1.0 pids=5 # a number' 'star pids=* memory=0%' >"$home/.config/cgx/guard.conf"
printf 'open io="/dev/sda rbps=1M\n' >>"$home/.config/cgx/guard.conf"
exits 0 "a home with a blank" env HOME="$home" "$guard" --show mine
is "$out" "mine: pids=7 nice=5 ($home/.config/cgx/guard.conf)" "its profile counts"
exits 2 "a kind that is a number" env HOME="$home" "$guard" --show 1
exits 125 "a star is no file's name" env HOME="$home" "$guard" star true
like "$err" 'star: memory=0%: not a size' "no part of nothing"
exits 125 "a quote" env HOME="$home" "$guard" open true
like "$err" 'open: a quote is opened and not closed' "is closed"
# shellcheck disable=SC2016
exits 0 "arguments with blanks" env HOME="$home" "$guard" mine sh -c 'printf "%s|" "$@"' x 'a  b' '' '*' '$(id)' -- -x
is "$out" 'a  b||*|$(id)|--|-x|' "reach the command as they are"
exits 125 "a profile that is named and is not there" env CGX_GUARD_CONF="$tmp/none" "$guard" build true
with_remedy "is told, with a remedy"
mkfifo "$tmp/fifo"
exits 125 "one that is no file" env CGX_GUARD_CONF="$tmp/fifo" timeout 10 "$guard" build true
cp "$home/.config/cgx/guard.conf" "$tmp/theirs"
chown nobody "$tmp/theirs"
exits 125 "somebody else's" env CGX_GUARD_CONF="$tmp/theirs" "$guard" mine true
like "$err" 'it belongs to somebody else' "says nothing of this user's limits"
chown root "$tmp/theirs"
exits 0 "root's" env CGX_GUARD_CONF="$tmp/theirs" "$guard" mine true
chmod o+w "$tmp/theirs"
exits 125 "not what everybody may write" env CGX_GUARD_CONF="$tmp/theirs" "$guard" mine true
exits 0 "completion" env HOME="$home" "$guard" --complete -- 1 cgx-guard m
is "$out" mine "knows one's own kinds"
exits 0 "of a command" env HOME="$home" "$guard" --complete -- 2 cgx-guard mine tr
is "$out" "$(printf '\tcommand 2')" "is that command's"
done_testing
