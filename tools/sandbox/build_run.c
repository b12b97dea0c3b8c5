/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RUN: a sandbox like any other, whose writable layer becomes the image's next one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/build.h"
#include "sandbox/copy.h"
#include "sandbox/layer_tidy.h"
#include "sandbox/run_step.h"
#include "util/cleanup.h"

static const char *const proxies[] = { "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY",
				       "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy" };

/* A here-document alone is the script; of others the shell makes what it always makes of them. */
static int add_here(struct build *b, struct words *ret)
{
	const struct instruction *i = b->at;
	AUTO_BUF struct buf script = { 0 };
	const char *at = i->text;
	struct here_word w;

	containerfile_next_here(&at, &w);
	if (w.begin == i->text && !*w.end) {
		if (!strncmp(i->here[0].text, "#!", 2))
			return build_fail(b, -EBADMSG, "the shell of the image runs a here-document, whatever stands behind #!; for another "
							"program name it: RUN python3 <<EOF");
		return words_add(ret, i->here[0].text);
	}
	buf_printf(&script, "%s\n", i->text);
	for (size_t n = 0; n < i->n_here; n++)
		buf_printf(&script, "%s%s\n", i->here[n].text, i->here[n].name);
	return script.err ? script.err : words_add(ret, buf_text(&script));
}

static int fill_argv(struct build *b, const struct image *i, struct words *ret)
{
	int r = 0;

	for (size_t n = 0; b->at->is_exec && !r && n < b->at->exec.n; n++)
		r = words_add(ret, b->at->exec.v[n]);
	if (b->at->is_exec)
		return r;
	for (size_t n = 0; !r && n < i->shell.n; n++)
		r = words_add(ret, i->shell.v[n]);
	if (!i->shell.n)
		r = words_add(ret, "/bin/sh") || words_add(ret, "-c") ? -ENOMEM : 0;
	if (!r && b->at->n_here)
		return add_here(b, ret);
	return r ? r : words_add(ret, b->at->text);
}

