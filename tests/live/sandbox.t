#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox: a command in a root, namespaces and a group of its own; what it may, what it may not, how it ended.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$lib_live/sandbox.sh"
need_helpers bomb hog
bomb=$(shown "$bomb") hog=$(shown "$hog")

in_host() # SCRIPT: in the host's own tree
{
	run_in / sh -c "$1"
}
monitor_of() { cgx-sandbox inspect "$1" | sed -n 's/.*"monitor":\([0-9]*\).*/\1/p'; }
pid_of() { cgx-sandbox inspect "$1" | sed -n 's/.*"pid":\([0-9]*\).*/\1/p'; }

# ---- it runs, and ends as the command does -------------------------------------------------------

in_host 'echo hello; echo there >&2'
is "$status:$out" "0:hello" "a command runs in the host's own tree"
like "$err" '^there$' "its stderr is its own"
[ "$status" = 0 ] || bail "nothing runs: $err"
for want in 0 3 255; do
	in_host "exit $want"
	is "$status" "$want" "exit status $want"
done
in_host 'kill -TERM $$'
is "$status" 143 "a signal is 128 and its number, though it is nobody's process 1"
in_host 'kill -SEGV $$'
is "$status" 139 "a fault as well"
run_in / nosuch
is "$status" 127 "a command that is not there: 127"
like "$err" 'nosuch: execute: No such file' "says so"
run_in / /etc/passwd
is "$status" 126 "one that cannot be executed: 126"
run_in /nonexistent true
is "$status" 125 "a root that is not there: 125"
like "$err" 'nonexistent: open the root: No such file' "says so"
run_in
is "$status" 125 "no root at all"
run_in /dev/zero true
is "$status" 125 "a root that can be none"
advised "and what can"
run_in --timeout 1 --kill-after 1 / sh -c 'trap "" TERM; sleep 100'
is "$status" 124 "time over: 124"
like "$err" 'timed out' "is told"
out=$(echo in | timeout 20 cgx-sandbox run --rm -i / cat)
is "$out" in "-i: it reads standard input"
out=$(echo in | timeout 20 cgx-sandbox run --rm / cat)
is "$out" "" "without -i it has none"
is "$(left)" "" "nothing is left"

# ---- it is apart ---------------------------------------------------------------------------------

# shellcheck disable=SC2016
in_host 'readlink /proc/self/ns/mnt /proc/self/ns/pid /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/user /proc/self/ns/cgroup /proc/self/ns/time'
mine=$(for n in mnt pid net ipc uts user cgroup time; do readlink /proc/self/ns/$n; done)
is "$(printf '%s\n%s\n' "$out" "$mine" | sort | uniq -d)" "" "eight namespaces, none of them the caller's"
is "$(printf '%s\n' "$out" | grep -c .)" 8 "all eight"
in_host 'hostname; cat /proc/sys/kernel/hostname'
is "$out" "$N-r
$N-r" "its host name is its own"
in_host 'id -u; cat /proc/self/uid_map'
like "$out" '^0$' "root inside"
is "$(printf '%s\n' "$out" | awk 'NR == 2 { print ($2 > 100000), $3 }')" "1 65536" "and a range of nobody's ids outside"
in_host 'ls /proc | grep -c "^[0-9]"'
num "$out" -le 6 "it sees its own processes alone"
in_host 'ls -l /proc/self/fd | grep -c -e "-> "'
is "$out" 4 "and no descriptors but the standard ones and ls's own"
exec 7</ 8</etc/passwd
in_host 'ls /proc/self/fd | tr "\n" " "'
is "$out" "0 1 2 3 " "nor those the caller left open"
exec 7<&- 8<&-
in_host 'cat /proc/net/dev | grep -c :; cat /sys/class/net/lo/operstate /sys/class/net/lo/flags 2>/dev/null'
like "$out" '^1$' "loopback is its only link"
in_host 'cat /proc/self/cgroup'
unlike "$out" 'cgx-sandbox' "its group is the root of what it sees"
in_host 'touch /etc/cgx-was-here && ls /etc/cgx-was-here && rm /etc/passwd && ls /etc/passwd'
like "$out" 'cgx-was-here' "it can write to the tree"
ok "and none of it is written" test ! -e /etc/cgx-was-here
ok "nor removed" test -e /etc/passwd
in_host 'cat /etc/shadow'
is "$status:$out" "1:" "what others may not read of the host, root inside cannot read"
in_host 'cd /root && ls -A; touch x /tmp/x /var/tmp/x /etc/x /opt/x /srv/x /x && ls'
is "$status:$out" "0:x" "root inside has a home of its own, empty, and places to write to"
umask 077
run_in -u nobody / sh -c 'umask; ls / >/dev/null && cat /etc/hosts >/dev/null && echo fine'
umask 022
is "$status:$out" "0:0077
fine" "whose modes are no matter of the caller's umask"
in_host 'echo x >>/etc/passwd'
isnt "$status" 0 "and changes no file of the host's owners"
run_in --own-root / sh -c 'cat /etc/shadow >/dev/null && echo x >>/etc/passwd && touch /usr/x && echo wrote'
is "$status:$out" "0:wrote" "with --own-root he owns what the host's root does"
run_in --own-root "$tmp" true
is "$status" 125 "which another root than / has no use for"
in_host 'mkdir /tmp/cgx-a && echo x >/tmp/cgx-a/b && mv /tmp/cgx-a /tmp/cgx-c && cat /tmp/cgx-c/b'
is "$out" x "files can be made and renamed"

# ---- what it may not -----------------------------------------------------------------------------

