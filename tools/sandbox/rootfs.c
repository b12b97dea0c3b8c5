/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root of a sandbox. */
#include "sandbox/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/idmap.h"
#include "sandbox/isolate.h"
#include "sandbox/mounts.h"
#include "sandbox/path.h"
#include "util/cleanup.h"

#define KERNEL_HIDDEN     (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
#define KERNEL_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* ---- outside: what it is made of ---- */

/* Trees in the order in which they are sent: layers from the top, the writable layer, a /proc that is another's, volumes. */
static int keep(struct launch *l, int fd)
{
	if (l->n_trees == MOST_TREES) {
		close(fd);
		return launch_fail(l, -E2BIG, l->spec->name, "mount", "more than %zu layers and volumes", l->n_trees);
	}
	l->tree[l->n_trees++] = fd;
	return 0;
}

static int open_source(struct launch *l, const char *path, int must_be_dir)
{
	int fd = open(path, O_PATH | O_CLOEXEC | (must_be_dir ? O_DIRECTORY : 0)), err = errno;

	if (fd >= 0)
		return keep(l, fd);
	launch_fail(l, -err, path, "open", NULL);
	if ((err == ENOENT || err == ENOTDIR) && path == l->spec->root)
		launch_advise(l, "ROOT is a directory with a root file system in it, an archive, an image's name, or / for this host's own tree");
	return -err;
}

static size_t n_layers(const struct launch *l)
{
	return l->spec->lower.n ? l->spec->lower.n : 1;
}

int rootfs_open(struct launch *l)
{
	int r = 0;

	for (size_t i = 0; !r && i < l->spec->lower.n; i++)
		r = open_source(l, l->spec->lower.v[i], 1);
	return r || l->spec->lower.n ? r : open_source(l, l->spec->root, 1);
}

static int keep_proc(struct launch *l)
{
	int fd = isolate_proc(l->spec->ns[NS_PID].fd, KERNEL_ATTRIBUTES);

	if (fd >= 0)
		return keep(l, fd);
	return launch_fail(l, fd, "/proc", "make", "of the pid namespace to join: %s", strerror(-fd));
}

/* On disk where it shall outlive the run, else in the sandbox's own memory: that begins and ends at once. */
int rootfs_layer(struct launch *l)
{
	char path[4200];
	int r = 0;

	if (l->keep_layer && !l->spec->read_only) {
		for (const char *const *d = (const char *const[]){ "", "/upper", "/work", NULL }; *d; d++) {
			snprintf(path, sizeof(path), "%s%s", l->layer_dir, *d);
			if (mkdir(path, 0755) < 0 && errno != EEXIST)
				return launch_fail(l, -errno, path, "make", NULL);
		}
		r = open_source(l, l->layer_dir, 1);
	}
	if (!r && l->spec->ns[NS_PID].how == NS_HOST)
		r = open_source(l, "/proc", 1);
	else if (!r && l->spec->ns[NS_PID].how == NS_JOIN)
		r = keep_proc(l);
	for (size_t i = 0; !r && i < l->spec->n_volumes; i++)
		if (l->spec->volume[i].kind == VOLUME_BIND)
			r = open_source(l, l->spec->volume[i].source, 0);
	if (r == -ENOENT && l->words.len && !l->remedy.len)
		launch_advise(l, "what a volume shows is made by nobody: make it before, or mend the path");
	return r;
}

void rootfs_close(struct launch *l)
{
	while (l->n_trees)
		close(l->tree[--l->n_trees]);
	if (l->userns_fd >= 0)
		close(l->userns_fd);
	l->userns_fd = -1;
}

/* The host's own tree with its owners: of those nobody is anybody inside, so that not even root there reads what others may
 * not, or changes it. */
static int is_foreign(const struct launch *l)
{
	return l->id_count > 1 && l->spec->root && !strcmp(l->spec->root, "/") && !l->spec->own_root;
}

/* Owners are shifted so that root of the root is root inside; a file system that cannot is shown as it is, and its owners
 * are nobody inside. */
