#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Living with systemd: units shown, what is its own refused, scopes for root and for a user, what is not delegated named.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
[ -d /run/systemd/system ] || skip_all "systemd is not process 1 here"
[ "$LAYOUT" = unified ] || skip_all "v2 is not all there is here"
if cgx-exec --systemd=yes --name "$T-try" true 2>&1 | grep -q 'built without'; then skip_all "built without libsystemd"; fi
have setpriv || skip_all "no setpriv(1) here"
cg=$V2
scope_of() # NAME: the group of the scope, without a leading /
{
	find "$cg" -type d -name "$1.scope" | sed "s,^$cg/,,"
}
no_scope() # NAME
{
	[ -z "$(scope_of "$1")" ]
}

# ---- names ----
exits 0 "units" cgx-ls -u -d 1 system.slice
like "$out" '^system.slice/systemd-journald.service +systemd-journald.service +system +no$' "a service and its unit"
exits 0 "as JSON" cgx-ls -u --json -d 0 init.scope
json "who runs it" "$out" '.groups[0] == {name: "init.scope", unit: "init.scope", manager: "system", delegated: false}'

# ---- refusals ----
before=$(cat "$cg/system.slice/memory.max")
exits 1 "a value of a slice" cgx-set system.slice memory.max=4G
with_remedy "one line with a remedy"
like "$err" 'systemctl set-property system.slice MemoryMax=4294967296' "which is the property"
is "$(cat "$cg/system.slice/memory.max")" "$before" "nothing is written"
exits 1 "a group below a slice" cgx-create "system.slice/$T"
with_remedy "one line with a remedy"
ok "nothing is made" test ! -e "$cg/system.slice/$T"
exits 0 "with --force" cgx-create --force -c pids "system.slice/$T"
ok "it is" test -d "$cg/system.slice/$T"
sleeper
exits 1 "move there" cgx-move "system.slice/$T" "$pid"
exits 125 "start there" cgx-exec -g "system.slice/$T" true
exits 0 "start there with --force" cgx-exec --force -g "system.slice/$T" cat /proc/self/cgroup
is "$out" "0::/system.slice/$T" "it is there"
exits 1 "delete" cgx-delete "system.slice/$T"
exits 0 "with --force" cgx-delete --force "system.slice/$T"
exits 1 "a service" cgx-delete --kill system.slice/systemd-journald.service
like "$err" 'systemctl stop systemd-journald.service' "is stopped by systemctl"
ok "and runs on" systemctl -q is-active systemd-journald.service

