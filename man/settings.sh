#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# settings.sh CGX-LS FRAME - print the frame, cgx-settings.7.scd.in, with the settings table as this cgx-ls has it
# where the frame says @SETTINGS@: a section for each controller, an entry for each setting.
set -eu
table=$("$1" --settings --json --output NAME,V1,KIND,FLAGS,HELP,NOTE)
[ -n "$table" ] || { echo "settings.sh: $1 printed no settings" >&2; exit 1; }
printf '%s\n' "$table" | awk '
	# scdoc would take these for formatting
	function escape(s) { gsub(/[\\*_]/, "\\\\&", s); return s }
	function text(line) {
		sub(/^ *"[a-z0-9_]*": "?/, "", line)
		sub(/"?,?$/, "", line)
		gsub(/\\"/, "\"", line)
		return line
	}
	function access(flags, words) {
		words = flags ~ /r/ ? (flags ~ /w/ ? "read and written" : "read") : flags ~ /w/ ? "written" : "neither read nor written"
		if (flags ~ /l/) words = words ", a limit"
		if (flags ~ /c/) words = words ", a counter"
		if (flags ~ /a/) words = words ", an action"
		if (flags ~ /~/) words = words ", may be rounded"
		return words
	}
	# cgroup.* and what stands between, by what is before the dot
	function section(name) {
		if (name !~ /[.]/ || name ~ /^(cgroup|irq)[.]/)
			return "CORE"
		sub(/[.].*/, "", name)
		return toupper(name)
	}
	function put(heading, entry) {
		heading = section(name)
		if (!(heading in entries)) order[++headings] = heading
		gsub(/,/, ", ", v1)
		entry = sprintf("*%s* (%s; %s; ", escape(name), kind, access(flags))
		entry = entry (v1 == "" || v1 == "null" ? "v2 alone" : "v1: " escape(v1)) ")\n\t" escape(help)
		if (note != "" && note != "null") entry = entry ".++\n" escape(note)
		entries[heading] = entries[heading] entry "\n\n"
	}
	/^ *"name":/ { name = text($0) }
	/^ *"v1":/ { v1 = text($0) }
	/^ *"kind":/ { kind = text($0) }
	/^ *"flags":/ { flags = text($0) }
	/^ *"help":/ { help = text($0) }
	/^ *"note":/ { note = text($0); put() }
	END {
		for (i = 1; i <= headings; i++)
			printf "## %s\n\n%s", escape(order[i]), entries[order[i]]
		exit !headings
	}
' | awk '
	# the frame, with what comes in between
	FILENAME == "-" { settings = settings $0 "\n"; next }
	$0 == "@SETTINGS@" { printf "%s", settings; next }
	{ print }
' - "$2"
