/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of libcgx offer each other, grouped by file, lower rows first. */
#ifndef CGX_PRIVATE_H
#define CGX_PRIVATE_H

#include "cgx.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

#include <stdarg.h>
#include <string.h>

#define CGX_API __attribute__((visibility("default")))
#define CGX_PATH_MAX 4096
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Structs that a caller fills begin with their size, which an older caller's is smaller of: what it does not have is 0. */
static inline void take_sized(void *ret, size_t size, const void *from)
{
	size_t has = from ? *(const size_t *)from : 0;

	memset(ret, 0, size);
	if (from)
		memcpy(ret, from, has < size ? has : size);
}
#define SIZED(type, name, from)   \
	type name;                \
	take_sized(&name, sizeof(name), from)

/* ---- fs.c: the only file that touches the file system ---- */

struct fs {
	int fd;     /* O_PATH of the root everything lies beneath */
	char *root; /* as given, for words */
};

int fs_open(const char *root, struct fs *ret);
void fs_close(struct fs *fs);
/* An O_PATH descriptor of a directory; path relative to dirfd, beneath it, "" for itself. */
int fs_dir(int dirfd, const char *path);
/* The whole file into b, which is emptied first; spares the read that only tells the end where a cgroup file is
 * read. 0 or negative errno. */
int fs_read(int dirfd, const char *path, struct buf *b);
/* The same of a cgroup file that is open. */
int fs_reread(int fd, struct buf *b);
/* One write(2) of the text, O_WRONLY|O_TRUNC, never O_CREAT. */
int fs_write(int dirfd, const char *path, const char *text);
/* The same into a cgroup file that is open. */
int fs_rewrite(int fd, const char *text);
/*
 * The same with one open for three things: what was there goes to old, then the text is written, then what is
 * there now goes to now (NULL: not asked for). Both are without the last newline. 1 when old is known; 0 the file
 * can only be written.
 */
int fs_swap(int dirfd, const char *path, const char *text, struct buf *old, struct buf *now);
/* Descriptor for a later write. */
int fs_open_write(int dirfd, const char *path);
int fs_open_read(int dirfd, const char *path);
/* The same in the kernel's own /proc by a name that nobody outside has a part in, so nothing has to be held beneath. */
int fs_open_proc(int proc, const char *path);
int fs_open_rdwr(int dirfd, const char *path);
/* A file of an administrator: "/" in front is the root's, links are followed within it; a regular one, and -EFBIG beyond
 * max bytes. */
int fs_read_config(int rootfd, const char *path, size_t max, struct buf *b);
/* Where a link of /proc points to. */
int fs_read_link(int dirfd, const char *path, struct buf *b);
int fs_mkdir(int dirfd, const char *path);
int fs_rmdir(int dirfd, const char *path);
int fs_chown(int dirfd, const char *path, uid_t uid, gid_t gid);
int fs_chmod(int dirfd, const char *path, unsigned mode);
/* Owner and mode of a file or directory; any out may be NULL. */
int fs_owner(int fd, uid_t *ret);
int fs_stat(int dirfd, const char *path, uid_t *ret_uid, gid_t *ret_gid, unsigned *ret_mode);
/* Of one name in dirfd, or of dirfd itself for "". */
int fs_stat_name(int dirfd, const char *name, uid_t *ret_uid, gid_t *ret_gid, unsigned *ret_mode);
/* 1 it is there, 0 it is not, or negative errno. */
int fs_exists(int dirfd, const char *path);
/* The same for a name without "/" in dirfd itself. */
int fs_has(int dirfd, const char *name);
/* The first byte of an extended attribute of a directory, which is no longer than 256; 0 it has none. */
int fs_mark(int dirfd, const char *path, const char *name);
/* An O_PATH-like descriptor of a file system of this type, attached nowhere: it goes when the descriptor is closed.
 * -ENOSYS before Linux 5.2, -ENODEV the kernel has no such type, -EPERM needs CAP_SYS_ADMIN. */
int fs_mount_private(const char *type);
/* 1 it is a cgroup file system, and not a copy of one in plain files. */
int fs_is_cgroup(int dirfd);
/* The same of a proc file system. */
int fs_is_proc(int dirfd);
/* Wait until a file shows an event (POLLPRI) or the time is over; 1 event, 0 time over. */
int fs_wait(int fd, int timeout_ms);