# ---- a scope for root ----
exits 0 "a command" cgx-exec --memory 64M --pids 20 --cpu 50% --name "$T-root" sh -c '
	cat /proc/self/cgroup
	systemctl show '"$T-root.scope"' -p MemoryMax -p TasksMax -p CPUQuotaPerSecUSec -p Delegate -p Slice
	cd '"$cg"'$(sed s/0::// /proc/self/cgroup) && cat memory.max pids.max cpu.max'
like "$out" "^0::/.*/$T-root.scope/$T-root$" "runs in a scope"
like "$out" '^Delegate=yes$' "which is delegated"
like "$out" '^67108864$' "with its memory"
like "$out" '^20$' "its processes"
like "$out" '^50000 100000$' "its CPU time"
like "$out" '^MemoryMax=75497472$' "and systemd knows the memory, with room for cgx-exec"
like "$out" '^TasksMax=22$' "the processes"
like "$out" '^CPUQuotaPerSecUSec=500ms$' "and the CPU time"
ok "the scope goes with it" wait_for 5 no_scope "$T-root"
exits 7 "its status" cgx-exec sh -c 'exit 7'
exits 0 "a weight is among its neighbours" cgx-exec -r cpu.weight=50 --name "$T-w" systemctl show "$T-w.scope" -p CPUWeight
is "$out" CPUWeight=50 "and so the scope's"
exits 0 "limits without a property" cgx-exec -r memory.oom.group=1 sh -c 'cat '"$cg"'$(sed s/0::// /proc/self/cgroup)/memory.oom.group'
is "$out" 1 "hold as well"
exits 0 "a name that a unit cannot have" cgx-exec --name "$T a+b" cat /proc/self/cgroup
like "$out" "/${T}_a_b.scope/$T a.b$" "is made one"
exits 125 "a value that is none" cgx-exec --memory lots true
exits 0 "without a scope" cgx-exec --systemd=no --name "$T-no" cat /proc/self/cgroup
unlike "$out" '\.scope' "there is none"
exits 0 "dry run" cgx-exec --dry-run --memory 64M --name "$T-dry" true
like "$out" "^start $T-dry.scope: Delegate=yes MemoryMax=75497472$" "says what it would ask for"
like "$out" "^make $T-dry.scope/$T-dry: memory.max=64M$" "and make"
ok "no more" no_scope "$T-dry"
exits 125 "a scope for a group that is there" cgx-exec --systemd=yes -g web true

background cgx-exec --name "$T-busy" sleep 60
wait_for 5 test -d "$cg/$(scope_of "$T-busy")/$T-busy"
exits 125 "the name of a scope that is there" cgx-exec --name "$T-busy" true
like "$err" "systemd has a unit $T-busy.scope already" "is told"
killed=$!
kill -KILL "$killed"
ok "kill -9 leaves nothing" wait_for 10 no_scope "$T-busy"
is "$(systemctl list-units --all --plain --no-legend "$T*")" "" "and no unit of ours is left"

# ---- the sandbox ----
if have cgx-sandbox; then
	exits 0 "a sandbox" cgx-sandbox run --rm --name "$T-box" --pids 20 --cgroupns host / cat /proc/self/cgroup
	like "$out" "/cgx-sandbox-$T-box.scope/cgx-sandbox-$T-box$" "has a scope"
	ok "which goes with it" wait_for 5 no_scope "cgx-sandbox-$T-box"
else
	skip "no cgx-sandbox here" "a sandbox"
fi

# ---- a user ----
id tester >/dev/null 2>&1 || done_testing
uid=$(id -u tester)
as() # COMMAND...
{
	run setpriv --reuid=tester --regid="$(id -g tester)" --clear-groups env -u XDG_RUNTIME_DIR "$@"
}
chmod 755 "$tmp"
systemctl stop "user@$uid.service" 2>/dev/null
as cgx-exec --pids 5 true
is "$status" 125 "a user without a manager"
with_remedy "one line with a remedy"
like "$err" "user $uid has no manager of systemd here" "is told so"
like "$err" "loginctl enable-linger $uid" "and what would start one"

# Something that takes the connection and says nothing.
mkdir -p "/run/user/$uid/systemd"
background systemd-socket-activate --listen="/run/user/$uid/systemd/private" sleep 60 >/dev/null 2>&1
wait_for 5 test -S "/run/user/$uid/systemd/private"
chown -R tester "/run/user/$uid"
as timeout 60 cgx-exec --pids 5 true
is "$status" 125 "a manager that does not answer"
like "$err" 'systemd has not answered for 10 s' "is waited for, not for long"
kill "$!" 2>/dev/null
rm -rf "/run/user/$uid/systemd"
rmdir "/run/user/$uid" 2>/dev/null

systemctl start "user@$uid.service"
wait_for 10 test -S "/run/user/$uid/systemd/private"
manager=user.slice/user-$uid.slice/user@$uid.service
as cgx-exec --memory 32M --pids 9 --name "$T-user" sh -c '
	cat /proc/self/cgroup; id -u; XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user show '"$T-user.scope"' -p MemoryMax
	cat '"$cg"'$(sed s/0::// /proc/self/cgroup)/pids.max'
is "$status" 0 "a user with one"
like "$out" "^0::/$manager/app.slice/$T-user.scope/$T-user$" "gets a scope there"
like "$out" '^MemoryMax=41943040$' "the manager knows the limit"
like "$out" '^9$' "and it holds"
ok "the scope goes with it" wait_for 5 no_scope "$T-user"
as cgx-create -r memory.max=64M -r pids.max=30 "$T-web/api"
is "$status" 0 "a group that a user asks for"
like "$err" "^cgx-create: note: $T-web/api is $manager/app.slice/$T-web.scope/api, .*systemctl --user stop $T-web.scope removes it" \
	"is in a scope, and he is told where"
is "$(cat "$cg/$manager/app.slice/$T-web.scope/api/pids.max")" 30 "with its limits"
as cgx-exec -g "$manager/app.slice/$T-web.scope/api" cat /proc/self/cgroup
is "$out" "0::/$manager/app.slice/$T-web.scope/api" "he starts commands there, though the kernel lets him not move there"
as cgx-exec --systemd=no -g "$manager/app.slice/$T-web.scope/api" true
is "$status" 125 "which it says without systemd"
background setpriv --reuid=tester --regid="$(id -g tester)" --clear-groups sleep 60
moved=$!
as cgx-move --systemd=no "$manager/app.slice/$T-web.scope/api" "$moved"
is "$status" 1 "a process outside of his manager: the kernel lets him not move it there"
with_remedy "which it says without systemd"
as cgx-move "$manager/app.slice/$T-web.scope/api" "$moved"
is "$status:$(cat "/proc/$moved/cgroup")" "0:0::/$manager/app.slice/$T-web.scope/api" "his manager does"
as cgx-move "$manager/app.slice/$T-web.scope/api" 1
is "$status" 1 "not one that is somebody else's"
like "$err" "have systemd move process 1 in: systemd refuses it" "is told who says so"
kill "$moved"
if have cgx-sandbox; then
	mkdir -p "$tmp/run"
	chown tester "$tmp/run"
	as env XDG_RUNTIME_DIR="$tmp/run" cgx-sandbox run -d --name "$T-ubox" --pids 20 / sleep 60
	is "$status" 0 "a user's sandbox in the background"
	as env XDG_RUNTIME_DIR="$tmp/run" cgx-sandbox exec "$T-ubox" id -u
	is "$status:$out" 0:0 "is entered from outside of his manager"
	as env XDG_RUNTIME_DIR="$tmp/run" cgx-sandbox rm -f "$T-ubox"
	ok "its scope goes with it" wait_for 5 no_scope "cgx-sandbox-$T-ubox"
else
	skip "no cgx-sandbox here" "a user's sandbox in the background"
fi
as cgx-create -r memory.max=64M "$T-web2"
is "$status" 0 "the scope itself"
as env XDG_RUNTIME_DIR="/run/user/$uid" systemctl --user show "$T-web2.scope" -p MemoryMax
is "$out" MemoryMax=67108864 "has its limit as a property"
as cgx-set "$manager/app.slice/$T-web2.scope" memory.max=30M
is "$status" 1 "to be changed by systemd alone"
like "$err" "systemctl --user set-property $T-web2.scope MemoryMax=31457280" "in these words"
as cgx-create "$T-web2"
is "$status" 1 "a scope of that name is there"
as env XDG_RUNTIME_DIR="/run/user/$uid" systemctl --user stop "$T-web.scope" "$T-web2.scope"
ok "systemctl stop ends the one" wait_for 5 no_scope "$T-web"
ok "and the other" wait_for 5 no_scope "$T-web2"
exits 0 "root may have one, too" cgx-create --systemd=yes -c pids "$T-adm/q"
like "$err" "$T-adm/q is system.slice/$T-adm.scope/q," "in the system's manager"
systemctl stop "$T-adm.scope"
as cgx-exec --cpus-allowed 0 true
is "$status" 125 "a controller that is not delegated"
like "$err" "cpuset is not delegated to user@$uid.service" "is named"
like "$err" 'Delegate=.*cpuset in /etc/systemd/system/user@.service.d/delegate.conf' "with what would delegate it"
as cgx-exec --name "$T-in" cgx-exec --pids 3 --name "$T-inner" cat /proc/self/cgroup
like "$out" "/$T-in.scope/$T-inner$" "what is delegated already needs no scope more"
as cgx-exec --name "$T-bg" --pids 9 sh -c 'sleep 60 & sleep 0.1'
is "$status" 0 "a process is left behind"
is "$(cat "$cg/$manager/app.slice/$T-bg.scope/$T-bg/pids.max")" 9 "within its limits"
xargs kill -KILL <"$cg/$manager/app.slice/$T-bg.scope/$T-bg/cgroup.procs"
ok "the scope goes with the last" wait_for 10 no_scope "$T-bg"
systemctl stop "user@$uid.service"

# ---- the service that makes the groups of a file ----

unit=${CGX_BUILDDIR:-.}/contrib/systemd/cgx-apply.service
[ -r "$unit" ] || bail "$unit is not there: make all"
service=cgx-apply-test-$$.service
printf 'group %s-conf { perm { task { uid = nobody; } admin { uid = nobody; } } pids { pids.max = 44; } }\n' "$T" >"/run/$T.conf"
sed "s,/etc/cgconfig.conf,/run/$T.conf,; s,=[^ =]*/cgx-apply ,=$(command -v cgx-apply) ," "$unit" >"/run/systemd/system/$service"
run systemd-analyze verify --man=no "/run/systemd/system/$service"
is "$(printf '%s\n' "$err" | grep "$service")" "" "systemd has nothing to say of the unit"
systemctl daemon-reload
exits 0 "the service starts" systemctl start "$service"
is "$(cat "$cg/$T-conf/pids.max")" 44 "and the group of the file is there"
is "$(stat -c %U "$cg/$T-conf/cgroup.procs")" nobody "with its owner"
sed -i s/44/45/ "/run/$T.conf"
exits 0 "it reads the file again" systemctl reload "$service"
is "$(cat "$cg/$T-conf/pids.max")" 45 "and the group has what is new"
exits 0 "it stops" systemctl stop "$service"
ok "and the group has gone" not test -d "$cg/$T-conf"
rm -f "/run/systemd/system/$service" "/run/$T.conf"
systemctl daemon-reload
done_testing
