/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgrules.conf: what is read, what is refused with which words, whom a rule fits, where it sends him. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/rules.h"

struct fixture {
	struct cgx cgx;
	struct cgx_rules *r;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .cgx.fs.fd = -1 };
	assert_int_equal(cgx_rules_new(&f->cgx, &f->r), 0);
}

static void end(struct fixture *f)
{
	cgx_rules_close(f->r);
	buf_free(&f->cgx.error);
	buf_free(&f->cgx.remedy);
	buf_free(&f->cgx.word);
}

static int add(struct fixture *f, const char *text)
{
	return cgx_rules_add(f->r, "rules", text, strlen(text));
}

static void test_fields(void **state)
{
	struct fixture f;
	struct cgx_rule rule;

	(void)state;
	begin(&f);
	assert_int_equal(add(&f, "# nothing\n\n \t\npeter\tcpu,memory  web/%u\r\n@100:sh* * x ignore,ignore_rt # why\n"
				 "%\tblkio\ty\n*:\"/opt/my app\" pids \"a b\"#c\n\"al:my #1\" pids a#b\nlast * z"), 0);
	assert_int_equal(f.r->n, 6);
	assert_int_equal(cgx_rules_at(f.r, 0, &rule), 0);
	assert_string_equal(rule.file, "rules");
	assert_int_equal(rule.line, 4);
	assert_int_equal(rule.who, CGX_RULE_USER);
	assert_string_equal(rule.name, "peter");
	assert_false(rule.resolved);
	assert_null(rule.process);
	assert_true(rule.controllers == (CGX_C_CPU | CGX_C_MEMORY));
	assert_string_equal(rule.destination, "web/%u");
	assert_int_equal(rule.flags, 0);
	cgx_rules_at(f.r, 1, &rule);
	assert_int_equal(rule.who, CGX_RULE_GROUP);
	assert_true(rule.resolved);
	assert_int_equal(rule.id, 100);
	assert_string_equal(rule.process, "sh*");
	assert_true(rule.controllers == 0);
	assert_int_equal(rule.flags, CGX_RULE_IGNORE | CGX_RULE_IGNORE_RT);
	cgx_rules_at(f.r, 2, &rule);
	assert_int_equal(rule.who, CGX_RULE_MORE);
	assert_true(rule.controllers == CGX_C_IO);
	cgx_rules_at(f.r, 3, &rule);
	assert_int_equal(rule.who, CGX_RULE_ALL);
	assert_string_equal(rule.process, "/opt/my app");
	assert_string_equal(rule.destination, "a b");
	cgx_rules_at(f.r, 4, &rule);
	assert_string_equal(rule.name, "al");
	assert_string_equal(rule.process, "my #1");
	assert_string_equal(rule.destination, "a");
	cgx_rules_at(f.r, 5, &rule);
	assert_int_equal(rule.line, 9);
	assert_int_equal(cgx_rules_at(f.r, 6, &rule), -ENOENT);
	end(&f);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "* *", "rules:1: read the rule: no group stands behind the controllers" },
		{ "\npeter", "rules:2: read the rule: no controllers and no group stand behind the user" },
		{ "% * x", "rules:1: read the rule: % goes on with the rule above, and there is none in this file" },
		{ "* * x\n%:sh * x", "rules:2: read the rule: % goes on with the rule above, and names no process of its own" },
		{ "@ * x", "rules:1: read the rule: no group is named behind the @" },
		{ ":sh * x", "rules:1: read the rule: no user is named" },
		{ "a: * x", "rules:1: read the rule: no process is named behind the colon" },
		{ "a , x", "rules:1: read the rule: ,: find the controllers: a name is missing beside a comma" },
		{ "a \"\" x", "rules:1: read the rule: no controller is named: * is all of them" },
		{ "a nosuch x", NULL },
		{ "a * \"\"", "rules:1: read the rule: no group is named" },
		{ "a * x/../y", "rules:1: read the rule: x/../y: a group is named from the root down, without \"..\"" },
		{ "a * x ignor", "rules:1: read the rule: ignor is no option; there are ignore and ignore_rt" },
		{ "a * x ignore y", "rules:1: read the rule: more than four fields: a name with blanks stands in double quotes" },
		{ "a * \"x", "rules:1: read the rule: a quote is opened and not closed" },
		{ "4294967295 * x", "rules:1: read the rule: 4294967295 is too large for an id" },
	};
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(add(&f, "* * kept\n"), 0);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(add(&f, bad[i].text), -EINVAL);
		assert_int_equal(f.r->n, 1);
		if (bad[i].words)
			assert_string_equal(cgx_error(&f.cgx), bad[i].words);
		else
			assert_ptr_equal(strstr(cgx_error(&f.cgx), "rules:1: read the rule: "), cgx_error(&f.cgx));
	}
	assert_int_equal(cgx_rules_add(f.r, "rules", "* * \0", 5), -EINVAL);
	assert_non_null(strstr(cgx_error(&f.cgx), "this is no text"));
	end(&f);
}

