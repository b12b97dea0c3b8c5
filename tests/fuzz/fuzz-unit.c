/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: names of groups read as systemd's. Input: a path; or a setting, NUL, a value that becomes a property. */
#include "fuzz.h"
#include "libcgx/unit_name.h"

static void check_path(const char *path)
{
	size_t len = strlen(path);
	struct unit_ref u, again;

	if (!unit_find(path, &u))
		return;
	/* the unit lies in the path, and its own group's path names the same unit */
	if (u.path_len > len || u.name < path || u.name + u.name_len > path + u.path_len || !u.name_len || u.name_len > 255)
		abort();
	if (memchr(u.name, '/', u.name_len) || u.own != (strspn(path + u.path_len, "/") == len - u.path_len))
		abort();
	{
		AUTO_FREE char *own = strndup(path, u.path_len);

		if (!own || !unit_find(own, &again) || !again.own || again.name_len != u.name_len || again.uid != u.uid ||
		    memcmp(again.name, u.name, u.name_len))
			abort();
	}
}

static void check_escapes(const char *name)
{
	AUTO_FREE char *plain = NULL;

	if (cgx_unit_unescape(name, &plain) || strlen(plain) > strlen(name))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = fuzz_text(data, size);
	AUTO_BUF struct buf b = { 0 };
	size_t n = strlen(s);

	check_path(s);
	check_escapes(s);
	if (n < size)
		unit_properties(s, s + n + 1, &b);
	else
		for (const struct cgx_setting *row = cgx_setting_next(NULL); row; row = cgx_setting_next(row))
			unit_properties(cgx_setting_name(row), s, &b);
	return 0;
}
