/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox images, import, rmi: what is in the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/image.h"
#include "sandbox/import.h"
#include "sandbox/mounts.h"
#include "sandbox/verbs.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "util/cleanup.h"
#include "util/clock.h"

/* The store, and the words of what fails in it. */
struct opened {
	struct buf why, remedy;
	struct failure failure;
	struct store store;
};

/* -ENOENT: there is none yet. */
static int open_store(struct opened *o, int make)
{
	*o = (struct opened){ .store = { .dir = -1, .lock = -1 } };
	o->failure = (struct failure){ &o->why, &o->remedy };
	return store_open(&o->store, make, &o->failure);
}

static void close_store(struct opened *o)
{
	store_close(&o->store);
	buf_free(&o->why);
	buf_free(&o->remedy);
}

void image_names(void (*offer)(void *data, const char *word, const char *help), void *data)
{
	struct words names = { 0 };
	struct opened o;

	if (!open_store(&o, 0) && !store_list(&o.store, STORE_NAMES, &names))
		for (size_t i = 0; i < names.n; i++)
			offer(data, names.v[i], "an image");
	words_free(&names);
	close_store(&o);
}

void image_note_layers(const struct frame *f, const char *called, size_t n)
{
	if (!mount_takes_layers(n))
		msg_note(f, "%s: run takes Linux 6.8 for so many layers, %zu; this kernel cannot put them together", called, n);
}

static int say(const struct frame *f, struct opened *o, int r)
{
	int status = msg_error(f, o->remedy.len ? buf_text(&o->remedy) : NULL, "%s", o->why.len ? buf_text(&o->why) : strerror(-r));

	buf_reset(&o->why);
	buf_reset(&o->remedy);
	return status;
}

/* ---- images ---- */

enum { COL_NAME, COL_ID, COL_CREATED, COL_SIZE, COL_LAYERS, COL_ARCH, COL_COMMAND, COL_SOURCE, COL_USER, COL_WORKDIR, COL_ENV,
       COL_LABELS, COL_PORTS };
static const struct column columns[] = {
	[COL_NAME] = { "NAME", COLUMN_SHOWN, .help = "what run takes; those without one by their id" },
	[COL_ID] = { "ID", COLUMN_SHOWN, .help = "digest of what it is" },
	[COL_CREATED] = { "CREATED", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .key = "age_usec", .help = "how long ago it came into the store" },
	[COL_SIZE] = { "SIZE", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "bytes of the files in its layers" },
	[COL_LAYERS] = { "LAYERS", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "how many" },
	[COL_ARCH] = { "ARCH", 0, .help = "the kind of machine it is for" },
	[COL_COMMAND] = { "COMMAND", COLUMN_SHOWN | COLUMN_TRUNC, .help = "what run runs when it names nothing" },
	[COL_SOURCE] = { "SOURCE", COLUMN_TRUNC, .help = "where it came from" },
	[COL_USER] = { "USER", 0, .help = "whom its command runs as" },
	[COL_WORKDIR] = { "WORKDIR", 0, .help = "where" },
	[COL_ENV] = { "ENV", COLUMN_TRUNC, .help = "its variables, as words of a shell" },
	[COL_LABELS] = { "LABELS", COLUMN_TRUNC, .help = "its labels, likewise" },
	[COL_PORTS] = { "PORTS", COLUMN_TRUNC, .help = "ports that it says it serves" },
	COLUMN_END
};

static void put_words(struct buf *b, const struct words *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (b->len)
			buf_putc(b, ' ');
		buf_word(b, w->v[i]);
	}
}

static void add_words(struct table *t, size_t row, int col, const struct words *w)
{
	AUTO_BUF struct buf b = { 0 };

	put_words(&b, w);
	table_text(t, row, col, buf_text(&b));
}

static void add_settings(struct table *t, size_t row, const struct image *i)
{
	if (i->user)
		table_text(t, row, COL_USER, i->user);
	if (i->cwd)
		table_text(t, row, COL_WORKDIR, i->cwd);
	add_words(t, row, COL_ENV, &i->env);
	add_words(t, row, COL_LABELS, &i->labels);
	add_words(t, row, COL_PORTS, &i->ports);
}

