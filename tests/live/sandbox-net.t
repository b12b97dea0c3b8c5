#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox --net, -p: networks of sandboxes.
# shellcheck source=net.sh
. "$(dirname "$0")/net.sh"

# ---- one ---------------------------------------------------------------------------------------------

before=$(flag up0)
need_networks
run_in --net bridge / sh -c 'ip -o address show dev eth0; ip route show default; cat /proc/sys/net/ipv4/conf/eth0/arp_notify'
is "$status" 0 "a sandbox in a network"
like "$out" 'inet 10\.185\.0\.[0-9]+/24 ' "it has an address"
like "$out" '^default via 10.185.0.1 dev eth0' "and a way out"
run_in --net bridge / cat /etc/hosts
like "$out" "^127.0.0.1 localhost" "its hosts file"
like "$out" "^10\.185\.0\.[0-9]+ $N-r\$" "knows its name"
own_address() { printf '%s\n' "$out" | sed -n "s/^\([0-9.]*\) $N-r\$/\1/p"; }
first=$(own_address)
run_in --net bridge --dns 192.0.2.53 / cat /etc/resolv.conf
like "$out" '^nameserver 192.0.2.53' "--dns"
run_in --net bridge / sh -c 'echo x >>/etc/hosts'
isnt "$status" 0 "the file of all is nobody's to write"
run_in --net bridge / cat /etc/hosts
is "$(own_address)" "$first" "the same name has the same address"
run_in --net bridge / "$datagram" ping 10.185.0.1
is "$status" 0 "it pings the bridge"
run_in --net bridge / "$datagram" ping 192.0.2.1
is "$status" 0 "and the world, which knows nothing of its address"
run_in --net bridge --report=json --report-to "$tmp/report" / "$datagram" ping 10.185.0.1
num "$(jq '.network.received_bytes' "$tmp/report")" -ge 84 "the report: bytes received"
num "$(jq '.network.sent_bytes' "$tmp/report")" -ge 84 "and sent"
run_in --net bridge -u 1000 / busybox nc -l -p 80 -w 1
unlike "$err" 'Permission denied' "port 80 is a user's, too"

# ---- published ports -----------------------------------------------------------------------------------

