/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox build: an image from a Containerfile. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/limits.h"
#include "sandbox/build.h"
#include "sandbox/path.h"
#include "sandbox/verbs.h"
#include "ui/json.h"
#include "ui/message.h"
#include "util/cleanup.h"

enum { FILE_MOST = CONTAINERFILE_BYTES + 1 };

struct build_spec {
	const char *file, *target;
	struct strings tags, args, values;
	struct words limits;
	int no_cache, quiet, net;
};

static int add_limit(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct build_spec *spec = data;
	AUTO_BUF struct buf b = { 0 };
	int r = limits_text(row->choices[0], text, &b, why);

	return r ? r : words_add(&spec->limits, buf_text(&b));
}

static const char *const memory_max[] = { "memory.max", NULL };
static const char *const pids_max[] = { "pids.max", NULL };
static const char *const cpu_max[] = { "cpu.max", NULL };
static const char *const nets[] = { "none", "host", NULL };

static const struct opt options[] = {
	{ 'f', "file", "FILE", OPT_STRING, offsetof(struct build_spec, file), "the Containerfile; - standard input", COMPLETE_FILE },
	{ 't', "tag", "NAME", OPT_STRINGS, offsetof(struct build_spec, tags), "call the image so" },
	{ 0, "build-arg", "NAME=VALUE", OPT_STRINGS, offsetof(struct build_spec, args), "the value of an ARG" },
	{ 0, "target", "STAGE", OPT_STRING, offsetof(struct build_spec, target), "end with this stage" },
	{ 0, "no-cache", NULL, OPT_FLAG, offsetof(struct build_spec, no_cache), "do every step anew" },
	{ 0, "net", "KIND", OPT_ENUM, offsetof(struct build_spec, net), "of RUN: none, or the host's", .choices = nets },
	{ 0, "memory", "SIZE", OPT_CALL, 0, "RUN has at most so much memory", .choices = memory_max, .call = add_limit },
	{ 0, "pids", "N", OPT_CALL, 0, "RUN has at most so many processes", .choices = pids_max, .call = add_limit },
	{ 0, "cpus", "SPEC", OPT_CALL, 0, "RUN has at most 50%, 2 or 1.5 CPUs", .choices = cpu_max, .call = add_limit },
	{ 'r', "variable", "NAME=VALUE", OPT_STRINGS, offsetof(struct build_spec, values), "any value of the group of RUN",
	  COMPLETE_ASSIGNMENT },
	{ 'q', "quiet", NULL, OPT_FLAG, offsetof(struct build_spec, quiet), "do not tell the steps" },
	OPT_END
};

static void release(void *data)
{
	words_free(&((struct build_spec *)data)->limits);
}

/* ---- what is read ---- */

static int read_all(int fd, struct buf *ret)
{
	ssize_t n = 1;

	while (n > 0 && ret->len < FILE_MOST) {
		if (buf_reserve(ret, 65536))
			return -ENOMEM;
		n = read(fd, ret->s + ret->len, 65536);
		if (n > 0)
			ret->len += (size_t)n;
		ret->s[ret->len] = '\0';
	}
	return n < 0 ? -errno : 0;
}

/* One of two names in the folder; which one it was. -ENOENT. */
static int open_one(int dir, const char *const names[2], const char **ret)
{
	int fd = -ENOENT;

	for (int i = 0; i < 2 && fd == -ENOENT; i++) {
		*ret = names[i];
		fd = path_read(dir, names[i]);
	}
	return fd;
}

