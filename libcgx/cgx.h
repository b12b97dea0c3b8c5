/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcgx: inspect and control Linux control groups on cgroup v1, hybrid and v2 hosts.
 *
 * Conventions
 *   - Every call takes the context, or an object that holds one, first. A context and what came
 *     out of it belong to one thread at a time; two contexts share nothing.
 *   - Functions return 0 or a count, or a negative errno. After a failure cgx_error() has the
 *     words (object, action, cause) and cgx_remedy() what can be done about it.
 *   - Out-parameters are called ret, come last and are untouched on failure. "Owned by the
 *     caller" means free(3); a const pointer is borrowed from the object it was asked of.
 *   - Close functions take NULL and return NULL.
 *   - Cursors: 1 there is one, 0 the end, negative an error.
 *   - The library never prints, exits, installs a signal handler or reads the environment.
 *   - Every function may return -ENOMEM, -EMFILE and -ENFILE; those are not listed again.
 *
 * Kernel documents: "v2" is Documentation/admin-guide/cgroup-v2.rst, "v1" the folder
 * Documentation/admin-guide/cgroup-v1/ of the Linux source.
 */
#ifndef CGX_H
#define CGX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cgx;            /* a context: one machine, seen below one root directory */
struct cgx_hierarchy;  /* one mounted cgroup tree */
struct cgx_controller; /* one controller, where it sits */
struct cgx_setting;    /* one row of the settings table */
struct cgx_group;      /* one group, in every hierarchy that carries it */
struct cgx_tasks;      /* cursor over the processes or threads of a group */
struct cgx_walk;       /* cursor over a tree of groups */
struct cgx_plan;       /* steps that change something */
struct cgx_kmsg;       /* the kernel's reports of out-of-memory kills */
struct cgx_sampler;    /* figures of many groups, again and again */
struct cgx_watch;      /* events of groups */
struct cgx_oom_log;    /* the same, at length, from a log */
struct cgx_config;     /* what a cgconfig.conf says */
struct cgx_rules;      /* which group a process belongs in: cgrules.conf */

/* The version of the library, as "0.1.0". Static. */
const char *cgx_version(void);

/* ---- context ------------------------------------------------------------------------------ */

/*
 * Open a context. root is the directory below which /proc and /sys are looked for; NULL means
 * "/". Only /proc/self/mountinfo is read here; the rest waits until it is needed.
 * Errors: -ENOENT root or its /proc/self/mountinfo is not there; -EACCES. A machine without any
 * cgroup mount is no error: its layout is CGX_LAYOUT_NONE. On failure there is no context to ask
 * for words; the errno says it all.
 */
int cgx_open(const char *root, struct cgx **ret);
struct cgx *cgx_close(struct cgx *cgx);

/*
 * The words of the last failure on this context, "" when there was none. Valid until the next
 * call on the context. Control bytes in names are escaped as \xHH.
 */
const char *cgx_error(const struct cgx *cgx);
/* What the user can do about it, "" when nothing is known. Same life as cgx_error(). */
const char *cgx_remedy(const struct cgx *cgx);

/* ---- layout ------------------------------------------------------------------------------- */

enum cgx_layout {
	CGX_LAYOUT_NONE,    /* no cgroup tree is mounted */
	CGX_LAYOUT_LEGACY,  /* v1 hierarchies only */
	CGX_LAYOUT_HYBRID,  /* v1 hierarchies and a v2 tree */
	CGX_LAYOUT_UNIFIED, /* the v2 tree only */
};

enum cgx_layout cgx_layout(const struct cgx *cgx);
/* "none", "legacy", "hybrid" or "unified". Static. */
const char *cgx_layout_name(enum cgx_layout layout);

/*
 * Controllers are passed as a set of bits. The kernel's v2 names are used on every layout: io is
 * also v1's blkio. v1's cpuacct is a bit of its own because it can be mounted apart. Controllers
 * that this version does not know and named v1 hierarchies get bits above CGX_C_OTHER when the
 * context is opened.
 */
typedef uint64_t cgx_set;
#define CGX_C_CORE       (1ull << 0) /* cgroup.* files: the v2 tree itself */
#define CGX_C_MEMORY     (1ull << 1)
#define CGX_C_PIDS       (1ull << 2)
#define CGX_C_CPU        (1ull << 3)
#define CGX_C_CPUACCT    (1ull << 4)
#define CGX_C_IO         (1ull << 5)
#define CGX_C_CPUSET     (1ull << 6)
#define CGX_C_HUGETLB    (1ull << 7)
#define CGX_C_RDMA       (1ull << 8)
#define CGX_C_MISC       (1ull << 9)
#define CGX_C_DEVICES    (1ull << 10)
#define CGX_C_FREEZER    (1ull << 11)
#define CGX_C_NET_CLS    (1ull << 12)
#define CGX_C_NET_PRIO   (1ull << 13)
#define CGX_C_PERF_EVENT (1ull << 14)
#define CGX_C_OTHER      (1ull << 15)
/* What a new group gets when nothing is asked for: what limits and counts, and nothing that keeps
 * processes out (v1's cpuset does until it is filled in). */
#define CGX_C_USUAL                                                                                \
	(CGX_C_CORE | CGX_C_MEMORY | CGX_C_PIDS | CGX_C_CPU | CGX_C_CPUACCT | CGX_C_IO | CGX_C_FREEZER)
#define CGX_C_ALL (~0ull)

/*
 * Parse "cpu,memory", "*" or "all"; v1 names (blkio) and "name=systemd" are understood. Whether a
 * named controller is mounted is not asked here.
 * Errors: -EINVAL unknown name (the words list the known ones), or none beside a comma.
 */
int cgx_set_parse(struct cgx *cgx, const char *text, cgx_set *ret);
/* The other way: "cpu,memory". Owned by the caller. */
int cgx_set_format(const struct cgx *cgx, cgx_set set, char **ret);

/*
 * Hierarchies, v1 in the order of their mounts, the v2 tree last. index from 0; NULL at the end, and
 * when memory runs out. Where cgroup.controllers of the v2 tree cannot be read it has CGX_C_CORE alone.
 */
const struct cgx_hierarchy *cgx_hierarchy_at(struct cgx *cgx, size_t index);
int cgx_hierarchy_version(const struct cgx_hierarchy *h);           /* 1 or 2 */
cgx_set cgx_hierarchy_controllers(const struct cgx_hierarchy *h);    /* what can be used on it */
/* The n-th place where it is mounted, NULL past the last one. */
const char *cgx_hierarchy_mount(const struct cgx_hierarchy *h, size_t n);
/* The kernel's words for it: "cpu,cpuacct", "name=systemd", "" for v2. */
const char *cgx_hierarchy_name(const struct cgx_hierarchy *h);

/*
 * Controllers that the kernel has or that are mounted, index from 0; NULL at the end. The first
 * call reads /proc/cgroups (v1 "cgroups.rst" 1.6) and cgroup.controllers of the v2 root.
 */
