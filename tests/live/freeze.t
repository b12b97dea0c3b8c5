#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Frozen groups: freeze, thaw, delete, start.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has freezer || skip_all "no freezer"
need_helpers spin
ok "a group" cgx-create "$T/f"
background cgx-exec -g "$T/f" --report=none "$spin" 600000
spins() { spinner=$(procs_of freezer "$T/f" | head -n 1) && [ "$(readlink "/proc/$spinner/exe")" = "$spin" ]; }
wait_for 5 spins || bail "the group stays empty"
ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$spinner/stat"; }

is "$(cgx-get -r cgroup.freeze "$T/f")" 0 "a new group is not frozen"
exits 0 "cgroup.freeze=1 works on every layout" cgx-set "$T/f" cgroup.freeze=1
is_frozen() # a hybrid host has two freezers, either will do
{
	for m in $(all_mounts); do
		cat "$m/$T/f/freezer.state" "$m/$T/f/cgroup.events" 2>/dev/null
	done | grep -qxE 'frozen 1|FROZEN'
}
ok "the kernel says it is frozen" wait_for 3 is_frozen
is "$(cgx-get -r cgroup.freeze "$T/f")" 1 "cgx-get says so"
like "$(cgx-ls --no-headings -o NAME,FROZEN "$T/f")" "$T/f +(yes|1|true)" "and cgx-ls"
before=$(ticks)
sleep 0.5
is "$(ticks)" "$before" "the process stands still"
if [ "$LAYOUT" = hybrid ]; then
	skip "freezer.state and cgroup.freeze are two things on a hybrid host" "v1's name says it, too"
else
	is "$(cgx-get -r freezer.state "$T/f")" FROZEN "v1's name says it, too"
fi
run timeout 10 cgx-exec -g "$T/f" --report=none true
is "$status" 125 "cgx-exec does not hang in a frozen group"
with_remedy "but says so with a remedy"
exits 1 "cgx-delete refuses as ever" cgx-delete "$T/f"
exits 0 "cgroup.freeze=0" cgx-set "$T/f" cgroup.freeze=0
has_moved() { [ "$(ticks)" -gt "$before" ]; }
ok "the process goes on" wait_for 5 has_moved
exits 0 "freezer.state=FROZEN works on every layout" cgx-set "$T/f" freezer.state=FROZEN
ok "the kernel says it is frozen" wait_for 3 is_frozen
exits 0 "cgx-delete --kill of a frozen group" cgx-delete --kill "$T/f"
ok "ends the process" not alive "$spinner"
ok "and removes the group" is_gone "$T/f"
done_testing
