#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox --subnet, --ip: ranges that are in nobody's way, and addresses that are asked for.
# shellcheck source=net.sh
. "$(dirname "$0")/net.sh"
need_networks
gone() { [ "$(ls /run/cgx/.net)" = "" ]; }
address_in() { run_in "$@" / ip -o -4 address show dev eth0; } # OPTIONS...: sets out

# ---- where the host has others ---------------------------------------------------------------------------

wait_for 10 gone
ip link add lan0 type veth peer name lan1
ip link set lan0 up
ip link set lan1 up
ip address add 10.185.0.200/26 dev lan0
address_in --net bridge
like "$out" 'inet 10\.185\.1\.[0-9]+/24 ' "a range of which the host has a part is not taken"
ip address del 10.185.0.200/26 dev lan0
ip route add 0.0.0.0/1 via 192.0.2.1
ip route add 128.0.0.0/1 via 192.0.2.1
address_in --net halves
like "$out" 'inet 10\.185\.[0-9]+\.[0-9]+/24 ' "a tunnel to everything, in two halves, is in nobody's way"
ip route del 0.0.0.0/1
ip route del 128.0.0.0/1
ip route add blackhole 10.0.0.0/8
address_in --net hole
like "$out" 'inet 10\.185\.[0-9]+\.[0-9]+/24 ' "nor is a route to nowhere"
ip route del blackhole 10.0.0.0/8
ip route add 10.128.0.0/9 via 192.0.2.1
address_in --net tunnel
like "$out" 'inet 172\.30\.[0-9]+\.[0-9]+/24 ' "a tunnel to some has its range"
for all in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16; do
	ip route add "$all" via 192.0.2.1
done
run_in --net other / true
like "$status:$err" '^125:cgx-sandbox run: cgx-other: find a subnet: .*--subnet' "with routes to all private ranges one has to be named"
address_in --net other --subnet 10.9.0.0/24
like "$out" 'inet 10\.9\.0\.[0-9]+/24 ' "which is had, since a gateway is no neighbour"
for all in 10.128.0.0/9 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16; do
	ip route del "$all"
done


# ---- one that is asked for -------------------------------------------------------------------------------

# which the network above has, too, with nobody in it
serve web hello --net lab --subnet 10.9.0.0/24 --ip 10.9.0.7 -p 8080:80
is "$(address_of web)" 10.9.0.7 "--subnet, --ip"
is "$(ask 10.9.0.7 80):$(ask 127.0.0.1 8080)" hello:hello "and it is reached"
run_in --net lab / sh -c "ip route show default; timeout 10 busybox nc -w 5 $N-web 80; $datagram ping 192.0.2.1"
like "$status:$out" '^0:default via 10\.9\.0\.1 ' "others join without it"
like "$out" '^hello$' "and find it"
run_in --net lab --subnet 10.9.0.0/24 / true
is "$status:$err" "0:" "or with it"
run_in --net lab --subnet 10.9.1.0/24 / true
like "$status:$err" '^125:cgx-sandbox run: cgx-lab: have the subnet 10\.9\.1\.0/24: it has 10\.9\.0\.0/24 as long as' "but not with another"
advised "and what helps is told"
run_in --net lab --ip 10.9.0.7 / true
like "$status:$err" "^125:cgx-sandbox run: cgx-lab: lease 10\.9\.0\.7: sandbox $N-web has it\$" "an address is had once"
advised "what helps is told"
for bad in '10.9.1.7 not of the network' '10.9.0.1 the bridge' '10.9.0.0 the first or the last' '10.9.0.255 the first or the last'; do
	run_in --net lab --ip "${bad%% *}" / true
	like "$status:$err" "^125:cgx-sandbox run: cgx-lab: lease ${bad%% *}: it is ${bad#* }" "--ip ${bad%% *}"
done
ip route add 10.9.0.9/32 dev lan0
run_in --net lab --ip 10.9.0.9 / true
like "$status:$err" '^125:.*lease 10\.9\.0\.9: a route of the host leads it elsewhere' "one that a route leads away"
ip route del 10.9.0.9/32
run_in --net lab --ip 10.9.0.10 / ip -o -4 address show dev eth0
like "$status:$out" '^0:.* 10\.9\.0\.10/24 ' "and one that is free"
json "inspect tells it" "$(cgx-sandbox inspect "$N-web")" '.[0].network.address == "10.9.0.7"'
cgx-sandbox rm -f "$N-web" >/dev/null
address_in --net lab --subnet 10.9.2.0/24
like "$status:$out:$err" '^0:.*inet 10\.9\.2\.[0-9]+/24 ' "a network that nobody is in any more can have another at once"

# ---- sizes -----------------------------------------------------------------------------------------------

