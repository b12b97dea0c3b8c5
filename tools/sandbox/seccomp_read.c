/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Docker's and podman's profiles: rules with conditions (capabilities, architecture, kernel) that are settled here. Keys that
 * are not known are refused, unlike in other readers: a condition that is passed over makes a rule apply where it was not
 * meant to.
 */
#include "sandbox/seccomp_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/capabilities.h"
#include "util/num.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- words of the format ---- */

static const struct {
	const char *name;
	enum profile_act act;
} acts[] = {
	{ "SCMP_ACT_KILL", PROFILE_KILL_THREAD }, { "SCMP_ACT_KILL_THREAD", PROFILE_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", PROFILE_KILL_PROCESS }, { "SCMP_ACT_TRAP", PROFILE_TRAP },
	{ "SCMP_ACT_ERRNO", PROFILE_ERRNO }, { "SCMP_ACT_TRACE", PROFILE_TRACE }, { "SCMP_ACT_LOG", PROFILE_LOG },
	{ "SCMP_ACT_ALLOW", PROFILE_ALLOW },
};

static const struct {
	const char *name;
	enum profile_op op;
} ops[] = {
	{ "SCMP_CMP_NE", PROFILE_NE }, { "SCMP_CMP_LT", PROFILE_LT }, { "SCMP_CMP_LE", PROFILE_LE },
	{ "SCMP_CMP_EQ", PROFILE_EQ }, { "SCMP_CMP_GE", PROFILE_GE }, { "SCMP_CMP_GT", PROFILE_GT },
	{ "SCMP_CMP_MASKED_EQ", PROFILE_MASKED_EQ },
};

/* Architectures of one family can be run by the same machine. short_name: in "arches". */
static const struct arch {
	const char *name, *short_name;
	int family;
} archs[] = {
	{ "SCMP_ARCH_X86_64", "amd64", 1 }, { "SCMP_ARCH_X86", "x86", 1 }, { "SCMP_ARCH_X32", "x32", 1 },
	{ "SCMP_ARCH_AARCH64", "arm64", 2 }, { "SCMP_ARCH_ARM", "arm", 2 }, { "SCMP_ARCH_RISCV64", "riscv64", 3 },
	{ "SCMP_ARCH_S390X", "s390x", 4 }, { "SCMP_ARCH_S390", "s390", 4 }, { "SCMP_ARCH_PPC64LE", "ppc64le", 5 },
	{ "SCMP_ARCH_PPC64", "ppc64", 6 }, { "SCMP_ARCH_PPC", "ppc", 6 }, { "SCMP_ARCH_MIPS", "mips", 7 },
	{ "SCMP_ARCH_MIPS64", "mips64", 7 }, { "SCMP_ARCH_MIPS64N32", "mips64n32", 7 }, { "SCMP_ARCH_MIPSEL", "mipsel", 8 },
	{ "SCMP_ARCH_MIPSEL64", "mipsel64", 8 }, { "SCMP_ARCH_MIPSEL64N32", "mipsel64n32", 8 },
	{ "SCMP_ARCH_LOONGARCH64", "loong64", 9 }, { "SCMP_ARCH_PARISC", "parisc", 10 },
	{ "SCMP_ARCH_PARISC64", "parisc64", 10 }, { "SCMP_ARCH_M68K", "m68k", 11 }, { "SCMP_ARCH_SH", "sh", 12 },
	{ "SCMP_ARCH_SHEB", "sheb", 13 },
};

/* They change how a filter is loaded or told of, not what it allows. */
static const char *const flags[] = {
	"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
};

#define E(name) { #name, name }
static const struct {
	const char *name;
	int err;
} errnos[] = {
	E(EPERM), E(ENOSYS), E(EACCES), E(EINVAL), E(ENOENT), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(EBADF), E(EAGAIN),
	E(ENOMEM), E(EFAULT), E(EBUSY), E(EEXIST), E(ENODEV), E(ENFILE), E(EMFILE), E(EFBIG), E(ENOSPC), E(EROFS), E(EDOM),
	E(ERANGE), E(EDEADLK), E(ENODATA), E(EOVERFLOW), E(EAFNOSUPPORT), E(EPROTONOSUPPORT), E(EOPNOTSUPP), E(ECONNREFUSED),
};
#undef E

static int check_keys(const struct json_value *object, const char *const *known, struct buf *why)
{
	for (const struct json_value *v = object->first; v; v = v->next) {
		const char *const *k = known;

		while (*k && strcmp(*k, v->key))
			k++;
		if (!*k && strcmp(v->key, "comment")) {
			json_fault(v, why, "no key that is known here; these are:");
			for (k = known; *k; k++)
				buf_printf(why, " %s", *k);
			return -EBADMSG;
		}
	}
	return 0;
}

/* json_string() and so on, but what is not there is a fault of its parent, too. */
static int need(int r, const struct json_value *parent, const char *key, struct buf *why)
{
	if (r)
		return r < 0 ? r : 0;
	return json_fault(parent, why, "\"%s\" is missing", key);
}

/* ---- actions ---- */

static int find_errno(const struct json_value *v, const char *name, uint64_t *ret, struct buf *why)
{
	for (size_t i = 0; i < COUNT(errnos); i++)
		if (!strcmp(errnos[i].name, name)) {
			*ret = (uint64_t)errnos[i].err;
			return 0;
		}
	return json_fault(v, why, "no error that is known by name here; give its number");
}

/* Of "errnoRet" and "errno" (podman's, a name). 0 none, *ret untouched; 1 one. */
static int read_errno(const struct json_value *in, const char *number_key, const char *name_key, uint64_t *ret, struct buf *why)
{
	const struct json_value *named = json_member(in, name_key);
	const char *name = "";
	uint64_t number = 0, by_name = 0;
	int has_number = json_number(json_member(in, number_key), 4095, &number, why);
	int has_name = has_number < 0 ? has_number : json_string(named, &name, why);
	int r;

	if (has_name < 0)
		return has_name;
	if (!*name) {
		*ret = has_number ? number : *ret;
		return has_number;
	}
	r = find_errno(named, name, &by_name, why);
	if (r)
		return r;
	if (has_number && number != by_name)
		return json_fault(named, why, "not the same as \"%s\"", number_key);
	*ret = by_name;
	return 1;
}

static int read_action(const struct json_value *in, const char *key, const char *number_key, const char *name_key,
		       struct profile_action *ret, struct buf *why)
{
	const struct json_value *v = json_member(in, key);
	const char *name = NULL;
	uint64_t err = EPERM;
	int has_errno = read_errno(in, number_key, name_key, &err, why), r;
	size_t i = 0;

	if (has_errno < 0)
		return has_errno;
	r = need(json_string(v, &name, why), in, key, why);
	if (r)
		return r;
	while (i < COUNT(acts) && strcmp(acts[i].name, name))
		i++;
	if (i == COUNT(acts))
		return json_fault(v, why, strcmp(name, "SCMP_ACT_NOTIFY") ? "not an action: SCMP_ACT_ALLOW, _ERRNO, _KILL_PROCESS, "
				  "_KILL_THREAD, _TRAP, _TRACE or _LOG" : "nobody is there who could be notified: take another action");
	ret->act = acts[i].act;
	if (ret->act != PROFILE_ERRNO && ret->act != PROFILE_TRACE) {
		if (has_errno)
			return json_fault(v, why, "this action has no errno");
		err = 0;
	}
	ret->err = (uint16_t)err;
	return 0;
}

/* ---- whether a rule applies ---- */

/* Bits by number. A name that no kernel knows is a fault, because it may be a misspelled one. */
static int read_caps(const struct json_value *list, uint64_t *ret, struct buf *why)
{
	*ret = 0;
	for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
		const char *name = NULL, *known = NULL;
		unsigned i = 0;
		int r = need(json_string(v, &name, why), v, "a name", why);

		if (r)
			return r;
		while ((known = capabilities_name(i)) && strcmp(known, name))
			i++;
		if (!known)
			return json_fault(v, why, "no capability has this name; capabilities(7) lists them, as CAP_NET_ADMIN");
		*ret |= CAPABILITY(i);
	}
	return 0;
}

