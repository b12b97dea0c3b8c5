#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-exec -g GROUP: the command is there from its first instruction, and its status comes back.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"

ok "a group" cgx-create "$T/a"
# shellcheck disable=SC2016
exits 0 "a command in a named group" cgx-exec -g "$T/a" cat /proc/self/cgroup
cp "$tmp/out" "$tmp/cgroup"
for c in memory pids cpu freezer io; do
	has "$c" || continue
	if [ "$(version_of "$c")" = 1 ]; then
		like "$out" "^[0-9]+:([^:]*,)?$(kernel_name "$c")(,[^:]*)?:/$T/a$" "is in it for $c"
	else
		like "$out" "^0::/$T/a$" "is in it for $c"
	fi
done
is "$err" "" "nothing is said when all went well"
ok "the group stays" exists "$T/a" pids
ok "and is empty" is_empty "$T/a"
exits 7 "the command's status" cgx-exec -g "$T/a" sh -c 'exit 7'
exits 137 "128 + signal" cgx-exec -g "$T/a" sh -c 'kill -KILL $$'
exits 143 "128 + another" cgx-exec -g "$T/a" sh -c 'kill -TERM $$'
exits 127 "a command that is not there" cgx-exec -g "$T/a" /no/such
one_line "one line"
like "$err" /no/such "names it"
exits 127 "nor in PATH" cgx-exec -g "$T/a" nosuchcommand
exits 126 "a file that cannot be executed" cgx-exec -g "$T/a" /etc/passwd
one_line "one line"
exits 125 "a group that is not there" cgx-exec -g "$T/nosuch" true
one_line "one line"
like "$err" "$T/nosuch" "names it"
exits 125 "an unknown option" cgx-exec --nosuch true
one_line "one line"
exits 125 "no command" cgx-exec -g "$T/a"
one_line "one line"
run cgx-exec -g "$T/a" sh -c 'echo out; echo err >&2'
is "$out/$err" out/err "stdout and stderr are the command's"
is "$(echo in | cgx-exec -g "$T/a" cat)" in "and stdin"
# shellcheck disable=SC2016
is "$(FOO=bar cgx-exec -g "$T/a" sh -c 'echo $FOO')" bar "and the environment"
is "$(cd "$tmp" && cgx-exec -g "$T/a" pwd)" "$tmp" "and the directory"
exits 0 "-- before the command" cgx-exec -g "$T/a" -- true
if [ "$(version_of pids)" = 1 ] && [ "$(version_of cpu)" = 1 ]; then
	cgx-create "$T/b"
	exits 0 "two -g, controllers apart" cgx-exec -g "pids:$T/a" -g "cpu:$T/b" cat /proc/self/cgroup
	like "$out" ":pids:/$T/a$" "one group for pids"
	like "$out" ":(cpu|cpu,cpuacct|cpuacct,cpu):/$T/b$" "another for cpu"
else
	skip "pids and cpu are not both on v1" "two -g, controllers apart"
fi
exits 0 "--report in a named group" cgx-exec --report -g "$T/a" true
like "$err" 'exited with 0' "tells the exit status"
exits 0 "--user" cgx-exec --user nobody -g "$T/a" id -un
is "$out" nobody "runs as that user"
exits 125 "--user that is not there" cgx-exec --user nosuchuser -g "$T/a" true
one_line "one line"
exits 0 "--nice" cgx-exec --nice 5 -g "$T/a" nice
is "$out" 5 "whatever its own niceness"
done_testing
