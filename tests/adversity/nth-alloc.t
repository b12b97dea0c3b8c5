#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The nth allocation fails, for each n until none does: a tool never crashes, says that memory is short and exits 1
# (cgx-exec 125), or does its work all the same. On recorded machines; nothing of the tree may be half written.
set -u

here=$(cd "$(dirname "$0")" && pwd)
build=${CGX_BUILDDIR:?is the build tree}
limit=${NTH_LIMIT:-1500}
work=$(mktemp -d "${TMPDIR:-/tmp}/cgx-nth.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
count=0
if nm "$build"/libcgx/.libs/*context.o 2>/dev/null | grep -q __asan; then
	echo '1..0 # SKIP a sanitizer brings its own malloc'
	exit 0
fi
preload=$build/tests/adversity/.libs/libnth-alloc.so
if [ ! -e "$preload" ]; then
	preload=$work/nth-alloc.so
	"${CC:-cc}" -O2 -shared -fPIC -o "$preload" "$here/nth-alloc.c" || { echo '1..0 # SKIP no compiler' && exit 0; }
fi
export LD_LIBRARY_PATH=$build/.libs
for t in legacy hybrid unified user; do
	sh "$here/../trees/unpack" "$here/../trees/$t.tree" "$work/$t"
done

# Files that differ in more than a final newline (a value that is put back has none).
differ()
{
	diff -rq --no-dereference "$1" "$2" | while read -r line; do
		case $line in
		'Files '*' differ')
			a=${line#Files } a=${a%% and *} b=${line##* and } b=${b% differ}
			[ "$(cat "$a")" = "$(cat "$b")" ] || echo "${b#"$2"} is now $(cat "$b")" ;;
		*) echo "$line" ;;
		esac
	done >"$work/diff"
	[ -s "$work/diff" ]
}

try() # TREE TOOL ARGUMENTS
{
	local tree=$1 tool=$2 n out status problems=0 writes=1 step=1
	shift 2
	case " $* " in
	*' --dry-run '*) writes='' ;;
	esac
	case $tool in
	cgx-get | cgx-ls | cgx-oom-watch | cgx-top) writes='' ;;
	esac
	rm -rf "$work/run" && cp -a "$work/$tree" "$work/run"
	for ((n = 1; n < limit; n += step)); do
		rm -f "$work/log"
		[ -z "$writes" ] || { rm -rf "$work/run" && cp -a "$work/$tree" "$work/run"; }
		out=$(CGX_NTH_ALLOC=$n CGX_NTH_LOG=$work/log CGX_ROOT=$work/run timeout 20 env LD_PRELOAD="$preload" \
			"$build/tools/.libs/$tool" "$@" 2>&1 >"$work/out")
		status=$?
		[ -e "$work/log" ] || break
		# What comes late is one item after another in the same loop.
		[ "$n" -lt 100 ] || step=17
		case $status in
		0) ;; # it could do without
		1 | 125)
			case $out in
			*[Mm]emory*) ;;
			*) echo "#   n=$n: exit $status and no word of memory: $out" && problems=$((problems + 1)) ;;
			esac
			if [ -n "$writes" ] && differ "$work/$tree" "$work/run"; then
				sed "s/^/#   n=$n: left: /" "$work/diff" | head -n 3
				problems=$((problems + 1))
			fi ;;
		124) echo "#   n=$n: hangs" && problems=$((problems + 1)) ;;
		*) echo "#   n=$n: exit $status: $out" && problems=$((problems + 1)) ;;
		esac
	done
	if [ -z "$writes" ] && differ "$work/$tree" "$work/run"; then
		sed "s/^/#   left: /" "$work/diff" | head -n 3
		problems=$((problems + 1))
	fi
	count=$((count + 1))
	[ "$problems" = 0 ] || printf 'not '
	echo "ok $count - $tool $* ($tree): up to the ${n}th allocation"
}

for t in legacy hybrid unified; do
	try "$t" cgx-get -r memory.max -r cpu.max web
	try "$t" cgx-ls -t -p
	try "$t" cgx-set --dry-run web memory.max=64M cpu.max=50% pids.max=5
	try "$t" cgx-create --dry-run -c memory,pids -r memory.max=1M new/a
done
cat >"$work/conf" <<-'END'
	group web { perm { admin { uid = 0; dperm = 750; } } memory { memory.max = 64M; } pids { pids.max = 5; pids.max = 6; } }
	group db { cpuset { cpuset.cpus = 0; } pids { pids.max = 7; } }
END
try hybrid cgx-apply --dry-run "$work/conf"
try hybrid cgx-apply "$work/conf"
try unified cgx-apply "$work/conf"
try unified cgx-get web
try unified cgx-get -e -r memory.max web/api
try hybrid cgx-get --json -r 'memory.*' web
try hybrid cgx-ls -o NAME,MEMORY,PROCS --json
try hybrid cgx-ls --controllers
try unified cgx-ls --settings
try unified cgx-set web memory.max=64M pids.max=5
try unified cgx-delete --dry-run -r --migrate web
try unified cgx-move --dry-run db 201 202
try unified cgx-exec --dry-run --name run --memory 64M true
try user cgx-ls -u
try user cgx-exec --dry-run --name run --memory 64M --cpu 50% --io '8:0 rbps=1M' true
try user cgx-create --dry-run --systemd=yes -r memory.max=64M -r cpu.max=5000/20000 new
try user cgx-create --dry-run --make-leaf -c memory user.slice/user-1000.slice/user@1000.service/new
try unified cgx-oom-watch --since-start --json --timeout 0 --kinds kill,fork,limit,removed
try hybrid cgx-oom-watch --kinds fork --timeout 0
try unified cgx-oom-watch --timeout 0 web
export HOME=$work XDG_CONFIG_HOME=
try hybrid cgx-top --csv -n 2 -d 1ms web
try unified cgx-top --json -n 2 -d 1ms --record /dev/null
try unified cgx-top --openmetrics -d 1ms --flat --filter web
try legacy cgx-top --batch -n 1 -d 1ms --sort MEMORY
LD_LIBRARY_PATH=$build/.libs CGX_ROOT=$work/hybrid "$build/tools/.libs/cgx-top" --csv -n 2 -d 1ms --record "$work/record" >/dev/null
try hybrid cgx-top --csv --replay "$work/record"
echo "1..$count"
