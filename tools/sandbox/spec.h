/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a sandbox shall be: parsed and checked, before anything is touched. Filled by the command line (run.c), by a
 * kept state, or by any other front end; knows no option.
 */
#ifndef CGX_SANDBOX_SPEC_H
#define CGX_SANDBOX_SPEC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/network_spec.h"
#include "util/buf.h"

enum ns { NS_MOUNT, NS_PID, NS_NET, NS_IPC, NS_UTS, NS_USER, NS_CGROUP, NS_TIME, NS_COUNT };
enum ns_how { NS_OWN, NS_HOST, NS_JOIN };
struct ns_spec {
	enum ns_how how;
	int fd; /* NS_JOIN: of the namespace, owned */
};

enum volume_kind { VOLUME_BIND, VOLUME_TMPFS };
#define VOLUME_READ_ONLY (1u << 0)
#define VOLUME_IDMAP     (1u << 1) /* owners are shifted into the sandbox's range */
#define VOLUME_NO_EXEC   (1u << 2) /* VOLUME_TMPFS */
#define VOLUME_MODE      (1u << 3) /* VOLUME_TMPFS: mode is given */
struct volume {
	enum volume_kind kind;
	char *source; /* VOLUME_BIND */
	char *target; /* inside, absolute */
	unsigned flags;
	uint64_t size; /* VOLUME_TMPFS, bytes; 0 the kernel's default */
	mode_t mode;   /* VOLUME_TMPFS; else 1777 */
};

struct rlimit_spec {
	int resource;
	uint64_t soft, hard; /* UINT64_MAX unlimited */
};

#define SECCOMP_NONE "unconfined"

struct words { /* NULL-terminated, owned */
	char **v;
	size_t n;
};

struct sandbox_spec {
	char *name;              /* as spec_check_name() has it */
	char *root;              /* a directory, "/" the host's own tree; NULL: lower */
	struct words lower;      /* directories of an image's layers, the topmost first */
	int read_only;           /* no private writable layer */
	int own_root;            /* root "/": what the host's root owns belongs to root inside; else to nobody there */
	struct ns_spec ns[NS_COUNT];
	int64_t boottime_s, monotonic_s; /* offsets of a new time namespace, seconds */
	struct words argv, env;
	char *cwd;               /* absolute; NULL "/" */
	char *user;              /* USER[:GROUP] of the sandbox's own /etc/passwd, or numbers; NULL root */
	char *hostname;          /* NULL: the name */
	int tty, init;
	int stop_signal;         /* which asks it to end; 0: SIGTERM */
	uint64_t shm_size;       /* of /dev/shm, bytes; 0: 64 MiB */
	struct volume *volume;
	size_t n_volumes;
	uint64_t caps;           /* bits by number, what the command may ever have */
	int closed_sockets;      /* 1: abstract sockets of others are out of reach, where the kernel has landlock for it */
	int new_privs;           /* 1: programs with set-id bits give privilege */
	char *seccomp;           /* SECCOMP_NONE, or a profile's file; NULL: the built-in filter */
	struct rlimit_spec *rlimit;
	size_t n_rlimits;
	struct words limits;     /* NAME=VALUE of the group, in order */
	int systemd;             /* enum scope_mode */
	struct network_spec net;
	uint64_t timeout_us;     /* UINT64_MAX: none */
	uint64_t kill_after_us;
};

/* Everything own, nothing shared; init; the default capabilities. */
void spec_init(struct sandbox_spec *s);
void spec_free(struct sandbox_spec *s);
/* 0 or -ENOMEM. */
int words_add(struct words *w, const char *s);
void words_free(struct words *w);
/* [A-Za-z0-9][A-Za-z0-9_.-]{0,62}; -EINVAL with why. */
int spec_check_name(const char *name, struct buf *why);
/* Where a name begins to look for a place of its own among many: the same name at the same one. */
unsigned spec_name_hash(const char *name);
int spec_has_volume(const struct sandbox_spec *s, const char *target);
/* A file of the host, to be read alone, unless something else is put there already. -ENOMEM. */
int spec_show_file(struct sandbox_spec *s, const char *source, const char *target);
/* What lies in another comes after it, else as given. */
void spec_order_volumes(struct sandbox_spec *s);
/* What cannot be together, and what must be. -EINVAL with why. */
int spec_check(const struct sandbox_spec *s, struct buf *why);
/* Short names "mnt", "pid" ... of /proc/PID/ns, and the flag of clone(2). */
const char *ns_name(enum ns ns);
uint64_t ns_flag(enum ns ns);

#endif
