#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-top by BPF: every figure is what the files say, groups that come, go, are renamed, are more than there was room for, and
# what happens where BPF is not to be had.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
need_helpers bomb hog
has pids || skip_all "no pids controller"
export HOME="$tmp" XDG_CONFIG_HOME="$tmp/config"
ok "groups" sh -c "seq -f $T/g%g 40 | xargs cgx-create"
run cgx-top --bpf --json -n 1 -c PIDS "$T"
case $err in
*'BPF is not in use:'*) skip_all "${err#*BPF is not in use: }" ;;
esac
have jq || skip_all "no jq here"
why() # TEXT: by whom, and why not by BPF, in the last sample
{
	printf '%s\n' "$1" | tail -n 1 | jq -r '.source | "\(.by) \(.why)"'
}
is "$(why "$out")" "bpf null" "BPF is in use, and says so"

# ---- figures ----
# A limit that was hit, a kill, denied forks, what is below a limit, what is frozen, processes.
if has memory; then
	ok "a memory limit" cgx-set "$T/g3" memory.max=16M
	run cgx-exec --report=none -g "$T/g3" "$hog" 64M
fi
ok "a pids limit" cgx-set "$T/g4" pids.max=8
run cgx-exec --report=none -g "$T/g4" "$bomb" 20 0
for g in 5 6 7; do
	sleeper
	cgx-move "$T/g$g" "$pid"
done
ok "frozen" cgx-set "$T/g6" cgroup.freeze=1
columns=MEMORY,LIMIT,PEAK,SWAP,HITS,KILLS,PIDS,PIDSMAX,PIDSPEAK,DENIED,PROCS
json_of() # OPTION: every figure of every group, of the third sample, without what it was read by
{
	cgx-top "$1" --json -n 3 -d 50ms -c "$columns" "$T" | tail -n 1 | jq -c '.groups[]'
}
same_figures()
{
	json_of --bpf >"$tmp/bpf" && json_of --no-bpf >"$tmp/files" && cmp -s "$tmp/bpf" "$tmp/files"
}
wait_for 10 same_figures
is "$(cat "$tmp/bpf")" "$(cat "$tmp/files")" "every figure of every group is what the files say"
num "$(wc -l <"$tmp/bpf")" -eq 41 "and of all groups"
figure() # GROUP KEY
{
	jq -r "select(.path == \"$T/$1\") | .$2" "$tmp/bpf"
}
num "$(figure g4 denied)" -ge 1 "denied forks are there"
is "$(figure g4 pidsmax)" 8 "a limit"
is "$(figure g5 pids)" 1 "a process"
is "$(figure g6 frozen)" true "what is frozen"
is "$(figure g5 frozen)" false "what is not"
if has memory; then
	num "$(figure g3 kills)" -ge 1 "a kill"
	num "$(figure g3 hits)" -ge 1 "hits of the limit"
	num "$(figure g3 peak)" -ge 8388608 "the peak"
	is "$(figure g3 limit)" 16777216 "the memory limit"
else
	skip "no memory controller" "a kill"
fi

# ---- what is kept ----
kept() # PID: descriptors, watches
{
	# shellcheck disable=SC2012
	echo "$(ls "/proc/$1/fd" | wc -l) $(cat "/proc/$1"/fdinfo/* 2>/dev/null | grep -c '^inotify wd')"
}
background cgx-top --bpf --csv -d 100ms -c PIDS,MEMORY "$T" >"$tmp/live"
top=$!
sampled() # N: so many samples are there
{
	[ "$(awk -F, '$1 != was { n++; was = $1 } END { print n + 0 }' "$tmp/live")" -ge "$1" ]
}
wait_for 10 sampled 5
top=$(pgrep -P "$top" cgx-top || echo "$top")
# what is above the start is watched for its limits
num "$(kept "$top" | cut -d' ' -f1)" -le 40 "no descriptor of a group stays open"
num "$(kept "$top" | cut -d' ' -f2)" -le 12 "and no group is watched"
kill "$top"
wait "$top" 2>/dev/null

