/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one file that knows sd-bus. */
#include "systemd/bus.h"

#include <errno.h>

#ifdef HAVE_LIBSYSTEMD
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "ui/lazy.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

#define SYMBOLS(X)                                                                                                  \
	X(sd_bus_new) X(sd_bus_set_address) X(sd_bus_start) X(sd_bus_close) X(sd_bus_unref) X(sd_bus_is_ready)      \
	X(sd_bus_process) X(sd_bus_wait) X(sd_bus_match_signal) X(sd_bus_call) X(sd_bus_message_new_method_call)    \
	X(sd_bus_message_append) X(sd_bus_message_append_array) X(sd_bus_message_open_container)                    \
	X(sd_bus_message_close_container) X(sd_bus_message_read) X(sd_bus_message_unref) X(sd_bus_error_free)        \
	X(sd_bus_path_encode) X(sd_bus_get_property_string)
struct libsystemd {
	SYMBOLS(LAZY_POINTER)
};
static const struct lazy_symbol symbols[] = {
#define X(name) LAZY_SYMBOL(struct libsystemd, name),
	SYMBOLS(X)
#undef X
};
static const struct lazy library = LAZY("libsystemd.so.0", "libsystemd0", symbols);

struct talk {
	struct libsystemd lib;
	const struct bus_scope *scope;
	const char *subgroup; /* of bus_attach() */
	char *group;          /* of bus_scope_group() */
	sd_bus *bus;
	char *job;      /* what we wait for */
	char result[32]; /* "" not there yet */
	uint64_t end;
	struct buf *why, *remedy;
};

static int refused(const struct talk *t, int err, const char *what)
{
	buf_printf(t->why, "%s: %s", what, strerror(-err));
	return err;
}

static int too_late(const struct talk *t)
{
	buf_printf(t->why, "systemd has not answered for %g s", (double)t->scope->timeout_usec / 1e6);
	buf_puts(t->remedy, "systemctl status says how it is; --systemd=no works without it");
	return -ETIMEDOUT;
}

/* Let the bus work until done() says so or the time is over. */
static int work_until(struct talk *t, int (*done)(struct talk *t))
{
	while (!done(t)) {
		uint64_t now = now_us();
		int r = t->lib.sd_bus_process(t->bus, NULL);

		if (r < 0)
			return r;
		if (now >= t->end)
			return -ETIMEDOUT;
		if (!r && (r = t->lib.sd_bus_wait(t->bus, t->end - now)) < 0 && r != -EINTR)
			return r;
	}
	return 0;
}

/* ---- the connection ---- */

static int is_ready(struct talk *t)
{
	return t->lib.sd_bus_is_ready(t->bus) > 0;
}

static int no_manager(const struct talk *t, int err, const char *path)
{
	if (err == -ETIMEDOUT)
		return too_late(t);
	if (!t->scope->uid) {
		buf_printf(t->why, "systemd cannot be reached by %s: %s", path, strerror(-err));
		return err == -ENOENT ? -ENOENT : -EIO;
	}
	buf_printf(t->why, "user %u has no manager of systemd here (%s: %s)", (unsigned)t->scope->uid, path, strerror(-err));
	buf_printf(t->remedy, "a login starts one; as root: loginctl enable-linger %u, or systemctl start user@%u.service",
		   (unsigned)t->scope->uid, (unsigned)t->scope->uid);
	return -ENOENT;
}

static int open_bus(struct talk *t)
{
	char path[108], address[128];
	int r;

	if (t->scope->socket)
		snprintf(path, sizeof(path), "%s", t->scope->socket);
	else if (t->scope->uid)
		snprintf(path, sizeof(path), "/run/user/%u/systemd/private", (unsigned)t->scope->uid);
	else
		snprintf(path, sizeof(path), "/run/systemd/private");
	snprintf(address, sizeof(address), "unix:path=%s", path);
	r = t->lib.sd_bus_new(&t->bus);
	if (r >= 0)
		r = t->lib.sd_bus_set_address(t->bus, address);
	if (r >= 0)
		r = t->lib.sd_bus_start(t->bus);
	if (r >= 0)
		r = work_until(t, is_ready);
	return r < 0 ? no_manager(t, r, path) : 0;
}

