/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a profile to a filter: the only file that knows libseccomp, whose names are not to meet those of seccomp.h. */
#include "sandbox/seccomp_compile.h"

#include <errno.h>

#ifdef HAVE_LIBSECCOMP
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/lazy.h"
#include "util/cleanup.h"

#define SYMBOLS(X)                       \
	X(seccomp_init)                  \
	X(seccomp_release)               \
	X(seccomp_attr_set)              \
	X(seccomp_arch_native)           \
	X(seccomp_arch_add)              \
	X(seccomp_arch_resolve_name)     \
	X(seccomp_syscall_resolve_name)  \
	X(seccomp_rule_add_array)        \
	X(seccomp_export_bpf)

struct libseccomp {
	SYMBOLS(LAZY_POINTER)
};

static const struct lazy_symbol symbols[] = {
#define X(name) LAZY_SYMBOL(struct libseccomp, name),
	SYMBOLS(X)
#undef X
};
static const struct lazy library = LAZY(LIBSECCOMP_SONAME, "libseccomp2", symbols);

struct compiler {
	struct libseccomp lib;
	scmp_filter_ctx ctx;
	const struct profile *profile;
	uint32_t otherwise;
	unsigned newest; /* the highest native number that the profile names */
	struct buf *why;
};

static uint32_t action_of(struct profile_action a)
{
	switch (a.act) {
	case PROFILE_KILL_THREAD:
		return SCMP_ACT_KILL_THREAD;
	case PROFILE_KILL_PROCESS:
		return SCMP_ACT_KILL_PROCESS;
	case PROFILE_TRAP:
		return SCMP_ACT_TRAP;
	case PROFILE_ERRNO:
		return SCMP_ACT_ERRNO(a.err);
	case PROFILE_TRACE:
		return SCMP_ACT_TRACE(a.err);
	case PROFILE_LOG:
		return SCMP_ACT_LOG;
	case PROFILE_ALLOW:
		break;
	}
	return SCMP_ACT_ALLOW;
}

static struct scmp_arg_cmp test_of(const struct profile_test *t)
{
	static const enum scmp_compare ops[] = {
		[PROFILE_NE] = SCMP_CMP_NE, [PROFILE_LT] = SCMP_CMP_LT, [PROFILE_LE] = SCMP_CMP_LE,
		[PROFILE_EQ] = SCMP_CMP_EQ, [PROFILE_GE] = SCMP_CMP_GE, [PROFILE_GT] = SCMP_CMP_GT,
		[PROFILE_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	return (struct scmp_arg_cmp){ t->arg, ops[t->op], t->value, t->two };
}

static int permits(struct profile_action a)
{
	return a.act == PROFILE_ALLOW || a.act == PROFILE_LOG;
}

static int add(struct compiler *c, const struct json_value *at, uint32_t action, int nr, unsigned n, const struct scmp_arg_cmp *t)
{
	int r = c->lib.seccomp_rule_add_array(c->ctx, action, nr, n, t);

	if (r == -EEXIST)
		return json_fault(at, c->why, "another rule says something else of %s", at->text);
	return r ? json_fault(at, c->why, "libseccomp cannot add %s: %s", at->text, strerror(-r)) : 0;
}

static int has_argument_twice(const struct profile_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->n_tests; i++) {
		if (seen & 1u << rule->test[i].arg)
			return 1;
		seen |= 1u << rule->test[i].arg;
	}
	return 0;
}

/*
 * The tests of a rule hold together; but where an argument is tested more than once, each is a rule of its own, as docker has
 * it, since libseccomp knows one test of an argument.
 */
static int add_tests(struct compiler *c, const struct json_value *at, const struct profile_rule *rule, int nr)
{
	uint32_t action = action_of(rule->action);
	struct scmp_arg_cmp test[6];
	int r = 0;

	if (!has_argument_twice(rule)) {
		for (size_t i = 0; i < rule->n_tests; i++)
			test[i] = test_of(&rule->test[i]);
		return add(c, at, action, nr, (unsigned)rule->n_tests, test);
	}
	for (size_t i = 0; !r && i < rule->n_tests; i++) {
		test[0] = test_of(&rule->test[i]);
		r = add(c, at, action, nr, 1, test);
	}
	return r;
}

/* Profiles name calls of other architectures and newer kernels; those that are not known here stay denied, and no more. */
static int add_call(struct compiler *c, const struct profile_rule *rule, const struct json_value *at)
{
	int nr = c->lib.seccomp_syscall_resolve_name(at->text);

	if (nr >= 0 && (unsigned)nr > c->newest)
		c->newest = (unsigned)nr;
	if (!rule->applies || action_of(rule->action) == c->otherwise)
		return 0;
	if (nr != __NR_SCMP_ERROR)
		return add_tests(c, at, rule, nr);
	if (permits(c->profile->otherwise) && !permits(rule->action))
		return json_fault(at, c->why, "libseccomp does not know %s, so that it would be allowed: it is misspelled, or "
				  "libseccomp is too old for it", at->text);
	return 0;
}

static int add_rules(struct compiler *c)
{
	int r = 0;

	for (size_t i = 0; !r && i < c->profile->n_rules; i++) {
		const struct profile_rule *rule = &c->profile->rule[i];

		if (rule->names->kind == JSON_STRING)
			r = add_call(c, rule, rule->names);
		else
			for (const struct json_value *v = rule->names->first; v && !r; v = v->next)
				r = add_call(c, rule, v);
	}
	return r;
}

static int add_archs(struct compiler *c)
{
	for (size_t i = 0; i < c->profile->n_archs; i++) {
		char name[32];
		uint32_t token;
		int r;

		snprintf(name, sizeof(name), "%s", c->profile->arch[i] + strlen("SCMP_ARCH_"));
		for (char *p = name; *p; p++)
			*p |= *p >= 'A' && *p <= 'Z' ? 0x20 : 0;
		token = c->lib.seccomp_arch_resolve_name(name);
		r = token ? c->lib.seccomp_arch_add(c->ctx, token) : 0;
		if (r && r != -EEXIST) {
			buf_printf(c->why, "libseccomp cannot add the architecture %s: %s", name, strerror(-r));
			return r;
		}
	}
	return 0;
}

/*
 * What is newer than the newest call that a profile names was not known to whoever wrote it: ENOSYS, so that programs go on
 * with an older call, where the profile's own errno (EPERM, mostly) would end them. Put before the rest.
 */
static size_t put_newer(const struct compiler *c, struct sock_filter to[6])
{
	const struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->lib.seccomp_arch_native(), 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 2, 0), /* x32 */
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, c->newest, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	if (c->profile->otherwise.act != PROFILE_ERRNO || c->profile->otherwise.err == ENOSYS || !c->newest)
		return 0;
	memcpy(to, insn, sizeof(insn));
	return sizeof(insn) / sizeof(insn[0]);
}

