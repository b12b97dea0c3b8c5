/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which limit, what held the memory, and what can be done about it. */
#include "cause.h"

#include <string.h>

#include "ui/text.h"
#include "ui/units.h"

/* ---- what held the memory ---- */

/* A figure of memory.stat; "total_" counts the groups below, on v1. */
static uint64_t stat_of(const struct cgx_oom_report *r, const char *name)
{
	uint64_t plain = CGX_UNKNOWN;

	for (size_t i = 0; i < r->n_stats; i++) {
		const char *s = r->stat[i].name;

		if (!strncmp(s, "total_", 6) && !strcmp(s + 6, name))
			return r->stat[i].value;
		if (!strcmp(s, name))
			plain = r->stat[i].value;
	}
	return plain;
}

/* The sum of those that are there; names ends with NULL. */
static uint64_t sum_of(const struct cgx_oom_report *r, const char *const *names)
{
	uint64_t sum = CGX_UNKNOWN;

	for (; *names; names++) {
		uint64_t n = stat_of(r, *names);

		if (n != CGX_UNKNOWN)
			sum = sum == CGX_UNKNOWN ? n : sum + n;
	}
	return sum;
}

static uint64_t anonymous(const struct cgx_oom_report *r)
{
	static const char *const lists[] = { "active_anon", "inactive_anon", NULL };
	uint64_t n = stat_of(r, "anon"), shmem = stat_of(r, "shmem");

	if (n == CGX_UNKNOWN)
		n = stat_of(r, "rss");
	if (n != CGX_UNKNOWN || r->memcg == 1)
		return n;
	n = sum_of(r, lists); /* the machine's lists have shmem in them */
	return n != CGX_UNKNOWN && shmem != CGX_UNKNOWN && shmem < n ? n - shmem : n;
}

/* Page cache without shmem, which counts as such but cannot be dropped. */
static uint64_t file_cache(const struct cgx_oom_report *r)
{
	static const char *const lists[] = { "active_file", "inactive_file", NULL };
	uint64_t n = stat_of(r, "file"), shmem = stat_of(r, "shmem");

	if (n == CGX_UNKNOWN)
		n = stat_of(r, "cache");
	if (n == CGX_UNKNOWN)
		return sum_of(r, lists);
	return shmem != CGX_UNKNOWN ? n - (shmem < n ? shmem : n) : n;
}

static uint64_t kernel(const struct cgx_oom_report *r)
{
	static const char *const parts[] = { "kernel_stack", "pagetables", "sec_pagetables", "percpu", "vmalloc",
					     "slab_reclaimable", "slab_unreclaimable", NULL };
	uint64_t n = stat_of(r, "kernel"), sum = sum_of(r, parts);

	if (n == CGX_UNKNOWN && r->kmem.known)
		return r->kmem.usage;
	return n != CGX_UNKNOWN ? n : sum;
}

static void add_share(struct cause *c, const char *name, const char *key, uint64_t bytes)
{
	size_t at = c->n_shares;

	if (bytes == CGX_UNKNOWN)
		return;
	c->n_shares++;
	for (; at && c->share[at - 1].bytes < bytes; at--)
		c->share[at] = c->share[at - 1];
	c->share[at] = (struct cause_share){ name, key, bytes };
}

static void find_shares(const struct cgx_oom_report *r, struct cause *c)
{
	add_share(c, "anonymous", "anon", anonymous(r));
	add_share(c, "tmpfs and shared memory", "shmem", stat_of(r, "shmem"));
	add_share(c, "file cache", "file", file_cache(r));
	add_share(c, "kernel", "kernel", kernel(r));
	c->whole = r->memory.known ? r->memory.usage : r->ram != CGX_UNKNOWN ? r->ram : 0;
	for (size_t i = 0; !c->whole && i < c->n_shares; i++)
		c->whole += c->share[i].bytes;
}

/* ---- which limit ---- */

/* What is used has come within a small part of the limit. */
static int at_limit(const struct cgx_oom_counter *c)
{
	return c->known && c->limit != CGX_UNKNOWN && c->usage >= c->limit - c->limit / 64;
}

static void set_limit(struct cause *c, enum cause_limit limit, const char *setting,
		      const struct cgx_oom_counter *counter)
{
	c->limit = limit;
	c->setting = setting;
	c->counter = counter;
}

