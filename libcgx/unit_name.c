/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemd's names: which unit a group's path belongs to, and what a setting is called as a property. No I/O. */
#include "unit_name.h"

#include <errno.h>
#include <stdio.h>

/* Units that have a group (systemd.resource-control(5)). */
static const char *const kinds[] = { ".slice", ".scope", ".service", ".socket", ".mount", ".swap" };

static int ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && !memcmp(s + len - n, end, n);
}

static int is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(":-_.\\@", c));
}

/* A name that the kernel keeps for its files has "_" before it (cgroup.service is _cgroup.service). */
static int take_unit(const char *s, size_t len, const char **ret, size_t *ret_len)
{
	int known = 0;

	if (len && *s == '_') {
		s++;
		len--;
	}
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		known |= ends_with(s, len, kinds[i]);
	for (size_t i = 0; known && i < len; i++)
		known = is_name_byte(s[i]);
	if (!known || len > 255)
		return 0;
	*ret = s;
	*ret_len = len;
	return 1;
}

/* "user@1000.service" runs a manager for that user. */
static int is_user_manager(const char *name, size_t len, uid_t *ret)
{
	uint64_t uid = 0;
	size_t i = 5;

	if (len < 14 || len > 23 || memcmp(name, "user@", 5) || !ends_with(name, len, ".service"))
		return 0;
	for (; i < len - 8; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		uid = uid * 10 + (uint64_t)(name[i] - '0');
	}
	if (uid >= UINT32_MAX)
		return 0;
	*ret = (uid_t)uid;
	return 1;
}

int unit_find(const char *path, struct unit_ref *ret)
{
	uid_t manager = (uid_t)-1;
	const char *p = path;
	int found = 0;

	while (*p) {
		size_t len = strcspn(p, "/");
		struct unit_ref u = { .uid = manager };

		if (!len) {
			p++;
			continue;
		}
		if (!take_unit(p, len, &u.name, &u.name_len))
			break;
		p += len;
		u.path_len = (size_t)(p - path);
		*ret = u;
		found = 1;
		if (ends_with(u.name, u.name_len, ".slice"))
			continue;
		/* below a scope or a service there are no units, unless a manager runs in it */
		if (manager != (uid_t)-1 || !is_user_manager(u.name, u.name_len, &manager))
			break;
	}
	if (found)
		ret->own = !path[ret->path_len + strspn(path + ret->path_len, "/")];
	return found;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

CGX_API int cgx_unit_unescape(const char *name, char **ret)
{
	struct buf b = { 0 };

	for (const char *p = name; *p; p++) {
		int high = p[0] == '\\' && p[1] == 'x' ? hex(p[2]) : -1, low = high < 0 ? -1 : hex(p[3]);

		if (low < 0 || !(high | low)) {
			buf_putc(&b, *p);
			continue;
		}
		buf_putc(&b, (char)(high << 4 | low));
		p += 3;
	}
	return buf_steal(&b, ret);
}

/* ---- properties ---- */

static const struct property {
	const char *setting, *name;
} properties[] = {
	{ "memory.max", "MemoryMax" }, { "memory.high", "MemoryHigh" }, { "memory.low", "MemoryLow" },
	{ "memory.min", "MemoryMin" }, { "memory.swap.max", "MemorySwapMax" }, { "memory.zswap.max", "MemoryZSwapMax" },
	{ "pids.max", "TasksMax" }, { "cpu.weight", "CPUWeight" }, { "io.weight", "IOWeight" },
	{ "cpuset.cpus", "AllowedCPUs" }, { "cpuset.mems", "AllowedMemoryNodes" },
};
static const struct property io_keys[] = {
	{ "rbps", "IOReadBandwidthMax" }, { "wbps", "IOWriteBandwidthMax" },
	{ "riops", "IOReadIOPSMax" }, { "wiops", "IOWriteIOPSMax" },
};

static int cpu_quota(const char *value, struct buf *ret)
{
	unsigned long long quota, period = 100000;

	if (!strncmp(value, "max", 3)) {
		buf_puts(ret, "CPUQuota=");
		return ret->err;
	}
	if (sscanf(value, "%llu %llu", &quota, &period) < 1 || !period || quota > UINT64_MAX / 10000)
		return -EINVAL;
	buf_printf(ret, "CPUQuota=%llu", quota * 100 / period);
	if (quota * 10000 / period % 100)
		buf_printf(ret, ".%02llu", quota * 10000 / period % 100);
	buf_putc(ret, '%');
	if (period != 100000)
		buf_printf(ret, "\nCPUQuotaPeriodSec=%lluus", period);
	return ret->err;
}

/* "8:0 rbps=1048576 wiops=10" */
static int io_limits(const char *value, struct buf *ret)
{
	size_t device = strcspn(value, " ");
	const char *p = value + device;

	while (*p) {
		size_t len, key;

		p += strspn(p, " ");
		len = strcspn(p, " ");
		key = strcspn(p, "=");
		for (size_t i = 0; key < len && i < COUNT_OF(io_keys); i++)
			if (strlen(io_keys[i].setting) == key && !memcmp(io_keys[i].setting, p, key))
				buf_printf(ret, "%s%s=/dev/block/%.*s %.*s", ret->len ? "\n" : "", io_keys[i].name, (int)device, value,
					   (int)(len - key - 1), p + key + 1);
		p += len;
	}
	return ret->err;
}

int unit_properties(const char *setting, const char *value, struct buf *ret)
{
	buf_reset(ret);
	if (!strcmp(setting, "cpu.max"))
		return cpu_quota(value, ret);
	if (!strcmp(setting, "io.max"))
		return io_limits(value, ret);
	if (!strcmp(setting, "io.weight") && !strncmp(value, "default ", 8))
		value += 8;
	if (!strcmp(setting, "cpu.idle"))
		buf_printf(ret, "CPUWeight=%s", !strcmp(value, "1") ? "idle" : "");
	for (size_t i = 0; i < COUNT_OF(properties); i++)
		if (!strcmp(properties[i].setting, setting))
			buf_printf(ret, "%s=%s", properties[i].name, strcmp(value, "max") ? value : "infinity");
	return ret->err;
}
