#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where cgx-oom-watch tells it other than on stdout: syslog and the journal, also when they are away for a while, and the
# service for systemd as it is installed.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
need_root
need_helpers bomb ear hog
has memory || has pids || skip_all "no memory and no pids controller"
if has memory; then
	memory_group "$T/k" 16M
	g=$T/k kind=kill what='killed hog' priority=3
else
	cgx-create -r pids.max=8 "$T/f"
	g=$T/f kind=fork what='[0-9]+ forks? denied' priority=4
fi
one() # more to tell
{
	if has memory; then victim "$g"; else cgx-exec --report=none -g "$g" "$bomb" 30 0 >/dev/null; sleep 1.1; fi
}

ears_pid=''
hear() # NAME: what is sent to the socket $tmp/NAME goes to $tmp/NAME.heard
{
	rm -f "$tmp/$1"
	background "$ear" "$tmp/$1" 300 >>"$tmp/$1.heard"
	ears_pid=$!
	wait_for 5 test -S "$tmp/$1"
}

no_ear()
{
	kill "$ears_pid"
	wait "$ears_pid" 2>/dev/null
}

heard() # N ERE FILE
{
	[ "$(grep -acE -- "$2" "$tmp/$3.heard")" -ge "$1" ]
}

# ---- syslog --------------------------------------------------------------------------------------

# /dev/log is ours in a mount namespace with a /dev that has little more.
cat >"$tmp/with-log" <<'END'
mkdir "$0.dev" && mount --rbind /dev "$0.dev" && mount -t tmpfs tmpfs /dev || exit
for d in null zero kmsg; do
	[ ! -e "$0.dev/$d" ] || { : >"/dev/$d" && mount --bind "$0.dev/$d" "/dev/$d"; } || exit
done
ln -s "${0%/*}/log" /dev/log && exec "$@"
END
if unshare -m --propagation private sh "$tmp/with-log" true 2>"$tmp/why"; then
	rmdir "$tmp/with-log.dev"
	hear log
	first="unshare -m --propagation private sh $tmp/with-log"
	watch --syslog "$g"
	one
	ok "syslog has it" wait_for 10 heard 1 "$what" log
	no_ear
	one
	ok "a syslog that is away ends nothing" alive "$pid"
	hear log
	one
	ok "and is told again when it is back" wait_for 10 heard 2 "$what" log
	watched
	is "$status" 0 "status 0"
	rmdir "$tmp/with-log.dev"
	like "$(cat "$tmp/log.heard")" "^<$((3 * 8 + priority))>.* cgx-oom-watch\\[[0-9]+\\]: $g: $what" \
		"with facility daemon, its priority, the tool's name, group and words"
	is "$out" "" "and stdout nothing"
	watch --syslog --json --count 1 "$g"
	one
	ended
	json "with --json stdout has it, too" "$(echo "$out" | head -n 1)" ".kind == \"$kind\" and .group == \"$g\""
	ok "besides syslog" wait_for 10 heard 3 "$what" log
	no_ear
	first=''
else
	skip "no /dev of one's own here: $(cat "$tmp/why")" "syslog has it"
fi

# ---- a journal that is away ----------------------------------------------------------------------

hear journal
watch --journal="$tmp/journal" "$g"
one
ok "the journal has it" wait_for 10 heard 1 "^CGX_KIND=$kind\$" journal
no_ear
one
ok "that it did not take something is told" wait_for 5 grep -q "send to the journal" "$tmp/w.err"
one
hear journal
one
ok "when it is back it has the next" wait_for 10 heard 2 "^CGX_KIND=$kind\$" journal
watched
is "$status" 0 "status 0"
like "$err" 'warning: .*did not take (1 message|2 messages)$' "and how many it has not is told"
is "$(printf '%s\n' "$err" | grep -c 'send to the journal')" 1 "the failure once"
no_ear

# ---- the service ---------------------------------------------------------------------------------

unit=${CGX_BUILDDIR:-.}/contrib/systemd/cgx-oom-watch.service
service=cgx-oom-watch-test-$$.service
if [ ! -d /run/systemd/system ] || ! have journalctl; then
	skip "systemd is not PID 1 here" "the service for systemd"
	done_testing
	exit
fi
[ -r "$unit" ] || bail "$unit is not there: make all"

main_pid()
{
	systemctl show -p MainPID --value "$service"
}

entries() # of the group, as JSON lines
{
	journalctl -q -o json _SYSTEMD_UNIT="$service" "CGX_GROUP=$g" 2>/dev/null
}

in_journal() # N
{
	[ "$(entries | grep -c MESSAGE_ID)" -ge "$1" ]
}

another() # PID: the service runs again, and watches
{
	[ "$(systemctl is-active "$service")" = active ] && [ "$(main_pid)" != "$1" ]
}

# shellcheck disable=SC2317 # called by the trap
no_service()
{
	systemctl stop "$service" 2>/dev/null
	rm -f "/run/systemd/system/$service"
	systemctl daemon-reload
	clean_up
}
trap no_service EXIT
tool=$(command -v cgx-oom-watch)
sed "s,^ExecStart=[^ ]*,ExecStart=$tool," "$unit" >"/run/systemd/system/$service"
if have systemd-analyze; then
	run systemd-analyze verify --man=no "/run/systemd/system/$service"
	is "$(printf '%s\n' "$err" | grep "$service")" "" "systemd has nothing to say of the unit"
fi
systemctl daemon-reload
exits 0 "it starts, and says that it has" timeout 60 systemctl start "$service"
is "$(systemctl is-active "$service")" active "it is active"
one
ok "the journal has what happens, of this service" wait_for 10 in_journal 1
entry=$(entries | head -n 1)
json "with words, priority and identifier" "$entry" ".SYSLOG_IDENTIFIER == \"cgx-oom-watch\" and .PRIORITY == \"$priority\" and
	(.MESSAGE | test(\"^$g: $what\")) and .CGX_KIND == \"$kind\""
if has memory; then
	json "with its few capabilities it knows the victim" "$entry" \
		"(.CGX_SOURCE == \"tracepoint\" or .CGX_SOURCE == \"kernel log\") and .CGX_PID == \"$victim\" and .CGX_SURE == \"1\""
	like "$(journalctl -q -t cgx-oom-watch CGX_KIND=kill)" "$g: killed hog \\(pid $victim" "as its head comment says it is found"
fi
is "$(journalctl -q -o cat _SYSTEMD_UNIT="$service" | grep -c warning)" 0 "and has nothing to complain of"
before=$(main_pid)
kill -KILL "$before"
ok "killed, it is started again" wait_for 20 another "$before"
one
ok "and goes on" wait_for 10 in_journal 2
exits 0 "it stops" systemctl stop "$service"
is "$(systemctl show -p Result --value "$service")" success "well"
done_testing