static const struct arch *find_arch(const char *name)
{
	for (size_t i = 0; i < COUNT(archs); i++)
		if (!strcmp(archs[i].name, name))
			return &archs[i];
	return NULL;
}

static int has_arch(const struct json_value *list, const char *name, int *ret, struct buf *why)
{
	*ret = 0;
	for (const struct json_value *v = list->first; v; v = v->next) {
		const char *s = NULL;
		int r = need(json_string(v, &s, why), v, "a name", why);

		if (r)
			return r;
		*ret |= !strcmp(s, name);
	}
	return 0;
}

/* "4.8": 1 this kernel has it, 0 it is older, -EBADMSG. */
static int has_kernel(const struct json_value *v, const char *text, const struct profile_host *host, struct buf *why)
{
	uint64_t major = 0, minor = 0;
	const char *s = text;

	if (num_scan(&s, &major) || *s++ != '.' || num_scan(&s, &minor) || *s || major > 255 || minor > 255)
		return json_fault(v, why, "not the version of a kernel, as 4.8");
	return host->kernel[0] > major || (host->kernel[0] == major && host->kernel[1] >= minor);
}

/* Is it met? What is not asked for stays as it is given. */
struct conditions {
	int all_caps, any_cap, arch, kernel;
};

static int read_conditions(const struct json_value *in, const struct profile_host *host, struct conditions *ret, struct buf *why)
{
	static const char *const keys[] = { "caps", "arches", "minKernel", NULL };
	const struct arch *own = find_arch(host->arch);
	const struct json_value *caps = NULL, *list = NULL;
	const char *kernel = "";
	uint64_t set = 0;
	int r = check_keys(in, keys, why);

	if (!r)
		r = json_array(json_member(in, "caps"), &caps, why);
	if (r >= 0)
		r = read_caps(caps, &set, why);
	if (!r && caps && caps->n) {
		ret->all_caps = (set & host->caps) == set;
		ret->any_cap = (set & host->caps) != 0;
	}
	if (!r)
		r = json_array(json_member(in, "arches"), &list, why);
	if (r > 0 && list)
		r = list->n ? has_arch(list, own ? own->short_name : "", &ret->arch, why) : 0;
	if (!r)
		r = json_string(json_member(in, "minKernel"), &kernel, why);
	if (r > 0 && *kernel)
		r = ret->kernel = has_kernel(json_member(in, "minKernel"), kernel, host, why);
	return r < 0 ? r : 0;
}

