# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Part of bench: a sandbox in a network, on a host of its own (a network namespace with a way out), beside one without and
# beside the same links and rules made by hand with ip and nft.
# shellcheck disable=SC2154 # bench's: work limits

if ! command -v ip >/dev/null || ! command -v nft >/dev/null || ! "$work/cgx-sandbox" run --help | grep -q -- --publish; then
	echo '# networks: no ip or no nft here'
else
	cat >"$work/host" <<-'END'
		mkdir -p /run/cgx && mount -t tmpfs -o mode=711 bench /run/cgx && ip link set lo up &&
		ip link add up0 type veth peer name up1 && ip address add 192.0.2.10/24 dev up0 &&
		ip link set up0 up && ip link set up1 up && ip route add default via 192.0.2.1 && touch "$1" && exec sleep 1000
	END
	unshare -mn --propagation private sh "$work/host" "$work/ready" &
	host=$!
	for _ in $(seq 50); do
		[ -e "$work/ready" ] || sleep 0.1
	done
	there="nsenter -t $host -m -n"
	cat >"$work/by-hand" <<-'END'
		nft -f - <<-N
			add table ip bench
			add chain ip bench out { type nat hook postrouting priority srcnat; }
			add rule ip bench out ip saddr 10.9.9.0/24 masquerade
			add chain ip bench in { type nat hook prerouting priority dstnat; }
			add rule ip bench in tcp dport 18081 dnat to 10.9.9.2:80
		N
		ip link add bench0 type bridge && ip address add 10.9.9.1/24 dev bench0 && ip link set bench0 up
		ip netns add bench && ip link add bench1 master bench0 up type veth peer name eth0 netns bench
		ip -n bench address add 10.9.9.2/24 dev eth0 && ip -n bench link set eth0 up && ip -n bench route add default via 10.9.9.1
		ip netns exec bench /bin/true
		ip netns del bench; ip link del bench0; nft delete table ip bench
	END
	# shellcheck disable=SC2086 # lists of words
	$there cgx-sandbox run -d --rm --name "$name-stays" --net bridge / sleep 900 >/dev/null
	none=$(measure -p 'sleep 0.25' "$there cgx-sandbox run --rm $limits $work/rootfs /bin/true")
	t=$(measure -p 'sleep 0.25' "$there cgx-sandbox run --rm --net bridge $limits $work/rootfs /bin/true")
	row 'sandbox in a network, 0.25 s idle' "$t" 'without a network' "$none" ''
	t=$(measure -p 'sleep 0.25' "$there cgx-sandbox run --rm -p 18080:80 $limits $work/rootfs /bin/true")
	row '  with NAT and a published port' "$t" 'without a network' "$none" '9 ms'
	row '' "$t" 'ip and nft by hand, no sandbox' "$(n=5 measure "$there sh $work/by-hand")" ''
	$there cgx-sandbox rm -f "$name-stays" >/dev/null
	kill "$host"
fi
