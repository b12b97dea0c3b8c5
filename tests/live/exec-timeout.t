#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-exec --timeout: TERM, then KILL for all of the group, status 124.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
ok "a parent" cgx-create "$T"
now_ms() { date +%s%3N; }
start=$(now_ms)
exits 124 "a command that takes too long" cgx-exec --under "$T" --timeout 500ms sleep 60
num "$(($(now_ms) - start))" -lt $((5000 * slower)) "is ended in time"
like "$err" 'timed out' "the report says so"
ok "no group is left" is_childless "$T"
exits 0 "one that ends in time" cgx-exec --under "$T" --timeout 20 sh -c 'exit 0'
is "$err" "" "is not touched"
exits 9 "its status stays" cgx-exec --under "$T" --timeout 20 --report=none sh -c 'exit 9'
exits 124 "a command that cleans up on TERM" cgx-exec --under "$T" --timeout 500ms \
	sh -c 'trap "echo cleaned; exit 0" TERM; while :; do sleep 0.05; done'
is "$out" cleaned "can do so"
start=$(now_ms)
exits 124 "one that ignores TERM" cgx-exec --under "$T" --timeout 300ms --kill-after 300ms \
	sh -c 'trap "" TERM; echo $$; while :; do sleep 0.05; done'
num "$(($(now_ms) - start))" -lt $((5000 * slower)) "is killed soon"
ok "really" not alive "$(echo "$out" | head -n 1)"
ok "no group is left" is_childless "$T"
exits 124 "JSON" cgx-exec --under "$T" --timeout 300ms --report=json --report-to "$tmp/report" sleep 60
json "says timed-out" "$(cat "$tmp/report")" '.status.kind == "timed-out" and (.causes | any(.kind == "timeout"))'
exits 125 "a malformed time" cgx-exec --under "$T" --timeout 5x true
one_line "one line"
exits 125 "a negative time" cgx-exec --under "$T" --timeout -5 true
if has pids; then
	cgx-create "$T/named"
	exits 124 "in a named group" cgx-exec -g "$T/named" --timeout 300ms sleep 60
	ok "the group stays" exists "$T/named" pids
	ok "empty" is_empty "$T/named"
fi
done_testing
