/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building images: the instructions, and what keeps their layers. */
#include "sandbox/build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "sandbox/copy.h"
#include "ui/message.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

struct build_stage *build_stage(struct build *b)
{
	return &b->stage[b->n_stages - 1];
}

int build_fail(struct build *b, int err, const char *cause)
{
	AUTO_BUF struct buf object = { 0 }, why = { 0 };
	const struct failure *f = &b->store->failure;

	buf_puts(&object, b->file);
	if (b->at)
		buf_printf(&object, ":%u", b->at->line);
	if (f->why->len && object.len && !strncmp(buf_text(f->why), buf_text(&object), object.len) && buf_text(f->why)[object.len] == ':')
		return err; /* it is said already */
	if (f->why->len) { /* whose words tell more */
		buf_puts(&why, buf_text(f->why));
		buf_reset(f->why);
		cause = buf_text(&why);
	}
	return failure_say(f, err, buf_text(&object), b->at ? b->at->word : "build", cause ? "%s" : NULL, cause);
}

/* ---- variables ---- */

enum how { AS_TEXT, AS_WORDS, AS_HERE };

static int expand(struct build *b, enum how how, const char *text, struct buf *one, struct words *many)
{
	static const struct words none;
	const struct words *const vars[] = { b->n_stages ? &build_stage(b)->image.env : &none, b->n_stages ? &b->args : &b->global, NULL };
	AUTO_BUF struct buf why = { 0 };
	int r;

	if (how == AS_WORDS)
		r = containerfile_words(text, b->steps.escape, vars, many, &why);
	else
		r = (how == AS_TEXT ? containerfile_expand : containerfile_expand_here)(text, b->steps.escape, vars, one, &why);
	return r ? build_fail(b, r, why.len ? buf_text(&why) : NULL) : 0;
}

int build_expand(struct build *b, const char *text, struct buf *ret)
{
	return expand(b, AS_TEXT, text, ret, NULL);
}

int build_expand_here(struct build *b, const char *text, struct buf *ret)
{
	return expand(b, AS_HERE, text, ret, NULL);
}

int build_words(struct build *b, const char *text, struct words *ret)
{
	return expand(b, AS_WORDS, text, NULL, ret);
}

const char *build_flag(const struct build *b, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < b->at->flags.n; i++) {
		const char *s = b->at->flags.v[i] + 2;

		if (!strncmp(s, name, n) && s[n] == '=')
			return s + n + 1;
	}
	return NULL;
}

int build_check_flags(struct build *b, const char *const *known)
{
	for (size_t i = 0; i < b->at->flags.n; i++) {
		const char *s = b->at->flags.v[i] + 2;
		size_t n = strcspn(s, "=");
		int found = 0;

		for (const char *const *k = known; *k; k++)
			found |= strlen(*k) == n && !strncmp(*k, s, n);
		if (!found) {
			AUTO_BUF struct buf why = { 0 };

			buf_escape(&why, b->at->flags.v[i], strnlen(b->at->flags.v[i], 100));
			buf_puts(&why, ": it is not known here");
			if (!strcmp(b->at->word, "RUN"))
				failure_advise(&b->store->failure, "cgx-sandbox-build(1) tells what is; caches and secrets of --mount are left out: "
								   "copy what the step needs, and remove it in the same step");
			return build_fail(b, -EBADMSG, buf_text(&why));
		}
	}
	return 0;
}

/* ---- layers ---- */

int build_folder(struct build *b, char name[32])
{
	snprintf(name, 32, "step-%u", b->n_made++);
	return store_folder(b->store, &b->new, name);
}

void build_key_add(struct sha256 *h, const char *text)
{
	sha256_add(h, text, strlen(text) + 1);
}

void build_key_begin(struct build *b, struct sha256 *h)
{
	sha256_begin(h);
	build_key_add(h, "cgx build 1");
	build_key_add(h, build_stage(b)->stack.id);
}

/* Once an instruction: before what it runs says anything. */
static void tell(struct build *b, const char *note)
{
	AUTO_BUF struct buf shown = { 0 };

	if (b->quiet || b->told == b->at)
		return;
	b->told = b->at;
	for (size_t i = 0; i < b->at->flags.n; i++) {
		buf_escape(&shown, b->at->flags.v[i], strnlen(b->at->flags.v[i], 100));
		buf_putc(&shown, ' ');
	}
	buf_escape(&shown, b->at->text, strnlen(b->at->text, 300));
	fprintf(stderr, "[%zu/%zu] %s %s%s\n", (size_t)(b->at - b->steps.v) + 1, b->steps.n, b->at->word, buf_text(&shown), note);
}

