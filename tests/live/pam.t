#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# pam_cgx: a session is placed and limited, its group goes with it, and no login fails for it unless it is required. The
# services are in a folder of this test's; in a guest su has the module as well.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
session=$(helper pam-session)
[ -x "$session" ] || skip_all "built without PAM"
for m in "${CGX_BUILDDIR:-.}/pam/.libs/pam_cgx.so" "${top_builddir:-.}/pam/.libs/pam_cgx.so" \
	/usr/local/lib/security/pam_cgx.so /usr/lib/security/pam_cgx.so; do
	[ -e "$m" ] || continue
	module=$(realpath "$m")
	break
done
[ -n "${module-}" ] || skip_all "pam_cgx.so is not here"

service() # NAME OPTIONS
{
	printf 'session required %s %s\n' "$module" "$2" >"$tmp/pam/$1"
}
in_session() # SERVICE USER COMMAND...
{
	run "$session" "$tmp/pam" "$@"
}
mkdir "$tmp/pam"
service limited "group=$T/%u pids.max=7 required"
in_session limited nobody cat /proc/self/cgroup
is "$status" 0 "a session opens"
like "$out" "/$T/nobody\$" "in the user's group"
ok "which is gone with it" not exists "$T/nobody" pids
in_session limited nobody sh -c "cat $(dir_of pids "$T/nobody")/pids.max"
is "$out" 7 "with its limit"
in_session limited root cat /proc/self/cgroup
unlike "$out" "/$T/" "root is left alone"
service all "group=$T/%u pids.max=7 root required"
in_session all root cat /proc/self/cgroup
like "$out" "/$T/root\$" "unless asked for"

# one that stays keeps the group, and the last session takes it along
in_session limited nobody sh -c 'sleep 20 >/dev/null 2>&1 &'
ok "a group with somebody in it stays" exists "$T/nobody" pids
for p in $(procs_of pids "$T/nobody"); do
	kill -9 "$p"
done
wait_for 5 is_empty "$T/nobody"
in_session limited nobody true
ok "and goes with the last session" not exists "$T/nobody" pids

need_helpers bomb
in_session limited nobody "$bomb" 20 0
like "$out" '1[0-9]' "a fork bomb in a session is stopped"

cgx-create -g "pids:$T/ruled"
printf '@%s pids %s/ruled\nnobody pids %s/none\n' "$(id -gn nobody)" "$T" "$T" >"$tmp/rules"
service ruled "rules-file=$tmp/rules required"
in_session ruled nobody cat /proc/self/cgroup
like "$out" "/$T/ruled\$" "by rules"
ok "a group of rules stays" exists "$T/ruled" pids
printf 'nobody pids %s/t/%%u\n' "$T" >"$tmp/rules-t"
printf 'template %s/t/%%u { pids { pids.max = 9; } }\n' "$T" >"$tmp/config"
service template "rules-file=$tmp/rules-t config=$tmp/config required"
in_session template nobody sh -c "cat $(dir_of pids "$T/t/nobody")/pids.max"
is "$out" 9 "a group that is missing is made as its template says"

echo "nobody pids $T/none" >"$tmp/rules"
in_session ruled nobody true
is "$status" 90 "required: who cannot be placed is refused"
service lax "rules-file=$tmp/rules"
in_session lax nobody sh -c 'exit 5'
is "$status" 5 "else the login goes on"
service odd "group=$T/%u nonsense"
in_session odd nobody true
is "$status" 0 "also with options that are none"
service odd "group=$T/%u pids.max=seven"
in_session odd nobody sh -c 'exit 6'
is "$status" 6 "and with values that are none"
service odd "group=$T/%u nonsense required"
in_session odd nobody true
is "$status" 90 "unless it is required"

# a real program, where /etc is not the host's
if [ -n "${CGX_VM-}" ] && have su && [ -e /etc/pam.d/su ]; then
	cp /etc/pam.d/su "$tmp/su"
	echo "session required $module group=$T/%u pids.max=9 required" >>/etc/pam.d/su
	run su -s /bin/sh -c 'cat /proc/self/cgroup' nobody
	like "$out" "/$T/nobody\$" "su places a session"
	ok "and takes its group along" wait_for 5 not exists "$T/nobody" pids
	cp "$tmp/su" /etc/pam.d/su
else
	skip "only in a guest" "su places a session" "and takes its group along"
fi
done_testing
