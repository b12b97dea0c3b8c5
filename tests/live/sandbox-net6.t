#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# IPv6 in networks of sandboxes, and hosts that have it not.
# shellcheck source=net.sh
. "$(dirname "$0")/net.sh"
need_networks
six=/proc/sys/net/ipv6/conf
[ "$(cat $six/default/disable_ipv6 2>/dev/null)" = 0 ] || skip_all "this host has no IPv6"
put() { echo "$2" >"$six/$1"; }
wait_for 10 sh -c '! ip -o link show | grep -q cgx0'

ip -6 address add 2001:db8:1::10/64 dev up0 nodad
in_world ip -6 address add 2001:db8:1::1/64 dev up1 nodad
ip -6 route add default via 2001:db8:1::1
from_world() { in_world timeout 5 busybox nc -w 2 "$@" </dev/null 2>&1; }
address6_of() { cgx-sandbox inspect "$N-$1" | jq -r '.[0].network.address6'; }

# ---- a host that forwards none, and cannot do so for a single link -------------------------------------

if [ -e $six/up0/force_forwarding ]; then
	skip "this kernel forwards for a single link" "without a way out: addresses, no default route, ports of IPv4"
else
	serve local hello -p 8080:80
	cgx-sandbox exec "$N-local" ip -6 route show default >"$tmp/out"
	is "$(cat "$tmp/out"):$(cgx-sandbox ps -o ports | grep -c '\[::\]')" ":0" \
		"without a way out: addresses, no default route, ports of IPv4"
	run_in -p '[::]:8081:80' / true
	like "$err" 'net.ipv6.conf.all.forwarding=1' "what is asked for is refused, with what it takes"
	cgx-sandbox rm -f "$N-local" >/dev/null
	wait_for 10 sh -c '! ip -o link show | grep -q cgx0'
	put all/forwarding 1
fi

# ---- among themselves ----------------------------------------------------------------------------------

serve web hello -p 8080:80 -p '[2001:db8:1::10]:8081:80' -p 0.0.0.0:8082:80 -p '[::]:8083:80'
web=$(address6_of web)
like "$web" '^fd[0-9a-f:]+::[0-9]+$' "an address of a range of its own"
is "${web##*:}" "$(address_of web | sed 's/.*[.]//')" "with the number of the other one"
run cgx-sandbox exec "$N-web" cat /etc/hosts
like "$out" "^$web $N-web\$" "which the hosts file has"
run cgx-sandbox exec "$N-web" sh -c 'ip -o -6 address show dev eth0; cat /proc/sys/net/ipv6/conf/eth0/accept_ra'
unlike "$out" 'tentative' "used at once"
like "$out" '^0$' "nobody tells it ways"
is "$(cat $six/cgx0/accept_ra):$(cat $six/cgx0/accept_redirects)" 0:0 "nor the host"
like "$(cgx-sandbox ps -o name,address6)" "$web" "ps shows it"
run_in --net bridge / timeout 10 busybox nc -w 5 "$web" 80
is "$out" hello "a neighbour reaches it"
is "$(ask "$web" 80)" hello "and the host"
run_in --net apart / sh -c "ip -o -6 address show dev eth0 scope global; timeout 5 busybox nc -w 2 $web 80"
other=$(printf '%s\n' "$out" | sed -n 's/.*inet6 \([0-9a-f:]*\)::.*/\1/p')
isnt "$other" "${web%::*}" "another network has another range"
unlike "$out" hello "and does not reach it"
run_in --net bridge / cat /etc/hosts
again=$(printf '%s\n' "$out" | sed -n "s/^\(fd[^ ]*\) $N-r\$/\1/p")
is "${again%::*}" "${web%::*}" "one network, one range"

# ---- out, and in ---------------------------------------------------------------------------------------

run_in --net bridge / "$datagram" ping 2001:db8:1::1
is "$status" 0 "the world answers, which knows nothing of its address"
is "$(ask 2001:db8:1::10 8080)" hello "a published port, from the host"
is "$(from_world 2001:db8:1::10 8080)" hello "from the world"
run_in --net bridge / timeout 10 busybox nc -w 5 2001:db8:1::10 8080
is "$out" hello "from a neighbour"
run cgx-sandbox exec "$N-web" timeout 10 busybox nc -w 5 2001:db8:1::10 8080
is "$out" hello "from itself"
run_in --net apart / timeout 10 busybox nc -w 5 2001:db8:1::10 8080
is "$out" hello "from another network"
is "$(from_world 2001:db8:1::10 8081):$(ask 127.0.0.1 8081)" "hello:nc: can't connect to remote host (127.0.0.1): Connection refused" \
	"of one address alone"
