/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversions of block I/O settings, which have lines by device. */
#include "codec.h"

#include <errno.h>
#include <string.h>

/* "MAJ:MIN" with room to spare. */
typedef char device[24];

static int to_device(const char *s, size_t len, device ret)
{
	const char *p = s;
	uint64_t n;

	if (num_scan(&p, &n) || *p++ != ':' || num_scan(&p, &n) || (size_t)(p - s) != len || len >= sizeof(device))
		return -EBADMSG;
	memcpy(ret, s, len);
	ret[len] = '\0';
	return 0;
}

/* The last word of a line, a number. */
static int last_u64(const char *line, size_t len, uint64_t *ret)
{
	const char *word, *more;
	size_t n, m;

	if (!text_word(&line, &len, &word, &n) || text_word(&line, &len, &more, &m))
		return -EBADMSG;
	return codec_piece(word, n, ret);
}

static int any_v1(const struct codec_arg *a)
{
	for (size_t i = 0; i < SETTING_V1_MAX; i++)
		if (a->v1[i])
			return 1;
	return 0;
}

/* ---- io.max: v1 = blkio.throttle.{read_bps,write_bps,read_iops,write_iops}_device ---- */

static const char *const max_keys[] = { "rbps", "wbps", "riops", "wiops" };

/* One device with what the files that are known say about it; a file without the device sets no limit. */
static int max_line(const struct codec_arg *a, const char *dev, struct buf *ret)
{
	buf_puts(ret, dev);
	for (size_t i = 0; i < COUNT_OF(max_keys); i++) {
		const char *value;
		uint64_t n = 0;
		size_t len;
		int r = 0;

		if (!a->v1[i])
			continue;
		if (!text_flat(a->v1[i], dev, &value, &len))
			r = last_u64(value, len, &n);
		if (r)
			return r;
		buf_printf(ret, " %s=", max_keys[i]);
		codec_put_limit_v2(ret, n ? n : CODEC_NO_LIMIT);
	}
	buf_putc(ret, '\n');
	return 0;
}

static int listed_before(const struct codec_arg *a, size_t file, const char *dev)
{
	const char *value;
	size_t len;

	for (size_t i = 0; i < file; i++)
		if (a->v1[i] && !text_flat(a->v1[i], dev, &value, &len))
			return 1;
	return 0;
}

static int max_join(const struct codec_arg *a, struct buf *ret)
{
	AUTO_BUF struct buf b = { 0 };
	int r = any_v1(a) ? 0 : -ENODATA;

	for (size_t i = 0; !r && i < COUNT_OF(max_keys); i++) {
		const char *s = a->v1[i] ? a->v1[i] : "", *line, *word;
		size_t len, n;
		device dev;

		while (!r && text_line(&s, &line, &len)) {
			text_word(&line, &len, &word, &n);
			r = to_device(word, n, dev);
			if (!r && !listed_before(a, i, dev))
				r = max_line(a, dev, &b);
		}
	}
	return codec_give(&b, r, ret);
}

/* A limit that is lifted is a 0 to write, and no line at all to read. */
static int max_word(const struct codec_arg *a, const char *dev, const char *word, size_t n, struct codec_out *ret)
{
	for (unsigned i = 0; i < COUNT_OF(max_keys); i++) {
		size_t k = strlen(max_keys[i]);
		uint64_t v = 0;
		int r = 0, none;

		if (n <= k + 1 || memcmp(word, max_keys[i], k) || word[k] != '=')
			continue;
		none = n == k + 4 && !memcmp(word + k + 1, "max", 3);
		if (!none)
			r = codec_piece(word + k + 1, n - k - 1, &v);
		if (!r && (!none || a->v1[i]))
			buf_printf(codec_file(ret, i), "%s %llu\n", dev, (unsigned long long)v);
		return r;
	}
	return -EBADMSG;
}

static int max_split(const struct codec_arg *a, struct codec_out *ret)
{
	const char *s = a->v2, *line, *word;
	size_t len, n;
	device dev;
	int r = s ? 0 : -ENODATA;

	for (unsigned i = 0; !r && !any_v1(a) && i < COUNT_OF(max_keys); i++)
		codec_file(ret, i);
	while (!r && text_line(&s, &line, &len)) {
		text_word(&line, &len, &word, &n);
		r = to_device(word, n, dev);
		while (!r && text_word(&line, &len, &word, &n))
			r = max_word(a, dev, word, n, ret);
	}
	return codec_end(ret, r);
}

const struct codec codec_io_max = { max_join, max_split };

/* ---- io.stat: v1 = blkio.throttle.{io_service_bytes,io_serviced}{_recursive,} ---- */