const struct cgx_controller *cgx_controller_at(struct cgx *cgx, size_t index);
const char *cgx_controller_name(const struct cgx_controller *c);        /* "io" */
const char *cgx_controller_kernel_name(const struct cgx_controller *c); /* "blkio" */
cgx_set cgx_controller_bit(const struct cgx_controller *c);
/* Where it sits, NULL when it is mounted nowhere. */
const struct cgx_hierarchy *cgx_controller_hierarchy(const struct cgx_controller *c);
int cgx_controller_hierarchy_id(const struct cgx_controller *c);  /* 0 unmounted or v2 */
int cgx_controller_group_count(const struct cgx_controller *c);   /* -1 unknown */
/* 1 enabled, 0 switched off at boot (cgroup_disable=). */
int cgx_controller_enabled(const struct cgx_controller *c);

/* ---- settings table ----------------------------------------------------------------------- */

enum cgx_kind {
	CGX_KIND_TEXT,      /* as the kernel prints it */
	CGX_KIND_NUMBER,    /* an unsigned decimal */
	CGX_KIND_COUNT_MAX, /* an unsigned decimal or "max" */
	CGX_KIND_BYTES,     /* bytes; K, M, G, T understood when set */
	CGX_KIND_BYTES_MAX, /* bytes or "max" */
	CGX_KIND_WEIGHT,    /* 1 to 10000 */
	CGX_KIND_CPU_MAX,   /* "QUOTA PERIOD" in microseconds; "50%", "1.5", "QUOTA/PERIOD" when set */
	CGX_KIND_USEC,      /* microseconds */
	CGX_KIND_NSEC,      /* nanoseconds */
	CGX_KIND_SWITCH,    /* 0 or 1 */
	CGX_KIND_LIST,      /* "0-3,7" */
	CGX_KIND_FLAT,      /* lines of "KEY VALUE" */
	CGX_KIND_NESTED,    /* lines of "KEY SUB=VALUE ..." */
	CGX_KIND_LINES,     /* one item a line */
	CGX_KIND_SIGNED,    /* v1: a decimal, maybe negative (-1 none) */
	CGX_KIND_BYTES_V1,  /* v1: bytes, -1 none */
};

#define CGX_S_READ    (1u << 0)  /* can be read */
#define CGX_S_WRITE   (1u << 1)  /* can be written */
#define CGX_S_LIMIT   (1u << 2)  /* a limit: the smallest over the ancestors binds */
#define CGX_S_COUNTER (1u << 3)  /* only grows */
#define CGX_S_ACTION  (1u << 4)  /* a write does something and is not kept (memory.reclaim) */
#define CGX_S_ROUNDED (1u << 5)  /* the kernel may keep another value than the one written */
#define CGX_S_NOROOT  (1u << 6)  /* never there in the root group of v2 */
#define CGX_S_INHERIT (1u << 7)  /* an empty value means the parent's */

/* Rows in the order of the table; NULL asks for the first, the end is NULL. Rows are static. */
const struct cgx_setting *cgx_setting_next(const struct cgx_setting *row);
/* By v2 or v1 name; hugetlb sizes are patterns: "hugetlb.2MB.max" finds "hugetlb.*.max". NULL when the
 * table does not know the name: such a file is still read and written, under its own name. */
const struct cgx_setting *cgx_setting_find(const char *name);
const char *cgx_setting_name(const struct cgx_setting *row);     /* v2's name, or v1's where v2 has none */
const char *cgx_setting_v2_name(const struct cgx_setting *row);  /* NULL: v1 only */
/* The n-th v1 file, NULL past the last. */
const char *cgx_setting_v1_name(const struct cgx_setting *row, size_t n);
cgx_set cgx_setting_controller(const struct cgx_setting *row);
enum cgx_kind cgx_setting_kind(const struct cgx_setting *row);
unsigned cgx_setting_flags(const struct cgx_setting *row);
const char *cgx_setting_help(const struct cgx_setting *row);
/* What is lost or rounded between v1 and v2, "" when nothing is. */
const char *cgx_setting_note(const struct cgx_setting *row);

/*
 * Check what a user wrote for a setting and put it in the kernel's words: "64M" -> "67108864",
 * "50%" -> "50000 100000", "MAX" is refused. Unknown settings pass unchanged. Touches no kernel.
 * Errors: -EINVAL malformed, -ERANGE out of the setting's range, -EROFS it cannot be written.
 * *ret is owned by the caller.
 */
int cgx_setting_check(struct cgx *cgx, const char *name, const char *value, char **ret);

/* ---- groups ------------------------------------------------------------------------------- */

/*
 * Name a group. path is relative to the root of each hierarchy; a leading "/" is dropped, and
 * "/" is the root group. "." is the caller's own group and "./x" a group below it, which may lie
 * elsewhere in each hierarchy. controllers chooses the hierarchies; 0 means every one in
 * which the group exists, or, when it exists nowhere, those of CGX_C_USUAL. The group need not
 * exist; nothing is made.
 * Errors: -EINVAL an empty path, one with ".." or a newline, or too long; -ENODEV a controller
 * asked for is mounted nowhere; -ENOTSUP no cgroup tree is mounted at all.
 */
int cgx_group_open(struct cgx *cgx, const char *path, cgx_set controllers, struct cgx_group **ret);
struct cgx_group *cgx_group_close(struct cgx_group *g);
/*
 * Name a group called name for a command of the caller's, where it stays under what limits the caller:
 * below the caller's own group; on v2, where a group with processes can have no groups with controllers below it,
 * beside it. Errors: as cgx_group_open(); -ENOENT the caller's group lies outside what is mounted.
 */
int cgx_group_open_temporary(struct cgx *cgx, const char *name, cgx_set controllers, struct cgx_group **ret);
/* The group that process pid is in, in every hierarchy of controllers (0: all). -ESRCH no such process. */
int cgx_group_of_pid(struct cgx *cgx, pid_t pid, cgx_set controllers, struct cgx_group **ret);
/* The path as given to open, without a leading "/"; "/" for the root group. */
const char *cgx_group_path(const struct cgx_group *g);
/* The group's path in one hierarchy, without a leading "/"; NULL when it is not part of the group. */
const char *cgx_group_path_in(const struct cgx_group *g, const struct cgx_hierarchy *h);
/* Controllers of the hierarchies in which the group exists now; 0 when it exists nowhere. */
cgx_set cgx_group_exists(struct cgx_group *g);
struct cgx_owner {
	uid_t uid;
	gid_t gid;
	unsigned mode; /* permissions, with setuid, setgid and sticky bits */
};
/* Who owns the group's directory in h (file NULL), or the file of this name in it. -ENOENT there is none; -EINVAL a slash. */
int cgx_group_owner(struct cgx_group *g, const struct cgx_hierarchy *h, const char *file, struct cgx_owner *ret);
/* 1 it has processes, itself or below; 0 it has none (v2 cgroup.events; v1: a look at each group). */
int cgx_group_populated(struct cgx_group *g);