static int send_tree(struct launch *l, int fd, uint64_t attributes, int shift, int below)
{
	int tree = mount_copy(fd, "", below), r = tree < 0 ? tree : 0;

	/* always: on a host whose mounts are shared, what is mounted on the copy inside would appear outside */
	if (!r) {
		r = mount_change(tree, attributes, shift ? l->userns_fd : -1, below);
		if (shift && l->userns_fd >= 0 && (r == -EINVAL || r == -EOPNOTSUPP))
			r = mount_change(tree, attributes, -1, below);
	}
	if (!r)
		return launch_hand(l, tree);
	if (tree >= 0)
		close(tree);
	return r;
}

int rootfs_send(struct launch *l)
{
	size_t n = 0;
	int r = 0;

	if (!idmap_privileged())
		return 0; /* inside they are opened by name: the user is the same */
	for (; !r && n < n_layers(l); n++)
		r = send_tree(l, l->tree[n], MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, !is_foreign(l), 0);
	if (!r && l->keep_layer && !l->spec->read_only)
		r = send_tree(l, l->tree[n++], 0, 1, 0);
	if (!r && l->spec->ns[NS_PID].how == NS_HOST)
		r = send_tree(l, l->tree[n++], KERNEL_ATTRIBUTES, 0, 1);
	else if (!r && l->spec->ns[NS_PID].how == NS_JOIN)
		r = launch_hand(l, fcntl(l->tree[n++], F_DUPFD_CLOEXEC, 0)); /* it is new: there is nothing to copy */
	for (size_t i = 0; !r && i < l->spec->n_volumes; i++) {
		const struct volume *v = &l->spec->volume[i];

		if (v->kind == VOLUME_BIND)
			r = send_tree(l, l->tree[n++], MOUNT_ATTR_NODEV | (v->flags & VOLUME_READ_ONLY ? MOUNT_ATTR_RDONLY : 0),
				      !!(v->flags & VOLUME_IDMAP), 1);
	}
	return r ? launch_fail(l, r, l->spec->root ? l->spec->root : l->spec->name, "hand the trees of the root over", NULL) : 0;
}

/* ---- inside: put together ---- */

/* An ordinary user's / has mounts in it that may not be taken apart, as an overlay would: it is shown as it is. */
static int is_bound(const struct launch *l)
{
	return l->id_count == 1 && l->spec->root && !strcmp(l->spec->root, "/");
}

static int gather_one(struct launch *l, const char *path, uint64_t attributes)
{
	/* with what is mounted below: it is not to be uncovered by those it was hidden from */
	int tree = mount_copy(AT_FDCWD, path, 1), r = tree < 0 ? tree : 0;

	if (r)
		return launch_fail(l, r, path, "show it inside", NULL);
	r = mount_change(tree, attributes, -1, 1);
	l->tree[l->n_trees++] = tree;
	return r;
}

