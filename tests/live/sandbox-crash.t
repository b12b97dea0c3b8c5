#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox killed at any of its system calls, and its child at any of its own: nothing stays that the next one does not
# clear up.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$lib_live/sandbox.sh"
have strace || skip_all "no strace"
strace -f -o /dev/null -e inject=getpid:signal=KILL:when=65535 true 2>/dev/null || skip_all "strace cannot inject"

remains() { left; pgrep -xf "sleep 98765"; }
clean() { cgx-sandbox ps >/dev/null 2>&1; [ -z "$(remains)" ]; }

# killed CALLS FROM TO STEP: at the FROMth, the next and so on of these calls; how many died of it
killed()
{
	at=$2 died=0 bad=''
	while [ "$at" -le "$3" ]; do
		timeout 60 strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$at" \
			cgx-sandbox run --rm --name "$N-$at" --timeout 1 --memory 64M / sh -c 'sleep 98765 & exit 0' >/dev/null 2>&1
		[ $? != 137 ] || died=$((died + 1))
		wait_for 10 clean || bad="$bad $at: $(remains | tr '\n' ' ')"
		at=$((at + $4))
	done
}

calls=openat2,mkdirat,mkdir,unlinkat,unlink
if [ -n "${CGX_VM-}" ]; then step=9; else step=2; fi
killed $calls 1 90 $step
is "$bad" "" "killed while it opens, makes and removes"
num "$died" -ge 5 "it was ($died times)"
killed write,sendto,sendmsg,clone3,recvmsg 1 16 1
is "$bad" "" "killed while it starts the child and hands things over"
num "$died" -ge 5 "it was ($died times)"
killed unshare,socket,ioctl,setgroups,setresgid 1 4 1
is "$bad" "" "the child killed while it makes its namespaces"
killed move_mount,mount,pivot_root,umount2,fsopen,open_tree 1 60 $step
is "$bad" "" "the child killed while it puts the root together"
killed setresuid,prctl,close_range,execveat,rt_sigtimedwait,wait4,exit_group 1 40 $step
is "$bad" "" "and while it becomes the command"

# ---- whoever runs in one that has started --------------------------------------------------------

run_in / sh -c 'sleep 98765 & kill -KILL $$'
is "$status:$(remains)" "137:" "a command that kills itself"
# ended WHO OPTION...: of one in front this process is killed; sets status
ended()
{
	who=$1
	shift
	background cgx-sandbox run --rm --name "$N-k" "$@" / sh -c 'sleep 98765 & exec sleep 98764' 2>/dev/null
	monitor=$!
	wait_for 20 sh -c "cgx-sandbox ps -q | grep -q '^$N-k\$' && pgrep -xf 'sleep 98764' >/dev/null"
	case $who in
	command) kill -KILL "$(pgrep -xf 'sleep 98764')" ;;
	first) kill -KILL "$(cgx-sandbox inspect "$N-k" | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')" ;;
	monitor) kill -KILL "$monitor" ;;
	esac
	wait "$monitor"
	status=$?
}
# shellcheck disable=SC2086 # no word or one
for who in command first monitor; do
	for how in '' --no-init; do
		ended "$who" $how
		is "$status" 137 "the $who killed ${how:-under an init}"
		ok "nothing of it is left" wait_for 10 clean
	done
done
ok "it still runs" cgx-sandbox run --rm --name "$N-end" / true
is "$(remains)" "" "and nothing is left"
done_testing
