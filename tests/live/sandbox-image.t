#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox import, images, rmi, run of an image, build: what is in a root comes from an image, and nothing else does.
if [ -z "${CGXT_APART-}" ] && [ "$(id -u)" = 0 ] && command -v unshare >/dev/null; then
	CGXT_APART=1 exec unshare -m --propagation private "$0" # with a store that nobody else uses
fi
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=sandbox.sh
. "$lib_live/sandbox.sh"
have busybox || skip_all "no busybox to make a root of"
have jq || skip_all "no jq"
! ldd "$(command -v busybox)" >/dev/null 2>&1 || skip_all "no static busybox to make a root of"

apart=$(mktemp -d /var/lib/cgxt.XXXXXX) || bail "no place for a store"
mkdir -p /var/lib/cgx
[ -z "${CGXT_APART-}" ] || mount --bind "$apart" /var/lib/cgx || bail "no store of its own"
store=/var/lib/cgx/images
c() { run timeout 100 cgx-sandbox "$@"; }
in_image() # IMAGE COMMAND...
{
	run timeout 60 cgx-sandbox run --rm --name "$N-r" "$@"
}
ours() # names of those of this test
{
	cgx-sandbox images -o SOURCE,NAME --json 2>/dev/null |
		jq -r --arg t "$tmp" --arg n "$N" '.images[] | select((.source | startswith($t)) or (.name | startswith($n))) | .name'
}
told() # NAME: a line of words, and maybe what to do about it
{
	if printf '%s\n' "$err" | awk 'NR == 1 && !/^cgx-sandbox [a-z]+: ./ || NR > 1 && !/^  [^ ]/ { bad = 1 } END { exit bad || NR > 2 }'
	then pass "$1"
	else fail "$1" "stderr: $err"
	fi
}
forget_images()
{
	for i in $(ours); do
		cgx-sandbox rmi -f "$i" >/dev/null 2>&1
	done
}
trap 'forget; forget_images; umount -l /var/lib/cgx 2>/dev/null; rm -rf "${apart:?}"; clean_up' EXIT
layers() { find $store/layers -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
before=$(layers)

rootfs=$tmp/rootfs
mkdir -p "$rootfs/bin" "$rootfs/etc" "$rootfs/srv/u" "$rootfs/old"
cp "$(command -v busybox)" "$rootfs/bin/busybox"
for a in sh ls cat echo id env pwd sleep touch mkdir rm stat mv ln true find test readlink; do
	ln -s busybox "$rootfs/bin/$a"
done
printf 'root:x:0:0:root:/root:/bin/sh\nu:x:1234:1234:u:/srv/u:/bin/sh\n' >"$rootfs/etc/passwd"
chown 1234:1234 "$rootfs/srv/u"
echo below >"$rootfs/old/file"
echo first >"$rootfs/etc/which"
chmod 4755 "$rootfs/bin/busybox"

# ---- a tar archive -------------------------------------------------------------------------------

tar -C "$rootfs" -cf "$tmp/bb.tar" .
c import "$tmp/bb.tar" "$N-tar"
is "$status:$out" "0:$N-tar" "import of a tar archive"
is "$err" "" "and nothing to say"
in_image "$N-tar" sh -c 'id -u; cat /etc/which; stat -c %u /srv/u; stat -c %a /bin/busybox; ls -d /old'
is "$out" "0
first
1234
4755
/old" "run NAME: the archive's files, owners and modes"
in_image "$N-tar:latest" cat /etc/which
is "$out" first ":latest is the name itself"
c import "$tmp/bb.tar" "$N-again"
is "$(ours | grep -c "^$N")" 2 "another name for the same"
is "$(cgx-sandbox images --json | jq -r ".images[] | select(.name | startswith(\"$N\")) | .id" | sort -u | grep -c .)" 1 \
	"and one id"
num "$(layers)" -eq $((before + 1)) "and one layer"
is "$(stat -c %a $store)" 700 "nobody else looks into the store"
for z in gzip xz zstd bzip2; do
	if have $z; then
		$z -c "$tmp/bb.tar" >"$tmp/bb.$z"
		c import "$tmp/bb.$z" "$N-$z"
		is "$status:$(layers)" "0:$((before + 1))" "$z: the same layer"
	else
		skip "no $z" "$z: the same layer"
	fi
done
c import - "$N-stdin" <"$tmp/bb.tar"
is "$status:$out" "0:$N-stdin" "import from standard input"
in_image "$tmp/bb.tar" cat /etc/which
is "$status:$out" "0:first" "run FILE.tar"
in_image "$tmp/bb.tar" cat /etc/which
is "$status:$out" "0:first" "and once more"
echo second >"$rootfs/etc/which"
tar -C "$rootfs" -cf "$tmp/bb.tar" .
in_image "$tmp/bb.tar" cat /etc/which
is "$out" second "it is imported anew when it has changed"
c import "$rootfs" "$N-dir"
is "$status" 0 "import of a directory"
in_image "$N-dir" sh -c 'cat /etc/which; stat -c %u /srv/u; readlink /bin/sh'
is "$out" "second
1234
busybox" "and it is the same tree"
c run --rm "$N-tar"
is "$status" 125 "an image without a command"
like "$err" 'no command' "is told"
c run --rm "$N-none" true
is "$status" 125 "no such image"
told "is told, with what may be named"
for bad in ../x /x 'a b' '' x/ a//b a..b; do
	c import "$tmp/bb.tar" "$bad"
	is "$status" 2 "a name that is none: '$bad'"
done

# ---- hostile archives ----------------------------------------------------------------------------

canary=$tmp/canary
mkdir "$canary"
h=$tmp/hostile
mkdir "$h"
echo evil >"$h/evil"
bad_archive() # NAME WHY
{
	c import "$tmp/bad.tar" "$N-bad"
	is "$status" 1 "$1"
	told "$1: is told"
	like "$err" "$2" "$1: with the reason"
}
tar -C "$h" -P --transform "s,evil,../../../../../../../$canary/evil," -cf "$tmp/bad.tar" evil
bad_archive "a name with .." '\.\.'
tar -C "$h" -P --transform "s,evil,$canary/evil," -cf "$tmp/bad.tar" evil
c import "$tmp/bad.tar" "$N-abs"
is "$status" 0 "an absolute name is one below the root"
ln -s "$canary" "$h/link"
tar -C "$h" -cf "$tmp/bad.tar" link
tar -C "$h" -P --transform "s,evil,link/evil," -rf "$tmp/bad.tar" evil
c import "$tmp/bad.tar" "$N-link"
is "$(find "$canary" | wc -l)" 1 "nothing goes through a link that leads out"
ln "$h/evil" "$h/hard"
tar -C "$h" -P --transform "s,^evil,/etc/passwd,;s,^hard,mine," -cf "$tmp/bad.tar" evil hard
tar -P --delete -f "$tmp/bad.tar" /etc/passwd
bad_archive "a hard link to what is not in the layer" 'link'
mkdir "$h/wh"
touch "$h/wh/.wh..."
tar -C "$h/wh" -cf "$tmp/bad.tar" .
bad_archive "a whiteout of .." 'whiteout'
head -c 5000 "$tmp/bb.tar" >"$tmp/bad.tar"
bad_archive "half an archive" 'bad.tar'
echo no archive >"$tmp/bad.tar"
bad_archive "no archive" 'tar archive|bad.tar'
: >"$tmp/bad.tar"
c import "$tmp/bad.tar" "$N-empty"
isnt "$status" 125 "an empty file is no crash"
mknod "$h/wh/sda" b 8 0
rm "$h/wh/.wh..."
tar -C "$h/wh" -cf "$tmp/dev.tar" .
c import "$tmp/dev.tar" "$N-dev"
is "$status" 0 "devices are left out"
like "$err" '1 devices' "and that is told"
is "$(find $store/layers -type b | wc -l)" 0 "none is in the store"
is "$(find $store/new -mindepth 1 | wc -l)" 0 "nothing half is left"

# ---- OCI -----------------------------------------------------------------------------------------

digest() { sha256sum "$1" | cut -d ' ' -f 1; }
blob() # FILE: put it among the blobs; sets d and n
{
	d=$(digest "$1")
	n=$(stat -c %s "$1")
	cp "$1" "$oci/blobs/sha256/$d"
}
desc() # TYPE [MORE]: a descriptor of the last blob
{
	printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s%s}' "$1" "$d" "$n" "${2-}"
}
up=$tmp/up
make_oci() # ARCH CONFIG: two layers; sets manifest, its descriptor
{
	tar -C "$rootfs" -cf "$tmp/l1" .
	rm -rf "$up"
	mkdir -p "$up/etc" "$up/old" "$up/srv"
	echo "$1" >"$up/etc/which"
	touch "$up/old/.wh.file" "$up/srv/.wh..wh..opq"
	tar -C "$up" -cf "$tmp/l2" etc/which old/.wh.file srv/.wh..wh..opq
	d1=$(digest "$tmp/l1") d2=$(digest "$tmp/l2")
	gzip -nc "$tmp/l1" >"$tmp/l1.gz"
	blob "$tmp/l1.gz"
	layer1=$(desc layer.v1.tar+gzip)
	blob "$tmp/l2"
	layer2=$(desc layer.v1.tar)
	printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
		"$1" "$2" "$d1" "$d2" >"$tmp/config"
	blob "$tmp/config"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s,%s]}' \
		"$(desc config.v1+json)" "$layer1" "$layer2" >"$tmp/manifest"
	blob "$tmp/manifest"
	manifest=$(desc manifest.v1+json ",\"platform\":{\"os\":\"linux\",\"architecture\":\"$1\"}")
}
case $(uname -m) in
x86_64) arch=amd64 other=arm64 ;;
aarch64) arch=arm64 other=amd64 ;;
*) arch=$(uname -m) other=amd64 ;;
esac
oci=$tmp/oci
mkdir -p "$oci/blobs/sha256"
echo '{"imageLayoutVersion":"1.0.0"}' >"$oci/oci-layout"
config='{"Env":["A=image","B=two"],"Cmd":["from","image"],"Entrypoint":["echo","said"],"WorkingDir":"/etc","User":"u","Labels":{"x":"y"},"ExposedPorts":{"80/tcp":{}}}'
make_oci $other '{}'
others=$manifest
make_oci "$arch" "$config"
printf '{"schemaVersion":2,"manifests":[%s,%s]}' "$others" "$manifest" >"$oci/index.json"
rm -rf "$tmp/spoilt"
cp -r "$oci" "$tmp/spoilt"
sed -i "s/$arch/XXXXX/" "$tmp/spoilt/blobs/sha256/$d2"
c import "$tmp/spoilt" "$N-spoilt"
is "$status" 1 "a layer that was changed"
like "$err" 'its digest is' "is told"
c import "$oci" "$N-oci"
is "$status:$out:$err" "0:$N-oci:" "import of an OCI image layout with several machines' images"
in_image "$N-oci"
is "$out" "said from image" "entrypoint and command of the image"
in_image "$N-oci" else
is "$out" "said else" "a command takes the place of the image's"
in_image --entrypoint sh "$N-oci" -c 'echo $A $B; pwd; id -u; cat which; ls /old /srv'
is "$out" "image two
/etc
1234
$arch
/old:

