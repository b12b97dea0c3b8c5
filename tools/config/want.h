/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What files say about groups, in cgconfig.conf form or the JSON of cgx-save. */
#ifndef CGX_CONFIG_WANT_H
#define CGX_CONFIG_WANT_H

#include "ui/frame.h"

struct want_setting {
	const char *controller; /* NULL: the name says it */
	const char *name;       /* NULL: the controller alone */
	const char *value;
	unsigned line;
};
struct want {
	const char *file;
	unsigned line;
	const char *path;       /* "/" the root group */
	int in_spaces;          /* namespace blocks say where it lies; a group of a JSON file has its whole path */
	int there;              /* the group was there before; for who brings it about */
	int has_perm;
	struct cgx_config_perm perm;
	struct want_setting *setting;
	size_t n;
	const struct want *again; /* the next of this name; order_groups() sees to it */
};
struct want_pair {          /* of mount and namespace blocks */
	const char *file;
	unsigned line;
	const char *controller, *where;
};
struct want_list {
	struct want *want;
	size_t n, cap;
	struct want_pair *mount, *space;
	size_t n_mounts, n_spaces;
	int has_default;
	struct cgx_config_perm by_default;
	/* what the strings above belong to */
	struct cgx_config **config;
	size_t n_configs;
	struct json_tree **json;
	size_t n_json;
	char **name;            /* of files in folders */
	size_t n_names;
};

/* Read a file, the *.conf and *.json of a directory in the order of their names, or "-". 0, or an exit status after the words. */
int want_read(const struct frame *f, const char *path, struct want_list *l);
int want_read_dir(const struct frame *f, const char *path, struct want_list *l);
/* Leave the groups of these names and those below them. Fails when a name is none of the list's. */
int want_keep(const struct frame *f, const char *file, char *const *names, size_t n, struct want_list *l);
void want_free(struct want_list *l);

#endif