/* ---- properties ---- */

static int add_number(struct talk *t, sd_bus_message *m, const char *name, uint64_t n)
{
	return t->lib.sd_bus_message_append(m, "(sv)", name, "t", n);
}

/* "12.50%" of a second, in microseconds. */
static int add_quota(struct talk *t, sd_bus_message *m, const char *value)
{
	AUTO_FREE char *number = strndup(value, strcspn(value, "%"));
	uint64_t n;

	if (!number)
		return -ENOMEM;
	if (!*number)
		return 0; /* no quota */
	if (num_fixed(number, 10000, &n))
		return -EINVAL;
	return add_number(t, m, "CPUQuotaPerSecUSec", n);
}

/* "0-3,7" as a bitmap, the lowest byte first. */
static int add_list(struct talk *t, sd_bus_message *m, const char *name, const char *value)
{
	unsigned char bits[1024] = { 0 };
	size_t used = 0;
	int r;

	while (*value) {
		uint64_t from, to;

		r = num_scan(&value, &from);
		to = from;
		if (!r && *value == '-') {
			value++;
			r = num_scan(&value, &to);
		}
		if (r || to >= sizeof(bits) * 8 || to < from || (*value && *value != ','))
			return -EINVAL;
		value += *value == ',';
		for (; from <= to; from++)
			bits[from / 8] |= (unsigned char)(1u << from % 8);
		if (to / 8 + 1 > used)
			used = to / 8 + 1;
	}
	r = t->lib.sd_bus_message_open_container(m, 'r', "sv");
	if (r >= 0)
		r = t->lib.sd_bus_message_append(m, "s", name);
	if (r >= 0)
		r = t->lib.sd_bus_message_open_container(m, 'v', "ay");
	if (r >= 0)
		r = t->lib.sd_bus_message_append_array(m, 'y', bits, used);
	if (r >= 0)
		r = t->lib.sd_bus_message_close_container(m);
	return r < 0 ? r : t->lib.sd_bus_message_close_container(m);
}

/* "/dev/block/8:0 1048576" */
static int add_io(struct talk *t, sd_bus_message *m, const char *name, const char *value)
{
	AUTO_FREE char *device = strndup(value, strcspn(value, " "));
	const char *number = value + strcspn(value, " ");
	uint64_t n = UINT64_MAX;

	if (!device)
		return -ENOMEM;
	number += *number == ' ';
	if (strcmp(number, "max") && num_u64(number, &n))
		return -EINVAL;
	return t->lib.sd_bus_message_append(m, "(sv)", name, "a(st)", 1, device, n);
}

static int add_property(struct talk *t, sd_bus_message *m, const char *text)
{
	const char *value = strchr(text, '=');
	AUTO_FREE char *name = value ? strndup(text, (size_t)(value - text)) : NULL;
	uint64_t n;

	if (!name)
		return value ? -ENOMEM : -EINVAL;
	value++;
	if (!strcmp(name, "CPUQuota"))
		return add_quota(t, m, value);
	if (!strcmp(name, "CPUQuotaPeriodSec"))
		return num_usec(value, &n) ? -EINVAL : add_number(t, m, "CPUQuotaPeriodUSec", n);
	if (!strncmp(name, "Allowed", 7))
		return add_list(t, m, name, value);
	if (!strncmp(name, "IO", 2) && strcmp(name, "IOWeight"))
		return add_io(t, m, name, value);
	if (!strcmp(value, "infinity"))
		return add_number(t, m, name, UINT64_MAX);
	if (!strcmp(value, "idle"))
		return add_number(t, m, name, 0);
	return num_u64(value, &n) ? -EINVAL : add_number(t, m, name, n);
}