/srv:" "environment, folder, user; this machine's image; whiteouts hide, and opaque folders do"
in_image --entrypoint "" -e A=mine -w / -u 0 "$N-oci" sh -c 'echo $A $B; pwd; id -u'
is "$out" "mine two
/
0" "the command line wins"
tar -C "$oci" -cf "$tmp/oci.tar" .
in_image "$tmp/oci.tar"
is "$out" "said from image" "run of an OCI archive"
in_image "$oci"
is "$out" "said from image" "run of an OCI layout"
c images --json
json "images --json" "$out" ".images[] | select(.name == \"$N-oci\") | .layers == 2 and .id == \"$(digest "$tmp/config")\""

spoil() # NAME SED-SCRIPT FILE WHY: one document changed
{
	rm -rf "$tmp/spoilt"
	cp -r "$oci" "$tmp/spoilt"
	sed -i "$2" "$tmp/spoilt/$3"
	c import "$tmp/spoilt" "$N-spoilt"
	is "$status" 1 "$1"
	like "$err" "$4" "$1: the reason"
	told "$1: the words"
}
spoil "a configuration that was changed" 's/image/IMAGE/' "blobs/sha256/$(digest "$tmp/config")" 'digest'
spoil "a manifest that was changed" 's/layers/LAYERS/' "blobs/sha256/$(digest "$tmp/manifest")" 'digest'
spoil "a size that is another" 's/"size":[0-9]*/"size":7/g' index.json 'size'
spoil "a digest that leads out" 's,"sha256:[0-9a-f]*","sha256:../../../../../../etc/passwd",g' index.json '64 digits'
spoil "another version" 's/"schemaVersion":2/"schemaVersion":3/' index.json 'version'
spoil "no JSON" 's/{/[/' index.json 'line 1'
spoil "no image for this machine" "s/\"architecture\":\"$arch\"/\"architecture\":\"vax\"/" index.json "this machine"
rm -rf "$tmp/spoilt"
cp -r "$oci" "$tmp/spoilt"
rm "$tmp/spoilt/blobs/sha256/$d2"
ln -s /etc/passwd "$tmp/spoilt/blobs/sha256/$d2"
c import "$tmp/spoilt" "$N-spoilt"
is "$status" 1 "a layer that is a link out"
like "$err" 'not there' "is told"
rm "$tmp/spoilt/index.json"
ln -s "$oci/index.json" "$tmp/spoilt/index.json"
c import "$tmp/spoilt" "$N-spoilt2"
isnt "$out" "" "an index that is a link out is not taken for one"
in_image "$N-spoilt2" true
isnt "$status" 0 "it is a root like another, and has no command"

