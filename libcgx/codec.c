/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversions between v1 and v2 texts: what they share, limits, hugetlb, freezer, cpuset. */
#include "codec.h"

#include <errno.h>
#include <string.h>

/* Whatever the page size, v1 prints "no limit" as at least this much. */
#define NO_LIMIT_V1   ((uint64_t)INT64_MAX / 65536 * 65536)
/* The same rounded to huge pages, the largest of which is 16 GiB. */
#define NO_LIMIT_HUGE ((uint64_t)INT64_MAX / (1ull << 34) * (1ull << 34))

/* ---- results ---- */

void codec_out_free(struct codec_out *o)
{
	for (size_t i = 0; i < o->n; i++)
		buf_free(&o->w[i].text);
	o->n = 0;
}

struct buf *codec_file(struct codec_out *o, unsigned index)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->w[i].index == index)
			return &o->w[i].text;
	o->w[o->n].index = index;
	o->w[o->n].text = (struct buf){ 0 };
	return &o->w[o->n++].text;
}

int codec_end(struct codec_out *o, int r)
{
	for (size_t i = 0; i < o->n; i++) {
		struct buf *b = &o->w[i].text;

		if (b->len && b->s[b->len - 1] == '\n')
			b->s[--b->len] = '\0';
		if (!r)
			r = buf_error(b);
	}
	if (r)
		codec_out_free(o);
	return r;
}

int codec_give(const struct buf *built, int r, struct buf *ret)
{
	if (!r)
		r = buf_error(built);
	if (r)
		return r;
	buf_puts(ret, buf_text(built));
	return buf_error(ret);
}

/* ---- numbers ---- */

int codec_piece(const char *s, size_t len, uint64_t *ret)
{
	const char *p = s;
	uint64_t v;
	int r = num_scan(&p, &v);

	if (r)
		return r == -EINVAL ? -EBADMSG : r;
	if ((size_t)(p - s) != len)
		return -EBADMSG;
	*ret = v;
	return 0;
}

int codec_u64(const char *s, uint64_t *ret)
{
	size_t len;

	if (!s)
		return -ENODATA;
	len = strlen(s);
	return codec_piece(s, len && s[len - 1] == '\n' ? len - 1 : len, ret);
}

int codec_is(const char *s, const char *word)
{
	size_t n = strlen(word);

	return s && !strncmp(s, word, n) && (!s[n] || (s[n] == '\n' && !s[n + 1]));
}

static int limit_above(const char *s, uint64_t none, uint64_t *ret)
{
	uint64_t v;
	int r;

	if (codec_is(s, "-1")) {
		*ret = CODEC_NO_LIMIT;
		return 0;
	}
	r = codec_u64(s, &v);
	if (r)
		return r;
	*ret = v >= none ? CODEC_NO_LIMIT : v;
	return 0;
}

int codec_limit_v1(const char *s, uint64_t *ret)
{
	return limit_above(s, NO_LIMIT_V1, ret);
}

int codec_limit_v2(const char *s, uint64_t *ret)
{
	if (!codec_is(s, "max"))
		return codec_u64(s, ret);
	*ret = CODEC_NO_LIMIT;
	return 0;
}

static void put_u64(struct buf *b, uint64_t v)
{
	buf_printf(b, "%llu", (unsigned long long)v);
}

void codec_put_limit_v2(struct buf *b, uint64_t limit)
{
	if (limit == CODEC_NO_LIMIT)
		buf_puts(b, "max");
	else
		put_u64(b, limit);
}

void codec_put_limit_v1(struct buf *b, uint64_t limit, const struct codec_arg *a, unsigned index)
{
	uint64_t page = a->page_size > 0 ? (uint64_t)a->page_size : 4096;

	if (limit != CODEC_NO_LIMIT)
		put_u64(b, limit);
	else if (a->v1[index])
		buf_puts(b, "-1");
	else
		put_u64(b, (uint64_t)INT64_MAX / page * page);
}

/* ---- keyed texts that differ in names and units ---- */

static uint64_t factor(const struct codec_key *k)
{
	return k->factor ? k->factor : 1;
}

static int key_value(const char *s, const char *key, uint64_t *ret)
{
	const char *value;
	size_t len;

	return text_flat(s, key, &value, &len) ? -ENOKEY : codec_piece(value, len, ret);
}

int codec_keys_to_v2(const struct codec_key *keys, size_t n, const char *v1, struct buf *ret)
{
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t v;
		int r = key_value(v1, keys[i].v1, &v);

		if (r == -ENOKEY)
			continue;
		if (r)
			return r;
		buf_printf(ret, "%s %llu\n", keys[i].v2, (unsigned long long)(v / factor(&keys[i])));
		found++;
	}
	return found;
}

int codec_keys_to_v1(const struct codec_key *keys, size_t n, const char *v2, struct buf *ret)
{
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t v;
		int r = key_value(v2, keys[i].v2, &v);

		if (r == -ENOKEY)
			continue;
		if (r)
			return r;
		if (__builtin_mul_overflow(v, factor(&keys[i]), &v))
			return -ERANGE;
		buf_printf(ret, "%s %llu\n", keys[i].v1, (unsigned long long)v);
		found++;
	}
	return found;
}

/* ---- limits ---- */

static int limit_join_above(const struct codec_arg *a, uint64_t none, struct buf *ret)
{
	uint64_t limit;
	int r = limit_above(a->v1[0], none, &limit);

	if (r)
		return r;
	codec_put_limit_v2(ret, limit);
	return buf_error(ret);
}

static int limit_join(const struct codec_arg *a, struct buf *ret)
{
	return limit_join_above(a, NO_LIMIT_V1, ret);
}