/*
 * Kill every process of the group and of all groups below it and wait until they are gone:
 * cgroup.kill, or, where it is missing, freeze, SIGKILL, thaw, until empty, so that a fork bomb
 * cannot outrun it. timeout_ms -1 waits without end.
 * Errors: -ENOENT, -EPERM, -ETIMEDOUT processes are left (the words say how many),
 * -EBUSY the caller is in the group, -EINVAL the root group, -EOPNOTSUPP the context's root holds a copy of a machine.
 * Rests on v2 "cgroup.kill"; v1 freezer-subsystem.rst.
 */
int cgx_group_kill(struct cgx_group *g, int timeout_ms);
/*
 * Freeze (1) or thaw (0) the group and all below, and wait until the kernel says it is so.
 * Errors: -ENOENT, -EPERM, -ETIMEDOUT, -EOPNOTSUPP the host has no freezer, -EINVAL the root group,
 * -EBUSY the caller is in the group that is to be frozen.
 * Rests on v2 "cgroup.freeze"; v1 freezer-subsystem.rst.
 */
int cgx_group_freeze(struct cgx_group *g, int frozen, int timeout_ms);

/* ---- values ------------------------------------------------------------------------------- */

/*
 * Read a setting by either name, in that name's own form, on any layout. The final newline is cut.
 * A name may end in ":KEY" to take one key of a flat keyed file ("memory.stat:anon").
 * Errors: -ENOENT no such group; -EOPNOTSUPP this host cannot express it (the words name
 * the nearest setting); -ENODEV its controller is mounted nowhere or not enabled here;
 * -EACCES; -ENOKEY the key is not there. *ret is owned by the caller.
 */
int cgx_get(struct cgx_group *g, const char *name, char **ret);
/* The same as a number; "max" gives UINT64_MAX. -EBADMSG the text is no number. */
int cgx_get_u64(struct cgx_group *g, const char *name, uint64_t *ret);
/* The file of exactly that name, as it is, from the hierarchy that has it. */
int cgx_get_raw(struct cgx_group *g, const char *name, char **ret);
/*
 * The settings that the group can show, by name, one call each: cursor starts at 0.
 * Without CGX_LIST_RAW names are v2's on every layout and files the table does not know follow.
 * *ret is owned by the caller.
 */
#define CGX_LIST_RAW (1u << 0) /* the files themselves, native names */
int cgx_list(struct cgx_group *g, cgx_set controllers, unsigned flags, char ***ret);
/* Free a NULL-terminated array that cgx_list() gave. Returns NULL. */
char **cgx_list_free(char **list);

/* Write one setting: a plan of one step, applied. Errors as cgx_setting_check(), cgx_plan_set()
 * and cgx_plan_apply(). */
int cgx_set_value(struct cgx_group *g, const char *name, const char *value);

/*
 * Which limit binds. Walks from the group to the root of its hierarchy.
 * Errors: as cgx_get(); -EINVAL the setting is no limit.
 */
struct cgx_effective {
	uint64_t limit;   /* UINT64_MAX: no limit anywhere */
	uint64_t usage;   /* of the group that sets the limit; UINT64_MAX unknown */
	uint64_t left;    /* limit - usage, 0 when above; UINT64_MAX no limit or unknown */
	char path[4096];  /* of the group that sets it; "/" the root or none */
};
int cgx_effective(struct cgx_group *g, const char *name, struct cgx_effective *ret);

/* ---- processes ---------------------------------------------------------------------------- */

#define CGX_TASKS_THREADS (1u << 0) /* threads instead of processes */
/* The processes of a group, each once whatever the number of hierarchies. -ENOENT, -EOPNOTSUPP
 * (processes of a threaded v2 group: ask for threads). */
int cgx_tasks_open(struct cgx_group *g, unsigned flags, struct cgx_tasks **ret);
int cgx_tasks_next(struct cgx_tasks *t, pid_t *ret);
struct cgx_tasks *cgx_tasks_close(struct cgx_tasks *t);

/* What /proc says of a process. -ESRCH it is gone. */
struct cgx_process {
	pid_t pid, ppid;
	uid_t uid;
	char state;        /* 'R', 'S', 'Z' ... */
	unsigned threads;
	uint64_t rss;        /* bytes */
	uint64_t cpu_us;     /* CPU time so far, all threads */
	uint64_t started_us; /* after boot: with pid it names a process for good */
	char comm[64];     /* as it is: may hold any byte */
	char command[256]; /* the command line, blanks between the words; "[comm]" where there is none */
};
int cgx_process_read(struct cgx *cgx, pid_t pid, struct cgx_process *ret);

/* ---- the tree ----------------------------------------------------------------------------- */

struct cgx_entry {
	const char *path;    /* below the hierarchy's root, "/" for the root itself; until the next call */
	const char *name;    /* its last part */
	unsigned depth;      /* 0 for the group the walk began with */
	cgx_set controllers; /* of the hierarchies that carry it */
	int last;            /* the last child of its parent */
};
/*
 * Walk the groups at and below path, parents first, children by name, a group of several
 * hierarchies once. Groups that vanish meanwhile are left out.
 * depth limits how far down, -1 for no limit. Errors: as cgx_group_open(); -ENOENT no such group.
 */
int cgx_walk_open(struct cgx *cgx, const char *path, cgx_set controllers, int depth,
		  struct cgx_walk **ret);
int cgx_walk_next(struct cgx_walk *w, struct cgx_entry *ret);
struct cgx_walk *cgx_walk_close(struct cgx_walk *w);

/* ---- plans: every change ------------------------------------------------------------------ */

int cgx_plan_new(struct cgx *cgx, struct cgx_plan **ret);
struct cgx_plan *cgx_plan_free(struct cgx_plan *p);

struct cgx_create {
	size_t size;            /* sizeof(struct cgx_create) */
	uid_t uid;              /* owner of the directory and its files, (uid_t)-1 as is */
	gid_t gid;
	uid_t tasks_uid;        /* owner of the files that take processes */
	gid_t tasks_gid;
	unsigned dir_mode;      /* 0 as is */
	unsigned file_mode;
	unsigned tasks_mode;
	unsigned flags;
};
#define CGX_CREATE_DELEGATE  (1u << 0) /* give uid:gid the kernel's delegation set only (v2 "Delegation") */
#define CGX_CREATE_MAKE_LEAF (1u << 1) /* processes in the way of subtree_control move to a leaf "leaf" */
#define CGX_CREATE_EXCL      (1u << 2) /* -EEXIST when the group is there already */
/*
 * Plan to make a group with its parents. On v2 the controllers of the group are enabled down
 * the path. how may be NULL.
 * Errors: -ENODEV a controller is not on the host; -EBUSY processes in an inner group (v2 "No
 * Internal Process Constraint") and no CGX_CREATE_MAKE_LEAF; -EROFS; -EEXIST; -EPERM what systemd owns and has not
 * delegated, a group or a controller (see cgx_plan_force()), which every call that plans may say.
 */