# docker save
save=$tmp/save
mkdir -p "$save/one" "$save/two"
cp "$tmp/l1" "$save/one/layer.tar"
cp "$tmp/l2" "$save/two/layer.tar"
cp "$tmp/config" "$save/$(digest "$tmp/config").json"
printf '[{"Config":"%s.json","RepoTags":["%s/saved:1"],"Layers":["one/layer.tar","two/layer.tar"]}]' "$(digest "$tmp/config")" "$N" \
	>"$save/manifest.json"
tar -C "$save" -cf "$tmp/save.tar" .
c import "$tmp/save.tar"
is "$status:$out" "0:$N/saved:1" "import of what docker save writes, by its own name"
in_image "$N/saved:1" x
is "$out" "said x" "and it runs"

# ---- build ---------------------------------------------------------------------------------------

ctx=$tmp/ctx
mkdir -p "$ctx/src/sub" "$ctx/no"
echo one >"$ctx/a.txt"
echo two >"$ctx/b.txt"
echo deep >"$ctx/src/sub/deep"
echo key >"$ctx/secret.key"
echo kept >"$ctx/keep.key"
echo n >"$ctx/no/n"
ln -s ../../../../../../etc/passwd "$ctx/out"
printf '# nothing of this\n*.key\n!keep.key\nno\n' >"$ctx/.containerignore"
tar -C "$rootfs" -czf "$ctx/some.tar.gz" etc/which
recipe() { cat >"$ctx/Containerfile"; }
b() { c build -t "$N-built" "$@"; }
recipe <<END
# a comment
ARG BASE=none
FROM \${BASE} AS base
ARG WHO=world
ENV GREETING="hello \$WHO" \\
    # in between
    X=\${Y:-fallback}