in_host 'grep -e ^CapInh -e ^CapAmb -e ^CapEff -e ^CapBnd -e ^NoNewPrivs -e ^Seccomp: /proc/self/status | tr -d "\t"'
like "$out" '^CapInh:0*$' "no inheritable capabilities"
like "$out" '^CapAmb:0*$' "no ambient ones"
like "$out" '^CapEff:00000000800405fb$' "eleven effective ones"
like "$out" '^CapBnd:00000000800405fb$' "and no way to more"
like "$out" '^NoNewPrivs:1' "no new privileges"
like "$out" '^Seccomp:2' "a filter"
run_in --cap-drop all --cap-add net_raw / sh -c 'grep ^CapEff /proc/self/status'
like "$out" '0000000000002000$' "--cap-drop, --cap-add"
for what in 'mount -t tmpfs none /mnt' 'unshare -U true' 'unshare -m true' 'chroot / unshare -r true' \
	'echo x >/proc/sys/kernel/core_pattern' 'echo 1 >/proc/sys/net/ipv4/ip_forward' 'echo b >/proc/sysrq-trigger' \
	'mknod /tmp/sda b 8 0 && cat /tmp/sda' 'cat /proc/kcore | head -c 1 | grep -q .' 'grep -q . /proc/keys' \
	'grep -q . /proc/timer_list' 'cat /proc/1/maps' 'readlink /proc/1/exe' 'cat /proc/1/environ' \
	'echo 1 >/sys/kernel/mm/ksm/run' 'hostname other' 'date -s 2001-01-01' 'swapoff -a && false' 'dmesg | grep -q .'; do
	in_host "$what" >/dev/null 2>&1
	isnt "$status" 0 "may not: $what"
done
in_host 'test -c /dev/null && test -c /dev/zero && test ! -e /dev/sda && test ! -e /dev/vda && test ! -e /dev/kmsg && test ! -e /dev/mem'
is "$status" 0 "/dev has the harmless nodes alone"
in_host 'echo x >/dev/null && head -c 3 /dev/zero | wc -c && test -d /dev/shm && touch /dev/shm/x && echo fine'
like "$out" '^fine$' "and they work"

# ---- users, places, limits of resources ----------------------------------------------------------

run_in -u nobody / sh -c 'id -u; grep ^CapEff /proc/self/status'
like "$out" '^[1-9]' "-u: another user"
like "$out" 'CapEff:.0*$' "who has no capabilities"
run_in -u 1234:5678 / sh -c 'id -u; id -g'
is "$out" "1234
5678" "-u by numbers"
for bad in '' ':' '1:' -1 4294967295 0x0 ' 1' nosuchuser; do
	run_in -u "$bad" / true
	is "$status" 125 "-u '$bad' is refused"
done
run_in -w /usr / pwd
is "$out" /usr "-w"
for bad in /proc/self/fd/3 /proc/self/fd/5 /proc/self/fd/9; do
	run_in -w "$bad" / sh -c 'ls / >/dev/null; pwd'
	unlike "$out" '^/proc|unreachable' "-w $bad leads nowhere else"
done
run_in -e A=1 -e A=2 -e PATH=/bin:/usr/bin / sh -c 'echo $A $PATH $HOME'
is "$out" "2 /bin:/usr/bin /root" "-e, and the last one counts"
run_in / sh -c 'echo $HOME'
is "$out" /root "HOME is root's"
run_in -u daemon / sh -c 'echo $HOME'
is "$out" "$(getent passwd daemon | cut -d: -f6)" "or that of the user in the root's passwd"
run_in -u 54321 / sh -c 'echo $HOME'
is "$out" / "or / of one who is not in it"
run_in -u daemon -e HOME=/x / sh -c 'echo $HOME'
is "$out" /x "-e HOME"
for bad in '' =x =; do
	run_in -e "$bad" / true
	is "$status" 125 "-e '$bad' is refused"
