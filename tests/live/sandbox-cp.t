#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox cp: files into a sandbox and out of it, and nothing beside, whatever links and names are in it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$lib_live/sandbox.sh"

c() { run timeout 60 cgx-sandbox cp "$@"; }
inside() { run timeout 20 cgx-sandbox exec "$N" sh -c "$1"; }
told() # STATUS ERE NAME
{
	is "$status" "$1" "$3"
	like "$err" "$2" "$3: told"
}
canary=$tmp/canary
mkdir "$canary" "$tmp/here"
cd "$tmp/here" || bail "no place to work in"
up=../../../../../../../../..
run timeout 20 cgx-sandbox run -d --rm --own-root --name "$N" / sh -c "
	mkdir -p /tmp/d/e && echo in >/tmp/d/f && ln -s $canary /tmp/out && ln -s $up$canary /tmp/out2 && ln -s f /tmp/d/link
	mkdir -p $canary && cp /bin/true /tmp/d/suid && chmod 6755 /tmp/d/suid && mkfifo /tmp/d/fifo && echo up >/tmp/ready
	sleep 300"
is "$status" 0 "a sandbox"
for _ in 1 2 3 4 5 6 7 8 9 10; do
	inside 'cat /tmp/ready'
	[ "$out" != up ] || break
	sleep 0.2
done

c "$N:/tmp/d" copy
is "$status:$err" "0:" "a folder out"
is "$(cat copy/f; readlink copy/link; stat -c %u:%a copy/f)" "in
f
0:644" "with what is in it"
is "$(stat -c %a copy/suid)" 755 "without set-id bits"
ok "and what is empty" test -d copy/e
c "$N:/tmp/d/f" copy/e
is "$(cat copy/e/f)" in "a file into a folder that is there"
c "$N:/tmp/d/f" name
is "$(cat name)" in "a file under another name"
c "$N:/tmp/out" .
is "$(readlink out)" "$canary" "a link is copied as one"
c "$N:/tmp/out/../etc/hostname" host
is "$status" 1 "a link on the way leads within the root"

mkdir -p src/deep
echo one >src/deep/file
ln -s /etc/passwd src/link
chmod 600 src/deep/file
c src "$N:/tmp/in"
is "$status:$err" "0:" "a folder in"
inside 'cat /tmp/in/deep/file; stat -c %u:%a /tmp/in/deep/file; readlink /tmp/in/link'
is "$out" "one
0:600
/etc/passwd" "root inside has it"
c src/deep/file "$N:/tmp/in/"
inside 'cat /tmp/in/file'
is "$out" one "a file in"
for link in out out2; do
	c src/deep/file "$N:/tmp/$link/x"
	is "$status" 0 "through a link that leads out: $link"
	is "$(find "$canary" | wc -l)" 1 "nothing lies outside"
	inside "cat $canary/x && rm $canary/x"
	is "$out" one "but within the root"
done
c src/deep/file "$N:/proc/1/root/tmp/x"
isnt "$status" 0 "not through /proc/1/root"
c src/deep/file "$N:/proc/self/cwd/x"
isnt "$status" 0 "nor /proc/self"

mkdir -p copy2/d/f
c "$N:/tmp/d" copy2
told 1 'directory' "a file takes no folder's place"
ok "which stays" test -d copy2/d/f
rm -r copy2 && mkdir -p copy2/d && ln -s "$canary" copy2/d/e
c "$N:/tmp/d" copy2
told 1 'directory' "a folder takes no link's place"
c src/deep/file "$N:/tmp/d"
inside 'cat /tmp/d/file && test -d /tmp/d'
is "$status" 0 "a file onto a folder goes into it"
c "$N:/nothing" x
told 1 "^cgx-sandbox cp: $N:/nothing: copy: No such file" "what is not there"
c "$N:/tmp/nothing/" x
told 1 "^cgx-sandbox cp: $N:/tmp/nothing: copy: No such file" "nor there"
c "$N:nothing" x
told 1 "^cgx-sandbox cp: $N:/nothing: copy: No such file" "nor in the root"
c src/nothing "$N:/tmp"
told 1 '^cgx-sandbox cp: src/nothing: copy: No such file' "what is not here"
c nothing "$N:/tmp"
told 1 '^cgx-sandbox cp: ./nothing: copy: No such file' "nor in the folder that one is in"
printf begin >sparse && truncate -s 512M sparse && printf end >>sparse
c sparse "$N:/tmp/"
is "$status" 0 "a file with a hole"
inside 'tail -c 3 /tmp/sparse; stat -c "%s %b" /tmp/sparse' && set -- $out
is "${1-}" end536870915 "is copied whole"
num "${2:-999999}" -lt 4096 "with its hole"
inside 'rm /tmp/sparse'
rm sparse
c "$N:/" x
told 1 'name the folder' "the whole root"
c a b
is "$status" 2 "two places of the host"
c "$N:/a" "$N:/b"
is "$status" 2 "two of sandboxes"
c "$N-none:/a" b
told 1 'no such sandbox' "no such sandbox"
c "$N:/." x
told 1 'name the folder' "nor what is in it"
c "$N:/tmp/d/." contents
is "$status:$(ls contents)" "0:e
f
fifo
file
link
suid" "what is in a folder, as a new one"
c copy/. "$N:/tmp/in"
inside 'cat /tmp/in/f /tmp/in/deep/file'
is "$status:$out" "0:in
one" "what is in a folder, into one that is there"