/* An ordinary user's trees are copied here, by name, in the order of rootfs_send(); the user is the same. */
static int gather(struct launch *l)
{
	int r = 0;

	l->n_trees = l->taken = 0;
	for (size_t i = 0; !r && !is_bound(l) && i < n_layers(l); i++)
		r = gather_one(l, l->spec->lower.n ? l->spec->lower.v[i] : l->spec->root, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	if (!r && l->keep_layer && !l->spec->read_only)
		r = gather_one(l, l->layer_dir, 0);
	if (!r && l->spec->ns[NS_PID].how != NS_OWN)
		r = gather_one(l, "/proc", KERNEL_ATTRIBUTES);
	for (size_t i = 0; !r && i < l->spec->n_volumes; i++)
		if (l->spec->volume[i].kind == VOLUME_BIND)
			r = gather_one(l, l->spec->volume[i].source, l->spec->volume[i].flags & VOLUME_READ_ONLY ? MOUNT_ATTR_RDONLY : 0);
	return r;
}

/* A tree at a directory of the stage that is made for it. */
static int place(struct launch *l, int tree, const char *name)
{
	int r = mkdirat(l->stage, name, 0755) < 0 && errno != EEXIST ? -errno : mount_move(tree, l->stage, name);

	close(tree);
	return r;
}

/*
 * What must be there to be mounted on, whatever the root lacks: the lowest layer. Over the host's own tree it is the one above:
 * these folders are root's inside, who writes to them; and the kernel reads marks of its own in all layers but the last, which
 * it may not in folders that are closed to others.
 */
static int make_skeleton(struct launch *l)
{
	static const struct {
		const char *path;
		mode_t mode;
		int foreign; /* over the host's own tree alone */
	} dirs[] = {
		{ "s", 0755, 0 }, { "s/proc", 0755, 0 }, { "s/sys", 0755, 0 }, { "s/dev", 0755, 0 }, { "s/tmp", 01777, 0 },
		{ "s/run", 0755, 0 }, { "s/var", 0755, 0 }, { "s/var/tmp", 01777, 0 }, { "s/etc", 0755, 0 }, { "s/home", 0755, 1 },
		{ "s/mnt", 0755, 1 }, { "s/opt", 0755, 1 }, { "s/root", 0700, 1 }, { "s/srv", 0755, 1 },
	};
	static const char *const files[] = { "s/etc/hosts", "s/etc/resolv.conf", "s/etc/hostname" };
	int foreign = is_foreign(l), r = 0;

	for (size_t i = 0; !r && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (foreign || !dirs[i].foreign)
			r = mkdirat(l->stage, dirs[i].path, dirs[i].mode) < 0 ? -errno : 0;
	for (size_t i = 0; !foreign && !r && i < sizeof(files) / sizeof(files[0]); i++)
		r = mknodat(l->stage, files[i], S_IFREG | 0644, 0) < 0 ? -errno : 0;
	return r;
}

/* A home with nothing below it; a tmpfs that cannot be told so (before Linux 6.6) gets another on it. */
static void close_home(struct launch *l)
{
	int home = openat(l->stage, "s/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	l->closed_home = home < 0 || fsetxattr(home, "user.overlay.opaque", "y", 1, 0) < 0;
	if (home >= 0)
		close(home);
}

/* The first directory that everybody can reach; what lay in it is reached by descriptors. */
static const char *const stages[] = { "/tmp", "/run", "/mnt", "/var", "/usr", NULL };

static int mount_stage(struct launch *l, const char *const *places)
{
	const char *const options[] = { "mode", "0755", NULL };
	int r = mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;

	if (r)
		return r;
	l->stage = mount_new("tmpfs", options, MOUNT_ATTR_NODEV);
	if (l->stage < 0)
		return l->stage;
	for (; *places; places++) {
		r = mount_move(l->stage, AT_FDCWD, *places);
		if (r != -ENOENT && r != -EACCES && r != -ENOTDIR)
			return r;
	}
	return r;
}

static int place_layers(struct launch *l)
{
	int r = 0;

	for (size_t i = 0; !r && i < n_layers(l); i++) {
		char name[24];
		int tree = -1;

		snprintf(name, sizeof(name), "%zu", i);
		r = launch_receive(l, &tree);
		if (!r)
			r = place(l, tree, name);
	}
	return r;
}

static int mount_writable(struct launch *l)
{
	int tree = -1, r;

	if (!l->keep_layer) {
		r = mkdirat(l->stage, "rw", 0755) < 0 || mkdirat(l->stage, "rw/upper", 0755) < 0 ||
		    mkdirat(l->stage, "rw/work", 0755) < 0 ? -errno : 0;
		return r;
	}
	r = launch_receive(l, &tree);
	return r ? r : place(l, tree, "rw");
}

static int mount_root(struct launch *l)
{
	char name[MOUNT_LAYERS][8];
	const char *options[16], *lower[MOUNT_LAYERS];
	size_t n = 0, layers = 0;
	int fd;

	if (is_foreign(l))
		lower[layers++] = "s";
	for (size_t i = 0; i < n_layers(l) && layers < MOUNT_LAYERS; i++) {
		snprintf(name[i], sizeof(name[i]), "%zu", i);
		lower[layers++] = name[i];
	}
	if (!is_foreign(l) && layers < MOUNT_LAYERS)
		lower[layers++] = "s";
	if (!l->spec->read_only) {
		options[n++] = "upperdir";
		options[n++] = "rw/upper";
		options[n++] = "workdir";
		options[n++] = "rw/work";
	}
	if (!l->spec->read_only && !l->keep_layer) {
		options[n++] = "volatile";
		options[n++] = NULL;
	}
	if (l->id_count) { /* trusted xattrs are for the first user namespace */
		options[n++] = "userxattr";
		options[n++] = NULL;
	}
	options[n] = NULL;
	if (fchdir(l->stage) < 0)
		return -errno;
	fd = mount_overlay(lower, layers, options, l->spec->read_only ? MOUNT_ATTR_RDONLY : 0);
	if (fd < 0)
		return fd;
	if (mkdirat(l->stage, "new", 0755) < 0)
		return -errno;
	l->root_fd = fd;
	return mount_move(fd, l->stage, "new");
}

static int mount_bound(struct launch *l)
{
	int tree = mount_copy(AT_FDCWD, "/", 1), r = tree < 0 ? tree : mount_change(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, -1, 1);

	if (!r && mkdirat(l->stage, "new", 0755) < 0)
		r = -errno;
	l->root_fd = tree;
	return r ? r : mount_move(tree, l->stage, "new");
}

static int pile_up(struct launch *l, const char *const *places)
{
	int r = mount_stage(l, places);

	if (r)
		return launch_fail(l, r, "the root", "make a place to put it together", NULL);
	if (is_bound(l)) {
		r = mount_bound(l);
		return r ? launch_fail(l, r, "/", "show it inside", NULL) : 0;
	}
	r = make_skeleton(l);
	if (!r && is_foreign(l))
		close_home(l);
	if (!r)
		r = place_layers(l);
	if (!r && !l->spec->read_only)
		r = mount_writable(l);
	if (!r)
		r = mount_root(l);
	if (r == -ENODEV) {
		launch_fail(l, r, "overlay", "mount", "this kernel has no overlay file system");
		launch_advise(l, "load its module: modprobe overlay");
	} else if (r) {
		launch_fail(l, r, "the root", "put the layers together", NULL);
		if (r == -EINVAL && l->spec->lower.n > 60)
			launch_advise(l, "an overlay of so many layers takes Linux 6.8; an image of fewer layers does without");
		else if (r == -EPERM || r == -EINVAL)
			launch_advise(l, "%sthe file system of ROOT may be one that no overlay can lie on: the kernel's log has the reason",
				      l->id_count ? "an overlay in a user namespace takes Linux 5.19, and --userns host does without; or " : "");
	}
	return r;
}

/* With the modes that are meant, whatever the caller's umask. */
static int put_together(struct launch *l, const char *const *places)
{
	mode_t mask = umask(0);
	int r = pile_up(l, places);

	umask(mask);
	return r;
}

int rootfs_mount(struct launch *l)
{
	int r = l->id_count == 1 ? gather(l) : 0;

	return r ? r : put_together(l, stages);
}

/* Each tree becomes a mount of its own, which can be put into its place. */
static int copy_trees(struct launch *l)
{
	int r = 0;

	for (size_t i = 0; !r && i < l->n_trees; i++) {
		int tree = mount_copy(l->tree[i], "", 0);

		close(l->tree[i]);
		l->tree[i] = tree;
		r = tree < 0 ? tree : mount_change(tree, i < n_layers(l) ? MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID : MOUNT_ATTR_NOSUID, -1, 0);
	}
	return r ? launch_fail(l, r, l->spec->name, "show the trees of its root", NULL) : 0;
}

/* On the folder of its state, which nobody copies from: all else of the host is seen as before. Taken away it could not be, for
 * in a mount that lies nowhere the kernel lets no name with .. in it be resolved within a root. */
int rootfs_show(struct launch *l, int *ret)
{
	const char *const places[] = { l->dir, NULL };
	AUTO_CLOSE int cwd = -1;
	int r = unshare(CLONE_NEWNS) < 0 ? launch_fail(l, -errno, "a mount namespace", "make", NULL) : 0;

	cwd = open(".", O_PATH | O_CLOEXEC);
	if (!r)
		r = rootfs_open(l);
	if (!r)
		r = rootfs_layer(l);
	if (!r)
		r = copy_trees(l);
	if (!r)
		r = put_together(l, places);
	for (size_t i = 0; i < l->taken; i++) /* which lie in their places */
		l->tree[i] = -1;
	if (cwd >= 0 && fchdir(cwd) < 0 && !r)
		r = -errno;
	if (r)
		return l->words.len ? r : launch_fail(l, r, l->spec->name, "show its root", NULL);
	*ret = l->root_fd;
	return 0;
}

/* A link in an image may lead a harmless name to /proc, /sys or what the kernel has in /dev: nothing is laid over these. */
static int is_kernels(const struct launch *l, int fd)
{
	struct stat dev, st;
	int at, r = path_is_kernels(fd);

	if (r)
		return r;
	at = path_open_plain(l->root_fd, "/dev");
	r = at < 0 ? at : fstat(at, &dev) < 0 || fstat(fd, &st) < 0 ? -errno : dev.st_dev == st.st_dev && dev.st_ino == st.st_ino;
	if (at >= 0)
		close(at);
	return r;
}

/* err: of what was to be laid over path, or made there. */
static int no_place(struct launch *l, int err, const char *path, const char *action)
{
	launch_fail(l, err, path, action, NULL);
	if (err == -EROFS)
		launch_advise(l, "it is missing in this root, which cannot be written: name a place that is there");
	else if (err == -EACCES || err == -EPERM)
		launch_advise(l, "it is missing in what is shown above it, which root inside may not change: make it there before");
	else if (err == -ENOTDIR || err == -EISDIR)
		launch_advise(l, "a directory takes the place of a directory, anything else that of a file");
	return err;
}

int rootfs_attach(struct launch *l, int tree, const char *path, int is_dir)
{
	int to = is_dir ? path_make_dir(l->root_fd, path, 0755) : path_make_file(l->root_fd, path);
	int r = to < 0 ? to : is_kernels(l, to);

	if (r > 0) {
		close(to);
		close(tree);
		return launch_fail(l, -EPERM, path, "mount", "it lies in what the kernel shows in /proc, /sys or /dev, in this root");
	}
	if (!r)
		r = mount_move(tree, to, "");

	if (to >= 0)
		close(to);
	close(tree);
	return r ? no_place(l, r, path, "mount") : 0;
}

/* ---- /proc, /sys ---- */

/* A new file system at path; the descriptor of its root, or -errno. */
static int attach_new(struct launch *l, const char *type, const char *const *options, uint64_t attributes, const char *path)
{
	int fd = mount_new(type, options, attributes), to, r;

	if (fd < 0) {
		launch_fail(l, fd, path, "mount", "a new %s: %s", type, strerror(-fd));
		if (fd == -EPERM)
			launch_advise(l, "in a container whose own %s is partly hidden the kernel allows none; --userns host, as root, may", path);
		return fd;
	}
	to = path_open_plain(l->root_fd, path);
	r = to < 0 ? to : mount_move(fd, to, "");
	if (to >= 0)
		close(to);
	if (!r)
		return fd;
	close(fd);
	return launch_fail(l, r, path, "mount", r == -ELOOP ? "it is a symbolic link in this root" : NULL);
}

/* The host's /sys, where its network is shared: a new one would be refused. */
static int attach_host_sys(struct launch *l)
{
	int tree = mount_copy(AT_FDCWD, "/sys", 1), to = path_open_plain(l->root_fd, "/sys"), r;

	r = tree < 0 ? tree : to < 0 ? to : mount_change(tree, MOUNT_ATTR_RDONLY, -1, 1);
	if (!r)
		r = mount_move(tree, to, "");
	if (to >= 0)
		close(to);
	if (!r)
		return tree;
	if (tree >= 0)
		close(tree);
	return launch_fail(l, r, "/sys", "mount", NULL);
}

/* A new one shows only a pid namespace of one's own. */
static int attach_others_proc(struct launch *l)
{
	int tree = -1, to = path_open_plain(l->root_fd, "/proc"), r = to < 0 ? to : launch_receive(l, &tree);

	if (!r)
		r = mount_move(tree, to, "");
	if (to >= 0)
		close(to);
	if (!r)
		return tree;
	if (tree >= 0)
		close(tree);
	return launch_fail(l, r, "/proc", "mount", r == -ELOOP ? "it is a symbolic link in this root" : NULL);
}

int rootfs_kernel(struct launch *l)
{
	int groups;

	l->proc = l->spec->ns[NS_PID].how == NS_OWN ? attach_new(l, "proc", NULL, KERNEL_ATTRIBUTES, "/proc") : attach_others_proc(l);
	if (l->proc < 0)
		return l->proc;
	l->sys = l->spec->ns[NS_NET].how == NS_OWN ? attach_new(l, "sysfs", NULL, KERNEL_ATTRIBUTES | MOUNT_ATTR_RDONLY, "/sys") :
						     attach_host_sys(l);
	if (l->sys < 0 || cgx_layout(l->cgx) != CGX_LAYOUT_UNIFIED || l->spec->ns[NS_CGROUP].how != NS_OWN ||
	    l->spec->ns[NS_NET].how != NS_OWN)
		return l->sys < 0 ? l->sys : 0;
	groups = attach_new(l, "cgroup2", NULL, KERNEL_ATTRIBUTES | MOUNT_ATTR_RDONLY, "/sys/fs/cgroup");
	if (groups >= 0)
		close(groups);
	return groups < 0 ? groups : 0;
}

/* ---- volumes ---- */

static int attach_tmpfs(struct launch *l, const char *path, const char *mode, uint64_t size, uint64_t attributes)
{
	char text[32];
	const char *options[] = { "mode", mode, size ? "size" : NULL, text, NULL };
	int fd;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)size);
	fd = mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | attributes);
	return fd < 0 ? launch_fail(l, fd, path, "mount a tmpfs", NULL) : rootfs_attach(l, fd, path, 1);
}