done
printf '# one\nA=1\n\n  B=two words\nSECRET\nNONE\nC=\r\n' >"$tmp/env"
SECRET=x run_in --env-file "$tmp/env" -e A=2 / sh -c 'echo "$A,$B,$SECRET,${NONE-not},$C,"'
is "$out" "2,two words,x,not,," "--env-file, and -e goes before it"
printf 'A=1\nB C=2\n' >"$tmp/env"
run_in --env-file "$tmp/env" / true
like "$status:$err" '^125:.*--env-file .*: line 2: ' "a line that is none"
printf '\0A=1\n' >"$tmp/env"
run_in --env-file "$tmp/env" / true
like "$status:$err" '^125:.*line 1: ' "a byte of 0"
run_in --env-file "$tmp/none" / true
like "$status:$err" '^125:.*--env-file .*: No such file' "a file that is not there"
SECRET=x run_in / sh -c 'echo "[$SECRET]"'
is "$out" "[]" "the caller's environment stays outside"
run_in --ulimit nofile=64:128 / sh -c 'ulimit -n; ulimit -Hn'
is "$out" "64
128" "--ulimit"
run_in --ulimit nofile=8 --net host / sh -c 'ulimit -n; ulimit -Hn'
is "$status:$out" "0:8
8" "--ulimit below what the start itself takes"
run_in --ulimit nofile=9:8 / true
like "$status:$err" '^125:.*--ulimit nofile=9:8: .*above' "a soft limit above the hard one"
mkdir "$tmp/vol" && echo kept >"$tmp/vol/file" && chmod 755 "$tmp" && chmod 777 "$tmp/vol"
run_in -v "$tmp/vol:/mnt/vol:ro" / sh -c 'cat /mnt/vol/file; echo x >/mnt/vol/new'
is "$out" kept "-v shows a directory"
like "$err" 'Read-only' "read-only where it is told"
run_in -v "$tmp/vol:/mnt/vol" / sh -c 'echo y >/mnt/vol/new'
is "$(cat "$tmp/vol/new" 2>/dev/null)" y "else what is written stays"
run_in --read-only / sh -c 'touch /x; touch /tmp/y && echo fine'
like "$err" 'Read-only' "--read-only"
is "$out" fine "with places to write in memory"
run_in --tmpfs /data:1M / sh -c 'df -k /data | tail -n 1 | tr -s " " | cut -d" " -f2'
is "$out" 1024 "--tmpfs with a size"
run_in --tmpfs /data:0 / true
like "$status:$err" '^125:cgx-sandbox run: --tmpfs /data:0: 0 would be no limit' "--tmpfs with a size of 0 is refused"
run_in --tmpfs /data:size=2M,mode=750,noexec / sh -c 'df -k /data | tail -n 1 | tr -s " " | cut -d" " -f2; stat -c %a /data; cp /bin/true /data/ && /data/true'
is "$status:$out" "126:2048
750" "and with docker's words"
mkdir "$tmp/mounted" && echo seen >"$tmp/mounted/file"
run_in --mount "type=bind,src=$tmp/mounted,dst=/m:1,ro" --mount "src=$tmp/mounted/file,target=/f" --mount type=tmpfs,dst=/t,tmpfs-size=1M,tmpfs-mode=700,ro / \
	sh -c 'cat /m:1/file /f; stat -c %a /t; touch /m:1/x || echo not there; touch /t/x || echo nor there'
is "$status:$out" "0:seen
seen
700
not there
nor there" "--mount"
run_in --mount "type=bind,src=$tmp/mounted,dst=/proc/x" / true
is "$status" 125 "--mount over /proc is refused"
run_in --mount type=bind,source=/,dest=/x / true
like "$status:$err" '^125:cgx-sandbox run: --mount .*: dest: no such key' "its errors name the key"
run_in --shm-size 3M / sh -c 'df -k /dev/shm | tail -n 1 | tr -s " " | cut -d" " -f2'
is "$out" 3072 "--shm-size"
run_in / sh -c 'df -k /dev/shm | tail -n 1 | tr -s " " | cut -d" " -f2'
is "$out" 65536 "without it /dev/shm has 64 MiB"
run_in --shm-size 0 / true
is "$status" 125 "--shm-size 0 is refused"

# the signal to stop it by
stopped_by() # SIGNAL-OF-RUN SIGNAL-OF-STOP: sets out; "" none
{
	cgx-sandbox run -d --name "$N-sig" ${1:+--stop-signal $1} / \
		sh -c 'for s in TERM INT QUIT USR1; do trap "echo $s; exit 0" $s; done; echo ready; while :; do sleep 0.05; done' >/dev/null
	wait_for 10 sh -c "cgx-sandbox logs $N-sig | grep -q ready"
	run cgx-sandbox stop ${2:+-s $2} "$N-sig"
	is "$status:$err" "0:" "stop $2 of one with $1"
	out=$(cgx-sandbox logs "$N-sig" | sed -n 2p)
	cgx-sandbox rm "$N-sig" >/dev/null
}
stopped_by "" ""
is "$out" TERM "is by SIGTERM"
stopped_by SIGQUIT ""
is "$out" QUIT "is by --stop-signal"
stopped_by QUIT usr1
is "$out" USR1 "is by what stop is told"
run_in --stop-signal NONE / true
like "$status:$err" '^125:cgx-sandbox run: --stop-signal NONE: not a signal' "--stop-signal of none"

# what cannot be a root
mkdir "$tmp/empty" "$tmp/dir" && touch "$tmp/dir/file" && mkfifo "$tmp/fifo" && echo text >"$tmp/text"
bad_root() # ROOT STATUS WORDS REMEDY
{
	run_in "$1" true
	like "$status:$(printf '%s\n' "$err" | head -n 1)" "^$2:cgx-sandbox run: $3" "ROOT $1"
	like "$(printf '%s\n' "$err" | sed 1d)" "^  $4" "ROOT $1: what helps"
}
for place in /proc /proc/sys /sys /dev; do
	bad_root $place 125 "$place: open the root: these are files of the kernel" "/ is this host's own tree"
done
bad_root "$tmp/empty" 127 'true: execute: No such file' "$tmp/empty is an empty directory: unpack"
bad_root "$tmp/dir" 127 'true: execute: No such file' 'no directory of PATH in the root has it'
bad_root "$tmp/fifo" 125 "$tmp/fifo: open the root: it is neither a directory nor a file" 'ROOT is a directory'
bad_root /dev/null 125 "/dev/null: open the root: it is neither" 'ROOT is a directory'
bad_root "$tmp/text" 125 "$tmp/text: unpack: " 'it should be a tar archive'
bad_root "$tmp/none" 125 "$tmp/none: open the root: No such file" 'ROOT is a directory'
bad_root "" 125 'no ROOT named' "Try"
run_in --hostname box / hostname
is "$out" box "--hostname"
for bad in '' 'a b' -x .x "$(printf 'a\nb')" "$(printf %65s x | tr ' ' x)"; do
	run_in --hostname "$bad" / true
	like "$status:$err" '^125:.*a host name has' "--hostname $(printf %s "$bad" | tr "\n" " ") is refused"
