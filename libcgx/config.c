/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgconfig.conf: what a text of this form says, and the names that templates stand for. */
#include "rules.h"

#include <errno.h>
#include <stdio.h>

#define TEXT_MAX (16u << 20)

enum token { T_END, T_WORD, T_QUOTED, T_MARK };

struct block {
	struct cgx_config_block say;
	size_t first, n; /* its settings */
};
struct cgx_config {
	char *words;     /* every word of the text, one after another, each with a NUL */
	size_t len;
	struct block *block;
	size_t n, cap;
	struct cgx_config_setting *setting;
	size_t n_settings, cap_settings;
};
struct reader {
	struct cgx *cgx;
	struct cgx_config *c;
	const char *file, *s, *end;
	unsigned line;      /* where s is */
	int fresh;          /* nothing but blanks in this line so far */
	enum token token;   /* the one that was read last ... */
	unsigned at;        /* ... where it began ... */
	const char *word;   /* ... and its text; of a mark one character */
};

static const char *const keywords[] = { "mount", "task", "admin", "perm", "group", "namespace", "template", "default",
					"systemd", NULL };

static int is_keyword(const char *word)
{
	for (const char *const *k = keywords; *k; k++)
		if (!strcmp(*k, word))
			return 1;
	return 0;
}

static int is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_-/.,%@\\", c));
}

/* ---- words ---- */

__attribute__((format(printf, 3, 4))) static int wrong(struct reader *r, unsigned line, const char *fmt, ...)
{
	AUTO_BUF struct buf where = { 0 }, why = { 0 };
	va_list ap;

	buf_printf(&where, "%s:%u", r->file, line);
	va_start(ap, fmt);
	buf_vprintf(&why, fmt, ap);
	va_end(ap);
	return fail(r->cgx, -EBADMSG, buf_text(&where), "read the configuration", "%s", buf_text(&why));
}

static const char *keep(struct reader *r, const char *s, size_t n)
{
	char *to = r->c->words + r->c->len;

	memcpy(to, s, n);
	to[n] = '\0';
	r->c->len += n + 1;
	return to;
}

static void skip_line(struct reader *r)
{
	while (r->s < r->end && *r->s != '\n')
		r->s++;
}

/* Blanks and comments: # to the end of the line; * only where a line begins with it. */
static void skip(struct reader *r)
{
	for (; r->s < r->end; r->s++) {
		if (*r->s == '#' || (*r->s == '*' && r->fresh))
			skip_line(r);
		if (r->s == r->end)
			return;
		if (*r->s == '\n') {
			r->line++;
			r->fresh = 1;
		} else if (*r->s != ' ' && *r->s != '\t' && !(*r->s == '\r' && r->end - r->s > 1 && r->s[1] == '\n')) {
			return;
		}
	}
}

static int quoted(struct reader *r)
{
	const char *first = ++r->s;

	for (; r->s < r->end && *r->s != '"'; r->s++) {
		if (!*r->s)
			return wrong(r, r->line, "a NUL byte is in the text");
		r->line += *r->s == '\n';
	}
	if (r->s == r->end)
		return wrong(r, r->at, "the quotation that begins here does not end");
	r->token = T_QUOTED;
	r->word = keep(r, first, (size_t)(r->s++ - first));
	return 0;
}

static int advance(struct reader *r)
{
	const char *first;

	skip(r);
	r->at = r->line;
	r->fresh = 0;
	r->word = "the end of the file";
	r->token = T_END;
	if (r->s == r->end)
		return 0;
	if (*r->s == '"')
		return quoted(r);
	for (first = r->s; r->s < r->end && is_bare(*r->s); r->s++)
		;
	if (r->s > first) {
		r->token = T_WORD;
		r->word = keep(r, first, (size_t)(r->s - first));
		return 0;
	}
	if (!*r->s)
		return wrong(r, r->line, "a NUL byte is in the text");
	if (!strchr("{}=;", *r->s)) {
		wrong(r, r->line, "\"%c\" cannot stand here", *r->s);
		advise(r->cgx, "what has other characters than letters, digits and _-/.,%%@\\ goes in double quotes");
		return -EBADMSG;
	}
	r->token = T_MARK;
	r->word = *r->s == '{' ? "{" : *r->s == '}' ? "}" : *r->s == '=' ? "=" : ";";
	r->s++;
	return 0;
}