# ---- archives -----------------------------------------------------------------------------------------
odd=$(printf 'n\303\244\377 \n.')
long=$(printf 'l%.0s' $(seq 200))
mkdir -p "tar/t/$long/$long" && echo deep >"tar/t/$long/$long/file" && echo odd >"tar/t/$odd" && ln -s /etc tar/t/link
echo owned >tar/t/owned && chown 33:44 tar/t/owned && chmod 4750 tar/t/owned && touch -d @1000000000 tar/t/owned
echo far >tar/t/far && chown 4000000:0 tar/t/far && mkfifo tar/t/fifo && truncate -s 3M tar/t/hole
tar -C tar -czf t.tgz t
listed() { (cd "$1" && find . \( -type d -printf '%p %y %m\n' \) -o -printf '%p %y %m %s %l\n' | LC_ALL=C sort); }
run timeout 60 cgx-sandbox cp - "$N:/tmp" <t.tgz
is "$status" 0 "an archive in"
like "$err" '^cgx-sandbox cp: note: standard input: owners that are none in this sandbox: 1 ' "owners that it cannot have are told"
inside 'cd /tmp/t && stat -c %u:%g:%a:%Y owned && stat -c %u:%g far && cat nä* && readlink link'
is "$out" "33:44:4750:1000000000
0:0
odd
/etc" "names, owners, modes and times are those of the archive"
timeout 60 cgx-sandbox cp "$N:/tmp/t" - >back.tar
is "$?" 0 "an archive out"
is "$(tar --numeric-owner -tvf back.tar t/owned | awk '{ print $1, $2 }')" "-rwsr-x--- 33/44" "owners in it are those inside"
mkdir back && tar -C back -xpf back.tar
is "$(listed back)" "$(listed tar)" "it has what went in"
timeout 60 cgx-sandbox cp "$N:/tmp/t/." - | tar -tf - >list
is "$(grep -cx 'owned' list):$(grep -c '^/' list)" 1:0 "what is in a folder, as an archive"
is "$(timeout 60 cgx-sandbox cp "$N:/tmp/d/f" - | tar -xOf - f)" in "a file as an archive"
run timeout 60 cgx-sandbox cp - "$N:/tmp/none" <t.tgz
told 1 "^cgx-sandbox cp: $N:/tmp/none: copy: No such file" "into a folder that is not there"
advised "with what helps"
run timeout 60 cgx-sandbox cp - "$N:/tmp/d/f" <t.tgz
told 1 "^cgx-sandbox cp: $N:/tmp/d/f: copy: Not a directory" "into what is none"
echo none >none
run timeout 60 cgx-sandbox cp - "$N:/tmp" <none
told 1 '^cgx-sandbox cp: standard input: unpack: ' "what is no archive"
head -c 100000 t.tgz | head -c 300 >half
run timeout 60 cgx-sandbox cp - "$N:/tmp" <half
told 1 '^cgx-sandbox cp: standard input: unpack: ' "half an archive"
run timeout 60 cgx-sandbox cp "$N:/tmp/nothing" -
told 1 "^cgx-sandbox cp: $N:/tmp/nothing: copy: No such file" "out of nothing"
c - -
is "$status" 2 "two archives"
run sh -c "timeout 60 cgx-sandbox cp $N:/tmp/t - >/dev/full"
told 1 '^cgx-sandbox cp: standard output: write the archive: .*No space' "onto a full disk"
hostile() # NAME TAR-ARGUMENTS...: does not lead out
{
	what=$1
	shift
	tar -P -cf hostile.tar "$@" 2>/dev/null
	run timeout 60 cgx-sandbox cp - "$N:/tmp/d" <hostile.tar
	is "$(find "$canary" | wc -l)" 1 "an archive with $what: nothing lies outside"
}
hostile "a name with .. in it" --transform "s,none,$up$canary/x," none
told 1 'a name with .. in it' "a name with .. in it"
hostile "an absolute name" --transform "s,none,$canary/x," none
inside "cat /tmp/d$canary/x"
is "$out" none "which is taken below the folder"
ln -s "$canary" way && mkdir -p ways && echo through >ways/x
hostile "a link that leads out, and a name through it" --transform 's,^ways,way,' way ways/x
inside "cat $canary/x"
is "$out" through "which leads within the root"
ln -sfn "$up$canary" way
hostile "the same with .." --transform 's,^ways,way,' way ways/x
ln -sfn "/proc/1/root$canary" way
hostile "the same through /proc" --transform 's,^ways,way,' way ways/x
ln none hard && printf '%s\n' none hard >names
hostile "a hard link to what is outside" --transform "s,^none,$canary/none,;s,^hard,/etc/hostname.x," -T names
inside "rm -rf $canary/* /etc/hostname.x"

