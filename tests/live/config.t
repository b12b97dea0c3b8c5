#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files: cgx-apply, cgx-save and libcgroup's names for them; libcgroup's reader and cgconfigparser are the judges.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"

# ---- what is taken and what is not ----

oracle=$(helper oracle)
judge() # WANT-THEIRS WANT-OURS TEXT: 0 taken, 1 not
{
	printf '%b' "$3" >"$tmp/x.conf"
	run cgx-apply --dry-run "$tmp/x.conf"
	is "$status" "$2" "ours: $3"
	[ "$2" = 0 ] || like "$err" "x\.conf:[0-9]+: |no such user" "file, line and reason"
	[ -x "$oracle" ] || { skip "built without libcgroup-dev" "theirs: $3"; return; }
	run "$oracle" parse "$tmp/x.conf"
	is "$status" "$1" "theirs: $3"
}
P='perm { task { uid = root; } admin { uid = root; } }'
judge 0 0 ''
judge 0 0 "group $T { pids { } }"
judge 0 0 "group $T { $P }"
judge 0 0 "group $T { $P pids { } }"
judge 0 0 "# x\ngroup default { pids { } }\n* x\n"
judge 0 0 'mount { pids = /x; }'
judge 0 0 'namespace { pids = x; }'
judge 0 0 'template t/%u { pids { pids.max = 3; } }'
judge 0 0 "default { $P }"
judge 0 0 "group \"$T b\" { pids { \"pids.max\" = \"20\"; } }"
judge 0 0 "group $T { perm { task { dperm = 700; } admin { uid = root; } } pids { } }"
judge 1 1 "group $T { pids { pids.max = 1 } }"
judge 1 1 "group $T { pids { pids.max = 1:2; } }"
judge 1 1 "group $T { pids { } pids { } }" 
judge 1 1 'group task { pids { } }'
judge 1 1 'template default { pids { } }'
judge 1 1 "group $T { pids = 1; }"
judge 1 1 "group $T { pids { } "
judge 1 1 'foo'
judge 1 1 "group $T { perm { task { uid = root; fperm = 999; } admin { uid = root; } } pids { } }"
judge 1 1 "group $T { perm { task { uid = nosuch; } admin { uid = root; } } pids { } }"
# beyond theirs
judge 1 0 "group $T { }"
judge 1 0 "group $T { pids { } } # behind"
judge 1 0 "group $T { perm { admin { uid = root; } } pids { } }"
judge 1 0 "group $T { pids { } $P }"
judge 1 0 "group $T { pids { } }\r\n"

# ---- applied by both ----