done
run_in --dns 192.0.2.1 / true
like "$status:$err" '^125:.*--dns is for a network' "--dns without a network to ask it through is refused"
mkdir -p "$tmp/vol/in" "$tmp/other" && touch "$tmp/other/inner"
run_in -v "$tmp/other:/mnt/v/in" -v "$tmp/vol:/mnt/v" / ls /mnt/v/in
is "$status:$out" "0:inner" "a volume within another is seen, whichever was named first"
run_in -v "$tmp/vol:/mnt/../x" / true
like "$status:$err" '^125:.*without \.\.' "a place with .. in it is refused"
run_in -v "$tmp/none:/mnt/v" / true
like "$status:$err" '^125:.*none: open: No such' "a source that is not there"
advised "what helps is told"
run_in -v "$tmp/vol:/etc/passwd" / true
is "$status" 125 "a directory over a file"
advised "what helps is told"
run_in --read-only -w /nowhere / true
is "$status" 125 "-w that cannot be made"
advised "what helps is told"
run_in --clock boottime=-99999999s / true
is "$status" 125 "a clock before its time"
advised "what helps is told"

# ---- limits, and the report ----------------------------------------------------------------------

if has memory; then
	run_in --memory 32M / "$hog" 100M
	is "$status" 137 "a hog under --memory is killed"
	like "$err" 'out of memory at memory.max 32(\.0)?M: killed hog' "and the report says why"
else
	skip "no memory controller" "a hog under --memory is killed"
fi
if has pids; then
	run_in --pids 16 / "$bomb" 40 1
	like "$err" 'forks denied at pids.max 16' "a fork bomb under --pids is told"
	run_in --pids 16 --report=json --report-to "$tmp/report" / "$bomb" 40 1
	json "JSON" "$(cat "$tmp/report")" '.pids.denied > 0 and .pids.max == 16 and .status.kind == "exited"'
	run_in --report-to "$tmp/nosuch/report" / touch "$tmp/nothing"
	is "$status:$(cgx-sandbox ps -aq | grep -c "^$N-")" 125:0 "a report that cannot be written is told before anything begins"
	# what lives for longer has an eye on it: told as it happens, once a second at most
	run cgx-sandbox run --rm --name "$N-r" --pids 6 / sh -c 'sleep 0.3; for i in 1 2 3 4 5 6 7 8; do (sleep 2) & done; sleep 1' 2>&1
	# not from the beginning of a line: the shell's own words end in two writes
	like "$err" "cgx-sandbox run: $N-r: [0-9]+ forks? denied at pids.max 6\$" "what happens meanwhile is told at once"
	run_in --report=none --pids 6 / sh -c 'sleep 0.3; for i in 1 2 3 4 5 6 7 8; do (sleep 2) & done; sleep 1'
	unlike "$err" "cgx-sandbox run" "--report=none: nothing is"
else
	skip "no pids controller" "a fork bomb under --pids is told"
fi
if has memory && has pids; then
	run cgx-sandbox run -d --name "$N-e" --memory 16M -v "$(dirname "$hog"):/helpers" / sh -c "sleep 0.3; /helpers/${hog##*/} 64M; sleep 60"
	heard() { cgx-sandbox inspect "$N-e" | grep -q "killed hog (pid [0-9]*, uid 0,"; }
	ok "and kept in the state of one in the background" wait_for 10 heard
	like "$(cgx-sandbox logs "$N-e")" "$N-e: killed hog .*at memory.max 16.0M" "and in its log"
	cgx-sandbox rm -f "$N-e" >/dev/null
else
	skip "no memory controller" "and kept in the state of one in the background"
fi
run_in --memory 10X / true
is "$status" 125 "a limit that is none"
is "$(left)" "" "nothing is left"

if has memory; then
	run_in --memory 4096 / true
	is "$status" 125 "a limit that the start itself does not get through"
	advised "may be why it fails"
fi
if has pids; then
	run_in --pids 1 / true
	is "$status" 126 "no room for the command beside the init"
	advised "is told"
fi
run unshare -m --propagation private sh -c 'mount -t tmpfs -o mode=777 none /run/cgx && exec cgx-sandbox run --rm / true'
like "$status:$err" '^125:cgx-sandbox run: /run/cgx: keep states .*others may write to it' "a folder of states that others may write to"
advised "what helps is told"
run unshare -m --propagation private sh -c 'mount -t tmpfs -o size=32k,mode=711 none /run/cgx &&
	exec cgx-sandbox run --rm --name "$1" -e "BIG=$(head -c 60000 /dev/zero | tr "\0" a)" / true' - "$N-r"
like "$status:$err" "^125:.*$N-r: keep its state: No space left" "a folder of states that is full"

# ---- a root of its own ---------------------------------------------------------------------------