static void test_long(void **state)
{
	struct fixture f;
	AUTO_BUF struct buf b = { 0 };

	(void)state;
	begin(&f);
	buf_puts(&b, "* * ");
	for (int i = 0; i < 5000; i++)
		buf_putc(&b, 'x');
	assert_int_equal(add(&f, b.s), -EINVAL);
	for (int i = 0; i < 5000; i++)
		buf_putc(&b, ' ');
	assert_int_equal(add(&f, b.s), -EINVAL);
	assert_non_null(strstr(cgx_error(&f.cgx), "longer than 8191"));
	buf_reset(&b);
	for (int i = 0; i <= RULES_MAX; i++)
		buf_puts(&b, "* * x\n");
	assert_int_equal(add(&f, b.s), -EINVAL);
	assert_non_null(strstr(cgx_error(&f.cgx), "rules:65537: read the rule: more than 65536 rules"));
	assert_int_equal(f.r->n, 0);
	end(&f);
}

static enum cgx_rules_verdict match(const struct fixture *f, const struct cgx_subject *s, size_t *first, size_t *n)
{
	*first = *n = 99;
	return cgx_rules_match(f->r, s, first, n);
}

static void test_match(void **state)
{
	static const gid_t groups[] = { 7, 8 };
	struct cgx_subject s = { .pid = 5, .uid = 1000, .gid = 3, .groups = groups, .n_groups = 2, .exe = "/usr/bin/make" };
	struct fixture f;
	size_t first, n;

	(void)state;
	begin(&f);
	assert_int_equal(add(&f, "nobody pids z\n% cpu z\n1000:cc pids a\n1000:/usr/bin/c* pids b\n@8:make* pids c\n"
				 "% cpu d\n% memory e\n1000 pids f ignore_rt\n* pids g ignore\n"), 0);
	assert_int_equal(match(&f, &s, &first, &n), CGX_RULES_PLACE);
	assert_int_equal(first, 4);
	assert_int_equal(n, 3);
	s.n_groups = 1;
	assert_int_equal(match(&f, &s, &first, &n), CGX_RULES_PLACE);
	assert_int_equal(first, 7);
	s.realtime = 1;
	assert_int_equal(match(&f, &s, &first, &n), CGX_RULES_LEAVE);
	s.gid = 8;
	assert_int_equal(match(&f, &s, &first, &n), CGX_RULES_PLACE);
	assert_int_equal(first, 4);
	s.exe = "/usr/local/bin/cc";
	match(&f, &s, &first, &n);
	assert_int_equal(first, 2);
	s.exe = "/usr/bin/clang";
	match(&f, &s, &first, &n);
	assert_int_equal(first, 3);
	s.exe = "/usr/local/bin/clang";
	s.realtime = 0;
	match(&f, &s, &first, &n);
	assert_int_equal(first, 7);
	/* a script counts as itself */
	s.exe = "/usr/bin/sh";
	s.script = "./cc";
	match(&f, &s, &first, &n);
	assert_int_equal(first, 2);
	s.uid = 12;
	s.gid = 3;
	assert_int_equal(match(&f, &s, &first, &n), CGX_RULES_LEAVE);
	assert_int_equal(first, 8);
	/* a name that is known fits, with its second line */
	assert_int_equal(cgx_rules_resolve(f.r, 0, 12), 0);
	assert_int_equal(match(&f, &s, &first, &n), CGX_RULES_PLACE);
	assert_int_equal(first, 0);
	assert_int_equal(n, 2);
	assert_int_equal(cgx_rules_resolve(f.r, 1, 12), -EINVAL);
	assert_int_equal(cgx_rules_resolve(f.r, 99, 12), -ENOENT);
	end(&f);
}

static void test_nobody(void **state)
{
	struct cgx_subject s = { .uid = 0 };
	struct fixture f;
	size_t first, n;

	(void)state;
	begin(&f);
	assert_int_equal(match(&f, &s, &first, &n), CGX_RULES_NONE);
	assert_int_equal(add(&f, "root * x\n*:sh * y\n"), 0);
	assert_int_equal(match(&f, &s, &first, &n), CGX_RULES_NONE);
	assert_int_equal(first, 99);
	end(&f);
}

static void expands(const char *destination, const struct cgx_subject *s, const char *want)
{
	AUTO_BUF struct buf b = { 0 };

	assert_int_equal(rules_expand(destination, s, &b), 0);
	assert_string_equal(buf_text(&b), want);
}