# a folder of the sandbox that is a link every other moment
timeout 30 cgx-sandbox exec "$N" sh -c 'mkdir -p /tmp/race; while :; do mv /tmp/race /tmp/r2; ln -s '"$up$canary"' /tmp/race; rm /tmp/race; mv /tmp/r2 /tmp/race; done' \
	>/dev/null 2>&1 &
for _ in $(seq 100); do
	cgx-sandbox cp src/deep/file "$N:/tmp/race/x" 2>/dev/null
	cgx-sandbox cp src "$N:/tmp/race" 2>/dev/null
	cgx-sandbox cp - "$N:/tmp/race" <t.tgz 2>/dev/null
done
is "$(find "$canary" | wc -l)" 1 "a hundred copies while folders become links: nothing lies outside"
# a name that is another file by the time that it is given its mode or its owner
if have strace; then
	echo secret >"$tmp/secret" && chmod 600 "$tmp/secret"
	cgx-sandbox exec -d "$N" sh -c 'mkdir /tmp/swap; while :; do for f in fifo file; do
		if [ -p /tmp/swap/$f ] || [ -f /tmp/swap/$f ] && [ ! -h /tmp/swap/$f ]; then rm -f /tmp/swap/$f; ln -s '"$tmp/secret"' /tmp/swap/$f; fi; done; done'
	mkfifo -m 606 fifo && echo x >file && chmod 606 file
	sleep 0.3
	for what in fifo file; do
		ASAN_OPTIONS=detect_leaks=0 timeout 30 strace -f -o /dev/null -e trace=fchmodat,fchownat,fchmod,fchown \
			-e inject=fchmodat,fchownat,fchmod,fchown:delay_enter=300000 cgx-sandbox cp $what "$N:/tmp/swap/" 2>/dev/null
		is "$(stat -c %a:%u "$tmp/secret")" 600:0 "a $what that becomes a link out while it is copied: what it leads to is as before"
	done
else
	skip "no strace" "a fifo that becomes a link out while it is copied"
fi
cgx-sandbox rm -f "$N" >/dev/null
wait
c "$N:/tmp/d" copy
told 1 'no such sandbox' "one that has ended and is forgotten"

# ---- one that has ended, and is kept ------------------------------------------------------------------
run cgx-sandbox run --name "$N-s" / true
c "$N-s:/etc/passwd" x
told 1 "^cgx-sandbox cp: $N-s: copy: it has ended, and what it wrote over this host's own tree is not kept" "over the host's own tree"
advised "with what helps"
if ! have busybox || ldd "$(command -v busybox)" >/dev/null 2>&1; then
	skip "no static busybox" "out of one that has ended"
	done_testing
