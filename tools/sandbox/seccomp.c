/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The built-in filter: a tree of comparisons over the ranges of numbers that share a verdict, made anew for each sandbox, since
 * that takes a few microseconds. A program that was made for another architecture of the same machine (32-bit, for instance)
 * dies of SIGSYS at its first call: it cannot run in any case, and an errno from every call would let it crash somewhere,
 * for no reason that anybody could see. Numbers of x32 lie beyond the table: ENOSYS, as on a kernel built without it.
 */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/seccomp_calls.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#else
#define NATIVE 0 /* seccomp_verdicts() has no table, then */
#endif

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif

/* ---- instructions, written from the last to the first, so that it is known how far a jump goes ---- */

enum { MOST = 4 * SECCOMP_CALLS }; /* more than a range for each call could take */
typedef unsigned place; /* of an instruction: how many there are from it to the end */

struct program {
	struct sock_filter insn[MOST]; /* the last n are written */
	unsigned n;
};

static place put(struct program *p, unsigned code, uint32_t k, unsigned yes, unsigned no)
{
	p->insn[MOST - ++p->n] = (struct sock_filter){ (uint16_t)code, (uint8_t)yes, (uint8_t)no, k };
	return p->n;
}

/* The same place, or a jump to it where it has got too far away for a comparison. */
static place near(struct program *p, place to)
{
	return p->n - to < 250 ? to : put(p, BPF_JMP | BPF_JA, p->n - to, 0, 0);
}

static place branch(struct program *p, unsigned test, uint32_t k, place yes, place no)
{
	yes = near(p, yes);
	no = near(p, no);
	return put(p, BPF_JMP | BPF_K | test, k, p->n - yes, p->n - no);
}

static place leave(struct program *p, uint32_t action)
{
	return put(p, BPF_RET | BPF_K, action, 0, 0);
}

static place load(struct program *p, size_t offset)
{
	return put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* ---- verdicts ---- */

struct leaves {
	place at[CALL_RULE + SECCOMP_MOST_RULES];
};

static size_t low_half(unsigned arg)
{
	size_t at = offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	at += sizeof(uint32_t);
#endif
	return at;
}

static place put_rule(struct program *p, const struct seccomp_rule *r, place allowed)
{
	place refused = leave(p, SECCOMP_RET_ERRNO | r->err);
	place hit = r->test == RULE_ONE_OF ? allowed : refused, miss = r->test == RULE_ONE_OF ? refused : allowed;
	place at = miss;

	for (size_t i = r->n; i--;)
		at = branch(p, r->test == RULE_NO_BITS ? BPF_JSET : BPF_JEQ, r->value[i], hit, at);
	return load(p, low_half(r->arg));
}

static void put_leaves(struct program *p, const uint8_t *verdicts, struct leaves *l)
{
	l->at[CALL_DENIED] = leave(p, SECCOMP_RET_ERRNO | EPERM);
	l->at[CALL_UNKNOWN] = l->at[CALL_MISSING] = leave(p, SECCOMP_RET_ERRNO | ENOSYS);
	l->at[CALL_ALLOWED] = leave(p, SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < seccomp_n_rules; i++)
		if (memchr(verdicts, (int)(CALL_RULE + i), SECCOMP_CALLS))
			l->at[CALL_RULE + i] = put_rule(p, &seccomp_rules[i], l->at[CALL_ALLOWED]);
}

/* ---- the tree ---- */

struct range {
	unsigned first, weight;
	place verdict;
};

static size_t find_ranges(const uint8_t *verdicts, const struct leaves *l, struct range *ret)
{
	size_t n = 0;

	for (unsigned i = 0; i <= SECCOMP_CALLS; i++) {
		place to = l->at[i < SECCOMP_CALLS ? verdicts[i] : CALL_UNKNOWN];

		if (!n || ret[n - 1].verdict != to)
			ret[n++] = (struct range){ .first = i, .weight = 1, .verdict = to };
		if (i < SECCOMP_CALLS && seccomp_is_hot(i))
			ret[n - 1].weight += 4;
	}
	return n;
}

/* Where both sides weigh the same, or nearly. */
static size_t middle(const struct range *r, size_t n)
{
	unsigned all = 0, left = r[0].weight;
	size_t m = 1;

	for (size_t i = 0; i < n; i++)
		all += r[i].weight;
	while (m + 1 < n && 2 * left + r[m].weight <= all)
		left += r[m++].weight;
	return m;
}

static place put_tree(struct program *p, const struct range *r, size_t n)
{
	size_t m;
	place above, below;

	if (n == 1)
		return r->verdict;
	if (n == 3 && r[0].verdict == r[2].verdict && r[2].first == r[1].first + 1)
		return branch(p, BPF_JEQ, r[1].first, r[1].verdict, r[0].verdict);
	m = middle(r, n);
	above = put_tree(p, r + m, n - m);
	below = put_tree(p, r, m);
	return branch(p, BPF_JGE, r[m].first, above, below);
}

static void put_program(struct program *p, const uint8_t *verdicts)
{
	struct range ranges[SECCOMP_CALLS + 1] = { 0 };
	struct leaves l = { 0 };
	place foreign, top;
	size_t n;

	foreign = leave(p, SECCOMP_RET_KILL_PROCESS);
	put_leaves(p, verdicts, &l);
	n = find_ranges(verdicts, &l, ranges);
	top = put_tree(p, ranges, n);
	if (top != p->n)
		put(p, BPF_JMP | BPF_JA, p->n - top, 0, 0);
	top = load(p, offsetof(struct seccomp_data, nr));
	branch(p, BPF_JEQ, NATIVE, top, foreign);
	load(p, offsetof(struct seccomp_data, arch));
}

int seccomp_generate(const uint8_t verdicts[SECCOMP_CALLS], struct sock_fprog *ret)
{
	struct program p;
	size_t size;

	p.n = 0;
	put_program(&p, verdicts);
	size = p.n * sizeof(p.insn[0]);
	ret->filter = malloc(size);
	if (!ret->filter)
		return -ENOMEM;
	memcpy(ret->filter, p.insn + MOST - p.n, size);
	ret->len = (unsigned short)p.n;
	return 0;
}

int seccomp_default(uint64_t caps, struct sock_fprog *ret)
{
	uint8_t verdicts[SECCOMP_CALLS];
	int r = seccomp_verdicts(caps, verdicts);

	return r ? r : seccomp_generate(verdicts, ret);
}

/* ---- loading ---- */

int seccomp_load(const struct sock_fprog *p)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, p) < 0 ? -errno : 0;
}

void seccomp_free(struct sock_fprog *p)
{
	free(p->filter);
	*p = (struct sock_fprog){ 0 };
}
