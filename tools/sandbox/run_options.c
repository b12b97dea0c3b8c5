/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of cgx-sandbox run, and the spec that they make. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "exec/limits.h"
#include "sandbox/capabilities.h"
#include "sandbox/env.h"
#include "sandbox/limit_options.h"
#include "sandbox/run_spec.h"
#include "sandbox/share.h"
#include "sandbox/signals.h"
#include "sandbox/volume.h"
#include "systemd/scope.h"
#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

const struct run_spec run_defaults = { .s.caps = CAPABILITIES_DEFAULT, .timeout = OPT_UNSET, .kill_after = 10000000 };

/* ---- options ---- */

/* Keep SETTING=text; the setting's name is the row's choices[0]. */
static int add_limit(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	AUTO_BUF struct buf b = { 0 };
	int r = limits_text(row->choices[0], text, &b, why);

	return r ? r : words_add(&spec->s.limits, buf_text(&b));
}

static int set_capability(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	uint64_t set;
	int r = capabilities_parse(text, &set, why);

	if (r)
		return r;
	spec->s.caps = row->value ? spec->s.caps | set : spec->s.caps & ~set;
	return 0;
}

static int add_one(struct run_spec *spec, int (*parse)(const char *text, struct volume *ret, struct buf *why), const char *text,
		   struct buf *why)
{
	struct volume *more = reallocarray(spec->s.volume, spec->s.n_volumes + 1, sizeof(*more));
	int r;

	if (!more)
		return -ENOMEM;
	spec->s.volume = more;
	r = parse(text, &more[spec->s.n_volumes], why);
	spec->s.n_volumes += !r;
	return r;
}

static int add_volume(void *data, const struct opt *row, const char *text, struct buf *why)
{
	(void)row;
	return add_one(data, volume_parse, text, why);
}

static int add_tmpfs(void *data, const struct opt *row, const char *text, struct buf *why)
{
	(void)row;
	return add_one(data, volume_parse_tmpfs, text, why);
}

static int add_mount(void *data, const struct opt *row, const char *text, struct buf *why)
{
	(void)row;
	return add_one(data, volume_parse_mount, text, why);
}

