/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents of images. */
#include "sandbox/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ui/json_read.h"
#include "util/cleanup.h"

#define AUTO_TREE CLEANUP(free_tree)
static void free_tree(struct json_tree **t)
{
	json_tree_free(*t);
}

static void free_descriptor(struct descriptor *d)
{
	free(d->type);
	free(d->os);
	free(d->arch);
	free(d->ref);
}

void descriptors_free(struct descriptors *d)
{
	while (d->n)
		free_descriptor(&d->v[--d->n]);
	free(d->v);
	*d = (struct descriptors){ 0 };
}

void manifest_free(struct manifest *m)
{
	free_descriptor(&m->config);
	descriptors_free(&m->layers);
	*m = (struct manifest){ 0 };
}

void saved_free(struct saved_images *s)
{
	while (s->n) {
		struct saved *one = &s->v[--s->n];

		free(one->config);
		words_free(&one->layers);
		words_free(&one->tags);
	}
	free(s->v);
	*s = (struct saved_images){ 0 };
}

static int open_object(const char *text, size_t n, struct json_tree **ret, const struct json_value **top, struct buf *why)
{
	int r = n > MANIFEST_BYTES ? -E2BIG : json_read(text, n, ret, why);

	if (r == -E2BIG && !why->len)
		buf_puts(why, "it is too long");
	if (r)
		return r == -E2BIG ? -EBADMSG : r;
	r = json_object(json_top(*ret), top, why);
	return r < 0 ? r : r ? 0 : json_fault(json_top(*ret), why, "there is nothing in it");
}

/* A text that may be missing, as one's own. */
static int own_text(const struct json_value *v, char **ret, struct buf *why)
{
	const char *s = NULL;
	int r = json_string(v, &s, why);

	if (r <= 0 || !*s)
		return r < 0 ? r : 0;
	*ret = strdup(s);
	return *ret ? 0 : -ENOMEM;
}

static int each_text(const struct json_value *v, struct words *to, int *there, struct buf *why)
{
	const struct json_value *e = NULL;
	int r = json_array(v, &e, why);

	if (r <= 0)
		return r;
	if (there)
		*there = 1;
	for (e = e->first; e; e = e->next) {
		const char *s = NULL;

		r = json_string(e, &s, why);
		if (r <= 0)
			return r < 0 ? r : json_fault(e, why, "null is no text");
		r = words_add(to, s);
		if (r)
			return r;
	}
	return 0;
}

/* ---- descriptors ---- */