static void test_expand(void **state)
{
	struct cgx_subject s = { .pid = 42, .uid = 1000, .gid = 50, .user = "peter", .group = "users", .exe = "/bin/make" };

	(void)state;
	expands("u/%u/%U/%g/%G/%p/%P", &s, "u/peter/1000/users/50/make/42");
	expands("a\\%u/%x%", &s, "a%u/%x%");
	s.user = s.group = s.exe = NULL;
	strcpy(s.comm, "kworker/0");
	expands("%u/%g/%p", &s, "1000/50/kworker_0");
	s.script = "/x/..";
	s.user = "..";
	s.group = "a/../b\n";
	expands("%u/%p/%g", &s, "_./_./a_.._b_");
	s.user = "";
	expands("%u", &s, "_");
}

/* By names alone: what is not known is a number. */
static void test_config_expand(void **state)
{
	struct cgx_config_who who = { .size = sizeof(who), .uid = 7, .gid = 8, .pid = 9, .user = "../x", .group = "" };
	AUTO_FREE char *path = NULL;
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(cgx_config_expand(&f.cgx, "u/%u/%U/%g/%p/%P/\\%u%", &who, &path), 0);
	assert_string_equal(path, "u/_._x/7/8/9/9/%u%");
	end(&f);
}

static void test_status(void **state)
{
	struct cgx_subject s = { 0 };
	AUTO_BUF struct buf groups = { 0 };

	(void)state;
	assert_int_equal(rules_status("Name:\ta b\nState:\tS\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n", &s, &groups), 0);
	assert_string_equal(s.comm, "a b");
	assert_int_equal(s.uid, 2);
	assert_int_equal(s.gid, 6);
	assert_int_equal(s.n_groups, 2);
	assert_int_equal(s.groups[0], 9);
	assert_int_equal(s.groups[1], 10);
	assert_int_equal(rules_status("Name:\tx\nUid:\t1\t2\nGid:\t5\t6\nGroups:\t\n", &s, &groups), 0);
	assert_int_equal(s.n_groups, 0);
	assert_int_equal(rules_status("Name:\tx\nUid:\t1\nGid:\t5\t6\n", &s, &groups), -EBADMSG);
	assert_int_equal(rules_status("", &s, &groups), -EBADMSG);
}

static void test_script(void **state)
{
	static const char line[] = "/bin/sh\0-e\0/srv/backup\0x";

	(void)state;
	assert_string_equal(rules_script(line, sizeof(line), "backup"), "/srv/backup");
	assert_null(rules_script(line, sizeof(line), "back"));
	assert_null(rules_script(line, sizeof(line), "sh"));
	assert_null(rules_script(line, sizeof(line), ""));
	assert_null(rules_script("", 0, "sh"));
}

static unsigned asks(const char *text)
{
	struct fixture f;
	unsigned asks;

	begin(&f);
	assert_int_equal(add(&f, text), 0);
	asks = f.r->asks;
	assert_int_equal(cgx_rules_by_identity(f.r), (asks & RULES_ASK_IDS) != 0);
	end(&f);
	return asks;
}

/* What is not asked for costs nothing; what is asked for must be known. */
static void test_asks(void **state)
{
	(void)state;
	assert_int_equal(asks("* pids x"), 0);
	assert_int_equal(asks("* pids x/%P"), 0);
	assert_int_equal(asks("*:sh pids x"), RULES_ASK_PROCESS);
	assert_int_equal(asks("* pids x/%p"), RULES_ASK_PROCESS);
	assert_int_equal(asks("peter pids x"), RULES_ASK_IDS);
	assert_int_equal(asks("* pids x/%u"), RULES_ASK_IDS);
	assert_int_equal(asks("* pids x/%G"), RULES_ASK_IDS);
	assert_int_equal(asks("* pids x\n% cpu y/%g"), RULES_ASK_IDS);
	assert_int_equal(asks("@staff pids x"), RULES_ASK_IDS | RULES_ASK_GROUPS);
	assert_int_equal(asks("* pids x ignore_rt"), RULES_ASK_POLICY);
}

static void begin_live(struct fixture *f, const char *rule)
{
	begin(f);
	f->cgx.fs.fd = open("/", O_PATH | O_DIRECTORY);
	assert_int_equal(add(f, rule), 0);
}

static void end_live(struct fixture *f)
{
	close(f->cgx.fs.fd);
	f->cgx.fs.fd = -1;
	end(f);
}