static const struct {
	const char *name;
	int resource;
} ulimits[] = {
	{ "as", RLIMIT_AS }, { "core", RLIMIT_CORE }, { "cpu", RLIMIT_CPU }, { "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE }, { "locks", RLIMIT_LOCKS }, { "memlock", RLIMIT_MEMLOCK }, { "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE }, { "nofile", RLIMIT_NOFILE }, { "nproc", RLIMIT_NPROC }, { "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO }, { "rttime", RLIMIT_RTTIME }, { "sigpending", RLIMIT_SIGPENDING }, { "stack", RLIMIT_STACK },
};

static int limit_number(const char *s, size_t n, uint64_t *ret)
{
	AUTO_FREE char *text = strndup(s, n);

	if (!text)
		return -ENOMEM;
	if (!strcmp(text, "unlimited") || !strcmp(text, "max") || !strcmp(text, "-1")) {
		*ret = UINT64_MAX;
		return 0;
	}
	return num_u64(text, ret);
}

/* NAME=SOFT[:HARD] */
static int add_ulimit(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	const char *eq = strchr(text, '='), *colon = eq ? strchr(eq, ':') : NULL;
	struct rlimit_spec *more = reallocarray(spec->s.rlimit, spec->s.n_rlimits + 1, sizeof(*more)), to = { .resource = -1 };

	(void)row;
	if (!more)
		return -ENOMEM;
	spec->s.rlimit = more;
	for (size_t i = 0; eq && i < sizeof(ulimits) / sizeof(ulimits[0]); i++)
		if (strlen(ulimits[i].name) == (size_t)(eq - text) && !strncmp(ulimits[i].name, text, (size_t)(eq - text)))
			to.resource = ulimits[i].resource;
	if (to.resource < 0 || limit_number(eq + 1, colon ? (size_t)(colon - eq - 1) : strlen(eq + 1), &to.soft) ||
	    (colon && limit_number(colon + 1, strlen(colon + 1), &to.hard))) {
		buf_puts(why, "not NAME=SOFT or NAME=SOFT:HARD; names are those of limits.conf: nofile, nproc, core, ...");
		return -EINVAL;
	}
	if (!colon)
		to.hard = to.soft;
	if (to.soft > to.hard) {
		buf_puts(why, "the soft limit, the first number, is above the hard one");
		return -EINVAL;
	}
	more[spec->s.n_rlimits++] = to;
	return 0;
}

/* monotonic=1h, boottime=-30s: offsets of a time namespace (time_namespaces(7)). */
static int set_clock(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	const char *eq = strchr(text, '='), *number = eq ? eq + 1 : "";
	int back = *number == '-', boot = !strncmp(text, "boottime=", 9), r;
	uint64_t us;
	int64_t s;

	(void)row;
	r = boot || !strncmp(text, "monotonic=", 10) ? num_usec(number + back, &us) : -EINVAL;
	if (r || us % 1000000 || us / 1000000 > 1ull << 32) {
		buf_puts(why, "not boottime=TIME or monotonic=TIME in whole seconds, as 90s, 2h or -30s");
		return -EINVAL;
	}
	s = (int64_t)(us / 1000000);
	*(boot ? &spec->s.boottime_s : &spec->s.monotonic_s) = back ? -s : s;
	return 0;
}

static int add_ports(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;

	(void)row;
	return ports_parse(text, &spec->s.net, why);
}

static int set_subnet(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;

	(void)row;
	return subnet_parse(text, &spec->s.net.subnet, why);
}

static int set_ip(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	struct address a;

	(void)row;
	if (address_parse(text, &a) || a.family != AF_INET || !a.v4) {
		buf_puts(why, "not an address of IPv4, as 10.9.0.7; that of IPv6 is made of it");
		return -EINVAL;
	}
	spec->s.net.address = a.v4;
	return 0;
}

static int add_dns(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	struct network_spec *s = &spec->s.net;

	(void)row;
	if (s->n_dns == MOST_DNS || address_parse(text, &s->dns[s->n_dns])) {
		buf_printf(why, s->n_dns == MOST_DNS ? "a resolver reads %d name servers" : "not an address", MOST_DNS);
		return -EINVAL;
	}
	s->n_dns++;
	return 0;
}

static int add_variable(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;

	(void)row;
	return env_add(text, &spec->env, why);
}

static int add_env_file(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;

	(void)row;
	return env_read(text, &spec->env_files, why);
}

static int set_restart(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;

	(void)row;
	return restart_parse(text, &spec->restart, why);
}

static int set_stop_signal(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;

	(void)row;
	if (!signal_parse(text, &spec->s.stop_signal))
		return 0;
	buf_puts(why, "not a signal: TERM, SIGUSR1 or a number");
	return -EINVAL;
}

void run_release(void *data)
{
	struct run_spec *spec = data;

	words_free(&spec->env);
	words_free(&spec->env_files);
	spec_free(&spec->s);
	root_free(&spec->root);
}

static const char *const report_kinds[] = { "trouble", "text", "json", "none", NULL };
static const char *const userns[] = { "own", "host", NULL };

#define SHARE(long_name, ns, text) { 0, long_name, "WHERE", OPT_STRING, offsetof(struct run_spec, where[ns]), text }

const struct opt run_options[] = {
	LIMIT_OPTIONS(add_limit),
	{ 'r', "variable", "NAME=VALUE", OPT_STRINGS, offsetof(struct run_spec, values), "set any value of the group",
	  COMPLETE_ASSIGNMENT },
	{ 0, "name", "NAME", OPT_STRING, offsetof(struct run_spec, name), "call it so" },
	{ 'e', "env", "NAME[=VALUE]", OPT_CALL, 0, "set, or take over, a variable", .call = add_variable },
	{ 0, "env-file", "FILE", OPT_CALL, 0, "those of a file, one a line", COMPLETE_FILE, .call = add_env_file },
	{ 'w', "workdir", "DIR", OPT_STRING, offsetof(struct run_spec, cwd), "work there inside" },
	{ 'u', "user", "USER[:GROUP]", OPT_STRING, offsetof(struct run_spec, user), "run as this user of the root" },
	{ 0, "entrypoint", "COMMAND", OPT_STRING, offsetof(struct run_spec, entrypoint), "instead of the image's; \"\": none",
	  COMPLETE_COMMAND },
	{ 0, "hostname", "NAME", OPT_STRING, offsetof(struct run_spec, hostname), "the host name inside; else its name" },
	{ 'd', "detach", NULL, OPT_FLAG, offsetof(struct run_spec, detach), "in the background; print its name" },
	{ 0, "restart", "POLICY", OPT_CALL, 0, "start it again: on-failure[:TIMES] or always", .call = set_restart },
	{ 0, "stop-signal", "SIGNAL", OPT_CALL, 0, "what stop sends it (TERM, or the image's)", .call = set_stop_signal },
	{ 0, "rm", NULL, OPT_FLAG, offsetof(struct run_spec, remove), "forget it when it ends, and what it wrote" },
	{ 'i', "interactive", NULL, OPT_FLAG, offsetof(struct run_spec, interactive), "let it read standard input" },
	{ 't', "tty", NULL, OPT_FLAG, offsetof(struct run_spec, tty), "a terminal of its own" },
	{ 'v', "volume", "SRC:DST[:ro,idmap]", OPT_CALL, 0, "show a directory or file of the host inside", COMPLETE_FILE,
	  .call = add_volume },
	{ 0, "tmpfs", "DST[:SIZE]", OPT_CALL, 0, "an empty place in memory", .call = add_tmpfs },
	{ 0, "mount", "KEY=VALUE,...", OPT_CALL, 0, "either, as type=bind,src=SRC,dst=DST,ro", .call = add_mount },
	{ 0, "shm-size", "SIZE", OPT_BYTES, offsetof(struct run_spec, s.shm_size), "at most so much in /dev/shm (64M)", .flags = OPT_NONZERO },
	{ 0, "read-only", NULL, OPT_FLAG, offsetof(struct run_spec, read_only), "the root cannot be written" },
	{ 0, "own-root", NULL, OPT_FLAG, offsetof(struct run_spec, own_root), "with ROOT /: root inside owns what the host's root does, and reads it" },
	{ 0, "net", "NETWORK", OPT_STRING, offsetof(struct run_spec, net),
	  "none, bridge (the usual one), host, a network's name, sandbox:NAME or a /path" },
	{ 0, "network", "NETWORK", OPT_STRING, offsetof(struct run_spec, net), "--net, as others call it", .flags = OPT_HIDDEN },
	{ 0, "subnet", "SUBNET", OPT_CALL, 0, "of a network that is made, as 10.9.0.0/24", .call = set_subnet },
	{ 0, "ip", "ADDRESS", OPT_CALL, 0, "its address in the network, instead of any", .call = set_ip },
	{ 'p', "publish", "[[ADDRESS:]HOST:]PORT[/udp]", OPT_CALL, 0, "lead this port of the host to one inside", .call = add_ports },
	{ 0, "dns", "ADDRESS", OPT_CALL, 0, "a name server, instead of the host's", .call = add_dns },
	{ 0, "host-sockets", NULL, OPT_FLAG, offsetof(struct run_spec, host_sockets), "with --net host: its abstract sockets, too" },
	{ 0, "userns", "KIND", OPT_ENUM, offsetof(struct run_spec, userns), "own (root inside is nobody outside) or host",
	  .choices = userns },
	SHARE("pid", NS_PID, "processes: own, host or sandbox:NAME"),
	SHARE("ipc", NS_IPC, "System V and POSIX queues: own, host, sandbox:NAME or a /path"),
	SHARE("uts", NS_UTS, "the host name: likewise"),
	SHARE("cgroupns", NS_CGROUP, "the group as the root of groups: own or host"),
	{ 0, "clock", "CLOCK=[-]TIME", OPT_CALL, 0, "boottime or monotonic inside is so far off", .call = set_clock },
	{ 0, "cap-add", "NAME", OPT_CALL, 0, "let it have this capability, or all", .value = 1, .call = set_capability },
	{ 0, "cap-drop", "NAME", OPT_CALL, 0, "do not, or none of all", .call = set_capability },
	{ 0, "new-privileges", NULL, OPT_FLAG, offsetof(struct run_spec, new_privs), "let set-id programs gain privilege" },
	{ 0, "seccomp", "PROFILE", OPT_STRING, offsetof(struct run_spec, seccomp),
	  "a profile in docker's form, or unconfined", COMPLETE_FILE },
	{ 0, "ulimit", "NAME=SOFT[:HARD]", OPT_CALL, 0, "a resource limit", .call = add_ulimit },
	{ 0, "no-init", NULL, OPT_FLAG, offsetof(struct run_spec, no_init), "the command itself is the first process" },
	{ 0, "timeout", "TIME", OPT_USEC, offsetof(struct run_spec, timeout), "end it after this time; status 124",
	  .flags = OPT_NONZERO },
	{ 0, "kill-after", "TIME", OPT_USEC, offsetof(struct run_spec, kill_after), "kill it so long after the timeout (10s)" },
	{ 0, "systemd", "WHEN", OPT_ENUM, offsetof(struct run_spec, s.systemd), "ask systemd for a scope: auto, yes or no",
	  .choices = scope_modes },
	{ 0, "report", "KIND", OPT_ENUM, offsetof(struct run_spec, report), "always, as text or json, or none at all",
	  .flags = OPT_OPTIONAL, .value = REPORT_TEXT, .choices = report_kinds },
	{ 0, "report-to", "FILE", OPT_STRING, offsetof(struct run_spec, report_to), "write the report there", COMPLETE_FILE },
	OPT_END
};

/* ---- the spec ---- */

static int add_env(struct run_spec *spec)
{
	const struct words *of_image = &spec->root.image.env;
	int r = words_add(&spec->s.env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

	for (size_t i = 0; !r && i < of_image->n; i++)
		r = image_set(&spec->s.env, of_image->v[i]);
	if (!r && spec->tty && getenv("TERM")) {
		AUTO_BUF struct buf b = { 0 };

		buf_printf(&b, "TERM=%s", getenv("TERM"));
		r = image_set(&spec->s.env, buf_text(&b));
	}
	if (!r)
		r = env_take(&spec->env_files, &spec->s.env);
	return r ? r : env_take(&spec->env, &spec->s.env);
}

static int copy_text(char **to, const char *from)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : -ENOMEM;
}

/* Two words and a number nobody has to think of. */
static void make_name(char *ret, size_t size)
{
	static const char *const first[] = { "amber", "brisk", "calm", "deft", "early", "fair", "glad", "hazel" };
	static const char *const second[] = { "ash", "birch", "cedar", "elm", "fir", "larch", "oak", "pine" };
	uint64_t t = now_us();

	snprintf(ret, size, "%s-%s-%d", first[t % 8], second[t / 8 % 8], (int)getpid());
}

/* Whoever has the host's network asks whom the host asks for names. */
static int show_names(struct sandbox_spec *s)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts" };

	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *source = realpath(files[i], NULL);

		if (source && !(s->root && !strcmp(s->root, "/")) && spec_show_file(s, source, files[i]))
			return -ENOMEM;
	}
	return 0;
}

