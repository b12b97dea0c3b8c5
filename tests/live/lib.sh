# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the live tests share; sourced by each *.t. TAP goes to stdout, the plan comes last.
#
# A test makes groups named $T or below $T, or $T-something at the root, and nothing else; whatever it leaves is
# killed and removed at the end, here, without the tools under test. mount_of, dir_of and in_kernel look at the
# kernel directly: they are what the tools' answers are held against.
# What was started in the background by a shell may ignore interrupts, which no shell can undo: these tests send some.
if [ -z "${CGX_SIGNALS-}" ] && ! sh -c 'grep "^SigIgn:" /proc/self/status' 2>/dev/null | grep -q '[08]$' &&
	env --default-signal=HUP,INT,QUIT true 2>/dev/null; then
	CGX_SIGNALS=1 exec env --default-signal=HUP,INT,QUIT sh "$0" "$@"
fi
export LC_ALL=C
lib_live=$(dirname "$0") # or a folder below it
[ -f "$lib_live/tap.sh" ] || lib_live=$lib_live/..
# shellcheck source=tap.sh
. "$lib_live/tap.sh"

T=cgxt-$$-t
status=0 out='' err=''
tmp=$(mktemp -d /tmp/cgxt.XXXXXX) || exit 1
pids='' pid=''
slower=1
[ -z "${CGX_VM-}" ] || slower=4

# ---- more of TAP ---------------------------------------------------------------------------------

isnt() # GOT UNWANTED NAME
{
	if [ "$1" != "$2" ]; then pass "$3"; else fail "$3" "got: $1"; fi
}

like() # TEXT ERE NAME: some line matches
{
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then pass "$3"; else fail "$3" "got:  $1" "want: /$2/"; fi
}

unlike() # TEXT ERE NAME
{
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then fail "$3" "got: $1" "unwanted: /$2/"; else pass "$3"; fi
}

num() # GOT OPERATOR WANT NAME: as test(1) compares, -le and so on
{
	if test "${1:-none}" "$2" "$3" 2>/dev/null; then pass "$4"; else fail "$4" "got: ${1:-nothing}, want: $2 $3"; fi
}

ok() # NAME COMMAND...
{
	run_name=$1
	shift
	if "$@"; then pass "$run_name"; else fail "$run_name" "failed: $*"; fi
}

not() # COMMAND...
{
	! "$@"
}

run() # COMMAND...: sets status, out, err. At most two minutes.
{
	timeout -k 5 120 "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	out='' err=''
	[ ! -s "$tmp/out" ] || out=$(cat "$tmp/out")
	[ ! -s "$tmp/err" ] || err=$(cat "$tmp/err")
}

exits() # STATUS NAME COMMAND...: run it
{
	run_want=$1
	run_name=$2
	shift 2
	run "$@"
	if [ "$status" = "$run_want" ]; then
		pass "$run_name"
	else
		fail "$run_name" "command: $*" "status:  $status, want $run_want" "stdout:  $out" "stderr:  $err"
	fi
}

# After run: stderr is "TOOL: OBJECT: ACTION: CAUSE", one line, and what follows is a remedy, indented.
one_line() # NAME
{
	if printf '%s\n' "$err" | awk '
		NR == 1 && !/^[a-z-]+: ./ { bad = 1 }
		NR > 1 && !/^  [^ ]/ { bad = 1 }
		/[\001-\010\013-\037\177]/ { bad = 1 }
		END { exit bad || NR == 0 || NR > 3 }'; then
		pass "$1"
	else
		fail "$1" "stderr: $err"
	fi
}

with_remedy() # NAME: one_line, and the remedy is there
{
	if [ "$(printf '%s\n' "$err" | grep -c '^  [^ ]')" -gt 0 ]; then
		one_line "$1"
	else
		fail "$1" "no remedy line in: $err"
	fi
}

json() # NAME TEXT JQ-EXPRESSION: it is true of the text
{
	if ! have jq; then
		skip "no jq here" "$1"
	elif printf '%s\n' "$2" | jq -e "$3" >/dev/null 2>"$tmp/jq"; then
		pass "$1"
	else
		fail "$1" "json: $2" "expression: $3" "$(cat "$tmp/jq")"
	fi
}

# ---- the machine ---------------------------------------------------------------------------------

need_root()
{
	[ "$(id -u)" = 0 ] || skip_all "needs root"
}

have() # PROGRAM
{
	command -v "$1" >/dev/null
}

find_tools()
{
	have cgx-ls && return
	for d in "${CGX_BUILDDIR:-.}" "${abs_top_builddir:-.}" "${top_builddir:-.}" "$(dirname "$0")/../.." ./build; do
		[ -x "$d/tools/cgx-ls" ] || continue
		PATH=$(cd "$d/tools" && pwd):$PATH
		export PATH
		return
	done
	bail "cgx-ls is not in PATH nor in CGX_BUILDDIR"
}

