/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libcgroup itself says: oracle mounts | oracle get CONTROLLER GROUP NAME | oracle set CONTROLLER GROUP NAME VALUE */
#include <libcgroup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int mounts(void)
{
	struct cgroup_mount_point m;
	void *handle;
	int r = cgroup_get_controller_begin(&handle, &m);

	for (; !r; r = cgroup_get_controller_next(&handle, &m))
		printf("%s %s\n", m.name, m.path);
	cgroup_get_controller_end(&handle);
	return r != ECGEOF;
}

static int get(char **argv)
{
	struct cgroup *g = cgroup_new_cgroup(argv[1]);
	struct cgroup_controller *c;
	char *value = NULL;
	int r = cgroup_get_cgroup(g);

	c = r ? NULL : cgroup_get_controller(g, argv[0]);
	r = !c || cgroup_get_value_string(c, argv[2], &value);
	if (!r)
		printf("%s\n", value);
	free(value);
	cgroup_free(&g);
	return r;
}

static int set(char **argv)
{
	struct cgroup *g = cgroup_new_cgroup(argv[1]);
	struct cgroup_controller *c = cgroup_add_controller(g, argv[0]);
	int r = !c || cgroup_set_value_string(c, argv[2], argv[3]) || cgroup_modify_cgroup(g);

	cgroup_free(&g);
	return r;
}

/* libcgroup forgets what it has read; that is not what is asked of it here. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "parse")) /* touches no kernel, and can be asked once a process */
		return cgroup_init_templates_cache(argv[2]) != 0;
	if (argc < 2 || cgroup_init())
		return 2;
	if (!strcmp(argv[1], "mounts"))
		return mounts();
	if (argc == 5 && !strcmp(argv[1], "get"))
		return get(argv + 2);
	if (argc == 6 && !strcmp(argv[1], "set"))
		return set(argv + 2);
	return 2;
}