int cgx_plan_create(struct cgx_plan *p, struct cgx_group *g, const struct cgx_create *how);
/* 1: steps not yet applied make the group in every hierarchy of its controllers, so it is nowhere now; 0 no. */
int cgx_plan_makes(struct cgx_plan *p, struct cgx_group *g);

#define CGX_DELETE_RECURSIVE (1u << 0) /* groups below as well */
#define CGX_DELETE_KILL      (1u << 1) /* kill what is in them first */
#define CGX_DELETE_MIGRATE   (1u << 2) /* move what is in them to the parent first */
/* Errors: -ENOENT; -EBUSY processes or groups are in it and no flag says what to do. */
int cgx_plan_delete(struct cgx_plan *p, struct cgx_group *g, unsigned flags);

/*
 * Plan to set a value, by either name, checked as by cgx_setting_check(). A setting that takes
 * several files gives several steps, in the order that the kernel accepts.
 * Errors: those of cgx_setting_check() and cgx_get().
 */
int cgx_plan_set(struct cgx_plan *p, struct cgx_group *g, const char *name, const char *value);

#define CGX_MOVE_THREAD (1u << 0) /* pid is one thread */
/* Errors: -ESRCH; -EBUSY, -EOPNOTSUPP the group cannot hold processes, told in words. */
int cgx_plan_move(struct cgx_plan *p, struct cgx_group *g, pid_t pid, unsigned flags);

/*
 * From now on steps in groups that systemd owns and has not delegated are planned, too. Without this a plan refuses them:
 * -EPERM, and the words say what to do instead. A host without systemd as process 1 knows no such groups, and the root
 * group is never refused.
 */
void cgx_plan_force(struct cgx_plan *p);

enum cgx_verb {
	CGX_V_MKDIR,   /* make the group's directory */
	CGX_V_RMDIR,   /* remove it, waiting for the kernel to let go */
	CGX_V_WRITE,   /* write value into file */
	CGX_V_ENABLE,  /* write value ("+memory") into cgroup.subtree_control */
	CGX_V_CHOWN,   /* value "UID:GID", file "" for the directory */
	CGX_V_CHMOD,   /* value in octal */
	CGX_V_MOVE,    /* write the pid in value into file */
	CGX_V_KILL,    /* kill all in the group */
};
struct cgx_step {
	enum cgx_verb verb;
	const struct cgx_hierarchy *hierarchy;
	const char *path;   /* the group in that hierarchy, "" the root */
	const char *file;   /* "" where the verb needs none */
	const char *value;
	const char *old;    /* what was there before, or is there while the step is not done; NULL unknown */
	const char *kept;   /* after apply: what the kernel kept, where that differs from value */
	int done;           /* applied */
};
/* Steps in order; -ENOENT past the last. Strings live as long as the plan. */
int cgx_plan_step(struct cgx_plan *p, size_t index, struct cgx_step *ret);
/* A verb in one word, "mkdir". Static. */
const char *cgx_verb_name(enum cgx_verb verb);
/*
 * Carry it out. When a step fails those done are undone, last first, and the words tell of the one that failed;
 * what could not be undone is added to them. A process killed or a group removed stays so: these steps come
 * after all others.
 * Errors: those of the kernel. A second call goes on with steps added since.
 */
int cgx_plan_apply(struct cgx_plan *p);
/* Undo what was applied, last first. */
int cgx_plan_undo(struct cgx_plan *p);

/* ---- systemd ------------------------------------------------------------------------------ */

/* 1 systemd is process 1 of this machine (it has /run/systemd/system), 0 it is not. */
int cgx_systemd(struct cgx *cgx);

struct cgx_unit {
	char name[256];  /* as systemctl takes it: "web.service", "dev-disk\x2d1.swap" */
	char path[4096]; /* of the unit's own group */
	uid_t uid;       /* whose manager it belongs to, user@UID.service; (uid_t)-1 the system's */
	int own;         /* 1 the group asked for is the unit's own, 0 it lies below it */
	int delegated;   /* 1 systemd leaves what is below the unit's own group to others (Delegate=), 0 it does not,
			  * -1 not known: an old systemd does not tell it to or of a user */
};
/* The unit that a group of this path belongs to, the innermost: 1; 0 none, or systemd is not process 1. */
int cgx_unit_of(struct cgx *cgx, const char *path, struct cgx_unit *ret);
/* A unit's name in plain words: "\x2d" becomes "-". *ret is owned by the caller. */
int cgx_unit_unescape(const char *name, char **ret);
/*
 * A setting, by its v2 name, as systemd's properties: "MemoryMax=67108864", as systemctl set-property takes them. How many
 * there are; 0 systemd has none for it. Errors: as cgx_setting_check(). *ret is freed by cgx_list_free().
 */
int cgx_unit_properties(struct cgx *cgx, const char *setting, const char *value, char ***ret);

/* ---- starting a command in a group -------------------------------------------------------- */

/*
 * Start a command as a member of the group from its first instruction on: by clone3 with
 * CLONE_INTO_CGROUP on v2, by the child writing "0" to tasks on v1, both on hybrid. Where the
 * kernel kills such a child at birth (after cgroup.kill) it is started by fork and join instead.
 */
struct cgx_start {
	size_t size;           /* sizeof(struct cgx_start) */
	char *const *argv;
	char *const *envp;     /* NULL: the caller's */
	/* Called in the child before exec, in the group already; a negative errno stops the start.
	 * May be NULL. Only async-signal-safe calls are allowed in it. */
	int (*prepare)(void *data);
	void *data;
	const char *path;      /* the file to execute; NULL: argv[0], found by PATH of the caller */
	/*
	 * Instead of argv: called in a child that is a copy of the caller and in the group already, its result is the
	 * exit status. cgx_start() returns once the child has joined, while it runs.
	 */
	int (*run)(void *data);
	uint64_t namespaces;   /* with run: CLONE_NEWNS and the like, new for the child; for a new cgroup namespace whose root
				* is the group, run calls unshare(CLONE_NEWCGROUP) */
};
enum cgx_start_stage { CGX_START_CLONE, CGX_START_JOIN, CGX_START_PREPARE, CGX_START_EXEC };
struct cgx_child {
	pid_t pid;
	int pidfd;                    /* close-on-exec, owned by the caller; -1 on kernels without */
	enum cgx_start_stage failed;  /* where a start failed; set on failure, too */
};
/* Errors: -ENOENT no group or no such command (failed tells), -EACCES, -EAGAIN the pids limit
 * of an ancestor refuses, -EBUSY, and what prepare returns. */
int cgx_start(struct cgx_group *g, const struct cgx_start *how, struct cgx_child *ret);
/*
 * The doors of a group that lies in v1 hierarchies alone: a process of one thread that writes "0" to each has joined, at a
 * moment of its own choosing and without a grace period. Permission is that of who opened them. How many, close-on-exec and
 * owned by the caller. Errors: -ENOTSUP the group lies in a v2 hierarchy, -E2BIG there are more than n, -ENOENT, -EACCES,
 * -EBUSY it is frozen.
 */
