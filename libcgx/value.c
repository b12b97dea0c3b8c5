/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading settings by either name on any layout, and planning to write them. */
#include "private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- where a file is ---- */

static struct group_place *v2_place(struct cgx_group *g)
{
	struct cgx_hierarchy *h = layout_v2(g->cgx);

	return h ? group_place(g, h) : NULL;
}

static struct group_place *v1_place(struct cgx_group *g, cgx_set bit)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->place[i].h->version == 1 && (bit == CGX_C_CORE || g->place[i].h->controllers & bit))
			return &g->place[i];
	return NULL;
}

/* A setting whose own side of the host does not carry it is on the other side, if that has its controller. */
static int other_side_has(struct cgx_group *g, const struct setting_ref *ref)
{
	if (ref->dialect == 1)
		return ref->row->v2 && v2_place(g) && !v1_place(g, setting_prefix_bit(ref->row->v1[ref->index].name));
	return ref->row->v1[0].name && v1_place(g, setting_prefix_bit(ref->row->v1[0].name));
}

/* The place where a file of this name would be if the host speaks its dialect; NULL it does not. */
static struct group_place *native_place(struct cgx_group *g, const struct setting_ref *ref, const char *file)
{
	cgx_set bit = setting_prefix_bit(file);
	struct group_place *v2 = v2_place(g);

	if (!bit) /* a controller that only this kernel knows */
		bit = layout_bit(g->cgx, file, strcspn(file, "."));
	if (ref->row && ref->dialect == 1)
		return v1_place(g, bit);
	if (v2 && (bit == CGX_C_CORE || layout_find(g->cgx, bit) == v2->h))
		return v2;
	/* v2 has it without the controller, but where v1 has the controller v1 knows more (throttling) */
	if (v2 && ref->row && ref->row->flags & SETTING_CORE && !other_side_has(g, ref))
		return v2;
	if (ref->row && (ref->row->codec || !ref->row->v1[0].name || strcmp(ref->row->v1[0].name, file)))
		return NULL;
	return v1_place(g, bit);
}

/* ---- reading ---- */

static void cut_newline(struct buf *b)
{
	if (b->len && b->s[b->len - 1] == '\n')
		b->s[--b->len] = '\0';
}

/* The file's text without its last newline, as the plan will leave it. -ENOENT it is not there. */
static int read_file(struct cgx_group *g, const struct cgx_plan *p, struct group_place *pl, const char *file,
		     struct buf *ret)
{
	const char *pending = p ? plan_pending(p, pl->h, pl->path, file) : NULL;
	int fd, r;

	buf_reset(ret);
	if (pending) {
		buf_puts(ret, pending);
		return ret->err;
	}
	if (p && plan_makes(p, pl->h, pl->path))
		return -ENODATA;
	fd = place_fd(g, pl);
	if (fd < 0)
		return fd;
	r = fs_read(fd, file, ret);
	cut_newline(ret);
	return r;
}

static int read_ref(struct cgx_group *g, const struct cgx_plan *p, const struct setting_ref *ref, const char *name,
		    struct buf *ret);

/* What a codec needs beside the text in hand. */
struct gathered {
	struct buf v1[SETTING_V1_MAX], v2, with;
	struct codec_arg arg;
};

static void gathered_free(struct gathered *s)
{
	for (size_t i = 0; i < SETTING_V1_MAX; i++)
		buf_free(&s->v1[i]);
	buf_free(&s->v2);
	buf_free(&s->with);
}

static void gather_with(struct cgx_group *g, const struct cgx_plan *p, const struct setting_ref *ref,
			struct gathered *s)
{
	int r;

	s->arg.clock_ticks = sysconf(_SC_CLK_TCK);
	s->arg.page_size = sysconf(_SC_PAGESIZE);
	if (!ref->row->with)
		return;
	r = value_read(g, p, ref->row->with, &s->with);
	if (r == -ENODATA) { /* of a group that the plan is going to make: limits begin as max */
		buf_puts(&s->with, "max");
		r = s->with.err;
	}
	if (!r)
		s->arg.with = buf_text(&s->with);
}