static int export(struct compiler *c, struct sock_fprog *ret)
{
	AUTO_CLOSE int fd = memfd_create("cgx-filter", MFD_CLOEXEC);
	AUTO_FREE struct sock_filter *insn = NULL;
	struct stat st;
	size_t n, first;
	int r;

	if (fd < 0)
		return -errno;
	r = c->lib.seccomp_export_bpf(c->ctx, fd);
	if (r || fstat(fd, &st) < 0)
		return r ? r : -errno;
	n = (size_t)st.st_size / sizeof(*insn);
	insn = calloc(n + 6, sizeof(*insn));
	if (!insn)
		return -ENOMEM;
	first = put_newer(c, insn);
	if (pread(fd, insn + first, n * sizeof(*insn), 0) != (ssize_t)(n * sizeof(*insn)))
		return -EIO;
	if (n + first > BPF_MAXINSNS) {
		buf_printf(c->why, "it makes a filter of %zu instructions; the kernel takes %d at most", n + first, BPF_MAXINSNS);
		return -E2BIG;
	}
	*ret = (struct sock_fprog){ (unsigned short)(n + first), STEAL(insn) };
	return 0;
}

static int build(struct compiler *c, struct sock_fprog *ret)
{
	int r = c->lib.seccomp_attr_set(c->ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (r)
		return r;
#if SCMP_VER_MAJOR > 2 || SCMP_VER_MINOR >= 5
	/* a tree instead of a list, and sooner made; an older libseccomp does without */
	c->lib.seccomp_attr_set(c->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
#endif
	r = add_archs(c);
	if (!r)
		r = add_rules(c);
	return r ? r : export(c, ret);
}

int profile_compile(const struct profile *p, struct sock_fprog *ret, struct buf *why)
{
	struct compiler c = { .profile = p, .otherwise = action_of(p->otherwise), .why = why };
	int r = lazy_load(&library, &c.lib, why);

	if (r)
		return r;
	c.ctx = c.lib.seccomp_init(c.otherwise);
	if (!c.ctx) {
		buf_puts(why, "libseccomp cannot begin with this default action here");
		return -EINVAL;
	}
	r = build(&c, ret);
	c.lib.seccomp_release(c.ctx);
	if (r && !why->len)
		buf_printf(why, "libseccomp: %s", strerror(-r));
	return r;
}
#else /* HAVE_LIBSECCOMP */
int profile_compile(const struct profile *p, struct sock_fprog *ret, struct buf *why)
{
	(void)p;
	(void)ret;
	buf_puts(why, "this cgx was built without libseccomp, which a profile needs; the built-in filter does without");
	return -ENOTSUP;
}
#endif
