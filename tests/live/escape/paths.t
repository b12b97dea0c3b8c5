#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names of a root, of its volumes and of its states: none leads out of where it belongs, whatever lies there.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=inside.sh
. "$(dirname "$0")/inside.sh"

untouched() # NAME: the host's canary
{
	is "$(ls -A "$tmp/canary"):$(grep -c "$tmp/canary" /proc/self/mountinfo)" ":0" "$1: nothing outside is touched"
}

# ---- places of the kernel (CVE-2019-16884, CVE-2025-52881) ---------------------------------------

pattern=$(cat /proc/sys/kernel/core_pattern)
for bad in /proc /proc/self /proc/sys /proc/self/attr /sys /sys/fs/cgroup /dev //proc /./proc/x /proc/ /dev/. /sys//fs; do
	run_in -v "$tmp/vol:$bad" / true
	is "$status" 125 "a volume at $bad is refused"
	run_in --tmpfs "$bad" / true
	is "$status" 125 "a tmpfs as well"
done
run_in -v "$tmp/vol:/mnt/../../../..$tmp/canary" / true
is "$status" 125 "a volume behind .. as well"
untouched "volumes at bad places"
is "$(cat /proc/sys/kernel/core_pattern)" "$pattern" "and core_pattern is what it was"

if ! own_root "$tmp/root"; then
	skip "no static busybox" "roots made to lead out"
	done_testing
	exit
fi
root=$tmp/root
in_root() { run_in "$@" "$root" /bin/sh -c 'echo ran'; }

# ---- links in the root (CVE-2021-30465, CVE-2023-27561, CVE-2023-28642, CVE-2026-41579, CVE-2026-47766) ----

for name in proc sys dev; do
	for to in "$tmp/canary" ../../../../../../../../.."$tmp/canary" "$tmp/missing" /bin; do
		ln -s "$to" "$root/$name"
		in_root
		isnt "$status" 0 "/$name -> $(echo "$to" | sed "s,$tmp,,"): refused"
		rm "$root/$name"
	done
done
untouched "a root whose /proc, /sys, /dev are links"
ok "what a dangling one names is not made" test ! -e "$tmp/missing"
# volumes below them, dangling ones and loops
ln -s "$tmp/canary" "$root/abs"
ln -s ../../../../../../../.."$tmp/canary" "$root/up"
ln -s "$tmp/missing/deeper" "$root/dangling"
ln -s loop "$root/loop"
for place in /abs /up /abs/in /up/in /dangling /dangling/in /loop /loop/in /bin/sh/in; do
	for what in "-v $tmp/vol:$place" "--tmpfs $place" "-v $tmp/root/bin/busybox:$place"; do
		# shellcheck disable=SC2086
		in_root $what
	done
	in_root -w "$place"
done
untouched "volumes and working directories behind links"
ok "what a dangling one names is not made" test ! -e "$tmp/missing"
rm "$root/loop" "$root/dangling" "$root/up" "$root/abs"
# a place that an image has led to the kernel's
ln -s /proc "$root/data"
for place in /data /data/sys /data/self /data/sys/kernel; do
	in_root -v "$tmp/vol:$place"
	is "$status" 125 "a volume at $place where /data is a link to /proc: refused"
done
in_root --tmpfs /data/sys
is "$status" 125 "a tmpfs as well"
rm "$root/data"
for to in /sys /dev /dev/pts; do
	ln -s $to "$root/data"
	in_root -v "$tmp/vol:/data"
	is "$status" 125 "where it is a link to $to"
	rm "$root/data"
done
mkdir "$root/data" "$tmp/vol/sub"
in_root -v "$tmp/vol:/data" -v "$tmp/vol:/data/sub" --tmpfs /dev/shm/own
is "$status:$out" "0:ran" "(volumes in volumes, and below /dev, are fine)"

# ---- what hides things (CVE-2025-31133) ----------------------------------------------------------

mkdir "$root/dev"
for to in /proc/sys/kernel/core_pattern /proc/sysrq-trigger "$tmp/canary" "$tmp/missing"; do
	ln -s "$to" "$root/dev/null"
	run_in "$root" /bin/sh -c '[ -c /dev/null ] && echo x >/proc/sys/kernel/core_pattern; echo "[$(busybox head -c 1 /proc/keys)]"'
	like "$err" 'Read-only|Permission|denied' "/dev/null -> $(echo "$to" | sed "s,$tmp,,") of the root is not what hides things"
	is "$out" "[]" "which stay hidden"
	rm "$root/dev/null"
done
printf 'not a device\n' >"$root/dev/null"
run_in "$root" /bin/sh -c 'busybox stat -c %F /dev/null'
is "$out" "character special file" "nor is a file of that name"
rm "$root/dev/null"
# ---- the terminal's place (CVE-2025-52565) ----
for name in pts console ptmx shm mqueue; do
	ln -s "$tmp/canary" "$root/dev/$name"
	run_in -t "$root" /bin/sh -c 'test -c /dev/pts/0 && test -c /dev/ptmx && busybox stat -c %t:%T /dev/console; echo own'
	like "$out" own "a terminal with /dev/$name a link lies in a /dev/pts of its own"
	rm "$root/dev/$name"
