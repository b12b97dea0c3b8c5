#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# libcgroup's names: cgcreate, cgexec, cgget ... as links to the same programs.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
mkdir "$tmp/bin"
for pair in cgcreate=cgx-create cgdelete=cgx-delete cgexec=cgx-exec cgget=cgx-get cgset=cgx-set cgclassify=cgx-move cgxget=cgx-get cgxset=cgx-set \
	lscgroup=cgx-ls lssubsys=cgx-ls cgconfigparser=cgx-apply cgclear=cgx-apply cgsnapshot=cgx-save; do
	program=$(command -v "${pair#*=}")
	libs=$(dirname "$program")/.libs
	if [ -x "$libs/${pair#*=}" ]; then # not libtool's wrapper, which does not hand its name on
		program=$libs/${pair#*=}
		LD_LIBRARY_PATH=$(cd "$libs/../../.libs" && pwd)
		export LD_LIBRARY_PATH
	fi
	ln -s "$program" "$tmp/bin/${pair%=*}"
done
old=$PATH
PATH=$tmp/bin:$PATH

exits 0 "cgcreate -g" cgcreate -g "pids:$T/a" -g "pids:$T/a/sub" -g "pids:$T/b"
is "$out$err" "" "says nothing"
ok "makes the groups" exists "$T/a/sub" pids
exits 0 "cgcreate again" cgcreate -g "pids:$T/a"
run cgcreate
isnt "$status" 0 "cgcreate without -g is a usage error"
run cgcreate -g "nosuch:$T/a"
isnt "$status" 0 "cgcreate with an unknown controller fails"
like "$err" nosuch "and names it"

exits 0 "cgset -r" cgset -r pids.max=50 "$T/a"
is "$out$err" "" "says nothing"
is "$(in_kernel pids "$T/a" pids.max pids.max)" 50 "sets it"
exits 0 "cgset of two groups" cgset -r pids.max=51 "$T/a" "$T/b"
is "$(in_kernel pids "$T/b" pids.max pids.max)" 51 "sets both"
run cgset -r pids.max "$T/a"
isnt "$status" 0 "cgset -r without = fails"
num "$status" -lt 128 "and does not crash"
exits 0 "cgset --copy-from" cgset --copy-from "$T/a" "$T/a/sub"
is "$(in_kernel pids "$T/a/sub" pids.max pids.max)" 51 "copies"

cgget -r pids.max "$T/a" >"$tmp/got"
printf '%s:\npids.max: 51\n\n' "$T/a" >"$tmp/want"
ok "cgget -r prints GROUP:, NAME: VALUE and an empty line" cmp "$tmp/got" "$tmp/want"
cgget -n -v -r pids.max "$T/a" >"$tmp/got"
echo 51 >"$tmp/want"
ok "cgget -n -v prints the value" cmp "$tmp/got" "$tmp/want"
cgget -r pids.max -r pids.current "$T/a" "$T/b" >"$tmp/got"
printf '%s:\npids.max: 51\npids.current: 0\n\n%s:\npids.max: 51\npids.current: 0\n\n' "$T/a" "$T/b" >"$tmp/want"
ok "cgget of two settings and two groups" cmp "$tmp/got" "$tmp/want"
exits 0 "cgget -g CONTROLLER GROUP" cgget -g pids "$T/a"
is "$(head -n 1 "$tmp/out")" "$T/a:" "has the group's name"
like "$out" '^pids\.max: 51$' "and the controller's settings"
exits 0 "cgget -g CONTROLLER:GROUP" cgget -g "pids:$T/a"
run cgget -g pids
isnt "$status" 0 "cgget -g without a group is a usage error"
run cgget -r pids.max "$T/nosuch"
isnt "$status" 0 "cgget of a missing group fails"
if has memory; then
	cgcreate -g "memory:$T/a"
	run cgget -r memory.stat "$T/a"
	like "$out" "^memory.stat: [a-z]" "a setting of many lines begins behind its name"
	num "$(grep -c "^$(printf '\t')" "$tmp/out")" -gt 10 "and goes on after tabs"
fi

run cgget -a "$T/a"
unlike "$out" '^(tasks|cgroup\.|notify_on_release)' "cgget -a shows what controllers have, and not what every group has"
# where v1 has a file of v2's name, scripts look for its own lines
own_lines() # CONTROLLER NAME
{
	if [ "$(version_of "$1")" != 1 ]; then
		skip "$1 is not on v1" "cgget -r $2"
		return
	fi
	cgcreate -g "$1:$T/own"
	is "$(cgget -n -v -r "$2" "$T/own" | sed 's/^	//;s/ .*//')" "$(sed 's/ .*//' "$(dir_of "$1" "$T/own")/$2")" "cgget -r $2 is the file"
	is "$(cgget -n -g "$1:$T/own" | sed -n "s/^$2: \\([^ ]*\\).*/\\1/p")" \
		"$(sed -n '1s/ .*//p' "$(dir_of "$1" "$T/own")/$2")" "and so with -g"
	# other files of v1 that say a part of it may follow
	is "$(cgxget -n -1 -r "$2" "$T/own" | sed -n "1s/^$2: \\([^ ]*\\).*/\\1/p")" \
		"$(sed -n '1s/ .*//p' "$(dir_of "$1" "$T/own")/$2")" "and so of cgxget -1"
	cgdelete "$1:$T/own"
}
own_lines memory memory.stat
own_lines cpu cpu.stat
if [ "$(version_of cpu)" = 1 ]; then
	cgcreate -g "cpu:$T/from" -g "cpu:$T/to"
	cgset -r cpu.shares=99 "$T/from"
	exits 0 "cgset --copy-from of shares" cgset --copy-from "$T/from" "$T/to"
	is "$(cat "$(dir_of cpu "$T/to")/cpu.shares")" 99 "rounds nothing"
	cgdelete "cpu:$T/from" "cpu:$T/to"
else
	skip "cpu is not on v1" "cgset --copy-from of shares"
fi
if [ "$(version_of io)" = 1 ] && [ -e "$(mount_of io)/blkio.throttle.read_bps_device" ]; then
	cgcreate -g "blkio:$T/io"
	run cgset -r "blkio.throttle.read_bps_device=0:99 1000" "$T/io"
	like "$err" ': there is no such device$' "a device that is none is called so"
	cgdelete "blkio:$T/io"
else
	skip "no throttling by v1's blkio" "a device that is none"
fi
if [ "$(version_of pids)" = 1 ]; then
	cgcreate -a nobody -t nobody -g "pids:$T/owned"
	is "$(stat -c '%u:%g' "$(dir_of pids "$T/owned")" "$(dir_of pids "$T/owned")/tasks" | tr '\n' ' ')" \
		"$(id -u nobody):0 $(id -u nobody):0 " "cgcreate -a USER leaves the group of users as it is"
	exits 0 "cgcreate -s 1664" cgcreate -s 1664 -g "pids:$T/owned"
	is "$(stat -c %a "$(dir_of pids "$T/owned")/tasks")" 1664 "sets all of the mode"
	cgdelete "pids:$T/owned"
else
	skip "pids is not on v1" "cgcreate -a USER"
fi

exits 0 "cgget -m" cgget -m
is "$out" "$(cgx-ls --layout)" "names the layout"
exits 0 "cgget -c" cgget -c
like "$out" "^pids[[:space:]]+$(version_of pids)\$" "and the version of each controller"
exits 0 "cgxset" cgxset -2 -r pids.max=52 "$T/a"
is "$(in_kernel pids "$T/a" pids.max pids.max)" 52 "sets it"
for side in -1 -2; do
	exits 0 "cgxget $side" cgxget -n -v $side -r pids.max "$T/a"
	is "$out" 52 "shows it"
done
if has memory; then
	cgcreate -g "memory:$T/x"
	exits 0 "cgxset by v1's name" cgxset -1 -r memory.limit_in_bytes=64M "$T/x"
	run cgxget -n -2 -r memory.limit_in_bytes "$T/x"
	is "$out" "memory.max: 67108864" "cgxget by v2's"
	run cgxget -n -1 -r memory.max "$T/x"
	is "$out" "memory.limit_in_bytes: 67108864" "and by v1's"
	run cgxset -r memory.swappiness=10 -r memory.min=0 "$T/x"
	isnt "$status" 0 "no host has both of these"
	exits 0 "cgxset -i leaves out the one it has not" cgxset -i -r memory.swappiness=10 -r memory.min=0 "$T/x"
	cgdelete "memory:$T/x"
fi
cgset -r pids.max=51 "$T/a"

exits 7 "cgexec gives the command's status" cgexec -g "pids:$T/a" sh -c 'exit 7'
exits 0 "cgexec" cgexec -g "pids:$T/a" cat /proc/self/cgroup
like "$out" ":/$T/a$" "runs it in the group"
run cgexec -g "pids:$T/nosuch" true
isnt "$status" 0 "cgexec in a missing group fails"
exits 0 "cgexec does not take the command's options" cgexec -g "pids:$T/a" ls -d -a /

cgcreate -g "pids:$T/b/x/y"
sleeper
exits 0 "cgclassify" cgclassify -g "pids:$T/a" "$pid"
is "$(group_of pids "$pid")" "$T/a" "moves"
run cgclassify -g "pids:$T/a" 4194304
isnt "$status" 0 "cgclassify of a missing process fails"

run lscgroup -g "pids:$T"
is "$(echo "$out" | sed 's/^[^:]*://' | sort)" "/$T/
/$T/a
/$T/a/sub
/$T/b
/$T/b/x
/$T/b/x/y" "lscgroup -g: the first with a slash behind, a line a group"
run lscgroup "pids:$T/a"
is "$(echo "$out" | sed 's/^[^:]*://' | head -n 1)" "/$T/a/" "lscgroup without -g"
exits 0 "lscgroup" lscgroup
like "$out" "^([^:]*,)?pids(,[^:]*)?:/$T/a$" "lists all groups with their controllers"
like "$out" "^([^:]*,)?pids(,[^:]*)?:/$" "and the root"
exits 0 "lssubsys" lssubsys
like "$out" '^([^ ]*,)?pids(,[^ ]*)?$' "lists mounted controllers"
exits 0 "lssubsys -m" lssubsys -m pids
like "$out" " $(mount_of pids)$" "with the mount"
exits 0 "lssubsys -a" lssubsys -a
exits 0 "lssubsys -i" lssubsys -i
if [ "$(version_of pids)" = 1 ]; then
	like "$out" "^([^ ]*,)?pids(,[^ ]*)? $(awk '$1 == "pids" { print $2 }' /proc/cgroups)$" "with the number of /proc/cgroups"
fi

exits 0 "cgdelete" cgdelete "pids:$T/a/sub"
if takes_processes "$T"; then
	exits 0 "cgdelete of a group with a process" cgdelete -g "pids:$T/a"
	is "$out$err" "" "says nothing"
	ok "the group is gone" not exists "$T/a" pids
	is "$(group_of pids "$pid")" "$T" "the process is in the parent"
else
	exits 1 "cgdelete of a group with a process, whose parent takes none" cgdelete -g "pids:$T/a"
	ok "leaves it" exists "$T/a" pids
	kill "$pid"
	wait "$pid"
fi
exits 0 "cgdelete of two, the inner one first" cgdelete "pids:$T/b/x/y" "pids:$T/b/x"
run cgdelete "pids:$T/nosuch"
isnt "$status" 0 "cgdelete of a missing group fails"
like "$err" "$T/nosuch" "and names it"
exits 0 "cgdelete -r" cgdelete -r "pids:$T"
ok "takes those below" not exists "$T" pids

printf 'group %s/f { pids { pids.max = 9; } }\n' "$T" >"$tmp/f.conf"
mkdir "$tmp/d"
printf 'group %s/g { pids { pids.max = 8; } }\n' "$T" >"$tmp/d/g.conf"
exits 0 "cgconfigparser -l, -L" cgconfigparser -l "$tmp/f.conf" -L "$tmp/d"
is "$out$err" "" "says nothing"
is "$(in_kernel pids "$T/f" pids.max pids.max)$(in_kernel pids "$T/g" pids.max pids.max)" 98 "sets"
exits 0 "cgconfigparser -s" cgconfigparser -s 660 -l "$tmp/f.conf"
printf 'group %s/h { nosuch { } pids { } }\n' "$T" >"$tmp/h.conf"
run cgconfigparser -l "$tmp/h.conf"
isnt "$status" 0 "cgconfigparser with an unknown controller fails"
ok "and makes nothing" not exists "$T/h" pids
exits 0 "cgsnapshot -s CONTROLLER" cgsnapshot -s pids
like "$out" "^group $T/f \{" "prints the groups"
like "$out" 'pids\.max = 9;' "with what is set"
exits 0 "cgsnapshot -f" cgsnapshot -s -f "$tmp/snap" pids
ok "writes a file" grep -q "^group $T/f {" "$tmp/snap"
cgcreate -g "freezer,cpu,memory,pids:$T/snap"
exits 0 "cgsnapshot of all" cgsnapshot -s -f "$tmp/snap"
sed -n "/^group $T\/snap {/,/^}/p" "$tmp/snap" >"$tmp/snap.conf"
cgdelete "freezer,cpu,memory,pids:$T/snap"
exits 0 "cgconfigparser takes it" cgconfigparser -l "$tmp/snap.conf"
is "$out$err" "" "and leaves nothing out"
ok "the group is there" exists "$T/snap" pids
run cgclear
isnt "$status" 0 "cgclear without a file fails: cgx unmounts nothing"
sleeper
"$tmp/bin/cgclassify" -g "pids:$T/g" "$pid"
exits 0 "cgclear -e" cgclear -e -l "$tmp/f.conf" -L "$tmp/d"
ok "removes what is empty" not exists "$T/f" pids
ok "and leaves what is not" exists "$T/g" pids
kill "$pid"
wait_for 5 is_empty "$T/g"
cgconfigparser -l "$tmp/f.conf"
exits 0 "cgclear -l, -L" cgclear -l "$tmp/f.conf" -L "$tmp/d"
ok "removes" not exists "$T/f" pids

# Against the real ones, where they are here and sound.
PATH=$old
real=$(command -v cgget || true)
if [ -n "$real" ] && [ "$(version_of pids)" = 1 ] && "$real" --help 2>&1 | grep -q 'Usage: .*cgget'; then
	"$tmp/bin/cgcreate" -g "pids:$T/r/sub"
	for words in "cgget -r pids.max $T/r" "cgget -n -r pids.max $T/r" "cgget -v -r pids.max $T/r" \
		"cgget -r pids.max -r pids.current $T/r $T/r/sub" "cgget -g pids $T/r" "cgget -n -g pids:$T/r" \
		"lscgroup -g pids:$T/r" "lscgroup pids:$T/r" "cgset -r pids.max=50 $T/r" "cgexec -g pids:$T/r echo x" \
		"cgget -a $T/r" "cgget $T/r" "cgget -r pids.max /$T/r/" "cgget --variable=pids.max $T/r -n"; do
		# shellcheck disable=SC2086
		run $words
		want="$status: $out"
		# shellcheck disable=SC2086
		run "$tmp/bin/"$words
		is "$(echo "$status: $out" | sed 's,[0-9]*\.[0-9]*$,,' | sort)" "$(echo "$want" | sed 's,[0-9]*\.[0-9]*$,,' | sort)" \
			"as libcgroup's own: $(echo "$words" | sed "s,$T,G,g")"
	done
else
	skip "no libcgroup tools, or pids is on v2" "as libcgroup's own"
fi
done_testing
