/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What users write for a setting, checked and put in the kernel's words. */
#include "private.h"
#include "util/num.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PERIOD_USUAL 100000u
#define PERIOD_MIN   1000u
#define PERIOD_MAX   1000000u

struct check {
	struct cgx *cgx;
	const char *name, *value;
	enum cgx_kind kind;
	uint64_t min, max;
	const char *words, *help;
	struct buf out;
};

/* ---- words ---- */

static int refuse(const struct check *c, int err, const char *cause)
{
	AUTO_BUF struct buf object = { 0 }, action = { 0 };

	buf_printf(&object, "%.200s", c->name);
	buf_printf(&action, *c->value ? "set %.200s" : "set an empty value", c->value);
	return fail(c->cgx, err, buf_text(&object), buf_text(&action), "%s", cause);
}

static int malformed(const struct check *c, const char *cause, const char *remedy)
{
	refuse(c, -EINVAL, cause);
	advise(c->cgx, "%s", remedy);
	return -EINVAL;
}

/* The row's help tells what a value looks like. */
static int not_understood(const struct check *c, const char *cause)
{
	refuse(c, -EINVAL, cause);
	advise(c->cgx, "%s: %s", c->name, c->help);
	return -EINVAL;
}

static int out_of_range(const struct check *c, const char *what, int64_t min, int64_t max)
{
	char cause[128];

	if (max)
		snprintf(cause, sizeof(cause), "%sout of range: %lld to %lld", what, (long long)min, (long long)max);
	else
		snprintf(cause, sizeof(cause), "%sout of range: at least %lld", what, (long long)min);
	return refuse(c, -ERANGE, cause);
}

static int not_a_number(const struct check *c, int err, const char *remedy)
{
	if (err != -ERANGE)
		return malformed(c, "not a number", remedy);
	refuse(c, err, "too large");
	advise(c->cgx, "%s", remedy);
	return err;
}

static int in_range(const struct check *c, uint64_t v)
{
	if (v < c->min || (c->max && v > c->max))
		return out_of_range(c, "", (int64_t)c->min, (int64_t)c->max);
	return 0;
}

static int put_u64(struct check *c, uint64_t v)
{
	int r = in_range(c, v);

	if (!r)
		buf_printf(&c->out, "%llu", (unsigned long long)v);
	return r;
}

static int put_text(struct check *c, const char *s)
{
	buf_puts(&c->out, s);
	return 0;
}

/* ---- single words ---- */

static int is_percent(const char *s)
{
	uint64_t hundredths;

	return !num_fixed(s, 100, &hundredths) && hundredths <= 10000;
}

static int check_words(struct check *c)
{
	AUTO_BUF struct buf cause = { 0 };

	if (*c->value && text_list_has(c->words, ' ', c->value))
		return put_text(c, c->value);
	if (text_list_has(c->words, ' ', "PERCENT") && is_percent(c->value))
		return put_text(c, c->value);
	if (strchr(c->words, ' ')) {
		buf_puts(&cause, "not one of: ");
		for (const char *s = c->words; *s; s++)
			buf_puts(&cause, *s == ' ' ? ", " : (char[]){ *s, '\0' });
	} else {
		buf_printf(&cause, "only %s can be written", c->words);
	}
	return not_understood(c, buf_text(&cause));
}

static int check_text(struct check *c)
{
	return c->words ? check_words(c) : put_text(c, c->value);
}

static int check_switch(struct check *c)
{
	if (c->words)
		return check_words(c);
	if (text_list_has("0 no off", ' ', c->value))
		return put_text(c, "0");
	if (text_list_has("1 yes on", ' ', c->value))
		return put_text(c, "1");
	return malformed(c, "neither 0 nor 1", "write 1, yes or on, or 0, no or off");
}

static int check_list(struct check *c)
{
	if (text_list_check(c->value, NULL))
		return malformed(c, "not a list", "lists are numbers and ranges: 0-3,7");
	return put_text(c, c->value);
}

/* ---- numbers ---- */

/* The kernel reads 0x.. as well, and net_cls.classid is hardly written otherwise. */
static int any_number(const char *s, uint64_t *ret)
{
	size_t n;

	if (strncmp(s, "0x", 2))
		return num_u64(s, ret);
	n = strspn(s + 2, "0123456789abcdefABCDEF");
	if (!n || s[2 + n])
		return -EINVAL;
	if (n > 16)
		return -ERANGE;
	*ret = strtoull(s + 2, NULL, 16);
	return 0;
}

