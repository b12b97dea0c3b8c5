#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-get: values, names, patterns, several groups, JSON, raw.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"

ok "two groups" cgx-create -r pids.max=61 "$T/a" "$T/b"
exits 0 "one value" cgx-get -r pids.max "$T/a"
is "$out" 61 "is printed bare"
is "$err" "" "and nothing else is said"
run cgx-get -n -v -r pids.max "$T/a"
is "$out" 61 "-n -v, too"
cgx-set "$T/b" pids.max=max
run cgx-get -r pids.max -r pids.current "$T/a"
is "$out" "pids.max: 61
pids.current: 0" "two settings with their names, in the order asked"
run cgx-get -r pids.current -r pids.max "$T/a"
is "$(echo "$out" | head -n 1)" "pids.current: 0" "the other order"
run cgx-get -r pids.max "$T/a" "$T/b"
is "$out" "$T/a:
pids.max: 61

$T/b:
pids.max: max" "two groups, each under its name, in order"
run cgx-get -n -v -r pids.max "$T/a" "$T/b"
is "$out" "61
max" "-n -v of two groups gives the values"
exits 0 "a pattern" cgx-get -r 'pids.*' "$T/a"
like "$out" '^pids\.max: 61$' "finds pids.max"
unlike "$out" '^memory' "and no other controller's"
exits 1 "a pattern that matches nothing" cgx-get -r 'nosuch.*' "$T/a"
one_line "is told in one line"
exits 0 "all settings" cgx-get "$T/a"
like "$out" '^pids\.max: 61$' "have pids.max in them"
exits 0 "-a" cgx-get -a "$T/a"
like "$out" '^pids\.max: 61$' "the same"
exits 0 "-g CONTROLLER" cgx-get -g pids "$T/a"
like "$out" '^pids\.max: 61$' "has its settings"
unlike "$out" '^(memory|cpu)\.' "and no other's"
exits 0 "-g CONTROLLER:PATH" cgx-get -g "pids:$T/a"
like "$out" '^pids\.max: 61$' "has them, too"
exits 0 "--raw" cgx-get --raw -r pids.max "$T/a"
is "$out" 61 "is the kernel's own text"
exits 0 "a file that no table knows, or cgroup.procs" cgx-get -r cgroup.procs "$T/a"

sleeper
cgx-move "$T/a" "$pid"
run cgx-get -r cgroup.procs "$T/a"
is "$out" "$pid" "cgroup.procs lists the processes"
run cgx-get -r pids.current "$T/a"
is "$out" 1 "pids.current counts them"

if has memory; then
	exits 0 "a key of a setting with keys" cgx-get -r memory.stat:anon "$T/a"
	like "$out" '^[0-9]+$' "is a number"
	exits 0 "a setting of many lines" cgx-get -r memory.stat "$T/a"
	num "$(echo "$out" | wc -l)" -gt 10 "is shown whole"
	exits 1 "a key that is not there" cgx-get -r memory.stat:nosuch "$T/a"
	one_line "is told in one line"
else
	skip "no memory controller" "keys of settings"
fi
exits 0 "--json" cgx-get --json -r pids.max "$T/a" "$T/b"
json "has groups, settings and values" "$out" \
	".groups | map([.path, .settings[\"pids.max\"]]) == [[\"$T/a\", \"61\"], [\"$T/b\", \"max\"]]"
exits 2 "no group is a usage error" cgx-get -r pids.max
one_line "in one line"
exits 1 "an unknown setting" cgx-get -r pids.nosuch "$T/a"
one_line "in one line"
like "$err" 'pids\.nosuch' "that names it"
exits 1 "a missing group" cgx-get -r pids.max "$T/nosuch"
one_line "in one line"
like "$err" "$T/nosuch" "that names it"
exits 1 "one of two groups is missing" cgx-get -r pids.max "$T/a" "$T/nosuch"
done_testing
