#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The main job: a fork bomb and a memory hog, fenced off, and told what happened to them.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
need_helpers bomb hog spin
ok "a parent" cgx-create "$T"

if has pids; then
	exits 0 "a fork bomb under --pids 32" cgx-exec --under "$T" --pids 32 "$bomb" 100 1
	denied=$(echo "$out" | sed -n 's/.*denied //p')
	num "$denied" -ge 69 "had its forks denied ($denied)"
	like "$err" "^cgx-exec: .*bomb: exited with 0" "the report names the command and its status"
	like "$err" "$denied forks denied at pids.max 32" "and the denied forks and the limit"
	ok "no group is left" is_childless "$T"
	is "$(running "$bomb")" 0 "and no process"
	exits 0 "the same with a report in JSON" \
		cgx-exec --under "$T" --pids 32 --report=json --report-to "$tmp/report" "$bomb" 100 1
	report=$(cat "$tmp/report")
	is "$err" "" "nothing on stderr then"
	json "JSON: forks denied" "$report" '.pids.denied > 0'
	json "JSON: the limit" "$report" '.pids.max == 32'
	json "JSON: the peak is at most the limit, or unknown" "$report" '.pids.peak == null or (.pids.peak <= 32 and .pids.peak >= 30)'
	json "JSON: the cause" "$report" '.causes[0].kind == "fork-denied"'
	json "JSON: status" "$report" '.status.kind == "exited" and .status.code == 0 and .status.signal == null'
	json "JSON: command" "$report" '.command[1:] == ["100", "1"]'
	exits 0 "the real thing: a storm under --pids 24, --timeout and --kill" \
		sh -c "cgx-exec --under $T --pids 24 --timeout 1 --kill-after 1 --kill $bomb storm 20000 20; test \$? = 124"
	like "$err" 'timed out' "is told to have timed out"
	is "$(running "$bomb")" 0 "no process is left"
	ok "no group either" is_childless "$T"
	cgx-create -r pids.max=12 "$T/above"
	run cgx-exec --under "$T/above" --pids 100 "$bomb" 40 1
	like "$err" "pids.max 12 of /?$T/above" "a limit above is told as such"
	cgx-delete "$T/above"
else
	skip "no pids controller" "a fork bomb under --pids 32"
fi

if has memory; then
	exits 137 "a hog of 200 MB under --memory 64M is killed" cgx-exec --under "$T" --memory 64M "$hog" 200M
	unlike "$out" touched "before it is through"
	like "$err" "out of memory at memory.max 64(\.0)?M" "the report says why"
	like "$err" "killed hog \(pid [0-9]+, (5[0-9]|6[0-4])(\.[0-9]+)?M" "and who, and how much it had"
	like "$err" "the limit was hit [0-9]+ times" "and how often the limit was hit"
	like "$err" "killed by signal 9" "and the signal"
	like "$err" "memory peak 6[0-4]" "and the peak"
	ok "no group is left" is_childless "$T"
	exits 137 "the same in JSON" cgx-exec --under "$T" --memory 64M --report=json --report-to "$tmp/report" "$hog" 200M
	report=$(cat "$tmp/report")
	json "JSON: the cause" "$report" '.causes[0].kind == "oom" and .causes[0].limit == 67108864'
	json "JSON: one kill" "$report" '.memory.oom_kills == 1'
	json "JSON: limit hits" "$report" '.memory.limit_hits > 0'
	json "JSON: the peak" "$report" '.memory.peak > 50000000 and .memory.peak <= 67108864'
	json "JSON: the victim" "$report" '.victims[0].comm == "hog" and .victims[0].pid > 1'
	json "JSON: the victim's size" "$report" '.victims[0].rss > 50000000 and .victims[0].rss <= 80000000'
	json "JSON: the signal" "$report" '.status.kind == "signaled" and .status.signal == 9'
	exits 0 "a hog that fits" cgx-exec --under "$T" --memory 64M --report "$hog" 20M
	like "$out" 'touched 20971520' "is left alone"
	like "$err" 'exited with 0' "told with --report"
	unlike "$err" 'out of memory' "without a cause"
	exits 3 "a child is killed, the command goes on" cgx-exec --under "$T" --memory 64M sh -c "$hog 200M; exit 3"
	like "$err" "killed(, as far as can be told,)? hog" "the report names the child"
	like "$err" "exited with 3" "and the command's own status"
	cgx-create -r memory.max=48M "$T/m"
	exits 137 "a limit above" cgx-exec --under "$T/m" --memory 1G "$hog" 100M
	like "$err" "memory.max 48(\.0)?M of /?$T/m" "is told as such"
	exits 137 "killed by somebody else" cgx-exec --under "$T" --memory 64M sh -c 'kill -KILL $$'
	unlike "$err" 'out of memory' "is not taken for out of memory"
	like "$err" 'no limit' "but told honestly"