static int attach_volume(struct launch *l, const struct volume *v)
{
	struct stat st;
	char mode[8];
	int tree = -1, r;

	snprintf(mode, sizeof(mode), "%o", v->flags & VOLUME_MODE ? (unsigned)v->mode : 01777u);
	if (v->kind == VOLUME_TMPFS)
		return attach_tmpfs(l, v->target, mode, v->size, (v->flags & VOLUME_READ_ONLY ? MOUNT_ATTR_RDONLY : 0) |
				    (v->flags & VOLUME_NO_EXEC ? MOUNT_ATTR_NOEXEC : 0));
	r = launch_receive(l, &tree);
	if (!r && fstat(tree, &st) < 0)
		r = -errno;
	return r ? launch_fail(l, r, v->source, "mount", NULL) : rootfs_attach(l, tree, v->target, S_ISDIR(st.st_mode));
}

int rootfs_volumes(struct launch *l)
{
	static const char *const scratch[] = { "/tmp", "/run", "/var/tmp" };
	int r = 0;

	for (size_t i = 0; (l->spec->read_only || is_bound(l)) && !r && i < 3; i++)
		r = attach_tmpfs(l, scratch[i], i == 1 ? "0755" : "1777", 0, 0);
	if (!r && l->closed_home)
		r = attach_tmpfs(l, "/root", "0700", 0, 0);
	for (size_t i = 0; !r && i < l->spec->n_volumes; i++)
		r = attach_volume(l, &l->spec->volume[i]);
	return r;
}