WORKDIR /app
WORKDIR sub
COPY . .
COPY --chown=12:u a.txt b.* /copied/
ADD some.tar.gz /unpacked/
RUN echo "\$GREETING" >greeting && rm /etc/passwd && rm -r /old && mkdir /old && pwd && id -u
USER 12
RUN ["sh", "-c", "id -u >/tmp/who; echo \$WHO"]
EXPOSE 80 53/udp
LABEL a=b "c d"="e f"
FROM $N-tar
COPY --from=base /app/sub/greeting /old /from/
ENTRYPOINT ["cat"]
CMD ["/from/greeting"]
END
printf 'u:x:34:\n' >"$rootfs/etc/group"
tar -C "$rootfs" -cf "$tmp/bb.tar" .
chmod 1777 "$rootfs"
c import "$tmp/bb.tar" "$N-tar"
b --target base --build-arg "BASE=$N-tar" "$ctx"
is "$status:$out" "0:$N-built" "build: prints the name"
[ "$status" = 0 ] || diag "$err"
like "$err" '^/app/sub$' "RUN works in WORKDIR"
like "$err" '^world$' "an ARG is a variable of RUN"
in_image "$N-built" sh -c 'cat greeting; ls; ls /old; test -e /etc/passwd || echo gone; echo $X; stat -c %u:%g /copied/a.txt /copied/b.txt; cat /unpacked/etc/which /tmp/who; id -u'
is "$out" "hello world
Containerfile
a.txt
b.txt
greeting
keep.key
out
some.tar.gz
src
gone
fallback
12:34
12:34
second
12
12" "COPY, ADD, RUN, ENV, USER, .containerignore"
is "$(cgx-sandbox images --json | jq -r ".images[] | select(.name == \"$N-built\") | .layers")" 8 "a layer for each step that writes"
b --target base --build-arg "BASE=$N-tar" "$ctx"
is "$(printf '%s\n' "$err" | grep -c 'as before')" 7 "once more: every layer is known"
unlike "$err" '^/app/sub$' "and nothing runs"
echo changed >"$ctx/a.txt"
b --target base --build-arg "BASE=$N-tar" "$ctx"
is "$(printf '%s\n' "$err" | grep -c 'as before')" 2 "a file has changed: what comes before it is known, and no more"
touch "$ctx/secret.key" "$ctx/a.txt"
b --target base --build-arg "BASE=$N-tar" "$ctx"
is "$(printf '%s\n' "$err" | grep -c 'as before')" 7 "times and what is left out do not matter"
b --target base --build-arg "BASE=$N-tar" --build-arg WHO=you "$ctx"
like "$err" '^you$' "--build-arg"
b --no-cache --target base --build-arg "BASE=$N-tar" "$ctx"
is "$(printf '%s\n' "$err" | grep -c 'as before')" 0 "--no-cache"
b --build-arg "BASE=$N-tar" "$ctx"
is "$status" 0 "a second stage"
in_image "$N-built"
is "$out" "hello world" "takes what the first one made"
in_image --entrypoint ls "$N-built" /from
is "$out" "greeting" "a folder's contents, without what is hidden in it"
c build -q --json --build-arg "BASE=$N-tar" "$ctx"
json "--json, and no name" "$out" '.name | startswith("sha256:")'
c run --rm "$out" 2>/dev/null
id=$(cgx-sandbox build -q --build-arg "BASE=$N-tar" "$ctx")
in_image "$id"
is "$out" "hello world" "it runs by its id"
is "$(find $store/new -mindepth 1 | wc -l)" 0 "nothing half is left"