static int read_applies(const struct json_value *in, const struct profile_host *host, int *ret, struct buf *why)
{
	struct conditions with = { 1, 1, 1, 1 }, without = { 0, 0, 0, 0 };
	const struct json_value *v = NULL;
	int r = json_object(json_member(in, "includes"), &v, why);

	if (r > 0)
		r = read_conditions(v, host, &with, why);
	if (r >= 0)
		r = json_object(json_member(in, "excludes"), &v, why);
	if (r > 0)
		r = read_conditions(v, host, &without, why);
	*ret = with.all_caps && with.arch && with.kernel && !without.any_cap && !without.arch && !without.kernel;
	return r < 0 ? r : 0;
}

/* ---- rules ---- */

static int check_name(const struct json_value *v, struct buf *why)
{
	const char *name = NULL;
	int r = need(json_string(v, &name, why), v, "a name", why);

	if (r)
		return r;
	if (!*name || strlen(name) > 64 || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return json_fault(v, why, "not the name of a system call");
	return 0;
}

static int read_names(const struct json_value *in, struct profile_rule *rule, struct buf *why)
{
	const struct json_value *one = json_member(in, "name"), *many = NULL;
	int r = json_array(json_member(in, "names"), &many, why);

	if (r < 0)
		return r;
	if (one && many && many->n)
		return json_fault(one, why, "beside \"names\"; one of the two");
	if (one) {
		rule->names = one;
		return check_name(one, why);
	}
	if (!many || !many->n)
		return json_fault(many ? many : in, why, "no system call is named");
	rule->names = many;
	for (const struct json_value *v = many->first; v; v = v->next) {
		r = check_name(v, why);
		if (r)
			return r;
	}
	return 0;
}

static int read_test(const struct json_value *in, struct profile_test *ret, struct buf *why)
{
	static const char *const keys[] = { "index", "value", "valueTwo", "op", NULL };
	const struct json_value *object = NULL;
	const char *op = NULL;
	uint64_t arg = 0;
	size_t i = 0;
	int r = need(json_object(in, &object, why), in, "an object", why);

	if (!r)
		r = check_keys(object, keys, why);
	if (!r)
		r = need(json_number(json_member(object, "index"), 5, &arg, why), in, "index", why);
	if (!r)
		r = need(json_number(json_member(object, "value"), UINT64_MAX, &ret->value, why), in, "value", why);
	if (!r)
		r = json_number(json_member(object, "valueTwo"), UINT64_MAX, &ret->two, why);
	if (r >= 0)
		r = need(json_string(json_member(object, "op"), &op, why), in, "op", why);
	if (r)
		return r;
	while (i < COUNT(ops) && strcmp(ops[i].name, op))
		i++;
	if (i == COUNT(ops))
		return json_fault(json_member(object, "op"), why, "not SCMP_CMP_EQ, _NE, _LT, _LE, _GE, _GT or _MASKED_EQ");
	ret->arg = (unsigned)arg;
	ret->op = ops[i].op;
	return 0;
}

static int read_tests(const struct json_value *in, struct profile_rule *rule, struct buf *why)
{
	const struct json_value *list = NULL;
	int r = json_array(json_member(in, "args"), &list, why);

	if (r <= 0 || !list->n)
		return r < 0 ? r : 0;
	rule->test = calloc(list->n, sizeof(*rule->test));
	if (!rule->test)
		return -ENOMEM;
	for (const struct json_value *v = list->first; v; v = v->next) {
		r = read_test(v, &rule->test[rule->n_tests++], why);
		if (r)
			return r;
	}
	return 0;
}

static int read_rule(const struct json_value *in, const struct profile_host *host, struct profile_rule *rule, struct buf *why)
{
	static const char *const keys[] = {
		"names", "name", "action", "errnoRet", "errno", "args", "includes", "excludes", NULL,
	};
	const struct json_value *object = NULL;
	int r = need(json_object(in, &object, why), in, "an object", why);

	rule->at = in;
	if (!r)
		r = check_keys(object, keys, why);
	if (!r)
		r = read_names(object, rule, why);
	if (!r)
		r = read_action(object, "action", "errnoRet", "errno", &rule->action, why);
	if (!r)
		r = read_tests(object, rule, why);
	return r ? r : read_applies(object, host, &rule->applies, why);
}

static int read_rules(const struct json_value *top, const struct profile_host *host, struct profile *p, struct buf *why)
{
	const struct json_value *list = NULL;
	int r = json_array(json_member(top, "syscalls"), &list, why);

	if (r <= 0 || !list->n)
		return r < 0 ? r : 0;
	p->rule = calloc(list->n, sizeof(*p->rule));
	if (!p->rule)
		return -ENOMEM;
	for (const struct json_value *v = list->first; v; v = v->next) {
		r = read_rule(v, host, &p->rule[p->n_rules++], why);
		if (r)
			return r;
	}
	return 0;
}

/* ---- architectures ---- */

static int read_arch(const struct json_value *v, const struct arch **ret, struct buf *why)
{
	const char *name = NULL;
	int r = need(json_string(v, &name, why), v, "a name", why);

	if (r)
		return r;
	*ret = find_arch(name);
	return *ret ? 0 : json_fault(v, why, "not the name of an architecture, as SCMP_ARCH_X86_64");
}

static void add_arch(struct profile *p, const struct arch *a, const struct arch *own)
{
	if (!own || a->family != own->family)
		return;
	for (size_t i = 0; i < p->n_archs; i++)
		if (p->arch[i] == a->name)
			return;
	if (p->n_archs < COUNT(p->arch))
		p->arch[p->n_archs++] = a->name;
}

/* own NULL: they are looked at, no more. */
static int read_arch_list(const struct json_value *list, const struct arch *own, struct profile *p, struct buf *why)
{
	for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
		const struct arch *a = NULL;
		int r = read_arch(v, &a, why);

		if (r)
			return r;
		add_arch(p, a, own);
	}
	return 0;
}

