# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of cgx-oom-watch share: start it, wait for what it tells, make victims. Sourced after lib.sh.
# shellcheck disable=SC2034,SC2154
first=''    # words before cgx-oom-watch
readiness='' # where it says that it has begun, when stderr does not

watch() # OPTIONS AND GROUPS: start it, wait until it watches; sets pid
{
	: >"$tmp/w.out"
	: >"$tmp/w.err"
	# shellcheck disable=SC2086
	background $first cgx-oom-watch "$@" >"$tmp/w.out" 2>"$tmp/w.err"
	pid=$!
	wait_for 10 watches || diag "it does not watch: $(cat "$tmp/w.err")"
}

watches()
{
	grep -q ': note: watching' "$tmp/w.err" || { [ -n "$readiness" ] && grep -q '^READY=1' "$readiness"; }
}

watched() # end it; sets status, out, err
{
	kill -TERM "$pid" 2>/dev/null
	ended
}

ended() # wait for its own end
{
	wait_for 20 not alive "$pid" || { diag "it does not end" && kill -KILL "$pid"; }
	wait "$pid"
	status=$?
	out=$(cat "$tmp/w.out") err=$(cat "$tmp/w.err")
}

told() # N ERE: so many lines of its output match by now
{
	[ "$(grep -cE -- "$2" "$tmp/w.out")" -ge "$1" ]
}

# What it tells a service manager goes to $readiness, until deaf.
listen()
{
	readiness=$tmp/notified
	: >"$readiness"
	rm -f "$tmp/notify"
	background "$ear" "$tmp/notify" 300 >"$readiness"
	ear_pid=$!
	wait_for 5 test -S "$tmp/notify"
	export NOTIFY_SOCKET="$tmp/notify"
}

deaf()
{
	kill "$ear_pid"
	wait "$ear_pid" 2>/dev/null
	unset NOTIFY_SOCKET
	readiness=''
}

follows() # PID DIRECTORY: that watch follows that group (as it does until its inotify watches are used up)
{
	follows_device=$(stat -c %d "$2")
	follows_what=$(printf 'ino:%x sdev:%x ' "$(stat -c %i "$2")" \
		$(((follows_device & 0xff) | (follows_device >> 12 & 0xfff00) | (follows_device >> 8 & 0xfff) << 20)))
	grep -q "^inotify .*$follows_what" "/proc/$1/fdinfo/"* 2>/dev/null
}

# A process that is killed for want of memory in a group that has a limit; its number is in $tmp/victim.
victim() # GROUP [PROGRAM]
{
	# shellcheck disable=SC2016,SC2154
	cgx-exec --report=none -g "$1" sh -c 'echo $$ >"$1"; exec "$2" 80M' - "$tmp/victim" "${2:-$hog}" >"$tmp/victim.out" 2>&1
	victim_status=$?
	[ "$victim_status" = 137 ] || diag "the victim lives: $victim_status $(cat "$tmp/victim.out")"
	# shellcheck disable=SC2034
	victim=$(cat "$tmp/victim")
}

# Without swap, so that a hog does not linger. Where there is none its limit is left alone: v1 then hits that of memory
# and swap together, and Linux 6.18 counts no hits of it.
memory_group() # GROUP SIZE
{
	cgx-create -r "memory.max=$2" "$1" || return
	[ -z "$(sed 1d /proc/swaps 2>/dev/null)" ] || cgx-set "$1" memory.swap.max=0
}

kills() # JSON lines: how many kills in all
{
	printf '%s\n' "$1" | jq -s '[.[] | select(.kind == "kill") | .count] | add // 0'
}