recipe <<'END'
FROM scratch
COPY rootfs /
ARG WHO=world
RUN <<EOF
set -e
echo "one $WHO" >/one
for i in a b; do echo $i >>/one; done
EOF
RUN cat <<'X' >/two; cat <<-Y >>/two
$WHO
X
	tab
	Y
COPY --chown=5:6 <<EOF /etc/three
hello $WHO \$WHO "q"
EOF
COPY <<'f1' <<f2 /etc/four/
$WHO
f1
second
f2
END
mkdir "$ctx/rootfs" 2>/dev/null && cp -a "$rootfs/." "$ctx/rootfs/"
b -t "$N-here" "$ctx"
is "$status" 0 "here-documents of RUN and COPY"
in_image "$N-here" cat /one /two /etc/three /etc/four/f1 /etc/four/f2
is "$out" 'one world
a
b
$WHO
tab
hello world $WHO "q"
$WHO
second' "are scripts, input and files"
in_image "$N-here" stat -c '%u:%g %a' /etc/three /etc/four/f1
is "$out" '5:6 644
0:0 644' "with an owner"
b -t "$N-here" "$ctx"
is "$(printf '%s\n' "$err" | grep -c 'as before')" "$(printf '%s\n' "$err" | grep -c -e RUN -e COPY)" "and are the same layers the next time"
cgx-sandbox rmi "$N-here" >/dev/null
rm -rf "$ctx/rootfs"

{
	echo "FROM $N-tar"
	for i in $(seq 90); do printf 'COPY <<E /l/%s\n%s\nE\n' "$i" "$i"; done
} | recipe
mkdir "$tmp/many" && cp "$ctx/Containerfile" "$tmp/many"
c build -q -t "$N-many" "$tmp/many"
noted=$err
in_image "$N-many" sh -c 'cat /l/1 /l/90; echo x >/l/40; cat /l/40'
case $err in
*"takes Linux 6.8"*)
	like "$noted" "note: $N-many: .*Linux 6.8 .* layers, 91" "an image of more layers than the kernel takes is told of when it is built"
	skip "this kernel takes fewer layers" "an image of more layers than one text of names takes" ;;