int build_known(struct build *b, const char *key)
{
	struct build_stage *s = build_stage(b);
	AUTO_BUF struct buf id = { 0 };
	int held, r;

	held = b->no_cache || store_read(b->store, STORE_CACHE, key, &id) ? -ENOENT : 0;
	if (!held && !strcmp(buf_text(&id), "none")) {
		tell(b, "  (as before)");
		return 1;
	}
	if (!held)
		held = sha256_is_hex(buf_text(&id)) ? store_hold(b->store, id.s) : -ENOENT;
	if (held == -ENOENT) { /* or nobody kept it */
		tell(b, "");
		return 0;
	}
	r = held < 0 ? held : stack_push(&s->stack, &b->store->failure, held, id.s);
	if (!r)
		r = words_add(&s->image.layers, id.s);
	if (r)
		return build_fail(b, r, NULL);
	tell(b, "  (as before)");
	return 1;
}

int build_layer(struct build *b, const char *key, const char *name, const char *digest)
{
	struct build_stage *s = build_stage(b);
	AUTO_BUF struct buf text = { 0 };
	char id[SHA256_HEX + 1];
	int held, r = 0;

	if (name) {
		stack_next_id(&s->stack, digest, id);
		held = store_commit(b->store, &b->new, name, id);
		r = held < 0 ? held : stack_push(&s->stack, &b->store->failure, held, id);
		if (!r)
			r = words_add(&s->image.layers, id);
	}
	buf_puts(&text, name ? id : "none");
	if (!r)
		r = store_write(b->store, STORE_CACHE, key, &text);
	return r ? build_fail(b, r, NULL) : 0;
}

/* Everything that makes the image what it is; not when, and of what. */
static int give_id(struct image *i)
{
	AUTO_BUF struct buf text = { 0 };
	struct sha256 h;
	char id[SHA256_HEX + 1];

	free(i->id);
	free(i->source);
	i->id = i->source = NULL;
	i->created_us = i->size = 0;
	image_print(i, &text);
	if (text.err)
		return text.err;
	sha256_begin(&h);
	sha256_add(&h, buf_text(&text), text.len);
	sha256_end(&h, id);
	i->id = strdup(id);
	i->created_us = wall_us();
	return i->id ? 0 : -ENOMEM;
}

/* ---- FROM ---- */