cat >"$tmp/a.conf" <<END
group $T {
	perm {
		task { uid = nobody; gid = nogroup; fperm = 660; }
		admin { uid = root; gid = daemon; dperm = 750; fperm = 640; }
	}
	pids { pids.max = 50; }
}
group $T/a {
	pids { pids.max = 20; }
}
END
picture()
{
	(cd "$(mount_of pids)" && find "$T" -printf '%p %U:%G %m\n' | sort && find "$T" -type f -name 'pids.max' -exec grep -H . {} + | sort)
}
exits 0 "cgx-apply --dry-run" cgx-apply --dry-run "$tmp/a.conf"
like "$out" "^write .*/$T/a/pids.max 20" "prints the plan"
ok "and does nothing" not exists "$T" pids
exits 0 "cgx-apply" cgx-apply "$tmp/a.conf"
is "$(in_kernel pids "$T/a" pids.max pids.max)" 20 "sets"
picture >"$tmp/ours"
exits 0 "again" cgx-apply --dry-run "$tmp/a.conf"
is "$out" "" "nothing is left to do, nor of owners and modes"
chmod 600 "$(dir_of pids "$T/a")/pids.max"
chown nobody "$(dir_of pids "$T")/pids.max"
exits 0 "one owner is another" cgx-apply --dry-run "$tmp/a.conf"
like "$out" "^chown .*/$T/\\* 0:" "is seen"
unlike "$out" "/$T/a" "where no perm speaks of it, a mode is as it may be"
exits 0 "and put right" cgx-apply "$tmp/a.conf"
is "$(cgx-apply --dry-run "$tmp/a.conf")" "" "nothing is left to do"
chmod 644 "$(dir_of pids "$T/a")/pids.max"
exits 0 "--clear" cgx-apply --clear "$tmp/a.conf"
ok "removes" not exists "$T" pids
# What both can say of every controller here; "as theirs" is then all of the tree: owners, modes, and what is in each file
# that a group without processes has a say in.
{
	printf 'group %s {\n\tperm {\n\t\ttask { uid = nobody; gid = nogroup; fperm = 660; }\n' "$T"
	printf '\t\tadmin { uid = root; gid = daemon; dperm = 750; fperm = 640; }\n\t}\n'
	both=''
	while read -r c v1 v2; do
		case $(version_of "$c") in
		1) word=$c settings=$v1 ;;
		2) word=$c settings=$v2 ;;
		*) continue ;;
		esac
		[ "$settings" != - ] || continue
		both="$both $c"
		printf '\t%s {\n' "$word"
		printf '%s\n' "$settings" | tr ',' '\n' | sed '/^+$/d; s/^\(.*\)=\(.*\)/\t\t\1 = \2;/'
		printf '\t}\n'
	done <<-END
	pids pids.max=50 pids.max=50
	cpu cpu.shares=512,cpu.cfs_quota_us=50000 cpu.weight=50
	memory memory.limit_in_bytes=67108864,memory.soft_limit_in_bytes=33554432 memory.max=67108864,memory.high=33554432
	cpuacct + -
	freezer + -
	END
	printf '}\n'
} >"$tmp/both.conf"
# On v2 libcgroup gives task's owner nothing; the files that take processes are looked at below.
picture_all()
{
	for c in $both; do
		except=none
		[ "$(version_of "$c")" = 1 ] || except='cgroup.[pt][rh]*s'
		(cd "$(mount_of "$c")" && find "$T" ! -name "$except" -printf '%p %U:%G %m\n' && find "$T" -type f -perm -u+rw \
			! -name 'cgroup.pressure' ! -name 'memory.reclaim' -exec grep -sH . {} +)
	done | sort
}
if theirs=$(PATH=/usr/sbin:/usr/bin command -v cgconfigparser); then
	enabled=$([ -z "$V2" ] || cat "$V2/cgroup.subtree_control")
	run "$theirs" -l "$tmp/both.conf"
	picture_all >"$tmp/theirs"
	cgx-delete -r "$T" 2>/dev/null
	if [ "$status" = 0 ]; then
		exits 0 "cgx-apply of what both take" cgx-apply "$tmp/both.conf"
		picture_all >"$tmp/all"
		is "$(diff "$tmp/theirs" "$tmp/all")" "" "the tree is cgconfigparser's, file by file, in$both"
		ok "and says what was asked for" grep -q '/pids.max:50$' "$tmp/all"
		is "$(stat -c '%U %a' "$(dir_of pids "$T")/cgroup.procs")" \
			"$([ "$(version_of pids)" = 1 ] && echo 'root 640' || echo 'nobody 660')" "task's owner may move processes on v2"
		exits 0 "--clear" cgx-apply --clear "$tmp/both.conf"
		# theirs leaves controllers enabled, and what follows counts files
		for c in $([ -z "$V2" ] || cat "$V2/cgroup.subtree_control"); do
			case " $enabled " in *" $c "*) ;; *) echo "-$c" >"$V2/cgroup.subtree_control" ;; esac
		done
	else
		echo "# $err"
		skip "cgconfigparser fails here" "the tree is cgconfigparser's, file by file"
	fi
else
	skip "no cgconfigparser" "the tree is cgconfigparser's, file by file"
fi

printf '\n\ngroup %s/u { perm { task { uid = nosuch; } } pids { } }\n' "$T" >"$tmp/odd"
exits 1 "permissions of a user who is not there" cgx-apply "$tmp/odd"
like "$err" '^cgx-apply: nosuch: find the user: there is no such user' "he is told"
like "$err" "odd:3: that is of the permissions of $T/u" "and where he is named"
ok "nothing is made" not exists "$T/u" pids

