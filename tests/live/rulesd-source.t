#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-rulesd: who tells it of programs that begin, BPF or the process connector, and what it makes of a name that BPF tells.
[ -n "${CGX_RULESD_NS-}" ] || [ "$(id -u)" != 0 ] || CGX_RULESD_NS=1 exec unshare -m sh "$0" "$@"
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
has pids || skip_all "no pids controller"
mount -t tmpfs none /run || skip_all "no mounts allowed here"
cp "$(command -v sleep)" "$tmp/ruled"
cp "$(readlink -f /bin/sh)" "$tmp/shell"
ln -s ruled "$tmp/other-name"
printf '#!%s/shell\nread -r x <%s/fifo\n' "$tmp" "$tmp" >"$tmp/script"
chmod +x "$tmp/script"
for g in a b c; do
	cgx-create -g "pids:$T/$g"
done
cat >"$tmp/rules" <<-END
	*:$tmp/ruled pids $T/a
	*:$tmp/shell pids $T/b
	*:script pids $T/c
END
told() # ERE
{
	grep -Eq -- "$1" "$tmp/log"
}
is_in() # PID GROUP
{
	[ "$(group_of pids "$1")" = "$2" ]
}
begin() # COMMAND...
{
	: >"$tmp/log"
	background "$@" --no-sweep -v -f "$tmp/rules" 2>"$tmp/log"
	daemon=$!
	wait_for 5 told 'rules in force'
}
end()
{
	kill "$daemon"
	wait "$daemon"
}
places() # WORDS: it does
{
	background "$tmp/ruled" 901
	ok "$1: a program" wait_for 5 is_in "$!" "$T/a"
	background "$tmp/other-name" 902
	ok "$1: by what it is, not by what it is called" wait_for 5 is_in "$!" "$T/a"
	background "$tmp/shell" -c "read -r x <$tmp/fifo"
	ok "$1: a shell" wait_for 5 is_in "$!" "$T/b"
	background "$tmp/script"
	ok "$1: a script is not its shell" wait_for 5 is_in "$!" "$T/c"
}
mkfifo "$tmp/fifo"
exec 9<>"$tmp/fifo"

begin cgx-rulesd --no-bpf || skip_all "no process events here: $(head -n 1 "$tmp/log")"
ok "--no-bpf: the process connector" not told BPF
places "by the connector"
end
exits 2 "both at once" cgx-rulesd --bpf --no-bpf
like "$err" 'exclude each other' "are refused"
# the rights for it taken away
less=-bpf,-perfmon,-sys_admin
if setpriv --bounding-set $less true 2>/dev/null; then
	run setpriv --bounding-set $less cgx-rulesd --bpf -f "$tmp/rules"
	is "$status" 1 "--bpf without the right to it"
	like "$err" 'BPF: .*CAP_BPF and CAP_PERFMON' "is refused with the reason"
	begin setpriv --bounding-set $less "$(command -v cgx-rulesd)"
	ok "without --bpf the connector does, and -v says why" told 'by the process connector, not by BPF: .*CAP_BPF and CAP_PERFMON'
	background "$tmp/ruled" 903
	ok "and it places" wait_for 5 is_in "$!" "$T/a"
	end
else
	skip "setpriv cannot take rights away here" "what is without the rights"
fi
if ! begin cgx-rulesd --bpf; then
	skip "$(head -n 1 "$tmp/log")" "by BPF"
	done_testing
	exit
fi
ok "BPF is in use, and it is told" told 'programs that begin are told by BPF$'
places "by BPF"
end
begin cgx-rulesd
ok "where it is to be had it is taken" told 'programs that begin are told by BPF$'
end
done_testing
