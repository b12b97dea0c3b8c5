/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox cp: files between this host and a sandbox, whose names and links are hostile. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/copy.h"
#include "sandbox/find.h"
#include "sandbox/layers.h"
#include "sandbox/path.h"
#include "sandbox/stopped.h"
#include "sandbox/verbs.h"
#include "ui/message.h"
#include "util/cleanup.h"

/* One end: a path of the host's, or below a sandbox's root. */
struct end {
	const char *called;
	int root;      /* of the sandbox; -1 the host's */
	char *path;    /* of it */
	int dir;       /* what the last part is in, or goes into */
	char name[256]; /* of it there; "" none: what is in dir itself */
	struct state state;
	uid_t id_base;    /* of the sandbox: root inside is this in what is copied */
	uint32_t id_count; /* 0: ids are those of the host */
	struct root held; /* of one that has ended */
};

static void end_free(struct end *e)
{
	if (e->root >= 0)
		close(e->root);
	if (e->dir >= 0)
		close(e->dir);
	free(e->path);
	root_free(&e->held);
	state_free(&e->state);
}

/* NAME:PATH; a path with "/" before the colon is the host's. */
static int is_inside(const char *word)
{
	const char *colon = strchr(word, ':');

	return colon && colon != word && (size_t)(colon - word) < strcspn(word, "/");
}

/* The root as its first process has it, which is still that process when the root is open. */
static int open_running(const struct frame *f, struct end *e)
{
	AUTO_CLOSE int process = sandbox_pidfd(f->cgx, &e->state);
	char path[64];

	if (process < 0)
		return process;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)e->state.pid);
	e->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (e->root < 0)
		return -errno;
	e->id_base = e->state.id_base;
	e->id_count = e->state.id_count;
	return syscall(SYS_pidfd_send_signal, process, 0, NULL, 0) < 0 ? -errno : 0;
}

/* 0, or an exit status after words. */
static int open_root(const struct frame *f, struct end *e)
{
	int r;

	if (e->state.status != SANDBOX_RUNNING)
		return stopped_open(f, &e->state, &e->held, &e->root);
	r = open_running(f, e);
	if (r != -ESRCH)
		return r ? msg_errno(f, r, e->state.name, "open its root") : 0;
	return msg_error(f, "try again: one that has ended is copied from what it left", "%s: copy: it has just ended", e->state.name);
}

static int take_end(const struct frame *f, const char *word, struct end *e)
{
	const char *colon = strchr(word, ':');
	AUTO_FREE char *name = NULL;
	int r;

	*e = (struct end){ .called = word, .root = -1, .dir = -1, .state = { .lock = -1 } };
	if (!is_inside(word)) {
		e->path = strdup(word);
		return e->path ? 0 : -ENOMEM;
	}
	name = strndup(word, (size_t)(colon - word));
	e->path = strdup(colon[1] ? colon + 1 : "/");
	if (!name || !e->path)
		return -ENOMEM;
	r = sandbox_find_begun(f, name, &e->state);
	return r ? r : open_root(f, e);
}

static int open_dir(const struct end *e, const char *path)
{
	int fd = e->root >= 0 ? path_open(e->root, path) : open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return e->root >= 0 ? fd : -errno;
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		return fd;
	close(fd);
	return -ENOTDIR;
}

static int is_root(const struct end *e)
{
	struct stat root, st;

	return e->root >= 0 && !fstat(e->root, &root) && !fstat(e->dir, &st) && root.st_dev == st.st_dev && root.st_ino == st.st_ino;
}

/* The folder of the last part, and that, which "." is none of. -EISDIR it has no name: "/" or "..". */
static int split(struct end *e)
{
	AUTO_FREE char *folder = strdup(e->path);
	size_t n = folder ? strlen(folder) : 0;
	char *slash;

	if (!folder)
		return -ENOMEM;
	while (n > 1 && folder[n - 1] == '/')
		folder[--n] = '\0';
	slash = strrchr(folder, '/');
	if (strlen(slash ? slash + 1 : folder) >= sizeof(e->name))
		return -ENAMETOOLONG;
	strcpy(e->name, slash ? slash + 1 : folder);
	if (!*e->name || !strcmp(e->name, ".."))
		return -EISDIR;
	if (!strcmp(e->name, "."))
		*e->name = '\0';
	if (slash)
		slash[slash == folder] = '\0';
	e->dir = open_dir(e, slash ? folder : e->root >= 0 ? "/" : ".");
	if (e->dir < 0)
		return e->dir;
	return *e->name || !is_root(e) ? 0 : -EISDIR; /* which has /proc in it */
}