static int huge_limit_join(const struct codec_arg *a, struct buf *ret)
{
	return limit_join_above(a, NO_LIMIT_HUGE, ret);
}

static int limit_split(const struct codec_arg *a, struct codec_out *ret)
{
	uint64_t limit;
	int r = codec_limit_v2(a->v2, &limit);

	if (!r)
		codec_put_limit_v1(codec_file(ret, 0), limit, a, 0);
	return codec_end(ret, r);
}

const struct codec codec_limit = { limit_join, limit_split };
const struct codec codec_huge_limit = { huge_limit_join, limit_split };

/* ---- hugetlb ---- */

static int huge_events_join(const struct codec_arg *a, struct buf *ret)
{
	uint64_t n;
	int r = codec_u64(a->v1[0], &n);

	if (r)
		return r;
	buf_printf(ret, "max %llu\n", (unsigned long long)n);
	return buf_error(ret);
}

static int huge_events_split(const struct codec_arg *a, struct codec_out *ret)
{
	uint64_t n;
	int r = a->v2 ? key_value(a->v2, "max", &n) : -ENODATA;

	if (!r)
		put_u64(codec_file(ret, 0), n);
	return codec_end(ret, r == -ENOKEY ? -EBADMSG : r);
}

const struct codec codec_huge_events = { huge_events_join, huge_events_split };

/* Put the line that begins with the given word under another name. v1 adds up groups below in a line of
 * its own; v2 always does. */
static int rename_line(const char *s, const char *from, const char *to, struct buf *ret)
{
	const char *line;
	size_t len, n = strlen(from);

	if (!s)
		return -ENODATA;
	while (text_line(&s, &line, &len))
		if (len > n && !memcmp(line, from, n)) {
			buf_puts(ret, to);
			buf_add(ret, line + n, len - n);
			buf_putc(ret, '\n');
			return buf_error(ret);
		}
	return -EBADMSG;
}

static int huge_numa_join(const struct codec_arg *a, struct buf *ret)
{
	return rename_line(a->v1[0], "hierarchical_total=", "total=", ret);
}

static int huge_numa_split(const struct codec_arg *a, struct codec_out *ret)
{
	return codec_end(ret, rename_line(a->v2, "total=", "hierarchical_total=", codec_file(ret, 0)));
}

const struct codec codec_huge_numa = { huge_numa_join, huge_numa_split };

/* ---- freezer: v1 = freezer.state, freezer.self_freezing (read only); with = cgroup.events ---- */

static int freeze_join(const struct codec_arg *a, struct buf *ret)
{
	int frozen;

	if (codec_is(a->v1[1], "0") || codec_is(a->v1[1], "1"))
		frozen = *a->v1[1] == '1';
	else if (!a->v1[0])
		return -ENODATA;
	else if (codec_is(a->v1[0], "THAWED"))
		frozen = 0;
	else if (codec_is(a->v1[0], "FROZEN") || codec_is(a->v1[0], "FREEZING"))
		frozen = 1;
	else
		return -EBADMSG;
	buf_puts(ret, frozen ? "1" : "0");
	return buf_error(ret);
}

/* What has been asked for, and, when it is only read, how far it has got. */
static const char *freezer_state(const struct codec_arg *a, int asked)
{
	uint64_t frozen;

	if (a->v1[0] || !a->with || key_value(a->with, "frozen", &frozen))
		return asked ? "FROZEN" : "THAWED";
	if (frozen)
		return "FROZEN";
	return asked ? "FREEZING" : "THAWED";
}

static int freeze_split(const struct codec_arg *a, struct codec_out *ret)
{
	int asked = codec_is(a->v2, "1");

	if (!a->v2)
		return -ENODATA;
	if (!asked && !codec_is(a->v2, "0"))
		return -EBADMSG;
	buf_puts(codec_file(ret, 0), freezer_state(a, asked));
	return codec_end(ret, 0);
}

const struct codec codec_freeze = { freeze_join, freeze_split };

/* ---- partition: v1 = cpuset.cpu_exclusive, cpuset.sched_load_balance ---- */

static int partition_join(const struct codec_arg *a, struct buf *ret)
{
	uint64_t exclusive, balance = 1;
	int r = codec_u64(a->v1[0], &exclusive);

	if (!r && a->v1[1])
		r = codec_u64(a->v1[1], &balance);
	if (r)
		return r;
	if (exclusive > 1 || balance > 1)
		return -EBADMSG;
	if (!exclusive && !balance && a->v2 && !strncmp(a->v2, "member", 6))
		return -EOPNOTSUPP; /* a write of sched_load_balance that v2 would not carry out */
	buf_puts(ret, !exclusive ? "member" : balance ? "root" : "isolated");
	return buf_error(ret);
}

/* The kernel adds " invalid (why)" to a partition it could not form; what was asked for counts. */
static int partition_split(const struct codec_arg *a, struct codec_out *ret)
{
	static const struct {
		const char *v2, *exclusive, *balance;
	} states[] = { { "member", "0", "1" }, { "root", "1", "1" }, { "isolated", "1", "0" } };
	size_t len = a->v2 ? strcspn(a->v2, " \n") : 0;

	if (!a->v2)
		return -ENODATA;
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (strlen(states[i].v2) == len && !memcmp(states[i].v2, a->v2, len)) {
			buf_puts(codec_file(ret, 0), states[i].exclusive);
			buf_puts(codec_file(ret, 1), states[i].balance);
			return codec_end(ret, 0);
		}
	return -EBADMSG;
}

const struct codec codec_partition = { partition_join, partition_split };
