#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# --sticky: what it marks, libcgroup's cgrulesengd leaves where it is. The daemon runs in a mount namespace with an
# /etc and a /run of its own; its one rule moves one program, which no one else has.
[ -n "${CGX_STICKY_NS-}" ] || [ "$(id -u)" != 0 ] || CGX_STICKY_NS=1 exec unshare -m sh "$0" "$@"
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
PATH=$PATH:/usr/sbin:/sbin
has pids || skip_all "no pids controller"
have cgrulesengd || skip_all "no cgrulesengd here (package cgroup-tools)"

ruled=$tmp/ruled
cp "$(command -v sleep)" "$ruled"
for g in moved kept; do
	cgx-create -g "pids:$T/$g"
done
# The host's /etc and /run are not to be touched by a word.
cp -a /etc "$tmp/etc" 2>/dev/null
mkdir -p "$tmp/etc/cgrules.d" "$tmp/etc/cgconfig.d"
rm -f "$tmp/etc/cgrules.d"/* "$tmp/etc/cgconfig.d"/*
echo "*:$ruled pids $T/moved" >"$tmp/etc/cgrules.conf"
: >"$tmp/etc/cgconfig.conf"
if ! mount --bind "$tmp/etc" /etc || ! mount -t tmpfs none /run; then
	umount /etc 2>/dev/null
	skip_all "no mounts allowed here"
fi
background timeout -k 1 100 cgrulesengd -n -Q -f "$tmp/log"
daemon=$!
if ! wait_for 10 test -S /run/cgred.socket; then
	umount /etc
	skip_all "cgrulesengd does not start here: $(head -n 1 "$tmp/log" 2>/dev/null)"
fi

ruled_in() # GROUP: how many of its processes run the program
{
	n=0
	for p in $(procs_of pids "$1"); do
		[ "$(readlink "/proc/$p/exe")" != "$ruled" ] || n=$((n + 1))
	done
	echo "$n"
}
has_ruled() # GROUP N
{
	[ "$(ruled_in "$1")" = "$2" ]
}
forget() # end them all
{
	for g in moved kept; do
		for p in $(procs_of pids "$T/$g"); do
			kill -9 "$p" 2>/dev/null
		done
	done
	wait_for 5 is_empty "$T"
}
quietly() # COMMAND...: in the background; forget() ends it, which cgx-exec would report
{
	"$@" 2>/dev/null &
	pids="$pids $!"
}
# Events come in order: when one that began later was moved, the daemon is done with all before.
settled() # N: processes of the program in moved before
{
	background "$ruled" 60
	wait_for 5 has_ruled "$T/moved" $(($1 + 1))
}

begin_later() # a process that becomes the program when it is let go; sets later
{
	rm -f "$tmp/go"
	# shellcheck disable=SC2016
	background sh -c 'until [ -e "$2" ]; do sleep 0.1; done; exec "$1" 60' sh "$ruled" "$tmp/go"
	later=$!
}

if ! settled 0; then
	umount /etc
	skip_all "cgrulesengd sees no events here"
fi
forget

quietly cgx-exec -g "pids:$T/kept" "$ruled" 60
ok "without --sticky the daemon moves the command" wait_for 5 has_ruled "$T/moved" 1
forget

for times in 1 2 3 4 5 6 7 8; do
	quietly cgx-exec --sticky -g "pids:$T/kept" "$ruled" 60
done
wait_for 5 has_ruled "$T/kept" "$times"
settled 0
is "$(ruled_in "$T/kept")" "$times" "with --sticky it stays, every time"
forget

quietly cgx-exec --sticky --report=none -g "pids:$T/kept" "$ruled" 60
wait_for 5 has_ruled "$T/kept" 1
settled 0
is "$(ruled_in "$T/kept")" 1 "also where cgx-exec becomes the command"
forget

quietly cgx-exec --sticky -g "pids:$T/kept" sh -c "$ruled 60; :"
wait_for 5 has_ruled "$T/kept" 1
settled 0
is "$(ruled_in "$T/kept")" 1 "and so does what the command starts"
forget

background sleep 60
later=$!
exits 0 "cgx-move --sticky" cgx-move --sticky -g "pids:$T/kept" "$later"
is "$(group_of pids "$later")" "$T/kept" "moves it"
begin_later
cgx-move --sticky -g "pids:$T/kept" "$later"
: >"$tmp/go"
wait_for 5 has_ruled "$T/kept" 1
settled 0
is "$(ruled_in "$T/kept")" 1 "and marks it for good"
forget

begin_later
cgx-move --sticky -g "pids:$T/kept" "$later"
exits 0 "cgx-move --cancel-sticky" cgx-move --cancel-sticky "$later"
: >"$tmp/go"
ok "lets the daemon place it again" wait_for 8 has_ruled "$T/moved" 1
exits 1 "--cancel-sticky of what is no process" cgx-move --cancel-sticky "$later" nonsense
one_line "is told"
forget

kill "$daemon" 2>/dev/null
wait_for 5 not alive "$daemon"
rm -f /run/cgred.socket
exits 0 "without a daemon --sticky has nobody to tell" cgx-exec --sticky -g "pids:$T/kept" true
is "$err" "" "and no word is made of it"
umount /etc
done_testing