int cgx_doors(struct cgx_group *g, int *ret, size_t n);
/*
 * Move the calling thread's own process into the group; meant for programs about to exec. A
 * single-threaded caller pays no grace period on v1.
 */
int cgx_enter(struct cgx_group *g);

/* ---- the kernel's out-of-memory reports --------------------------------------------------- */

struct cgx_oom {
	uint64_t time_us;        /* the kernel log's clock */
	pid_t pid;               /* of the victim */
	char comm[16];
	uid_t uid;
	uint64_t anon_rss, file_rss, shmem_rss; /* bytes */
	int oom_score_adj;
	int memcg;               /* 1 a group's limit, 0 the machine ran out, -1 the kernel did not say */
	char limit_path[4096];   /* the group whose limit was hit, "" unknown */
	char victim_path[4096];  /* the victim's group, "" unknown */
};
/*
 * Follow /dev/kmsg from now on. Errors: -EPERM needs CAP_SYSLOG where kernel.dmesg_restrict is 1.
 * The format is no ABI: lines that are not understood are passed over.
 */
int cgx_kmsg_open(struct cgx *cgx, struct cgx_kmsg **ret);
/* The next report that is complete; 0 there is none yet. Records lost to overwriting are counted. */
int cgx_kmsg_next(struct cgx_kmsg *k, struct cgx_oom *ret);
uint64_t cgx_kmsg_lost(const struct cgx_kmsg *k);
struct cgx_kmsg *cgx_kmsg_close(struct cgx_kmsg *k);

/* ---- sampling ----------------------------------------------------------------------------- */

/*
 * Figures of many groups, read again and again, in v2's units on every layout. Directories and the files read most are
 * kept open within the limit of descriptors, the tree is followed by inotify, limits are read anew only when somebody
 * wrote them.
 */
enum cgx_figure {
	CGX_F_MEMORY,          /* bytes: memory.current */
	CGX_F_MEMORY_MAX,      /* memory.max, UINT64_MAX none */
	CGX_F_MEMORY_PEAK,
	CGX_F_MEMORY_INACTIVE, /* bytes of page cache that nobody used lately: the first to be dropped */
	CGX_F_SWAP,
	CGX_F_LIMIT_HITS,      /* memory.events.local max, v1 failcnt */
	CGX_F_OOM_KILLS,       /* of its own processes */
	CGX_F_PIDS,
	CGX_F_PIDS_MAX,
	CGX_F_PIDS_PEAK,
	CGX_F_FORKS_DENIED,
	CGX_F_CPU,             /* microseconds */
	CGX_F_THROTTLED,       /* microseconds that cpu.max held it back */
	CGX_F_READ,            /* bytes from block devices */
	CGX_F_WRITTEN,
	CGX_F_READS,           /* operations */
	CGX_F_WRITES,
	CGX_F_CPU_PRESSURE,    /* hundredths of a percent: some avg10 of cpu.pressure; v2 only */
	CGX_F_MEMORY_PRESSURE,
	CGX_F_IO_PRESSURE,
	CGX_F_PROCS,           /* processes in the group itself */
	CGX_F_POPULATED,       /* 1 processes in it or below */
	CGX_F_FROZEN,          /* 1 */
	CGX_FIGURES
};
#define CGX_F_BIT(figure) (1ull << (figure))

enum cgx_state {
	CGX_STATE_PENDING, /* not read yet */
	CGX_STATE_OK,
	CGX_STATE_OFF,     /* the controller is off for this group, or mounted nowhere */
	CGX_STATE_MISSING, /* this kernel, or a root group, has no such file */
};

struct cgx_sampled {
	const char *path, *name; /* "/" the root; until the next pass */
	unsigned depth;          /* parts of the path */
	size_t parent;           /* its index, SIZE_MAX none */
	uint64_t id;             /* the same as long as the group lives */
};
/*
 * Sample the group at path and all below it. figures: CGX_F_BIT(...) of what is read of every group. Changes are told by
 * inotify, of which the first 16 samplers of a context have an instance each; others look for them, and see a limit that
 * was written eight passes later at most.
 * Errors: those of cgx_group_open(); -ENOENT no such group.
 */
int cgx_sampler_open(struct cgx *cgx, const char *path, uint64_t figures, struct cgx_sampler **ret);
struct cgx_sampler *cgx_sampler_close(struct cgx_sampler *s);
/* Read more of one group, from the next pass on, what it is for now; 0 no more than of all. */
void cgx_sampler_want(struct cgx_sampler *s, size_t index, uint64_t figures);
/* Read all once. Groups that have come and gone are in and out. -ENOENT the group itself is gone. */
int cgx_sampler_pass(struct cgx_sampler *s);
/* CLOCK_MONOTONIC of the last pass and of the one before, microseconds; 0 there was none. */
uint64_t cgx_sampler_time(const struct cgx_sampler *s, int before);
/* Groups by index, parents before their children, children by name. */
size_t cgx_sampler_count(const struct cgx_sampler *s);
void cgx_sampler_group(const struct cgx_sampler *s, size_t index, struct cgx_sampled *ret);
/* What the last pass read, and the one before. With another state than OK ret is untouched. */
enum cgx_state cgx_sampler_value(const struct cgx_sampler *s, size_t index, enum cgx_figure figure, uint64_t *ret);
enum cgx_state cgx_sampler_before(const struct cgx_sampler *s, size_t index, enum cgx_figure figure, uint64_t *ret);
/* The limit that binds (CGX_F_MEMORY_MAX, CGX_F_PIDS_MAX), of the group or of one above, up to the root of the hierarchy:
 * UINT64_MAX none. *ret_by is the index of the group that sets it, SIZE_MAX none or one above those that are sampled. */
uint64_t cgx_sampler_limit(const struct cgx_sampler *s, size_t index, enum cgx_figure figure, size_t *ret_by);
/* The path of the group that sets it, one above those that are sampled included: as it is in its hierarchy. "" none. Until
 * the next pass. */
const char *cgx_sampler_limit_path(const struct cgx_sampler *s, size_t index, enum cgx_figure figure);
/*
 * on 1: from the next pass on, groups and what BPF can tell of them (memory's and pids' figures but MEMORY_INACTIVE, and
 * FROZEN; on v2 SWAP and POPULATED) come from the kernel's iterator of groups: thousands in a millisecond, with neither
 * watches nor descriptors. The rest is read from files, as is what BPF has not shown yet to tell as its files do. When it
 * fails later, files are read again. 0: files alone. libbpf is loaded for it, and let go; its messages are kept quiet
 * meanwhile. No limit of the process is changed. Errors, upon which files go on to be read: -EPERM needs CAP_BPF and CAP_PERFMON;
 * -EOPNOTSUPP built without; -ENOPKG no libbpf; others: this kernel cannot do it, or path lies on no real cgroup file system.
 */
