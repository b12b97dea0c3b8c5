/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversions of memory settings. */
#include "codec.h"

#include <errno.h>
#include <string.h>

/* ---- memory.max: v1 = limit_in_bytes, memsw.limit_in_bytes ---- */

static int max_join(const struct codec_arg *a, struct buf *ret)
{
	return codec_limit.join(a, ret);
}

/* v1 limits memory and swap together: the sum follows the new limit, so that as much swap as before is left. */
static uint64_t follow(uint64_t limit, uint64_t memsw, uint64_t new)
{
	uint64_t swap = limit < memsw ? memsw - limit : 0, sum;

	if (new == CODEC_NO_LIMIT || __builtin_add_overflow(new, swap, &sum) || sum > INT64_MAX)
		return CODEC_NO_LIMIT;
	return sum;
}

/* The kernel refuses a sum below the limit at any moment. */
static int coupled_split(const struct codec_arg *a, uint64_t new, struct codec_out *ret)
{
	uint64_t limit, memsw, sum;
	int r = codec_limit_v1(a->v1[0], &limit);

	if (!r)
		r = codec_limit_v1(a->v1[1], &memsw);
	if (r)
		return r;
	sum = memsw == CODEC_NO_LIMIT ? memsw : follow(limit, memsw, new);
	if (sum > memsw)
		codec_put_limit_v1(codec_file(ret, 1), sum, a, 1);
	codec_put_limit_v1(codec_file(ret, 0), new, a, 0);
	if (sum < memsw)
		codec_put_limit_v1(codec_file(ret, 1), sum, a, 1);
	return 0;
}

static int max_split(const struct codec_arg *a, struct codec_out *ret)
{
	uint64_t new;
	int r = codec_limit_v2(a->v2, &new);

	if (!r && a->v1[0] && a->v1[1])
		r = coupled_split(a, new, ret);
	else if (!r)
		codec_put_limit_v1(codec_file(ret, 0), new, a, 0);
	return codec_end(ret, r);
}

const struct codec codec_memory_max = { max_join, max_split };

/* ---- memory.swap.max: v1 = memsw.limit_in_bytes; with = memory.max ---- */

static int swap_max_join(const struct codec_arg *a, struct buf *ret)
{
	uint64_t memsw, limit = 0;
	int r = codec_limit_v1(a->v1[0], &memsw);

	if (!r && memsw != CODEC_NO_LIMIT)
		r = codec_limit_v2(a->with, &limit);
	if (r)
		return r;
	if (memsw != CODEC_NO_LIMIT && limit != CODEC_NO_LIMIT) {
		if (memsw < limit)
			return -EINVAL;
		memsw -= limit;
	}
	codec_put_limit_v2(ret, memsw);
	return buf_error(ret);
}

static int swap_max_split(const struct codec_arg *a, struct codec_out *ret)
{
	uint64_t swap, limit = 0;
	int r = codec_limit_v2(a->v2, &swap);

	if (!r && swap != CODEC_NO_LIMIT) {
		r = codec_limit_v2(a->with, &limit);
		if (!r && limit == CODEC_NO_LIMIT)
			r = -EOPNOTSUPP;
		if (!r && __builtin_add_overflow(swap, limit, &swap))
			r = -ERANGE;
	}
	if (!r)
		codec_put_limit_v1(codec_file(ret, 0), swap, a, 0);
	return codec_end(ret, r);
}

const struct codec codec_swap_max = { swap_max_join, swap_max_split };

/* ---- memory.swap.current: v1 = memsw.usage_in_bytes; with = memory.current ---- */

static int swap_current_join(const struct codec_arg *a, struct buf *ret)
{
	uint64_t memsw, memory;
	int r = codec_u64(a->v1[0], &memsw);

	if (!r)
		r = codec_u64(a->with, &memory);
	if (r)
		return r;
	/* the two are read one after the other */
	codec_put_limit_v2(ret, memsw > memory ? memsw - memory : 0);
	return buf_error(ret);
}

static int swap_current_split(const struct codec_arg *a, struct codec_out *ret)
{
	uint64_t swap, memory;
	int r = codec_u64(a->v2, &swap);

	if (!r)
		r = codec_u64(a->with, &memory);
	if (!r && __builtin_add_overflow(swap, memory, &swap))
		r = -ERANGE;
	if (!r)
		codec_put_limit_v2(codec_file(ret, 0), swap);
	return codec_end(ret, r);
}

const struct codec codec_swap_current = { swap_current_join, swap_current_split };

/* ---- memory.events.local: v1 = failcnt, oom_control ---- */

static const struct codec_key oom_keys[] = { { "oom_kill", "oom_kill" } };

