#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# An include points to the same or a lower row, one dependency is used by one file, one file does the file access.
. "${0%/*}/lib.sh"

# "FILE HEADER" for each include in quotes or <>.
files '*.c' '*.h' | grep -e '^libcgx/' -e '^tools/' | while IFS= read -r f; do
	sed -n "s|^[ 	]*#[ 	]*include[ 	]*[<\"]\([^>\"]*\)[>\"].*|$f \1|p" "$f"
done >"$work/includes"

awk '$1 ~ /^libcgx\/util\// && $2 ~ /^(cgx|private|util\/\.\.)/' "$work/includes" |
	ok 'libcgx/util knows nothing of cgroups'
awk '$1 ~ /^libcgx\// && $2 ~ /(ui\/|tools\/|compat\/|json|libcgroup|smartcols|curses)/' "$work/includes" |
	ok 'libcgx includes nothing of the tools'
awk '$1 ~ /^tools\// && $2 ~ /(^|\/)(private|codec|ctl|kmsg|trace|log_line|oom_line|oom_log)\.h$/' "$work/includes" |
	ok 'the tools include cgx.h only'
awk '$1 ~ /^tools\/ui\// && $2 ~ /^(exec|oom|top|sandbox|compat|tools)\//' "$work/includes" |
	ok 'tools/ui includes no tool'
for rule in 'libcgroup\.h <compat/libcgroup.c>' '^systemd/sd- <systemd/bus.c>' 'json-c/ <ui/json.c>' 'libsmartcols <ui/table.c>' 'curses|^term\.h <top/terminal.c>' \
	'sys/capability <sandbox/capabilities.c>' '^seccomp\.h <sandbox/seccomp_compile.c>' 'libmnl <sandbox/netlink.c>' \
	'netfilter/nf_tables <sandbox/nftables.h>' '^archive <sandbox/layers.c>'; do
	header=${rule%% <*} owner=${rule#*<} owner=tools/${owner%>}
	awk -v h="$header" -v o="$owner" '$2 ~ h && $1 != o && !($2 == "compat/libcgroup.h")' "$work/includes" |
		ok "only $owner includes ${header#^}"
done

awk '$1 != "libcgx/sample_bpf.c" && $1 != "libcgx/sample.bpf.c" && $2 ~ /^(bpf\/|linux\/bpf\.h)/ && $1 != "tools/rules/execs.c"' "$work/includes" |
	ok 'only the sampler includes libbpf, only it and execs.c linux/bpf.h'

# Rows, lowest first. A file may use private functions of its own row and of rows below.
cat >"$work/rows" <<-'END'
	fs 1
	text 1
	proc 1
	context 2
	layout 2
	hier_v1 2
	hier_v2 2
	setting 3
	setting_check 3
	codec 3
	codec_cpu 3
	codec_io 3
	codec_memory 3
	group 4
	value 4
	explain 4
	task 4
	stop 4
	walk 4
	effective 4
	kmsg 4
	log_line 1
	oom_line 1
	oom_table 3
	oom_report 3
	oom_log 4
	trace_parse 1
	unit_name 1
	unit 4
	trace 4
	plan 5
	plan_apply 5
	start 5
	sample 5
	sample_file 5
	sample_node 5
	sample_tree 5
	sample_bpf 5
	sample_seen 5
	watch 5
	watch_tree 5
	watch_count 5
	watch_who 5
	config 5
	rules 5
	rules_parse 3
END
files 'libcgx/*.c' | sed -n 's,^libcgx/\([a-z0-9_]*\)\.c$,\1,p' | while read -r f; do
	grep -q "^$f " "$work/rows" || echo "libcgx/$f.c: give it a row in tests/check/layers.t"
done | ok 'every file of libcgx has a row'

if [ -d "$build/libcgx/.libs" ] && command -v nm >/dev/null; then
	find "$build/libcgx/.libs" -name '*.o' | while IFS= read -r o; do
		name=${o##*/} name=${name#libcgx_all_la-}
		nm "$o" | awk -v f="${name%.o}" 'NF == 2 && $1 == "U" { print "U", f, $2 } NF == 3 && $2 ~ /[TR]/ { print "T", f, $3 }'
	done >"$work/symbols"
	awk '
		FNR == NR && FILENAME ~ /rows/ { row[$1] = $2; next }
		$1 == "T" { at[$3] = $2; next }
		{ use[++n] = $2 " " $3 }
		END {
			for (i = 1; i <= n; i++) {
				split(use[i], u, " ")
				if (u[2] in at && row[at[u[2]]] > row[u[1]] && u[1] in row)
					print u[1] ".c uses " u[2] "() of " at[u[2]] ".c, a row above"
			}
		}' "$work/rows" "$work/symbols" | sort -u >"$work/upward"
	# Known: the ops of a hierarchy add steps to the plan they are handed; layout.c asks the tables for the names of
	# controllers; cgx_set_value() is a plan of one step, and a plan is read through by what is planned after.
	grep -v -x -e 'hier_v[12]\.c uses plan_[a-z_]*() of plan\.c, a row above' \
		-e 'layout\.c uses setting_table_of() of setting\.c, a row above' \
		-e 'value\.c uses [a-z_]*plan_[a-z_]*() of plan\(_apply\)*\.c, a row above' "$work/upward" |
		ok 'no call goes to a row above'
	# The file system is touched by fs.c; start.c clones, kmsg.c follows /dev/kmsg through it.
	grep -E ' (open|open64|openat|openat64|creat|fopen|fopen64|opendir|mkdir|mkdirat|rmdir|unlink|unlinkat|rename|stat|lstat|fstatat|access|faccessat|readlink|chown|fchownat|chmod|fchmodat)$' "$work/symbols" |
		awk '$1 == "U" && $2 != "fs" { print $2 ".c calls " $3 "()" }' | ok 'only fs.c touches files'
	grep -E ' (printf|puts|putchar|fprintf|vprintf|perror|exit|_Exit|abort|signal|sigaction|getenv|secure_getenv|setenv|__printf_chk|__fprintf_chk)$' "$work/symbols" |
		awk '$1 == "U" { print $2 ".c calls " $3 "()" }' | ok 'libcgx never prints, exits, handles signals or reads the environment'
else
	skip 'no call goes to a row above' 'no objects or no nm'
	skip 'only fs.c touches files' 'no objects or no nm'
	skip 'libcgx never prints, exits, handles signals or reads the environment' 'no objects or no nm'
fi

so=$build/.libs/libcgx.so
if [ -e "$so" ] && command -v readelf >/dev/null; then
	readelf -d "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v -e '^libc\.so' -e '^ld-linux' -e '^lib[atu]*san' -e '^libubsan' -e '^libm\.so' -e '^libgcc_s' |
		ok 'libcgx.so needs libc alone'
else
	skip 'libcgx.so needs libc alone' 'no shared library or no readelf'
fi
finish