# ---- all or nothing ----

printf 'group %s/x { pids { pids.max = 5; } }\ngroup %s/y { pids { pids.max = "-7"; } }\n' "$T" "$T" >"$tmp/bad.conf"
run cgx-apply "$tmp/bad.conf"
isnt "$status" 0 "a bad value fails"
like "$err" "bad\.conf:2: " "with its line"
ok "nothing is made" not exists "$T" pids
printf 'group %s { pids { pids.nosuch = 5; } }\n' "$T" >"$tmp/bad.conf"
exits 1 "a name that nobody knows is no difference of layouts" cgx-apply "$tmp/bad.conf"
printf 'group %s { nosuch { nosuch.max = 5; } pids { pids.max = 6; } }\n' "$T" >"$tmp/part.conf"
run cgx-apply --strict --dry-run "$tmp/part.conf"
isnt "$status" 0 "--strict: a controller that is not there"

# ---- cgx-create --from ----

exits 1 "--from: a name that the file does not know" cgx-create --from "$tmp/a.conf" "$T/nosuch"
like "$err" "^cgx-create: .*a\.conf: $T/nosuch: make the group: the file names none" "is told"
ok "and nothing is made" not exists "$T" pids
exits 0 "--from: one of the file" cgx-create --from "$tmp/a.conf" "/$T/a/"
is "$(in_kernel pids "$T/a" pids.max pids.max)" 20 "with its value"
isnt "$(in_kernel pids "$T" pids.max pids.max)" 50 "and not what others say"
exits 1 "--from --exclusive: it is there" cgx-create --exclusive --from "$tmp/a.conf"
exits 0 "--from: all" cgx-create --from - <"$tmp/a.conf"
picture >"$tmp/made"
ok "as cgx-apply makes them" diff "$tmp/ours" "$tmp/made"
cgx-delete -r "$T"
exits 0 "--from: owners of the command line" cgx-create --from "$tmp/a.conf" --owner nobody
is "$(cd "$(mount_of pids)" && stat -c %U "$T" "$T/a" "$T/a/pids.max" | xargs)" "root nobody root" "are for groups without perm"
cgx-delete -r "$T"
exits 1 "--from: all or nothing" cgx-create --from "$tmp/bad.conf"
ok "nothing is left" not exists "$T" pids
exits 2 "--from and -c" cgx-create -c pids --from "$tmp/a.conf"
exits 2 "--strict alone" cgx-create --strict "$T"

# ---- prune ----

cgx-apply "$tmp/a.conf"
cgx-create -c pids "$T/b/c" "$T/a/x"
exits 0 "--prune" cgx-apply --prune "$tmp/a.conf"
ok "removes what is not named" not exists "$T/b" pids
ok "below named ones, too" not exists "$T/a/x" pids
ok "keeps what is" exists "$T/a" pids
cgx-create -c pids "$T/b"
sleeper
cgx-move "pids:$T/b" "$pid" 2>/dev/null || cgx-move -g "pids:$T/b" "$pid"
run cgx-apply --prune "$tmp/a.conf"
isnt "$status" 0 "a group with a process is refused"
ok "and stays" exists "$T/b" pids
exits 0 "--prune --kill" cgx-apply --prune --kill "$tmp/a.conf"
ok "removes it" not exists "$T/b" pids

# ---- save, and back ----

for form in '' --json; do
	# shellcheck disable=SC2086
	exits 0 "cgx-save $form" cgx-save $form -f "$tmp/saved" "$T"
	cgx-delete -r "$T" 2>/dev/null
	exits 0 "loads back" cgx-apply "$tmp/saved"
	is "$(in_kernel pids "$T/a" pids.max pids.max)" 20 "as it was"
	is "$(in_kernel pids "$T" pids.max pids.max)" 50 "the first one, too"
	picture >"$tmp/again"
	ok "owners and modes as well" diff "$tmp/ours" "$tmp/again"
