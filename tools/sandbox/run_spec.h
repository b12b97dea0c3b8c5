/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command line of cgx-sandbox run asks for. */
#ifndef CGX_SANDBOX_RUN_SPEC_H
#define CGX_SANDBOX_RUN_SPEC_H

#include "sandbox/restart.h"
#include "sandbox/root.h"
#include "sandbox/spec.h"
#include "ui/frame.h"
#include "ui/opt.h"

enum report { REPORT_TROUBLE, REPORT_TEXT, REPORT_JSON, REPORT_NONE };

struct run_spec {
	struct sandbox_spec s;
	const char *name, *hostname, *user, *cwd, *report_to, *seccomp, *entrypoint, *net;
	struct root root;
	const char *layer;           /* where the writable layer is wanted; NULL as usual */
	struct strings values;
	struct words env, env_files; /* NAME=VALUE, or NAME of the caller's */
	const char *where[NS_COUNT]; /* a namespace is: own, host ... */
	uint64_t timeout, kill_after;
	struct restart restart;
	int interactive, tty, no_init, read_only, own_root, new_privs, report, userns, remove, detach, host_sockets;
};

extern const struct opt run_options[];
extern const struct run_spec run_defaults;
/* From the options and the words, ROOT COMMAND..., to spec->s. 0, or an exit status after words. */
int run_fill(const struct frame *f, struct run_spec *spec, int argc, char **argv);
void run_release(void *data);

#endif