# ---- groups that come and go ----
paths() # of the last sample in $tmp/live
{
	awk -F, '$1 == "TIME" { next } { if ($1 != was) { last = now; now = ""; was = $1 } now = now $2 "\n" } END { printf "%s", last }' "$tmp/live" | sort
}
in_tree() # groups by the kernel's own tree of directories
{
	for m in $(all_mounts); do
		[ ! -d "$m/$T" ] || (cd "$m" && find "$T" -type d)
	done | sort -u
}
shows_all()
{
	[ "$(paths)" = "$(in_tree)" ]
}
background cgx-top --bpf --csv --flat -d 100ms -c PIDS,DENIED "$T" >"$tmp/live"
wait_for 10 shows_all
ok "all are shown" shows_all
ok "one goes, and is there again at once" sh -c "cgx-delete $T/g4 && cgx-create $T/g4"
ok "others go" sh -c "seq -f $T/g%g 30 40 | xargs cgx-delete"
ok "others come" cgx-create "$T/new/deep/er" "$T/g1/below"
wait_for 10 shows_all
is "$(paths)" "$(in_tree)" "who came and went did so here"
is "$(tail -n 60 "$tmp/live" | awk -F, -v g="$T/g4" '$2 == g { n = $4 } END { print n }')" 0 "another of the same name begins anew"
if [ "$(version_of pids)" = 1 ]; then
	# each hierarchy has its own directory
	for m in $(all_mounts); do
		[ ! -d "$m/$T/g2" ] || mv "$m/$T/g2" "$m/$T/2g" 2>/dev/null || mv "$m/$T/2g" "$m/$T/g2" 2>/dev/null
	done
	wait_for 10 shows_all
	is "$(paths)" "$(in_tree)" "one that was renamed has its new name"
	wait_for 10 shows_all
	ok "and keeps it" shows_all
else
	skip "v2 has no renaming" "one that was renamed has its new name"
fi
mkdir "$(dir_of pids "$T")/many"
(cd "$(dir_of pids "$T")/many" && seq -f n%g 1100 | xargs mkdir)
wait_for 20 shows_all
is "$(paths | wc -l)" "$(in_tree | wc -l)" "more than there was room for"
ok "and no other" shows_all
exits 0 "with so many nobody need ask for it" cgx-top --json -n 1 -c PIDS "$T"
is "$(why "$out")" "bpf null" "and it is in use"
for m in $(all_mounts); do
	[ ! -d "$m/$T/many" ] || find "$m/$T/many" -depth -type d -exec rmdir {} +
done
wait_for 20 shows_all
ok "fewer again" shows_all
# shellcheck disable=SC2086
kill $! 2>/dev/null

# ---- where it is not to be had ----
exits 0 "files alone" cgx-top --no-bpf --json -n 1 -c PIDS "$T"
is "$(why "$out")" "files null" "and that is what it says"
exits 2 "both at once" cgx-top --bpf --no-bpf -n 1
without_bpf() # NAME REASON COMMAND...: figures are there, and why they came from files
{
	without_name=$1 without_reason=$2
	shift 2
	exits 0 "$without_name" "$@" cgx-top --bpf --json -n 1 -c PIDS,PIDSMAX "$T"
	like "$(why "$out")" "^files .*$without_reason" "$without_name: it says why"
	like "$err" "note: BPF is not in use: .*$without_reason" "$without_name: on stderr, too"
	json "$without_name: the figures are there" "$(printf '%s\n' "$out" | tail -n 1)" \
		".groups[] | select(.path == \"$T/g5\") | .pids == 1"
}
open_tools
if have setpriv && id nobody >/dev/null 2>&1 &&
	setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups cgx-top --version >/dev/null 2>&1; then
	without_bpf "nobody" CAP_BPF setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups
	without_bpf "root without capabilities" CAP_BPF setpriv --bounding-set=-all --inh-caps=-all
else
	skip "no setpriv, no nobody, or the tools are closed to him" "nobody"