static int add_pids(struct talk *t, sd_bus_message *m)
{
	uint32_t pids[4];

	if (t->scope->n_pids > sizeof(pids) / sizeof(pids[0]))
		return -EINVAL;
	for (size_t i = 0; i < t->scope->n_pids; i++)
		pids[i] = (uint32_t)t->scope->pids[i];
	return t->lib.sd_bus_message_append_array(m, 'u', pids, t->scope->n_pids * sizeof(pids[0]));
}

static int add_pids_property(struct talk *t, sd_bus_message *m)
{
	int r = t->lib.sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = t->lib.sd_bus_message_append(m, "s", "PIDs");
	if (r >= 0)
		r = t->lib.sd_bus_message_open_container(m, 'v', "au");
	if (r >= 0)
		r = add_pids(t, m);
	if (r >= 0)
		r = t->lib.sd_bus_message_close_container(m);
	return r < 0 ? r : t->lib.sd_bus_message_close_container(m);
}

static int fill(struct talk *t, sd_bus_message *m)
{
	const struct bus_scope *s = t->scope;
	int r = t->lib.sd_bus_message_append(m, "ss", s->name, "fail");

	if (r >= 0)
		r = t->lib.sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = t->lib.sd_bus_message_append(m, "(sv)(sv)(sv)", "Description", "s", s->description, "Delegate", "b", 1,
						 "CollectMode", "s", "inactive-or-failed");
	if (r >= 0 && s->slice)
		r = t->lib.sd_bus_message_append(m, "(sv)", "Slice", "s", s->slice);
	if (r >= 0)
		r = add_pids_property(t, m);
	for (size_t i = 0; r >= 0 && i < s->n_properties; i++)
		r = add_property(t, m, s->properties[i]);
	if (r >= 0)
		r = t->lib.sd_bus_message_close_container(m);
	return r < 0 ? r : t->lib.sd_bus_message_append(m, "a(sa(sv))", 0);
}

/* ---- the job ---- */

static int job_removed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *job, *unit, *result;
	struct talk *t = data;
	uint32_t id;

	(void)error;
	if (t->lib.sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) >= 0 && t->job && !strcmp(job, t->job))
		snprintf(t->result, sizeof(t->result), "%s", result);
	return 0;
}

static int has_ended(struct talk *t)
{
	return *t->result != '\0';
}

static int explain_call(struct talk *t, int err, const sd_bus_error *e)
{
	if (err == -ETIMEDOUT)
		return too_late(t);
	if (!e->name)
		return refused(t, err, "systemd was asked");
	if (!strcmp(e->name, "org.freedesktop.systemd1.UnitExists")) {
		buf_printf(t->why, "systemd has a unit %s already", t->scope->name);
		return -EEXIST;
	}
	buf_printf(t->why, "systemd refuses it for %s: %s", t->scope->name, e->message ? e->message : e->name);
	return err == -EACCES || err == -EPERM ? -EACCES : -EIO;
}

static int keep_job(struct talk *t, sd_bus_message *reply)
{
	const char *job;

	if (t->lib.sd_bus_message_read(reply, "o", &job) < 0)
		return refused(t, -EIO, "systemd's answer");
	t->job = strdup(job);
	return t->job ? 0 : -ENOMEM;
}

/* Call the manager, and hand its answer over. */
static int ask(struct talk *t, const char *method, int (*put)(struct talk *t, sd_bus_message *m),
	       int (*take)(struct talk *t, sd_bus_message *reply))
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL, *reply = NULL;
	uint64_t now = now_us();
	int r;

	r = t->lib.sd_bus_message_new_method_call(t->bus, &m, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
						  "org.freedesktop.systemd1.Manager", method);
	if (r >= 0)
		r = put(t, m);
	if (r < 0) {
		refused(t, r, "a limit as a property of systemd");
	} else {
		r = now < t->end ? t->lib.sd_bus_call(t->bus, m, t->end - now, &error, &reply) : -ETIMEDOUT;
		if (r < 0)
			r = explain_call(t, r, &error);
		else if (take)
			r = take(t, reply);
	}
	t->lib.sd_bus_error_free(&error);
	t->lib.sd_bus_message_unref(m);
	t->lib.sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