static int read_steps(const struct frame *f, const struct build_spec *spec, struct build *b)
{
	static const char *const names[2] = { "Containerfile", "Dockerfile" };
	AUTO_BUF struct buf text = { 0 }, why = { 0 }, path = { 0 };
	const char *name = names[0];
	AUTO_CLOSE int fd = -1;
	int r, err;

	if (!spec->file)
		fd = open_one(b->context, names, &name);
	else
		fd = strcmp(spec->file, "-") ? open(spec->file, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	err = spec->file ? errno : -fd;
	buf_printf(&path, "%s%s%s", spec->file ? spec->file : b->called, spec->file ? "" : "/", spec->file ? "" : name);
	if (buf_steal(&path, &b->file))
		return -ENOMEM;
	if (fd < 0 && !spec->file && err == ENOENT)
		return msg_error(f, "name it with --file", "%s: build: there is no Containerfile in it, nor a Dockerfile", b->called);
	if (fd < 0)
		return msg_error(f, "name it with --file", "%s: open: %s", b->file, strerror(err));
	r = read_all(fd, &text);
	if (r)
		return msg_errno(f, r, b->file, "read");
	r = containerfile_read(buf_text(&text), text.len, &b->steps, &why);
	return r ? msg_error(f, NULL, "%s:%s", b->file, why.len ? buf_text(&why) : strerror(-r)) : 0;
}

static int read_ignore(const struct frame *f, struct build *b)
{
	static const char *const names[2] = { ".containerignore", ".dockerignore" };
	AUTO_BUF struct buf text = { 0 };
	const char *name;
	AUTO_CLOSE int fd = open_one(b->context, names, &name);
	int r;

	if (fd == -ENOENT)
		return 0;
	r = fd < 0 ? fd : read_all(fd, &text);
	if (!r)
		r = text.len < FILE_MOST ? ignore_read(buf_text(&text), text.len, &b->ignore) : -EFBIG;
	return r ? msg_errno(f, r, name, "read") : 0;
}

/* NAME=VALUE, or NAME of the environment. */
static int take_args(const struct frame *f, const struct build_spec *spec, struct build *b)
{
	int r = 0;

	for (size_t i = 0; !r && i < spec->args.n; i++) {
		const char *text = spec->args.v[i], *value = strchr(text, '=') ? NULL : getenv(text);
		AUTO_BUF struct buf one = { 0 };

		if (!*text || *text == '=')
			return msg_usage(f, "--build-arg %s: not NAME=VALUE", text);
		if (!strchr(text, '=') && !value)
			continue;
		buf_printf(&one, "%s%s%s", text, value ? "=" : "", value ? value : "");
		r = one.err ? one.err : image_set(&b->given, buf_text(&one));
	}
	for (size_t i = 0; !r && i < spec->limits.n; i++)
		r = words_add(&b->limits, spec->limits.v[i]);
	for (size_t i = 0; !r && i < spec->values.n; i++) {
		if (!strchr(spec->values.v[i], '='))
			return msg_usage(f, "-r %s: not NAME=VALUE", spec->values.v[i]);
		r = words_add(&b->limits, spec->values.v[i]);
	}
	return r;
}

static int take_names(const struct frame *f, const struct build_spec *spec, struct words *ret)
{
	int r = 0;

	for (size_t i = 0; !r && i < spec->tags.n; i++) {
		AUTO_BUF struct buf why = { 0 };
		char name[256];

		if (image_name(spec->tags.v[i], name, &why))
			return msg_usage(f, "-t %s: %s", spec->tags.v[i], buf_text(&why));
		r = words_add(ret, name);
	}
	return r;
}

/* ---- the build ---- */

static int print_built(const struct frame *f, const struct build *b, const char *name)
{
	const struct image *i = &b->stage[b->n_stages - 1].image;
	struct json *j;
	int r;

	image_note_layers(f, name, i->layers.n);
	if (!f->json) {
		printf("%s\n", name);
		return 0;
	}
	if (json_new(f, &j) < 0)
		return frame_failed(f);
	json_open_object(j, NULL);
	json_add_string(j, "name", name);
	json_add_string(j, "id", i->id);
	json_add_u64(j, "size", i->size);
	json_add_u64(j, "layers", i->layers.n);
	json_close(j);
	r = json_print(j, f);
	json_free(j);
	return r;
}

static int build(struct frame *f, struct build *b, const struct words *names)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	const struct failure failure = { &why, &remedy };
	AUTO_FREE char *name = NULL;
	struct store store;
	int r = store_open(&store, 1, &failure);

	/* cppcheck-suppress autoVariables */
	b->store = &store;
	if (!r)
		r = build_image(b, names, &name);
	if (!r)
		r = print_built(f, b, name);
	else
		r = msg_error(f, remedy.len ? buf_text(&remedy) : NULL, "%s", why.len ? buf_text(&why) : strerror(-r));
	build_free(b);
	b->store = NULL;
	store_close(&store);
	return r;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct build_spec *spec = data;
	struct build b = { .f = f, .context = -1, .no_cache = spec->no_cache, .quiet = spec->quiet, .host_net = spec->net,
			   .target = spec->target, .new = { .dir = -1 } };
	struct words names = { 0 };
	int r;

	if (argc != 1)
		return msg_usage(f, argc ? "more than one DIR" : "no DIR named");
	b.called = argv[0];
	b.context = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b.context < 0)
		return msg_errno(f, errno, argv[0], "open the folder of the build");
	r = take_names(f, spec, &names);
	if (!r)
		r = take_args(f, spec, &b);
	if (!r)
		r = read_ignore(f, &b);
	if (!r)
		r = read_steps(f, spec, &b);
	if (!r)
		r = build(f, &b, &names);
	words_free(&names);
	free(b.file);
	close(b.context);
	return r;
}

static const char *const synopsis[] = { "[options] DIR", NULL };
static const struct example examples[] = {
	{ "cgx-sandbox build -t web .", "an image of what ./Containerfile says" },
	{ "cgx-sandbox build -t web --memory 1G --pids 200 .", "and no step can hurt this host" },
	{ NULL, NULL }
};

const struct tool verb_build = {
	.name = "cgx-sandbox build",
	.summary = "Make an image from a Containerfile",
	.synopsis = synopsis,
	.description = "The Containerfile, or Dockerfile, is in DIR, as are the files that COPY and ADD take. What a step made is taken again "
		       "while nothing has changed that it reads. Prints the image's name.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct build_spec),
	.flags = TOOL_DATA,
	.positional = { COMPLETE_DIR },
	.run = run,
	.release = release,
};
