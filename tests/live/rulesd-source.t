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

# Why it is not to be had: what an older kernel, a filter, a module would answer, put in its mouth.
injected() # WHEN COMMAND...
{
	injected_when=$1
	shift
	# a tracer that ends by the signal leaves what it traced
	begin timeout --foreground 60 strace -f -qq -o "$tmp/calls" -e trace=bpf,prlimit64,setrlimit \
		-e "inject=bpf:error=EPERM:when=$injected_when" "$@"
	daemon=$(pgrep -f "cgx-rulesd --no-sweep -v -f $tmp/rules" | while read -r p; do
		[ "$(cat "/proc/$p/comm")" = strace ] || [ "$(cat "/proc/$p/comm")" = timeout ] || echo "$p"
	done | tail -n 1)
	pids="$pids $daemon"
}
injected_end()
{
	kill "$daemon"
	wait_for 5 not alive "$daemon"
}
if have strace && have prlimit && ! nm "$(command -v cgx-rulesd)" "${CGX_BUILDDIR:-.}"/tools/.libs/cgx-rulesd 2>/dev/null | grep -q __asan &&
	strace -f -o /dev/null -e inject=bpf:error=EIO:when=65535 true 2>/dev/null; then
	cgx=$(command -v cgx-rulesd)
	set -- setpriv --bounding-set -sys_resource prlimit
	injected 1 "$@" --memlock=65536: "$cgx"
	ok "where memory of BPF counts as locked, the limit is raised" told 'told by BPF$'
	is "$(awk '/Max locked memory/ { print $4 == $5 }' "/proc/$daemon/limits")" 1 "as far as one may"
	injected_end
	injected 1 "$@" --memlock=65536:65536 "$cgx"
	ok "where it cannot be raised, that is why" \
		told 'not by BPF: make a ring for events: .* 1048576 bytes count as locked memory, .* may have 65536: raise the limit'
	background "$tmp/ruled" 904
	ok "and the connector does" wait_for 5 is_in "$!" "$T/a"
	injected_end
	injected 1+ "$@" --memlock=65536:65536 "$cgx"
	ok "a filter of calls is told apart" told 'not by BPF: make a ring for events: a system call filter or a security module forbids'
	injected_end
	if prlimit --memlock=unlimited:unlimited true 2>/dev/null; then
		injected 3 prlimit --memlock=unlimited:unlimited "$cgx"
		ok "and so is a security module" told 'not by BPF: load the program: a security module forbids it$'
		injected_end
	else
		skip "no right to raise limits here" "a security module is told apart"
	fi
else
	skip "no strace that can inject" "why BPF is not to be had"
fi
begin cgx-rulesd
ok "where it is to be had it is taken" told 'programs that begin are told by BPF$'
end
done_testing