static int start(struct talk *t)
{
	int r = open_bus(t);

	if (r < 0)
		return r;
	r = t->lib.sd_bus_match_signal(t->bus, NULL, NULL, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
				       "JobRemoved", job_removed, t);
	if (r < 0)
		return refused(t, r, "systemd's signals");
	r = ask(t, "StartTransientUnit", fill, keep_job);
	if (r < 0)
		return r;
	r = work_until(t, has_ended);
	if (r == -ETIMEDOUT)
		return too_late(t);
	if (r < 0)
		return refused(t, r, "waiting for systemd");
	if (!strcmp(t->result, "done"))
		return 0;
	buf_printf(t->why, "systemd could not start the scope %s: %s", t->scope->name, t->result);
	buf_printf(t->remedy, "journalctl%s -u %s says why", t->scope->uid ? " --user" : "", t->scope->name);
	return -EIO;
}

static int fill_attach(struct talk *t, sd_bus_message *m)
{
	int r = t->lib.sd_bus_message_append(m, "ss", t->scope->name, t->subgroup);

	if (r >= 0)
		r = t->lib.sd_bus_message_open_container(m, 'a', "u");
	for (size_t i = 0; r >= 0 && i < t->scope->n_pids; i++)
		r = t->lib.sd_bus_message_append(m, "u", (uint32_t)t->scope->pids[i]);
	return r < 0 ? r : t->lib.sd_bus_message_close_container(m);
}

static int attach(struct talk *t)
{
	int r = open_bus(t);

	return r < 0 ? r : ask(t, "AttachProcessesToUnit", fill_attach, NULL);
}

/* A unit that systemd has forgotten meanwhile has no group either. */
static int find_group(struct talk *t)
{
	AUTO_FREE char *path = NULL;
	int r = open_bus(t);

	if (!r)
		r = t->lib.sd_bus_path_encode("/org/freedesktop/systemd1/unit", t->scope->name, &path);
	if (r < 0)
		return r;
	r = t->lib.sd_bus_get_property_string(t->bus, "org.freedesktop.systemd1", path, "org.freedesktop.systemd1.Scope",
					      "ControlGroup", NULL, &t->group);
	return r == -ENOMEM ? r : 0;
}

static int talk(struct talk *t, int (*work)(struct talk *t))
{
	int r = lazy_load(&library, &t->lib, t->why);

	if (r < 0)
		return r;
	t->end = now_us() + t->scope->timeout_usec;
	r = work(t);
	if (t->bus) {
		t->lib.sd_bus_close(t->bus);
		t->lib.sd_bus_unref(t->bus);
	}
	free(t->job);
	return r;
}

int bus_start_scope(const struct bus_scope *scope, struct buf *why, struct buf *remedy)
{
	return talk(&(struct talk){ .scope = scope, .why = why, .remedy = remedy }, start);
}

int bus_scope_group(const struct bus_scope *scope, char **ret)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	struct talk t = { .scope = scope, .why = &why, .remedy = &remedy };
	int r = talk(&t, find_group);

	*ret = t.group;
	return r;
}

int bus_attach(const struct bus_scope *where, const char *subgroup, struct buf *why, struct buf *remedy)
{
	return talk(&(struct talk){ .scope = where, .subgroup = subgroup, .why = why, .remedy = remedy }, attach);
}
#else
int bus_scope_group(const struct bus_scope *scope, char **ret)
{
	(void)scope;
	*ret = NULL;
	return -ENOPKG;
}

int bus_attach(const struct bus_scope *where, const char *subgroup, struct buf *why, struct buf *remedy)
{
	(void)subgroup;
	return bus_start_scope(where, why, remedy);
}

int bus_start_scope(const struct bus_scope *scope, struct buf *why, struct buf *remedy)
{
	(void)scope;
	buf_puts(why, "this cgx was built without libsystemd");
	buf_puts(remedy, "install libsystemd-dev and build cgx again, or use --systemd=no");
	return -ENOPKG;
}
#endif
