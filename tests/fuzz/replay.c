/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Run a fuzz target on files, and on each with its bytes cut off and changed one by one: the corpus as a test. */
#include <stdio.h>

#include "fuzz.h"

static void run_variants(uint8_t *data, size_t size)
{
	static const uint8_t bytes[] = { 0, '\n', ' ', ':', ',', '=', '9', 0xff };

	for (size_t n = 0; n <= size; n++)
		LLVMFuzzerTestOneInput(data, n);
	for (size_t i = 0; i < size; i++)
		for (size_t k = 0; k < sizeof(bytes); k++) {
			uint8_t kept = data[i];

			data[i] = bytes[k];
			LLVMFuzzerTestOneInput(data, size);
			data[i] = kept;
		}
}

int main(int argc, char **argv)
{
	static uint8_t data[4096];
	int failed = 0;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		size_t size = f ? fread(data, 1, sizeof(data), f) : 0;

		if (f) {
			fclose(f);
			run_variants(data, size);
		}
		failed |= !f;
		printf("%sok %d - %s\n", f ? "" : "not ", i, argv[i]);
	}
	return failed;
}
