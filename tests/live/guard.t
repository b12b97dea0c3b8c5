#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# contrib/cgx-guard: two words fence a command in, and it is told what was stopped. Bombs are small: a few dozen processes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
for d in "${CGX_SRCDIR:-.}" "${top_srcdir:-.}" "$(dirname "$0")/../.."; do
	[ ! -x "$d/contrib/cgx-guard" ] || guard=$d/contrib/cgx-guard
done
[ -n "${guard-}" ] || guard=$(command -v cgx-guard) || skip_all "no cgx-guard here"
need_helpers hog bomb
CGX_GUARD_CONF=$tmp/guard.conf
export CGX_GUARD_CONF
cat >"$CGX_GUARD_CONF" <<-END
	# small ones
	tiny pids=8 memory=32M
	shell pids=9 # and no more
	odd pids=8 memry=3
	part memory=x%
	late timeout=1s kill=yes
END

exits 0 "--show" "$guard" --show
like "$out" "^tiny: pids=8 memory=32M \\($CGX_GUARD_CONF\\)" "tells limits, and where they are from"
like "$out" "^build: pids=2048 memory=75% \\(built in\\)" "also those built in"
exits 7 "the status is the command's" "$guard" build sh -c 'exit 7'
# shellcheck disable=SC2016
exits 0 "shell without a command" env SHELL=/bin/true "$guard" shell
run "$guard" tiny "$bomb" 20 0
like "$err" "denied|fork" "a fork bomb is stopped, and that is told"
if [ "$(version_of memory)" ]; then
	run "$guard" tiny "$hog" 64M 0
	like "$err" "out of memory at memory.max 32.0M" "a memory hog is stopped, and that is told"
else
	skip "no memory controller" "a memory hog"
fi
exits 124 "a job that takes too long" "$guard" late sleep 30
exits 0 "user" "$guard" user nobody id -u
is "$out" "$(id -u nobody)" "is that user"
exits 125 "an unknown kind" "$guard" nonsense true
like "$err" "^cgx-guard: nonsense: no such kind" "is named"
exits 125 "an unknown limit" "$guard" odd true
like "$err" "odd: memry=3: no such limit" "is named"
exits 125 "a part that is no number" "$guard" part true
exits 125 "no command" "$guard" build
done_testing
