# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests of networks share: a host of their own, a network namespace with a link to a world of one machine, which has no way
# back to what is behind the host. Sourced first.
if [ -z "${CGX_APART-}" ] && [ "$(id -u)" = 0 ] && command -v ip >/dev/null; then
	CGX_APART=1 exec unshare -mn --propagation private sh "$0" "$@"
fi
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$(dirname "$0")/sandbox.sh"
have ip || skip_all "no ip (iproute2)"
need_helpers
# shellcheck disable=SC2034 # for whoever sources this
datagram=$(shown "$(helper datagram)")
have busybox || skip_all "no busybox, which serves and asks here"
mkdir -p /run/cgx
mount -t tmpfs -o mode=711 cgxt /run/cgx
ip link set lo up

unshare -n sleep 1000 &
world=$!
pids="$pids $world"
wait_for 5 sh -c "[ \$(readlink /proc/$world/ns/net) != \$(readlink /proc/self/ns/net) ]"
in_world() { nsenter -t "$world" -n "$@"; }
ip link add up0 type veth peer name up1 netns "$world" || skip_all "this kernel has no veth"
ip address add 192.0.2.10/24 dev up0
ip link set up0 up
in_world ip address add 192.0.2.1/24 dev up1
in_world ip link set up1 up
in_world ip link set lo up
ip route add default via 192.0.2.1
flag() { cat "/proc/sys/net/ipv4/conf/$1/forwarding"; }

# a sanitizer that looks for leaks cannot trace inside
run_in() { run cgx-sandbox run --rm --name "$N-r" -e ASAN_OPTIONS=detect_leaks=0 "$@"; }
ask() { timeout 10 busybox nc -w 5 "$@" </dev/null 2>&1; } # HOST PORT
serve() # NAME WORD OPTION...: in the background, on port 80
{
	s_name=$1 s_word=$2
	shift 2
	cgx-sandbox run -d --rm --name "$N-$s_name" "$@" / busybox nc -ll -p 80 -e echo "$s_word" >/dev/null 2>"$tmp/serve" ||
		fail "start $s_name" "$(cat "$tmp/serve")"
	wait_for 10 sh -c "cgx-sandbox exec $N-$s_name sh -c 'grep -q :0050 /proc/net/tcp /proc/net/tcp6' 2>/dev/null"
}
address_of() { cgx-sandbox inspect "$N-$1" | jq -r '.[0].network.address'; }
# first of a file: nothing without libmnl
need_networks()
{
	run_in --net bridge / true
	if [ "$status" = 125 ] && printf '%s' "$err" | grep -q 'built without'; then
		skip_all "cgx-sandbox is built without libmnl"
	fi
}