# As by one who ignores the end of his children; not by way of a shell, libtool's around a tool least of all, which minds them.
ignoring_children() # TOOL ARGUMENT...: sets status, out, err; 1 there is no such env(1)
{
	ic_tool=$(command -v "$1")
	ic_from=$(dirname "$ic_tool")
	[ ! -x "$ic_from/.libs/$1" ] || ic_tool=$ic_from/.libs/$1
	shift
	env --ignore-signal=CHLD true 2>/dev/null || return 1
	run timeout 60 env --ignore-signal=CHLD LD_LIBRARY_PATH="$ic_from/../.libs:${LD_LIBRARY_PATH-}" "$ic_tool" "$@"
}

# Nobody can execute the tools from here on: where the build tree is closed to him, there are copies.
open_tools()
{
	chmod 755 "$tmp"
	have setpriv || return 0
	setpriv --reuid 65534 --regid 65534 --clear-groups cgx-ls --version >/dev/null 2>&1 && return
	ot_from=$(dirname "$(command -v cgx-ls)")
	[ -e "$ot_from/../.libs/libcgx.so.0" ] || return 0
	mkdir "$tmp/tools"
	cp -L "$ot_from"/.libs/cgx-* "$ot_from/../.libs/libcgx.so.0" "$tmp/tools"
	PATH=$tmp/tools:$PATH
	LD_LIBRARY_PATH=$tmp/tools
	export PATH LD_LIBRARY_PATH
}

helper() # NAME: print the path of a helper program
{
	for d in "${CGX_BUILDDIR:-.}/tests/live" "${abs_top_builddir:-.}/tests/live" "${top_builddir:-.}/tests/live" \
		"$lib_live" ./build/tests/live; do
		if [ -f "$d/$1" ] && [ -x "$d/$1" ]; then
			echo "$(cd "$d" && pwd)/$1"
			return
		fi
	done
	echo "/nonexistent/$1"
}

