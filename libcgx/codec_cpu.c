/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversions of cpu and cpuacct settings. */
#include "codec.h"

#include <errno.h>
#include <string.h>

/* ---- cpu.weight: v1 = cpu.shares ---- */

static uint64_t clamp(uint64_t v, uint64_t min, uint64_t max)
{
	return v < min ? min : v > max ? max : v;
}

/* Both ways to the nearest, as the kernel keeps weights itself, so that no weight changes by going there
 * and back. */
static int weight_join(const struct codec_arg *a, struct buf *ret)
{
	uint64_t shares;
	int r = codec_u64(a->v1[0], &shares);

	if (r)
		return r;
	shares = clamp(shares, 2, 262144);
	buf_printf(ret, "%llu", (unsigned long long)clamp((shares * 100 + 512) / 1024, 1, 10000));
	return buf_error(ret);
}

static int weight_split(const struct codec_arg *a, struct codec_out *ret)
{
	uint64_t weight;
	int r = codec_u64(a->v2, &weight);

	if (!r) {
		weight = clamp(weight, 0, 10000); /* 0 is read while cpu.idle is 1 */
		buf_printf(codec_file(ret, 0), "%llu",
			   (unsigned long long)clamp((weight * 1024 + 50) / 100, 2, 262144));
	}
	return codec_end(ret, r);
}

const struct codec codec_cpu_weight = { weight_join, weight_split };

/* ---- cpu.max: v1 = cpu.cfs_quota_us, cpu.cfs_period_us ---- */

struct bandwidth {
	uint64_t quota;  /* CODEC_NO_LIMIT: max */
	uint64_t period; /* 0: not told */
};

static int bandwidth_v2(const char *s, struct bandwidth *ret)
{
	struct bandwidth bw = { 0 };
	const char *word;
	size_t len, n;
	int r;

	if (!s)
		return -ENODATA;
	len = strcspn(s, "\n");
	if (!text_word(&s, &len, &word, &n))
		return -EBADMSG;
	if (n == 3 && !memcmp(word, "max", 3))
		bw.quota = CODEC_NO_LIMIT;
	else if ((r = codec_piece(word, n, &bw.quota)))
		return r;
	if (text_word(&s, &len, &word, &n)) {
		r = codec_piece(word, n, &bw.period);
		if (r || !bw.period || text_word(&s, &len, &word, &n))
			return r ? r : -EBADMSG;
	}
	*ret = bw;
	return 0;
}

/* Any negative quota is none. */
static int quota_v1(const char *s, uint64_t *ret)
{
	uint64_t v;
	int none, r;

	if (!s)
		return -ENODATA;
	none = *s == '-';
	r = codec_u64(s + none, &v);
	if (!r)
		*ret = none ? CODEC_NO_LIMIT : v;
	return r;
}

/* What one of the files does not say is taken from the present value. */
static int bandwidth_v1(const struct codec_arg *a, struct bandwidth *ret)
{
	struct bandwidth bw = { 0 };
	int r = 0;

	if (!a->v1[0] && !a->v1[1])
		return -ENODATA;
	if (a->v2 && (!a->v1[0] || !a->v1[1]))
		r = bandwidth_v2(a->v2, &bw);
	if (!r && (a->v1[0] || !a->v2))
		r = quota_v1(a->v1[0], &bw.quota);
	if (!r && a->v1[1])
		r = codec_u64(a->v1[1], &bw.period);
	if (!r)
		*ret = bw;
	return r;
}

static int max_join(const struct codec_arg *a, struct buf *ret)
{
	struct bandwidth bw;
	int r = bandwidth_v1(a, &bw);

	if (r)
		return r;
	codec_put_limit_v2(ret, bw.quota);
	if (bw.period)
		buf_printf(ret, " %llu", (unsigned long long)bw.period);
	return buf_error(ret);
}

/*
 * Between the two writes the group has one old and one new figure. It must not have more than its parent, so
 * the smaller of the two mixtures is gone through.
 */
static int quota_first(const struct codec_arg *a, const struct bandwidth *new)
{
	uint64_t quota, period;

	if (new->quota == CODEC_NO_LIMIT || quota_v1(a->v1[0], &quota) || codec_u64(a->v1[1], &period))
		return 1;
	if (quota == CODEC_NO_LIMIT)
		return 0;
	return (unsigned __int128)new->quota * new->period <= (unsigned __int128)quota * period;
}

static void put_quota(const struct bandwidth *bw, struct codec_out *ret)
{
	if (bw->quota == CODEC_NO_LIMIT)
		buf_puts(codec_file(ret, 0), "-1");
	else
		codec_put_limit_v2(codec_file(ret, 0), bw->quota);
}

static int max_split(const struct codec_arg *a, struct codec_out *ret)
{
	struct bandwidth bw;
	uint64_t period;
	int r = bandwidth_v2(a->v2, &bw), first;

	if (r)
		return r;
	if (a->v1[1] && !codec_u64(a->v1[1], &period) && period == bw.period)
		bw.period = 0; /* is so already */
	first = !bw.period || quota_first(a, &bw);
	if (first)
		put_quota(&bw, ret);
	if (bw.period)
		codec_put_limit_v2(codec_file(ret, 1), bw.period);
	if (!first)
		put_quota(&bw, ret);
	return codec_end(ret, 0);
}

