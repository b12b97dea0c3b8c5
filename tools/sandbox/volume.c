/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading what is shown inside. */
#include "sandbox/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/num.h"

void volume_free(struct volume *v)
{
	free(v->source);
	free(v->target);
	v->source = v->target = NULL;
}

static int refuse(struct buf *why, const char *key, const char *cause)
{
	buf_printf(why, "%s%s%s", key ? key : "", key ? ": " : "", cause);
	return -EINVAL;
}

/* One that fails leaves nothing. */
static int done(struct volume *v, int r)
{
	if (r)
		volume_free(v);
	return r;
}

static int keep(char **to, const char *text, size_t n)
{
	free(*to);
	*to = strndup(text, n);
	return *to ? 0 : -ENOMEM;
}

/* ---- what several forms have ---- */

static int take_size(struct volume *v, const char *key, const char *text, struct buf *why)
{
	if (num_bytes(text, &v->size))
		return refuse(why, key, "not a size, as 64M");
	return v->size ? 0 : refuse(why, key, "0 would be no limit at all; without a size half of the memory is one");
}

static int take_mode(struct volume *v, const char *key, const char *text, struct buf *why)
{
	unsigned mode;

	if (num_mode(text, &mode))
		return refuse(why, key, "not a mode; modes are octal digits, 0 to 7777 (700, 1777)");
	v->mode = (mode_t)mode;
	v->flags |= VOLUME_MODE;
	return 0;
}

/* ---- -v ---- */

static int take_word(struct volume *v, const char *word, struct buf *why)
{
	if (!strcmp(word, "ro"))
		v->flags |= VOLUME_READ_ONLY;
	else if (!strcmp(word, "idmap"))
		v->flags |= VOLUME_IDMAP;
	else if (*word && strcmp(word, "rw") != 0)
		return refuse(why, NULL, "after the place come ro, rw or idmap");
	return 0;
}

/* Each of a list with commas. */
static int each_word(struct volume *v, const char *list, int (*take)(struct volume *v, const char *word, struct buf *why), struct buf *why)
{
	int r = 0;

	for (const char *p = list; !r && *p; p += strcspn(p, ","), p += *p == ',') {
		AUTO_FREE char *word = strndup(p, strcspn(p, ","));

		r = word ? take(v, word, why) : -ENOMEM;
	}
	return r;
}

int volume_parse(const char *text, struct volume *ret, struct buf *why)
{
	const char *colon = strchr(text, ':'), *end = colon ? strchr(colon + 1, ':') : NULL;
	struct volume v = { .kind = VOLUME_BIND };
	int r;

	if (!colon || colon == text || colon[1] != '/')
		return refuse(why, NULL, "not SOURCE:/PLACE or SOURCE:/PLACE:ro,idmap");
	r = each_word(&v, end ? end + 1 : "", take_word, why);
	if (!r)
		r = keep(&v.source, text, (size_t)(colon - text));
	if (!r)
		r = keep(&v.target, colon + 1, end ? (size_t)(end - colon - 1) : strlen(colon + 1));
	if (!r)
		*ret = v;
	return done(&v, r);
}

/* ---- --tmpfs ---- */

static int take_tmpfs_word(struct volume *v, const char *word, struct buf *why)
{
	/* what holds in any case, and what others write as a rule */
	static const char *const idle[] = { "", "rw", "nosuid", "nodev", "exec", NULL };

	for (const char *const *i = idle; *i; i++)
		if (!strcmp(word, *i))
			return 0;
	if (!strncmp(word, "size=", 5))
		return take_size(v, "size", word + 5, why);
	if (!strncmp(word, "mode=", 5))
		return take_mode(v, "mode", word + 5, why);
	if (strcmp(word, "ro") != 0 && strcmp(word, "noexec") != 0)
		return refuse(why, word, "after the place come a size, size=, mode=, ro or noexec");
	v->flags |= *word == 'r' ? VOLUME_READ_ONLY : VOLUME_NO_EXEC;
	return 0;
}

int volume_parse_tmpfs(const char *text, struct volume *ret, struct buf *why)
{
	const char *colon = strchr(text, ':'), *words = colon ? colon + 1 : "";
	struct volume v = { .kind = VOLUME_TMPFS };
	int r;

	if (*text != '/' || (colon && !*words))
		return refuse(why, NULL, "not /PLACE or /PLACE:SIZE");
	if (*words >= '0' && *words <= '9' && !strchr(words, ','))
		r = take_size(&v, NULL, words, why);
	else
		r = each_word(&v, words, take_tmpfs_word, why);
	if (!r)
		r = keep(&v.target, text, colon ? (size_t)(colon - text) : strlen(text));
	if (!r)
		*ret = v;
	return done(&v, r);
}

/* ---- --mount ---- */

struct mounting {
	struct volume v;
	const char *size_key; /* that is for a tmpfs alone, as it was written */
	const char *idmap_key; /* for all but that */
	int is_named;         /* type=volume */
};

static int take_type(struct mounting *m, const char *key, const char *value, struct buf *why)
{
	m->is_named = !strcmp(value, "volume");
	m->v.kind = strcmp(value, "tmpfs") ? VOLUME_BIND : VOLUME_TMPFS;
	return !m->is_named && m->v.kind == VOLUME_BIND && strcmp(value, "bind") ? refuse(why, key, "not bind, volume or tmpfs") : 0;
}

