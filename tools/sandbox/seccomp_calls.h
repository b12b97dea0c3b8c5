/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of the built-in filter: what becomes of each system call of this machine's architecture. */
#ifndef CGX_SANDBOX_SECCOMP_CALLS_H
#define CGX_SANDBOX_SECCOMP_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

/* What a call depends on, when not on its number alone: one argument, of which the kernel itself takes 32 bits. */
enum rule_test { RULE_ONE_OF, RULE_NONE_OF, RULE_NO_BITS };
struct seccomp_rule {
	uint16_t call;
	uint8_t arg;
	uint8_t test;       /* of the argument with value[]: enum rule_test; it holds: allowed */
	uint16_t err;       /* it does not: this errno */
	uint16_t n;
	uint32_t value[5];
	uint64_t free_with; /* capabilities of which one makes the call free */
	uint64_t only_with; /* the rule is for those who have one of these; 0: for all whom no earlier rule of the call took */
};
enum { SECCOMP_MOST_RULES = 16 };
extern const struct seccomp_rule seccomp_rules[];
extern const size_t seccomp_n_rules;

/* Numbers from here on are no call that is known. */
#define SECCOMP_CALLS 512

/* CALL_RULE + i: what seccomp_rules[i] says. */
enum seccomp_verdict { CALL_UNKNOWN, CALL_DENIED, CALL_MISSING, CALL_ALLOWED, CALL_RULE };

/* For a command that may have these capabilities (bits by number): 0, or -ENOTSUP: the architecture is not known. */
int seccomp_verdicts(uint64_t caps, uint8_t ret[SECCOMP_CALLS]);
/* The filter of these verdicts. ret->filter is malloc'd. 0 or -ENOMEM. */
int seccomp_generate(const uint8_t verdicts[SECCOMP_CALLS], struct sock_fprog *ret);
/* 1: a call that programs make so often that it should be decided early. */
int seccomp_is_hot(unsigned call);

#endif
