#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Networks of sandboxes beside others who change the host's rules: what is flushed is put back, what drops is told.
# shellcheck source=net.sh
. "$(dirname "$0")/net.sh"
have nft || skip_all "no nft"
need_networks
reached() { [ "$(ask 127.0.0.1 "$1")" = "$2" ]; }

# ---- flushed ------------------------------------------------------------------------------------------

serve web hello -p 8080:80
serve far far --net apart -p 8081:80
serve brief brief -p 8082:80
nft flush ruleset
not_there=$(ask 127.0.0.1 8080)
unlike "$not_there" hello "rules that somebody flushed"
cgx-sandbox ps >/dev/null
is "$(ask 127.0.0.1 8080):$(ask 127.0.0.1 8081)" hello:far "ps brings back: ports of those that run, of all networks"
run cgx-sandbox exec "$N-web" env ASAN_OPTIONS=detect_leaks=0 "$datagram" ping 192.0.2.1
is "$status" 0 "and their way out"
run_in --net apart / sh -c "timeout 5 busybox nc -w 2 $(address_of web) 80"
unlike "$out" hello "and what keeps networks apart"
kill -9 "$(cgx-sandbox inspect "$N-brief" | jq '.[0].monitor')"
nft flush ruleset
run_in --net bridge / true
is "$(ask 127.0.0.1 8080):$(ask 127.0.0.1 8081)" hello:far "the next start brings them back"
like "$(ask 127.0.0.1 8082)" refused "but not those of the dead"
for family in ip ip6; do
	nft flush table $family cgx 2>/dev/null
done
cgx-sandbox ps >/dev/null
is "$(ask 127.0.0.1 8080):$(nft list chain ip cgx forward | grep -c drop)" hello:2 "rules alone"
nft flush ruleset
cgx-sandbox run --rm --name "$N-other" -p 8083:80 / true
wait_for 10 reached 8080 hello
is "$(ask 127.0.0.1 8080)" hello "another one's end"
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 0 >/proc/sys/net/ipv4/ip_forward
is "$(flag cgx0):$(flag up0)" 0:0 "they do not forward"
cgx-sandbox ps >/dev/null
run cgx-sandbox exec "$N-web" env ASAN_OPTIONS=detect_leaks=0 "$datagram" ping 192.0.2.1
is "$status" 0 "forwarding that somebody switched off for all links is on again for those of networks"
nft flush ruleset
cgx-sandbox rm -f "$N-web" "$N-far" >/dev/null
gone() { [ "$(ls /run/cgx/.net)" = "" ] && ! nft list tables | grep -q cgx; }
ok "what ends after a flush leaves nothing" wait_for 10 gone

# ---- dropped ------------------------------------------------------------------------------------------

nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
run_in --net bridge / true
is "$status" 0 "beside rules that drop what is forwarded, as docker's do, a sandbox starts"
like "$err" '^cgx-sandbox run: note: cgx0: the chain FORWARD of table filter drops what is forwarded .* iptables -I FORWARD -i cgx0 -j ACCEPT' \
	"and says so, with what to do"
cgx-sandbox run -d --name "$N-quiet" --net other / sleep 100 >/dev/null 2>&1
json "what is told in the background is kept" "$(cgx-sandbox inspect "$N-quiet")" '.[0].report | any(test("cgx-other: the chain FORWARD"))'
cgx-sandbox rm -f "$N-quiet" >/dev/null
nft 'insert rule ip filter FORWARD iifname cgx-let accept; insert rule ip filter FORWARD oifname cgx-let accept'
run_in --net let / "$datagram" ping 192.0.2.1
is "$status:$err" "0:" "what lets it through is known, and does"
nft delete table ip filter
nft 'add table inet own; add chain inet own pass { type filter hook forward priority 5; policy drop; }'
run_in --net third / true
like "$err" 'nft insert rule inet own pass iifname cgx-third accept; nft insert rule inet own pass oifname cgx-third accept' "in the words of whoever made it"
nft 'add chain inet own pass { policy accept; }'
run_in --net fourth / true
is "$err" "" "nothing is said where nothing drops"

# ---- killed while a network is made ---------------------------------------------------------------------

nft delete table inet own
wait_for 10 gone
left_of() # NAME: of its network
{
	ip -o link show | grep -o "cgx-$1"
	nft list tables | grep cgx
	find /run/cgx/.net -mindepth 1 ! -name .lock
	cat /proc/sys/net/*/conf/up0/*forwarding | grep 1
}
swept() { cgx-sandbox ps >/dev/null && [ -z "$(left_of "$1")" ]; }
if have strace && strace -f -o /dev/null -e inject=getpid:signal=KILL:when=65535 true 2>/dev/null; then
	bad='' died=0
	for at in $(seq 2 4 24); do
		timeout 60 strace -f -qq -o /dev/null -e trace=sendto -e "inject=sendto:signal=KILL:when=$at" \
			cgx-sandbox run --rm --name "$N-k" --timeout 1s -p 6060:80 --net "k$at" / true >/dev/null 2>&1
		[ $? != 137 ] || died=$((died + 1))
		cgx-sandbox ps >/dev/null
		[ -z "$(left_of "k$at")" ] || wait_for 10 swept "k$at" || bad="$bad $at: $(left_of "k$at")"
	done
	is "$bad" "" "killed at any step of a first start, nothing stays"
	num "$died" -ge 4 "it was ($died times)"
else
	skip "no strace, or one that cannot inject" "killed at any step of a first start, nothing stays"
fi
done_testing
