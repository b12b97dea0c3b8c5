#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who one is inside: users, groups, capabilities, maps; and sizes beyond what was thought of.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=inside.sh
. "$(dirname "$0")/inside.sh"

status_of='sed -n -e s/^Cap/Cap/p -e s/^Groups/Groups/p -e s/^Uid/Uid/p -e s/^Gid/Gid/p -e s/^NoNewPrivs/NoNewPrivs/p /proc/self/status'
field() { printf '%s\n' "$out" | sed -n "s/^$1:[ 	]*//p" | sed 's/[ 	]*$//'; }

# ---- every mix of user and capabilities (setgroups, order of dropping; CVE-2022-29162, CVE-2022-24769) ------

default=00000000800405fb
mix() # VERB USER CAPS-OPTIONS WANT-EFF WANT-BND WANT-UID WANT-GID WANT-GROUPS
{
	mix_what="$1 ${2:+-u $2} $3"
	# shellcheck disable=SC2086
	if [ "$1" = run ]; then
		run_in ${2:+-u $2} $3 / $status_of
	else
		run cgx-sandbox exec ${2:+-u $2} "$N-x" $status_of
	fi
	is "$(field CapEff)/$(field CapPrm)/$(field CapBnd)" "$4/$4/$5" "$mix_what: capabilities"
	is "$(field CapInh)/$(field CapAmb)/$(field NoNewPrivs)" "0000000000000000/0000000000000000/1" "$mix_what: none to inherit"
	is "$(field Uid | tr '\t' ' '):$(field Gid | tr '\t' ' '):$(field Groups)" "$6 $6 $6 $6:$7 $7 $7 $7:$8" "$mix_what: ids and groups"
}
none=0000000000000000
start x / sleep 300
for verb in run exec; do
	mix $verb '' '' $default $default 0 0 ''
	mix $verb 1234 '' $none $default 1234 0 0
	mix $verb 1234:5678 '' $none $default 1234 5678 5678
	mix $verb 0:7 '' $default $default 0 7 7
done
mix run '' '--cap-drop all' $none $none 0 0 ''
mix run 1234 '--cap-drop all' $none $none 1234 0 0
mix run 1234:5 '--cap-drop all --cap-add net_raw' $none 0000000000002000 1234 5 5
mix run '' '--cap-drop all --cap-add net_raw' 0000000000002000 0000000000002000 0 0 ''
mix run '' '--userns host' $default $default 0 0 ''
mix run 1234:5678 '--userns host' $none $default 1234 5678 5678
# a caller who has some to inherit, and ambient ones (CVE-2022-27650)
for verb in run exec; do
	set -- cgx-sandbox run --rm --name "$N-i" /
	[ $verb = run ] || set -- cgx-sandbox exec "$N-x"
	# shellcheck disable=SC2086
	run setpriv --inh-caps=+net_raw,+sys_admin,+chown --ambient-caps=+net_raw,+chown "$@" $status_of
	is "$(field CapInh)/$(field CapAmb)" "$none/$none" "$verb: those of the caller are not passed on"
done
run setpriv --groups 4,24,27 cgx-sandbox run --rm --name "$N-i" / id -G
is "$out" 0 "nor are the caller's groups"
run_in / sh -c 'cat /proc/self/setgroups; setpriv --inh-caps=+sys_admin true'
isnt "$status" 0 "nobody adds to what is inherited"

# ---- names of users (CVE-2026-30892) -------------------------------------------------------------

for bad in '' ':' '1:' ':1' '1:2:3' -1 +1 4294967295 4294967296 18446744073709551616 0x0 00x1 ' 1' '1 ' '1	' '0 0' 1.0 1e3 '1,2' \
	nosuchuser root: :root root:nosuch 'ro ot' '../root' "$(printf 'root\nx')" "$(printf '0\001')" "$(printf %300s x | tr ' ' x)" '*' '%d' '~0' '-'; do
	for verb in run exec; do
		if [ $verb = run ]; then run_in -u "$bad" / id -u; else run cgx-sandbox exec -u "$bad" "$N-x" id -u; fi
		if [ "$status" != 125 ] || [ -n "$out" ]; then
			fail "$verb -u '$bad' is refused" "status $status: $out"
		fi
	done