/* Which network, in the words of --net; -p alone means the usual one. */
static int choose_network(const struct frame *f, const struct run_spec *spec, struct sandbox_spec *s)
{
	const char *net = spec->net ? spec->net : s->net.n_ports ? "bridge" : "none";
	AUTO_BUF struct buf why = { 0 };

	if (!strcmp(net, "none") || strchr("/", *net) || strchr(net, ':')) {
		s->net.how = NET_NONE;
		return strcmp(net, "none") ? share_namespace(f, NS_NET, net, s) : 0;
	}
	if (!strcmp(net, "host")) {
		s->net.how = NET_HOST;
		return share_namespace(f, NS_NET, net, s);
	}
	if (network_name_check(net, &why))
		return msg_usage(f, "--net %s: neither none, host, sandbox:NAME nor the /path of a namespace, and %s", net, buf_text(&why));
	s->net.how = NET_BRIDGE;
	return copy_text(&s->net.name, net);
}

int run_fill(const struct frame *f, struct run_spec *spec, int argc, char **argv)
{
	struct sandbox_spec *s = &spec->s;
	AUTO_BUF struct buf why = { 0 };
	char name[64];
	int r;

	make_name(name, sizeof(name));
	if (spec->name && spec_check_name(spec->name, &why))
		return msg_usage(f, "--name %s: %s", spec->name, buf_text(&why));
	r = root_find(f, argv[0], s, &spec->root);
	if (r)
		return r;
	r = copy_text(&s->name, spec->name ? spec->name : name);
	if (!r)
		r = copy_text(&s->hostname, spec->hostname);
	if (!r)
		r = copy_text(&s->user, spec->user);
	if (!r)
		r = copy_text(&s->cwd, spec->cwd);
	if (!r && spec->seccomp && strcmp(spec->seccomp, "built-in"))
		r = copy_text(&s->seccomp, spec->seccomp);
	if (!r)
		r = root_command(&spec->root, spec->entrypoint, argc - 1, argv + 1, s);
	for (size_t i = 0; !r && i < spec->values.n; i++) {
		if (!strchr(spec->values.v[i], '='))
			return msg_usage(f, "-r %s: not NAME=VALUE", spec->values.v[i]);
		r = words_add(&s->limits, spec->values.v[i]);
	}
	if (!r)
		r = add_env(spec);
	if (r)
		return r;
	if (!s->stop_signal && spec->root.image.stop && signal_parse(spec->root.image.stop, &s->stop_signal))
		msg_note(f, "%s: its image names a signal to stop it by that there is not: %s", argv[0], spec->root.image.stop);
	s->init = !spec->no_init;
	s->tty = spec->tty;
	s->read_only = spec->read_only;
	s->own_root = spec->own_root;
	s->new_privs = spec->new_privs;
	s->timeout_us = spec->timeout == OPT_UNSET ? UINT64_MAX : spec->timeout;
	s->kill_after_us = spec->kill_after;
	if (spec->userns)
		s->ns[NS_USER].how = NS_HOST;
	for (int i = 0; i < NS_COUNT; i++) {
		r = share_namespace(f, (enum ns)i, spec->where[i], s);
		if (r)
			return r;
	}
	r = choose_network(f, spec, s);
	if (r)
		return r;
	if (s->ns[NS_NET].how == NS_HOST) {
		r = show_names(s);
		if (r)
			return r;
	}
	spec_order_volumes(s);
	s->closed_sockets = s->ns[NS_NET].how != NS_OWN && !spec->host_sockets;
	if (spec_check(s, &why))
		return msg_usage(f, "%s", buf_text(&why));
	return 0;
}
