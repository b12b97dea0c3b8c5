#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-oom-watch started by somebody who ignores the end of children: commands of --exec are seen to end all the same.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
env --ignore-signal=CHLD true 2>/dev/null || skip_all "an env(1) that cannot ignore signals"
need_helpers bomb

ok "a group" cgx-create -r pids.max=4 "$T"
background env --ignore-signal=CHLD cgx-oom-watch --count 1 --exec "echo \$CGX_KIND >>$tmp/told" "$T" 2>"$tmp/err"
watch=$!
ok "it watches" wait_for 10 grep -q 'watching 1 group' "$tmp/err"
cgx-exec --report=none -g "$T" "$bomb" 10 0 >/dev/null
gone() { ! alive "$watch"; }
ok "it ends when its command has" wait_for 20 gone
kill -KILL "$watch" 2>/dev/null
wait "$watch"
is "$?" 0 "with its own status"
is "$(cat "$tmp/told")" fork "and the command ran"
ok "groups go" cgx-delete "$T"
done_testing