done
pass "30 words that name no user are refused by run and exec"
run_in -u 0000 / id -u
is "$status:$out" 0:0 "(one that does is not)"
run_in -u 65536 / true
is "$status" 125 "a user beyond the map is refused"

# ---- maps, and sizes (CVE-2021-43784) ------------------------------------------------------------

run_in / sh -c 'cat /proc/self/uid_map /proc/self/gid_map'
is "$(printf '%s\n' "$out" | awk '$2 < 65536 || $3 > 65536' | grep -c .)" 0 "no id inside is one of the host's first 65536"
: >"$tmp/made-outside" && chown 0:0 "$tmp/made-outside"
run_in -v "$tmp/vol:/vol" / sh -c 'touch /vol/mine && chmod 6755 /vol/mine && chown 0:0 /vol/mine'
uid=$(stat -c %u "$tmp/vol/mine" 2>/dev/null || echo 65536)
num "$uid" -ge 65536 "a set-id file of root inside is nobody's outside"
many_volumes() { seq "$1" | sed "s,.*,-v\n$tmp/vol:/m/&,"; }
many_volumes 100 >"$tmp/args"
# shellcheck disable=SC2046
run_in $(cat "$tmp/args") / sh -c 'ls /m | wc -l'
is "$out" 100 "100 volumes"
many_volumes 20000 >"$tmp/args"
# shellcheck disable=SC2046
run_in $(cat "$tmp/args") / true
is "$status" 125 "20,000 volumes are too many"
like "$err" 'more than [0-9]+ layers and volumes' "says so"
run_in --hostname "$(printf %300s x | tr ' ' x)" / true
is "$status" 125 "a host name of 300 letters"
run_in -w "/$(printf %5000s x | tr ' ' x)" / true
is "$status" 125 "a working directory of 5,000"
run_in -v "$tmp/vol:/$(printf %300s x | tr ' ' x)" / true
is "$status" 125 "a place of 300"
run_in -v "$tmp/vol:$(printf %2500s / | sed 's, ,/d,g')" / true
num "$status" -ge 0 "one 2,500 deep ends"
long=$(printf %120000s x | tr ' ' x)
run_in -e "A=$long" / sh -c 'echo ${#A}'
is "$out" 120000 "a variable of 120,000 bytes"
# a user's ranges: 70,000 lines, and ranges that end beyond all ids
open_tools
if have newuidmap && have unshare && setpriv --reuid 65533 --regid 65533 --clear-groups cgx-sandbox --version >/dev/null 2>&1; then
	mkdir -m 777 "$tmp/user"
	{
		seq 70000 | sed 's/.*/somebody&:100000:65536/'
		echo 65533:4294967290:4294967295
		echo 65533:18446744073709551615:2
		echo 65533:-5:10
		echo 65533:300000:65536
	} >"$tmp/subid"
	# shellcheck disable=SC2016
	run env S="$tmp/subid" XDG_RUNTIME_DIR="$tmp/user" unshare -m --propagation private sh -c 'mount --bind $S /etc/subuid && mount --bind $S /etc/subgid &&
		exec setpriv --reuid 65533 --regid 65533 --clear-groups cgx-sandbox run --rm --name u / sh -c "cat /proc/self/uid_map"'
	unlike "$out" ' 4294967290 | 0 +[0-9]+$' "70,000 ranges of others, and impossible ones: none is taken"
	num "$status" -lt 126 "and it ends in words or runs (status $status)"
else
	skip "no newuidmap here" "70,000 ranges of others"
fi
done_testing