need_helpers() # NAME...: sets the variables hog, bomb, threads, spin, victims, ear, latency
{
	for h; do
		case $(helper "$h") in
		/nonexistent/*) bail "tests/live/$h is not built: make check_PROGRAMS" ;;
		esac
	done
	# shellcheck disable=SC2034
	hog=$(helper hog) bomb=$(helper bomb) threads=$(helper threads) spin=$(helper spin)
	# shellcheck disable=SC2034
	victims=$(helper victims) ear=$(helper ear) latency=$(helper latency)
}

# Read once: "MOUNTPOINT OPTIONS" of v1 hierarchies, the v2 tree, all mount points.
read_mounts()
{
	V1=$(awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { if ($(i + 1) == "cgroup") print $5, $NF; break } }' \
		/proc/self/mountinfo)
	V2=$(awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { if ($(i + 1) == "cgroup2") { print $5; exit } break } }' \
		/proc/self/mountinfo)
	V2_CONTROLLERS=
	[ -z "$V2" ] || V2_CONTROLLERS=$(cat "$V2/cgroup.controllers")
	MOUNTS=$({
		echo "$V1" | cut -d' ' -f1
		echo "$V2"
	} | sed '/^$/d' | sort -u)
}

all_mounts() # mount points of all cgroup hierarchies
{
	printf '%s\n' "$MOUNTS"
}

v1_mount() # KERNEL-NAME
{
	while read -r where options; do
		case ",$options," in
		*",$1,"*)
			echo "$where"
			return ;;
		esac
	done <<-END
	$V1
	END
}

kernel_name() # CONTROLLER: its name on v1
{
	case $1 in
	io) echo blkio ;;
	*) echo "$1" ;;
	esac
}

v2_has() # CONTROLLER
{
	case " $V2_CONTROLLERS " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

version_of() # CONTROLLER: 1, 2 or nothing
{
	if [ -n "$(v1_mount "$(kernel_name "$1")")" ]; then
		echo 1
	elif v2_has "$1" || { [ "$1" = freezer ] && [ -n "$V2" ]; }; then
		echo 2
	fi
}

mount_of() # CONTROLLER
{
	mount_found=$(v1_mount "$(kernel_name "$1")")
	if [ -z "$mount_found" ] && { v2_has "$1" || [ "$1" = freezer ]; }; then
		mount_found=$V2
	fi
	echo "$mount_found"
}

has() # CONTROLLER: it is mounted somewhere
{
	[ -n "$(mount_of "$1")" ]
}

dir_of() # CONTROLLER GROUP
{
	echo "$(mount_of "$1")/$2"
}

in_kernel() # CONTROLLER GROUP V1FILE V2FILE: the content of the file that this host has
{
	if [ "$(version_of "$1")" = 1 ]; then cat "$(dir_of "$1" "$2")/$3"; else cat "$(dir_of "$1" "$2")/$4"; fi
}

procs_of() # CONTROLLER GROUP
{
	cat "$(dir_of "$1" "$2")/cgroup.procs" 2>/dev/null
}

group_of() # CONTROLLER PID: its path, without a leading /
{
	if [ "$(version_of "$1")" = 1 ]; then
		sed -n "s,^[0-9]*:\\([^:]*\\,\\)\\{0\\,1\\}$(kernel_name "$1")\\(\\,[^:]*\\)\\{0\\,1\\}:/,,p" "/proc/$2/cgroup"
	else
		sed -n 's,^0::/,,p' "/proc/$2/cgroup"
	fi
}

# ---- what is there -------------------------------------------------------------------------------

our_tops() # our groups at the root of each hierarchy
{
	for m in $MOUNTS; do
		for d in "$m/$T"*; do
			[ ! -d "$d" ] || echo "$d"
		done
	done
}

tree() # our groups in every hierarchy, one a line
{
	# shellcheck disable=SC2046
	set -- $(our_tops)
	[ $# = 0 ] || find "$@" -type d 2>/dev/null | sort
}

state() # tree, and what every limit of ours says, and who is where
{
	# shellcheck disable=SC2046
	set -- $(our_tops)
	[ $# = 0 ] || find "$@" -type d -printf '%p %U:%G %m\n' -o -type f \( -name memory.max -o -name memory.high \
		-o -name memory.swap.max -o -name 'memory.*limit_in_bytes' -o -name pids.max -o -name cpu.max \
		-o -name cpu.weight -o -name cpu.shares -o -name cpu.cfs_quota_us -o -name cpu.cfs_period_us \
		-o -name cgroup.procs -o -name cgroup.type -o -name cgroup.subtree_control \) -exec grep -H '' {} + 2>/dev/null |
		sort
}

disable_again() # WAS: switch off in the v2 root what a test enabled there and no other test here needs
{
	for c in hugetlb rdma misc; do
		case " $1 " in
		*" $c "*) ;;
		*) [ -z "$V2" ] || echo "-$c" >"$V2/cgroup.subtree_control" ;;
		esac
	done 2>/dev/null
}

takes_processes() # GROUP, with processes below: v2 does not keep them out of it ("no internal processes")
{
	[ -z "$V2" ] || [ ! -e "$V2/$1/cgroup.subtree_control" ] || [ -z "$(cat "$V2/$1/cgroup.subtree_control")" ]
}

alive() # PID: it runs, and is no zombie
{
	[ -r "/proc/$1/stat" ] && ! sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | grep -q '^[ZX]'
}

wait_for() # SECONDS COMMAND...: until the command succeeds; an emulated machine has four times as long
{
	wait_end=$(($(date +%s) + $1 * slower))
	shift
	until "$@"; do
		[ "$(date +%s)" -le "$wait_end" ] || return 1
		sleep 0.05
	done
}

is_empty() # GROUP: no process in it or below, in any hierarchy
{
	[ -z "$(all_mounts | while read -r m; do
		[ ! -d "$m/$1" ] || find "$m/$1" -name cgroup.procs -exec cat {} + 2>/dev/null
	done)" ]
}

is_gone() # GROUP: no directory in any hierarchy
{
	for m in $(all_mounts); do
		[ ! -d "$m/$1" ] || return 1
	done
}

is_childless() # GROUP: no group below it, in any hierarchy
{
	for m in $(all_mounts); do
		[ ! -d "$m/$1" ] || [ -z "$(find "$m/$1" -mindepth 1 -type d)" ] || return 1
	done
}

running() # FILE: how many processes execute it
{
	find /proc -maxdepth 2 -name exe -lname "$1" 2>/dev/null | grep -c .
}

exists() # GROUP CONTROLLER...
{
	exists_path=$1
	shift
	for c; do
		[ -d "$(dir_of "$c" "$exists_path")" ] || return 1
	done
}

background() # COMMAND...: start it; $! is remembered for the end
{
	"$@" &
	pids="$pids $!"
}

# shellcheck disable=SC2034
sleeper() # start a process that does nothing; sets pid
{
	background sleep 300
	pid=$!
}

# ---- the end -------------------------------------------------------------------------------------

empty() # DIRECTORY: kill what is in it
{
	if [ -w "$1/cgroup.kill" ]; then
		echo 1 >"$1/cgroup.kill"
	fi
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ ! -w "$1/freezer.state" ] || echo THAWED >"$1/freezer.state"
		[ ! -w "$1/cgroup.freeze" ] || echo 0 >"$1/cgroup.freeze"
		p=$(cat "$1/cgroup.procs" "$1/cgroup.threads" 2>/dev/null)
		[ -n "$p" ] || return 0
		# shellcheck disable=SC2086
		kill -KILL $p
		sleep 0.05
	done
} 2>/dev/null

clean_up()
{
	trap - EXIT INT TERM HUP
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
	wait
	tree | sort -r | while IFS= read -r d; do
		empty "$d"
		rmdir "$d" 2>/dev/null || { sleep 0.1; rmdir "$d"; }
	done
	# a test that ended early may have mounted something here, and what is mounted is nobody's to remove
	awk -v below="$tmp/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while IFS= read -r d; do
		umount -l "$d"
	done
	rm -rf "$tmp"
}

trap clean_up EXIT
trap 'exit 130' INT TERM HUP
read_mounts
find_tools
# shellcheck disable=SC2034
LAYOUT=$(cgx-ls --layout) || bail "cgx-ls --layout fails"