const struct codec codec_cpu_max = { max_join, max_split };

/* ---- cpu.stat: v1 = cpu.stat, cpuacct.usage, cpuacct.usage_user, cpuacct.usage_sys, cpuacct.stat ---- */

static const struct codec_key stat_keys[] = {
	{ "nr_periods", "nr_periods" },
	{ "nr_throttled", "nr_throttled" },
	{ "throttled_usec", "throttled_time", 1000 },
	{ "nr_bursts", "nr_bursts" },
	{ "burst_usec", "burst_time", 1000 },
};

static const struct {
	const char *v2;
	unsigned file;     /* in nanoseconds */
	const char *ticks; /* its key in cpuacct.stat */
} usage_keys[] = {
	{ "usage_usec", 1, NULL },
	{ "user_usec", 2, "user" },
	{ "system_usec", 3, "system" },
};
#define TICKS_FILE 4

static uint64_t clock_ticks(const struct codec_arg *a)
{
	return a->clock_ticks > 0 ? (uint64_t)a->clock_ticks : 100;
}

/* One figure in microseconds: from its own file, else from the coarser ticks. -ENOKEY in neither. */
static int usage_v1(const struct codec_arg *a, size_t i, uint64_t *ret)
{
	const char *own = a->v1[usage_keys[i].file], *value;
	uint64_t v;
	size_t len;
	int r;

	if (own) {
		r = codec_u64(own, &v);
		v /= r ? 1 : 1000;
	} else {
		if (!usage_keys[i].ticks || !a->v1[TICKS_FILE] ||
		    text_flat(a->v1[TICKS_FILE], usage_keys[i].ticks, &value, &len))
			return -ENOKEY;
		r = codec_piece(value, len, &v);
		if (!r)
			v = (uint64_t)((unsigned __int128)v * 1000000 / clock_ticks(a));
	}
	if (!r)
		*ret = v;
	return r;
}

static int stat_join(const struct codec_arg *a, struct buf *ret)
{
	AUTO_BUF struct buf b = { 0 };
	int r = 0, given = 0;
	uint64_t v;

	for (size_t i = 0; i < SETTING_V1_MAX; i++)
		given |= a->v1[i] != NULL;
	if (!given)
		return -ENODATA;
	for (size_t i = 0; i < COUNT_OF(usage_keys); i++) {
		r = usage_v1(a, i, &v);
		if (!r)
			buf_printf(&b, "%s %llu\n", usage_keys[i].v2, (unsigned long long)v);
		else if (r != -ENOKEY)
			return r;
	}
	r = a->v1[0] ? codec_keys_to_v2(stat_keys, COUNT_OF(stat_keys), a->v1[0], &b) : 0;
	if (r >= 0)
		r = b.len ? 0 : -EBADMSG;
	return codec_give(&b, r, ret);
}

static int split_usage(const struct codec_arg *a, struct codec_out *ret)
{
	for (size_t i = 0; i < COUNT_OF(usage_keys); i++) {
		unsigned long long ticks;
		uint64_t v, ns;
		int r = text_flat_u64(a->v2, usage_keys[i].v2, &v);

		if (r == -ENOKEY)
			continue;
		if (r || __builtin_mul_overflow(v, 1000u, &ns))
			return r ? r : -ERANGE;
		buf_printf(codec_file(ret, usage_keys[i].file), "%llu", (unsigned long long)ns);
		ticks = (unsigned long long)((unsigned __int128)v * clock_ticks(a) / 1000000);
		if (usage_keys[i].ticks)
			buf_printf(codec_file(ret, TICKS_FILE), "%s %llu\n", usage_keys[i].ticks, ticks);
	}
	return 0;
}

static int stat_split(const struct codec_arg *a, struct codec_out *ret)
{
	AUTO_BUF struct buf b = { 0 };
	int r;

	if (!a->v2)
		return -ENODATA;
	r = codec_keys_to_v1(stat_keys, COUNT_OF(stat_keys), a->v2, &b);
	if (r > 0)
		buf_puts(codec_file(ret, 0), buf_text(&b));
	if (r >= 0)
		r = split_usage(a, ret);
	return codec_end(ret, !r && !ret->n ? -EBADMSG : r);
}

const struct codec codec_cpu_stat = { stat_join, stat_split };

/* ---- cpu.stat.local ---- */

static const struct codec_key local_keys[] = { { "throttled_usec", "throttled_time", 1000 } };

static int local_join(const struct codec_arg *a, struct buf *ret)
{
	AUTO_BUF struct buf b = { 0 };
	int n;

	if (!a->v1[0])
		return -ENODATA;
	n = codec_keys_to_v2(local_keys, COUNT_OF(local_keys), a->v1[0], &b);
	return codec_give(&b, n < 0 ? n : n ? 0 : -EBADMSG, ret);
}

static int local_split(const struct codec_arg *a, struct codec_out *ret)
{
	int n;

	if (!a->v2)
		return -ENODATA;
	n = codec_keys_to_v1(local_keys, COUNT_OF(local_keys), a->v2, codec_file(ret, 0));
	return codec_end(ret, n < 0 ? n : n ? 0 : -EBADMSG);
}

const struct codec codec_cpu_stat_local = { local_join, local_split };
