/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgrules.conf(5), on memory: USER[:PROCESS] CONTROLLERS DESTINATION [OPTIONS]. */
#include "rules.h"

#include <errno.h>

#define FIELDS 4

/* One line, taken to pieces. */
struct line {
	struct cgx_rules *r;
	const char *file;
	unsigned number;
	char *field[FIELDS];
	size_t n;
};

void rule_free(struct rule *rule)
{
	free(rule->name);
	free(rule->process);
	free(rule->destination);
	*rule = (struct rule){ 0 };
}

void rules_cut(struct cgx_rules *r, size_t n)
{
	while (r->n > n)
		rule_free(&r->rule[--r->n]);
}

static int wrong(const struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int wrong(const struct line *l, const char *fmt, ...)
{
	AUTO_BUF struct buf object = { 0 };
	AUTO_BUF struct buf why = { 0 };
	va_list ap;

	buf_printf(&object, "%s:%u", l->file, l->number);
	va_start(ap, fmt);
	buf_vprintf(&why, fmt, ap);
	va_end(ap);
	return fail(l->r->cgx, -EINVAL, buf_text(&object), "read the rule", "%s", buf_text(&why));
}

/* ---- words ---- */

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The next field of the line, its quotes taken off, in place. 1 there is one, 0 the line ends. */
static int take_field(struct line *l, char **s)
{
	char *from = *s, *to, *begin;
	int quoted = 0;

	while (is_blank(*from))
		from++;
	if (!*from || *from == '#') {
		*s = from;
		return 0;
	}
	begin = to = from;
	for (; *from && (quoted || (!is_blank(*from) && *from != '#')); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	if (quoted)
		return wrong(l, "a quote is opened and not closed");
	if (l->n == FIELDS)
		return wrong(l, "more than four fields: a name with blanks stands in double quotes");
	/* what ends the field may be where its NUL goes */
	*s = from + (is_blank(*from) ? 1 : 0);
	if (*from == '#')
		*s = from + strlen(from);
	*to = '\0';
	l->field[l->n++] = begin;
	return 1;
}

static int split(struct line *l, char *s)
{
	int r;

	do
		r = take_field(l, &s);
	while (r > 0);
	return r;
}

/* ---- fields ---- */

static int copy(const char *s, char **ret)
{
	*ret = strdup(s);
	return *ret ? 0 : -ENOMEM;
}

static int read_process(const struct line *l, const char *s, struct rule *ret)
{
	size_t len = strlen(s);

	if (!len)
		return wrong(l, "no process is named behind the colon");
	ret->prefix = s[len - 1] == '*';
	ret->process_len = len - (size_t)ret->prefix;
	return copy(s, &ret->process);
}

/* A number is an id; a name is looked up by whoever uses the rules. */
static int read_name(const struct line *l, const char *s, struct rule *ret)
{
	uint64_t id;

	if (!*s)
		return wrong(l, ret->who == CGX_RULE_GROUP ? "no group is named behind the @" : "no user is named");
	if (!num_u64(s, &id)) {
		if (id >= UINT32_MAX)
			return wrong(l, "%s is too large for an id", s);
		ret->id = (id_t)id;
		ret->resolved = 1;
	}
	return copy(s, &ret->name);
}

static int read_who(const struct line *l, char *s, struct rule *ret)
{
	char *colon = strchr(s, ':');
	int r = 0;

	if (colon)
		*colon = '\0';
	if (!strcmp(s, "%")) {
		if (colon)
			return wrong(l, "%% goes on with the rule above, and names no process of its own");
		if (!l->r->n || l->r->rule[l->r->n - 1].file != l->r->n_files - 1)
			return wrong(l, "%% goes on with the rule above, and there is none in this file");
		ret->who = CGX_RULE_MORE;
		return 0;
	}
	if (!strcmp(s, "*")) {
		ret->who = CGX_RULE_ALL;
		ret->resolved = 1;
	} else {
		ret->who = *s == '@' ? CGX_RULE_GROUP : CGX_RULE_USER;
		r = read_name(l, s + (*s == '@'), ret);
	}
	return !r && colon ? read_process(l, colon + 1, ret) : r;
}

static int read_controllers(const struct line *l, const char *s, struct rule *ret)
{
	AUTO_FREE char *words = NULL;

	if (!*s)
		return wrong(l, "no controller is named: * is all of them");
	if (!strcmp(s, "*"))
		return 0;
	if (!cgx_set_parse(l->r->cgx, s, &ret->controllers))
		return 0;
	words = strdup(cgx_error(l->r->cgx));
	return words ? wrong(l, "%s", words) : -ENOMEM;
}

static int has_dots(const char *s)
{
	while (*s) {
		size_t len = strcspn(s, "/");

		if (len == 2 && s[0] == '.' && s[1] == '.')
			return 1;
		s += len + (s[len] == '/');
	}
	return 0;
}

static int read_destination(const struct line *l, const char *s, struct rule *ret)
{
	if (!*s)
		return wrong(l, "no group is named");
	if (has_dots(s))
		return wrong(l, "%s: a group is named from the root down, without \"..\"", s);
	if (strlen(s) >= CGX_PATH_MAX)
		return wrong(l, "the name of the group is longer than %d bytes", CGX_PATH_MAX - 1);
	return copy(s, &ret->destination);
}

static int read_options(const struct line *l, const char *s, struct rule *ret)
{
	do {
		size_t len = strcspn(s, ",");

		if (len == 6 && !strncmp(s, "ignore", len))
			ret->flags |= CGX_RULE_IGNORE;
		else if (len == 9 && !strncmp(s, "ignore_rt", len))
			ret->flags |= CGX_RULE_IGNORE_RT;
		else
			return wrong(l, "%.*s is no option; there are ignore and ignore_rt", (int)len, s);
		s += len + (s[len] == ',');
	} while (*s);
	return 0;
}

static int read_rule(struct line *l, struct rule *ret)
{
	int r;

	if (l->n < 3)
		return wrong(l, l->n == 1 ? "no controllers and no group stand behind the user"
					  : "no group stands behind the controllers");
	r = read_who(l, l->field[0], ret);
	if (!r)
		r = read_controllers(l, l->field[1], ret);
	if (!r)
		r = read_destination(l, l->field[2], ret);
	if (!r && l->n > 3)
		r = read_options(l, l->field[3], ret);
	return r;
}

/* ---- the file ---- */

static int has_any(const char *s, const char *const *words)
{
	while (*words && !strstr(s, *words)) /* NOLINT(clang-analyzer-core.NonNullParamChecker): wrong() is never 0 */
		words++;
	return *words != NULL;
}

static unsigned asks_of(const struct rule *rule)
{
	static const char *const ids[] = { "%u", "%U", "%g", "%G", NULL }, *const program[] = { "%p", NULL };
	unsigned asks = 0;

	if (rule->who == CGX_RULE_USER || rule->who == CGX_RULE_GROUP || has_any(rule->destination, ids))
		asks |= RULES_ASK_IDS;
	if (rule->who == CGX_RULE_GROUP)
		asks |= RULES_ASK_GROUPS;
	if (rule->process || has_any(rule->destination, program))
		asks |= RULES_ASK_PROCESS;
	if (rule->flags & CGX_RULE_IGNORE_RT)
		asks |= RULES_ASK_POLICY;
	return asks;
}

static int keep(struct cgx_rules *r, const struct rule *rule)
{
	if (r->n == r->room) {
		size_t want = r->room ? r->room * 2 : 32;
		struct rule *more = reallocarray(r->rule, want, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->rule = more;
		r->room = want;
	}
	r->rule[r->n++] = *rule;
	r->asks |= asks_of(rule);
	return 0;
}

static int read_line(struct line *l, const char *text, size_t len)
{
	struct rule rule = { .file = l->r->n_files - 1, .line = l->number };
	AUTO_FREE char *s = NULL;
	int r;

	if (memchr(text, '\0', len))
		return wrong(l, "a byte 0 is in the line: this is no text");
	if (len >= RULES_LINE_MAX)
		return wrong(l, "the line is longer than %d bytes", RULES_LINE_MAX - 1);
	s = strndup(text, len);
	if (!s)
		return -ENOMEM;
	l->n = 0;
	r = split(l, s);
	if (r || !l->n)
		return r;
	if (l->r->n == RULES_MAX)
		return wrong(l, "more than %d rules", RULES_MAX);
	r = read_rule(l, &rule);
	if (!r)
		r = keep(l->r, &rule);
	if (r)
		rule_free(&rule);
	return r;
}

static int add_file(struct cgx_rules *r, const char *file)
{
	char **more = reallocarray(r->file, r->n_files + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	r->file = more;
	more[r->n_files] = strdup(file);
	if (!more[r->n_files])
		return -ENOMEM;
	r->n_files++;
	return 0;
}

int rules_parse(struct cgx_rules *r, const char *file, const char *text, size_t len)
{
	struct line l = { .r = r, .file = file };
	size_t before = r->n;
	int err = add_file(r, file);

	while (!err && len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		l.number++;
		err = read_line(&l, text, n);
		n += end != NULL;
		text += n;
		len -= n;
	}
	if (err)
		rules_cut(r, before);
	return err;
}

/* ---- a process ---- */

static int number_of(const char *status, const char *key, unsigned skip, uint64_t *ret)
{
	const char *value, *word;
	size_t len, n;

	if (text_flat(status, key, &value, &len))
		return -EBADMSG;
	do
		if (!text_word(&value, &len, &word, &n))
			return -EBADMSG;
	while (skip--);
	return num_scan(&word, ret) ? -EBADMSG : 0;
}

static int read_groups(const char *status, struct cgx_subject *ret, struct buf *groups)
{
	const char *value, *word;
	size_t len, n;

	buf_reset(groups);
	ret->n_groups = 0;
	if (text_flat(status, "Groups:", &value, &len))
		return 0;
	while (text_word(&value, &len, &word, &n)) {
		uint64_t id;
		gid_t gid;

		if (num_scan(&word, &id))
			return -EBADMSG;
		gid = (gid_t)id;
		buf_add(groups, (const char *)&gid, sizeof(gid));
		ret->n_groups++;
	}
	if (groups->err)
		return groups->err;
	ret->groups = ret->n_groups ? (const gid_t *)(const void *)groups->s : NULL;
	return 0;
}

static void read_comm(const char *status, struct cgx_subject *ret)
{
	const char *value = "";
	size_t len = 0;

	if (text_flat(status, "Name:", &value, &len) || len >= sizeof(ret->comm))
		len = len < sizeof(ret->comm) ? 0 : sizeof(ret->comm) - 1;
	memcpy(ret->comm, value, len);
	ret->comm[len] = '\0';
}

int rules_status(const char *status, struct cgx_subject *ret, struct buf *groups)
{
	uint64_t uid, gid;
	int r;

	/* effective: the second of four */
	if (number_of(status, "Uid:", 1, &uid) || number_of(status, "Gid:", 1, &gid))
		return -EBADMSG;
	r = read_groups(status, ret, groups);
	if (r)
		return r;
	read_comm(status, ret);
	ret->uid = (uid_t)uid;
	ret->gid = (gid_t)gid;
	return 0;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *rules_script(const char *cmdline, size_t len, const char *comm)
{
	size_t want = strlen(comm);

	/* the interpreter, its options, the script: no need to look farther */
	for (size_t at = 0, word = 0; at < len && word < 8; word++) {
		const char *base = base_of(cmdline + at);

		if (want && word && !strncmp(base, comm, want) && (want == 15 || strlen(base) == want))
			return cmdline + at;
		at += strlen(cmdline + at) + 1;
	}
	return NULL;
}

static int same_name(const struct rule *rule, const char *path)
{
	const char *name;

	if (!path || !*path)
		return 0;
	name = strchr(rule->process, '/') ? path : base_of(path);
	if (strncmp(name, rule->process, rule->process_len))
		return 0;
	return rule->prefix || !name[rule->process_len];
}

int rules_same_process(const struct rule *rule, const struct cgx_subject *s)
{
	if (!rule->process)
		return 1;
	/* a script is what it is called, not its interpreter */
	return same_name(rule, s->script ? s->script : s->exe);
}

/* ---- the destination ---- */

/* One part of a path, whatever it was: no "/", not "." or "..", no control byte, not endless. */
static void add_part(struct buf *b, const char *s)
{
	size_t len = strnlen(s, 200);

	if (!len)
		buf_putc(b, '_');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		buf_putc(b, c == '/' || c < ' ' || c == 0x7f || (!i && c == '.') ? '_' : s[i]);
	}
}

static void add_name(struct buf *b, const char *name, id_t id)
{
	if (name)
		add_part(b, name);
	else
		buf_printf(b, "%u", (unsigned)id);
}

static int add_variable(struct buf *b, char c, const struct cgx_subject *s)
{
	switch (c) {
	case 'u':
		add_name(b, s->user, s->uid);
		return 1;
	case 'U':
		buf_printf(b, "%u", (unsigned)s->uid);
		return 1;
	case 'g':
		add_name(b, s->group, s->gid);
		return 1;
	case 'G':
		buf_printf(b, "%u", (unsigned)s->gid);
		return 1;
	case 'p':
		add_part(b, s->script ? base_of(s->script) : s->exe && *s->exe ? base_of(s->exe) : s->comm);
		return 1;
	case 'P':
		buf_printf(b, "%d", (int)s->pid);
		return 1;
	default:
		return 0;
	}
}

int rules_expand(const char *destination, const struct cgx_subject *s, struct buf *ret)
{
	for (const char *p = destination; *p; p++) {
		if (*p == '\\' && p[1] == '%')
			buf_putc(ret, *++p);
		else if (*p == '%' && p[1] && add_variable(ret, p[1], s))
			p++;
		else
			buf_putc(ret, *p);
	}
	if (ret->err)
		return ret->err;
	return ret->len < CGX_PATH_MAX ? 0 : -ENAMETOOLONG;
}