static int read_map_entry(const struct json_value *in, const struct arch *own, struct profile *p, struct buf *why)
{
	static const char *const keys[] = { "architecture", "subArchitectures", NULL };
	const struct json_value *object = NULL, *list = NULL;
	const struct arch *a = NULL;
	int r = need(json_object(in, &object, why), in, "an object", why);

	if (!r)
		r = check_keys(object, keys, why);
	if (!r && !json_member(object, "architecture"))
		return json_fault(in, why, "\"architecture\" is missing");
	if (!r)
		r = read_arch(json_member(object, "architecture"), &a, why);
	if (!r)
		r = json_array(json_member(object, "subArchitectures"), &list, why);
	if (r < 0)
		return r;
	if (a == own)
		add_arch(p, a, own);
	return read_arch_list(list, a == own ? own : NULL, p, why);
}

static int read_archs(const struct json_value *top, const struct profile_host *host, struct profile *p, struct buf *why)
{
	const struct arch *own = find_arch(host->arch);
	const struct json_value *list = NULL, *map = NULL;
	int r = json_array(json_member(top, "architectures"), &list, why);

	if (r >= 0)
		r = json_array(json_member(top, "archMap"), &map, why);
	if (r < 0)
		return r;
	if (list && list->n && map && map->n)
		return json_fault(list, why, "beside \"archMap\"; one of the two");
	r = read_arch_list(list, own, p, why);
	for (const struct json_value *v = map ? map->first : NULL; v && !r; v = v->next)
		r = read_map_entry(v, own, p, why);
	return r;
}

