#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-rulesd: places what starts and what changes identity, reloads, survives a storm, keeps its hands off sticky ones, and
# does what libcgroup's daemon does with the same rules. In a mount namespace with an /etc and a /run of its own. Then as the
# service for systemd. RULESD_SOURCE is a further option for it: rulesd-connector.t is this with --no-bpf.
[ -n "${CGX_RULESD_NS-}" ] || [ "$(id -u)" != 0 ] || CGX_RULESD_NS=1 exec unshare -m sh "$0" "$@"
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
[ -x "$(helper starts)" ] || bail "tests/live/starts is not built: make check_PROGRAMS"
PATH=$PATH:/usr/sbin:/sbin
has pids || skip_all "no pids controller"

source=${RULESD_SOURCE-}
program=$tmp/ruled
cp "$(command -v sleep)" "$program"
cp "$(helper starts)" "$tmp/quick"
for g in a b kept; do
	cgx-create -g "pids:$T/$g"
done
rules=$tmp/rules
cat >"$rules" <<-END
	cgxt-rules:$program pids $T/b
	*:$program pids $T/a
	*:$tmp/quick pids $T/q/%p
END
mkdir "$tmp/etc"
cp -a /etc/. "$tmp/etc" 2>/dev/null
rm -rf "$tmp/etc/cgrules.d" "$tmp/etc/cgconfig.d"
mkdir "$tmp/etc/cgrules.d" "$tmp/etc/cgconfig.d"
cp "$rules" "$tmp/etc/cgrules.conf"
echo "template $T/q/%p { pids { pids.max = 55; } }" >"$tmp/etc/cgconfig.conf"
echo 'cgxt-rules:x:4242:4242::/:/bin/sh' >>"$tmp/etc/passwd"
if ! mount --bind "$tmp/etc" /etc || ! mount -t tmpfs none /run; then
	umount /etc 2>/dev/null
	skip_all "no mounts allowed here"
fi

runs() # PID: it has become the program
{
	[ "$(readlink "/proc/$1/exe")" = "$program" ]
}
is_in() # PID GROUP
{
	[ "$(group_of pids "$1")" = "$2" ]
}
sticky_stays() # SECONDS-OF-SLEEP PATIENCE: sets kept
{
	background cgx-exec --sticky --report=none -g "pids:$T/kept" "$program" "$1"
	kept=$!
	wait_for "$2" runs "$kept"
	background "$program" "$(($1 + 1))"
	wait_for "$2" is_in "$!" "$T/a"
	is "$(group_of pids "$kept")" "$T/kept" "a sticky process stays"
}
figure() # WORDS [LINE]: the number before them in the last line of that kind, "events: " if not given
{
	grep "[0-9] ${2-events: }" "$tmp/log" | sed -n "s/.*[ :]\\([0-9][0-9]*\\) $1.*/\\1/p" | tail -n 1
}
# Each event is in one of these.
sum_of_events()
{
	echo "$(($(figure 'processes placed') + $(figure 'were there') + $(figure 'fit no rule') + $(figure 'are left alone') + \
		$(figure sticky) + $(figure 'were gone before') + $(figure 'could not be placed') + \
		$(figure 'came together') + $(figure 'of process 1')))"
}
listening()
{
	grep -q 'rules in force' "$tmp/log"
}
summaries()
{
	grep -c '[0-9] sweeps: ' "$tmp/log"
}
summarize() # ask for one and wait for it
{
	before=$(summaries)
	kill -USR1 "$daemon"
	# shellcheck disable=SC2317
	more()
	{
		[ "$(summaries)" -gt "$before" ]
	}
	wait_for 5 more
}
begin() # OPTIONS...
{
	: >"$tmp/log"
	# no wrapper: it gets signals
	# shellcheck disable=SC2086 # an option or nothing
	background cgx-rulesd $source "$@" 2>"$tmp/log"
	daemon=$!
	wait_for 5 listening
}
end()
{
	kill "$daemon"
	wait "$daemon"
}

background "$program" 900
early=$!
wait_for 5 runs "$early"
if ! begin; then
	err=$(cat "$tmp/log")
	umount /etc
	skip_all "no process events here: $(head -n 1 "$tmp/log")"