serve web hello -p 8080:80 -p 127.0.0.1:8081:80 -p 8000-8001:80-81
is "$(ask 127.0.0.1 8080)" hello "a published port, from the host by loopback"
is "$(ask 192.0.2.10 8080)" hello "by its address"
is "$(in_world timeout 10 busybox nc -w 5 192.0.2.10 8080 </dev/null)" hello "from the world"
is "$(ask 127.0.0.1 8081)" hello "one of an address"
in_world timeout 5 busybox nc -w 2 192.0.2.10 8081 </dev/null >"$tmp/out" 2>&1
is "$(grep -c hello "$tmp/out")" 0 "is of no other"
is "$(ask 127.0.0.1 8000)" hello "a range"
like "$(cgx-sandbox ps)" '0\.0\.0\.0:8080->80/tcp, (\[::\]:8080->80/tcp, )?127\.0\.0\.1:8081->80/tcp' "ps shows them"
json "inspect, too" "$(cgx-sandbox inspect "$N-web")" '.[0].network.ports[0] == {"protocol":"tcp","address":"0.0.0.0","host_port":8080,"port":80}'
run cgx-sandbox stats "$N-web" --json --columns name,received,sent
json "stats: bytes" "$out" '.sandboxes[0].received > 0 and .sandboxes[0].sent > 0'
run_in -p 8080:80 / true
is "$status" 125 "a port twice"
like "$err" '^cgx-sandbox run: 0\.0\.0\.0:8080->80/tcp: publish: Address already in use$' "is refused"
like "$err" "^  sandbox $N-web has the port\$" "with who has it"
run_in -p 8099:80 -p 8099:81 / true
like "$err" "^  it is asked for twice\$" "a port of one's own"
busybox nc -ll -p 9090 -e true &
pids="$pids $!"
wait_for 5 grep -q ':2382 ' /proc/net/tcp /proc/net/tcp6
run_in -p 9090:80 / true
is "$status" 125 "so is one of a program of the host"
like "$err" "^  busybox \(pid $!\) has the port\$" "which is named"
busybox nc -ll -p 9091 -e true &
server=$!
pids="$pids $server"
wait_for 5 grep -q ':2383 ' /proc/net/tcp /proc/net/tcp6
sleep 1 | busybox nc -w 5 127.0.0.1 9091 >/dev/null
kill $server
wait $server 2>/dev/null
ended=$(cat /proc/net/tcp /proc/net/tcp6 | grep -c ":2383 [0-9A-F:]* 06 ")
run_in -p 9091:80 / true
is "$ended:$status:$err" "1:0:" "one that a program left a moment ago, whose connections the kernel remembers, is free"
cgx-sandbox run -d --rm --name "$N-held" -p 9091:80 / sleep 100 >/dev/null
run_in -p 9091:80 / true
like "$status:$err" "^  sandbox $N-held has the port" "but had once"
busybox timeout 1 busybox nc -ll -p 9091 -e true 2>"$tmp/err"
like "$(cat "$tmp/err")" 'in use' "and by no program of the host"
like "$(ask 127.0.0.1 9091)" refused "and nobody listens in its stead"
cgx-sandbox rm -f "$N-held" >/dev/null
cgx-sandbox run -d --rm --name "$N-held" -p 9092:80 / sleep 100 >/dev/null
busybox timeout 1 busybox nc -ll -p 9092 -e true 2>"$tmp/err"
like "$(cat "$tmp/err")" 'in use' "what a sandbox has no program of the host can have"
cgx-sandbox rm -f "$N-held" >/dev/null
run_in -p 203.0.113.7:80:80 / true
like "$err" "must be one of this host's" "and an address that is not the host's"
cgx-sandbox run -d --rm --name "$N-any" -p 80 / sleep 100 >/dev/null
num "$(cgx-sandbox inspect "$N-any" | jq '.[0].network.ports[0].host_port')" -gt 1024 "any port that is free"
cgx-sandbox rm -f "$N-any" >/dev/null
cgx-sandbox run -d --rm --name "$N-udp" -p 5353:53/udp / "$datagram" serve 53 answer >/dev/null
wait_for 10 sh -c "cgx-sandbox exec $N-udp grep -q :0035 /proc/net/udp /proc/net/udp6 2>/dev/null"
is "$(in_world "$datagram" ask 192.0.2.10 5353)" answer "UDP"
cgx-sandbox rm -f "$N-udp" >/dev/null
in_world "$datagram" ask 192.0.2.10 5354 10 >"$tmp/asked" &
asks=$!
sleep 0.2
cgx-sandbox run -d --rm --name "$N-udp" -p 5354:53/udp / "$datagram" serve 53 late >/dev/null
wait $asks
is "$(cat "$tmp/asked")" late "who asked before there was anybody is answered, too"
cgx-sandbox rm -f "$N-udp" >/dev/null

mkfifo "$tmp/go"
in_world "$datagram" many 192.0.2.10 5355 5000 <"$tmp/go" >"$tmp/many" 2>&1 &
asks=$!
exec 9>"$tmp/go"
tracked() { [ "$(cat /proc/sys/net/netfilter/nf_conntrack_count)" -ge 5000 ]; }
wait_for 10 tracked
cgx-sandbox run -d --rm --name "$N-udp" -p 5355:53/udp / "$datagram" serve 53 many >/dev/null
wait_for 10 sh -c "cgx-sandbox exec $N-udp grep -q :0035 /proc/net/udp /proc/net/udp6 2>/dev/null"
echo go >&9
exec 9>&-
wait $asks
is "$(cat "$tmp/many")" 5000 "and so are 5000 of them"
in_world "$datagram" until 192.0.2.10 5355 host &
asks=$!
sleep 0.5
cgx-sandbox rm -f "$N-udp" >/dev/null
"$datagram" serve 5355 host &
pids="$pids $!"
ok "who asks on when it has gone is heard by who has the port next, were it the host" wait $asks

# ---- each other ----------------------------------------------------------------------------------------