static int check_number(struct check *c)
{
	uint64_t v;
	int r;

	if (c->words)
		return check_words(c);
	r = any_number(c->value, &v);
	return r ? not_a_number(c, r, "write digits only") : put_u64(c, v);
}

static int check_count_max(struct check *c)
{
	uint64_t v;
	int r;

	if (!strcmp(c->value, "max"))
		return put_text(c, "max");
	r = num_u64(c->value, &v);
	return r ? not_a_number(c, r, "write digits only, or max") : put_u64(c, v);
}

/* -1 stands for none, whatever the range. */
static int check_signed(struct check *c)
{
	int64_t v = -1, min = (int64_t)c->min, max = (int64_t)c->max;
	int none = c->words && text_list_has(c->words, ' ', c->value);
	int r = none ? 0 : num_i64(c->value, &v);

	if (r)
		return not_a_number(c, r, "write digits only, or -1 for none");
	if (v != -1 && (v < min || (max && v > max)))
		return out_of_range(c, "", min, max);
	buf_printf(&c->out, "%lld", (long long)v);
	return 0;
}

/* The kernel's bare numbers are microseconds. */
static int to_usec(const char *s, uint64_t *ret)
{
	return s[strspn(s, "0123456789")] ? num_usec(s, ret) : num_u64(s, ret);
}

static int check_usec(struct check *c)
{
	uint64_t v;
	int r = to_usec(c->value, &v);

	return r ? not_a_number(c, r, "times are microseconds, or digits with us, ms or s behind: 50000, 50ms") :
		   put_u64(c, v);
}

static int bad_size(const struct check *c, int err, const char *more)
{
	if (err == -ERANGE)
		return refuse(c, err, "too large");
	refuse(c, err, "not a size");
	advise(c->cgx, "sizes are digits with K, M, G or T behind: 64M, 1.5G%s", more);
	return err;
}

static int put_bytes(struct check *c, const char *more)
{
	uint64_t v;
	int r = num_bytes(c->value, &v);

	return r ? bad_size(c, r, more) : put_u64(c, v);
}

static int check_bytes_max(struct check *c)
{
	return strcmp(c->value, "max") ? put_bytes(c, ", or max") : put_text(c, "max");
}

static int check_bytes_v1(struct check *c)
{
	if (!strcmp(c->value, "-1") || !strcmp(c->value, "max"))
		return put_text(c, "-1");
	return put_bytes(c, ", or -1 for no limit");
}

/* ---- cpu.max ---- */

static int bad_cpu(const struct check *c)
{
	return malformed(c, "not a CPU limit", "write 50%, 1.5 (CPUs), QUOTA/PERIOD in microseconds, or max");
}

/* "50%" and "1.5" count in periods, other numbers are microseconds. -EINVAL, -ERANGE. */
static int to_quota(const char *s, uint64_t period, uint64_t *ret, int *ret_relative)
{
	size_t len = strlen(s);
	char number[32];
	uint64_t v;
	int r;

	*ret_relative = 1;
	if (len && s[len - 1] == '%') {
		if (len > sizeof(number))
			return -EINVAL;
		snprintf(number, sizeof(number), "%.*s", (int)len - 1, s);
		r = num_fixed(number, period, &v);
		if (!r)
			*ret = v / 100;
		return r;
	}
	if (s[strspn(s, "0123456789.")] == '\0' && strchr(s, '.'))
		return num_fixed(s, period, ret);
	*ret_relative = 0;
	return to_usec(s, ret);
}

static int quota_out_of_range(struct check *c, uint64_t quota, int relative)
{
	int r = out_of_range(c, "quota in microseconds ", (int64_t)c->min, (int64_t)c->max);

	if (quota < c->min && relative)
		advise(c->cgx, "the least is 1%% of a CPU; a longer period allows less: 0.5%%/1000000");
	else if (quota < c->min)
		advise(c->cgx, "CPUs are written with a point or in percent: %llu.0 or %llu00%%",
		       (unsigned long long)quota, (unsigned long long)quota);
	return r;
}