static enum media media_of(const char *type)
{
	static const struct {
		const char *begin;
		enum media media;
	} known[] = {
		{ "application/vnd.oci.image.index.v1+json", MEDIA_INDEX },
		{ "application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX },
		{ "application/vnd.oci.image.manifest.v1+json", MEDIA_MANIFEST },
		{ "application/vnd.docker.distribution.manifest.v2+json", MEDIA_MANIFEST },
		{ "application/vnd.oci.image.layer.v1.tar", MEDIA_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_LAYER },
		{ "application/vnd.docker.image.rootfs.diff.tar", MEDIA_LAYER },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar", MEDIA_LAYER },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i].begin);

		if (strncmp(type, known[i].begin, n) != 0)
			continue;
		/* a layer's compression is seen in it; "+encrypted" and what else there may be is not for us */
		if (!type[n] || (known[i].media == MEDIA_LAYER && !strpbrk(type + n + 1, "+")))
			return known[i].media;
	}
	return MEDIA_OTHER;
}

/* "sha256:" and its digits. */
static int take_digest(const struct json_value *v, char ret[SHA256_HEX + 1], struct buf *why)
{
	const char *s = NULL;
	int r = json_string(v, &s, why);

	if (r < 0)
		return r;
	if (!r || strncmp(s, "sha256:", 7) != 0 || !sha256_is_hex(s + 7)) {
		if (v)
			return json_fault(v, why, "not sha256: and 64 digits");
		buf_puts(why, "a digest is missing");
		return -EBADMSG;
	}
	memcpy(ret, s + 7, SHA256_HEX + 1);
	return 0;
}

static int take_names(const struct json_value *v, struct descriptor *ret, struct buf *why)
{
	static const char *const refs[] = { "io.containerd.image.name", "org.opencontainers.image.ref.name" };
	const struct json_value *platform = json_member(v, "platform"), *notes = json_member(v, "annotations"), *unused;
	int r = json_object(platform, &unused, why);

	if (r >= 0)
		r = json_object(notes, &unused, why);
	if (r >= 0)
		r = own_text(json_member(platform, "os"), &ret->os, why);
	if (!r)
		r = own_text(json_member(platform, "architecture"), &ret->arch, why);
	for (size_t i = 0; !r && i < 2 && !ret->ref; i++)
		r = own_text(json_member(notes, refs[i]), &ret->ref, why);
	return r;
}

static int take_descriptor(const struct json_value *v, struct descriptor *ret, struct buf *why)
{
	const struct json_value *unused;
	int r = json_object(v, &unused, why);

	if (r <= 0) {
		if (!r)
			buf_puts(why, "a descriptor is missing");
		return r < 0 ? r : -EBADMSG;
	}
	r = own_text(json_member(v, "mediaType"), &ret->type, why);
	if (!r)
		r = take_digest(json_member(v, "digest"), ret->digest, why);
	if (r)
		return r;
	ret->media = ret->type ? media_of(ret->type) : MEDIA_OTHER;
	r = json_number(json_member(v, "size"), INT64_MAX, &ret->size, why);
	if (r <= 0)
		return r < 0 ? r : json_fault(v, why, "it has no size");
	return take_names(v, ret, why);
}

static int take_descriptors(const struct json_value *v, size_t most, struct descriptors *ret, struct buf *why)
{
	const struct json_value *e = NULL;
	int r = json_array(v, &e, why);

	if (r < 0)
		return r;
	if (r && v->n > most)
		return json_fault(v, why, "more than %zu entries", most);
	ret->v = calloc(r && v->n ? v->n : 1, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (e = e ? e->first : NULL, r = 0; !r && e; e = e->next)
		r = take_descriptor(e, &ret->v[ret->n++], why);
	return r;
}

/* ---- the documents ---- */

int manifest_read_layout(const char *text, size_t n, struct buf *why)
{
	struct json_tree AUTO_TREE *t = NULL;
	const struct json_value *top, *version;
	const char *s = NULL;
	int r = open_object(text, n, &t, &top, why);

	if (r)
		return r;
	version = json_member(top, "imageLayoutVersion");
	r = json_string(version, &s, why);
	if (r <= 0)
		return r < 0 ? r : json_fault(top, why, "it has no imageLayoutVersion");
	return strncmp(s, "1.", 2) ? json_fault(version, why, "only version 1 is known") : 0;
}

static int check_schema(const struct json_value *top, struct buf *why)
{
	const struct json_value *v = json_member(top, "schemaVersion");
	uint64_t version = 2;
	int r = json_number(v, UINT32_MAX, &version, why);

	return r < 0 ? r : version == 2 ? 0 : json_fault(v, why, "only version 2 is known");
}

int manifest_read_index(const char *text, size_t n, struct descriptors *ret, struct buf *why)
{
	struct json_tree AUTO_TREE *t = NULL;
	const struct json_value *top;
	int r = open_object(text, n, &t, &top, why);

	*ret = (struct descriptors){ 0 };
	if (!r)
		r = check_schema(top, why);
	if (!r)
		r = take_descriptors(json_member(top, "manifests"), MANIFEST_IMAGES, ret, why);
	if (r)
		descriptors_free(ret);
	return r;
}

int manifest_read(const char *text, size_t n, struct manifest *ret, struct buf *why)
{
	struct json_tree AUTO_TREE *t = NULL;
	const struct json_value *top;
	int r = open_object(text, n, &t, &top, why);

	*ret = (struct manifest){ 0 };
	if (!r)
		r = check_schema(top, why);
	if (!r)
		r = take_descriptor(json_member(top, "config"), &ret->config, why);
	if (!r)
		r = take_descriptors(json_member(top, "layers"), IMAGE_LAYERS, &ret->layers, why);
	for (size_t i = 0; !r && i < ret->layers.n; i++)
		if (ret->layers.v[i].media != MEDIA_LAYER) {
			buf_printf(why, "layer %zu is of a kind that is not known: ", i + 1);
			buf_escape(why, ret->layers.v[i].type ? ret->layers.v[i].type : "none",
				   ret->layers.v[i].type ? strnlen(ret->layers.v[i].type, 100) : 4);
			r = -EOPNOTSUPP;
		}
	if (r)
		manifest_free(ret);
	return r;
}

/* An object's keys, with "=" and their texts where they have any. */
static int each_member(const struct json_value *v, int with_values, struct words *to, struct buf *why)
{
	const struct json_value *e = NULL;
	int r = json_object(v, &e, why);

	if (r <= 0)
		return r;
	for (e = e->first, r = 0; !r && e; e = e->next) {
		AUTO_BUF struct buf b = { 0 };
		const char *s = "";

		r = with_values ? json_string(e, &s, why) : 0;
		if (r < 0)
			return r;
		buf_printf(&b, with_values ? "%s=%s" : "%s", e->key, s);
		r = b.err ? b.err : words_add(to, buf_text(&b));
	}
	return r;
}

static int take_settings(const struct json_value *c, struct image *ret, struct buf *why)
{
	int r = own_text(json_member(c, "User"), &ret->user, why);

	if (!r)
		r = own_text(json_member(c, "WorkingDir"), &ret->cwd, why);
	if (!r)
		r = own_text(json_member(c, "StopSignal"), &ret->stop, why);
	if (!r)
		r = each_text(json_member(c, "Env"), &ret->env, NULL, why);
	if (!r)
		r = each_text(json_member(c, "Cmd"), &ret->cmd, &ret->has_cmd, why);
	if (!r)
		r = each_text(json_member(c, "Entrypoint"), &ret->entrypoint, &ret->has_entrypoint, why);
	if (!r)
		r = each_text(json_member(c, "Shell"), &ret->shell, NULL, why);
	if (!r)
		r = each_member(json_member(c, "Labels"), 1, &ret->labels, why);
	return r ? r : each_member(json_member(c, "ExposedPorts"), 0, &ret->ports, why);
}

static int take_diffs(const struct json_value *top, struct words *ret, struct buf *why)
{
	const struct json_value *rootfs = json_member(top, "rootfs"), *e = NULL;
	char digest[SHA256_HEX + 1];
	int r = json_object(rootfs, &e, why);

	if (r <= 0)
		return r < 0 ? r : json_fault(top, why, "it has no rootfs");
	e = NULL;
	r = json_array(json_member(rootfs, "diff_ids"), &e, why);
	for (e = e ? e->first : NULL, r = r < 0 ? r : 0; !r && e; e = e->next) {
		r = take_digest(e, digest, why);
		if (!r)
			r = words_add(ret, digest);
	}
	return r;
}

static int check_settings(const struct json_value *top, const struct image *i, struct buf *why)
{
	for (size_t n = 0; n < i->env.n; n++)
		if (!strchr(i->env.v[n], '=') || *i->env.v[n] == '=')
			return json_fault(top, why, "a variable that is not NAME=VALUE");
	if (i->cwd && *i->cwd != '/')
		return json_fault(top, why, "WorkingDir is not absolute");
	return 0;
}

int manifest_read_config(const char *text, size_t n, struct image *ret, struct words *ret_diffs, struct buf *why)
{
	struct json_tree AUTO_TREE *t = NULL;
	const struct json_value *top = NULL, *c = NULL;
	AUTO_FREE char *os = NULL;
	int r = open_object(text, n, &t, &top, why);

	*ret = (struct image){ 0 };
	*ret_diffs = (struct words){ 0 };
	if (!r)
		r = own_text(json_member(top, "os"), &os, why);
	if (!r && os && strcmp(os, "linux") != 0) {
		r = -EOPNOTSUPP;
		buf_puts(why, "it is not for Linux");
	}
	if (!r)
		r = own_text(json_member(top, "architecture"), &ret->arch, why);
	if (!r)
		r = json_object(json_member(top, "config"), &c, why);
	if (r > 0)
		r = take_settings(json_member(top, "config"), ret, why);
	if (!r)
		r = check_settings(top, ret, why);
	if (!r)
		r = take_diffs(top, ret_diffs, why);
	if (r) {
		image_free(ret);
		words_free(ret_diffs);
	}
	return r;
}

/* ---- docker save ---- */

static int take_saved(const struct json_value *v, struct saved *ret, struct buf *why)
{
	const struct json_value *unused;
	int r = json_object(v, &unused, why);

	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	r = own_text(json_member(v, "Config"), &ret->config, why);
	if (!r && !ret->config)
		return json_fault(v, why, "it has no Config");
	if (!r)
		r = each_text(json_member(v, "Layers"), &ret->layers, NULL, why);
	if (!r)
		r = each_text(json_member(v, "RepoTags"), &ret->tags, NULL, why);
	if (!r && ret->layers.n > IMAGE_LAYERS)
		return json_fault(v, why, "more than %d layers", IMAGE_LAYERS);
	return r;
}

int manifest_read_saved(const char *text, size_t n, struct saved_images *ret, struct buf *why)
{
	struct json_tree AUTO_TREE *t = NULL;
	const struct json_value *e = NULL;
	int r = n > MANIFEST_BYTES ? -EBADMSG : json_read(text, n, &t, why);

	*ret = (struct saved_images){ 0 };
	if (r)
		return r == -E2BIG ? -EBADMSG : r;
	r = json_array(json_top(t), &e, why);
	if (r <= 0 || !e->n || e->n > MANIFEST_IMAGES) {
		if (r >= 0)
			buf_puts(why, "not a list of images");
		return r < 0 ? r : -EBADMSG;
	}
	ret->v = calloc(e->n, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (e = e->first, r = 0; !r && e; e = e->next)
		r = take_saved(e, &ret->v[ret->n++], why);
	if (r)
		saved_free(ret);
	return r;
}