fi
ok "what runs already is placed at its start" is_in "$early" "$T/a"
background "$program" 901
ok "what starts is placed" wait_for 5 is_in "$!" "$T/a"
background setpriv --reuid 4242 --clear-groups "$program" 902
ok "by its user" wait_for 5 is_in "$!" "$T/b"
other=$!

# storm: short processes, none lost without a word
end
begin
count=10000
[ -z "${CGX_VM-}" ] || count=200 # an emulated machine starts some 20 a second
unseen=$("$(helper starts)" "$count" 0 0 "$T/q/quick" "$tmp/quick")
summarize
placed=$(figure 'processes placed')
is "$(sum_of_events)" "$(figure 'events: ')" "a storm of short ones: each event is in one of the figures"
num "$placed" -le "$count" "none of $count is counted twice"
num "$placed" -ge "$((count - unseen))" "all that saw themselves placed are counted"
num "$((placed + $(figure 'were gone before') + $(figure 'came together') + $(figure 'events lost' 'events lost')))" -ge "$count" \
	"each was placed, or gone, or lost"
is "$(figure 'could not be placed')" 0 "none failed"
ok "the group that a rule names by a variable was made" exists "$T/q/quick" pids

echo "nonsense" >>/etc/cgrules.conf
kill -HUP "$daemon"
ok "new rules that cannot be read are told" wait_for 5 grep -q 'cgrules.conf:4: read the rule' "$tmp/log"
ok "and the old ones stay" wait_for 5 grep -q 'stay in force' "$tmp/log"
background "$program" 903
ok "as one can see" wait_for 5 is_in "$!" "$T/a"
is "$(cat "$(dir_of pids "$T/q/quick")/pids.max")" 55 "and is as the template says"
sed -e '$d' "$tmp/etc/cgrules.conf" >"$tmp/new"
cat "$tmp/new" >/etc/cgrules.conf
echo "template x { nosuch { } }" >/etc/cgconfig.d/bad.conf
kill -HUP "$daemon"
ok "a template that cannot be understood is told" wait_for 5 grep -q 'cgconfig.d/bad.conf:1: ' "$tmp/log"
rm /etc/cgconfig.d/bad.conf
sed -e '1d' "$tmp/etc/cgrules.conf" >"$tmp/new"
cat "$tmp/new" >/etc/cgrules.conf
kill -HUP "$daemon"
ok "new rules are read" wait_for 5 grep -q '2 rules read again' "$tmp/log"
ok "and hold for what runs" wait_for 5 is_in "$other" "$T/a"

# asked by its socket, it answers when it has read and swept
read_again()
{
	run cgx-rulesd --reload
}
printf '*:%s pids %s/b\n' "$program" "$T" >/etc/cgrules.conf
read_again
is "$status $(group_of pids "$other")" "0 $T/b" "--reload returns when new rules hold for what runs"
is "$err" "cgx-rulesd: note: 1 rules in force" "and says how many"
echo "nonsense" >>/etc/cgrules.conf
read_again
is "$status" 1 "--reload fails where they are refused"
like "$err" 'refused them; those read before stay' "and says what holds"
ok "the daemon has said why by then" grep -q 'cgrules.conf:2: read the rule' "$tmp/log"
printf '*:%s pids %s/a\n*:%s pids %s/q/%%p\n' "$program" "$T" "$tmp/quick" "$T" >/etc/cgrules.conf
if have setpriv; then
	chmod 666 /run/cgred.socket
	open_tools
	run setpriv --reuid 4242 --clear-groups cgx-rulesd --reload
	is "$status" 1 "one who may mark processes may not ask for that"
	like "$err" 'only root, or who runs it, may ask' "and is told so"
	is "$(group_of pids "$other")" "$T/b" "nothing was read"
	chmod 600 /run/cgred.socket
else
	skip "no setpriv here" "--reload by others"
fi
read_again
is "$(group_of pids "$other")" "$T/a" "it goes on as before"
exits 2 "--reload with rules" cgx-rulesd --reload -f "$rules"
exits 1 "--reload where nobody listens" cgx-rulesd --reload --socket "$tmp/nobody"
like "$err" "nobody: read the rules again: no rule daemon listens there" "is told"