static int put_cpu_max(struct check *c, const char *amount, const char *period_text)
{
	uint64_t period = PERIOD_USUAL, quota;
	int relative, r = period_text ? to_usec(period_text, &period) : 0;

	if (r == -EINVAL)
		return bad_cpu(c);
	if (r || period < PERIOD_MIN || period > PERIOD_MAX)
		return out_of_range(c, "period in microseconds ", PERIOD_MIN, PERIOD_MAX);
	if (!strcmp(amount, "max")) {
		buf_puts(&c->out, "max");
		relative = 0;
	} else {
		r = to_quota(amount, period, &quota, &relative);
		if (r)
			return r == -EINVAL ? bad_cpu(c) : refuse(c, r, "too large");
		if (quota < c->min || quota > c->max)
			return quota_out_of_range(c, quota, relative);
		buf_printf(&c->out, "%llu", (unsigned long long)quota);
	}
	if (period_text || relative)
		buf_printf(&c->out, " %llu", (unsigned long long)period);
	return 0;
}

static int check_cpu_max(struct check *c)
{
	size_t len = strcspn(c->value, "/ ");
	char amount[64];

	if (!len || len >= sizeof(amount))
		return bad_cpu(c);
	memcpy(amount, c->value, len);
	amount[len] = '\0';
	return put_cpu_max(c, amount, c->value[len] ? c->value + len + 1 : NULL);
}

/* ---- lines ---- */

struct word {
	const char *s;
	size_t len;
};

static int next_word(const char **s, struct word *ret)
{
	size_t len = strlen(*s);

	return text_word(s, &len, &ret->s, &ret->len);
}

static int is_device(const char *s)
{
	uint64_t n;

	return !num_scan(&s, &n) && *s++ == ':' && !num_scan(&s, &n) && !*s;
}

/* The kernel takes one line a write. */
static int check_one_line(const struct check *c)
{
	if (strchr(c->value, '\n'))
		return malformed(c, "more than one line", "the kernel takes one line a write: set each by itself");
	return *c->value ? 0 : not_understood(c, "nothing to write");
}

static int check_lines(struct check *c)
{
	int r = check_one_line(c);

	return r ? r : put_text(c, c->value);
}

/* "KEY N"; a bare N is meant as the default where there is one. */
static int put_flat(struct check *c, const char *key, const char *value)
{
	int device = is_device(key);
	uint64_t v;
	int r;

	if (c->words && !text_list_has(c->words, ' ', key) && !(device && text_list_has(c->words, ' ', "MAJ:MIN")))
		return not_understood(c, "the line does not begin as it should");
	if (device && c->words && !strcmp(value, "default") && text_list_has(c->words, ' ', "default"))
		r = 0;
	else if (!c->words && !strcmp(value, "max"))
		r = 0;
	else
		r = num_u64(value, &v) ? not_understood(c, "not a number behind the name") : in_range(c, v);
	if (!r)
		buf_printf(&c->out, "%s %s", key, value);
	return r;
}

static int check_flat(struct check *c)
{
	const char *s = c->value;
	struct word w[2], more;
	AUTO_FREE char *first = NULL, *second = NULL;
	uint64_t v;
	int r = check_one_line(c), two;

	if (r)
		return r;
	if (!next_word(&s, &w[0]))
		return not_understood(c, "nothing to write");
	two = next_word(&s, &w[1]);
	if (two && next_word(&s, &more))
		return not_understood(c, "more words than a line has");
	first = strndup(w[0].s, w[0].len);
	second = two ? strndup(w[1].s, w[1].len) : NULL;
	if (!first || (two && !second))
		return -ENOMEM;
	if (two)
		return put_flat(c, first, second);
	if (c->words && text_list_has(c->words, ' ', first) && strcmp(first, "default"))
		return put_text(c, first);
	if (c->words && text_list_has(c->words, ' ', "default") && num_u64(first, &v) != -EINVAL)
		return put_flat(c, "default", first);
	return not_understood(c, "a name and a number are needed");
}

/* The letter behind "KEY:" in words, 0 there is no such key. */
static char key_type(const char *words, const char *key, size_t len)
{
	for (const char *s = strchr(words, ' '); s; s = strchr(s, ' ')) {
		s++;
		if (!strncmp(s, key, len) && s[len] == ':')
			return s[len + 1];
	}
	return 0;
}

static int put_count(struct check *c, const char *value)
{
	uint64_t v;
	int r = num_u64(value, &v);

	if (r == -ERANGE)
		return refuse(c, r, "too large");
	if (r)
		return malformed(c, "not a number", "numbers are digits only, or max; sizes are for bytes");
	return put_u64(c, v);
}