struct fs_entry {
	char *name;
	uint64_t ino;
	int leaf; /* a directory that has no directories in it; only where that was asked for */
};
struct fs_list {
	struct fs_entry *entry;
	size_t n;
};
/* How many links a directory has (cgroupfs counts 2 and each group below), and its number. path comes from a listing:
 * it is not held beneath dirfd; "" is dirfd itself. */
int fs_links(int dirfd, const char *path, nlink_t *ret, uint64_t *ret_ino);
/* 1 when the directory surely has no directories in it: cgroupfs counts them in st_nlink. */
int fs_is_leaf(int dirfd);
/* Directories of a directory, sorted by name. */
int fs_list_dirs(int dirfd, const char *path, struct fs_list *ret);
/* The same with the leaf mark (st_nlink is 2), which costs a call for each. */
int fs_list_leaves(int dirfd, const char *path, struct fs_list *ret);
/* Regular files of a directory, sorted by name. */
int fs_list_files(int dirfd, const char *path, struct fs_list *ret);
void fs_list_free(struct fs_list *l);

/* ---- text.c: parsers on memory ---- */

/* Moves to the next line of *s; 1 and the line without its newline, 0 at the end. */
int text_line(const char **s, const char **ret_line, size_t *ret_len);
/* The next word (blanks between) of the len bytes at *s; moves *s and *len. 1 or 0. */
int text_word(const char **s, size_t *len, const char **ret_word, size_t *ret_len);
/* Value of a key in a flat keyed text, as a number. -ENOKEY, -EBADMSG. */
int text_flat_u64(const char *s, const char *key, uint64_t *ret);
/* Value of a key in a flat keyed text; borrowed piece of s. -ENOKEY. */
int text_flat(const char *s, const char *key, const char **ret, size_t *ret_len);
/* Value of SUB in a line "KEY SUB=VALUE ..." ; key "" takes the line without a key. -ENOKEY. */
int text_nested(const char *s, const char *key, const char *sub, const char **ret, size_t *ret_len);
/* 1 when word is one of a list separated by sep. */
int text_list_has(const char *list, char sep, const char *word);
/* A list "0-3,7": 0 or -EINVAL; counts the members when ret is given. */
int text_list_check(const char *s, uint64_t *ret_members);

/* ---- proc.c: parsers of /proc texts ---- */

struct proc_mount {
	int id, parent;
	const char *root;  /* unescaped, in place */
	const char *point;
	const char *options;       /* of the mount */
	const char *type;
	const char *super_options;
};
/* Take the next mount off *s, a mountinfo text that is changed in place. 1 or 0; malformed lines are passed over. */
int proc_mount_next(char **s, struct proc_mount *ret);
struct proc_cgroup_line {
	int id;
	const char *controllers; /* "" for v2, "name=x" for a named one */
	const char *path;
};
/* Take the next line off a /proc/PID/cgroup text, changed in place. */
int proc_cgroup_next(char **s, struct proc_cgroup_line *ret);
struct proc_subsys {
	const char *name;
	int hierarchy, groups, enabled;
};
/* Take the next line off a /proc/cgroups text, changed in place. */
int proc_subsys_next(char **s, struct proc_subsys *ret);
/* Fill comm, ppid, state from a /proc/PID/stat text. -EBADMSG. */
int proc_stat(const char *s, struct cgx_process *ret);

/* ---- context.c: the words of a failure ---- */

/* Keep "object: action: cause" on the context and return err. cause_fmt NULL: strerror of err.
 * Empty parts are left out. What could talk to a terminal is escaped here, as buf_escape() does, in remedies as well. */