like "$(from_world 2001:db8:1::10 8082)" 'refused' "of IPv4 alone"
like "$(ask 127.0.0.1 8083)" 'refused' "of IPv6 alone"
like "$(ask ::1 8080)" 'refused' "the host's loopback is told at once that it leads nowhere"
json "inspect" "$(cgx-sandbox inspect "$N-web")" '.[0].network.ports | any(.address == "2001:db8:1::10" and .host_port == 8081)'
run_in -p 8080:80 / true
like "$err" 'Address already in use' "a port twice"
"$datagram" serve-at ::1 9090 secret &
pids="$pids $!"
wait_for 5 grep -q ':2382 ' /proc/net/udp6
run_in -p 9090:80/udp / true
is "$status:$(printf '%s\n' "$err" | head -1)" "125:cgx-sandbox run: [::]:9090->80/udp: publish: Address already in use" "one that a program has of IPv6 alone"
cgx-sandbox run -d --rm --name "$N-any" -p 80 / sleep 100 >/dev/null
is "$(cgx-sandbox inspect "$N-any" | jq -c '[.[0].network.ports[].host_port] | [length, (unique | length)]')" "[2,1]" "any port is one of both"
cgx-sandbox rm -f "$N-any" >/dev/null
cgx-sandbox run -d --rm --name "$N-udp" -p 5353:53/udp / "$datagram" serve 53 answer >/dev/null
wait_for 10 sh -c "cgx-sandbox exec $N-udp grep -q :0035 /proc/net/udp /proc/net/udp6 2>/dev/null"
is "$(in_world "$datagram" ask 2001:db8:1::10 5353)" answer "UDP"
cgx-sandbox rm -f "$N-udp" >/dev/null
cgx-sandbox run -d --rm --name "$N-lots" -p 20000-20299:20000-20299 / sleep 100 >/dev/null 2>"$tmp/err"
is "$?:$(cat "$tmp/err")" 0: "300 ports, of both"
cgx-sandbox rm -f "$N-lots" >/dev/null

# ---- what is shut ---------------------------------------------------------------------------------------

run_in --net bridge / sh -c "$datagram ask ${web%::*}::1 9090 1; $datagram ask ::1 9090 1"
unlike "$out" secret "the host's loopback"
wait_for 10 sh -c "! ip -6 address show dev up0 | grep -q tentative"
own=$(ip -o -6 address show dev up0 scope link | sed 's/.*inet6 \([0-9a-f:]*\).*/\1/')
"$datagram" serve 9191 secret &
pids="$pids $!"
wait_for 5 grep -q ':23E7 ' /proc/net/udp6
run_in --net bridge / "$datagram" ask "$own%eth0" 9191 1
unlike "$out" secret "addresses of the host's other links"
in_world ip -6 route add "${web%::*}::/64" via 2001:db8:1::10
unlike "$(from_world "$web" 80)" hello "the world does not get in, though it knows the way"
run_in --net bridge --dns 2001:db8:1::53 / cat /etc/resolv.conf
like "$out" '^nameserver 2001:db8:1::53' "--dns"

# ---- the end --------------------------------------------------------------------------------------------

cgx-sandbox rm -f "$N-web" >/dev/null
gone() { ! ip -o link show | grep -q cgx && [ "$(ls /run/cgx/.net)" = "" ]; }
ok "after the last nothing is left" wait_for 10 gone
! have nft || is "$(nft list tables | grep cgx)" "" "no rule"
[ ! -e $six/up0/force_forwarding ] || is "$(cat $six/up0/force_forwarding)" 0 "the host forwards as before"

# ---- without --------------------------------------------------------------------------------------------

put all/disable_ipv6 1
run_in -p 8080:80 / sh -c 'ip -o address show dev eth0; grep : /etc/hosts; ip -6 route'
is "$status" 0 "a host that has switched it off"
is "$(printf '%s\n' "$out" | grep -c 'inet6\|^fd\|default')" 0 "has networks without"
run_in -p '[::]:8080:80' / true
like "$err" '^  this host has no IPv6' "and says so where it is asked for"
run_in -p '[::1]:8080:80' / true
like "$err" '^  the kernel leads nothing away from ::1' "nor can ::1 be had"
cgx-sandbox run -d --rm --name "$N-old" --net bridge / sleep 100 >/dev/null
put all/disable_ipv6 0
run_in --net bridge / ip -o -6 address show dev eth0
like "$out" 'inet6 fd' "switched on again, a network has it from the next sandbox on"
cgx-sandbox rm -f "$N-old" >/dev/null
wait_for 10 gone
done_testing
