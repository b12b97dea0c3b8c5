/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parsers of /proc texts, on memory that they change in place. */
#include "private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Take one line off *s and end it; NULL at the end. */
static char *take_line(char **s)
{
	char *line = *s, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*s = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

/* Take one field off *s; NULL when there is none. */
static char *take_field(char **s)
{
	char *p = *s + strspn(*s, " \t"), *end = p + strcspn(p, " \t");

	if (!*p)
		return NULL;
	*s = *end ? end + 1 : end;
	*end = '\0';
	return p;
}

static int is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* \040 and the like (Documentation/filesystems/proc.rst 3.5), in place. */
static char *unescape(char *s)
{
	char *to = s;

	for (const char *p = s; *p; p++)
		if (*p == '\\' && is_octal(p[1]) && is_octal(p[2]) && is_octal(p[3]) && p[1] < '4') {
			*to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 3;
		} else {
			*to++ = *p;
		}
	*to = '\0';
	return s;
}

static int to_int(const char *s, int *ret)
{
	uint64_t n;

	if (!s || num_u64(s, &n) || n > INT32_MAX)
		return -EBADMSG;
	*ret = (int)n;
	return 0;
}

/* ID PARENT MAJ:MIN ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER */
static int parse_mount(char *line, struct proc_mount *m)
{
	char *root, *point, *options, *type, *super, *f;

	if (to_int(take_field(&line), &m->id) || to_int(take_field(&line), &m->parent) || !take_field(&line))
		return -EBADMSG;
	root = take_field(&line);
	point = root ? take_field(&line) : NULL;
	options = point ? take_field(&line) : NULL;
	do
		f = options ? take_field(&line) : NULL;
	while (f && strcmp(f, "-"));
	type = f ? take_field(&line) : NULL;
	/* an empty source leaves two blanks together, so the last field is taken from the end */
	super = type ? strrchr(line, ' ') : NULL;
	if (!type)
		return -EBADMSG;
	m->root = unescape(root);
	m->point = unescape(point);
	m->options = options;
	m->type = type;
	m->super_options = super ? super + 1 : line;
	return *m->root == '/' && *m->point == '/' ? 0 : -EBADMSG;
}

int proc_mount_next(char **s, struct proc_mount *ret)
{
	struct proc_mount m;
	char *line;

	while ((line = take_line(s)))
		if (!parse_mount(line, &m)) {
			*ret = m;
			return 1;
		}
	return 0;
}

int proc_cgroup_next(char **s, struct proc_cgroup_line *ret)
{
	char *line;

	while ((line = take_line(s))) {
		char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

		if (!second || second[1] != '/')
			continue;
		*first = *second = '\0';
		if (to_int(line, &ret->id))
			continue;
		ret->controllers = first + 1;
		ret->path = second + 1;
		return 1;
	}
	return 0;
}

int proc_subsys_next(char **s, struct proc_subsys *ret)
{
	char *line;

	while ((line = take_line(s))) {
		struct proc_subsys p = { .name = take_field(&line) };

		if (!p.name || *p.name == '#' || to_int(take_field(&line), &p.hierarchy) ||
		    to_int(take_field(&line), &p.groups) || to_int(take_field(&line), &p.enabled))
			continue;
		*ret = p;
		return 1;
	}
	return 0;
}

/* The nth blank-separated field from s on, 0 where it is missing or negative. */
static uint64_t field_number(const char *s, int n)
{
	uint64_t value = 0;

	while (n-- && (s = strchr(s, ' ')))
		s++;
	return s && !num_scan(&s, &value) ? value : 0;
}

/* Fields 14, 15, 20, 22 and 24 of proc(5), which field 5 stands before. */
static void fill_figures(const char *s, struct cgx_process *ret)
{
	uint64_t tick = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);

	ret->cpu_us = (field_number(s, 9) + field_number(s, 10)) * tick;
	ret->threads = (unsigned)field_number(s, 15);
	ret->started_us = field_number(s, 17) * tick;
	ret->rss = field_number(s, 19) * (uint64_t)sysconf(_SC_PAGESIZE);
}

int proc_stat(const char *s, struct cgx_process *ret)
{
	const char *open = strchr(s, '('), *close = strrchr(s, ')');
	uint64_t ppid;
	size_t n;

	if (!open || !close || close < open || close[1] != ' ' || !close[2] || close[3] != ' ')
		return -EBADMSG;
	s = close + 4;
	if (num_scan(&s, &ppid) || ppid > INT32_MAX)
		return -EBADMSG;
	n = (size_t)(close - open - 1);
	if (n >= sizeof(ret->comm))
		n = sizeof(ret->comm) - 1;
	memcpy(ret->comm, open + 1, n);
	ret->comm[n] = '\0';
	ret->state = close[2];
	ret->ppid = (pid_t)ppid;
	fill_figures(s + (*s == ' '), ret);
	return 0;
}