if have busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1; then
	mkdir -p "$tmp/root/bin" && cp "$(command -v busybox)" "$tmp/root/bin/busybox" && ln -s busybox "$tmp/root/bin/sh"
	chmod -R a+rX "$tmp/root"
	run_in --net host "$tmp/root" /bin/busybox cat /etc/resolv.conf /etc/hosts
	is "$status:$out" "0:$(cat /etc/resolv.conf /etc/hosts)" "with --net host it asks whom the host asks for names"
	run_in "$tmp/root" /bin/sh -c 'echo own; /bin/busybox ls /; /bin/busybox touch /new && echo written'
	like "$out" '^own$' "a directory is a root"
	like "$out" '^proc$' "that has what must be there, though it lacks it"
	like "$out" '^written$' "and can be written"
	ok "which the directory is not" test ! -e "$tmp/root/new"
	# what is kept on disk: root inside is root there, and so is a program with set-id bits that it made
	layers=/var/lib/cgx/layers
	mkdir -p $layers && chmod 711 $layers
	run cgx-sandbox run --name "$N-k" "$tmp/root" /bin/sh -c '/bin/busybox cp /bin/busybox /su && /bin/busybox chmod 4755 /su'
	is "$status:$(stat -c %u:%a "$layers/$N-k/upper/su")" "0:0:4755" "what a sandbox wrote is kept"
	is "$(stat -c %u:%a $layers)" 0:700 "where no other user reaches it, also in a folder that was open"
	cgx-sandbox rm "$N-k" >/dev/null
	mkdir -p "$layers/$N-k/upper" && echo old >"$layers/$N-k/upper/old"
	run cgx-sandbox run --name "$N-k" "$tmp/root" /bin/busybox cat /old
	is "$status:$out" "1:" "a new one sees nothing of what an older one of its name left"
	cgx-sandbox rm "$N-k" >/dev/null
	mkdir -p "$layers/$N-gone/upper"
	run cgx-sandbox run -d --name "$N-k" "$tmp/root" /bin/busybox sleep 60
	cgx-sandbox prune >/dev/null
	ok "prune forgets what was left by those that nobody knows any more" test ! -e "$layers/$N-gone"
	ok "and nothing of one that runs" test -d "$layers/$N-k/upper"
	cgx-sandbox rm -f "$N-k" >/dev/null
	# names that lead out
	mkdir "$tmp/canary"
	for name in proc sys dev; do
		ln -s "$tmp/canary" "$tmp/root/$name"
		run_in "$tmp/root" /bin/sh -c true
		isnt "$status" 0 "/$name as a symbolic link is refused"
		rm "$tmp/root/$name"
	done
	ln -s ../../../../../../.."$tmp/canary" "$tmp/root/vol"
	ln -s "$tmp/canary" "$tmp/root/abs"
	run_in -v "$tmp/vol:/vol/x" -v "$tmp/vol:/abs/y" "$tmp/root" /bin/sh -c true
	is "$(ls -A "$tmp/canary")" "" "a volume below a link that leads out does not"
else
	skip "no static busybox" "a directory is a root"
fi

# ---- in the background ---------------------------------------------------------------------------

run cgx-sandbox run -d --name "$N-d" / sh -c 'echo started; trap "echo usr1" USR1; while :; do sleep 0.2; done'
is "$status:$out" "0:$N-d" "-d prints the name"
run cgx-sandbox run -d --name "$N-x" / "$N-none"
is "$status" 127 "-d waits for the start"
like "$err" "$N-none: .*No such file" "and tells what it was that failed"
run cgx-sandbox inspect "$N-x"
is "$status:$(left | grep -c "$N-x")" "1:0" "and keeps nothing"
run cgx-sandbox run -d --name "$N-d" / true
is "$status" 125 "a name is taken once"
like "$err" 'a sandbox has this name' "says so"
like "$(cgx-sandbox ps)" "^$N-d +running " "ps lists it"
logged() { cgx-sandbox logs "$N-d" | grep -q "$1"; }
like "$(cgx-sandbox --complete -- 2 cgx-sandbox stop "$N-")" "^$N-d	" "completion offers it"
ok "logs shows what it wrote" wait_for 10 logged started
cgx-sandbox run -d --name "$N-g" / sh -c 'printf "a\nb\n\nc"' >/dev/null
cgx-sandbox wait "$N-g" >/dev/null
is "$(for n in 0 1 2 3 4 5; do cgx-sandbox logs -n "$n" "$N-g" 2>/dev/null | tr '\n' ,; echo; done)" "
c
,c
b,,c
a,b,,c
a,b,,c" "logs --tail begins with the last lines"
cgx-sandbox rm "$N-g" >/dev/null
run_in --network host / true
is "$status" 0 "--network is --net"
run cgx-sandbox exec "$N-d" sh -c 'hostname; cat /proc/1/comm; grep -e ^CapEff -e ^Seccomp: /proc/self/status; exit 4'
is "$status" 4 "exec: the status of its command"
like "$out" "^$N-d\$" "in the sandbox"
like "$out" 'CapEff:.00000000800405fb$' "as restricted as the first"
like "$out" 'Seccomp:.2$' "under the same filter"
run cgx-sandbox exec "$N-d" sh -c 'ls /proc/self/fd | tr "\n" " "; ls -d /proc/[0-9]*/root 2>/dev/null | wc -l'
like "$out" '^0 1 2 3 ' "and without the caller's descriptors"
run cgx-sandbox exec "$N-d" sh -c 'kill -KILL $$'
is "$status" 137 "a signal is told as such"
run cgx-sandbox exec "$N-d" nosuch
is "$status" 127 "127 here, too"
run cgx-sandbox exec -u 1234 "$N-d" id -u
is "$out" 1234 "exec -u"

# in the background
detached() # ARGUMENTS: exec -d with a pipe to read all that comes from it, to its end
{
	out=$(timeout 20 cgx-sandbox exec -d "$@" 2>&1)
	status=$?
}
on_cpu() # what runs in the sandbox under this name
{
	run cgx-sandbox exec "$N-d" sh -c 'for c in /proc/[0-9]*/comm; do cat "$c" 2>/dev/null; done'
	printf '%s\n' "$out" | grep -cx "$1"
}
detached "$N-d" sh -c 'cat; echo lost; echo lost >&2; echo "$V" >/tmp/detached; cd /proc/self/fd; echo * >>/tmp/detached; exec sleep 301'
is "$status:$out" "0:" "exec -d returns, and prints nothing"
detached -e V=seen -w /tmp "$N-d" sh -c 'echo $V $PWD $(tty) >/tmp/detached2; ln -s /bin/sleep /tmp/sleeps; exec /tmp/sleeps 302'
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(on_cpu sleeps)" != 1 ] || break
	sleep 0.2