done
unlike "$(cgx-save "$T")" 'pids\.(current|events|peak)' "no counters"
settings_of() # GROUP: of what comes on stdin, name=value, sorted
{
	awk -v head="group $1 {" '$0 == head { on = 1 } on && /\..*=/ { gsub(/[ \t";]/, ""); print } on && /^}/ { exit }' | sort
}
if [ "$(version_of pids)" = 1 ] && theirs=$(PATH=/usr/sbin:/usr/bin command -v cgsnapshot); then
	"$theirs" -s -b /dev/null pids 2>/dev/null | settings_of "$T/a" >"$tmp/theirs"
	cgx-save -c pids "$T" | settings_of "$T/a" >"$tmp/saved"
	ok "settings are saved" test -s "$tmp/saved"
	is "$(comm -23 "$tmp/saved" "$tmp/theirs")" "" "with cgsnapshot's names and values"
	is "$(comm -13 "$tmp/saved" "$tmp/theirs" | grep -vE 'pids\.(current|events|peak)|notify_on_release|clone_children|sane_behavior')" "" \
		"and cgsnapshot has none but counters and defaults beside"
else
	skip "no cgsnapshot, or pids is on v2" "with cgsnapshot's names and values"
fi
echo pids.max >"$tmp/list"
unlike "$(cgx-save -b "$tmp/list" "$T")" 'pids\.max' "the deny list"
unlike "$(cgx-save -s -t -w /dev/null "$T")" 'pids\.max' "the allow list, strictly"
name=$(printf '%s/a"b' "$T")
cgx-create -c pids "$name"
exits 1 "a name with a quote has no form" cgx-save "$T"
like "$err" 'left out' "and is told"
echo kept >"$tmp/kept"
exits 1 "a group that is not there" cgx-save -f "$tmp/kept" "$T/nosuch"
is "$(cat "$tmp/kept")" kept "leaves the file as it was"
exits 1 "a full disk" cgx-save -f /dev/full "$T"
like "$err" "^cgx-save: /dev/full: write: (No space left on device|not all of it)" "is told"
exits 0 "JSON has one" cgx-save --json -f "$tmp/saved" "$T"
cgx-delete "$name"
exits 0 "and it loads back" cgx-apply "$tmp/saved"
ok "with its name" exists "$name" pids
printf 'namespace { pids = %s; }\ngroup inside { pids { pids.max = 5; } }\n' "$T/space" >"$tmp/space.conf"
printf '{"groups": [{"path": "%s", "controllers": ["pids"], "settings": {"pids.max": "7"}}]}\n' "$T/whole" >"$tmp/whole.json"
exits 0 "a namespace block in one file, JSON in another" cgx-apply "$tmp/space.conf" "$tmp/whole.json"
ok "the group of the first lies in it" exists "$T/space/inside" pids
is "$(cgx-get -v -r pids.max "$T/whole")" 7 "that of the second where its path says"
cgx-delete -r "$T"

# ---- all or nothing ----

printf 'group %s/old { pids { pids.max = 5; } }\n' "$T" >"$tmp/odd"
cgx-apply "$tmp/odd"
chown nobody "$(dir_of pids "$T/old")/pids.max"
chmod 700 "$(dir_of pids "$T/old")"
all_of()
{
	(cd "$(mount_of pids)" && find "$T" -printf '%p %U:%G %m\n' && grep -rs . "$T" --include=pids.max) | sort
}
all_of >"$tmp/before"
{
	printf 'group %s/old { perm { task { uid = 5; gid = 6; fperm = 660; } admin { uid = 7; gid = 8; dperm = 775; fperm = 664; } }\n' "$T"
	printf 'pids { pids.max = 6; } }\ngroup %s/new/x { pids { } }\n' "$T"
	# there is no such process, which shows when it is to be moved
	printf 'group %s/z { pids { cgroup.procs = 4194304; } }\n' "$T"
} >"$tmp/odd"
exits 1 "the last step fails" cgx-apply "$tmp/odd"
unlike "$err" 'could not be undone' "and all of it is undone"
is "$(all_of)" "$(cat "$tmp/before")" "values, groups, owners and modes"
cgx-delete -r "$T"