static int at_mark(const struct reader *r, char c)
{
	return r->token == T_MARK && *r->word == c;
}

static int at_keyword(const struct reader *r, const char *word)
{
	return r->token == T_WORD && !strcmp(r->word, word);
}

/* What is there instead of what is wanted, cut to what a message can take. */
static int unexpected(struct reader *r, const char *wanted)
{
	return wrong(r, r->at, r->token == T_END ? "%s is missing before %s" : "%s is missing before \"%.60s\"", wanted, r->word);
}

static int take_mark(struct reader *r, char c)
{
	char wanted[] = { c, '\0' };

	if (!at_mark(r, c))
		return unexpected(r, wanted);
	return advance(r);
}

/* A name or a value: a word in quotes, or one that is none of the language's own. */
static int take_word(struct reader *r, const char *what, const char **ret)
{
	if (r->token != T_QUOTED && r->token != T_WORD)
		return unexpected(r, what);
	if (r->token == T_WORD && is_keyword(r->word))
		return wrong(r, r->at, "%s is missing before the keyword \"%s\"; as a name it needs quotes", what, r->word);
	*ret = r->word;
	return advance(r);
}

/* ---- what is kept ---- */

static int more_room(void **list, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *more;

	if (n < *cap)
		return 0;
	more = reallocarray(*list, want, size);
	if (!more)
		return -ENOMEM;
	*list = more;
	*cap = want;
	return 0;
}

static int add_block(struct reader *r, enum cgx_config_kind kind, const char *name, unsigned line)
{
	struct cgx_config *c = r->c;
	int err = more_room((void **)&c->block, c->n, &c->cap, sizeof(*c->block));

	if (!err)
		c->block[c->n++] = (struct block){ .say = { .kind = kind, .name = name, .line = line }, .first = c->n_settings };
	return err;
}

static struct block *this_block(struct reader *r)
{
	return &r->c->block[r->c->n - 1];
}

static int add_setting(struct reader *r, const char *controller, const char *name, const char *value, unsigned line)
{
	struct cgx_config *c = r->c;
	int err = more_room((void **)&c->setting, c->n_settings, &c->cap_settings, sizeof(*c->setting));

	if (err)
		return err;
	c->setting[c->n_settings++] =
		(struct cgx_config_setting){ .controller = controller, .name = name, .value = value, .line = line };
	this_block(r)->n++;
	return 0;
}

/* ---- the grammar ---- */

static int pair(struct reader *r, const char **ret_name, const char **ret_value)
{
	int err = take_word(r, "a name", ret_name);

	if (!err)
		err = take_mark(r, '=');
	if (!err)
		err = take_word(r, "a value", ret_value);
	return err ? err : take_mark(r, ';');
}

/* name = value; ... } */
static int pairs(struct reader *r, const char *controller, size_t *ret_n)
{
	int err = 0;

	for (*ret_n = 0; !err && !at_mark(r, '}'); ++*ret_n) {
		const char *name, *value;
		unsigned line = r->at;

		err = pair(r, &name, &value);
		if (!err)
			err = add_setting(r, controller, name, value, line);
	}
	return err ? err : advance(r);
}

static int mode(struct reader *r, unsigned line, const char *text, int *ret)
{
	unsigned n;

	if (!*text)
		return wrong(r, line, "a mode is empty");
	if (num_mode(text, &n))
		return wrong(r, line, "\"%.60s\" is no mode: octal digits, 0 to 7777", text);
	*ret = (int)n;
	return 0;
}