/* Where it goes: into a folder that is there under its own name, else by the name that is given. */
static int find_target(struct end *to, const struct end *from)
{
	size_t n = strlen(to->path);
	int r;

	to->dir = open_dir(to, to->path);
	if (to->dir >= 0) {
		strcpy(to->name, from->name);
		return 0;
	}
	if ((to->dir != -ENOENT && to->dir != -ENOTDIR) || (n && to->path[n - 1] == '/'))
		return to->dir;
	r = split(to);
	return r || *to->name ? r : -ENOENT;
}

/* What is made there must belong to an id that there is: root's inside. Its capabilities go with the id of root and are taken
 * back. */
static int become_owner(const struct end *to)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2];

	if (to->root < 0 || geteuid() || !to->id_count)
		return 0;
	if (syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	setfsgid(to->id_base);
	setfsuid(to->id_base);
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

/* The folder that it is in, in the user's words, to which its name is put. */
static void folder_called(const struct end *e, struct buf *ret)
{
	size_t n = strlen(e->called), start = e->root >= 0 ? (size_t)(strchr(e->called, ':') - e->called) + 1 : 0;

	while (n > start && e->called[n - 1] == '/')
		n--;
	while (n > start && e->called[n - 1] != '/')
		n--;
	if (n > start)
		n--;
	else if (!start)
		buf_puts(ret, ".");
	buf_add(ret, e->called, n);
}

static void tell_dropped(const struct frame *f, const char *called, const struct tree_dropped *d)
{
	if (d->devices + d->sockets)
		msg_note(f, "%s: %llu devices and sockets were left out", called, (unsigned long long)(d->devices + d->sockets));
}

/* Writing into a folder of that end, as what is made there is to belong. */
static int begin(const struct end *to, int root, const struct failure *failure, struct tree *ret)
{
	int r = become_owner(to);

	if (!r)
		r = tree_begin(ret, root, NULL, NULL, failure);
	if (r)
		return r;
	ret->keeps_kinds = 1;
	ret->action = "copy";
	ret->id_base = to->id_base;
	ret->id_count = to->id_count;
	return 0;
}

static int copy(const struct frame *f, const struct end *from, const struct end *to, const struct failure *failure)
{
	const uid_t owner = to->root >= 0 && to->id_count ? 0 : geteuid(); /* as the tree counts them */
	const gid_t group = to->root >= 0 && to->id_count ? 0 : getegid();
	AUTO_BUF struct buf called = { 0 };
	struct tree t;
	struct copy c = { .from = from->dir, .name = *from->name ? from->name : NULL, .to = &t, .into = *to->name ? to->name : NULL,
			  .uid = owner, .gid = group, .keep_times = 1, .no_set_id = to->root < 0 };
	const struct tree_meta folder = { .mode = 0755, .uid = owner, .gid = group, .mtime = { .tv_nsec = UTIME_NOW } };
	int r;

	folder_called(from, &called);
	c.called = buf_text(&called);
	r = called.err ? called.err : begin(to, to->dir, failure, &t);
	if (r)
		return r;
	if (c.into && !c.name)
		r = tree_folder(&t, c.into, &folder);
	if (!r)
		r = copy_tree(&c, NULL);
	if (!r)
		r = tree_end(&t);
	if (!r)
		tell_dropped(f, from->called, &t.dropped);
	tree_free(&t);
	return r;
}

static int say(const struct frame *f, const struct end *e, int r)
{
	return msg_errno(f, r, e->called, "copy");
}

static int no_name(const struct frame *f, const struct end *e)
{
	return msg_error(f, NULL, "%s: copy: name the folder itself, as it is called", e->called);
}

static int copy_ends(const struct frame *f, struct end *from, struct end *to)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	const struct failure failure = { &why, &remedy };
	int r = split(from);

	if (r)
		return r == -EISDIR ? no_name(f, from) : say(f, from, r);
	r = find_target(to, from);
	if (r)
		return say(f, to, r);
	r = copy(f, from, to, &failure);
	if (r && why.len)
		return msg_error(f, remedy.len ? buf_text(&remedy) : NULL, "%s", buf_text(&why));
	return r ? say(f, to, r) : 0;
}

/* ---- as an archive ---- */

