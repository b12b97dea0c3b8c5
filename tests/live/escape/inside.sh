# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of ways out share; sourced by each after ../lib.sh. Each row is a way out of a container that was found in
# some runtime; a row that could pass because nothing happened is held against a weaker runtime as well: "(...)".
# shellcheck disable=SC2034,SC2154 # they are for whoever sources this; tmp is lib.sh's
# shellcheck source=../sandbox.sh
. "$lib_live/sandbox.sh"
need_helpers probe hog
probe=$(shown "$(helper probe)") hog=$(shown "$hog")
program=$(command -v cgx-sandbox)

start() # NAME OPTIONS ROOT COMMAND...: in the background
{
	start_name=$1
	shift
	cgx-sandbox run -d --name "$N-$start_name" "$@" >/dev/null
}
sum() { sha256sum <"$program" | cut -c 1-64; }
was=$(sum)
chmod 755 "$tmp"
mkdir "$tmp/canary" "$tmp/vol"
chmod 777 "$tmp/vol"

own_root() # DIRECTORY: a root with busybox in it, 1 where there is none
{
	have busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1 || return 1
	mkdir -p "$1/bin" "$1/etc" && cp "$(command -v busybox)" "$1/bin/busybox" && ln -sf busybox "$1/bin/sh"
	chmod -R a+rX "$1"
}