*)
	is "$noted" "" "an image of many layers is nothing to be told of where the kernel takes them"
	is "$out" "1
90
x" "an image of more layers than one text of names takes"
	printf 'FROM scratch\nCOPY --from=%s /l/1 /l/90 /\n' "$N-many" | recipe
	b "$ctx"
	is "$status" 0 "whose files are copied, too"
	if have strace; then
		# as before Linux 6.8, which does not know "lowerdir+"; as docker save has it, ninety times the same layer
		saved=$tmp/saved-many
		ninety() { for _ in $(seq 90); do printf '%s"%s"' "$comma" "$1"; comma=,; done; }
		mkdir "$saved" && cp "$tmp/l2" "$saved/layer.tar"
		printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
			"$arch" "$(comma='' && ninety "sha256:$(digest "$tmp/l2")")" >"$saved/config.json"
		printf '[{"Config":"config.json","RepoTags":[],"Layers":[%s]}]' "$(comma='' && ninety layer.tar)" >"$saved/manifest.json"
		run env ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null -e trace=fsconfig -e inject=fsconfig:error=EINVAL \
			cgx-sandbox import "$saved" "$N-many-2"
		like "$status:$err" "^0:cgx-sandbox import: note: $N-many-2: .*Linux 6.8" "an older kernel takes fewer, which import tells"
		run env ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null -e trace=fsconfig -e inject=fsconfig:error=EINVAL \
			cgx-sandbox build -q -t "$N-many-2" "$tmp/many"
		like "$status:$err" "^0:cgx-sandbox build: note: $N-many-2: .*Linux 6.8" "and build"
		cgx-sandbox rmi "$N-many-2" >/dev/null
	else
		skip "no strace here" "an older kernel takes fewer, which import tells"
	fi ;;
esac
cgx-sandbox rmi "$N-many" >/dev/null

mkdir "$ctx/modes" && echo 1 >"$ctx/modes/f" && ln -s f "$ctx/modes/l" && chmod 640 "$ctx/modes/f"
moded() # FLAGS-1 FLAGS-2
{
	recipe <<END
FROM $N-tar
ARG MODE=0751
COPY $1 a.txt /m/
COPY $2 modes /modes
ADD $2 a.txt some.tar.gz /add/
END
	b "$ctx"
	[ "$status" = 0 ] || diag "$err"
	again=$(printf '%s\n' "$err" | grep -c 'as before')
	in_image "$N-built" sh -c 'stat -c %a:%u /m/a.txt /modes/f /add/a.txt /add/etc/which; readlink /modes/l'
}
moded "" ""
is "$out" "$(stat -c %a "$ctx/a.txt"):0
640:0
$(stat -c %a "$ctx/a.txt"):0
$(stat -c %a "$rootfs/etc/which"):0
f" "without --chmod files keep their modes"
moded --chmod=4711 '--chmod=${MODE} --chown=3'
is "$out" "4711:0
751:3
751:3
$(stat -c %a "$rootfs/etc/which"):0
f" "COPY --chmod and ADD --chmod, but not in an archive"
is "$again" 0 "a mode is a part of what a layer is known by"
moded --chmod=4711 '--chmod=$MODE --chown=3'
is "$again" 3 "and the same one makes the same layer"
cgx-sandbox rmi "$N-built" >/dev/null
rm -r "$ctx/modes"

recipe <<END
FROM $N-tar
STOPSIGNAL SIGINT
END
b "$ctx"
cgx-sandbox run -d --name "$N-stop" "$N-built" sh -c 'for s in TERM INT; do trap "echo $s; exit 0" $s; done; echo ready; while :; do sleep 0.1; done' >/dev/null
wait_for 10 sh -c "cgx-sandbox logs $N-stop | grep -q ready"
run cgx-sandbox stop "$N-stop"
is "$(cgx-sandbox logs "$N-stop" | sed -n 2p)" INT "stop sends what STOPSIGNAL says"
cgx-sandbox rm "$N-stop" >/dev/null
cgx-sandbox rmi "$N-built" >/dev/null