int fail(struct cgx *cgx, int err, const char *object, const char *action, const char *cause_fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Keep the remedy. */
void advise(struct cgx *cgx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A name as a word of the shell, for a command in a remedy. Until the next call. */
const char *shell_word(struct cgx *cgx, const char *s);
void clear_error(struct cgx *cgx);

/* ---- layout.c ---- */

struct cgx_hierarchy {
	const struct hier_ops *ops;
	int version;
	int id;                 /* /proc/cgroups' number, 0 for v2 or unknown */
	char *name;             /* "cpu,cpuacct", "name=systemd", "" for v2 */
	char *root;             /* the mount's root inside the hierarchy */
	char **mounts;          /* NULL-terminated */
	size_t n_mounts;
	cgx_set controllers;    /* what can be used on it */
	unsigned flags;         /* HIER_* */
	int fd;                 /* O_PATH of mounts[0]; -1 until hier_fd() */
	char *own;              /* path of the caller's own group below the mount; NULL until asked */
};
#define HIER_READ_ONLY   (1u << 0)
#define HIER_NSDELEGATE  (1u << 1)
#define HIER_LOCALEVENTS (1u << 2)
#define HIER_LOADED      (1u << 3) /* v2: cgroup.controllers was read */
#define HIER_PIDS_LOCAL  (1u << 4)

struct cgx_controller {
	const char *name, *kernel_name; /* of the table or of struct cgx's names */
	cgx_set bit;
	const struct cgx_hierarchy *hierarchy;
	int hierarchy_id, groups, enabled;
};

struct cgx {
	struct fs fs;
	struct buf error, remedy, word;
	struct cgx_hierarchy *hier; /* v1 in mount order, v2 last */
	size_t n_hier;
	char **other;               /* names of the bits above CGX_C_OTHER */
	size_t n_other;
	struct cgx_controller *ctl; /* NULL until asked */
	size_t n_ctl;
	int systemd;                /* 1 it is process 1, -1 it is not, 0 not asked yet */
	unsigned listeners;         /* samplers with an inotify instance */
};

/* Find all hierarchies. */
int layout_discover(struct cgx *cgx);
void layout_free(struct cgx *cgx);
/* Descriptor of the hierarchy's directory, kept. */
int hier_fd(struct cgx *cgx, struct cgx_hierarchy *h);
/* The hierarchy that carries a controller bit; NULL none. v2 controllers are read when needed. */
struct cgx_hierarchy *layout_find(struct cgx *cgx, cgx_set bit);
struct cgx_hierarchy *layout_v2(struct cgx *cgx);
/* Read which controllers the v2 tree has, unless that is known. What cannot be read is none; -ENOMEM alone is told. */
int layout_load(struct cgx *cgx);
/* The bit of a kernel or v2 controller name of len bytes; 0 unknown. */
cgx_set layout_bit(const struct cgx *cgx, const char *name, size_t len);
const char *layout_bit_name(const struct cgx *cgx, cgx_set bit);
/* Path of the caller's own group below the mount of h ("" root), borrowed. */
int layout_own(struct cgx *cgx, struct cgx_hierarchy *h, const char **ret);
/* The text of /proc/PID/cgroup; pid 0 is the caller. -ESRCH with words. */
int layout_read_pid(struct cgx *cgx, pid_t pid, struct buf *b);
/* Path of a process's group below the mount of h, from such a text. -ENOENT it lies outside the mount. */
int layout_path_in(struct cgx *cgx, const struct cgx_hierarchy *h, const char *text, char **ret);
/* Everything that can be asked of h by the bits of set, v2's implied ones (freezer, cpuacct) included. */
int layout_carries(struct cgx *cgx, struct cgx_hierarchy *h, cgx_set set);

/* ---- hier_v1.c hier_v2.c: behaviour that differs ---- */

struct hier_ops {
	const char *procs_file;   /* takes a process */
	const char *threads_file; /* takes a thread */
	/* The file into which a fresh single-threaded child writes "0" to join; NULL where a child is better
	 * born inside (CLONE_INTO_CGROUP). */
	const char *join_file;
	/* Files that take processes, NULL-terminated, and those that a new owner gets to run the group himself. */
	const char *const *tasks_files;
	const char *const *delegate_files;
	/* 1 processes in the group or below, 0 none. */
	int (*populated)(int dir);
	/* Kill everything at and below at once. -EOPNOTSUPP the kernel has no such switch. */
	int (*kill)(int dir);
	/* Freeze or thaw and wait. -EOPNOTSUPP this hierarchy cannot. */
	int (*freeze)(int dir, int frozen, int timeout_ms);
	/* 1 what is in it does not run, by its own freezing or that of a group above. */
	int (*frozen)(int dir);
	/* Keep processes from multiplying while they are being killed, and let go again.
	 * *kept holds what must be put back. */
	int (*hold)(int dir, struct buf *kept);
	void (*release)(int dir, const char *kept);
	/* Plan what the group at path, which exists or will, needs so that a child of it can use these
	 * controllers (v2: subtree_control). */
	int (*plan_enable)(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path, cgx_set need,
			   unsigned flags);
	/* Plan what a fresh directory needs before processes may enter (v1 cpuset). */
	int (*plan_ready)(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path);
	/* Words for an attach that failed with err; label is the group. Returns err. */
	int (*explain_attach)(struct cgx *cgx, struct cgx_hierarchy *h, int dir, const char *label, int err);
};
extern const struct hier_ops hier_v1_ops, hier_v2_ops;

/* ---- codec.c: conversions between v1 and v2 texts, both directions side by side ---- */

#define SETTING_V1_MAX 5

struct codec_arg {
	const char *v1[SETTING_V1_MAX]; /* texts of the row's v1 files; NULL: not there or not known */
	const char *v2;                 /* v2 text (split); with join: the present v2 text or NULL */
	const char *with;               /* v2 text of the row's `with` setting, NULL not known */
	long clock_ticks;               /* of the host, per second */
	long page_size;
};
struct codec_out {
	size_t n; /* in the order in which they must be written; an empty text is not written */
	struct {
		unsigned index; /* of the row's v1 file */
		struct buf text;
	} w[SETTING_V1_MAX];
};
/*
 * join: v1 texts -> v2 text. split: v2 text -> v1 texts; v1[] holds the present texts when a v2 value is
 * about to be written on a v1 host (they decide order and coupled limits) and NULL when only translating.
 * Together they serve all four cases: a v2 name read (join) or written (split) on v1, a v1 name read
 * (split) or written (join, the other files from split of the present value) on v2. A file that split leaves
 * out has no counterpart in this value. On failure ret is as it was.
 * -EOPNOTSUPP this value has no counterpart, -EBADMSG not understood, -ERANGE, -EINVAL, -ENODATA a needed text is missing.
 * NULL function: that direction is impossible (-EOPNOTSUPP).
 */
struct codec {
	int (*join)(const struct codec_arg *a, struct buf *ret);
	int (*split)(const struct codec_arg *a, struct codec_out *ret);
};
void codec_out_free(struct codec_out *o);

/* ---- setting.c, ctl/: the settings table ---- */

struct setting_file {
	const char *name;
	enum cgx_kind kind;
	unsigned flags;    /* CGX_S_* where they are not the row's; 0: the row's */
	uint64_t min, max; /* of numbers, as in the row */
	const char *words; /* as in the row */
};
struct cgx_setting {
	const char *v2;                          /* NULL: v1 only */
	enum cgx_kind kind;                      /* of the v2 text */
	struct setting_file v1[SETTING_V1_MAX];  /* v1[0].name NULL: v2 only */
	const struct codec *codec;               /* NULL: the text is the same on both sides */
	const char *with;                        /* v2 name of a setting the codec needs as well */
	unsigned flags;                          /* CGX_S_* | SETTING_* */
	uint64_t min, max;                       /* of numbers; max 0: no bound; as int64_t for CGX_KIND_SIGNED */
	/*
	 * What may be written, words with blanks between; NULL: all that the kind allows. Single values: these
	 * words (PERCENT: 0 to 100). CGX_KIND_FLAT: what a line may begin with. CGX_KIND_NESTED, CGX_KIND_BYTES: the
	 * first word tells what a line begins with, the others are its keys: n number or max, b bytes or max, t text.
	 * MAJ:MIN, NAME and SIZE stand for themselves.
	 */
	const char *words;
	const char *nearest;                     /* what to use on the side that cannot express it */
	const char *help;
	const char *note;
};
#define SETTING_CORE (1u << 16) /* in the v2 tree even without its controller (cpu.stat, *.pressure) */
#define SETTING_PARTS (1u << 17) /* one line a write, which names only what changes: the other files of the row and
				  * the present value play no part (io.max) */

struct setting_table { /* one a controller, ctl/X.c */
	const char *name;    /* "io" */
	const char *v1_name; /* "blkio"; NULL when v1 has no such controller */
	cgx_set bit;
	const struct cgx_setting *rows;
	size_t n;
	int v1_only;         /* not a controller on v2 */
};
extern const struct setting_table *const setting_tables[]; /* ctl/all.c, NULL-terminated */

struct setting_ref {            /* a name that was looked up */
	const struct cgx_setting *row; /* NULL: not in the table */
	int dialect;            /* 2: the v2 name; 1: the v1 name v1[index] */
	unsigned index;
	char star[32];          /* what "*" stands for in this name ("2MB"), "" without */
};
/* Look up a name without ":KEY". Always fills ret; 0 or -ENOENT unknown. */
int setting_lookup(const char *name, struct setting_ref *ret);
/* The name in the table that a mistyped one most likely means; NULL none is near. */
const char *setting_nearest(const char *name);
/* The table's name with "*" replaced by star. -ENAMETOOLONG. */
int setting_expand(const char *pattern, const char *star, char *ret, size_t size);
/* The controller bit that the first part of a file name belongs to ("cpuacct.usage"), 0 unknown;
 * "cgroup.*", "tasks", "notify_on_release", "release_agent" give CGX_C_CORE. */
cgx_set setting_prefix_bit(const char *file);
const struct setting_table *setting_table_of(cgx_set bit);
/* CGX_S_* and kind of what the name itself means: of the v1 file or of the row. */
unsigned setting_ref_flags(const struct setting_ref *ref);
enum cgx_kind setting_ref_kind(const struct setting_ref *ref);

/* ---- group.c ---- */

struct group_place {
	struct cgx_hierarchy *h;
	char *path; /* below the mount, "" the root */
	int fd;     /* O_PATH, -1 not opened */
	int procs;  /* its processes' file for writing, kept for group_take(); -1 not opened */
};
struct cgx_group {
	struct cgx *cgx;
	char *path;     /* as given, "/" the root */
	cgx_set wanted; /* controllers asked for */
	struct group_place *place;
	size_t n;
	int unsettled;  /* opened without controllers, and not looked yet where it exists: place has every hierarchy */
};
/* Leave the places where the group exists. Whoever goes through the places calls this first; who wants one
 * value looks into the one place that has it, which spares a dozen others. Moves the places. */
void group_settle(struct cgx_group *g);
struct group_place *group_place(struct cgx_group *g, const struct cgx_hierarchy *h);
/* O_PATH descriptor of the group's directory there, kept. -ENOENT with words. */
int place_fd(struct cgx_group *g, struct group_place *pl);
/* The same without words and from an open place only. */
int place_open(struct cgx *cgx, struct group_place *pl);
/* Normalise a path as a user gives it; -EINVAL with words. */
int group_check_path(struct cgx *cgx, const char *path, char **ret);

/* ---- task.c ---- */

/* cgx_group_take() where the text of the process's /proc/PID/cgroup is known; "": it is moved wherever it is. */
int group_take(struct cgx_group *g, pid_t pid, const char *groups);

/* ---- explain.c: words for what cannot be done; each keeps them on the context and returns the error to give ---- */

/* "web/memory.max" */
void explain_object(struct buf *b, const struct cgx_group *g, const char *name);
/* The other side of v1 and v2 has nothing that says the same. */
int explain_no_counterpart(struct cgx_group *g, const struct setting_ref *ref, const char *name);
/* No place of the group carries the setting. */
int explain_no_place(struct cgx_group *g, const struct setting_ref *ref, const char *name);
/* A file of pl was not read: err. */
int explain_read(struct cgx_group *g, struct group_place *pl, const struct setting_ref *ref, const char *name, int err);
/* A codec refused. */
int explain_codec(struct cgx_group *g, const struct setting_ref *ref, const char *name, int err);
/* A write of text failed with err. name is what the user said. */
int explain_write(struct cgx_group *g, struct group_place *pl, const char *name, const char *file, const char *text,
		  int err);

/* ---- value.c ---- */

/* Text of a setting for a plan: what is there, seen through what the plan is going to write. */
int value_read(struct cgx_group *g, const struct cgx_plan *p, const char *name, struct buf *ret);

/* ---- unit.c: groups that systemd owns ---- */

/* Whether a step may be done without force. -EPERM with words and what to do instead. */
int unit_check(struct cgx *cgx, struct cgx_hierarchy *h, enum cgx_verb verb, const char *path, const char *file,
	       const char *value);
/* What was delegated to the unit that a v2 path lies in, or to the user's manager that owns it. 1 with the unit's name,
 * owned by the caller; 0 nothing is delegated there. */
int unit_controllers(struct cgx *cgx, struct cgx_hierarchy *h, const char *path, cgx_set *ret, char **ret_unit);
/* The words: -EPERM. */
int unit_not_delegated(struct cgx *cgx, const char *object, const char *unit, cgx_set has, cgx_set missing);

/* ---- kmsg.c ---- */

/* Readable when there are records. */
int kmsg_fd(const struct cgx_kmsg *k);

/* ---- trace.c: who is being killed, from the tracepoint oom:mark_victim ---- */

struct victim {
	uint64_t time_us;      /* CLOCK_MONOTONIC */
	pid_t pid;             /* as the initial pid namespace has it */
	unsigned known;        /* VICTIM_* */
	char comm[16];
	uid_t uid;
	uint64_t total_vm, anon_rss, file_rss, shmem_rss; /* bytes */
	int oom_score_adj;
	const char *groups;    /* the text of its /proc/PID/cgroup, for layout_path_in(); "" not known. Borrowed until
				* the next trace_locate() */
};
#define VICTIM_COMM   (1u << 0)
#define VICTIM_UID    (1u << 1)
#define VICTIM_MEMORY (1u << 2) /* the sizes */
#define VICTIM_ADJ    (1u << 3)
#define VICTIM_GROUPS (1u << 4)
#define VICTIM_EXITED (1u << 5) /* it was exiting when its groups were read: a v1 path of "/" may be wrong then */

struct trace;
/*
 * Listen on every CPU that is online now. Old kernels tell the pid alone. Errors, all with words and remedy: -EPERM,
 * -EACCES privilege missing; -ENOENT the kernel has no such tracepoint; -ENOSYS no perf events; -ENODEV no tracefs;
 * -EOPNOTSUPP a root other than "/".
 */
int trace_open(struct cgx *cgx, struct trace **ret);
/* Readable when there is something; asking may use the wake-up up, so then call trace_next() until it gives 0. */
int trace_fd(const struct trace *t);
/*
 * The next victim, oldest first, its groups not looked up; 0 none. The kernel may mark a task that exits anyway: that is
 * no OOM kill by count.
 */
int trace_next(struct trace *t, struct victim *ret);
/*
 * Read its groups, at once or it is gone; 0 also when it is. The kernel holds the victim's lock while it prints the
 * report, and this waits for it: 0.1 ms, 2 ms and more with a serial console.
 */
int trace_locate(struct trace *t, struct victim *v);
/* How many were lost because nobody read in time. */
uint64_t trace_lost(const struct trace *t);
struct trace *trace_close(struct trace *t);

/* ---- plan.c ---- */

/* Add one step. file, value may be NULL. */
int plan_add(struct cgx_plan *p, enum cgx_verb verb, struct cgx_hierarchy *h, const char *path,
	     const char *file, const char *value);
/* Add a write of a setting that the user called name. */
int plan_add_write(struct cgx_plan *p, const struct group_place *pl, const char *name, const struct cgx_setting *row,
		   const char *file, const char *value);
/* Refuse what systemd owns, in the user's own words, before a value is taken apart. */
int plan_check_write(const struct cgx_plan *p, const struct group_place *pl, const char *name, const char *value);
struct cgx *plan_cgx(struct cgx_plan *p);
/* The value that an earlier step of the plan is going to write into this file, NULL none. */
const char *plan_pending(const struct cgx_plan *p, const struct cgx_hierarchy *h, const char *path, const char *file);
/* 1 when an earlier step makes this directory. */
int plan_makes(const struct cgx_plan *p, const struct cgx_hierarchy *h, const char *path);

#endif