fi
library=$(ldconfig -p 2>/dev/null | awk '/libbpf\.so\.1 / { print $NF; exit }')
if [ -n "$library" ] && unshare -m --propagation private true 2>/dev/null; then
	# shellcheck disable=SC2016
	without_bpf "no library" 'libbpf\.so\.1' unshare -m --propagation private sh -c 'mount --bind /dev/null "$0" && exec "$@"' "$library"
	# shellcheck disable=SC2016
	without_bpf "no description of the kernel" 'CONFIG_DEBUG_INFO_BTF' unshare -m --propagation private \
		sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh
else
	skip "libbpf's place is not known, or no mount namespace" "no library"
fi

# ---- where it ends in the middle ----
of_samples() # JQ-EXPRESSION: of all samples in $tmp/live, those that are whole
{
	grep '}$' "$tmp/live" | jq -rs "$1"
}
says() # BY: the last whole sample was read so
{
	[ "$(of_samples '.[-1].source.by')" = "$1" ]
}
shows() # GROUP PIDS PIDSMAX: in the last whole sample
{
	[ "$(of_samples ".[-1].groups[] | select(.path == \"$T/$1\") | \"\(.pids) \(.pidsmax)\"")" = "$2 $3" ]
}
if have strace && ! nm "${CGX_BUILDDIR:-.}"/libcgx/.libs/*context.o 2>/dev/null | grep -q __asan &&
	strace -f -o /dev/null -e inject=bpf:error=EIO:when=65535 true 2>/dev/null; then
	# libbpf, where that is refused, lifts the limit of locked memory
	run strace -f -qq -o "$tmp/calls" -e trace=bpf,prlimit64,setrlimit -e inject=bpf:error=EINVAL:when=1 \
		cgx-top --bpf --json -n 1 -c PIDS "$T"
	like "$err" 'BPF is not in use: this kernel has no iterator of groups \(Linux 6.1\)' "a kernel from before Linux 5.11"
	ok "and no limit is lifted" not grep -Eq 'setrlimit\(RLIMIT_MEMLOCK|RLIMIT_MEMLOCK, \{' "$tmp/calls"
	# how many calls a start and two samples take depends on the kernel and its hierarchies
	strace -f -qq -o "$tmp/calls" -e trace=bpf cgx-top --bpf --json -n 2 -d 100ms -c PIDS,PIDSMAX "$T" >/dev/null
	calls=$(grep -c 'bpf(' "$tmp/calls")
	background strace -f -qq -o /dev/null -e trace=bpf -e "inject=bpf:error=EIO:when=$((calls + 20))+" \
		cgx-top --bpf --json -d 100ms -c PIDS,PIDSMAX "$T" >"$tmp/live" 2>"$tmp/live.err"
	traced=$!
	ok "BPF is in use" wait_for 10 says bpf
	ok "until it fails: files from then on" wait_for 20 says files
	is "$(of_samples '[.[].source.by] | unique | join(" ")')" "bpf files" "no sample says another source"
	is "$(of_samples '[.[].source.by] | . == sort')" true "and it does not begin again"
	is "$(of_samples '.[-1].source.why')" "Input/output error" "why is in the sample"
	is "$(grep -c 'BPF is not in use' "$tmp/live.err")" 1 "and said once"
	is "$(of_samples '[.[].groups | length] | unique | length')" 1 "no group is missing in any sample"
	is "$(of_samples "[.[].groups[] | select(.path == \"$T/g5\") | .pids] | unique | join(\" \")")" 1 "nor a figure"
	ok "a group comes, with a limit" sh -c "cgx-create $T/late/r && cgx-set $T/late pids.max=9"
	ok "it is seen" wait_for 5 shows late/r 0 9
	sleeper
	ok "a process" cgx-move "$T/late/r" "$pid"
	ok "it is seen" wait_for 5 shows late/r 1 9
	ok "groups go" cgx-delete -r --kill "$T/late"
	ok "they are left out" wait_for 5 not shows late/r 1 9
	is "$(grep -c 'BPF is not in use' "$tmp/live.err")" 1 "nothing more is said"
	pgrep -P "$traced" | xargs -r kill
else
	skip "no strace that can inject" "it ends in the middle"
fi
exits 0 "thawed" cgx-set "$T/g6" cgroup.freeze=0
done_testing