/* The texts of the row's v1 files. 0 at least one is there; else why the first is not. */
static int gather_v1(struct cgx_group *g, const struct cgx_plan *p, const struct setting_ref *ref, const char *name,
		     struct gathered *s)
{
	int first = -ENOENT, found = 0;

	for (unsigned i = 0; i < SETTING_V1_MAX && ref->row->v1[i].name; i++) {
		struct group_place *pl = v1_place(g, setting_prefix_bit(ref->row->v1[i].name));
		char file[128];
		int r = setting_expand(ref->row->v1[i].name, ref->star, file, sizeof(file));

		if (!r)
			r = pl ? read_file(g, p, pl, file, &s->v1[i]) : -ENODEV;
		if (r == -ENOMEM)
			return r;
		if (r == -ENODATA || !r) {
			found = 1;
			s->arg.v1[i] = r ? NULL : buf_text(&s->v1[i]);
		} else if (!i) {
			first = !pl ? explain_no_place(g, ref, ref->row->v1[0].name) : explain_read(g, pl, ref, name, r);
		}
	}
	gather_with(g, p, ref, s);
	return found ? 0 : first;
}

static int gather_v2(struct cgx_group *g, const struct cgx_plan *p, const struct setting_ref *ref, const char *name,
		     struct gathered *s)
{
	struct group_place *pl = v2_place(g);
	char file[128];
	int r = setting_expand(ref->row->v2, ref->star, file, sizeof(file));

	if (!r)
		r = pl ? read_file(g, p, pl, file, &s->v2) : -ENODEV;
	if (r == -ENODEV)
		return explain_no_place(g, ref, name);
	if (r && r != -ENODATA)
		return explain_read(g, pl, ref, file, r);
	s->arg.v2 = r ? NULL : buf_text(&s->v2);
	gather_with(g, p, ref, s);
	return 0;
}

static int join(const struct setting_ref *ref, struct gathered *s, struct buf *ret)
{
	if (ref->row->codec)
		return ref->row->codec->join ? ref->row->codec->join(&s->arg, ret) : -EOPNOTSUPP;
	if (!s->arg.v1[0])
		return -ENODATA;
	buf_puts(ret, s->arg.v1[0]);
	return ret->err;
}

static int split(const struct setting_ref *ref, struct gathered *s, struct codec_out *ret)
{
	if (ref->row->codec)
		return ref->row->codec->split ? ref->row->codec->split(&s->arg, ret) : -EOPNOTSUPP;
	ret->n = 1;
	ret->w[0].index = 0;
	buf_puts(&ret->w[0].text, s->arg.v2 ? s->arg.v2 : "");
	return ret->w[0].text.err;
}

/* The text of v1 file index as split says it. */
static int pick(const struct codec_out *out, unsigned index, struct buf *ret)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->w[i].index == index) {
			buf_puts(ret, buf_text(&out->w[i].text));
			return ret->err;
		}
	return -EOPNOTSUPP;
}

static int read_converted(struct cgx_group *g, const struct cgx_plan *p, const struct setting_ref *ref,
			  const char *name, struct buf *ret)
{
	struct gathered s CLEANUP(gathered_free) = { 0 };
	struct codec_out out CLEANUP(codec_out_free) = { 0 };
	int r;

	if (ref->dialect == 2 ? !ref->row->v1[0].name : !ref->row->v2)
		return explain_no_counterpart(g, ref, name);
	r = ref->dialect == 2 ? gather_v1(g, p, ref, name, &s) : gather_v2(g, p, ref, name, &s);
	if (r)
		return r;
	buf_reset(ret);
	if (ref->dialect == 2) {
		r = join(ref, &s, ret);
		cut_newline(ret);
	} else {
		r = split(ref, &s, &out);
		if (!r)
			r = pick(&out, ref->index, ret);
		cut_newline(ret);
	}
	return r ? explain_codec(g, ref, name, r) : 0;
}