int cgx_sampler_bpf(struct cgx_sampler *s, int on);
/* CGX_F_BIT(...) of the figures that came by BPF in the last pass; 0 none, and why in *ret_why: "" nobody asked for it. */
uint64_t cgx_sampler_by_bpf(const struct cgx_sampler *s, const char **ret_why);
/* What cannot be followed as it should, "" nothing: limits of descriptors or watches. */
const char *cgx_sampler_note(const struct cgx_sampler *s);

/* ---- events of groups ---------------------------------------------------------------------- */

/*
 * Counters are what counts: an event is told when a counter of a group has grown, notifications only say when to look.
 * What the kernel knows differs (v2 "memory.events", "pids.events"; v1 memory.rst 9 and 10, pids.rst):
 *   - v2 keeps the kills of a removed group in the groups above; v1 keeps nothing, so there the out-of-memory
 *     notification is counted and the victim taken from the kernel's report;
 *   - Linux before 6.11 and v1 count a denied fork in the group that forked, later ones in the group whose limit was hit;
 *   - limits hit on v1, who is in a group there, and denied forks on kernels that do not notify them, are sampled.
 * A group that has the same path in several hierarchies is emptied or removed when it is in the last of those that carry
 * memory and pids, and of the v2 tree.
 */
enum cgx_event_kind {
	CGX_E_KILL,     /* processes were killed for want of memory */
	CGX_E_FORK,     /* forks were denied by pids.max */
	CGX_E_STALLED,  /* v1: out of memory and oom_kill_disable is 1: the group stands still */
	CGX_E_OOM,      /* out of memory at the group's own limit, whatever came of it */
	CGX_E_LIMIT,    /* memory.max was hit; mostly the kernel then finds memory to reclaim */
	CGX_E_EMPTIED,  /* the last process of the group and all below is gone */
	CGX_E_REMOVED,  /* the group is gone */
	CGX_E_PRESSURE, /* stalled for longer than the threshold */
	CGX_E_UNSEEN,   /* something can no longer be seen: text says what */
};
#define CGX_E_BIT(kind) (1u << (kind))
/* "kill", "fork", "stalled", "oom", "limit", "emptied", "removed", "pressure", "unseen". Static. */
const char *cgx_event_name(enum cgx_event_kind kind);

enum cgx_source {
	CGX_SOURCE_NONE,     /* the counter alone: the victim is not known */
	CGX_SOURCE_TRACE,    /* the tracepoint oom:mark_victim, and the victim's group as it was at that moment */
	CGX_SOURCE_KMSG,     /* the kernel log */
	CGX_SOURCE_SNAPSHOT, /* the group's processes before and after: a guess */
};
/* "counter", "tracepoint", "kernel log", "snapshot". Static. */
const char *cgx_source_name(enum cgx_source source);

struct cgx_event {
	enum cgx_event_kind kind;
	uint64_t time_us;        /* CLOCK_REALTIME, when it was noticed */
	const char *path;        /* the group it happened in: of a kill the victim's, of a denied fork the one that counts
				  * it; "" unknown: the kill could not be attributed */
	uint64_t count;          /* how often since it was told last */
	uint64_t total;          /* how often in this group since the watch began */
	const char *limit_path;  /* the group whose limit was hit, "" unknown */
	uint64_t limit, usage;   /* of that group: bytes, or processes; UINT64_MAX unknown: a victim may free its memory
				  * before usage can be read */
	uint64_t limit_hits;     /* how often its limit was hit since it was told last; UINT64_MAX unknown */
	int machine;             /* a kill: 1 the whole machine was short of memory, 0 a group was, -1 not known */
	int removed;             /* the group is gone already */
	/* a kill of one process: */
	enum cgx_source source;
	int sure;                /* the source names this group, or this is the only kill there was */
	pid_t pid;               /* 0 unknown */
	const char *comm;        /* as it is: may hold any byte; "" unknown */
	uid_t uid;               /* (uid_t)-1 unknown */
	uint64_t anon_rss, file_rss, shmem_rss; /* bytes; UINT64_MAX unknown */
	int oom_score_adj;       /* INT_MIN unknown */
	const char *text;        /* CGX_E_UNSEEN: what cannot be seen and what would help; CGX_E_PRESSURE: "memory" */
};

struct cgx_watch_how {
	size_t size;             /* sizeof(struct cgx_watch_how) */
	unsigned kinds;          /* CGX_E_BIT(...) of what to tell; 0: kill, fork, stalled, unseen */
	unsigned sample_ms;      /* how often to read what the kernel does not notify; 0: 1000 */
	uint64_t stall_us;       /* CGX_E_PRESSURE: this long ... */
	uint64_t window_us;      /* ... within this time; 0: 150 ms in 2 s (v2 "Pressure Stall Information") */
};
/*
 * Begin to watch; nothing is watched yet. What cannot be had (the kernel log, the tracepoint) is told by
 * CGX_E_UNSEEN events first.
 * Errors: -ENOTSUP no cgroup tree is mounted, or none has memory or pids; -EINVAL kinds.
 */
int cgx_watch_open(struct cgx *cgx, const struct cgx_watch_how *how, struct cgx_watch **ret);
struct cgx_watch *cgx_watch_close(struct cgx_watch *w);
/*
 * Add a group and, with CGX_WATCH_BELOW, all groups below it, those that come later included. It need not exist yet.
 * Errors: those of cgx_group_open().
 */
#define CGX_WATCH_BELOW (1u << 0)
int cgx_watch_add(struct cgx_watch *w, const char *path, unsigned flags);
/* The same in the hierarchies of a group that is open, where its paths may differ; g may be closed then. */
int cgx_watch_add_group(struct cgx_watch *w, struct cgx_group *g, unsigned flags);
/* Readable (poll, epoll) when cgx_watch_next() may have something to tell. Belongs to w. */
int cgx_watch_fd(const struct cgx_watch *w);
/* The next event; 0 none for now. What the event points to lives until the next call. */
int cgx_watch_next(struct cgx_watch *w, struct cgx_event *ret);
/*
 * Look at every group now, whatever was notified: before an end, so that cgx_watch_next() tells what has happened up to
 * this call. A kill is told with its victim, which may take longer: see cgx_watch_waits().
 */
int cgx_watch_look(struct cgx_watch *w);
/* 1: kills have been seen that are not told yet, because their victim or their group is looked for. They are told within
 * 0.2 s. */
int cgx_watch_waits(const struct cgx_watch *w);
/* Groups watched now, over all hierarchies each once. */
size_t cgx_watch_groups(const struct cgx_watch *w);
/* ---- the same at length, from a log ------------------------------------------------------- */

/*
 * Everything the kernel's log says about each time that memory ran out. What a log does not tell is marked: numbers
 * are UINT64_MAX (CGX_UNKNOWN), texts "", ids -1. Sizes are bytes. Names are as the log has them and may hold any byte.
 */