static int events_join(const struct codec_arg *a, struct buf *ret)
{
	AUTO_BUF struct buf b = { 0 };
	uint64_t n;
	int r = 0;

	if (!a->v1[0] && !a->v1[1])
		return -ENODATA;
	if (a->v1[0]) {
		r = codec_u64(a->v1[0], &n);
		if (r)
			return r;
		buf_printf(&b, "max %llu\n", (unsigned long long)n);
	}
	if (a->v1[1])
		r = codec_keys_to_v2(oom_keys, COUNT_OF(oom_keys), a->v1[1], &b);
	if (!r && !b.len)
		r = -EBADMSG;
	return codec_give(&b, r < 0 ? r : 0, ret);
}

static int events_split(const struct codec_arg *a, struct codec_out *ret)
{
	uint64_t n;
	int r;

	if (!a->v2)
		return -ENODATA;
	r = text_flat_u64(a->v2, "max", &n);
	if (!r)
		buf_printf(codec_file(ret, 0), "%llu", (unsigned long long)n);
	if (!r)
		r = codec_keys_to_v1(oom_keys, COUNT_OF(oom_keys), a->v2, codec_file(ret, 1));
	return codec_end(ret, r == -ENOKEY ? -EBADMSG : r < 0 ? r : 0);
}

const struct codec codec_memory_events = { events_join, events_split };

/* ---- memory.stat: v2 counts groups below as v1's total_ lines do ---- */

static const struct codec_key stat_keys[] = {
	{ "anon", "total_rss" },
	{ "file", "total_cache" },
	{ "shmem", "total_shmem" },
	{ "file_mapped", "total_mapped_file" },
	{ "file_dirty", "total_dirty" },
	{ "file_writeback", "total_writeback" },
	{ "swapcached", "total_swapcached" },
	{ "anon_thp", "total_rss_huge" },
	{ "inactive_anon", "total_inactive_anon" },
	{ "active_anon", "total_active_anon" },
	{ "inactive_file", "total_inactive_file" },
	{ "active_file", "total_active_file" },
	{ "unevictable", "total_unevictable" },
	{ "workingset_refault_anon", "total_workingset_refault_anon" },
	{ "workingset_refault_file", "total_workingset_refault_file" },
	{ "pgfault", "total_pgfault" },
	{ "pgmajfault", "total_pgmajfault" },
};

static int stat_join(const struct codec_arg *a, struct buf *ret)
{
	AUTO_BUF struct buf b = { 0 };
	int n;

	if (!a->v1[0])
		return -ENODATA;
	n = codec_keys_to_v2(stat_keys, COUNT_OF(stat_keys), a->v1[0], &b);
	return codec_give(&b, n < 0 ? n : n ? 0 : -EBADMSG, ret);
}

static int stat_split(const struct codec_arg *a, struct codec_out *ret)
{
	int n;

	if (!a->v2)
		return -ENODATA;
	n = codec_keys_to_v1(stat_keys, COUNT_OF(stat_keys), a->v2, codec_file(ret, 0));
	return codec_end(ret, n < 0 ? n : n ? 0 : -EBADMSG);
}

const struct codec codec_memory_stat = { stat_join, stat_split };

/* ---- memory.numa_stat: v1 counts pages by LRU list, v2 bytes ---- */

static const struct {
	const char *v1, *v2, *inactive, *active;
} numa_keys[] = {
	{ "hierarchical_file=", "file", "inactive_file", "active_file" },
	{ "hierarchical_anon=", "anon", "inactive_anon", "active_anon" },
	{ "hierarchical_unevictable=", "unevictable", "unevictable", "" },
};

/* " N0=PAGES ..." as " N0=BYTES ..." */
static int nodes_to_bytes(const char *s, size_t len, uint64_t page, struct buf *ret)
{
	const char *word, *value;
	size_t n;

	while (text_word(&s, &len, &word, &n)) {
		uint64_t pages;
		int r;

		value = memchr(word, '=', n);
		if (*word != 'N' || !value)
			return -EBADMSG;
		r = codec_piece(value + 1, n - (size_t)(value + 1 - word), &pages);
		if (r)
			return r;
		if (__builtin_mul_overflow(pages, page, &pages))
			return -ERANGE;
		buf_printf(ret, " %.*s=%llu", (int)(value - word), word, (unsigned long long)pages);
	}
	return 0;
}

static int numa_line(const char *line, size_t len, uint64_t page, struct buf *ret)
{
	for (size_t i = 0; i < COUNT_OF(numa_keys); i++) {
		size_t n = strlen(numa_keys[i].v1), total;
		int r;

		if (len <= n || memcmp(line, numa_keys[i].v1, n))
			continue;
		total = n + strspn(line + n, "0123456789");
		buf_puts(ret, numa_keys[i].v2);
		r = nodes_to_bytes(line + total, len - total, page, ret);
		buf_putc(ret, '\n');
		return r;
	}
	return 0;
}