fi
rootfs=$tmp/rootfs
mkdir -p "$rootfs/bin" "$rootfs/below"
cp "$(command -v busybox)" "$rootfs/bin/busybox"
ln -s busybox "$rootfs/bin/sh"
echo below >"$rootfs/below/file"
echo gone >"$rootfs/below/gone"
bb() { run cgx-sandbox run --name "$1" "$2" /bin/sh -c "PATH=/bin; busybox --install -s /bin 2>/dev/null; $3"; }
bb "$N-d" "$rootfs" "mkdir -p /tmp/d/e $canary.in; echo in >/tmp/d/f; chmod 6755 /tmp/d/f; ln -s / /tmp/root
	rm /below/gone 2>/dev/null; ls /below
	ln -s $canary /tmp/out; ln -s $up$canary /tmp/out2; ln -s ../tmp/d/e/../../../../tmp/d /tmp/dots"
is "$status:$err" "0:" "one that has ended, with a directory as its root"
below=$out # before Linux 6.3 a tmpfs cannot shift owners: there it could not remove anything
c "$N-d:/tmp/d" ended
is "$status:$err:$(cat ended/f; stat -c %u:%a ended/f; ls ended)" "0::in
0:755
e
f" "a folder out of it"
c "$N-d:/below" ended/below
is "$(ls ended/below):$(cat ended/below/file)" "$below:below" "what lies below is seen, and what it removed is not"
c "$N-d:/tmp/dots/f" ended/dots
is "$(cat ended/dots)" in "links with .. in them lead within the root"
c src/deep/file "$N-d:/below/in"
is "$status:$err" "0:" "a file into it"
c "$N-d:/below/in" ended/in
is "$(cat ended/in)" one "which is there"
ok "and not in the directory" test ! -e "$rootfs/below/in"
is "$(stat -c %u:%g "/var/lib/cgx/layers/$N-d/upper/below/in")" 0:0 "it is root's inside"
run timeout 60 cgx-sandbox cp - "$N-d:/below" <t.tgz
is "$status:$(timeout 60 cgx-sandbox cp "$N-d:/below/t/owned" - | tar --numeric-owner -tvf - | awk '{ print $1, $2 }')" \
	"0:-rwsr-x--- 33/44" "an archive into it, and out of it"
for link in out out2; do
	c src/deep/file "$N-d:/tmp/$link/x"
	told 1 "^cgx-sandbox cp: $N-d:/tmp/$link/x: copy: No such file" "a link that leads out of it does not: $link"
done
is "$(find "$canary" | wc -l)" 1 "and nothing lies outside"
for n in 1 2 3 4 5 6; do
	cgx-sandbox cp src/deep/file "$N-d:/below/at$n" &
done
wait
is "$(find "/var/lib/cgx/layers/$N-d/upper/below" -name 'at?' | wc -l)" 6 "several at a time take turns"
is "$(grep -c "$N" /proc/self/mountinfo)" 0 "no mount is left"
cgx-sandbox rm "$N-d" >/dev/null

run cgx-sandbox run --read-only --name "$N-d" "$rootfs" /bin/sh -c true
c "$N-d:/below/file" ended/read
is "$status:$(cat ended/read)" 0:below "out of one that could write nothing"
c src/deep/file "$N-d:/below/"
told 1 'Read-only file system' "and nothing into it"
cgx-sandbox rm "$N-d" >/dev/null

tar -C "$rootfs" -cf "$tmp/image.tar" .
run cgx-sandbox import "$tmp/image.tar" "$N-image"
bb "$N-d" "$N-image" "echo more >/below/more"
c "$N-d:/below" ended/image
is "$status:$(cat ended/image/file ended/image/more)" "0:below
more" "out of one with an image as its root"
echo other >"$rootfs/below/file"
tar -C "$rootfs" -cf "$tmp/image.tar" .
run cgx-sandbox import "$tmp/image.tar" "$N-image"
c "$N-d:/below/file" ended/other
like "$status:$(cat ended/other 2>/dev/null):$err" '^(0:below:|1::.*not in the store any more)' "not out of another image that took its name"
cgx-sandbox rmi "$N-image" >/dev/null
c "$N-d:/below/more" ended/none
told 1 "^cgx-sandbox cp: $N-d: copy: [0-9a-f]+: open the layer: it is not in the store any more" "its image is gone"
advised "with the cause"
cgx-sandbox rm "$N-d" >/dev/null
run cgx-sandbox run -d --restart always --name "$N-d" "$rootfs" /bin/sh -c 'exit 1'
told_so=
for _ in $(seq 50); do
	run cgx-sandbox cp "$N-d:/below/file" ended/again
	case $err in *"being started again"*) told_so=yes && break ;; esac
done
is "$told_so" yes "between two runs it is not copied from"
cgx-sandbox rm -f "$N-d" >/dev/null
done_testing