done
is "$(on_cpu sleeps)" 1 "its command goes on"
run cgx-sandbox exec "$N-d" cat /tmp/detached2
is "$out" "seen /tmp not a tty" "with its variables and its folder"
run cgx-sandbox exec "$N-d" cat /tmp/detached
like "$out" '^0 1 2( [0-9]+)?$' "its input is empty, and nothing of the caller's is open"
detached "$N-d" nosuch
is "$status" 127 "exec -d of what is not there: 127"
like "$out" '^cgx-sandbox exec: nosuch: execute: No such file' "says so"
detached "$N-d" /etc
is "$status" 126 "of what cannot be executed: 126"
detached -u nobody-at-all "$N-d" true
is "$status" 125 "of a user that is none: 125"
detached "$N-none" true
like "$status:$out" '^125:.*no such sandbox' "of no such sandbox: 125"
detached -t "$N-d" sh -c 'tty >/tmp/tty; seq 100000; echo over >>/tmp/tty'
for _ in 1 2 3 4 5 6 7 8 9 10; do
	run cgx-sandbox exec "$N-d" cat /tmp/tty
	case $out in *over) break ;; esac
	sleep 0.2
done
like "$out" '^/dev/(pts/[0-9]+|console)
over$' "exec -dt has a terminal that takes all it writes"
run env TAKEN=over cgx-sandbox exec -e TAKEN -e A=1 "$N-d" sh -c 'echo $TAKEN $A $HOME'
is "$out" "over 1 /root" "exec -e"
run cgx-sandbox exec -e =1 "$N-d" true
is "$status" 125 "a variable without a name"
cgx-sandbox run -d --name "$N-as" -u daemon / sleep 60 >/dev/null
run cgx-sandbox exec "$N-as" sh -c 'id -un; echo $HOME'
is "$out" "daemon
$(getent passwd daemon | cut -d: -f6)" "exec runs as the user of the sandbox"
run cgx-sandbox exec -u 0 "$N-as" sh -c 'id -u; echo $HOME'
is "$out" "0
/root" "or as another one"
cgx-sandbox rm -f "$N-as" >/dev/null
run cgx-sandbox kill -s sigusr1 "$N-d"
ok "kill sends a signal" wait_for 10 logged usr1
if has pids; then
	ok "update" cgx-sandbox update --pids 99 -r pids.max=77 "$N-d"
	is "$(cgx-get -n -v -r pids.max "$(group_of pids "$(pid_of "$N-d")")")" 77 "sets a limit of a running one"
	run cgx-sandbox update --pids 5x "$N-d"
	is "$status" 1 "but none that is no number"
	run cgx-sandbox update --dry-run --pids 88 "$N-d"
	like "$status:$out" "^0:.*pids" "--dry-run shows what would be done"
	is "$(cgx-get -n -v -r pids.max "$(group_of pids "$(pid_of "$N-d")")")" 77 "and does nothing"
fi
if has memory && has pids; then
	said=$(cgx-sandbox stats --json "$N-d")
	json "stats tells what it uses" "$said" ".sandboxes[0] | .name == \"$N-d\" and .memory > 0 and .pids >= 2 and .pids_limit == 77"
fi
said=$(cgx-sandbox top --json "$N-d")
json "top lists its processes" "$said" '.processes | length >= 2 and (map(.inside) | index(1)) != null'
json "whose users are those inside" "$said" '.processes | map(.uid) | unique == [0]'
like "$(cgx-sandbox stats)" "^$N-d " "stats of all that run"
run cgx-sandbox stats "$N-none"
is "$status" 1 "of none that is not there"
if [ -n "$(version_of freezer)" ]; then
	cgx-sandbox run -d --name "$N-f" / sleep 60 >/dev/null
	cgx-sandbox pause "$N-f" >/dev/null
	run cgx-sandbox rm -f "$N-f"
	is "$status:$err:$(left | grep -c "$N-f")" "0::0" "a paused one is removed as well"
	ok "pause" eval "cgx-sandbox pause $N-d >/dev/null"
	like "$(cgx-sandbox ps)" "^$N-d +paused " "is shown"
	run timeout 20 cgx-sandbox exec "$N-d" true
	like "$status:$err" "^125:.*$N-d: run a command in it: it is paused" "exec waits for no end of it"
	advised "and says what helps"
	ok "unpause" eval "cgx-sandbox unpause $N-d >/dev/null"
fi
cgx-sandbox run --name "$N-x3" / sh -c 'exit 3' 2>/dev/null
cgx-sandbox run --name "$N-x0" / true 2>/dev/null
filtered() { cgx-sandbox ps -q --filter "name=$N-" "$@" | sed "s/^$N-//" | tr '\n' ' '; }
like "$(filtered)" '(^| )d ' "ps --filter name= shows those that run"
is "$(filtered --filter status=exited --filter exited=3)" "x3 " "exited=, of those that have ended"
is "$(filtered --filter exited=3 -f exited=0)" "x0 x3 " "one of several"
is "$(filtered --filter status=running --filter exited=3)" "" "all of different keys"
is "$(filtered -a --filter "name=$N-x" --filter ancestor=/)" "d x0 x3 " "ancestor=, and another name"
is "$(filtered -a --filter ancestor=/nothing)" "" "of which there is none"
for bad in name= status=gone size=3 exited=x name; do
	run cgx-sandbox ps --filter "$bad"
	like "$status:$err" "^2:cgx-sandbox ps: --filter $bad: not name=TEXT, status=" "--filter $bad is none"
