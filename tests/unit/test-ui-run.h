/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Run a fake tool in a child and catch what it says. */
#ifndef CGX_TEST_UI_RUN_H
#define CGX_TEST_UI_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/ui/frame.h"

struct caught {
	char out[65536];
	char err[65536];
	int status;   /* 128 + signal when killed */
};

static inline void read_back(FILE *from, char *to, size_t size)
{
	rewind(from);
	to[fread(to, 1, size - 1, from)] = '\0';
	fclose(from);
}

/* words: a NULL-terminated command line; before: run in the child first, may be NULL. */
static inline struct caught *run_tool(const struct tool *tool, char *const *words, void (*before)(void))
{
	static struct caught c;
	FILE *out = tmpfile(), *err = tmpfile();
	char *argv[32] = { NULL };
	int argc = 0, status;
	pid_t pid;

	assert_non_null(out);
	assert_non_null(err);
	for (; words[argc]; argc++)
		argv[argc] = words[argc];
	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(fileno(out), 1);
		dup2(fileno(err), 2);
		if (before)
			before();
		exit(frame_main(tool, argc, argv));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	c.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	read_back(out, c.out, sizeof(c.out));
	read_back(err, c.err, sizeof(c.err));
	return &c;
}

#define RUN(tool, ...) run_tool(tool, (char *const *)(const char *const[]){ __VA_ARGS__, NULL }, NULL)
#define RUN_AFTER(before, tool, ...) run_tool(tool, (char *const *)(const char *const[]){ __VA_ARGS__, NULL }, before)

#endif
