#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-move --rules, cgx-exec --rules, cgx-rulesd --once: where the rules of a file send processes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"

program=$tmp/ruled
cp "$(command -v sleep)" "$program"
script=$tmp/rulescript
# it stands still and has no children
# shellcheck disable=SC2016
printf '#!/bin/sh\nkill -STOP $$\n:\n' >"$script"
chmod +x "$script"
cgx-create -g "pids:$T/a"
cgx-create -g "pids:$T/b"
rules=$tmp/rules
cat >"$rules" <<-END
	# first come, first served
	4242:$program pids $T/b ignore
	@4243:ruled pids $T/b
	*:$program pids $T/a
	*:rulescr* pids $T/u/%U/%p
END

runs() # PID: it has become the program
{
	[ "$(readlink "/proc/$1/exe")" = "$program" ]
}
background "$program" 60
pid=$!
wait_for 5 runs "$pid"
exits 0 "cgx-move --dry-run --rules-file" cgx-move --dry-run --rules-file "$rules" "$pid"
like "$out" "move .*/$T/a/cgroup.procs $pid" "says where to"
isnt "$(group_of pids "$pid")" "$T/a" "and moves nobody"
exits 0 "cgx-move --rules-file" cgx-move --rules-file "$rules" "$pid"
is "$(group_of pids "$pid")" "$T/a" "moves it"
background setpriv --regid 9 --groups 4243 "$program" 60
wait_for 5 runs "$!"
exits 0 "a rule for a group of users" cgx-move --rules-file "$rules" "$!"
is "$(group_of pids "$!")" "$T/b" "takes who has it as a supplementary one"
background setpriv --reuid 4242 --clear-groups "$program" 60
wait_for 5 runs "$!"
before=$(group_of pids "$!")
exits 0 "a rule with ignore" cgx-move --rules-file "$rules" "$!"
is "$(group_of pids "$!")" "$before" "leaves who fits alone"
like "$err" "$rules:2 says to leave it alone" "and says which rule it is"
background "$script"
wait_for 5 grep -q rulescript "/proc/$!/comm"
exits 0 "a script" cgx-move --rules-file "$rules" "$!"
is "$(group_of pids "$!")" "$T/u/0/rulescript" "counts as itself, and its group is made"

run cgx-exec --rules-file "$rules" --report=none "$program" 0
is "$status" 0 "cgx-exec --rules-file"
exits 3 "cgx-exec where no rule fits" cgx-exec --rules-file "$rules" --report=none sh -c 'exit 3'
background cgx-exec --rules-file "$rules" --report=none "$program" 61
wait_for 5 runs "$!"
is "$(group_of pids "$!")" "$T/a" "the command is where the rule says"

echo "* pids $T/none" >"$tmp/missing"
exits 1 "a rule that names no group that is there" cgx-move --rules-file "$tmp/missing" "$pid"
like "$err" "is placed by $tmp/missing:1" "the rule is named"
printf '* pids x\n\nnobody pids\n' >"$tmp/bad"
exits 1 "a rule that cannot be read" cgx-move --rules-file "$tmp/bad" "$pid"
like "$err" "^cgx-move: $tmp/bad:3: read the rule: no group stands behind the controllers" "file, line and reason"
exits 2 "--rules with -g" cgx-move --rules -g "pids:$T/a" "$pid"
echo "nosuchuser_x pids $T/a" >"$tmp/unknown"
exits 0 "a user that nobody is" cgx-move --rules-file "$tmp/unknown" "$pid"
like "$err" "there is no user nosuchuser_x: the rule fits nobody" "is told"

# templates: what a group is made as
cat >"$tmp/config" <<-END
	template $T/t/%U {
		perm { admin { uid = 65534; } task { gid = 65534; } }
		pids { pids.max = 77; }
		nosuch { }
	}
END
echo "*:$program pids $T/t/%U" >"$tmp/made"
exits 1 "a template with a controller that is none" cgx-move --rules-file "$tmp/made" --config "$tmp/config" "$pid"
like "$err" "$tmp/config:4: .*nosuch" "is refused with file and line"
ok "and nothing is made" not exists "$T/t/0" pids
sed -i /nosuch/d "$tmp/config"
exits 0 "cgx-move --config" cgx-move --rules-file "$tmp/made" --config "$tmp/config" "$pid"
is "$(group_of pids "$pid")" "$T/t/0" "moves into the group that was missing"
is "$(cat "$(dir_of pids "$T/t/0")/pids.max")" 77 "which has the setting"
is "$(stat -c %u "$(dir_of pids "$T/t/0")")" 65534 "and the owner of the template"
cgx-set -r pids.max=78 "$T/t/0"
cgx-move -g "pids:$T/a" "$pid"
exits 0 "once more" cgx-move --rules-file "$tmp/made" --config "$tmp/config" "$pid"
is "$(cat "$(dir_of pids "$T/t/0")/pids.max")" 78 "a group that is there keeps what it has"
cgx-move -g "pids:$T/a" "$pid"
cgx-delete "$T/t/0"
background cgx-exec --rules-file "$tmp/made" --config "$tmp/config" --report=none "$program" 63
wait_for 5 runs "$!"
is "$(group_of pids "$!")" "$T/t/0" "cgx-exec --config"
is "$(cat "$(dir_of pids "$T/t/0")/pids.max")" 77 "makes it likewise"
exits 2 "--config without rules" cgx-move --config "$tmp/config" -g "pids:$T/a" "$pid"

# Only processes of this test's program.
background "$program" 62
pid=$!
wait_for 5 runs "$pid"
exits 0 "cgx-rulesd --once --dry-run" cgx-rulesd --once --dry-run -f "$rules"
like "$out" "^place ruled \\(pid $pid, uid 0\\) to $T/a by $rules:4" "who, where to and by which line"
isnt "$(group_of pids "$pid")" "$T/a" "nobody is moved"
exits 0 "cgx-rulesd --once" cgx-rulesd --once -f "$rules"
is "$(group_of pids "$pid")" "$T/a" "what runs is placed"
exits 1 "cgx-rulesd with rules that cannot be read" cgx-rulesd --once -f "$tmp/bad"
run setpriv --reuid 65534 --clear-groups cgx-rulesd -f /dev/null
isnt "$status" 0 "without privilege it does not run"
done_testing