static int begin_stage(struct build *b, const char *name)
{
	struct build_stage *more = reallocarray(b->stage, b->n_stages + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	b->stage = more;
	more[b->n_stages] = (struct build_stage){ 0 };
	b->n_stages++;
	words_free(&b->args);
	b->own_cmd = 0;
	if (name && !(more[b->n_stages - 1].name = strdup(name)))
		return -ENOMEM;
	return 0;
}

static struct build_stage *find_stage(struct build *b, const char *name)
{
	for (size_t i = 0; i + 1 < b->n_stages; i++)
		if (b->stage[i].name && !strcasecmp(b->stage[i].name, name))
			return &b->stage[i];
	return NULL;
}

static int fill_from(struct build *b, const char *from)
{
	struct build_stage *s = build_stage(b), *other = find_stage(b, from);
	AUTO_BUF struct buf why = { 0 };
	int r;

	if (!strcmp(from, "scratch"))
		return 0;
	if (other) {
		r = give_id(&other->image);
		if (!r)
			r = image_copy(&other->image, &s->image);
		return r ? r : stack_image(&s->stack, b->store, &s->image);
	}
	if (!strcmp(from, "/"))
		return build_fail(b, -EINVAL, "this host's own tree is no image: import a directory");
	r = image_find(b->store, from, &s->image, NULL);
	if (r == -ENOENT && !b->store->failure.why->len) {
		buf_escape(&why, from, strnlen(from, 200));
		buf_puts(&why, ": there is no such image");
		failure_advise(&b->store->failure, "cgx-sandbox images lists them; what is fetched elsewhere comes in by cgx-sandbox import");
		return build_fail(b, r, buf_text(&why));
	}
	return r ? r : stack_image(&s->stack, b->store, &s->image);
}

/* FROM IMAGE [AS NAME] */
static int do_from(struct build *b)
{
	static const char *const flags[] = { "platform", NULL };
	struct words w = { 0 };
	size_t n = b->n_stages;
	int r = build_check_flags(b, flags);

	b->n_stages = 0; /* variables are those from before the first FROM */
	if (!r)
		r = build_words(b, b->at->text, &w);
	b->n_stages = n;
	if (!r && w.n != 1 && (w.n != 3 || strcasecmp(w.v[1], "AS") != 0))
		r = build_fail(b, -EBADMSG, "not IMAGE or IMAGE AS NAME");
	if (!r)
		r = begin_stage(b, w.n == 3 ? w.v[2] : NULL);
	if (!r)
		r = fill_from(b, w.v[0]);
	words_free(&w);
	if (r)
		return build_fail(b, r, NULL);
	tell(b, "");
	return 0;
}

/* ---- what the image says ---- */

static const char *given(struct build *b, const char *name)
{
	const char *value = image_get(&b->given, name);

	if (value)
		words_add(&b->used, name);
	return value;
}

static const char *of_platform(const char *name)
{
	static char platform[64];

	snprintf(platform, sizeof(platform), "linux/%s", image_machine());
	if (!strcmp(name, "TARGETPLATFORM") || !strcmp(name, "BUILDPLATFORM"))
		return platform;
	if (!strcmp(name, "TARGETARCH") || !strcmp(name, "BUILDARCH"))
		return platform + 6;
	return !strcmp(name, "TARGETOS") || !strcmp(name, "BUILDOS") ? "linux" : NULL;
}

/* NAME or NAME=DEFAULT */
static int take_arg(struct build *b, const char *word)
{
	AUTO_BUF struct buf arg = { 0 };
	size_t n = strcspn(word, "=");
	AUTO_FREE char *name = strndup(word, n);
	const char *value = name ? given(b, name) : NULL;

	if (!n)
		return build_fail(b, -EBADMSG, "not NAME or NAME=DEFAULT");
	if (!value && word[n])
		value = word + n + 1;
	if (!value && name && b->n_stages)
		value = image_get(&b->global, name);
	if (!value && name)
		value = of_platform(name);
	if (!value)
		return 0;
	buf_printf(&arg, "%.*s=%s", (int)n, word, value);
	return arg.err ? arg.err : image_set(b->n_stages ? &b->args : &b->global, buf_text(&arg));
}

static int do_arg(struct build *b)
{
	struct words w = { 0 };
	int r = build_words(b, b->at->text, &w);

	for (size_t i = 0; !r && i < w.n; i++)
		r = take_arg(b, w.v[i]);
	words_free(&w);
	return r;
}

/* NAME=VALUE..., or NAME and the rest is its value. */
static int do_pairs(struct build *b, struct words *to)
{
	const char *text = b->at->text;
	size_t n = strcspn(text, " \t=");
	struct words w = { 0 };
	int r = 0;

	if (text[n] != '=') {
		AUTO_BUF struct buf pair = { 0 };
		const char *value = text + n + strspn(text + n, " \t");

		if (!*value)
			return build_fail(b, -EBADMSG, "not NAME=VALUE");
		buf_add(&pair, text, n);
		buf_putc(&pair, '=');
		r = build_expand(b, value, &pair);
		return r ? r : image_set(to, buf_text(&pair));
	}
	r = build_words(b, text, &w);
	for (size_t i = 0; !r && i < w.n; i++)
		r = !strchr(w.v[i], '=') || *w.v[i] == '=' ? build_fail(b, -EBADMSG, "not NAME=VALUE") : image_set(to, w.v[i]);
	words_free(&w);
	return r;
}

static int set_text(struct build *b, char **to)
{
	AUTO_BUF struct buf value = { 0 };
	int r = build_expand(b, b->at->text, &value);

	if (r)
		return r;
	free(*to);
	*to = NULL;
	return buf_steal(&value, to);
}

int build_path(struct build *b, const char *path, struct buf *ret)
{
	const char *cwd = build_stage(b)->image.cwd;

	if (*path != '/' && cwd && strcmp(cwd, "/") != 0)
		buf_puts(ret, cwd);
	for (const char *s = path; *(s += strspn(s, "/")); s += strcspn(s, "/")) {
		size_t n = strcspn(s, "/");

		if (n == 2 && !strncmp(s, "..", 2)) {
			while (ret->len && ret->s[--ret->len] != '/')
				;
			if (ret->s)
				ret->s[ret->len] = '\0';
		} else if (n != 1 || *s != '.') {
			buf_putc(ret, '/');
			buf_add(ret, s, n);
		}
	}
	if (!ret->len)
		buf_putc(ret, '/');
	return ret->err;
}

static int do_workdir(struct build *b)
{
	struct image *i = &build_stage(b)->image;
	AUTO_BUF struct buf text = { 0 }, path = { 0 };
	int r = build_expand(b, b->at->text, &text);

	if (!r)
		r = build_path(b, buf_text(&text), &path);
	if (!r)
		r = build_make_folder(b, buf_text(&path));
	if (r < 0)
		return r;
	free(i->cwd);
	i->cwd = NULL;
	return buf_steal(&path, &i->cwd);
}

/* A list, or text for the shell. */
static int set_command(struct build *b, struct words *to)
{
	const struct image *i = &build_stage(b)->image;
	struct words w = { 0 };
	int r = 0;

	for (size_t n = 0; b->at->is_exec && !r && n < b->at->exec.n; n++)
		r = words_add(&w, b->at->exec.v[n]);
	if (!b->at->is_exec && *b->at->text) {
		for (size_t n = 0; !r && n < i->shell.n; n++)
			r = words_add(&w, i->shell.v[n]);
		if (!i->shell.n)
			r = words_add(&w, "/bin/sh") || words_add(&w, "-c") ? -ENOMEM : 0;
		if (!r)
			r = words_add(&w, b->at->text);
	}
	words_free(to);
	*to = w;
	return r;
}

static int do_entrypoint(struct build *b)
{
	struct image *i = &build_stage(b)->image;

	if (!b->own_cmd) { /* what the image below says belongs to its own entrypoint */
		words_free(&i->cmd);
		i->has_cmd = 0;
	}
	i->has_entrypoint = 1;
	return set_command(b, &i->entrypoint);
}

static int do_cmd(struct build *b)
{
	struct image *i = &build_stage(b)->image;

	b->own_cmd = i->has_cmd = 1;
	return set_command(b, &i->cmd);
}

static int do_shell(struct build *b)
{
	struct image *i = &build_stage(b)->image;
	int r = 0;

	words_free(&i->shell);
	for (size_t n = 0; !r && n < b->at->exec.n; n++)
		r = words_add(&i->shell, b->at->exec.v[n]);
	return r;
}

static int take_port(struct build *b, const char *word)
{
	const char *slash = strchr(word, '/'), *dash = strchr(word, '-');
	AUTO_FREE char *first = strndup(word, strcspn(word, "/-"));
	uint64_t n = 0, last = 0;
	AUTO_FREE char *second = dash ? strndup(dash + 1, strcspn(dash + 1, "/")) : NULL;
	int r;

	if (!first || (dash && !second))
		return -ENOMEM;
	if (num_u64(first, &n) || !n || n > 65535 || (second && (num_u64(second, &last) || last < n || last > 65535)) ||
	    (slash && strcmp(slash, "/tcp") != 0 && strcmp(slash, "/udp") != 0 && strcmp(slash, "/sctp") != 0))
		return build_fail(b, -EBADMSG, "not PORT, FIRST-LAST, PORT/tcp or PORT/udp");
	for (r = 0, last = second ? last : n; !r && n <= last; n++) {
		char text[32];

		snprintf(text, sizeof(text), "%u%s", (unsigned)n, slash ? slash : "/tcp");
		r = image_set(&build_stage(b)->image.ports, text);
	}
	return r;
}

static int do_expose(struct build *b)
{
	struct words w = { 0 };
	int r = build_words(b, b->at->text, &w);

	for (size_t i = 0; !r && i < w.n; i++)
		r = take_port(b, w.v[i]);
	words_free(&w);
	return r;
}

static int do_maintainer(struct build *b)
{
	AUTO_BUF struct buf label = { 0 };

	buf_printf(&label, "maintainer=%s", b->at->text);
	return label.err ? label.err : image_set(&build_stage(b)->image.labels, buf_text(&label));
}

/* ---- all of them ---- */

static int do_setting(struct build *b)
{
	struct image *i = &build_stage(b)->image;

	switch (b->at->kind) {
	case DO_ENV:
		return do_pairs(b, &i->env);
	case DO_LABEL:
		return do_pairs(b, &i->labels);
	case DO_USER:
		return set_text(b, &i->user);
	case DO_STOPSIGNAL:
		return set_text(b, &i->stop);
	case DO_CMD:
		return do_cmd(b);
	case DO_ENTRYPOINT:
		return do_entrypoint(b);
	case DO_SHELL:
		return do_shell(b);
	case DO_EXPOSE:
		return do_expose(b);
	case DO_MAINTAINER:
		return do_maintainer(b);
	case DO_NOTHING:
		msg_note(b->f, "%s:%u: %s: passed over: it means nothing here", b->file, b->at->line, b->at->word);
		return 0;
	case DO_FROM:
	case DO_RUN:
	case DO_COPY:
	case DO_ADD:
	case DO_WORKDIR:
	case DO_ARG:
		break;
	}
	return 0;
}

static int do_step(struct build *b)
{
	int r;

	if (b->at->kind == DO_FROM)
		return do_from(b);
	if (!b->n_stages && b->at->kind != DO_ARG)
		return build_fail(b, -EBADMSG, "FROM comes first");
	if (b->at->kind == DO_RUN)
		r = build_run(b);
	else if (b->at->kind == DO_COPY || b->at->kind == DO_ADD)
		r = build_copy(b);
	else if (b->at->kind == DO_WORKDIR)
		r = do_workdir(b);
	else
		r = b->at->kind == DO_ARG ? do_arg(b) : do_setting(b);
	if (r >= 0)
		tell(b, "");
	if (r < 0 && !b->store->failure.why->len)
		build_fail(b, r, NULL);
	return r < 0 ? r : 0;
}

static int is_target(const struct build *b)
{
	const struct instruction *next = b->at + 1;
	int at_end = next == b->steps.v + b->steps.n || next->kind == DO_FROM;

	return b->target && at_end && b->n_stages && b->stage[b->n_stages - 1].name && !strcasecmp(b->stage[b->n_stages - 1].name, b->target);
}

/* Some FROM ends with its name, or with a variable that may become it. */
static int has_target(const struct build *b)
{
	for (size_t i = 0; i < b->steps.n; i++) {
		const char *text = b->steps.v[i].kind == DO_FROM ? b->steps.v[i].text : "", *last = text + strlen(text);

		while (last > text && !strchr(" \t", last[-1]))
			last--;
		if (*last && (!strcasecmp(last, b->target) || strchr(last, '$')))
			return 1;
	}
	return 0;
}

static int no_target(struct build *b)
{
	AUTO_BUF struct buf why = { 0 };

	buf_printf(&why, "no stage is called %s, as --target says", b->target);
	return build_fail(b, -ENOENT, buf_text(&why));
}

static int do_steps(struct build *b)
{
	int r = b->target && !has_target(b) ? no_target(b) : 0;

	for (size_t i = 0; !r && i < b->steps.n; i++) {
		b->at = &b->steps.v[i];
		r = do_step(b);
		if (!r && is_target(b)) {
			b->at = NULL;
			return 0;
		}
	}
	if (r)
		return r;
	b->at = NULL;
	if (b->target)
		return no_target(b);
	return b->n_stages ? 0 : build_fail(b, -EBADMSG, "there is no FROM in it");
}

static int finish(struct build *b, const struct words *names, char **ret_name)
{
	struct build_stage *s = build_stage(b);
	AUTO_BUF struct buf own = { 0 };
	int r;

	if (!s->image.arch)
		s->image.arch = strdup(image_machine());
	r = give_id(&s->image);
	if (r)
		return r;
	s->image.source = strdup(b->called);
	for (size_t i = 0; i < s->stack.n; i++)
		copy_size(s->stack.tree[i], &s->image.size);
	buf_printf(&own, "sha256:%s", s->image.id);
	if (own.err)
		return own.err;
	if (!names->n)
		r = image_write(b->store, own.s, &s->image);
	for (size_t i = 0; !r && i < names->n; i++)
		r = image_write(b->store, names->v[i], &s->image);
	if (r)
		return r;
	*ret_name = strdup(names->n ? names->v[0] : own.s);
	return *ret_name ? 0 : -ENOMEM;
}

static void warn_unused(const struct build *b)
{
	static const char *const usual[] = { "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY" };

	for (size_t i = 0; i < b->given.n; i++) {
		AUTO_FREE char *name = strndup(b->given.v[i], strcspn(b->given.v[i], "="));
		int known = 0;

		for (size_t k = 0; name && k < sizeof(usual) / sizeof(usual[0]); k++)
			known |= !strcasecmp(usual[k], name);
		if (name && !known && !image_get(&b->used, name))
			msg_warn(b->f, "--build-arg %s: no ARG of %s is called so", name, b->file);
	}
}

int build_image(struct build *b, const struct words *names, char **ret_name)
{
	int r = store_begin(b->store, &b->new);

	if (!r)
		r = do_steps(b);
	if (!r)
		r = finish(b, names, ret_name);
	if (!r)
		warn_unused(b);
	return r;
}

void build_free(struct build *b)
{
	store_abandon(b->store, &b->new);
	containerfile_free(&b->steps);
	ignore_free(&b->ignore);
	while (b->n_stages) {
		struct build_stage *s = &b->stage[--b->n_stages];

		free(s->name);
		image_free(&s->image);
		stack_free(&s->stack);
	}
	free(b->stage);
	words_free(&b->given);
	words_free(&b->limits);
	words_free(&b->global);
	words_free(&b->used);
	words_free(&b->args);
}