run_in --net bridge / timeout 10 busybox nc -w 5 "$N-web" 80
is "$out" hello "by name"
run_in --net bridge / timeout 10 busybox nc -w 5 192.0.2.10 8080
is "$out" hello "by the port of the host"
run cgx-sandbox exec "$N-web" timeout 10 busybox nc -w 5 192.0.2.10 8080
is "$out" hello "its own port by the host"
cgx-sandbox run -d --rm --name "$N-late" --hostname other --net bridge / sleep 100 >/dev/null
run cgx-sandbox exec "$N-web" cat /etc/hosts
like "$out" "^10\.185\.0\.[0-9]+ $N-late other\$" "who comes later is known to those before"
cgx-sandbox rm -f "$N-late" >/dev/null
run cgx-sandbox exec "$N-web" cat /etc/hosts
unlike "$out" "^10.* $N-late" "until it goes"
run cgx-sandbox run --rm --name "$(echo "$N-web" | tr '[:lower:]' '[:upper:]')" --net bridge / true
like "$status:$err" '^125:cgx-sandbox run: cgx0: make .*-WEB known by its name: another sandbox has it with other capitals' "a name that is another's but for capitals"
advised "and what helps is told"
run cgx-sandbox run --rm --name "$(echo "$N-web" | tr '[:lower:]' '[:upper:]')" --net apart / true
is "$status:$err" "0:" "is had in another network"
run_in --net bridge --hostname LocalHost / cat /etc/hosts
unlike "$out" '[0-9] .*LocalHost' "nobody is called localhost, in whatever letters"
web=$(address_of web)
run_in --net apart / sh -c 'ip -o address show dev eth0; cat /etc/hosts; timeout 5 busybox nc -w 2 '"$web"' 80'
like "$out" 'inet 10\.185\.1\.[0-9]+/24' "another network has a subnet of its own"
unlike "$out" "$N-web|hello" "and does not reach the first"
run_in --net apart / timeout 10 busybox nc -w 5 192.0.2.10 8080
is "$out" hello "but what is published"
is "$(ask "$web" 80)" hello "the host reaches an address that is not published"
in_world ip route add 10.185.0.0/16 via 192.0.2.10
in_world timeout 5 busybox nc -w 2 "$web" 80 </dev/null >"$tmp/out" 2>&1
is "$(grep -c hello "$tmp/out")" 0 "the world does not, though it knows the way"
run_in --net "sandbox:$N-web" / ip -o -4 address show dev eth0
like "$out" " $web/24 " "--net sandbox:NAME"
run_in --net "sandbox:$N-web" / cat /etc/hosts
like "$out" "^$web $N-web" "with its names"
cgx-sandbox run -d --rm --name "$N-own" --net bridge / sleep 100 >/dev/null
cgx-sandbox run -d --rm --name "$N-with" --net "sandbox:$N-own" / sleep 100 >/dev/null
cgx-sandbox rm -f "$N-own" >/dev/null
run cgx-sandbox exec "$N-with" ip -o link show
unlike "$out" eth0 "whose cable goes with the one whose network it is, as the address may be another's next"
cgx-sandbox rm -f "$N-with" >/dev/null
run_in --net "/proc/$world/ns/net" / ip -o -4 address show dev up1
like "$out" ' 192\.0\.2\.1/24 ' "--net with a namespace's file"

# ---- the host ------------------------------------------------------------------------------------------

is "$before:$(flag up0)" 0:1 "the way out forwards while there is a network"
if have nft; then
	nft flush ruleset
	run_in --net bridge / "$datagram" ping 192.0.2.1
	is "$status" 0 "rules that somebody flushed are there again for the next one"
else
	skip "no nft" "rules that somebody flushed are there again for the next one"
fi

run_in --net bridge / cat /etc/hosts
first=$(own_address)
ip route add "$first/32" dev up0
run_in --net bridge / cat /etc/hosts
second=$(own_address)
like "$second" '^10\.185\.0\.' "an address that a later route of the host leads elsewhere"
isnt "$second" "$first" "is not given"
ip route del "$first/32"
mkdir -p /run/cgx/full
for i in $(seq 2 254); do
	ln -s full "/run/cgx/.net/cgx0/10.185.0.$i" 2>/dev/null
done
run_in --net bridge / true
like "$err" '^cgx-sandbox run: cgx0: lease an address: all 253 are taken; another network' "no address is left"
rmdir /run/cgx/full
run_in --net bridge / true
is "$status" 0 "leases of nobody are cleared up"

# ---- what is killed ------------------------------------------------------------------------------------

cgx-sandbox run -d --rm --name "$N-dead" -p 7070:80 / sleep 100 >/dev/null
monitor=$(cgx-sandbox inspect "$N-dead" | jq '.[0].monitor')
kill -9 "$monitor"
wait_for 5 not alive "$monitor"
run cgx-sandbox ps -q -a
unlike "$out" "$N-dead" "a monitor that was killed"
is "$(find /run/cgx/.net -type l -lname "$N-dead")" "" "leaves no lease"
! have nft || unlike "$(nft list map ip cgx any)" '7070' "no published port"
cgx-sandbox run -d --rm --name "$N-dead" -p 7070:80 / sleep 100 >/dev/null
monitor=$(cgx-sandbox inspect "$N-dead" | jq '.[0].monitor')
kill -9 "$monitor"
wait_for 5 not alive "$monitor"
serve heir heir -p 7070:80
cgx-sandbox ps >/dev/null
is "$(ask 127.0.0.1 7070)" heir "which the next one may have, and keeps when the dead one is cleared up"
cgx-sandbox rm -f "$N-heir" >/dev/null