sticky_stays 904 5
# more births than are heard in one go lie before those of the last children, who have executed by then
mkfifo "$tmp/go"
cp "$(helper starts)" "$tmp/starter"
many=700
[ -z "${CGX_VM-}" ] || many=60
in_kept() # N
{
	[ "$(procs_of pids "$T/kept" | grep -c .)" -ge "$1" ]
}
background cgx-exec --sticky --report=none -g "pids:$T/kept" sh -c "read -r x <'$tmp/go'; '$tmp/starter' $many 0 0 x '$tmp/quick'
	exec '$tmp/starter' 20 0 $((slower * 3000000)) '$T/kept' '$tmp/quick'" >"$tmp/moved"
starter=$!
wait_for 5 in_kept 2
echo >"$tmp/go"
kill -STOP "$daemon"
wait_for 30 in_kept 22
kill -CONT "$daemon"
wait "$starter"
is "$(tail -n 1 "$tmp/moved")" 0 "and so do all children that it starts in a storm"
if have cgexec; then
	background "$(command -v cgexec)" --sticky -g "pids:$T/kept" sh -c "$program 906; :"
	wait_for 5 in_kept 3
	background "$program" 907
	wait_for 5 is_in "$!" "$T/a"
	ok "and so do the children of one that libcgroup's cgexec named" in_kept 3
else
	skip "no cgexec here" "children of cgexec --sticky"
fi
exits 1 "a second daemon" cgx-rulesd
like "$err" "a rule daemon runs already" "is refused"
end
ok "it tells what it did at its end" grep -q 'gone before they could be placed' "$tmp/log"
ok "and takes its socket with it" not test -e /run/cgred.socket

# more groups than it may have files open
printf '*:%s pids %s/each/%%P\n' "$tmp/quick" "$T" >"$tmp/each"
: >"$tmp/log"
# shellcheck disable=SC2086
background sh -c 'ulimit -n 28 && exec "$@"' x "$(command -v cgx-rulesd)" $source -f "$tmp/each" 2>"$tmp/log"
daemon=$!
wait_for 5 listening
"$(helper starts)" 40 0 $((slower * 500000)) "$T/each" "$tmp/quick" >"$tmp/unseen"
summarize
num "$(figure 'processes placed')" -gt 12 "a group for each process"
is "$(figure 'could not be placed')" 0 "and no want of descriptors"
end

# too many events for its room: it stands still meanwhile
begin --buffer 4096
kill -STOP "$daemon"
"$(helper starts)" 120 0 0 "$T" "$tmp/quick" >"$tmp/unseen"
background "$program" 908
last=$!
wait_for 5 runs "$last"
kill -CONT "$daemon"
ok "lost events are told" wait_for 5 grep -q 'events came faster than they could be read' "$tmp/log"
ok "and a sweep places what they were about" wait_for 5 is_in "$last" "$T/a"
summarize
is "$(sum_of_events)" "$(figure 'events: ')" "each event that was read is in one of the figures"
num "$(($(figure 'events: ') + $(figure 'events lost' 'events lost')))" -ge 121 "what was not read was counted as lost"
num "$(figure 'processes placed' 'sweeps: ')" -ge 1 "what the sweep placed is counted apart"
end

# under the name of libcgroup's daemon
mkdir "$tmp/bin"
engine=$tmp/bin/cgrulesengd program_of=$(command -v cgx-rulesd) before=${LD_LIBRARY_PATH-}
libs=$(dirname "$program_of")/.libs
if [ -x "$libs/cgx-rulesd" ]; then # not libtool's wrapper, which does not hand its name on
	program_of=$libs/cgx-rulesd
	LD_LIBRARY_PATH=$(cd "$libs/../../.libs" && pwd)
	export LD_LIBRARY_PATH
