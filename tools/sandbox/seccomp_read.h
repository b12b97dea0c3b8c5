/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A profile of system calls in docker's JSON form, read and checked; knows neither kernel nor libseccomp. */
#ifndef CGX_SANDBOX_SECCOMP_READ_H
#define CGX_SANDBOX_SECCOMP_READ_H

#include "ui/json_read.h"

enum profile_act {
	PROFILE_KILL_THREAD, PROFILE_KILL_PROCESS, PROFILE_TRAP, PROFILE_ERRNO, PROFILE_TRACE, PROFILE_LOG, PROFILE_ALLOW,
};
struct profile_action {
	enum profile_act act;
	uint16_t err; /* of PROFILE_ERRNO and PROFILE_TRACE, else 0 */
};

enum profile_op { PROFILE_NE, PROFILE_LT, PROFILE_LE, PROFILE_EQ, PROFILE_GE, PROFILE_GT, PROFILE_MASKED_EQ };
struct profile_test { /* of one argument; PROFILE_MASKED_EQ: argument & value == two */
	unsigned arg;
	enum profile_op op;
	uint64_t value, two;
};

struct profile_rule {
	const struct json_value *at;    /* where it stands, for words */
	const struct json_value *names; /* an array of names, or one name */
	struct profile_action action;
	struct profile_test *test;
	size_t n_tests;
	int applies; /* here, with these capabilities */
};

struct profile {
	struct json_tree *tree;
	struct profile_action otherwise;
	const char *arch[8]; /* "SCMP_ARCH_X86" ...: what a program on this machine may be made for, by the profile */
	size_t n_archs;
	struct profile_rule *rule;
	size_t n_rules;
};

/* What "includes" and "excludes" ask for. */
struct profile_host {
	uint64_t caps;
	const char *arch; /* "SCMP_ARCH_X86_64" */
	unsigned kernel[2];
};

/* 0, -ENOMEM, -EBADMSG or -E2BIG with why. */
int profile_read(const char *text, size_t n, const struct profile_host *host, struct profile *ret, struct buf *why);
void profile_free(struct profile *p);

#endif
