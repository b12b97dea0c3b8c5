/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A filter of system calls run as the kernel runs it, in as much of BPF as such filters consist of. */
#ifndef CGX_TESTS_BPF_RUN_H
#define CGX_TESTS_BPF_RUN_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>

#define BPF_BROKEN 0xdeadbeefu /* no action: the program runs out of itself, or holds what is not known here */

/* The action; *steps, unless NULL, gets the instructions that it took. */
static inline uint32_t bpf_run(const struct sock_fprog *p, const struct seccomp_data *data, unsigned *steps)
{
	uint32_t a = 0;

	if (steps)
		*steps = 0;
	for (size_t at = 0; at < p->len; at++) {
		const struct sock_filter *i = &p->filter[at];
		int yes;

		if (steps)
			++*steps;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k > sizeof(*data) - sizeof(a) || i->k % sizeof(a))
				return BPF_BROKEN;
			memcpy(&a, (const char *)data + i->k, sizeof(a));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_JMP | BPF_JA:
			at += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = (a & i->k) != 0;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return BPF_BROKEN;
		}
		at += yes ? i->jt : i->jf;
	}
	return BPF_BROKEN;
}

#endif