fi
ln -s "$program_of" "$engine"
no_socket()
{
	[ ! -S /run/cgred.socket ]
}
told() # WORDS [N]
{
	[ "$(grep -c "$1" "$tmp/engine.log")" -ge "${2:-1}" ]
}
cp "$rules" /etc/cgrules.conf
exits 0 "cgrulesengd returns when it serves" "$engine" -v -f "$tmp/engine.log" -u nobody -g nogroup
pid=$(pgrep -f "^$engine" | head -n 1)
pids="$pids $pid"
is "$(stat -c '%U %G %a' /run/cgred.socket)" "nobody nogroup 660" "the socket is whose it was told to be"
background "$program" 130
ok "it places" wait_for 5 is_in "$!" "$T/a"
ok "and says so in its log, with -v" wait_for 5 told "placed ruled (pid $!, uid 0) to $T/a"
is "$(readlink "/proc/$pid/cwd") $(readlink "/proc/$pid/fd/0")" "/ /dev/null" "it has left folder and terminal"
run "$engine" -f "$tmp/other.log"
is "$status" 1 "a second one fails where it was started"
like "$err" "^cgrulesengd: /run/cgred.socket: .*a rule daemon runs already" "and says why there"
sed -i "s,/a\$,/b," /etc/cgrules.conf
kill -USR2 "$pid"
ok "SIGUSR2 reads the rules again" wait_for 5 told 'rules read again'
background "$program" 131
ok "and they hold" wait_for 5 is_in "$!" "$T/b"
kill "$pid"
ok "it ends with its socket" wait_for 5 no_socket
mkdir "$tmp/dev"
mount -t tmpfs none "$tmp/dev"
: >"$tmp/dev/null"
mount --bind /dev/null "$tmp/dev/null"
mount --rbind "$tmp/dev" /dev # of this mount namespace
background "$(helper ear)" /dev/log 60 >"$tmp/syslog"
wait_for 5 test -S /dev/log
exits 0 "cgrulesengd -slocal3" "$engine" -slocal3
pid=$(pgrep -f "^$engine" | head -n 1)
pids="$pids $pid"
ok "its messages go to syslog" wait_for 5 grep -qE '^<157>.*cgrulesengd\[[0-9]+\]: [0-9]+ rules in force' "$tmp/syslog"
kill "$pid"
ok "and it ends" wait_for 5 no_socket
umount -l /dev
umount -l "$tmp/dev"
run "$engine" -sno-such
is "$status" 1 "a facility that is none"
like "$err" 'syslog\(3\)' "is told, with what there is"
echo "root pids" >/etc/cgrules.conf
run "$engine"
is "$status" 1 "with a broken rule it fails where it was started"
like "$err" '^cgrulesengd: /etc/cgrules.conf:1: ' "and names the line"
cp "$rules" /etc/cgrules.conf
LD_LIBRARY_PATH=$before

# libcgroup's daemon, the same rules
cp "$rules" /etc/cgrules.conf
if have cgrulesengd; then
	places() # of the processes in $all
	{
		for p in $all; do
			group_of pids "$p"
		done
	}
	three()
	{
		all=
		background setpriv --reuid 4242 --clear-groups "$program" 910
		all="$all $!"
		background "$program" 911
		all="$all $!"
		background "$tmp/copy" 912
		all="$all $!"
		sleep 1
	}
	cp "$program" "$tmp/copy"
	begin
	three
	ours=$(places)
	end
	background timeout -k 1 60 cgrulesengd -n -Q -f "$tmp/cglog"
	theirs_daemon=$!
	if wait_for 10 test -S /run/cgred.socket; then
		exits 1 "libcgroup's daemon knows no --reload" timeout 20 cgx-rulesd --reload
		three
		is "$ours" "$(places)" "libcgroup's daemon places the same processes in the same groups"
	else
		skip "cgrulesengd does not start here" "the same by libcgroup's daemon"
	fi
	kill "$theirs_daemon" 2>/dev/null
else
	skip "no cgrulesengd here" "the same by libcgroup's daemon"
fi
background "$program" 920
wait_for 5 runs "$!"
run cgx-move --rules=libcgroup "$!"
case $err in
*"without libcgroup"* | *libcgroup.so*) skip "${err%%
*}" "cgx-move --rules=libcgroup" ;;
*)
	is "$status" 0 "cgx-move --rules=libcgroup"
	is "$(group_of pids "$!")" "$T/a" "moves where libcgroup's own matching says"
	;;
esac
umount /etc
umount /run

# ---- the service ---------------------------------------------------------------------------------

unit=${CGX_BUILDDIR:-.}/contrib/systemd/cgx-rulesd.service
service=cgx-rulesd-test-$$.service
if [ ! -d /run/systemd/system ] || ! have journalctl; then
	skip "systemd is not PID 1 here" "the service for systemd"
	done_testing
	exit