done
cgx-sandbox rm "$N-x3" "$N-x0" >/dev/null
run cgx-sandbox rm "$N-d"
isnt "$status" 0 "one that runs is not forgotten"
run cgx-sandbox stop -t 1 "$N-d"
is "$status" 0 "stop"
like "$(cgx-sandbox ps -a)" "^$N-d +killed|exited" "its end is kept"
run cgx-sandbox stop "$N-d"
is "$status:$out" "0:$N-d" "stop of one that has ended has nothing to do"
like "$(cgx-sandbox wait "$N-d")" '^[0-9]+$' "wait tells its status"
json "inspect has the report" "$(cgx-sandbox inspect "$N-d")" '.[0].status != "running" and (.[0].report | length) > 0'
ok "rm forgets it" eval "cgx-sandbox rm $N-d >/dev/null"
is "$(left)" "" "nothing is left"

# who reads the other end of a pipe that the caller has open does not wait for the sandbox
began=$(date +%s)
{ timeout 60 cgx-sandbox run -d --rm --name "$N-o" / sleep 60 5>&1 >/dev/null; } 5>&1 | cat
num $(($(date +%s) - began)) -lt 50 "in the background it holds nothing of the caller's open"
cgx-sandbox rm -f "$N-o" >/dev/null

# ---- profiles of system calls --------------------------------------------------------------------

# mkdir(2) is denied with an error that nothing else gives
printf '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [\n%s ] }' \
	'{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 71 }' >"$tmp/profile.json"
run_in --seccomp "$tmp/profile.json" / true
is "$status:$err" "0:" "a profile in docker's form"
run cgx-sandbox run -d --name "$N-p" --seccomp "$tmp/profile.json" / sleep 60
echo '{}' >"$tmp/profile.json"
run cgx-sandbox exec "$N-p" mkdir /tmp/x
is "$status" 1 "what it denies is denied"
like "$err" 'Protocol error' "as it says, though its file has changed"
cgx-sandbox rm -f "$N-p" >/dev/null
run_in --seccomp "$tmp/profile.json" / true
is "$status" 125 "one that says nothing is refused"
like "$err" 'profile.json: make a filter of system calls: .*defaultAction' "and why"
run_in --seccomp "$tmp/none.json" / true
is "$status:$(left)" "125:" "one that is not there leaves nothing"

# ---- whoever is killed ---------------------------------------------------------------------------

cgx-sandbox run -d --name "$N-k" / sleep 300 >/dev/null
pid=$(pid_of "$N-k")
kill -KILL "$(monitor_of "$N-k")"
ok "its monitor killed: the sandbox goes with it" wait_for 10 not alive "$pid"
like "$(cgx-sandbox ps -a)" "^$N-k +killed" "the next command finds it"
cgx-sandbox rm "$N-k" >/dev/null
is "$(left)" "" "and clears up"
cgx-sandbox run -d --name "$N-k" / sleep 300 >/dev/null
monitor=$(monitor_of "$N-k")
kill -STOP "$monitor"
(sleep 3; kill -CONT "$monitor") &
run cgx-sandbox rm -f "$N-k"
is "$status:$err:$(left)" "0::" "rm -f waits for a monitor that gets no time"
wait $!
cgx-sandbox run -d --rm --name "$N-k" / sleep 300 >/dev/null
kill -KILL "$(pid_of "$N-k")"
gone() { [ -z "$(left)" ]; }
ok "its first process killed: nothing is left" wait_for 10 gone

# ---- others look meanwhile ----------------------------------------------------------------------

if have strace && strace -f -o /dev/null -e inject=getpid:delay_enter=1 true 2>/dev/null; then
	timeout 60 strace -f -qq -o /dev/null -e trace=flock -e inject=flock:delay_enter=500000:when=1 \
		env ASAN_OPTIONS=detect_leaks=0 cgx-sandbox run --rm --name "$N-k" / true >"$tmp/out" 2>&1 &
	start=$!
	while alive "$start"; do
		cgx-sandbox ps -a >/dev/null
	done
	wait $start
	is "$?:$(cat "$tmp/out")" "0:" "one that is about to lock its state is not taken for a dead one"
	cgx-sandbox run -d --rm --name "$N-k" / sleep 300 >/dev/null
	timeout 60 strace -f -qq -o /dev/null -P "/run/cgx/$N-k/lock" -e trace=flock -e inject=flock:delay_enter=2000000:when=1 \
		env ASAN_OPTIONS=detect_leaks=0 cgx-sandbox ps -a >/dev/null 2>&1 &
	look=$!
	sleep 1
	cgx-sandbox rm -f "$N-k" >/dev/null
	cgx-sandbox run -d --rm --name "$N-k" / sleep 300 >/dev/null
	wait $look
	like "$(cgx-sandbox ps)" "^$N-k +running" "nor one that has the name of one that just ended"
	cgx-sandbox rm -f "$N-k" >/dev/null
	starting() { cgx-sandbox ps -a | grep -q "^$N-k  *starting"; }
	timeout 60 strace -f -qq -o /dev/null -e trace=pivot_root -e inject=pivot_root:delay_enter=1500000 \
		env ASAN_OPTIONS=detect_leaks=0 cgx-sandbox run -d --name "$N-k" / sleep 300 >/dev/null 2>&1 &
	ok "one is slow to start" wait_for 10 starting
	run cgx-sandbox rm "$N-k"
	is "$status:$(echo "$err" | head -1)" "1:cgx-sandbox rm: $N-k: forget it: it runs" "rm waits for that, and does not forget it"
	run cgx-sandbox exec "$N-k" true
	is "$status:$err" "0:" "so it is still known"
	cgx-sandbox rm -f "$N-k" >/dev/null
	wait $! # strace follows it to its end
