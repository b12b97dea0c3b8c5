/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: cgconfig.conf, and names put into templates. */
#include "fuzz.h"

#include <errno.h>

static struct cgx *cgx;

static void check_setting(const struct cgx_config_block *b, const struct cgx_config_setting *s)
{
	int named = b->kind == CGX_CONFIG_GROUP || b->kind == CGX_CONFIG_TEMPLATE;

	if (named != !!s->controller || !s->name != !s->value || !s->line || s->line < b->line)
		abort();
}

/* What was read, written word by word and read again, is the same. */
static void check_word(const char *word)
{
	AUTO_FREE char *text = NULL;
	AUTO_BUF struct buf b = { 0 };
	struct cgx_config_setting s;
	struct cgx_config *c;

	if (cgx_config_word(cgx, word, &text) < 0)
		return;
	buf_printf(&b, "group g { c { n = %s ; } }", text);
	if (cgx_config_read(cgx, "again", buf_text(&b), b.len, &c) || cgx_config_setting(c, 0, 0, &s) || strcmp(s.value, word))
		abort();
	cgx_config_free(c);
}

static void check(const struct cgx_config *c)
{
	struct cgx_config_block b;
	struct cgx_config_setting s;

	for (size_t i = 0; !cgx_config_block(c, i, &b); i++) {
		if (!b.line || (b.has_perm && (b.perm.admin_dperm < -1 || b.perm.admin_dperm > 07777)))
			abort();
		check_word(b.name);
		for (size_t k = 0; !cgx_config_setting(c, i, k, &s); k++) {
			check_setting(&b, &s);
			if (s.value)
				check_word(s.value);
		}
	}
}

static void expand(const uint8_t *data, size_t size)
{
	AUTO_FREE char *name = fuzz_text(data, size), *path = NULL;
	struct cgx_config_who who = { .size = sizeof(who), .user = name, .group = name, .process = name };

	if (!cgx_config_expand(cgx, "a/%u/%g%p", &who, &path) && (strlen(path) >= CGX_PATH_MAX || strchr(path, '\n')))
		abort();
	free(STEAL(path));
	cgx_config_expand(cgx, name, &who, &path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = malloc(size ? size : 1); /* no NUL behind it: reading on is found */
	struct cgx_config *c;
	int r;

	if (!text || (!cgx && cgx_open("/", &cgx)))
		abort();
	memcpy(text, data, size);
	r = cgx_config_read(cgx, "fuzz", text, size, &c);
	if (!r) {
		check(c);
		cgx_config_free(c);
	} else if (r != -EBADMSG || strncmp(cgx_error(cgx), "fuzz:", 5)) {
		abort();
	}
	expand(data, size);
	return 0;
}