/* ---- the profile ---- */

static int read_flags(const struct json_value *top, struct buf *why)
{
	const struct json_value *list = NULL;
	int r = json_array(json_member(top, "flags"), &list, why);

	for (const struct json_value *v = list ? list->first : NULL; v && r >= 0; v = v->next) {
		const char *name = NULL;
		size_t i = 0;

		r = need(json_string(v, &name, why), v, "a name", why);
		if (r)
			return r;
		while (i < COUNT(flags) && strcmp(flags[i], name))
			i++;
		if (i == COUNT(flags))
			return json_fault(v, why, "not a flag that is known here");
	}
	return r < 0 ? r : 0;
}

static int read_top(struct profile *p, const struct profile_host *host, struct buf *why)
{
	static const char *const keys[] = {
		"defaultAction", "defaultErrnoRet", "defaultErrno", "archMap", "architectures", "flags", "syscalls", "$schema", NULL,
	};
	const struct json_value *v = json_top(p->tree), *top = NULL;
	int r = need(json_object(v, &top, why), v, "an object", why);

	if (!r)
		r = check_keys(top, keys, why);
	if (!r)
		r = read_action(top, "defaultAction", "defaultErrnoRet", "defaultErrno", &p->otherwise, why);
	if (!r)
		r = read_flags(top, why);
	if (!r)
		r = read_archs(top, host, p, why);
	return r ? r : read_rules(top, host, p, why);
}

int profile_read(const char *text, size_t n, const struct profile_host *host, struct profile *ret, struct buf *why)
{
	struct profile p = { 0 };
	int r = json_read(text, n, &p.tree, why);

	if (!r)
		r = read_top(&p, host, why);
	if (r)
		profile_free(&p);
	else
		*ret = p;
	return r;
}

void profile_free(struct profile *p)
{
	for (size_t i = 0; i < p->n_rules; i++)
		free(p->rule[i].test);
	free(p->rule);
	json_tree_free(p->tree);
	*p = (struct profile){ 0 };
}