/* A child that is who it shall be, and waits. */
static pid_t start_as(uid_t uid, gid_t gid)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if (geteuid() == 0 && (setgroups(0, NULL) || setgid(gid) || setuid(uid)))
			_exit(1);
		prctl(PR_SET_NAME, "a\\b\nc");
		close(ready[0]);
		close(ready[1]);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 0);
	close(ready[0]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* One that changed its user may not be dumped, and its files in /proc belong to root. */
static void test_ids(void **state)
{
	static const char *const rules[] = { "0:sh pids x", "@0:sh pids x" };
	uid_t uid = geteuid() ? geteuid() : 12345;
	gid_t gid = geteuid() ? getegid() : 54321;
	pid_t pid = start_as(uid, gid);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct cgx_subject s;
		struct fixture f;

		begin_live(&f, rules[i]);
		assert_int_equal(cgx_rules_look(f.r, pid, &s), 0);
		assert_int_equal(s.uid, uid);
		assert_int_equal(s.gid, gid);
		assert_string_equal(s.comm, "a\\b\nc");
		assert_non_null(s.exe);
		end_live(&f);
	}
	stop(pid);
}

static void test_take_ended(void **state)
{
	struct fixture f;
	struct cgx_subject s;
	char path[] = "x";
	struct cgx_group g = { .cgx = &f.cgx, .path = path };
	pid_t pid = start_as(geteuid(), getegid());

	(void)state;
	begin_live(&f, "* pids x");
	assert_int_equal(cgx_rules_take(f.r, &g, 0), -ESRCH); /* nobody was looked at */
	assert_int_equal(cgx_rules_look(f.r, pid, &s), 0);
	assert_int_equal(cgx_rules_take(f.r, &g, 0), -ENOENT); /* the group is nowhere */
	stop(pid);
	assert_int_equal(cgx_rules_take(f.r, &g, 0), -ESRCH);
	assert_int_equal(cgx_rules_take(f.r, &g, CGX_TAKE_BLINDLY), -ESRCH);
	assert_int_equal(cgx_rules_look(f.r, pid, &s), -ESRCH);
	end_live(&f);
}

/* Its own program is the one it is called after, or it is read in full; who is not held is looked at again before a move. */
static void test_named(void **state)
{
	struct fixture f;
	struct cgx_subject s;
	char path[] = "x", program[4096] = "", *base;
	struct cgx_group g = { .cgx = &f.cgx, .path = path };
	pid_t pid = start_as(geteuid(), getegid());

	(void)state;
	assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
	base = strrchr(program, '/') + 1;
	base[15] = '\0'; /* as the kernel cuts it */
	begin_live(&f, "*:sh pids x");
	/* it goes by another name by now, as one that has got the number would */
	assert_int_equal(cgx_rules_look_named(f.r, pid, base, &s), 0);
	assert_true(f.r->named);
	assert_int_equal(f.r->seen, -1);
	assert_string_equal(s.comm, base);
	assert_null(s.script);
	assert_int_equal(cgx_rules_take(f.r, &g, 0), -ESRCH);
	assert_int_equal(cgx_rules_take(f.r, &g, 0), -ESRCH); /* and nobody is held in its stead */
	/* a name that is not its program's is not believed */
	assert_int_equal(cgx_rules_look_named(f.r, pid, "other", &s), 0);
	assert_false(f.r->named);
	assert_string_equal(s.comm, "a\\b\nc");
	/* of this one both are true */
	assert_int_equal(prctl(PR_SET_NAME, base), 0);
	assert_int_equal(cgx_rules_look_named(f.r, getpid(), base, &s), 0);
	assert_true(f.r->named);
	assert_int_equal(cgx_rules_take(f.r, &g, 0), -ENOENT); /* the group is nowhere */
	assert_true(f.r->seen >= 0);
	assert_int_equal(cgx_rules_look_named(f.r, pid, base, &s), 0);
	stop(pid);
	assert_int_equal(cgx_rules_take(f.r, &g, 0), -ESRCH);
	assert_int_equal(cgx_rules_look_named(f.r, pid, base, &s), -ESRCH);
	assert_int_equal(cgx_rules_look_named(f.r, 0, base, &s), -ESRCH);
	end_live(&f);
	/* what is not of the program is not told by the event */
	begin_live(&f, "0:sh pids x");
	assert_int_equal(cgx_rules_look_named(f.r, getpid(), base, &s), 0);
	assert_false(f.r->named);
	assert_int_equal(s.uid, geteuid());
	end_live(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields), cmocka_unit_test(test_refused), cmocka_unit_test(test_long),
		cmocka_unit_test(test_match),  cmocka_unit_test(test_nobody),  cmocka_unit_test(test_expand),
		cmocka_unit_test(test_config_expand),
		cmocka_unit_test(test_status), cmocka_unit_test(test_script), cmocka_unit_test(test_asks),
		cmocka_unit_test(test_ids), cmocka_unit_test(test_take_ended), cmocka_unit_test(test_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