static int pack(const struct frame *f, const struct end *from, const struct failure *failure)
{
	AUTO_BUF struct buf called = { 0 };
	struct tree_dropped dropped = { 0 };
	struct pack *p = NULL;
	struct copy c = { .from = from->dir, .name = *from->name ? from->name : NULL, .into = from->name, .failure = *failure,
			  .keep_owners = 1, .id_base = from->id_base, .id_count = from->id_count, .dropped = &dropped };
	int r;

	folder_called(from, &called);
	c.called = buf_text(&called);
	r = called.err ? called.err : pack_begin(STDOUT_FILENO, "standard output", failure, &p);
	c.pack = p;
	if (!r)
		r = copy_tree(&c, NULL);
	if (!r)
		r = pack_end(p);
	if (!r)
		tell_dropped(f, from->called, &dropped);
	pack_free(p);
	return r;
}

static int copy_out(const struct frame *f, struct end *from)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	const struct failure failure = { &why, &remedy };
	int r;

	if (isatty(STDOUT_FILENO))
		return msg_error(f, "give it to tar -x, or to a file", "standard output: write an archive: it is a terminal");
	r = split(from);
	if (r == -EISDIR)
		return no_name(f, from);
	if (!r)
		r = pack(f, from, &failure);
	if (r && why.len)
		return msg_error(f, remedy.len ? buf_text(&remedy) : NULL, "%s", buf_text(&why));
	return r ? say(f, from, r) : 0;
}

/* By names below the sandbox's root, so that links there mean what they mean inside. */
static int unpack(const struct frame *f, const struct end *to, const char *into, const struct failure *failure)
{
	const struct layers_how how = { .called = "standard input", .fd = STDIN_FILENO, .size = UINT64_MAX, .into = *into ? into : NULL };
	struct tree t;
	int r = begin(to, to->root, failure, &t);

	if (r)
		return r;
	r = layers_unpack(&how, &t, NULL);
	if (!r)
		r = tree_end(&t);
	if (!r)
		tell_dropped(f, "standard input", &t.dropped);
	if (!r && t.dropped.owners)
		msg_note(f, "standard input: owners that are none in this sandbox: %llu times root has what was theirs",
			 (unsigned long long)t.dropped.owners);
	tree_free(&t);
	return r;
}

static int copy_in(const struct frame *f, struct end *to)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	const struct failure failure = { &why, &remedy };
	const struct merged view = { &to->root, 1 };
	char into[MERGED_PATH];
	int r;

	to->dir = open_dir(to, to->path);
	if (to->dir < 0)
		return msg_error(f, "an archive is unpacked into a folder that is there", "%s: copy: %s", to->called, strerror(-to->dir));
	r = merged_resolve(&view, to->path, into);
	if (!r)
		r = unpack(f, to, into, &failure);
	if (r && why.len)
		return msg_error(f, remedy.len ? buf_text(&remedy) : NULL, "%s", buf_text(&why));
	return r ? say(f, to, r) : 0;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct end from = { .root = -1, .dir = -1, .state = { .lock = -1 } }, to = from;
	int r;

	(void)data;
	if (argc != 2)
		return msg_usage(f, "two words are expected: what is copied, and where to");
	if (is_inside(argv[0]) == is_inside(argv[1]))
		return msg_usage(f, "one of both is NAME:PATH, and one is of this host");
	r = take_end(f, argv[0], &from);
	if (!r)
		r = take_end(f, argv[1], &to);
	if (!r)
		r = !strcmp(argv[1], "-") ? copy_out(f, &from) : !strcmp(argv[0], "-") ? copy_in(f, &to) : copy_ends(f, &from, &to);
	end_free(&from);
	end_free(&to);
	return r;
}

static const char *const synopsis[] = { "NAME:PATH PATH|-", "PATH|- NAME:PATH", NULL };
static const struct opt none[] = { OPT_END };
static const struct example examples[] = {
	{ "cgx-sandbox cp web:/var/log/httpd .", "a folder out of a sandbox" },
	{ "cgx-sandbox cp site.conf web:/etc/httpd/", "a file into one" },
	{ "cgx-sandbox cp web:/var/log - | tar -x", "- is a tar archive at standard output, or at standard input" },
	{ NULL, NULL }
};

const struct tool verb_cp = {
	.name = "cgx-sandbox cp",
	.summary = "Copy files between this host and a sandbox",
	.synopsis = synopsis,
	.description = "Folders are copied with what is in them, links as links; a link on the way leads nowhere but within the sandbox's root. "
		       "What is copied in belongs to root inside, what is copied out to the caller. One that has ended is copied from what it left.",
	.examples = examples,
	.options = none,
	.positional = { COMPLETE_FILE | COMPLETE_DIR },
	.run = run,
};
