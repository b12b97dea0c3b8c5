#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-delete: refusals, recursion, --kill, --migrate.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"

ok "groups" cgx-create "$T/a/b" "$T/a/c" "$T/d"
exits 0 "an empty group" cgx-delete "$T/d"
ok "is gone" is_gone "$T/d"
is "$out$err" "" "and nothing is said"
exits 1 "a group with groups below" cgx-delete "$T/a"
with_remedy "is refused with a remedy"
ok "and stays" exists "$T/a/b" pids
exits 1 "a group that is not there" cgx-delete "$T/nosuch"
one_line "is told in one line"
exits 0 "--recursive" cgx-delete -r "$T/a"
ok "takes those below, too" is_gone "$T/a"

ok "a group with a process" cgx-create "$T/p"
sleeper
cgx-move "$T/p" "$pid"
exits 1 "is refused" cgx-delete "$T/p"
with_remedy "with a remedy"
like "$err" '1 process' "says how many processes"
ok "the process lives" alive "$pid"
is "$(group_of pids "$pid")" "$T/p" "where it was"
exits 1 "also with --recursive" cgx-delete -r "$T/p"
ok "the process lives" alive "$pid"
exits 0 "--dry-run --kill" cgx-delete --dry-run --kill "$T/p"
like "$out" "kill" "says that it would kill"
ok "and kills nobody" alive "$pid"
exits 0 "--kill" cgx-delete --kill "$T/p"
ok "kills it" not alive "$pid"
ok "the group is gone" is_gone "$T/p"

ok "another" cgx-create "$T/q/r"
sleeper
cgx-move "$T/q/r" "$pid"
if takes_processes "$T/q"; then
	exits 0 "--migrate" cgx-delete --migrate "$T/q/r"
	ok "keeps the process alive" alive "$pid"
	is "$(group_of pids "$pid")" "$T/q" "in the parent"
	ok "the group is gone" is_gone "$T/q/r"
else
	before=$(state)
	exits 1 "--migrate into a parent that takes no processes" cgx-delete --migrate "$T/q/r"
	with_remedy "is refused with a remedy"
	is "$(state)" "$before" "nothing is changed"
fi
exits 0 "--recursive --kill" cgx-delete -r --kill "$T"
ok "removes the tree" is_gone "$T"
ok "and the process" not alive "$pid"
exits 1 "the root group cannot be deleted" cgx-delete /
one_line "one line"
exits 1 "nor with --recursive --kill" cgx-delete --dry-run -r --kill /
one_line "one line"
exits 2 "no group is a usage error" cgx-delete
one_line "one line"
done_testing