static int permission(struct reader *r, int admin)
{
	struct cgx_config_perm *p = &this_block(r)->say.perm;
	unsigned line = r->at;
	const char *name = "", *value = "";
	int ignored, err = pair(r, &name, &value);

	if (err)
		return err;
	if (!strcmp(name, "uid"))
		*(admin ? &p->admin_uid : &p->task_uid) = value;
	else if (!strcmp(name, "gid"))
		*(admin ? &p->admin_gid : &p->task_gid) = value;
	else if (!strcmp(name, "fperm"))
		return mode(r, line, value, admin ? &p->admin_fperm : &p->task_fperm);
	else if (!strcmp(name, "dperm")) /* of task: taken by libcgroup, and of no effect */
		return mode(r, line, value, admin ? &p->admin_dperm : &ignored);
	else
		return wrong(r, line, "\"%.60s\" is no permission: %s", name,
			     "uid, gid, dperm, fperm");
	return 0;
}

/* task { ... } admin { ... }, in any order; one of them will do */
static int perm(struct reader *r)
{
	struct cgx_config_block *b = &this_block(r)->say;
	int err;

	if (b->has_perm)
		return wrong(r, r->at, "a second perm of the same group");
	b->has_perm = 1;
	b->perm.task_fperm = b->perm.admin_fperm = b->perm.admin_dperm = -1;
	err = advance(r);
	if (!err)
		err = take_mark(r, '{');
	while (!err && !at_mark(r, '}')) {
		int admin = at_keyword(r, "admin");

		if (!admin && !at_keyword(r, "task"))
			return unexpected(r, "task or admin");
		err = advance(r);
		if (!err)
			err = take_mark(r, '{');
		while (!err && !at_mark(r, '}'))
			err = permission(r, admin);
		if (!err)
			err = advance(r);
	}
	return err ? err : advance(r);
}

static int has_controller(struct reader *r, const char *name)
{
	const struct block *b = this_block(r);

	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(r->c->setting[b->first + i].controller, name))
			return 1;
	return 0;
}

static int controller(struct reader *r)
{
	unsigned line = r->at;
	const char *name;
	size_t n = 0;
	int err = take_word(r, "a controller, perm or }", &name);

	if (err)
		return err;
	if (has_controller(r, name))
		return wrong(r, line, "controller %.60s twice in one group", name);
	err = take_mark(r, '{');
	if (!err)
		err = pairs(r, name, &n);
	return err || n ? err : add_setting(r, name, NULL, NULL, line);
}

/* group NAME { perm { } CONTROLLER { } ... }, template NAME the same, default { perm { } } */
static int body(struct reader *r, int controllers)
{
	int err = take_mark(r, '{');

	while (!err && !at_mark(r, '}')) {
		if (at_keyword(r, "perm"))
			err = perm(r);
		else if (r->token == T_WORD && is_keyword(r->word))
			err = wrong(r, r->at, "the block of line %u does not end before \"%s\"", this_block(r)->say.line, r->word);
		else
			err = controllers ? controller(r) : unexpected(r, "perm");
	}
	return err ? err : advance(r);
}

static int named(struct reader *r, enum cgx_config_kind kind)
{
	unsigned line = r->at;
	const char *name = "";
	int err = advance(r);

	if (!err && kind == CGX_CONFIG_GROUP && at_keyword(r, "default")) {
		name = r->word;
		err = advance(r);
	} else if (!err) {
		err = take_word(r, "the name of the group", &name);
	}
	if (!err && !*name)
		err = wrong(r, line, "the name of the group is empty");
	if (!err)
		err = add_block(r, kind, name, line);
	return err ? err : body(r, 1);
}

static int unnamed(struct reader *r, enum cgx_config_kind kind)
{
	int err = add_block(r, kind, "", r->at);
	size_t n;

	if (!err)
		err = advance(r);
	if (!err && kind == CGX_CONFIG_DEFAULT)
		return body(r, 0);
	if (!err)
		err = take_mark(r, '{');
	return err ? err : pairs(r, NULL, &n);
}