else
	skip "no memory controller" "a hog of 200 MB under --memory 64M is killed"
fi

if has cpu; then
	exits 0 "300 ms of CPU under --cpu 25%" cgx-exec --under "$T" --cpu 25% --report=json --report-to "$tmp/report" "$spin" 300
	report=$(cat "$tmp/report")
	json "JSON: wall time is at least three times that" "$report" '.wall_usec > 900000'
	json "JSON: CPU time" "$report" '.cpu.usage_usec > 280000 and .cpu.usage_usec < .wall_usec'
	json "JSON: throttled" "$report" '.cpu.throttled_usec > 0 and .cpu.nr_throttled > 0'
else
	skip "no cpu controller" "--cpu 25%"
fi

exits 0 "--report-to a descriptor" sh -c "cgx-exec --under $T --report=json --report-to 3 true 3>$tmp/fd"
json "writes there" "$(cat "$tmp/fd")" '.status.code == 0'
exits 0 "--report=text" cgx-exec --under "$T" --report=text true
like "$err" 'exited with 0' "is the text"

# What the command's own groups below do is its doing, too.
if has memory; then
	ok "a group for a command" cgx-create "$T/own"
	# shellcheck disable=SC2016
	below='sleep "$1"; cgx-create --make-leaf -r memory.max=16M "$2/in" && cgx-exec --report=none -g "$2/in" "$3" 64M; true'
	exits 0 "a kill in a group that the command makes below its own" cgx-exec -g "$T/own" sh -c "$below" - 0.3 "$T/own" "$hog"
	like "$err" "out of memory at memory.max 16(\.0)?M of $T/own/in, a group below: killed hog" "is told, with whose limit it was"
	cgx-delete -r --kill "$T/own"
	cgx-create "$T/again"
	exits 0 "also at once, where a report is asked for" \
		cgx-exec -g "$T/again" --report=json --report-to "$tmp/report" sh -c "$below" - 0 "$T/again" "$hog"
	report=$(cat "$tmp/report")
	json "JSON: one kill" "$report" '.memory.oom_kills == 1 and (.victims | length) == 1'
	json "JSON: where" "$report" ".victims[0].group == \"$T/again/in\" and .causes[0].limit_group == \"$T/again/in\""
	cgx-delete -r --kill "$T/again"
	# Whoever reads what a command writes is not kept waiting for the kernel to let the watch go.
	shortest() # COMMAND...: of eight runs, in microseconds
	{
		for _ in 1 2 3 4 5 6 7 8; do
			began=$(date +%s%N)
			"$@" 2>&1 | cat >/dev/null
			echo $((($(date +%s%N) - began) / 1000))
		done | sort -n | head -n 1
	}
	bare=$(shortest cgx-exec --under "$T" sh -c 'exit 0') watched=$(shortest cgx-exec --report --under "$T" sh -c 'exit 0')
	if [ -n "${CGX_VM-}" ]; then
		skip "times mean nothing on an emulated machine" "a watched command ends at once"
	else
		num "$watched" -le $((bare * 3 / 2 + 15000)) "a watched command ends at once (in $watched us, not watched $bare)"
	fi
else
	skip "no memory controller" "a kill in a group that the command makes below its own"
fi
done_testing
