/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: cgrules.conf; the first line is a process (its status), the second its command line, the rest the rules. */
#include <errno.h>

#include "fuzz.h"
#include "libcgx/rules.h"

static void check_line(struct cgx_rules *r, size_t i, const struct cgx_subject *s)
{
	AUTO_BUF struct buf path = { 0 };
	struct cgx_rule rule;

	if (cgx_rules_at(r, i, &rule) || !rule.destination || rule.line < 1)
		abort();
	if ((rule.who == CGX_RULE_USER || rule.who == CGX_RULE_GROUP) && !*rule.name)
		abort();
	if (rules_expand(rule.destination, s, &path))
		return;
	/* a process has no say in where its group lies */
	if (strstr(buf_text(&path), "/../") && !strstr(rule.destination, ".."))
		abort();
}

static void check_match(struct cgx_rules *r, const struct cgx_subject *s)
{
	size_t first = 0, n = 0;

	for (size_t i = 0; i < r->n; i++)
		cgx_rules_resolve(r, i, s->uid);
	if (cgx_rules_match(r, s, &first, &n) == CGX_RULES_NONE)
		return;
	if (!n || first + n > r->n)
		abort();
	for (size_t i = 1; i < n; i++)
		if (r->rule[first + i].who != CGX_RULE_MORE)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	AUTO_BUF struct buf groups = { 0 };
	AUTO_FREE char *first = NULL, *second = NULL;
	struct cgx cgx = { .fs.fd = -1 };
	struct cgx_rules *r = NULL;
	struct cgx_subject s = { .pid = 7 };
	const char *line, *p = text;
	size_t len = 0;

	if (text_line(&p, &line, &len))
		first = strndup(line, len);
	if (text_line(&p, &line, &len))
		second = strndup(line, len);
	for (char *c = first; c && *c; c++)
		*c = *c == '|' ? '\n' : *c;
	if (first && !rules_status(first, &s, &groups) && s.n_groups * sizeof(gid_t) > groups.len)
		abort();
	s.script = second ? rules_script(second, strlen(second), s.comm) : NULL;
	s.exe = second;
	s.user = s.comm;
	if (cgx_rules_new(&cgx, &r))
		abort();
	if (!cgx_rules_add(r, "f", (const char *)data, size) && !*cgx_error(&cgx) && r->n > size)
		abort();
	if (cgx_rules_add(r, "rules", p, strlen(p)) == -EINVAL && !strstr(cgx_error(&cgx), "rules:"))
		abort();
	for (size_t i = 0; i < r->n; i++)
		check_line(r, i, &s);
	check_match(r, &s);
	cgx_rules_close(r);
	buf_free(&cgx.error);
	buf_free(&cgx.remedy);
	buf_free(&cgx.word);
	return 0;
}