static int put_size(struct check *c, const char *value)
{
	uint64_t v;
	int r = num_bytes(value, &v);

	return r ? bad_size(c, r, ", or max") : put_u64(c, v);
}

static int put_pair(struct check *c, const char *pair, const char *seen)
{
	size_t len = strcspn(pair, "=");
	char type = pair[len] ? key_type(c->words, pair, len) : 0;
	const char *value = pair + len + 1;
	char before[40];

	if (!type || len + 3 > sizeof(before))
		return not_understood(c, "no such key");
	snprintf(before, sizeof(before), " %.*s=", (int)len, pair);
	if (strstr(seen, before))
		return not_understood(c, "the same key twice");
	buf_puts(&c->out, before);
	if (type == 't' ? *value != '\0' : !strcmp(value, "max"))
		return put_text(c, value);
	return type == 'b' ? put_size(c, value) : type == 'n' ? put_count(c, value) : not_understood(c, "empty value");
}

/* What a line begins with: MAJ:MIN, NAME or SIZE. */
static int put_subject(struct check *c, const char *word)
{
	if (!strncmp(c->words, "SIZE", 4))
		return put_size(c, word);
	if (!strncmp(c->words, "MAJ:MIN", 7) && !is_device(word))
		return not_understood(c, "a line begins with the device as MAJ:MIN");
	return put_text(c, word);
}

static int check_nested(struct check *c)
{
	const char *s = c->value;
	struct word w;
	size_t n = 0;
	int r = check_one_line(c);

	if (!c->words)
		return r ? r : put_text(c, c->value);
	while (!r && next_word(&s, &w)) {
		AUTO_FREE char *word = strndup(w.s, w.len);

		if (!word)
			return -ENOMEM;
		r = n++ ? put_pair(c, word, buf_text(&c->out)) : put_subject(c, word);
	}
	if (!r && !n)
		return not_understood(c, "nothing to write");
	if (!r && n < 2 && strncmp(c->words, "SIZE", 4))
		return not_understood(c, "no limits behind the name");
	return r;
}

static int check_bytes(struct check *c)
{
	return c->words ? check_nested(c) : put_bytes(c, "");
}

/* ---- public ---- */

static int (*const checks[])(struct check *c) = {
	[CGX_KIND_TEXT] = check_text,       [CGX_KIND_NUMBER] = check_number, [CGX_KIND_COUNT_MAX] = check_count_max,
	[CGX_KIND_BYTES] = check_bytes,     [CGX_KIND_BYTES_MAX] = check_bytes_max, [CGX_KIND_WEIGHT] = check_number,
	[CGX_KIND_CPU_MAX] = check_cpu_max, [CGX_KIND_USEC] = check_usec,     [CGX_KIND_NSEC] = check_number,
	[CGX_KIND_SWITCH] = check_switch,   [CGX_KIND_LIST] = check_list,     [CGX_KIND_FLAT] = check_flat,
	[CGX_KIND_NESTED] = check_nested,   [CGX_KIND_LINES] = check_lines,   [CGX_KIND_SIGNED] = check_signed,
	[CGX_KIND_BYTES_V1] = check_bytes_v1,
};

/* v1's file has bounds and words of its own where v2 knows the setting, too. */
static void take_form(struct check *c, const struct setting_ref *ref)
{
	const struct cgx_setting *row = ref->row;
	const struct setting_file *file = ref->dialect == 1 && row->v2 ? &row->v1[ref->index] : NULL;

	c->kind = setting_ref_kind(ref);
	c->min = file ? file->min : row->min;
	c->max = file ? file->max : row->max;
	c->words = file ? file->words : row->words;
	c->help = row->help;
}

CGX_API int cgx_setting_check(struct cgx *cgx, const char *name, const char *value, char **ret)
{
	struct check c = { .cgx = cgx, .name = name, .value = value };
	struct setting_ref ref;
	int r;

	if (setting_lookup(name, &ref)) {
		buf_puts(&c.out, value);
		return buf_steal(&c.out, ret);
	}
	take_form(&c, &ref);
	if (!(setting_ref_flags(&ref) & CGX_S_WRITE))
		return refuse(&c, -EROFS, setting_ref_flags(&ref) & CGX_S_READ ? "it can only be read" :
				     "it can be neither read nor written");
	r = checks[c.kind](&c);
	if (!r)
		return buf_steal(&c.out, ret);
	buf_free(&c.out);
	return r;
}
