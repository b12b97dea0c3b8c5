/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: profiles of system calls in docker's form. What is refused is refused with a reason. */
#include <errno.h>

#include "fuzz.h"
#include "sandbox/capabilities.h"
#include "sandbox/seccomp_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct profile_host host = { .caps = CAPABILITIES_DEFAULT, .arch = "SCMP_ARCH_X86_64", .kernel = { 6, 12 } };
	struct buf AUTO_BUF why = { 0 };
	struct profile p;
	int r = profile_read((const char *)data, size, &host, &p, &why);

	if (r && !why.len && r != -ENOMEM)
		abort();
	if (r)
		return 0;
	for (size_t i = 0; i < p.n_rules; i++)
		for (size_t k = 0; k < p.rule[i].n_tests; k++)
			if (p.rule[i].test[k].arg > 5)
				abort();
	profile_free(&p);
	return 0;
}