static uint64_t page_size(const struct codec_arg *a)
{
	return a->page_size > 0 ? (uint64_t)a->page_size : 4096;
}

static int numa_join(const struct codec_arg *a, struct buf *ret)
{
	AUTO_BUF struct buf b = { 0 };
	const char *s = a->v1[0], *line;
	size_t len;
	int r = 0;

	if (!s)
		return -ENODATA;
	while (!r && text_line(&s, &line, &len))
		r = numa_line(line, len, page_size(a), &b);
	return codec_give(&b, !r && !b.len ? -EBADMSG : r, ret);
}

static int nested_u64(const char *s, const char *key, const char *sub, uint64_t *ret)
{
	const char *value;
	size_t len;

	return text_nested(s, key, sub, &value, &len) ? -EBADMSG : codec_piece(value, len, ret);
}

/* Pages of one kind on a node. v2's own anon and file count tmpfs pages differently; the lists agree. */
static int node_pages(const char *s, size_t kind, const char *node, uint64_t page, uint64_t *ret)
{
	uint64_t inactive, active = 0;
	int r = nested_u64(s, numa_keys[kind].inactive, node, &inactive);

	if (!r && *numa_keys[kind].active)
		r = nested_u64(s, numa_keys[kind].active, node, &active);
	if (r) {
		active = 0;
		r = nested_u64(s, numa_keys[kind].v2, node, &inactive);
	}
	if (!r)
		*ret = inactive / page + active / page;
	return r;
}

/* "NAME=SUM N0=PAGES ..." for the kinds from first to last, over the nodes that the first line names. */
static int put_nodes(const char *s, const char *name, size_t first, size_t last, uint64_t page, struct buf *ret)
{
	AUTO_BUF struct buf nodes = { 0 };
	const char *p = s, *word;
	size_t len = strcspn(s, "\n"), n;
	uint64_t sum = 0;

	text_word(&p, &len, &word, &n);
	while (text_word(&p, &len, &word, &n)) {
		size_t id = strcspn(word, "= \n");
		uint64_t pages = 0, one;
		char node[16];

		if (*word != 'N' || word[id] != '=' || id >= sizeof(node))
			return -EBADMSG;
		memcpy(node, word, id);
		node[id] = '\0';
		for (size_t kind = first; kind <= last; kind++) {
			int r = node_pages(s, kind, node, page, &one);

			if (r)
				return r;
			pages += one;
		}
		buf_printf(&nodes, " %s=%llu", node, (unsigned long long)pages);
		sum += pages;
	}
	buf_printf(ret, "%s%llu%s\n", name, (unsigned long long)sum, buf_text(&nodes));
	return nodes.len ? buf_error(&nodes) : -EBADMSG;
}

static int numa_split(const struct codec_arg *a, struct codec_out *ret)
{
	int r;

	if (!a->v2)
		return -ENODATA;
	r = put_nodes(a->v2, "hierarchical_total=", 0, COUNT_OF(numa_keys) - 1, page_size(a), codec_file(ret, 0));
	for (size_t i = 0; !r && i < COUNT_OF(numa_keys); i++)
		r = put_nodes(a->v2, numa_keys[i].v1, i, i, page_size(a), codec_file(ret, 0));
	return codec_end(ret, r);
}

const struct codec codec_memory_numa = { numa_join, numa_split };

/* ---- memory.reclaim: v1 = force_empty; with = memory.current ---- */

static int reclaim_join(const struct codec_arg *a, struct buf *ret)
{
	uint64_t all;
	int r = a->v1[0] ? codec_u64(a->with, &all) : -ENODATA;

	if (!r && !*a->v1[0])
		r = -EBADMSG;
	if (r)
		return r;
	codec_put_limit_v2(ret, all);
	return buf_error(ret);
}

/* v1 can only try for everything. */
static int reclaim_split(const struct codec_arg *a, struct codec_out *ret)
{
	uint64_t amount, all;
	int r;

	if (a->v2 && strchr(a->v2, ' '))
		return -EOPNOTSUPP;
	r = codec_u64(a->v2, &amount);
	if (!r)
		r = codec_u64(a->with, &all);
	if (!r && amount < all)
		r = -EOPNOTSUPP;
	if (!r)
		buf_puts(codec_file(ret, 0), "0");
	return codec_end(ret, r);
}

const struct codec codec_reclaim = { reclaim_join, reclaim_split };
