#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Groups that come and go while others look.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
ok "a parent" cgx-create "$T/stay"
c=$(mount_of pids)/$T
churn() # make and remove groups without end
{
	while [ ! -e "$tmp/enough" ]; do
		mkdir "$c/v1" "$c/v1/a" "$c/v2" "$c/v3" 2>/dev/null
		rmdir "$c/v1/a" "$c/v1" "$c/v2" "$c/v3" 2>/dev/null
	done
}
churn &
churner=$!
pids="$pids $churner"
soon() { end=$(($(date +%s) + 4)); }
going() { [ "$(date +%s)" -lt "$end" ]; }
bad='' lost=0
soon
while going; do
	for how in "" "-t" "-p" "--json" "-o NAME,PROCS,PIDS"; do
		# shellcheck disable=SC2086
		run cgx-ls $how "$T"
		[ "$status" = 0 ] && [ -z "$err" ] || bad="cgx-ls $how: $status $err"
		echo "$out" | grep -q stay || lost=$((lost + 1))
	done
done
is "$bad" "" "listings for some seconds, none fails"
is "$lost" 0 "none misses the group that stays"
bad=''
soon
while going; do
	run cgx-get -r pids.max "$T/v2"
	case $status-$err in
	0-) [ "$out" = max ] || bad="wrong value: $out" ;;
	1-cgx-get:*) [ "$(echo "$err" | wc -l)" -le 2 ] || bad=$err ;;
	*) bad="$status $err" ;;
	esac
done
is "$bad" "" "readings of one that comes and goes: the value or one line"
bad=''
soon
while going; do
	run cgx-set -R "$T" pids.max=1000
	case $status-$err in
	0-) ;;
	1-cgx-set:*) [ "$(echo "$err" | wc -l)" -le 2 ] || bad=$err ;;
	*) bad="$status $err" ;;
	esac
	run cgx-exec -g "pids:$T/v3" --report=none true
	case $status in
	0 | 125) ;;
	*) bad="exec: $status $err" ;;
	esac
done
is "$bad" "" "settings and starts meanwhile: done, or one line"
: >"$tmp/enough" # killed, it would leave a mkdir that goes on for a moment
wait "$churner" 2>/dev/null
exits 0 "the tree can be deleted while nobody looks" cgx-delete -r "$T"
ok "gone" is_gone "$T"
done_testing