static void add_row(const struct frame *f, struct table *t, const char *name, const struct image *i)
{
	size_t row = table_row(t, TABLE_TOP);
	AUTO_BUF struct buf command = { 0 };
	char id[13], shown[24];

	snprintf(shown, sizeof(shown), "%.19s", name);
	snprintf(id, sizeof(id), "%.12s", i->id);
	put_words(&command, &i->entrypoint);
	put_words(&command, &i->cmd);
	table_text(t, row, COL_NAME, f->json || strncmp(name, "sha256:", 7) ? name : shown);
	table_text(t, row, COL_ID, f->json ? i->id : id);
	table_number(t, row, COL_CREATED, wall_us() > i->created_us ? wall_us() - i->created_us : 0, UNIT_USEC);
	table_number(t, row, COL_SIZE, i->size, UNIT_BYTES);
	table_number(t, row, COL_LAYERS, i->layers.n, UNIT_COUNT);
	if (i->arch)
		table_text(t, row, COL_ARCH, i->arch);
	table_text(t, row, COL_COMMAND, buf_text(&command));
	if (i->source)
		table_text(t, row, COL_SOURCE, i->source);
	add_settings(t, row, i);
}

struct images_spec {
	int quiet;
};

static const struct opt images_options[] = {
	{ 'q', "quiet", NULL, OPT_FLAG, offsetof(struct images_spec, quiet), "names alone" },
	OPT_END
};

/* What was forgotten meanwhile is not there; what is damaged is told, and the others are shown. */
static int show(struct frame *f, struct opened *o, const struct images_spec *spec, struct table *t, const struct words *names)
{
	int status = 0;

	for (size_t n = 0; n < names->n; n++) {
		struct image i;
		int r = image_read(&o->store, names->v[n], &i);

		if (!r && spec->quiet)
			printf("%s\n", names->v[n]);
		else if (!r)
			add_row(f, t, names->v[n], &i);
		else if (r != -ENOENT)
			status = say(f, o, r);
		image_free(&i);
	}
	return status;
}

static int run_images(struct frame *f, void *data, int argc, char **argv)
{
	struct words names = { 0 };
	struct table *t = NULL;
	struct opened o;
	int r, status = 0, shown;

	(void)argv;
	if (argc)
		return msg_usage(f, "no words are expected");
	if (table_new(f, columns, "images", 0, &t) < 0)
		return frame_failed(f);
	r = open_store(&o, 0);
	if (!r)
		r = image_list(&o.store, &names);
	if (!r)
		status = show(f, &o, data, t, &names);
	else if (r != -ENOENT)
		status = say(f, &o, r);
	shown = ((struct images_spec *)data)->quiet ? 0 : table_print(t);
	table_free(t);
	words_free(&names);
	close_store(&o);
	return status ? status : shown;
}

static const char *const images_synopsis[] = { "[options]", NULL };
static const struct example images_examples[] = {
	{ "cgx-sandbox images", "what run can run" },
	{ "cgx-sandbox images --json", "the same for programs" },
	{ NULL, NULL }
};
const struct tool verb_images = {
	.name = "cgx-sandbox images",
	.summary = "List the images in the store",
	.synopsis = images_synopsis,
	.examples = images_examples,
	.options = images_options,
	.columns = columns,
	.spec_size = sizeof(struct images_spec),
	.flags = TOOL_DATA | TOOL_NO_CONTEXT,
	.run = run_images,
};

/* ---- import ---- */

struct import_spec {
	const char *ref;
};

static const struct opt import_options[] = {
	{ 0, "ref", "TAG", OPT_STRING, offsetof(struct import_spec, ref), "the one of this name, where there are several in it" },
	OPT_END
};

/* The file's name without folders and what tells of its form. */
static void suggest(const char *path, char ret[256])
{
	static const char *const ends[] = { ".gz", ".xz", ".zst", ".bz2", ".lz4", ".tgz", ".txz", ".tar", ".oci" };
	AUTO_FREE char *copy = strdup(path);
	size_t n = copy ? strlen(copy) : 0;
	const char *base;

	*ret = '\0';
	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	base = copy ? strrchr(copy, '/') : NULL;
	snprintf(ret, 256, "%s", base ? base + 1 : copy ? copy : "");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t len = strlen(ret), end = strlen(ends[i]);

		if (len > end && !strcmp(ret + len - end, ends[i]))
			ret[len - end] = '\0';
	}
}

static void tell_dropped(const struct frame *f, const struct import *x)
{
	const struct tree_dropped *d = &x->dropped;

	if (d->devices || d->sockets)
		msg_note(f, "%s: %llu devices and %llu sockets were left out: a sandbox has a /dev of its own", x->called,
			 (unsigned long long)d->devices, (unsigned long long)d->sockets);
	if (d->owners)
		msg_note(f, "%s: %llu files belong to you, who are root inside: only root can give them their owners", x->called,
			 (unsigned long long)d->owners);
	if (d->xattrs)
		msg_note(f, "%s: %llu extended attributes were left out", x->called, (unsigned long long)d->xattrs);
	if (x->other_machine)
		msg_warn(f, "%s: it is made for another kind of machine than this one", x->called);
}