/* ---- what is hidden ---- */

static const struct hidden {
	const char *path;
	int is_dir;
} masked[] = {
	{ "/proc/acpi", 1 }, { "/proc/asound", 1 }, { "/proc/scsi", 1 },
	{ "/proc/interrupts", 0 }, { "/proc/kallsyms", 0 }, { "/proc/kcore", 0 }, { "/proc/keys", 0 }, { "/proc/key-users", 0 },
	{ "/proc/kmsg", 0 }, { "/proc/latency_stats", 0 }, { "/proc/sched_debug", 0 }, { "/proc/timer_list", 0 },
	{ "/proc/timer_stats", 0 },
	{ "/sys/devices/virtual/powercap", 1 }, { "/sys/firmware", 1 }, { "/sys/fs/selinux", 1 }, { "/sys/kernel/debug", 1 },
	{ "/sys/kernel/security", 1 }, { "/sys/kernel/tracing", 1 },
};
static const char *const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

/* They lie in file systems that were mounted just now: a name in them leads nowhere else. */
static int base_of(const struct launch *l, const char **path)
{
	int base = strncmp(*path, "/proc/", 6) ? l->sys : l->proc;

	*path = strchr(*path + 1, '/') + 1;
	return base;
}

/* A cover that was not used, for the kernel has no such file, serves for the next. */
static int mask(struct launch *l, const struct hidden *h, int cover[2])
{
	const char *path = h->path;
	int base = base_of(l, &path), *tree = &cover[h->is_dir], r;

	if (*tree < 0)
		*tree = mount_copy(l->stage, h->is_dir ? "empty" : "null", 0); /* with its attributes */
	r = *tree < 0 ? *tree : mount_move(*tree, base, path);
	if (r == -ENOENT || r == -EACCES)
		return 0;
	if (*tree >= 0)
		close(*tree);
	*tree = -1;
	return r;
}