static const struct {
	const char *v2, *v1;
	unsigned file; /* with groups below; 2 further on without */
} stat_keys[] = {
	{ "rbytes", "Read", 0 },  { "wbytes", "Write", 0 },   { "rios", "Read", 1 },
	{ "wios", "Write", 1 },   { "dbytes", "Discard", 0 }, { "dios", "Discard", 1 },
};

/* Of "DEV OPERATION N". -ENOKEY no such line. */
static int operation(const char *s, const char *dev, const char *op, uint64_t *ret)
{
	const char *line, *word;
	size_t len, n;

	while (text_line(&s, &line, &len)) {
		if (!text_word(&line, &len, &word, &n) || strlen(dev) != n || memcmp(word, dev, n))
			continue;
		if (text_word(&line, &len, &word, &n) && strlen(op) == n && !memcmp(word, op, n))
			return last_u64(line, len, ret);
	}
	return -ENOKEY;
}

static const char *stat_file(const struct codec_arg *a, unsigned file)
{
	return a->v1[file] ? a->v1[file] : a->v1[file + 2];
}

static int stat_line(const struct codec_arg *a, const char *dev, struct buf *ret)
{
	buf_puts(ret, dev);
	for (size_t i = 0; i < COUNT_OF(stat_keys); i++) {
		const char *s = stat_file(a, stat_keys[i].file);
		uint64_t n;
		int r = s ? operation(s, dev, stat_keys[i].v1, &n) : -ENOKEY;

		if (!r)
			buf_printf(ret, " %s=%llu", stat_keys[i].v2, (unsigned long long)n);
		else if (r != -ENOKEY)
			return r;
	}
	buf_putc(ret, '\n');
	return 0;
}

/* The lines of one device follow each other; "Total N" ends the file. */
static int stat_join(const struct codec_arg *a, struct buf *ret)
{
	AUTO_BUF struct buf b = { 0 };
	const char *s = stat_file(a, 0) ? stat_file(a, 0) : stat_file(a, 1), *line, *word;
	device dev, last = "";
	size_t len, n;
	int r = s ? 0 : -ENODATA;

	while (!r && text_line(&s, &line, &len)) {
		text_word(&line, &len, &word, &n);
		if (n == 5 && !memcmp(word, "Total", n))
			continue;
		r = to_device(word, n, dev);
		if (!r && strcmp(dev, last))
			r = stat_line(a, dev, &b);
		if (!r)
			memcpy(last, dev, sizeof(device));
	}
	return codec_give(&b, r, ret);
}

/* One device in one v1 file, with the sum of what is known. */
static int stat_device(const char *v2, const char *dev, unsigned file, uint64_t *all, struct buf *ret)
{
	uint64_t sum = 0, n;

	for (size_t i = 0; i < COUNT_OF(stat_keys); i++) {
		const char *value;
		size_t len;
		int r;

		if (stat_keys[i].file != file || text_nested(v2, dev, stat_keys[i].v2, &value, &len))
			continue;
		r = codec_piece(value, len, &n);
		if (r)
			return r;
		buf_printf(ret, "%s %s %llu\n", dev, stat_keys[i].v1, (unsigned long long)n);
		sum += n;
	}
	buf_printf(ret, "%s Total %llu\n", dev, (unsigned long long)sum);
	*all += sum;
	return 0;
}

static int stat_text(const char *v2, unsigned file, struct buf *ret)
{
	const char *s = v2, *line, *word;
	uint64_t all = 0;
	size_t len, n;
	device dev;
	int r = 0;

	while (!r && text_line(&s, &line, &len)) {
		text_word(&line, &len, &word, &n);
		r = to_device(word, n, dev);
		if (!r)
			r = stat_device(v2, dev, file, &all, ret);
	}
	buf_printf(ret, "Total %llu\n", (unsigned long long)all);
	return r;
}

static int stat_split(const struct codec_arg *a, struct codec_out *ret)
{
	int r = a->v2 ? 0 : -ENODATA;

	for (unsigned i = 0; !r && i < 4; i++)
		r = stat_text(a->v2, i % 2, codec_file(ret, i));
	return codec_end(ret, r);
}

const struct codec codec_io_stat = { stat_join, stat_split };

/* ---- weights: v1 = blkio.weight, blkio.weight_device, or BFQ's pair of them ---- */

struct weights {
	uint64_t (*to_v2)(uint64_t w);
	uint64_t (*to_v1)(uint64_t w);
	int default_by_device; /* v1's file by device begins with the default, too */
};

static uint64_t clamp(uint64_t v, uint64_t min, uint64_t max)
{
	return v < min ? min : v > max ? max : v;
}

