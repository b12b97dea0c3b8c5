/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PATH and CONTROLLERS:PATH. */
#include "target.h"

#include <errno.h>
#include <string.h>

#include "util/cleanup.h"

/* The colon that ends the controllers, NULL when text is a path alone. */
static const char *colon_of(const char *text)
{
	size_t len = strcspn(text, ":/");

	return text[len] == ':' && strncmp(text, "./", 2) ? text + len : NULL;
}

int target_parse(struct cgx *cgx, const char *text, cgx_set *ret_controllers, const char **ret_path)
{
	const char *colon = colon_of(text);
	char *list AUTO_FREE = NULL;
	cgx_set set = 0;
	int r = 0;

	if (colon == text) {
		set = CGX_C_CORE;
	} else if (colon) {
		list = strndup(text, (size_t)(colon - text));
		r = list ? cgx_set_parse(cgx, list, &set) : -ENOMEM;
	}
	if (r < 0)
		return r;
	*ret_controllers = set;
	*ret_path = colon ? colon + 1 : text;
	return 0;
}

int target_open(struct cgx *cgx, const char *text, struct cgx_group **ret)
{
	cgx_set controllers = 0;
	const char *path = "";
	int r = target_parse(cgx, text, &controllers, &path);

	return r < 0 ? r : cgx_group_open(cgx, path, controllers, ret);
}
