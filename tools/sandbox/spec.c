/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sandbox shall be. */
#include "sandbox/spec.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/capabilities.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const struct {
	const char *name;
	uint64_t flag;
} namespaces[NS_COUNT] = {
	[NS_MOUNT] = { "mnt", CLONE_NEWNS }, [NS_PID] = { "pid", CLONE_NEWPID }, [NS_NET] = { "net", CLONE_NEWNET },
	[NS_IPC] = { "ipc", CLONE_NEWIPC }, [NS_UTS] = { "uts", CLONE_NEWUTS }, [NS_USER] = { "user", CLONE_NEWUSER },
	[NS_CGROUP] = { "cgroup", CLONE_NEWCGROUP }, [NS_TIME] = { "time", CLONE_NEWTIME },
};

const char *ns_name(enum ns ns)
{
	return namespaces[ns].name;
}

uint64_t ns_flag(enum ns ns)
{
	return namespaces[ns].flag;
}

int words_add(struct words *w, const char *s)
{
	char **more = reallocarray(w->v, w->n + 2, sizeof(*more));

	if (!more)
		return -ENOMEM;
	w->v = more;
	w->v[w->n] = strdup(s);
	if (!w->v[w->n])
		return -ENOMEM;
	w->v[++w->n] = NULL;
	return 0;
}

void words_free(struct words *w)
{
	while (w->n)
		free(w->v[--w->n]);
	free(w->v);
	*w = (struct words){ 0 };
}

void spec_init(struct sandbox_spec *s)
{
	*s = (struct sandbox_spec){ .init = 1, .caps = CAPABILITIES_DEFAULT, .timeout_us = UINT64_MAX,
				    .kill_after_us = 10000000 };
}

void spec_free(struct sandbox_spec *s)
{
	free(s->name);
	free(s->root);
	words_free(&s->lower);
	for (int i = 0; i < NS_COUNT; i++)
		if (s->ns[i].how == NS_JOIN)
			close(s->ns[i].fd);
	words_free(&s->argv);
	words_free(&s->env);
	free(s->cwd);
	free(s->user);
	free(s->hostname);
	free(s->seccomp);
	for (size_t i = 0; i < s->n_volumes; i++) {
		free(s->volume[i].source);
		free(s->volume[i].target);
	}
	free(s->volume);
	free(s->rlimit);
	words_free(&s->limits);
	free(s->net.name);
	free(s->net.port);
	*s = (struct sandbox_spec){ 0 };
}

int spec_check_name(const char *name, struct buf *why)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	if (name[n] || !*name || !strchr(letters, *name) || n > 63) {
		buf_puts(why, "a name has 1 to 63 letters, digits, _ . - and begins with a letter or a digit");
		return -EINVAL;
	}
	return 0;
}

unsigned spec_name_hash(const char *name)
{
	unsigned h = 5381;

	while (*name)
		h = h * 33 + (unsigned char)*name++;
	return h;
}

int spec_has_volume(const struct sandbox_spec *s, const char *target)
{
	for (size_t i = 0; i < s->n_volumes; i++)
		if (!strcmp(s->volume[i].target, target))
			return 1;
	return 0;
}

int spec_show_file(struct sandbox_spec *s, const char *source, const char *target)
{
	struct volume *more, *v;

	if (spec_has_volume(s, target))
		return 0;
	more = reallocarray(s->volume, s->n_volumes + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->volume = more;
	v = &more[s->n_volumes++];
	*v = (struct volume){ .kind = VOLUME_BIND, .flags = VOLUME_READ_ONLY, .source = strdup(source), .target = strdup(target) };
	return v->source && v->target ? 0 : -ENOMEM;
}

/* The first part of a path that is one: "/./proc/x" and "//proc" begin with proc. */
static int is_kernels(const char *path)
{
	static const char *const names[] = { "proc", "sys", "dev" };
	size_t n;

	for (;; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n != 1 || *path != '.')
			break;
	}
	for (int i = 0; i < 3; i++)
		if (strlen(names[i]) == n && !strncmp(path, names[i], n))
			return i < 2 || !path[n + strspn(path + n, "/.")]; /* below /dev there may be something */
	return 0;
}

static int leads_up(const char *path)
{
	for (; *path; path += strcspn(path, "/")) {
		path += strspn(path, "/");
		if (!strncmp(path, "..", 2) && (!path[2] || path[2] == '/'))
			return 1;
	}
	return 0;
}

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *(path += strspn(path, "/")); path += strcspn(path, "/"))
		n++;
	return n;
}

void spec_order_volumes(struct sandbox_spec *s)
{
	for (size_t i = 1; i < s->n_volumes; i++)
		for (size_t k = i; k && depth(s->volume[k].target) < depth(s->volume[k - 1].target); k--) {
			struct volume v = s->volume[k];

			s->volume[k] = s->volume[k - 1];
			s->volume[k - 1] = v;
		}
}

static int is_hostname(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return n && n <= HOST_NAME_MAX && !name[n] && *name != '.' && *name != '-';
}

static int refuse(struct buf *why, const char *cause)
{
	buf_puts(why, cause);
	return -EINVAL;
}

int spec_check(const struct sandbox_spec *s, struct buf *why)
{
	if (!s->argv.n)
		return refuse(why, "no command is named, and the root names none");
	if (s->ns[NS_MOUNT].how != NS_OWN)
		return refuse(why, "the mount namespace is always its own: the root lies in it");
	if (s->ns[NS_PID].how != NS_OWN && s->init)
		return refuse(why, "an init is the first process of its own pid namespace; use --no-init with another's");
	if (s->ns[NS_UTS].how != NS_OWN && s->hostname)
		return refuse(why, "the host name of a shared uts namespace is not ours to set");
	if (s->hostname && !is_hostname(s->hostname))
		return refuse(why, "a host name has 1 to 64 letters, digits, _ . - and begins with none of the last two");
	if (s->cwd && *s->cwd != '/')
		return refuse(why, "the working directory must be absolute");
	for (size_t i = 0; i < s->n_volumes; i++)
		if (*s->volume[i].target != '/' || !depth(s->volume[i].target) || leads_up(s->volume[i].target))
			return refuse(why, "a volume's place inside must be absolute, without .. in it, and not /");
	for (size_t i = 0; i < s->n_volumes; i++)
		if (is_kernels(s->volume[i].target))
			return refuse(why, "nothing is mounted over /proc, /sys and /dev: what protects the host lies there");
	if (s->own_root && (!s->root || strcmp(s->root, "/") != 0))
		return refuse(why, "--own-root says whose the files of this host's own tree are, ROOT /; those of another root are its own");
	if (s->net.n_dns && s->net.how != NET_BRIDGE)
		return refuse(why, "--dns is for a network of sandboxes: use --net bridge, or a name");
	if ((s->net.subnet.width || s->net.address) && s->net.how != NET_BRIDGE)
		return refuse(why, "--subnet and --ip are for a network of sandboxes: use --net bridge, or a name");
	if (s->net.n_ports && s->net.how != NET_BRIDGE)
		return refuse(why, "ports are published from a network of sandboxes: use --net bridge, or a name");
	return 0;
}