static int read_ref(struct cgx_group *g, const struct cgx_plan *p, const struct setting_ref *ref, const char *name,
		    struct buf *ret)
{
	struct group_place *pl = native_place(g, ref, name);
	int r;

	if (pl) {
		r = read_file(g, p, pl, name, ret);
		if (!r || r == -ENODATA)
			return r;
		if (r != -ENOENT || !ref->row || !other_side_has(g, ref))
			return explain_read(g, pl, ref, name, r);
	}
	if (!ref->row)
		return explain_no_place(g, ref, name);
	return read_converted(g, p, ref, name, ret);
}

int value_read(struct cgx_group *g, const struct cgx_plan *p, const char *name, struct buf *ret)
{
	struct setting_ref ref;
	int r;

	setting_lookup(name, &ref);
	r = read_ref(g, p, &ref, name, ret);
	if (!r || r == -ENODATA || r == -ENOMEM || !g->unsettled)
		return r;
	group_settle(g); /* not in the hierarchy where it was looked for first: see where the group is at all */
	clear_error(g->cgx);
	return read_ref(g, p, &ref, name, ret);
}

static int check_name(struct cgx_group *g, const char *name)
{
	AUTO_BUF struct buf object = { 0 };

	if (*name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..") && strlen(name) < 200)
		return 0;
	buf_printf(&object, "%s: %.200s", g->path, name);
	fail(g->cgx, -EINVAL, buf_text(&object), "find", "this is no name of a setting");
	advise(g->cgx, "names look like memory.max; cgx-ls --settings lists them");
	return -EINVAL;
}

/* One key of a keyed text: "anon", or "some.avg10" and "8:0.rbytes" of nested ones. */
static int take_key(struct cgx_group *g, const char *name, const char *key, struct buf *text)
{
	const char *dot = strrchr(key, '.'), *value;
	AUTO_FREE char *line = dot ? strndup(key, (size_t)(dot - key)) : NULL;
	AUTO_BUF struct buf object = { 0 }, copy = { 0 };
	size_t len;

	if (text_flat(text->s, key, &value, &len) &&
	    (!line || text_nested(text->s, line, dot + 1, &value, &len))) {
		explain_object(&object, g, name);
		fail(g->cgx, -ENOKEY, buf_text(&object), "read", "the file has no such key");
		return -ENOKEY;
	}
	buf_add(&copy, value, len);
	buf_reset(text);
	buf_puts(text, buf_text(&copy));
	return copy.err ? copy.err : text->err;
}

static int get(struct cgx_group *g, const char *name, struct buf *ret)
{
	const char *colon = strchr(name, ':');
	AUTO_FREE char *base = strndup(name, colon ? (size_t)(colon - name) : strlen(name));
	int r;

	if (!base)
		return -ENOMEM;
	r = check_name(g, base);
	if (!r)
		r = value_read(g, NULL, base, ret);
	if (!r && colon)
		r = take_key(g, name, colon + 1, ret);
	return r;
}

CGX_API int cgx_get(struct cgx_group *g, const char *name, char **ret)
{
	AUTO_BUF struct buf b = { 0 };
	int r = get(g, name, &b);

	return r ? r : buf_steal(&b, ret);
}

CGX_API int cgx_get_u64(struct cgx_group *g, const char *name, uint64_t *ret)
{
	AUTO_BUF struct buf b = { 0 }, object = { 0 };
	int r = get(g, name, &b);

	if (r)
		return r;
	if (!strcmp(buf_text(&b), "max") || !strcmp(buf_text(&b), "-1")) {
		*ret = UINT64_MAX;
		return 0;
	}
	if (!num_u64(buf_text(&b), ret))
		return 0;
	explain_object(&object, g, name);
	return fail(g->cgx, -EBADMSG, buf_text(&object), "read as a number", "the value is no number");
}

CGX_API int cgx_get_raw(struct cgx_group *g, const char *name, char **ret)
{
	AUTO_BUF struct buf b = { 0 };
	struct setting_ref ref = { 0 };
	int r = check_name(g, name);

	if (r)
		return r;
	group_settle(g);
	for (size_t i = 0; i < g->n; i++) {
		r = read_file(g, NULL, &g->place[i], name, &b);
		if (!r)
			return buf_steal(&b, ret);
		if (r != -ENOENT)
			return explain_read(g, &g->place[i], &ref, name, r);
	}
	return g->n && r ? explain_read(g, &g->place[0], &ref, name, r) : explain_no_place(g, &ref, name);
}

/* ---- listing ---- */

CGX_API char **cgx_list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
	return NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name a file goes under: its own, or v2's name for what it is part of. */
static int listed_name(const char *file, unsigned flags, char *ret, size_t size)
{
	struct setting_ref ref;

	if (flags & CGX_LIST_RAW || setting_lookup(file, &ref))
		return snprintf(ret, size, "%s", file) < (int)size ? 0 : -ENAMETOOLONG;
	return setting_expand(cgx_setting_name(ref.row), ref.star, ret, size);
}

static int list_place(struct cgx_group *g, struct group_place *pl, cgx_set controllers, unsigned flags, char ***list,
		      size_t *n)
{
	struct fs_list files = { 0 };
	char **more;
	int fd = place_fd(g, pl), r;

	r = fd < 0 ? fd : fs_list_files(fd, "", &files);
	more = r ? NULL : reallocarray(*list, *n + files.n + 1, sizeof(**list));
	if (!r && !more)
		r = -ENOMEM;
	if (more)
		*list = more;
	for (size_t i = 0; !r && i < files.n; i++) {
		cgx_set bit = setting_prefix_bit(files.entry[i].name);
		char name[256];

		if (!bit)
			bit = layout_bit(g->cgx, files.entry[i].name, strcspn(files.entry[i].name, "."));
		if ((controllers && !(controllers & bit)) || listed_name(files.entry[i].name, flags, name, sizeof(name)))
			continue;
		(*list)[*n] = strdup(name);
		r = (*list)[*n] ? 0 : -ENOMEM;
		*n += !r;
		(*list)[*n] = NULL;
	}
	fs_list_free(&files);
	return r;
}

CGX_API int cgx_list(struct cgx_group *g, cgx_set controllers, unsigned flags, char ***ret)
{
	char **list = calloc(1, sizeof(*list));
	size_t n = 0, kept = 0;
	int r = list ? 0 : -ENOMEM;

	group_settle(g);
	if (!r && !g->n)
		r = fail(g->cgx, -ENOENT, g->path, "list settings", "there is no such group");
	for (size_t i = 0; !r && i < g->n; i++)
		r = list_place(g, &g->place[i], controllers, flags, &list, &n);
	if (r) {
		cgx_list_free(list);
		return r;
	}
	qsort(list, n, sizeof(*list), by_text);
	for (size_t i = 0; i < n; i++) {
		if (kept && !strcmp(list[kept - 1], list[i]))
			free(list[i]);
		else
			list[kept++] = list[i];
	}
	list[kept] = NULL;
	*ret = list;
	return 0;
}

/* ---- planning a write ---- */

static int is_there(struct cgx_group *g, const struct cgx_plan *p, struct group_place *pl, const char *file)
{
	return plan_makes(p, pl->h, pl->path) || (place_open(g->cgx, pl) >= 0 && fs_has(pl->fd, file) == 1);
}

static int add_write(struct cgx_plan *p, struct cgx_group *g, struct group_place *pl, const char *name,
		     const struct setting_ref *ref, const char *file, const char *text)
{
	if (!is_there(g, p, pl, file))
		return explain_read(g, pl, ref, file, -ENOENT);
	return plan_add_write(p, pl, name, ref->row, file, text);
}

static int plan_split(struct cgx_plan *p, struct cgx_group *g, const struct setting_ref *ref, const char *name,
		      const char *text)
{
	struct gathered s CLEANUP(gathered_free) = { 0 };
	struct codec_out out CLEANUP(codec_out_free) = { 0 };
	struct group_place *first = v1_place(g, setting_prefix_bit(ref->row->v1[0].name));
	int r = first ? plan_check_write(p, first, name, text) : 0;

	if (!r)
		r = gather_v1(g, p, ref, name, &s);
	if (r)
		return r;
	s.arg.v2 = text;
	r = split(ref, &s, &out);
	if (r)
		return explain_codec(g, ref, name, r);
	for (size_t i = 0; !r && i < out.n; i++) {
		const char *pattern = ref->row->v1[out.w[i].index].name;
		char file[128];

		r = setting_expand(pattern, ref->star, file, sizeof(file));
		if (!r)
			r = add_write(p, g, v1_place(g, setting_prefix_bit(pattern)), name, ref, file,
				      buf_text(&out.w[i].text));
	}
	return r;
}

static int plan_join(struct cgx_plan *p, struct cgx_group *g, const struct setting_ref *ref, const char *name,
		     const char *text)
{
	struct gathered s CLEANUP(gathered_free) = { 0 };
	struct codec_out out CLEANUP(codec_out_free) = { 0 };
	AUTO_BUF struct buf v2 = { 0 };
	char file[128];
	int r = gather_v2(g, p, ref, name, &s);

	if (!r)
		r = setting_expand(ref->row->v2, ref->star, file, sizeof(file));
	if (r)
		return r;
	/* what the other v1 files of the row would say now */
	if (s.arg.v2 && !split(ref, &s, &out))
		for (size_t i = 0; i < out.n; i++)
			s.arg.v1[out.w[i].index] = buf_text(&out.w[i].text);
	s.arg.v1[ref->index] = text;
	r = join(ref, &s, &v2);
	cut_newline(&v2);
	return r ? explain_codec(g, ref, name, r) : add_write(p, g, v2_place(g), name, ref, file, buf_text(&v2));
}

static int plan_write(struct cgx_plan *p, struct cgx_group *g, const struct setting_ref *ref, const char *name,
		      const char *text)
{
	struct group_place *pl = native_place(g, ref, name);

	if (pl && is_there(g, p, pl, name))
		return plan_add_write(p, pl, name, ref->row, name, text);
	group_settle(g);
	pl = native_place(g, ref, name);
	if (pl && (!ref->row || !other_side_has(g, ref)))
		return add_write(p, g, pl, name, ref, name, text);
	if (!ref->row)
		return explain_no_place(g, ref, name);
	if (ref->dialect == 2 ? !ref->row->v1[0].name : !ref->row->v2)
		return explain_no_counterpart(g, ref, name);
	return ref->dialect == 2 ? plan_split(p, g, ref, name, text) : plan_join(p, g, ref, name, text);
}

CGX_API int cgx_plan_set(struct cgx_plan *p, struct cgx_group *g, const char *name, const char *value)
{
	AUTO_FREE char *text = NULL;
	struct setting_ref ref;
	int r = check_name(g, name);

	if (!r)
		r = cgx_setting_check(g->cgx, name, value, &text);
	if (r)
		return r;
	setting_lookup(name, &ref);
	return plan_write(p, g, &ref, name, text);
}

CGX_API int cgx_set_value(struct cgx_group *g, const char *name, const char *value)
{
	struct cgx_plan *p;
	int r = cgx_plan_new(g->cgx, &p);

	if (r)
		return r;
	r = cgx_plan_set(p, g, name, value);
	if (!r)
		r = cgx_plan_apply(p);
	cgx_plan_free(p);
	return r;
}