/* 10 to 1000 with 500 as the usual one; 1 to 10000 with 100. Keeps the usual one. */
static uint64_t cfq_to_v2(uint64_t w)
{
	return clamp(clamp(w, 10, 1000) * 100 / 500, 1, 10000);
}

static uint64_t cfq_to_v1(uint64_t w)
{
	return clamp(clamp(w, 1, 10000) * 500 / 100, 10, 1000);
}

static uint64_t as_is(uint64_t w)
{
	return w;
}

static const struct weights cfq = { cfq_to_v2, cfq_to_v1, 0 };
static const struct weights bfq = { as_is, as_is, 1 };

static int is_word(const char *word, size_t n, const char *what)
{
	return n == strlen(what) && !memcmp(word, what, n);
}

/* "KEY N" and "KEY default" with the number converted. */
static int put_weight(const char *key, const char *line, size_t len, uint64_t (*to)(uint64_t), struct buf *ret)
{
	const char *word = line;
	size_t n = 0, rest = len;
	uint64_t v;
	int r;

	if (text_word(&line, &rest, &word, &n) && is_word(word, n, "default")) {
		buf_printf(ret, "%s default\n", key);
		return 0;
	}
	r = codec_piece(word, n, &v);
	if (r)
		return r;
	buf_printf(ret, "%s %llu\n", key, (unsigned long long)to(v));
	return 0;
}

static int weights_join(const struct codec_arg *a, const struct weights *w, struct buf *ret)
{
	AUTO_BUF struct buf b = { 0 };
	const char *s = a->v1[1] ? a->v1[1] : "", *line, *word;
	size_t len, n;
	uint64_t v;
	device dev;
	int r = a->v1[0] ? codec_u64(a->v1[0], &v) : a->v1[1] ? 0 : -ENODATA;

	if (!r && a->v1[0])
		buf_printf(&b, "default %llu\n", (unsigned long long)w->to_v2(v));
	while (!r && text_line(&s, &line, &len)) {
		text_word(&line, &len, &word, &n);
		if (is_word(word, n, "default"))
			r = a->v1[0] ? 0 : put_weight("default", line, len, w->to_v2, &b);
		else if (!(r = to_device(word, n, dev)))
			r = put_weight(dev, line, len, w->to_v2, &b);
	}
	return codec_give(&b, r, ret);
}

/* The default goes to the first file, and to read also to where v1 repeats it. */
static int split_default(const struct codec_arg *a, const struct weights *w, const char *word, size_t n,
			 struct codec_out *ret)
{
	uint64_t v;
	int r = codec_piece(word, n, &v);

	if (r)
		return r;
	buf_printf(codec_file(ret, 0), "%llu\n", (unsigned long long)w->to_v1(v));
	if (w->default_by_device && !any_v1(a))
		buf_printf(codec_file(ret, 1), "default %llu\n", (unsigned long long)w->to_v1(v));
	return 0;
}

static int weights_line(const struct codec_arg *a, const struct weights *w, const char *line, size_t len,
			struct codec_out *ret)
{
	const char *word, *value;
	size_t n, m;
	device dev;

	text_word(&line, &len, &word, &n);
	if (is_word(word, n, "default"))
		return text_word(&line, &len, &value, &m) ? split_default(a, w, value, m, ret) : -EBADMSG;
	if (!memchr(word, ':', n))
		return split_default(a, w, word, n, ret);
	return to_device(word, n, dev) ? -EBADMSG : put_weight(dev, line, len, w->to_v1, codec_file(ret, 1));
}

static int weights_split(const struct codec_arg *a, const struct weights *w, struct codec_out *ret)
{
	const char *s = a->v2, *line;
	size_t len;
	int r = s ? *s ? 0 : -EBADMSG : -ENODATA;

	if (!r && !any_v1(a))
		codec_file(ret, 1);
	while (!r && text_line(&s, &line, &len))
		r = weights_line(a, w, line, len, ret);
	return codec_end(ret, r);
}

static int io_weight_join(const struct codec_arg *a, struct buf *ret)
{
	return weights_join(a, &cfq, ret);
}

static int io_weight_split(const struct codec_arg *a, struct codec_out *ret)
{
	return weights_split(a, &cfq, ret);
}

static int bfq_weight_join(const struct codec_arg *a, struct buf *ret)
{
	return weights_join(a, &bfq, ret);
}

static int bfq_weight_split(const struct codec_arg *a, struct codec_out *ret)
{
	return weights_split(a, &bfq, ret);
}

const struct codec codec_io_weight = { io_weight_join, io_weight_split };
const struct codec codec_bfq_weight = { bfq_weight_join, bfq_weight_split };
