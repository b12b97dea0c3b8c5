#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-sandbox import, images, rmi, run of an image, build: what is in a root comes from an image, and nothing else does.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need_root
have cgx-sandbox || skip_all "cgx-sandbox is not built (no libcap)"
have busybox || skip_all "no busybox to make a root of"
! ldd "$(command -v busybox)" >/dev/null 2>&1 || skip_all "no static busybox to make a root of"

N=$T
store=/var/lib/cgx/images
c() { run timeout 100 cgx-sandbox "$@"; }
in_image() # IMAGE COMMAND...
{
	run timeout 60 cgx-sandbox run --rm --name "$N-r" "$@"
}
ours() { cgx-sandbox images -q 2>/dev/null | grep -e "^$N" -e /cgxt- || true; }
told() # NAME: a line of words, and maybe what to do about it
{
	if printf '%s\n' "$err" | awk 'NR == 1 && !/^cgx-sandbox [a-z]+: ./ || NR > 1 && !/^  [^ ]/ { bad = 1 } END { exit bad || NR > 2 }'
	then pass "$1"
	else fail "$1" "stderr: $err"
	fi
}
forget()
{
	for s in $(cgx-sandbox ps -a -q 2>/dev/null | grep "^$N"); do
		cgx-sandbox rm -f "$s" >/dev/null 2>&1
	done
	for i in $(ours); do
		cgx-sandbox rmi -f "$i" >/dev/null 2>&1
	done
}
trap 'forget; clean_up' EXIT
layers() { find $store/layers -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
before=$(layers)

rootfs=$tmp/rootfs
mkdir -p "$rootfs/bin" "$rootfs/etc" "$rootfs/home/u" "$rootfs/old"
cp "$(command -v busybox)" "$rootfs/bin/busybox"
for a in sh ls cat echo id env pwd sleep touch mkdir rm stat mv ln true find test readlink; do
	ln -s busybox "$rootfs/bin/$a"
done
printf 'root:x:0:0:root:/root:/bin/sh\nu:x:1234:1234:u:/home/u:/bin/sh\n' >"$rootfs/etc/passwd"
chown 1234:1234 "$rootfs/home/u"
echo below >"$rootfs/old/file"
echo first >"$rootfs/etc/which"
chmod 4755 "$rootfs/bin/busybox"

# ---- a tar archive -------------------------------------------------------------------------------

tar -C "$rootfs" -cf "$tmp/bb.tar" .
c import "$tmp/bb.tar" "$N-tar"
is "$status:$out" "0:$N-tar" "import of a tar archive"
is "$err" "" "and nothing to say"
in_image "$N-tar" sh -c 'id -u; cat /etc/which; stat -c %u /home/u; stat -c %a /bin/busybox; ls -d /old'
is "$out" "0
first
1234
4755
/old" "run NAME: the archive's files, owners and modes"
in_image "$N-tar:latest" cat /etc/which
is "$out" first ":latest is the name itself"
c import "$tmp/bb.tar" "$N-again"
is "$(ours | grep -c .)" 2 "another name for the same"
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
in_image "$N-dir" sh -c 'cat /etc/which; stat -c %u /home/u; readlink /bin/sh'
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
	mkdir -p "$up/etc" "$up/old" "$up/home"
	echo "$1" >"$up/etc/which"
	touch "$up/old/.wh.file" "$up/home/.wh..wh..opq"
	tar -C "$up" -cf "$tmp/l2" etc/which old/.wh.file home/.wh..wh..opq
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
in_image --entrypoint sh "$N-oci" -c 'echo $A $B; pwd; id -u; cat which; ls /old /home'
is "$out" "image two
/etc
1234
$arch
/home:

/old:" "environment, folder, user; this machine's image; whiteouts hide, and opaque folders do"
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
cgx-sandbox rm -f "$N-hold" >/dev/null
c rmi "$N-oci"
is "$status" 1 "rmi of what is not there"
told "is told"