fails() # NAME WHY: ./Containerfile is stdin
{
	recipe
	b "$ctx"
	is "$status" 1 "$1"
	like "$err" "$2" "$1: told with its line"
}
fails "RUN fails" '/?Containerfile:2: RUN: the command failed: exit status 3$' <<END
FROM $N-tar
RUN exit 3
END
fails "a file that is not there" 'Containerfile:3: COPY: nothere: there is no such file' <<END
FROM $N-tar

COPY nothere /
END
for mode in 8 u=rw 77777 '' 0x1; do
	fails "the mode \"$mode\"" 'Containerfile:2: COPY: .*: not a mode; modes are octal digits' <<END
FROM $N-tar
COPY --chmod=$mode a.txt /
END
done
fails "a file outside" 'Containerfile:2: COPY: ../rootfs/bin: what lies outside' <<END
FROM $N-tar
COPY ../rootfs/bin /
END
fails "a link out" 'Containerfile:2: COPY: out: there is no such file' <<END
FROM $N-tar
COPY out /
END
fails "a file that is left out" 'Containerfile:2: COPY: secret.key: the build does not see it' <<END
FROM $N-tar
COPY secret.key /
END
fails "no such image" '^cgx-sandbox build: [^:]*Containerfile:1: FROM: [^:]*-none: there is no such image' <<END
FROM $N-none
END
c build --target nosuch --build-arg "BASE=$N-tar" "$ctx"
like "$status:$err" '^1:cgx-sandbox build: [^ ]*Containerfile: build: no stage is called nosuch, as --target says$' "no such stage: told before anything is done"
printf '\357\273\277FROM %s\n' "$N-tar" | recipe
b "$ctx"
is "$status" 0 "a mark of UTF-8 before the first line"
mkdir "$tmp/empty"
c build "$tmp/empty"
like "$status:$err" "^1:cgx-sandbox build: $tmp/empty: build: there is no Containerfile" "a folder without one"
{
	echo "FROM $N-tar"
	for i in $(seq 127); do printf 'COPY <<E /l/%s\n%s\nE\n' "$i" "$i"; done
} | recipe
b -q "$ctx"
like "$status:$err" '^1:cgx-sandbox build: [^:]*Containerfile:[0-9]*: COPY: .*more than 127 layers$' "too many layers"
told "with what makes fewer"
fails "the host's tree" 'Containerfile:1: FROM: ' <<END
FROM /
END
fails "no such instruction" 'Containerfile:2: FETCH: no such instruction' <<END
FROM $N-tar
FETCH it
END
fails "no FROM" 'Containerfile:1: RUN: FROM comes first' <<END
RUN true
END
fails "a URL" 'Containerfile:2: ADD: .*not fetched' <<END
FROM $N-tar
ADD https://example.org/x /
END
fails "a quote that does not end" 'Containerfile:2: ENV: a " is missing' <<END
FROM $N-tar
ENV a="b
END
fails "a port that is none" 'Containerfile:2: EXPOSE: not PORT' <<END
FROM $N-tar
EXPOSE 70000
END
fails "nothing to run" 'Containerfile:2: RUN: there is nothing' <<END
FROM scratch
RUN true
END
printf 'FROM scratch\nCOPY rootfs /\nCMD ["/bin/echo", "from scratch"]\n' >"$tmp/scratch"
rm -rf "${ctx:?}/rootfs" && cp -a "$rootfs" "$ctx/rootfs"
b -f "$tmp/scratch" "$ctx"
is "$status" 0 "FROM scratch, -f"
in_image "$N-built"
is "$out" "from scratch" "and it runs"
recipe <<END
FROM $N-tar
RUN sh -c 'a=x; while :; do a=\$a\$a\$a; done'
END
b --memory 32M "$ctx"
is "$status" 1 "a RUN that takes too much memory is ended"
like "$err" 'killed' "and that is told"
recipe <<END
FROM $N-tar
RUN ln -s $canary/x /evil && echo x >/canary
RUN ln -s / /root
COPY a.txt /evil
COPY a.txt /root/etc/a.txt
WORKDIR /w/x/../y
COPY a.txt ../z/../up.txt
COPY a.txt ..
END
b "$ctx"
is "$status" 0 "links of the image"
in_image "$N-built" sh -c 'test -L /evil || cat /evil; cat /etc/a.txt; pwd; ls /w'
is "$out" "changed
changed
/w/y
a.txt
up.txt
y" "stay in it, as does what leads upwards"
is "$(find "$canary" | wc -l)" 1 "nothing lies beside"