#define CGX_UNKNOWN UINT64_MAX

struct cgx_oom_counter {
	uint64_t usage, limit, failcnt; /* limit CGX_UNKNOWN with known 1: there is none */
	int known;
};
struct cgx_oom_stat {
	char name[32];  /* as memory.stat of that kernel has it; of the machine: active_anon, slab_unreclaimable ... */
	uint64_t value; /* bytes, events for the pg* and workingset_* ones */
};
struct cgx_oom_task {
	pid_t pid, tgid;
	uid_t uid;
	char comm[64];
	uint64_t total_vm, rss;
	uint64_t anon_rss, file_rss, shmem_rss; /* CGX_UNKNOWN before Linux 6.8 */
	uint64_t swap, pgtables;
	int oom_score_adj;
};
struct cgx_oom_victim {
	pid_t pid;
	uid_t uid;      /* -1 not told */
	char comm[64];
	uint64_t total_vm, anon_rss, file_rss, shmem_rss;
	int oom_score_adj;
	int reaped;     /* 1 its memory was taken at once, -1 the kernel said that it could not, 0 it said nothing */
};
struct cgx_oom_report {
	const char *time;        /* of the kill, as written in the log */
	uint64_t time_us;        /* the kernel log's clock */
	int memcg;               /* 1 a group's limit, 0 the machine ran out, -1 not told */
	int complete;            /* 0: the details are missing: suppressed by the kernel, lost, or filtered out */
	int no_killable;         /* 1: the kernel found nobody it might kill */
	uint64_t suppressed;     /* so many kills before this one were told without details */
	const char *limit_path;  /* the group whose limit was hit */
	const char *victim_path; /* the victim's group */
	const char *group_kill;  /* memory.oom.group: the group that was killed as a whole */
	const char *constraint;  /* the kernel's word: "CONSTRAINT_CPUSET"; says nothing about memcg */
	const char *trigger;     /* the process that asked for memory */
	pid_t trigger_pid;
	const char *gfp;         /* how it asked: "0xcc0(GFP_KERNEL)" */
	int order;               /* it asked for 2^order pages */
	struct cgx_oom_counter memory, swap, memory_swap, kmem; /* of the group whose limit was hit */
	uint64_t ram, swap_total, swap_free;                    /* of the machine */
	uint64_t page_size;      /* worked out from the figures, else 4096 */
	const struct cgx_oom_stat *stat;
	size_t n_stats;
	const struct cgx_oom_task *task; /* those that could have been killed, as the kernel lists them */
	size_t n_tasks;
	const struct cgx_oom_victim *victim; /* the one chosen, then those killed along with it; may be none */
	size_t n_victims;
};
/*
 * Feed text, then ask for reports. Understood are records of /dev/kmsg, dmesg (plain, -T, -x, -r, -t, -d, iso times),
 * journalctl -k (short and its relatives, cat), files of syslog (lines of others are passed over). In the first, -x and
 * -r forms what user space wrote is told apart and ignored; the others do not tell. Lines that are not understood are
 * passed over. It costs no memory beyond the reports that were not asked for yet.
 */
int cgx_oom_log_open(struct cgx *cgx, struct cgx_oom_log **ret);
/* Any piece of text; lines may be cut anywhere. NULs count as question marks. */
int cgx_oom_log_feed(struct cgx_oom_log *log, const char *text, size_t len);
/* Feed all that /dev/kmsg holds now. Errors: those of cgx_kmsg_open(). */
int cgx_oom_log_feed_kernel(struct cgx_oom_log *log);
/* There is no more text. */
int cgx_oom_log_end(struct cgx_oom_log *log);
/*
 * The oldest report; borrowed until the next call on the log. The last few are held back until the end, because the
 * kernel may have more to say about them. 0 there is none (yet).
 */
int cgx_oom_log_next(struct cgx_oom_log *log, const struct cgx_oom_report **ret);
/* Records of the kernel that are missing, where the log numbers them. */
uint64_t cgx_oom_log_lost(const struct cgx_oom_log *log);
struct cgx_oom_log *cgx_oom_log_close(struct cgx_oom_log *log);

/* ---- cgconfig.conf ------------------------------------------------------------------------- */

/*
 * What a text in the form of libcgroup's cgconfig.conf(5) says. Nothing is looked up and nothing is touched: names of
 * users, controllers and settings are those of the text. Strings belong to the struct cgx_config.
 *
 * All that libcgroup's own reader takes is taken, and beyond that: a comment behind a value, perm anywhere in a group and
 * with task or admin alone, a group without controllers, lines that end in CR LF.
 */
enum cgx_config_kind {
	CGX_CONFIG_GROUP,
	CGX_CONFIG_TEMPLATE,
	CGX_CONFIG_DEFAULT,   /* permissions of groups that have none of their own */
	CGX_CONFIG_MOUNT,     /* settings are CONTROLLER = DIRECTORY */
	CGX_CONFIG_NAMESPACE, /* settings are CONTROLLER = PATH */
	CGX_CONFIG_SYSTEMD,   /* slice, scope, setdefault, pid */
};
struct cgx_config_perm { /* users and groups by name or number, NULL not given; modes, -1 not given */
	const char *task_uid, *task_gid, *admin_uid, *admin_gid;
	int task_fperm, admin_fperm, admin_dperm;
};
struct cgx_config_block {
	enum cgx_config_kind kind;
	const char *name;     /* of a group or template, else "" */
	unsigned line;
	int has_perm;
	struct cgx_config_perm perm;
};
struct cgx_config_setting {
	const char *controller; /* NULL in blocks that are neither group nor template */
	const char *name;       /* NULL: the controller is named and nothing is set */
	const char *value;
	unsigned line;
};
/*
 * Read a text. file is its name for words. Errors: -EBADMSG, the words are "FILE:LINE: ..." and the reason; -E2BIG more
 * than 16 MiB.
 */
int cgx_config_read(struct cgx *cgx, const char *file, const char *text, size_t len, struct cgx_config **ret);
struct cgx_config *cgx_config_free(struct cgx_config *c);
/* Blocks in order, index from 0. -ENOENT past the last. */
int cgx_config_block(const struct cgx_config *c, size_t index, struct cgx_config_block *ret);
/* The settings of a block in order, index from 0. -ENOENT past the last. */
int cgx_config_setting(const struct cgx_config *c, size_t block, size_t index, struct cgx_config_setting *ret);
/* The first block of this kind and name, for cgx_config_block(); a template's name is as written, "users/%u". -ENOENT. */
int cgx_config_find(const struct cgx_config *c, enum cgx_config_kind kind, const char *name, size_t *ret);
/* text as one word of such a file, bare or in quotes. -EINVAL the form has no way to say it. *ret is owned by the caller. */
int cgx_config_word(struct cgx *cgx, const char *text, char **ret);