cgx-sandbox run -d --rm --name "$N-one" --net small --subnet 10.9.4.4/30 / sleep 100 >/dev/null
is "$(address_of one)" 10.9.4.6 "a /30 has one"
run_in --net small / true
like "$status:$err" '^125:.*cgx-small: lease an address: all 1 are taken' "and no second"
run cgx-sandbox exec "$N-one" env ASAN_OPTIONS=detect_leaks=0 "$datagram" ping 192.0.2.1
is "$status" 0 "which reaches the world"
serve big hello --net big --subnet 10.10.0.0/16 --ip 10.10.200.30
is "$(ask 10.10.200.30 80)" hello "a /16"
run cgx-sandbox exec "$N-big" env ASAN_OPTIONS=detect_leaks=0 "$datagram" ping 192.0.2.1
is "$status" 0 "reaches the world, too"
run cgx-sandbox exec "$N-big" sh -c "timeout 5 busybox nc -w 2 10.9.4.6 80; ip -o -6 address show dev eth0 scope global"
if [ -n "$out" ]; then
	like "$out" 'inet6 fd.*:5:1230/64 ' "its address of IPv6 ends in the number that it has there"
else
	skip "no IPv6" "its address of IPv6 ends in the number that it has there"
fi
! have nft || is "$(nft list set ip cgx subnets | grep -c -e 10.9.4.4/30 -e 10.10.0.0/16)" 1 "what the rules know"
cgx-sandbox rm -f "$N-one" "$N-big" >/dev/null

# ---- what cannot be --------------------------------------------------------------------------------------

ip address add 192.168.7.1/24 dev lan0
ip address add 10.65.0.1/10 dev lan0
for bad in '192.168.7.0/25 192\.168\.7\.0/24 by lan0' '192.168.0.0/16 192\.168\.7\.[0-9]*/[0-9]+ by lan0' '10.64.5.0/24 10\.64\.0\.0/10 by lan0'; do
	run_in --net never --subnet "${bad%% *}" / true
	like "$status:$err" "^125:cgx-sandbox run: cgx-never: have the subnet ${bad%% *}: the host has a route to ${bad#* }\$" "${bad%% *}, which the host has"
done
advised "what helps is told"
for bad in '10.9.0.0 not a subnet' '10.9.0.0/33 not a subnet' '10.9.0.0/ not a subnet' 'fd00::/64 not a subnet' '10.9/16 not a subnet' \
	'10.9.0.0/31 a network has from' '10.0.0.0/8 a network has from' '10.9.0.5/24 .*: 10\.9\.0\.0/24 is the subnet' '8.8.8.0/24 not private' \
	'172.32.0.0/24 not private'; do
	run_in --net never --subnet "${bad%% *}" / true
	like "$status:$err" "^125:cgx-sandbox run: --subnet ${bad%% *}: ${bad#* }" "--subnet ${bad%% *}"
done
for bad in x 10.9.0 0.0.0.0 ::1; do
	run_in --net never --ip "$bad" / true
	like "$status:$err" "^125:cgx-sandbox run: --ip $bad: not an address of IPv4" "--ip $bad"
done
for bad in '--net host' '--net none' ''; do
	# shellcheck disable=SC2086 # words
	run_in $bad --subnet 10.9.0.0/24 / true
	like "$status:$err" '^125:.*use --net bridge' "--subnet with ${bad:-no network}"
done
ok "none of it leaves anything" wait_for 10 gone

# ---- the bridge is taken away ----------------------------------------------------------------------------

serve left hello --net lab --subnet 10.9.0.0/24 -p 8081:80
serve right there --net lab
ip link del cgx-lab
unlike "$(ask 127.0.0.1 8081)" hello "a bridge that somebody removed"
run_in --net lab / sh -c "timeout 10 busybox nc -w 5 $N-left 80; ip -o -4 address show dev eth0"
like "$out" '^hello$' "is there again for the next one, and for those that run"
like "$out" ' 10\.9\.0\.[0-9]+/24 ' "with the subnet that it had"
is "$(ask 127.0.0.1 8081)" hello "and its ports"
ip link del cgx-lab
in_world cgx-sandbox ps >/dev/null
is "$(in_world ip -o link show | grep -c cgx)" 0 "not by ps in another network namespace"
cgx-sandbox ps >/dev/null
is "$(ask 127.0.0.1 8081)" hello "ps is enough"
run cgx-sandbox exec "$N-right" timeout 10 busybox nc -w 5 "$N-left" 80
is "$out" hello "they reach each other"
ip link del cgx-lab
cgx-sandbox rm -f "$N-left" "$N-right" >/dev/null
ok "without one nothing is left, either" wait_for 10 gone
! have nft || is "$(nft list tables | grep cgx)" "" "no rule"
done_testing