static int is_of_nodes(const struct cgx_oom_report *r)
{
	return !strcmp(r->constraint, "CONSTRAINT_CPUSET") || !strcmp(r->constraint, "CONSTRAINT_MEMORY_POLICY");
}

static void find_limit(const struct cgx_oom_report *r, struct cause *c)
{
	if (r->memcg == 0) {
		set_limit(c, is_of_nodes(r) ? LIMIT_NODES : LIMIT_MACHINE, NULL, NULL);
	} else if (r->memcg == 1 && at_limit(&r->memory)) {
		set_limit(c, LIMIT_MEMORY, "memory.max", &r->memory);
	} else if (r->memcg == 1 && at_limit(&r->memory_swap)) {
		set_limit(c, LIMIT_MEMORY_SWAP, "memory.memsw.limit_in_bytes", &r->memory_swap);
	} else if (r->memcg == 1 && at_limit(&r->kmem)) {
		set_limit(c, LIMIT_KERNEL, "memory.kmem.limit_in_bytes", &r->kmem);
	} else if (r->memcg == 1) { /* lowered meanwhile, or by a large page at a time */
		set_limit(c, LIMIT_MEMORY, "memory.max", r->memory.known ? &r->memory : NULL);
	}
}

void cause_find(const struct cgx_oom_report *r, struct cause *ret)
{
	struct cause c = { 0 };

	find_limit(r, &c);
	find_shares(r, &c);
	for (size_t i = 0; i < r->n_tasks; i++) {
		const struct cgx_oom_task *t = &r->task[i];

		if (t->rss == CGX_UNKNOWN)
			continue;
		c.total_rss += t->rss;
		if (!c.largest || t->rss > c.largest->rss)
			c.largest = t;
	}
	*ret = c;
}

/* ---- what can be done ---- */

static void put(struct buf *b, const char *s)
{
	text_show(b, s, strlen(s), TEXT_UTF8);
}

/* The share of a kind is at least so many percent. */
static int is_mostly(const struct cause *c, const char *key, unsigned percent)
{
	for (size_t i = 0; i < c->n_shares; i++)
		if (!strcmp(c->share[i].key, key))
			return c->whole && c->share[i].bytes >= c->whole / 100 * percent;
	return 0;
}

static int hint_nobody(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	(void)c;
	if (!r->no_killable)
		return 0;
	buf_puts(b, "every process has oom_score_adj -1000, which forbids the kernel to kill it; give one a higher value");
	return 1;
}

static int hint_shmem(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	(void)r;
	if (!is_mostly(c, "shmem", 35))
		return 0;
	buf_puts(b, "files in a tmpfs (/dev/shm, /tmp, /run) and shared memory stay when processes die: no kill frees them; "
		    "remove files there, or mount it with a size=");
	return 1;
}

static int hint_kernel(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	(void)r;
	if (!is_mostly(c, "kernel", 40) && c->limit != LIMIT_KERNEL)
		return 0;
	buf_puts(b, "the kernel itself holds this on their behalf: look at slab, sock and pagetables of memory.stat, and for "
		    "many open files, connections or threads");
	return 1;
}

static int hint_file(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	(void)r;
	if (!is_mostly(c, "file", 60))
		return 0;
	buf_puts(b, "file cache can mostly be dropped; that it was not means it was being written or is locked: look at "
		    "file_dirty and file_writeback, at a slow disk, at mlock");
	return 1;
}

static int hint_memory_swap(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	(void)c;
	if (r->memcg != 1 || !at_limit(&r->memory_swap))
		return 0;
	buf_puts(b, "memory and swap together are at their limit: raise memory.memsw.limit_in_bytes as well, memory.max "
		    "alone does not help");
	return 1;
}

static int hint_above(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	(void)c;
	if (r->memcg != 1 || !*r->victim_path || !strcmp(r->limit_path, r->victim_path))
		return 0;
	buf_puts(b, "the limit is that of ");
	put(b, r->limit_path);
	buf_puts(b, ", above the victim's own group: raising a limit of ");
	put(b, r->victim_path);
	buf_puts(b, " changes nothing");
	return 1;
}