/* ARGs of the stage, the image's variables over them. */
static int fill_env(const struct build *b, const struct image *i, struct words *ret)
{
	int r = words_add(ret, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

	for (size_t n = 0; !r && n < b->args.n; n++)
		r = image_set(ret, b->args.v[n]);
	for (size_t n = 0; !r && n < i->env.n; n++)
		r = image_set(ret, i->env.v[n]);
	return r;
}

static void make_key(struct build *b, const struct sandbox_spec *s, char ret[SHA256_HEX + 1])
{
	struct sha256 h;

	build_key_begin(b, &h);
	build_key_add(&h, "RUN");
	for (size_t n = 0; n < s->argv.n; n++)
		build_key_add(&h, s->argv.v[n]);
	build_key_add(&h, "");
	for (size_t n = 0; n < s->env.n; n++)
		build_key_add(&h, s->env.v[n]);
	build_key_add(&h, "");
	build_key_add(&h, s->user ? s->user : "");
	build_key_add(&h, s->cwd ? s->cwd : "");
	sha256_end(&h, ret);
}

/* Where things are fetched from is no part of what is made. */
static int add_proxies(const struct build *b, struct words *env)
{
	int r = 0;

	for (size_t n = 0; !r && n < sizeof(proxies) / sizeof(proxies[0]); n++) {
		const char *value = image_get(&b->given, proxies[n]);
		AUTO_BUF struct buf one = { 0 };

		if (!value)
			continue;
		buf_printf(&one, "%s=%s", proxies[n], value);
		r = one.err ? one.err : image_set(env, buf_text(&one));
	}
	return r;
}

static int fill_spec(struct build *b, struct sandbox_spec *s)
{
	const struct build_stage *stage = build_stage(b);
	const struct image *i = &stage->image;
	char name[64];
	int r;

	spec_init(s);
	snprintf(name, sizeof(name), "build-%d-%u", (int)getpid(), b->n_made);
	s->name = strdup(name);
	s->cwd = i->cwd ? strdup(i->cwd) : NULL;
	s->user = i->user ? strdup(i->user) : NULL;
	if (!s->name || (i->cwd && !s->cwd) || (i->user && !s->user))
		return -ENOMEM;
	s->net.how = b->host_net ? NET_HOST : NET_NONE;
	if (b->host_net)
		s->ns[NS_NET].how = NS_HOST;
	r = fill_argv(b, i, &s->argv);
	if (!r)
		r = fill_env(b, i, &s->env);
	for (size_t n = i->layers.n; !r && n--;) {
		AUTO_FREE char *path = store_layer(b->store, i->layers.v[n]);

		r = path ? words_add(&s->lower, path) : -ENOMEM;
	}
	for (size_t n = 0; !r && n < b->limits.n; n++)
		r = words_add(&s->limits, b->limits.v[n]);
	return r;
}

/* The root's own mode and owner are those of the layer below. */
static int make_upper(struct build *b, int dir)
{
	struct stat st;

	if (fstat(build_stage(b)->stack.tree[0], &st) < 0 || mkdirat(dir, "upper", 0700) < 0)
		return -errno;
	if (!geteuid() && fchownat(dir, "upper", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return fchmodat(dir, "upper", st.st_mode & 07777, 0) < 0 ? -errno : 0;
}

static int keep_upper(struct build *b, const char *key, int dir, const char *folder)
{
	AUTO_CLOSE int upper = openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct copy digesting = { .from = upper, .called = "the layer", .failure = b->store->failure, .keep_owners = 1,
					.keep_times = 1 };
	char digest[SHA256_HEX + 1], name[64];
	int made;

	if (upper < 0)
		return -errno;
	made = layer_tidy(upper);
	if (made < 0)
		return failure_say(&b->store->failure, made, "the layer", "read what the command wrote", NULL);
	if (made) {
		int r = copy_tree(&digesting, digest);

		if (r)
			return r;
	}
	snprintf(name, sizeof(name), "%s/upper", folder);
	return build_layer(b, key, made ? name : NULL, digest);
}

/* What it says goes where talk goes. */
static int run_talking(struct build *b, struct sandbox_spec *s, const char *layer)
{
	AUTO_CLOSE int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int status;

	fflush(stdout);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	status = run_step(b->f, s, layer);
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	return status;
}

static int run_it(struct build *b, struct sandbox_spec *s, const char *key)
{
	AUTO_BUF struct buf layer = { 0 }, cause = { 0 };
	char folder[32];
	AUTO_CLOSE int dir = build_folder(b, folder);
	int r = dir < 0 ? dir : make_upper(b, dir), status;

	if (r)
		return r;
	buf_printf(&layer, "%s/new/%s/%s", b->store->path, b->new.name, folder);
	if (layer.err)
		return layer.err;
	status = run_talking(b, s, buf_text(&layer));
	if (!status)
		return keep_upper(b, key, dir, folder);
	if (status > 128)
		buf_printf(&cause, "the command was killed by signal %d", status - 128);
	else if (status == STATUS_OWN_FAILURE)
		buf_puts(&cause, "the sandbox for it could not be made");
	else
		buf_printf(&cause, "the command failed: exit status %d", status);
	return build_fail(b, -ECHILD, buf_text(&cause));
}

int build_run(struct build *b)
{
	static const char *const none[] = { NULL };
	struct sandbox_spec s;
	char key[SHA256_HEX + 1];
	int r = build_check_flags(b, none);

	if (r)
		return r;
	if (!build_stage(b)->stack.n)
		return build_fail(b, -ENOENT, "there is nothing in the image yet that could be run");
	r = fill_spec(b, &s);
	if (!r) {
		make_key(b, &s, key);
		r = build_known(b, key);
	}
	if (!r)
		r = add_proxies(b, &s.env);
	if (!r)
		r = run_it(b, &s, key);
	spec_free(&s);
	return r;
}