else
	skip "no strace, or one that cannot inject" "one that is about to lock its state is not taken for a dead one"
fi

# ---- an ordinary user ----------------------------------------------------------------------------

chmod 755 "$tmp"
mkdir -m 700 "$tmp/runtime" && chown 65534:65534 "$tmp/runtime"
open_tools
as_nobody()
{
	run env XDG_RUNTIME_DIR="$tmp/runtime" setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
as_nobody cgx-sandbox --version
if [ "$status" = 0 ] && have setpriv; then
	as_nobody cgx-sandbox run --rm / sh -c 'id -u; touch /x 2>/dev/null || echo no; touch /tmp/x && echo yes'
	is "$status:$out" "0:0
no
yes" "is root inside, of nothing"
	[ "$status" = 0 ] || diag "$err"
	if have strace; then
		as_nobody env ASAN_OPTIONS=detect_leaks=0 strace -f -o /dev/null -e trace=geteuid -e inject=geteuid:delay_enter=50000 cgx-sandbox run --rm / true
		is "$status:$err" "0:" "also when its first process comes after its map"
	else
		skip "no strace here" "also when its first process comes after its map"
	fi
	if have newuidmap && have newgidmap && have unshare; then
		echo 'nobody:300000:65536' >"$tmp/subuid"
		given() # COMMAND: as an ordinary user who was given more ids
		{
			run unshare -m --propagation private sh -c 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift &&
				exec setpriv --reuid 65534 --regid 65534 --clear-groups env "$@"' - "$tmp/subuid" XDG_RUNTIME_DIR="$tmp/runtime" "$@"
		}
		given cgx-sandbox run --rm -u daemon / sh -c 'id -u; id -G; sed "s/  */ /g" /proc/self/uid_map'
		is "$status:$out" "0:1
1
 0 65534 1
 1 300000 65536" "with /etc/subuid he has users inside"
		echo 'nobody:300000:65536 ' >"$tmp/subuid" && given cgx-sandbox run --rm / id -u
		is "$status:$out" "0:0" "a line that is none gives none"
	else
		skip "no newuidmap here" "with /etc/subuid he has users inside"
	fi
	as_nobody cgx-sandbox run --rm -u daemon / true
	is "$status" 125 "another user than root without it"
	like "$err" 'newuidmap' "is refused, with what helps"
	as_nobody cgx-sandbox run -d --name "$N-u" / sleep 60
	as_nobody cgx-sandbox exec "$N-u" sh -c 'id -u; exit 3'
	is "$status:$out" "3:0" "exec in one without a group of its own"
	as_nobody timeout 20 cgx-sandbox exec -d "$N-u" sh -c 'echo begun >/tmp/begun; exec sleep 303'
	is "$status:$out$err" "0:" "exec -d there"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		as_nobody cgx-sandbox exec "$N-u" cat /tmp/begun
		[ "$out" != begun ] || break
		sleep 0.2
	done
	is "$out" begun "its command goes on"
	if ! as_nobody cgx-sandbox inspect "$N-u" || printf '%s' "$out" | grep -q '"groups":\[\]'; then
		# what is in the caller's group is not the sandbox's: no figures of it, and nothing is done to it
		for what in pause unpause "update --pids 99" top; do
			# shellcheck disable=SC2086
			as_nobody cgx-sandbox $what "$N-u"
			is "$status" 1 "$what is refused to one without a group of its own"
			like "$err" 'it has no group of its own' "$what: since it has none"
		done
		as_nobody cgx-sandbox ps --json
		json "ps shows no figures of the caller's group" "$out" '.sandboxes[0] | .memory == null and .pids == null'
		as_nobody cgx-sandbox stats --json
		json "nor does stats" "$out" ".sandboxes[0] | .name == \"$N-u\" and .memory == null and .pids == null"
	else
		skip "groups are delegated to nobody here" "pause is refused to one without a group of its own"
	fi
	as_nobody cgx-sandbox rm -f "$N-u"
	is "$status:$err" "0:" "rm -f"
	mkdir -p /var/lib/cgx
	run unshare -m --propagation private sh -c 'mount -t tmpfs -o mode=711 none /var/lib/cgx && mkdir -m 700 /var/lib/cgx/layers &&
		exec setpriv --reuid 65534 --regid 65534 --clear-groups env XDG_RUNTIME_DIR="$1" sh -c \
			"cgx-sandbox run -d --name $2 / true >/dev/null; cgx-sandbox wait $2 && cgx-sandbox rm $2"' - "$tmp/runtime" "$N-u"
	is "$status:$out$err" "0:0
$N-u" "rm, where root's layers are closed to him"
	as_nobody cgx-sandbox run --rm --memory 64M / true
	isnt "$status" 0 "with a limit it takes a group that is delegated"
	like "$err" 'delegated|root' "which is said"
	is "$(find "$tmp/runtime/cgx" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null)" "" "nothing is left"
else
	skip "nobody cannot execute the tools, or there is no setpriv" "is root inside, of nothing"
fi
done_testing
