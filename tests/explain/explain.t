#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# explain.t [--update] - each log of tests/explain/logs gives what stands beside it, as text and as JSON; the same log
# in every form that people have gives the same. --update writes what came: read it before you keep it.
set -u
LC_ALL=C.UTF-8 TZ=UTC
export LC_ALL TZ
logs=$CGX_SRCDIR/tests/explain/logs
explain=$CGX_BUILDDIR/tests/explain/explain
work=$(mktemp -d "${TMPDIR:-/tmp}/cgx-explain.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
n=0 failed=0

same() # WANTED GOT NAME
{
	n=$((n + 1))
	if cmp -s "$1" "$2"; then
		echo "ok $n - $3"
	else
		failed=1
		echo "not ok $n - $3"
		diff "$1" "$2" 2>&1 | head -n 20 | sed 's/^/#   /'
	fi
}

for log in "$logs"/*.log; do
	name=${log##*/} name=${name%.log}
	"$explain" "$log" >"$work/txt" 2>"$work/err" </dev/null || echo "status $?" >>"$work/txt"
	sed 's/^[^:]*: /! /' "$work/err" >>"$work/txt"
	"$explain" --json "$log" >"$work/json" 2>/dev/null </dev/null || echo "status $?" >>"$work/json"
	if [ "${1-}" = --update ]; then
		cp "$work/txt" "$logs/$name.txt"
		cp "$work/json" "$logs/$name.json"
	fi
	same "$logs/$name.txt" "$work/txt" "$name"
	same "$logs/$name.json" "$work/json" "$name, JSON"
done

# One log in many forms. Times differ, so that they are left out.
timeless()
{
	sed -e 's/^.*: \(killed \|out of memory\)/\1/'
}
raw=$logs/6.12-v2-kmsg.log
"$explain" "$raw" 2>/dev/null | timeless >"$work/want"
[ "$(grep -c '^killed ' "$work/want")" = 3 ] || echo "Bail out! $raw: not the log that this test needs"

form() # NAME AWK-EXPRESSION of p (priority), s (seconds), x (the text)
{
	awk -F, '/^[0-9]+,[0-9]+,[0-9]+,/ {
		p = $1; s = sprintf("%12.6f", $3 / 1000000); x = substr($0, index($0, ";") + 1)
		print '"$2"'
	}' "$raw" >"$work/log"
	"$explain" - <"$work/log" 2>/dev/null | timeless >"$work/got"
	same "$work/want" "$work/got" "$1"
}
form dmesg '"[" s "] " x'
form "dmesg with callers" '"[" s "][  T4711] " x'
form "dmesg -r" '"<" p ">[" s "] " x'
form "dmesg -x" '"kern  :info  : [" s "] " x'
form "dmesg -d" '"[" s " <    0.000012>] " x'
form "dmesg -T" '"[Mon Nov  2 18:42:06 2026] " x'
form "dmesg -H" '"[Nov 2 18:42] " x'
form "dmesg -H, in the same minute" '"[  +0.000012] " x'
form "dmesg --time-format=iso" '"2026-11-23T18:42:06,255825+00:00 " x'
form "dmesg -t, journalctl -o cat" 'x'
form "journalctl -k" '"Nov 23 18:42:06 cgx-vm kernel: " x'
form "journalctl -o short-precise" '"Nov 23 18:42:06.255825 cgx-vm kernel: " x'
form "journalctl -o short-iso" '"2026-11-23T18:42:06+0000 cgx-vm kernel: " x'
form "journalctl -o short-iso-precise" '"2026-11-23T18:42:06.255825+00:00 cgx-vm kernel: " x'
form "journalctl -o short-full" '"Mon 2026-11-23 18:42:06 UTC cgx-vm kernel: " x'
form "journalctl -o short-monotonic" '"[" s "] cgx-vm kernel: " x'
form "journalctl -o short-unix" '"1795459326.255825 cgx-vm kernel: " x'
form "syslog" '"Nov  3 18:42:06 cgx-vm kernel: [" s "] " x'
form "syslog, precise" '"2026-11-23T18:42:06.255825Z cgx-vm kernel: [" s "] " x'
form "syslog of busybox" '"Nov  3 18:42:06 cgx-vm kern.warn kernel: [" s "] " x'
form "logread of OpenWrt" '"Mon Nov 23 18:42:06 2026 kern.warn kernel: [" s "] " x'
form "a tag alone" '"kernel: " x'
form "line ends of DOS" '"[" s "] " x "\r"'

# What another program says in the same words is no report.
form_none() # NAME AWK-EXPRESSION
{
	cp "$work/want" "$work/kept"
	: >"$work/want"
	form "$1" "$2"
	cp "$work/kept" "$work/want"
}
form_none "another program's lines" '"Nov 23 18:42:06 cgx-vm app[7]: " x'
form_none "another program that quotes the kernel" '"Nov 23 18:42:06 cgx-vm app[7]: kernel: [" s "] " x'
form_none "user space in dmesg -x" '"user  :notice: [" s "] " x'
form_none "user space in dmesg -r" '"<14>[" s "] " x'

# Not a log at all, and none.
"$explain" /nonexistent >"$work/out" 2>"$work/err"
echo "$? $(cat "$work/out")$(cat "$work/err")" >"$work/got"
echo "1 explain: /nonexistent: open: No such file or directory" >"$work/wanted"
same "$work/wanted" "$work/got" "a file that is not there"
head -c 300000 /dev/urandom >"$work/log"
"$explain" "$work/log" >"$work/got" 2>"$work/err"
echo "$?" >>"$work/got"
echo 0 >"$work/wanted"
same "$work/wanted" "$work/got" "a file of noise"
echo "1..$n"
exit "$failed"