static int top(struct reader *r)
{
	if (at_keyword(r, "group"))
		return named(r, CGX_CONFIG_GROUP);
	if (at_keyword(r, "template"))
		return named(r, CGX_CONFIG_TEMPLATE);
	if (at_keyword(r, "default"))
		return unnamed(r, CGX_CONFIG_DEFAULT);
	if (at_keyword(r, "mount"))
		return unnamed(r, CGX_CONFIG_MOUNT);
	if (at_keyword(r, "namespace"))
		return unnamed(r, CGX_CONFIG_NAMESPACE);
	if (at_keyword(r, "systemd"))
		return unnamed(r, CGX_CONFIG_SYSTEMD);
	return wrong(r, r->at, "\"%.60s\" begins no block: group, template, default, mount, namespace, systemd", r->word);
}

/* ---- reading ---- */

CGX_API struct cgx_config *cgx_config_free(struct cgx_config *c)
{
	if (!c)
		return NULL;
	free(c->words);
	free(c->block);
	free(c->setting);
	free(c);
	return NULL;
}

CGX_API int cgx_config_read(struct cgx *cgx, const char *file, const char *text, size_t len, struct cgx_config **ret)
{
	struct reader r = { .cgx = cgx, .file = file, .s = text, .end = text + len, .line = 1, .fresh = 1 };
	int err;

	if (len > TEXT_MAX)
		return fail(cgx, -E2BIG, file, "read the configuration", "it is larger than %u MiB", TEXT_MAX >> 20);
	r.c = calloc(1, sizeof(*r.c));
	if (!r.c)
		return -ENOMEM;
	/* each word but the last has a byte behind it in the text that is none of its own */
	r.c->words = malloc(len + 1);
	err = r.c->words ? advance(&r) : -ENOMEM;
	while (!err && r.token != T_END)
		err = top(&r);
	if (err) {
		cgx_config_free(r.c);
		return err;
	}
	*ret = r.c;
	return 0;
}

CGX_API int cgx_config_block(const struct cgx_config *c, size_t index, struct cgx_config_block *ret)
{
	if (index >= c->n)
		return -ENOENT;
	*ret = c->block[index].say;
	return 0;
}

CGX_API int cgx_config_setting(const struct cgx_config *c, size_t block, size_t index, struct cgx_config_setting *ret)
{
	if (block >= c->n || index >= c->block[block].n)
		return -ENOENT;
	*ret = c->setting[c->block[block].first + index];
	return 0;
}

CGX_API int cgx_config_find(const struct cgx_config *c, enum cgx_config_kind kind, const char *name, size_t *ret)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->block[i].say.kind == kind && !strcmp(c->block[i].say.name, name)) {
			*ret = i;
			return 0;
		}
	return -ENOENT;
}

/* ---- writing ---- */

static int can_be_bare(const char *text)
{
	const char *s = text;

	while (is_bare(*s))
		s++;
	return *text && !*s && !is_keyword(text);
}

CGX_API int cgx_config_word(struct cgx *cgx, const char *text, char **ret)
{
	AUTO_BUF struct buf b = { 0 };

	if (strpbrk(text, "\"\n")) {
		fail(cgx, -EINVAL, text, "write it as a word of cgconfig.conf", "that form has no way to say %s in a word",
		     strchr(text, '"') ? "a double quote" : "a newline");
		advise(cgx, "JSON has");
		return -EINVAL;
	}
	if (can_be_bare(text))
		buf_puts(&b, text);
	else
		buf_printf(&b, "\"%s\"", text);
	return buf_steal(&b, ret);
}

/* ---- templates ---- */

static const char *known(const char *name)
{
	return name && *name ? name : NULL;
}

CGX_API int cgx_config_expand(struct cgx *cgx, const char *text, const struct cgx_config_who *given, char **ret)
{
	SIZED(struct cgx_config_who, who, given);
	AUTO_BUF struct buf b = { 0 };
	struct cgx_subject s = { .pid = who.pid, .uid = who.uid, .gid = who.gid, .user = known(who.user),
				 .group = known(who.group), .exe = known(who.process) };
	int err;

	if (!s.exe)
		snprintf(s.comm, sizeof(s.comm), "%d", (int)who.pid);
	err = rules_expand(text, &s, &b);
	if (err)
		return fail(cgx, err, text, "put in the names", NULL);
	return buf_steal(&b, ret);
}
