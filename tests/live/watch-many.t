#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Groups with many others beside them, which are none of the watcher's business, and many groups by name.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=watch.sh
. "$(dirname "$0")/watch.sh"
need_root
need_helpers bomb
has pids || skip_all "no pids controller"
N=1000
[ -z "${CGX_VM-}" ] || N=300 # making them takes long there

make_many()
{
	seq 1 "$N" | sed "s,.*,$T/side/c&," | xargs cgx-create -c pids
}
ok "$N groups side by side" make_many

# ---- by name -------------------------------------------------------------------------------------

begun=$(date +%s%N)
# shellcheck disable=SC2046
watch "$T/later/on" $(seq 2 "$N" | sed "s,.*,$T/side/c&,")
took=$((($(date +%s%N) - begun) / 1000000))
num $took -le $((4000 * slower)) "nearly all of them by name are watched soon"
diag "after $took ms"
denied() # GROUP: a fork is, in it
{
	cgx-set "$1" pids.max=3 && cgx-exec --report=none -g "$1" "$bomb" 10 0 >/dev/null 2>&1
}
ok "denied forks in the first, the last, and one that has no name here" eval 'for i in 2 $N 1; do denied $T/side/c$i; done'
ok "the first tells" wait_for 5 told 1 " fork +$T/side/c2: "
ok "the last, too" wait_for 5 told 1 " fork +$T/side/c$N: "
ok "one comes to be later" cgx-create "$T/later/on/below"
ok "and tells" eval "denied $T/later/on/below && wait_for 5 told 1 ' fork +$T/later/on/below: '"
watched
is "$status" 0 "it ends well"
is "$(grep -c "fork *$T/side/c1:" "$tmp/w.out")" 0 "who was not named is not told of"

# ---- one above another ---------------------------------------------------------------------------

ok "a group in another" cgx-create "$T/side/c3/in/it"
for order in "$T/side/c3/in/it $T/side" "$T/side $T/side/c3/in/it"; do
	# shellcheck disable=SC2086
	watch $order
	for g in c1 c3/in/it; do
		denied "$T/side/$g"
		ok "named: $(echo "$order" | sed "s,$T/,,g"); $g tells" wait_for 5 told 1 " fork +$T/side/$g: "
	done
	watched
done

# ---- cgx-top -------------------------------------------------------------------------------------

begun=$(date +%s%N)
# shellcheck disable=SC2046
run cgx-top --batch --no-headings -n 2 -d 100ms -c PIDS,PIDSMAX $(seq 1 "$N" | sed "s,.*,$T/side/c&,")
took=$((($(date +%s%N) - begun) / 1000000))
is "$status $(echo "$out" | grep -c "$T/side/c")" "0 $((N * 2))" "cgx-top of as many by name shows each in both passes"
num $took -le $((6000 * slower)) "and soon"
diag "after $took ms"
unlike "$err" 'inotify' "it leaves inotify instances for others, and for its events"

# ---- what the others cost ------------------------------------------------------------------------

calls() # COMMAND...: how many system calls it makes
{
	ASAN_OPTIONS=detect_leaks=0 strace -o "$tmp/calls" "$@" && wc -l <"$tmp/calls"
}
beside() # GROUP PROGRAM: calls of a command with a report that is made in that group
{
	cgx-exec --report=none -g "$1" sh -c "$(sed -n '/^calls()/,/^}/p' "$0"); tmp=$tmp; calls $2"
}
if have strace; then
	ok "two groups with few and many beside them" cgx-create "pids:$T/few/c5" "pids:$T/side/c5"
	few=$(beside "pids:$T/few/c5" 'cgx-exec --pids 50 sleep 0.5')
	many=$(beside "pids:$T/side/c5" 'cgx-exec --pids 50 sleep 0.5')
	num "$few" -gt 0 "system calls of a command with few groups around it: $few"
	num "$many" -le $((${few:-0} + N / 4)) "with $N of them it makes about as many: $many"
else
	skip "no strace here" "what groups around it cost a command"
fi
done_testing