static int mask_all(struct launch *l)
{
	int cover[2] = { -1, -1 }, r = 0;

	for (size_t i = 0; !r && i < sizeof(masked) / sizeof(masked[0]); i++) {
		r = mask(l, &masked[i], cover);
		if (r)
			launch_fail(l, r, masked[i].path, "hide", NULL);
	}
	for (int i = 0; i < 2; i++)
		if (cover[i] >= 0)
			close(cover[i]);
	return r;
}

static int make_read_only(struct launch *l, const char *path)
{
	int base = base_of(l, &path), tree = mount_copy(base, path, 1), r;

	if (tree < 0)
		return tree == -ENOENT ? 0 : tree;
	r = mount_change(tree, MOUNT_ATTR_RDONLY, -1, 1);
	if (!r)
		r = mount_move(tree, base, path);
	close(tree);
	return r;
}

/* What is laid over directories and over files, on the stage: before Linux 6.15 only what is attached can be copied. */
static int make_cover(struct launch *l, int tree, const char *name)
{
	int r = tree < 0 ? tree : mount_change(tree, KERNEL_HIDDEN, -1, 0);

	if (!r)
		r = mount_move(tree, l->stage, name);
	if (tree >= 0)
		close(tree);
	return r;
}

static int make_covers(struct launch *l)
{
	int r = mkdirat(l->stage, "empty", 0555) < 0 || mknodat(l->stage, "null", S_IFREG | 0444, 0) < 0 ? -errno : 0;

	if (!r)
		r = make_cover(l, mount_copy(l->stage, "empty", 0), "empty");
	return r ? r : make_cover(l, mount_copy(AT_FDCWD, "/dev/null", 0), "null");
}

int rootfs_mask(struct launch *l)
{
	int r = make_covers(l);

	if (!r)
		r = mask_all(l);
	for (size_t i = 0; !r && i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		r = make_read_only(l, read_only[i]);
		if (r)
			launch_fail(l, r, read_only[i], "make read-only", NULL);
	}
	return r;
}

/* ---- the change of roots ---- */

int rootfs_pivot(struct launch *l)
{
	if (fchdir(l->root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

/* By a descriptor below the root: a name like /proc/self/fd/7 leads nowhere else. */
int rootfs_cwd(struct launch *l)
{
	const char *cwd = l->spec->cwd ? l->spec->cwd : "/";
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), at = root < 0 ? -errno : path_make_dir(root, cwd, 0755);
	int r = at < 0 ? at : fchdir(at) < 0 ? -errno : 0;

	return r ? no_place(l, r, cwd, "work in") : 0;
}