done
untouched "links in the root's /dev"
is "$(cat /proc/sys/kernel/core_pattern)" "$pattern" "core_pattern is what it was"
rm -r "${root:?}/dev"

# ---- a name that is exchanged all the time (CVE-2021-30465, CVE-2024-45310, CVE-2025-52565) ------

mkdir "$root/a" && ln -s "$tmp/canary" "$root/b"
ln -s "$tmp/canary" "$tmp/vol/there" && mkdir "$tmp/vol/here"
chmod 777 "$root/a" "$tmp/vol/here"
"$probe" --exchange "$root/a" "$root/b" &
pids="$pids $!"
"$probe" --exchange "$tmp/vol/here" "$tmp/vol/there" &
pids="$pids $!"
starts=80 ran=0
[ -z "${CGX_VM-}" ] || starts=12
for i in $(seq $starts); do
	case $((i % 4)) in
	0) set -- -v "$tmp/vol:/a/in" ;;
	1) set -- -v "$tmp/vol:/a" ;;
	2) set -- -v "$tmp/vol:/data" -v "$tmp/vol:/data/here/in" ;;
	3) set -- --tmpfs /a/tmp -w /a/w/deep ;;
	esac
	cgx-sandbox run --rm --name "$N-race" "$@" "$root" /bin/sh -c 'echo x >/a/in/written; echo x >/data/here/in/written' >/dev/null 2>&1
	[ $? -ge 125 ] || ran=$((ran + 1))
done
# shellcheck disable=SC2086
kill $pids 2>/dev/null
num "$ran" -gt $((starts / 8)) "places that become links meanwhile: $ran of $starts start"
untouched "a race for them"
rm -rf "$root/a" "$root/b"

# ---- names (CVEs of crun 1.28, 1.29) -------------------------------------------------------------

for bad in '' . .. a/b ../x /x .hidden -x "$(printf 'a\nb')" 'a b' "$(printf 'a\033b')" "$(printf %64s x | tr ' ' x)" "$(printf %2000s x | tr ' ' x)"; do
	run cgx-sandbox run --rm --name "$bad" / true
	is "$status" 125 "no name: '$(printf %.20s "$bad" | tr '\n\033' '|^')'"
done
for verb in rm stop kill inspect logs exec pause attach update; do
	run cgx-sandbox $verb ../../etc true
	isnt "$status" 0 "no name either: $verb ../../etc"
done
ok "nothing was touched" test -d /etc

# ---- a frozen one, another's folder --------------------------------------------------------------

if [ -n "$(version_of freezer)" ]; then
	start f / sh -c 'sleep 300 & sleep 300'
	cgx-sandbox pause "$N-f" >/dev/null
	run timeout 30 cgx-sandbox rm -f "$N-f"
	is "$status" 0 "a frozen one can be killed and forgotten"
	is "$(find /sys/fs/cgroup -type d -name "cgx-sandbox-$N-f")" "" "with its group"
	is "$(pgrep -f "cgx-sandbox run -d --name $N-f")" "" "and its processes"
fi
user="setpriv --reuid 65534 --regid 65534 --clear-groups"
mkdir -m 777 "$tmp/runtime" "$tmp/runtime/cgx" && chown 1:1 "$tmp/runtime/cgx"
if $user cgx-sandbox --version >/dev/null 2>&1; then
	# shellcheck disable=SC2086
	run env XDG_RUNTIME_DIR="$tmp/runtime" $user cgx-sandbox run / true
	isnt "$status" 0 "a state folder that belongs to somebody else is not used (CVE-2022-31214)"
	rmdir "$tmp/runtime/cgx"
	ln -s "$tmp/canary" "$tmp/runtime/cgx"
	# shellcheck disable=SC2086
	run env XDG_RUNTIME_DIR="$tmp/runtime" $user cgx-sandbox run / true
	isnt "$status" 0 "nor a link to one"
	rm "$tmp/runtime/cgx"
	untouched "a state folder of another's"
	# one that names this machine's groups and processes, made by hand
	mkdir -m 755 "$tmp/runtime/cgx" "$tmp/runtime/cgx/forged"
	sleep 300 &
	victim=$!
	pids="$pids $victim"
	mkdir "$(mount_of memory)/$N-g"
	printf 'name forged\nstatus running\npid %s\nmonitor %s\ngroup memory:/%s-g\nid_base 0\nid_count 65536\n' $victim $victim "$N" \
		>"$tmp/runtime/cgx/forged/state"
	: >"$tmp/runtime/cgx/forged/lock"
	chown -R 65534:65534 "$tmp/runtime/cgx"
	run env XDG_RUNTIME_DIR="$tmp/runtime" setpriv --reuid 65534 --regid 65534 --clear-groups cgx-sandbox rm -f forged
	run env XDG_RUNTIME_DIR="$tmp/runtime" setpriv --reuid 65534 --regid 65534 --clear-groups cgx-sandbox exec forged true
	isnt "$status" 0 "a forged state leads into nothing"
	ok "and ends nobody" alive $victim
	ok "nor a group" test -d "$(mount_of memory)/$N-g"
	run cgx-sandbox ps -a
	unlike "$out" forged "root does not look into a user's folder"
	rmdir "$(mount_of memory)/$N-g"
fi
done_testing