static int take_flag(unsigned *flags, unsigned flag, const char *key, const char *value, struct buf *why)
{
	if (!strcmp(value, "true") || !strcmp(value, "1") || !*value)
		*flags |= flag;
	else if (!strcmp(value, "false") || !strcmp(value, "0"))
		*flags &= ~flag;
	else
		return refuse(why, key, "not true or false");
	return 0;
}

static int take_source(struct mounting *m, const char *key, const char *value, struct buf *why)
{
	return *value ? keep(&m->v.source, value, strlen(value)) : refuse(why, key, "no directory or file is named");
}

static int take_target(struct mounting *m, const char *key, const char *value, struct buf *why)
{
	return *value == '/' ? keep(&m->v.target, value, strlen(value)) : refuse(why, key, "not an absolute path inside");
}

static int take_read_only(struct mounting *m, const char *key, const char *value, struct buf *why)
{
	return take_flag(&m->v.flags, VOLUME_READ_ONLY, key, value, why);
}

static int take_idmap(struct mounting *m, const char *key, const char *value, struct buf *why)
{
	m->idmap_key = "idmap";
	return take_flag(&m->v.flags, VOLUME_IDMAP, key, value, why);
}

static int take_tmpfs_size(struct mounting *m, const char *key, const char *value, struct buf *why)
{
	m->size_key = "tmpfs-size";
	return take_size(&m->v, key, value, why);
}

static int take_tmpfs_mode(struct mounting *m, const char *key, const char *value, struct buf *why)
{
	m->size_key = "tmpfs-mode";
	return take_mode(&m->v, key, value, why);
}

/* Nothing that is mounted on one side is ever seen on the other. */
static int take_propagation(struct mounting *m, const char *key, const char *value, struct buf *why)
{
	(void)m;
	return strcmp(value, "private") && strcmp(value, "rprivate") ? refuse(why, key, "it is always rprivate") : 0;
}

static const struct key {
	const char *name;
	int (*take)(struct mounting *m, const char *key, const char *value, struct buf *why);
	int is_flag;
} keys[] = {
	{ "type", take_type, 0 }, { "src", take_source, 0 }, { "source", take_source, 0 }, { "dst", take_target, 0 },
	{ "target", take_target, 0 }, { "destination", take_target, 0 }, { "ro", take_read_only, 1 },
	{ "readonly", take_read_only, 1 }, { "idmap", take_idmap, 1 }, { "tmpfs-size", take_tmpfs_size, 0 },
	{ "tmpfs-mode", take_tmpfs_mode, 0 }, { "bind-propagation", take_propagation, 0 },
};

static int take_field(struct mounting *m, char *field, struct buf *why)
{
	char *eq = strchr(field, '=');
	size_t n = eq ? (size_t)(eq - field) : strlen(field);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strlen(keys[i].name) != n || strncmp(keys[i].name, field, n) != 0)
			continue;
		if (!eq && !keys[i].is_flag)
			return refuse(why, keys[i].name, "no value; write it as KEY=VALUE");
		return keys[i].take(m, keys[i].name, eq ? eq + 1 : "", why);
	}
	field[n] = '\0';
	return refuse(why, field, "no such key; there are type, src, dst, ro, idmap, tmpfs-size and tmpfs-mode");
}

/* The next field of a line of such, without the quotes around it, in which "" is one. 1; 0 the end; -EINVAL, -ENOMEM. */
static int next_field(const char **at, char **ret, struct buf *why)
{
	AUTO_BUF struct buf b = { 0 };
	const char *p = *at;

	if (!*p)
		return 0;
	if (*p != '"') {
		buf_add(&b, p, strcspn(p, ","));
		p += strcspn(p, ",");
	} else {
		for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
			buf_putc(&b, *p);
			p += *p == '"';
		}
		if (*p != '"' || (p[1] && p[1] != ','))
			return refuse(why, NULL, "quotes stand around a whole KEY=VALUE");
		p++;
	}
	*at = p + (*p == ',');
	buf_puts(&b, "");
	return buf_steal(&b, ret) ? -ENOMEM : 1;
}

static int check(const struct mounting *m, struct buf *why)
{
	const struct volume *v = &m->v;

	if (!v->target)
		return refuse(why, "dst", "it is missing: the place inside");
	if (v->kind == VOLUME_TMPFS && (v->source || m->idmap_key))
		return refuse(why, v->source ? "src" : m->idmap_key, "a tmpfs begins empty, and has none");
	if (v->kind == VOLUME_TMPFS)
		return 0;
	if (m->size_key)
		return refuse(why, m->size_key, "it is for type=tmpfs");
	if (m->is_named && (!v->source || !strchr(v->source, '/')))
		return refuse(why, "src", "volumes have no names here: it is the path of a directory, as /srv/data or ./data");
	return v->source ? 0 : refuse(why, "src", "it is missing: what of the host is shown");
}

int volume_parse_mount(const char *text, struct volume *ret, struct buf *why)
{
	struct mounting m = { .is_named = 1 }; /* without a type, as docker has it */
	const char *at = text;
	int r, more = 1;

	for (r = 0; !r && more;) {
		AUTO_FREE char *field = NULL;

		more = next_field(&at, &field, why);
		r = more < 0 ? more : more ? take_field(&m, field, why) : 0;
	}
	if (!r)
		r = check(&m, why);
	if (!r)
		*ret = m.v;
	return done(&m.v, r);
}