static int print_imported(const struct frame *f, struct opened *o, const struct import *x, const char *name)
{
	struct image i;
	struct json *j;
	int r;

	r = name ? image_read(&o->store, name, &i) : -ENOENT;
	if (r)
		return say(f, o, r);
	image_note_layers(f, name, i.layers.n);
	if (!f->json) {
		image_free(&i);
		return printf("%s\n", name) < 0 ? -EIO : 0;
	}
	if (json_new(f, &j) < 0) {
		image_free(&i);
		return frame_failed(f);
	}
	json_open_object(j, NULL);
	json_add_string(j, "name", name);
	json_add_string(j, "id", i.id);
	json_add_u64(j, "size", i.size);
	json_add_u64(j, "layers", i.layers.n);
	json_add_u64(j, "left_out", x->dropped.devices + x->dropped.sockets + x->dropped.xattrs);
	json_close(j);
	r = json_print(j, f);
	json_free(j);
	image_free(&i);
	return r;
}

static int open_what(const struct frame *f, const char *word, struct import *x, char suggested[256])
{
	static const char *const everything = "/";

	if (!strcmp(word, "-")) {
		x->called = "standard input";
		x->fd = STDIN_FILENO;
		return 0;
	}
	x->called = word;
	x->fd = open(word, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (x->fd < 0)
		return msg_errno(f, errno, word, "open");
	AUTO_FREE char *real = realpath(word, NULL);

	if (real && !strcmp(real, everything))
		return msg_error(f, "run takes / as it is", "/: import: this host's whole tree is no image");
	suggest(real ? real : word, suggested);
	x->suggested = suggested;
	return 0;
}

static int run_import(struct frame *f, void *data, int argc, char **argv)
{
	const struct import_spec *spec = data;
	struct import x = { .fd = -1, .ref = spec->ref };
	AUTO_FREE char *name = NULL;
	AUTO_BUF struct buf why = { 0 };
	char suggested[256], checked[256];
	struct opened o;
	int r;

	if (argc < 1 || argc > 2)
		return msg_usage(f, argc ? "more words than FILE and NAME" : "no FILE named");
	x.name = argv[1];
	if (x.name && image_name(x.name, checked, &why))
		return msg_usage(f, "%s: %s", x.name, buf_text(&why));
	r = open_what(f, argv[0], &x, suggested);
	if (r)
		return r;
	r = open_store(&o, 1);
	if (!r)
		r = import_image(&o.store, &x, &name);
	if (r < 0) {
		r = say(f, &o, r);
	} else {
		tell_dropped(f, &x);
		r = print_imported(f, &o, &x, name);
	}
	close_store(&o);
	if (x.fd > STDERR_FILENO)
		close(x.fd);
	return r;
}

static const char *const import_synopsis[] = { "[options] FILE|DIR|- [NAME]", NULL };
static const struct example import_examples[] = {
	{ "cgx-sandbox import alpine-minirootfs.tar.gz alpine", "a root file system in an archive" },
	{ "docker save web:2 | cgx-sandbox import -", "an image of docker's" },
	{ "cgx-sandbox import --ref 3.20 ./layout alpine:3.20", "one of an OCI image layout" },
	{ NULL, NULL }
};
const struct tool verb_import = {
	.name = "cgx-sandbox import",
	.summary = "Take a root file system or an image into the store",
	.synopsis = import_synopsis,
	.description = "FILE is a tar archive, plain or compressed, of a root file system, of an OCI image layout, or of docker save; DIR "
		       "such a layout or root file system itself; - is standard input. NAME is what it is called then; without one it is "
		       "what it calls itself, or the file's name. Prints the name.",
	.examples = import_examples,
	.options = import_options,
	.spec_size = sizeof(struct import_spec),
	.flags = TOOL_DATA | TOOL_NO_CONTEXT,
	.positional = { COMPLETE_FILE | COMPLETE_DIR, COMPLETE_NONE },
	.run = run_import,
};

/* ---- rmi ---- */

struct rmi_spec {
	int force, unnamed;
};

static const struct opt rmi_options[] = {
	{ 'f', "force", NULL, OPT_FLAG, offsetof(struct rmi_spec, force), "all names of it, damaged or not; no complaint where it is not there" },
	{ 0, "unnamed", NULL, OPT_FLAG, offsetof(struct rmi_spec, unnamed), "all without a name, that run FILE and build left" },
	OPT_END
};

static int forget_all_names(struct opened *o, const struct image *i)
{
	struct words names = { 0 };
	int r = image_list(&o->store, &names);

	for (size_t n = 0; !r && n < names.n; n++) {
		struct image other;

		if (image_read(&o->store, names.v[n], &other))
			continue;
		if (!strcmp(other.id, i->id))
			r = image_forget(&o->store, names.v[n]);
		image_free(&other);
	}
	words_free(&names);
	return r;
}

static int remove_one(struct frame *f, struct opened *o, const struct rmi_spec *spec, const char *word)
{
	AUTO_FREE char *name = NULL;
	struct image i;
	int r = image_find(&o->store, word, &i, &name);

	if (r && spec->force) {
		image_forget(&o->store, word); /* what cannot be read */
		r = 0;
	} else if (r == -ENOENT && !o->why.len) {
		return msg_error(f, "cgx-sandbox images lists them", "%s: there is no such image", word);
	} else if (!r) {
		r = spec->force ? forget_all_names(o, &i) : image_forget(&o->store, name);
	}
	image_free(&i);
	buf_reset(&o->remedy);
	if (r < 0)
		return say(f, o, r);
	buf_reset(&o->why);
	printf("%s\n", name ? name : word);
	return 0;
}

static int remove_unnamed(struct opened *o)
{
	struct words names = { 0 };
	int r = image_list(&o->store, &names);

	for (size_t n = 0; !r && n < names.n; n++)
		if (!strncmp(names.v[n], "sha256:", 7)) {
			r = image_forget(&o->store, names.v[n]);
			if (!r)
				printf("%s\n", names.v[n]);
			r = r == -ENOENT ? 0 : r;
		}
	words_free(&names);
	return r;
}

/* What was known of files and steps whose image or layer is gone. */
static void forget_stale(struct opened *o)
{
	struct words names = { 0 };

	store_list(&o->store, STORE_SEEN, &names);
	for (size_t n = 0; n < names.n; n++) {
		AUTO_BUF struct buf text = { 0 };
		struct image i;

		if (store_read(&o->store, STORE_SEEN, names.v[n], &text) || image_read(&o->store, buf_text(&text), &i) == -ENOENT)
			store_forget(&o->store, STORE_SEEN, names.v[n]);
		else
			image_free(&i);
	}
	words_free(&names);
	store_list(&o->store, STORE_CACHE, &names);
	for (size_t n = 0; n < names.n; n++) {
		AUTO_BUF struct buf text = { 0 };
		int held = store_read(&o->store, STORE_CACHE, names.v[n], &text) ? -ENOENT : 0;

		if (!held && strcmp(buf_text(&text), "none") != 0)
			held = store_hold(&o->store, text.s);
		if (held == -ENOENT)
			store_forget(&o->store, STORE_CACHE, names.v[n]);
		else if (held > 0)
			close(held);
	}
	words_free(&names);
}

static int run_rmi(struct frame *f, void *data, int argc, char **argv)
{
	struct opened o;
	int r, status = 0;

	if (!argc && !((struct rmi_spec *)data)->unnamed)
		return msg_usage(f, "no image named");
	r = open_store(&o, 1);
	if (!r && ((struct rmi_spec *)data)->unnamed)
		r = remove_unnamed(&o);
	for (int i = 0; !r && i < argc; i++) {
		int one = remove_one(f, &o, data, argv[i]);

		status = one ? one : status;
	}
	if (!r)
		r = store_collect(&o.store, image_layers_of_all);
	if (!r)
		forget_stale(&o);
	if (r < 0)
		status = say(f, &o, r);
	close_store(&o);
	return status;
}

static const char *const rmi_synopsis[] = { "[options] NAME...", NULL };
static const struct example rmi_examples[] = {
	{ "cgx-sandbox rmi web:2", "forget one" },
	{ "cgx-sandbox rmi --unnamed", "forget what nobody gave a name" },
	{ NULL, NULL }
};
const struct tool verb_rmi = {
	.name = "cgx-sandbox rmi",
	.summary = "Forget images, and remove layers that nobody has then",
	.synopsis = rmi_synopsis,
	.description = "Layers that a running sandbox has stay until it has ended, and go with the next rmi.",
	.positional = { COMPLETE_OWN },
	.own_words = image_names,
	.examples = rmi_examples,
	.options = rmi_options,
	.spec_size = sizeof(struct rmi_spec),
	.flags = TOOL_NO_CONTEXT,
	.run = run_rmi,
};