# killed CALL FROM TO: at each of these calls of the one that starts it
killed()
{
	for at in $(seq "$2" "$3"); do
		timeout 60 strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$at" \
			cgx-sandbox run --rm --name "$N-k" --timeout 1s -p 6060:80 / true >/dev/null 2>&1
		[ $? != 137 ] || died=$((died + 1))
		wait_for 10 swept || bad="$bad $1 $at: $(cgx-sandbox ps -a -q) $(find /run/cgx/.net -lname "$N-k") $(ports)"
	done
}
ports() { ! have nft || nft list map ip cgx any 2>/dev/null | grep 6060; }
swept() { cgx-sandbox ps -a -q | not grep -q "$N-k" && [ -z "$(find /run/cgx/.net -lname "$N-k")$(ports)" ]; }
if have strace && strace -f -o /dev/null -e inject=getpid:signal=KILL:when=65535 true 2>/dev/null; then
	bad='' died=0
	if [ -n "${CGX_VM-}" ]; then killed sendto 3 8; else killed sendto 1 16; fi
	killed symlink 1 2
	killed pwrite64 1 3
	is "$bad" "" "killed at any step of the network, nothing stays"
	num "$died" -ge 6 "it was ($died times)"
	for i in 1 2 3 4 5; do
		run_in -p 6060:80 / true
		[ "$status" = 0 ] || break
	done
	is "$status:$err" "0:" "and the port can be had, again and again"
else
	skip "no strace, or one that cannot inject" "killed at any step of the network, nothing stays"
fi

# ---- many ------------------------------------------------------------------------------------------------

many=20 runs=''
mkfifo "$tmp/all"
exec 9<>"$tmp/all" # until it is closed all are there
for i in $(seq $many); do
	cgx-sandbox run -i --rm --name "$N-m$i" --net bridge / sh -c 'ip -o -4 address show dev eth0; read -r _' <"$tmp/all" >"$tmp/many.$i" 2>&1 9>&- &
	runs="$runs $!"
done
have_all() { [ "$(cat "$tmp"/many.* | grep -c inet)" = "$many" ]; }
wait_for 60 have_all
exec 9>&-
# shellcheck disable=SC2086 # a list of words
wait $runs
is "$(cat "$tmp"/many.* | grep -c ' 10\.185\.0\.')" $many "$many at once"
is "$(cat "$tmp"/many.* | sed -n 's/.*inet \([0-9.]*\).*/\1/p' | sort -u | wc -l)" $many "each with an address of its own"

# ---- the end -----------------------------------------------------------------------------------------------

out=$(cgx-sandbox run --rm --net brief / echo 'done')
lingers() { ip link show cgx-brief >/dev/null 2>&1; }
ok "who reads its output does not wait for what lingers" lingers
cgx-sandbox stop "$N-web" >/dev/null
gone() { ! ip -o link show | grep -q cgx && [ "$(ls /run/cgx/.net)" = "" ] && [ "$(flag up0)" = 0 ]; }
wait_for 10 gone
is "$(ip -o link show | grep cgx)" "" "after the last no link is left"
is "$(ls /run/cgx/.net)" "" "no lease"
! have nft || is "$(nft list tables | grep cgx)" "" "no rule"
is "$(flag up0)" 0 "and the host forwards as before"
ip route del default
run_in --net bridge / true
is "$status" 0 "a host without a way out has networks all the same"

# ---- what cannot be ------------------------------------------------------------------------------------------

for bad in Upper toolongforalink 'a b' ../x; do
	run_in --net "$bad" / true
	is "$status" 125 "--net $bad"
done
run_in -p 80:80:80:80 / true
like "$err" 'INSIDE' "a port that is none"
run_in --net host -p 80:80 / true
like "$err" 'use --net bridge' "ports with the host's network"
ip link add cgx-taken type veth peer name cgx-other
run_in --net taken / true
is "$status" 125 "a link of the host that is no bridge"
like "$err" '^cgx-sandbox run: cgx-taken: use it as a bridge: ' "is named"
run_in --net other2 / true
is "$status" 0 "others work"
is "$(cgx-sandbox ps -a -q)" "" "nothing stays in the list"
gone() { [ "$(ls /run/cgx/.net)" = "" ]; }
wait_for 10 gone
done_testing