fi
[ -r "$unit" ] || bail "$unit is not there: make all"
# /tmp is another one to the service
conf=/run/cgxt-rules-$$
# shellcheck disable=SC2317 # called by the trap
no_service()
{
	systemctl stop "$service" 2>/dev/null
	rm -rf "/run/systemd/system/$service" "/run/systemd/system/$service.d" "$conf"
	systemctl daemon-reload
	clean_up
}
trap no_service EXIT
mkdir "$conf"
printf '4242:%s pids %s/u/%%U\n*:%s pids %s/a\n' "$program" "$T" "$program" "$T" >"$conf/rules"
echo "template $T/u/%U { pids { pids.max = 33; } }" >"$conf/templates"
program_of=$(command -v cgx-rulesd)
sed -e "s,^ExecStart=.*,ExecStart=$program_of $source -v -f $conf/rules --config $conf/templates," \
	-e "s,^ExecReload=[^ ]*/cgx-rulesd ,ExecReload=$program_of ," "$unit" \
	>"/run/systemd/system/$service"
if have systemd-analyze; then
	run systemd-analyze verify --man=no "/run/systemd/system/$service"
	is "$(printf '%s\n' "$err" | grep "$service")" "" "systemd has nothing to say of the unit"
fi
systemctl daemon-reload
journal() # ERE: a line of the service's has it
{
	journalctl -q -o cat "_SYSTEMD_UNIT=$service" 2>/dev/null | grep -Eq -- "$1"
}
background "$program" 930
early=$!
wait_for 5 runs "$early"
exits 0 "it starts, and says when it is ready" timeout 60 systemctl start "$service"
ok "then what ran already has been placed" is_in "$early" "$T/a"
background "$program" 931
ok "what starts is placed, for all the hardening" wait_for 10 is_in "$!" "$T/a"
background setpriv --reuid 4242 --clear-groups "$program" 932
ok "a group is made" wait_for 10 is_in "$!" "$T/u/4242"
is "$(cat "$(dir_of pids "$T/u/4242")/pids.max")" 33 "as its template says"
sticky_stays 933 10
echo 'nonsense' >>"$conf/rules"
run timeout 60 systemctl reload "$service"
is "$status" 1 "systemctl reload fails where the rules are refused"
is "$(systemctl is-active "$service")" active "and the service goes on"
ok "rules that cannot be read are told in the journal" wait_for 10 journal "$conf/rules:3: read the rule"
for where in a b a b; do
	printf '*:%s pids %s/%s\n' "$program" "$T" "$where" >"$conf/rules"
	exits 0 "systemctl reload with better ones" timeout 60 systemctl reload "$service"
	is "$(group_of pids "$early")" "$T/$where" "returns when they hold"
done
# a signal, as a unit of one's own may send it: the manager is told, too
printf '*:%s pids %s/a\n' "$program" "$T" >"$conf/rules"
exits 0 "SIGHUP" systemctl kill -s HUP "$service"
ok "has the rules read again" wait_for 10 is_in "$early" "$T/a"
active()
{
	[ "$(systemctl is-active "$service")" = active ]
}
ok "and the service is active" wait_for 10 active
if [ "$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')" -ge 253 ]; then
	mkdir "/run/systemd/system/$service.d"
	printf '[Service]\nType=notify-reload\nExecReload=\n' >"/run/systemd/system/$service.d/type.conf"
	systemctl daemon-reload
	systemctl restart "$service"
	printf '*:%s pids %s/b\n' "$program" "$T" >"$conf/rules"
	exits 0 "systemctl reload as Type=notify-reload" timeout 60 systemctl reload "$service"
	is "$(group_of pids "$early")" "$T/b" "returns when they hold"
else
	skip "this systemd has no Type=notify-reload" "Type=notify-reload"
fi
ok "and told there" wait_for 10 journal '1 rules read again'
like "$(systemctl show -p StatusText "$service")" 'StatusText=1 rules; [1-9][0-9]* processes placed' \
	"its status has the figures"
exits 0 "it ends when it shall" systemctl stop "$service"
is "$(systemctl show -p Result --value "$service")" success "of its own accord"
: >"$tmp/log"
background cgx-rulesd --bpf --no-sweep --socket "$tmp/socket" -f "$conf/rules" 2>"$tmp/log"
by_hand=$!
if [ -z "$source" ] && wait_for 5 listening; then
	ok "the hardening leaves it BPF" journal 'told by BPF$'
else
	skip "not by BPF" "the hardening leaves it BPF"
fi
kill "$by_hand" 2>/dev/null
ok "and sums up" wait_for 10 journal '[0-9] events: [0-9]+ processes placed'
ok "and takes its socket with it" not test -e /run/cgred.socket
done_testing