/* Somebody else had more, and was spared or passed over. */
static int hint_not_largest(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	const struct cgx_oom_task *t = c->largest;
	const struct cgx_oom_victim *v = r->n_victims ? &r->victim[0] : NULL;
	uint64_t had = v ? v->anon_rss + v->file_rss + v->shmem_rss : 0;

	if (!t || !v || t->pid == v->pid || t->tgid == v->pid || t->rss / 4 * 3 <= had)
		return 0;
	put(b, t->comm);
	buf_printf(b, " (pid %d) had more memory, %s; ", (int)t->tgid, units_bytes(t->rss).s);
	if (t->oom_score_adj < v->oom_score_adj)
		buf_printf(b, "its oom_score_adj %d protected it (the victim's is %d)", t->oom_score_adj, v->oom_score_adj);
	else
		buf_puts(b, "the kernel counts swap and page tables as well, and the sum decides");
	return 1;
}

static int hint_nodes(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	if (c->limit != LIMIT_NODES)
		return 0;
	buf_printf(b, "only the memory nodes that a %s allows were full: see cpuset.mems of the group and numactl",
		   strcmp(r->constraint, "CONSTRAINT_CPUSET") ? "memory policy" : "cpuset");
	return 1;
}

static int hint_machine(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	if (c->limit != LIMIT_MACHINE)
		return 0;
	if (r->order > 0 && !is_mostly(c, "anon", 50)) {
		buf_printf(b, "%s in one piece was asked for: memory may have been free but in smaller pieces; ",
			   units_bytes(r->page_size << (r->order < 20 ? r->order : 20)).s);
		buf_puts(b, "vm.min_free_kbytes and vm.compaction_proactiveness help");
		return 1;
	}
	buf_puts(b, "a memory.max on the group of what grows makes it pay alone the next time (cgx-set GROUP memory.max=SIZE)");
	if (!r->swap_total)
		buf_puts(b, "; this machine has no swap");
	return 1;
}

static int is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_./@:+,-", c));
}

/* A name from outside as a word for the shell: somebody will paste it. */
static void put_word(struct buf *b, const char *s)
{
	const char *p = s;

	while (is_plain(*p))
		p++;
	if (!*p) {
		buf_puts(b, s);
		return;
	}
	buf_putc(b, '\'');
	while (*s) {
		size_t n = strcspn(s, "'");

		text_show(b, s, n, TEXT_UTF8);
		s += n;
		if (*s && s++)
			buf_puts(b, "'\\''");
	}
	buf_putc(b, '\'');
}

/* The unit whose group this is, NULL none of systemd's. */
static const char *unit_of(const char *path)
{
	static const char *const kinds[] = { ".service", ".scope", ".slice" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (n > strlen(kinds[i]) && !strcmp(name + n - strlen(kinds[i]), kinds[i]))
			return name;
	return NULL;
}

static void put_command(struct buf *b, const char *path)
{
	const char *unit = unit_of(path);

	if (unit) {
		buf_printf(b, "systemctl set-property %s", *unit == '-' ? "-- " : ""); /* a name, not an option */
		put_word(b, unit);
		buf_puts(b, " MemoryMax=SIZE");
	} else {
		buf_puts(b, "cgx-set ");
		put_word(b, path[1] && path[1] != '-' ? path + 1 : path);
		buf_puts(b, " memory.max=SIZE");
	}
}

static int hint_limit(const struct cgx_oom_report *r, const struct cause *c, struct buf *b)
{
	const struct cgx_oom_task *t = c->largest;

	if (c->limit != LIMIT_MEMORY || !*r->limit_path)
		return 0;
	if (t && c->whole && t->rss > c->whole / 2) {
		put(b, t->comm);
		buf_printf(b, " alone had %s of it; ", units_percent(t->rss < c->whole ? t->rss : c->whole, c->whole).s);
	}
	buf_puts(b, "if that much is needed: ");
	put_command(b, r->limit_path);
	return 1;
}

int cause_hint(const struct cgx_oom_report *r, const struct cause *c, unsigned n, struct buf *b)
{
	static int (*const hints[])(const struct cgx_oom_report *, const struct cause *, struct buf *) = {
		hint_nobody, hint_shmem,       hint_kernel,  hint_file,  hint_memory_swap,
		hint_above,  hint_not_largest, hint_nodes,   hint_machine, hint_limit,
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		buf_reset(b);
		if (hints[i](r, c, b) && !n--)
			return b->err ? b->err : 1;
	}
	return 0;
}