# ---- odd files, and what the kernel takes in one order alone ----

brings() # NAME: $tmp/odd is applied, and then there is nothing left to do
{
	exits 0 "$1" cgx-apply "$tmp/odd"
	exits 0 "$1: again" cgx-apply --dry-run "$tmp/odd"
	is "$out$err" "" "$1: nothing is left to do"
}
value() # CONTROLLER GROUP FILE
{
	cat "$(dir_of "$1" "$2")/$3"
}
printf '\357\273\277group %s/a { pids { pids.max = 7; } }\r\n' "$T" >"$tmp/odd"
brings "a byte order mark in front"
printf 'group %s/a { pids { pids.max = 8; } }\ngroup %s/b { pids { pids.max = 3; pids.max = 4; } }\n' "$T" "$T" >"$tmp/odd"
printf 'group %s/a { pids { pids.max = 9; } }\n' "$T" >>"$tmp/odd"
brings "one setting twice"
is "$(value pids "$T/a" pids.max) $(value pids "$T/b" pids.max)" "9 4" "the last counts"
exits 0 "applied once more" cgx-apply "$tmp/odd"
is "$(value pids "$T/a" pids.max) $(value pids "$T/b" pids.max)" "9 4" "it still does"
cgx-delete -r "$T"
if [ "$(version_of memory)" = 1 ] && [ -e "$(mount_of memory)/memory.memsw.limit_in_bytes" ]; then
	sums() # MEMORY BOTH
	{
		printf 'group %s/a { memory { memory.memsw.limit_in_bytes = %s; memory.limit_in_bytes = %s; } }\n' "$T" "$2" "$1" >"$tmp/odd"
		brings "memory and swap of $2 before memory of $1"
		printf 'group %s/a { memory { memory.limit_in_bytes = %s; memory.memsw.limit_in_bytes = %s; } }\n' "$T" "$1" "$2" >"$tmp/odd"
		brings "behind it"
	}
	sums 32M 64M
	sums 128M 256M
	sums 16M 24M
	printf 'group %s/a { memory { memory.limit_in_bytes = 1G; memory.memsw.limit_in_bytes = 2G; } }\n' "$T" >"$tmp/odd"
	brings "raised from less in one go"
	cgx-delete -r "$T"
else
	skip "no v1 limit of memory and swap" "limits that depend on one another"
fi
if has cpuset && [ "$(getconf _NPROCESSORS_ONLN)" -ge 2 ]; then
	mems=$(cat "$(mount_of cpuset)"/cpuset.mems.effective "$(mount_of cpuset)"/cpuset.effective_mems 2>/dev/null)
	nested() # ABOVE BELOW NEW: made twice, not changed from the one to the other order
	{
		printf 'group %s/a { cpuset { cpuset.cpus = "%s"; cpuset.mems = "%s"; } }\n' "$T" "$1" "$mems" >"$tmp/above"
		printf 'group %s/a/b { cpuset { cpuset.cpus = "%s"; cpuset.mems = "%s"; } }\n' "$T" "$2" "$mems" >"$tmp/below"
		cat "$tmp/above" "$tmp/below" >"$tmp/odd"
		brings "cpus $1, below $2"
		[ -z "$3" ] || cgx-delete -r "$T"
		cat "$tmp/below" "$tmp/above" >"$tmp/odd"
		brings "the other way round"
		is "$(value cpuset "$T/a" cpuset.cpus) $(value cpuset "$T/a/b" cpuset.cpus)" "$1 $2" "they are so"
	}
	# made so, then changed to the next
	nested 0 0 new
	nested 0-1 1 ''
	nested 1 1 ''
	nested 0 0 ''
	nested 0-1 0-1 ''
	nested 0 0 ''
	sed 's/cpus = "0"/cpus = "0,1"/' "$tmp/above" >"$tmp/odd"
	brings "a list in other words"
	cgx-delete -r "$T"
else
	skip "no cpuset, or one CPU" "cpus of groups within one another"
fi
done_testing