# ---- an ordinary user ----------------------------------------------------------------------------

mkdir -m 755 "$tmp/his"
mkdir -m 700 "$tmp/his/run"
cp -r "$ctx" "$tmp/bb.tar" "$tmp/his"
chmod 755 "$tmp" "$tmp/his/ctx"
chown -R 65534:65534 "$tmp/his"
open_tools
as_nobody() # ARGUMENTS of cgx-sandbox
{
	run setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$tmp/his" XDG_RUNTIME_DIR="$tmp/his/run" \
		XDG_DATA_HOME="" cgx-sandbox "$@"
}
have setpriv && as_nobody run --rm / true
if [ "$status" = 0 ] && have setpriv; then
	as_nobody import "$tmp/his/bb.tar" mine
	is "$status:$out" "0:mine" "an ordinary user's import"
	like "$err" 'belong to you' "owners are told"
	as_nobody run --rm mine sh -c 'id -u; cat /etc/which'
	is "$out" "0
second" "and it runs"
	printf 'FROM mine\nWORKDIR /w\nRUN echo made >file && rm /etc/which\nCOPY b.txt .\n' >"$tmp/his/ctx/Containerfile"
	as_nobody build -t built "$tmp/his/ctx"
	is "$status" 0 "he builds"
	[ "$status" = 0 ] || diag "$err"
	as_nobody run --rm built sh -c 'cat file b.txt; test ! -e /etc/which && stat -c %a .'
	is "$out" "made
two
755" "and it runs"
	as_nobody rmi -f built mine
	is "$(find "$tmp/his/.local/share/cgx/images/layers" -mindepth 1 -maxdepth 1 | wc -l)" 0 "rmi removes his layers"
else
	skip "nobody cannot run sandboxes here" "an ordinary user's images"
fi

# ---- killed, and many at once --------------------------------------------------------------------

if have strace; then
	for n in 3 20 60 120 200; do
		strace -f -o /dev/null -e trace=openat,mkdirat,renameat,renameat2,flock,fchown,write \
			-e inject=openat,mkdirat,renameat,renameat2,flock,fchown,write:signal=KILL:when=$n \
			cgx-sandbox import "$rootfs" "$N-killed" >/dev/null 2>&1
	done
	c import "$rootfs" "$N-killed"
	is "$status" 0 "imports that were killed at five places are no obstacle"
	in_image "$N-killed" cat /etc/which
	is "$out" second "what comes then is whole"
	is "$(find $store/new -mindepth 1 | wc -l)" 0 "and nothing of them is left"
else
	skip "no strace here" "imports that were killed"
fi
for n in 1 2 3 4; do
	cgx-sandbox import "$tmp/oci.tar" "$N-at-once$n" >/dev/null 2>>"$tmp/at-once" &
done
cgx-sandbox rmi --unnamed >/dev/null 2>>"$tmp/at-once"
wait
is "$(cat "$tmp/at-once")" "" "four imports at once, and an rmi"
for n in 1 2 3 4; do
	in_image "$N-at-once$n" x
	is "$out" "said x" "image $n of them is whole"
done

# ---- rmi -----------------------------------------------------------------------------------------

c run -d --name "$N-hold" --entrypoint sleep "$N-oci" 1000
is "$status" 0 "a sandbox of an image"
held=$(layers)
for i in $(ours); do
	cgx-sandbox rmi "$i" >/dev/null
done
cgx-sandbox rmi -f "$(digest "$tmp/config")" >/dev/null 2>&1
num "$(layers)" -lt "$held" "rmi removes layers"
run cgx-sandbox exec "$N-hold" cat /etc/which
is "$out" "$arch" "and none that a running sandbox has"
run cgx-sandbox exec -e B=mine "$N-hold" sh -c 'echo $A $B'
is "$out" "image mine" "exec has the image's environment, too"
cgx-sandbox rm -f "$N-hold" >/dev/null
forget
forget_images
is "$(ours)" "" "none of ours is left"
c rmi "$N-oci"
is "$status" 1 "rmi of what is not there"
told "is told"
done_testing
