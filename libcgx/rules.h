/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of cgrules.conf in memory: rules_parse.c reads them, rules.c applies them. */
#ifndef CGX_RULES_H
#define CGX_RULES_H

#include "private.h"

#define RULES_MAX      65536 /* lines that say something */
#define RULES_LINE_MAX 8192
#define RULES_FILE_MAX (4u << 20)
#define CONFIG_FILE_MAX (16u << 20)

struct rule {
	size_t file;         /* of cgx_rules.file */
	unsigned line;
	enum cgx_rule_who who;
	char *name;          /* of the user or group, without "@" */
	id_t id;
	int resolved;        /* id is known */
	char *process;       /* NULL: every process */
	size_t process_len;  /* without a final "*" */
	int prefix;          /* it ended in one */
	cgx_set controllers; /* 0: "*" */
	char *destination;
	unsigned flags;      /* CGX_RULE_* */
};
struct cgx_rules {
	struct cgx *cgx;
	struct rule *rule;
	size_t n, room;
	char **file;
	size_t n_files;
	struct templates {
		char *file;
		struct cgx_config *config;
	} *templates;        /* files with template and default blocks */
	size_t n_templates;
	unsigned asks;       /* RULES_ASK_*, what has to be known of a process */
	int proc;            /* /proc, -1 not opened */
	int live;            /* it is the kernel's: a directory there belongs to who the process is now */
	/*
	 * The process looked at last: the comm file of its /proc, which can be read as long as it is that process, whatever its
	 * number means; -1 nobody.
	 */
	int seen;
	int named;           /* its program alone was read, and it is not held: name is what it was told to be called */
	int just_now;        /* it was seen to be the same after all else was read, and nothing was done since */
	pid_t pid;
	struct buf status, link, words, group_list, name; /* of it */
};
#define RULES_ASK_PROCESS (1u << 0)
#define RULES_ASK_POLICY  (1u << 1)
#define RULES_ASK_GROUPS  (1u << 2) /* supplementary */
#define RULES_ASK_IDS     (1u << 3)

void rule_free(struct rule *rule);
/* Take back the rules from the n-th on. */
void rules_cut(struct cgx_rules *r, size_t n);
/* Append the rules of one text; all of them, or -EINVAL with words. */
int rules_parse(struct cgx_rules *r, const char *file, const char *text, size_t len);

/* What /proc/PID/status says of one who may be placed; the rest of ret is untouched. groups is a copy of the line's numbers. */
int rules_status(const char *status, struct cgx_subject *ret, struct buf *groups);
/* The script that an interpreter runs, from /proc/PID/cmdline: the first word whose last part begins as comm does. NULL. */
const char *rules_script(const char *cmdline, size_t len, const char *comm);
/* The path of a destination. Parts that come from a process never make it leave the group that stands before them. */
int rules_expand(const char *destination, const struct cgx_subject *s, struct buf *ret);
/* 1 the rule's process is this one. */
int rules_same_process(const struct rule *rule, const struct cgx_subject *s);

#endif
