#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox run --restart: what ended is started again as the policy has it, and not after it was stopped.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$lib_live/sandbox.sh"
have jq || skip_all "no jq here"

facts() { cgx-sandbox inspect "$1" | jq -r '.[0] | "\(.status | split(" ")[0]) \(.exit_code) \(.restarts)"'; }
shows() { [ "$(facts "$1")" = "$2" ]; }
mkdir "$tmp/shared" && chmod 777 "$tmp/shared"

# ---- how often -----------------------------------------------------------------------------------

cgx-sandbox run -d --name "$N-f" --restart on-failure:2 -v "$tmp/shared:/s" / sh -c 'echo run >>/s/f; exit 3' >/dev/null
ok "on-failure:2 ends in the end" wait_for 20 shows "$N-f" "exited 3 2"
is "$(wc -l <"$tmp/shared/f")" 3 "after the first run and two more"
is "$(cgx-sandbox logs "$N-f" | grep -c 'exited with 3')" 3 "each with its report in the log"
cgx-sandbox run -d --name "$N-g" --restart on-failure / sh -c 'exit 0' >/dev/null
ok "success is not started again" wait_for 10 shows "$N-g" "exited 0 0"
cgx-sandbox run -d --name "$N-h" --restart on-failure -v "$tmp/shared:/s" / \
	sh -c 'echo run >>/s/h; [ "$(wc -l </s/h)" -ge 3 ]' >/dev/null
ok "on-failure until it succeeds" wait_for 20 shows "$N-h" "exited 0 2"
run cgx-sandbox wait "$N-h"
is "$status:$out" "0:0" "wait tells the last status"

# ---- until it is stopped -------------------------------------------------------------------------

cgx-sandbox run -d --name "$N-a" --restart always / sh -c 'sleep 0.05' >/dev/null
more_than_2() { [ "$(cgx-sandbox inspect "$N-a" | jq '.[0].restarts')" -gt 2 ]; }
ok "always goes on" wait_for 20 more_than_2
run cgx-sandbox stop -t 1 "$N-a"
is "$status:$err" "0:" "stop ends it, whether it runs or waits"
sleep 0.5
like "$(facts "$N-a")" '^(exited|killed) ' "and it stays ended"
cgx-sandbox run -d --name "$N-b" --restart unless-stopped / sh -c 'exit 1' >/dev/null
waits() { cgx-sandbox ps | grep -q "^$N-b  *restarting"; }
ok "between two runs it is shown as restarting" wait_for 20 waits
run cgx-sandbox exec "$N-b" true
isnt "$status" 0 "where nothing can be executed in it"
sleep 1
run cgx-sandbox stop "$N-b"
is "$status:$err" "0:" "stop while it waits"
like "$(facts "$N-b")" '^exited 1 ' "ends it"
cgx-sandbox run -d --name "$N-k" --restart always / sleep 300 >/dev/null
run cgx-sandbox kill "$N-k"
is "$status:$err" "0:" "kill"
sleep 0.5
like "$(facts "$N-k")" '^killed 137 0' "is an end, too"
cgx-sandbox run -d --name "$N-s" --restart always / sleep 300 >/dev/null
kill -TERM "$(cgx-sandbox inspect "$N-s" | jq '.[0].monitor')"
ended() { cgx-sandbox inspect "$N-s" | jq -e '.[0].monitor == 0' >/dev/null; }
ok "SIGTERM for its monitor is one, too" wait_for 10 ended
run timeout -s INT 1 cgx-sandbox run --rm --name "$N-i" --restart always / sleep 300
is "$status" 124 "as an interrupt is in the foreground"
is "$(cgx-sandbox ps -a | grep -c "^$N-i ")" 0 "which leaves nothing"

# ---- changed meanwhile ---------------------------------------------------------------------------

file=$tmp/shared/go
cgx-sandbox run -d --name "$N-u" --restart always -v "$tmp/shared:/s" / sh -c 'while [ ! -e /s/go ]; do sleep 0.05; done; exit 4' >/dev/null
run cgx-sandbox update --restart sometimes "$N-u"
like "$status:$err" '^2:cgx-sandbox update: --restart sometimes: not no, always' "update --restart, of no policy"
run cgx-sandbox update --dry-run --restart no "$N-u"
is "$status:$err" "0:" "--dry-run changes nothing"
run cgx-sandbox update --restart on-failure:2 "$N-u"
is "$status:$err" "0:" "update --restart"
: >"$file"
ok "the new policy holds" wait_for 20 shows "$N-u" "exited 4 2"
run cgx-sandbox update --restart no "$N-u"
like "$status:$err" "^1:cgx-sandbox update: $N-u: it does not run" "of one that has ended it is refused"
rm "$file"
if has pids; then
	cgx-sandbox run -d --name "$N-l" --restart always --pids 50 --pids 60 -r pids.max=70 -v "$tmp/shared:/s" / \
		sh -c 'while [ ! -e /s/go ]; do sleep 0.05; done; sleep 0.2' >/dev/null
	limit() { cgx-get -n -v -r pids.max "$(cgx-sandbox inspect "$N-l" | jq -r '.[0].groups[] | select(test("pids"))')"; }
	run cgx-sandbox update --pids 33 "$N-l"
	is "$(limit)" 33 "update --pids"
	is "$(cgx-sandbox inspect "$N-l" | jq -c '.[0].limits | map(select(test("pids"))) | last')" '"pids.max=33"' "is shown"
	again() { [ "$(cgx-sandbox inspect "$N-l" | jq '.[0].restarts')" -ge 1 ] && [ "$(cgx-sandbox inspect "$N-l" | jq -r '.[0].status')" = running ]; }
	: >"$file"
	wait_for 20 again
	rm "$file"
	ok "after it was started again" wait_for 20 again
	holds() { [ "$(limit 2>/dev/null)" = 33 ]; }
	ok "the new limit holds" wait_for 20 holds # the run before may have seen the file
	cgx-sandbox rm -f "$N-l" >/dev/null
else
	skip "no pids controller here" "update --pids"
fi

# ---- its log -------------------------------------------------------------------------------------

cgx-sandbox run -d --name "$N-l" --restart on-failure:3 / sh -c 'echo begun; sleep 0.2; exit 3' >/dev/null
run cgx-sandbox logs -f "$N-l"
is "$status:$(printf '%s\n' "$out" | grep -c '^begun')" 0:4 "logs -f goes on until it is not started again"
is "$(facts "$N-l" | cut -d' ' -f1)" exited "which was the end"

# ---- its monitor is killed -----------------------------------------------------------------------

cgx-sandbox run -d --name "$N-m" --restart always / sleep 300 >/dev/null
kill -KILL "$(cgx-sandbox inspect "$N-m" | jq '.[0].monitor')"
gone() { cgx-sandbox ps >/dev/null && [ -z "$(find /sys/fs/cgroup -name "cgx-sandbox-$N-m")" ]; }
ok "without its monitor nothing is started again" wait_for 10 gone
for bad in sometimes on-failure: on-failure:0 on-failure:x ''; do
	run cgx-sandbox run --rm --restart "$bad" / true
	is "$status" 125 "--restart '$bad'"
done
done_testing