struct cgx_config_who {
	size_t size;         /* sizeof(struct cgx_config_who) */
	uid_t uid;
	gid_t gid;
	pid_t pid;
	const char *user, *group, *process; /* NULL or "": unknown, its number is put in */
};
/*
 * Put names into the name of a template, as cgx_rules_path() does: %u %U user and its number, %g %G group, %p %P process;
 * "\%" is a percent sign, anything else is as it is. Names are hostile: each stays one part of the path, cut to 200 bytes; a
 * slash or control byte in one and a "." in front become "_". Errors: -ENAMETOOLONG. *ret is owned by the caller.
 */
int cgx_config_expand(struct cgx *cgx, const char *text, const struct cgx_config_who *given, char **ret);

/* ---- rules: which group a process belongs in ----------------------------------------------- */

/*
 * The rules of cgrules.conf(5), as libcgroup has them: USER[:PROCESS] CONTROLLERS DESTINATION [OPTIONS]. The first rule that
 * fits counts, with the lines below it that begin with "%". Nothing here looks into the user database: names of users and
 * groups are handed out by cgx_rules_at() and their ids handed in by cgx_rules_resolve(), once after reading. A name that is
 * a number is an id. A rule whose name was not resolved fits nobody, nor do the lines that go on with it.
 */
enum cgx_rule_who {
	CGX_RULE_ALL,   /* "*" */
	CGX_RULE_USER,
	CGX_RULE_GROUP, /* "@NAME": the group of the process, or one of its supplementary groups */
	CGX_RULE_MORE,  /* "%": one more destination of the rule above */
};
#define CGX_RULE_IGNORE    (1u << 0) /* leave what fits alone */
#define CGX_RULE_IGNORE_RT (1u << 1) /* the same for processes with a real-time policy */
struct cgx_rule {
	const char *file;        /* borrowed, as all here, from the rules */
	unsigned line;
	enum cgx_rule_who who;
	const char *name;        /* of the user or group; NULL for the others */
	id_t id;
	int resolved;            /* id is known */
	const char *process;     /* NULL: every process. A path, a last part of one, or with "*" at its end a beginning */
	cgx_set controllers;     /* 0: all in which the group is */
	const char *destination; /* %u %U user, %g %G group (name, number), %p program, %P pid; \% is a percent sign */
	unsigned flags;          /* CGX_RULE_* */
};

int cgx_rules_new(struct cgx *cgx, struct cgx_rules **ret);
struct cgx_rules *cgx_rules_close(struct cgx_rules *r);
/*
 * Add the rules of a text behind those there are; file is for words. All of them, or none.
 * Errors: -EINVAL, the words are "FILE:LINE: read the rule: REASON"; -EFBIG.
 */
int cgx_rules_add(struct cgx_rules *r, const char *file, const char *text, size_t len);
/* The same from a file below the context's root, or from the files of a directory in the order of their names, those
 * that begin with "." left out. Errors: also those of reading. */
int cgx_rules_read(struct cgx_rules *r, const char *path);
/*
 * Keep the templates of a file in the form of cgconfig.conf, or of the files *.conf of a directory, with the rules: a group
 * that a rule names as a template is named is made as that says. All of them, or none. Errors: those of cgx_config_read() and
 * of reading.
 */
int cgx_rules_read_templates(struct cgx_rules *r, const char *path);
struct cgx_rules_template {        /* borrowed from the rules */
	const char *file;
	const struct cgx_config *config;
	size_t index;                  /* of its block, for cgx_config_setting() */
	struct cgx_config_block block; /* where it has no perm, that of a default block */
};
/* The template at index, in the order of files and lines; -ENOENT past the last. */
int cgx_rules_template_at(const struct cgx_rules *r, size_t index, struct cgx_rules_template *ret);
/* The rule at index; -ENOENT past the last. */
int cgx_rules_at(const struct cgx_rules *r, size_t index, struct cgx_rule *ret);
/* 1: a rule looks at user or group, so that a process that changes them may belong elsewhere; 0 none does. */
int cgx_rules_by_identity(const struct cgx_rules *r);
/* The id of a rule's user or group. -ENOENT no such rule, -EINVAL it names none. */
int cgx_rules_resolve(struct cgx_rules *r, size_t index, id_t id);

struct cgx_subject {
	pid_t pid;
	uid_t uid;           /* effective */
	gid_t gid;
	const gid_t *groups; /* supplementary */
	size_t n_groups;
	char comm[64];
	const char *exe;     /* its program's path; NULL not known, or no rule asks for it */
	const char *script;  /* the script that the program runs, where it was started as one; NULL */
	int realtime;        /* known where a rule asks for it */
	const char *user;    /* for %u; NULL: the number */
	const char *group;   /* for %g */
};
/*
 * What the rules need to know of a process, from /proc: what none of them asks for is not looked for, not even its ids. user
 * and group are NULL. Pointers are good until the next call. Errors: -ESRCH; -EACCES its program may not be known.
 */
int cgx_rules_look(struct cgx_rules *r, pid_t pid, struct cgx_subject *ret);
/*
 * The same of one whose name an event has just told, comm as the kernel has it, at most 15 bytes: where the rules look at
 * programs alone, and it is that of the program which the process runs, nothing else is read, and the process is looked at again
 * before it is moved. Errors: as above.
 */
int cgx_rules_look_named(struct cgx_rules *r, pid_t pid, const char *comm, struct cgx_subject *ret);

enum cgx_rules_verdict {
	CGX_RULES_NONE,  /* no rule fits */
	CGX_RULES_PLACE, /* rules first to first + count - 1 say where to; each may name other controllers */
	CGX_RULES_LEAVE, /* the rule first says: leave it alone */
};
enum cgx_rules_verdict cgx_rules_match(const struct cgx_rules *r, const struct cgx_subject *s, size_t *ret_first,
				       size_t *ret_count);
/* The path that a rule names for a process; what comes from the process is one part of it: "/" and a "." in front become
 * "_". -ENAMETOOLONG. Owned by the caller. */
int cgx_rules_path(struct cgx_rules *r, size_t index, const struct cgx_subject *s, char **ret);
/* The same, and cgx_group_open() of it. */
int cgx_rules_group(struct cgx_rules *r, size_t index, const struct cgx_subject *s, struct cgx_group **ret);
/*
 * Move a process into the group where it is not there yet; for whoever places many: no plan, nothing is undone, and the
 * group keeps its files open. 1 moved, 0 it was there. Errors: -ESRCH, -ENOENT no such group, or not any more; those of the
 * kernel.
 */
int cgx_group_take(struct cgx_group *g, pid_t pid);
#define CGX_TAKE_BLINDLY (1u << 0) /* right after cgx_rules_look(): spare the look where it is, as it is surely elsewhere */
/* The same of the process that cgx_rules_look() saw last, and of no other that has got its number since: -ESRCH. */
int cgx_rules_take(struct cgx_rules *r, struct cgx_group *g, unsigned flags);

#ifdef __cplusplus
}
#endif
#endif
