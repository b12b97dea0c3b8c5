#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# 10,000 groups: made, listed, deleted.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
N=${CGX_MANY:-10000}
seconds() # COMMAND...: run it and say how long it took
{
	seconds_begin=$(date +%s%N)
	"$@"
	seconds_status=$?
	diag "$(($(date +%s%N) - seconds_begin)) ns: $(echo "$*" | cut -c 1-60)"
	return "$seconds_status"
}
create()
{
	seq 1 "$N" | sed "s,.*,$T/d&," | xargs -n 2500 cgx-create -c pids
}
ok "the parent" cgx-create -c pids "$T"
ok "$N groups are made" seconds create
list()
{
	cgx-ls -g "pids:$T" >"$tmp/list"
}
ok "listed" seconds list
is "$(wc -l <"$tmp/list")" "$((N + 1))" "every one"
is "$(sort -u "$tmp/list" | wc -l)" "$((N + 1))" "once"
get()
{
	cgx-ls --no-headings -o NAME,PIDS-MAX -g "pids:$T" >"$tmp/list"
}
ok "with a figure of each" seconds get
is "$(grep -c max "$tmp/list")" "$((N + 1))" "every one has it"
exits 0 "set in all of them" cgx-set -R "pids:$T" pids.max=100
is "$(in_kernel pids "$T/d$N" pids.max pids.max)" 100 "the last one, too"
delete()
{
	cgx-delete -r "$T"
}
ok "deleted" seconds delete
ok "gone" is_gone "$T"
done_testing
