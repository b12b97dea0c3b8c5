/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The BPF program of the sampler: the kernel's iterator of groups calls it for each group of a tree, it writes the counters
 * into an array that the sampler has mapped. The iterator's own file is of no use: it ends at 32 KiB, about a thousand groups.
 *
 * The kernel's structs are named as far as they are used; where their members lie is looked up in the running kernel's
 * BTF when the program is loaded (CO-RE). A member that is not there is not told, and its file is read.
 */
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

enum { BPF_MAP_TYPE_ARRAY = 2, BPF_F_MMAPABLE = 1024 };

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "sample_raw.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
typedef struct {
	long counter;
} atomic_long_t;
typedef struct {
	__s64 counter;
} atomic64_t;

struct kernfs_node {
	__u64 id;
	unsigned int hash;
};
struct cgroup;
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};
struct cgroup {
	struct cgroup_subsys_state self;
	unsigned long flags;
	int nr_populated_csets, nr_populated_domain_children, nr_populated_threaded_children;
	struct kernfs_node *kn;
	__u16 subtree_control;
	struct cgroup_subsys_state *subsys[1];
};
struct page_counter {
	atomic_long_t usage;
	unsigned long failcnt, watermark, max;
};
struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory, swap;
	atomic_long_t memory_events[1], memory_events_local[1];
};
struct pids_cgroup {
	struct cgroup_subsys_state css;
	atomic64_t counter, limit;
	__s64 watermark;
	atomic64_t events_local[1];
};
struct pids_cgroup___before_6_11 {
	atomic64_t events_limit;
};
struct freezer {
	struct cgroup_subsys_state css;
	unsigned int state;
};
struct bpf_iter__cgroup {
	struct cgroup *cgroup;
};
#pragma clang attribute pop

enum cgroup_subsys_id { memory_cgrp_id, pids_cgrp_id, freezer_cgrp_id };
enum memcg_memory_event { MEMCG_MAX, MEMCG_OOM_KILL };
enum pidcg_event { PIDCG_MAX, PIDCG_FORKFAIL };
enum freezer_state_flags { CGROUP_FREEZING = 6 };
/* Of an enum without a name, which CO-RE cannot look up. */
#define CGRP_FROZEN 3

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct sample_raw);
} groups SEC(".maps");

/* The controller's part of a group, where it is enabled; on v1 it is where it is mounted. */
#define CSS(g, name, enabled) \
	(bpf_core_enum_value_exists(enum cgroup_subsys_id, name) && \
			 ((enabled) & (1u << bpf_core_enum_value(enum cgroup_subsys_id, name))) ? \
		 css_at((g), bpf_core_enum_value(enum cgroup_subsys_id, name)) : \
		 0)

static __always_inline void *css_at(struct cgroup *g, __u64 which)
{
	void *css = 0;

	bpf_probe_read_kernel(&css, sizeof(css), (char *)g + bpf_core_field_offset(struct cgroup, subsys) + which * sizeof(void *));
	return css;
}

/* The element of an array whose index is looked up, too. */
#define ELEMENT(from, type, member, event) \
	({ \
		__u64 n_ = 0; \
		bpf_probe_read_kernel(&n_, sizeof(n_), \
				      (char *)(from) + bpf_core_field_offset(type, member) + (event) * sizeof(n_)); \
		n_; \
	})

/* Each figure that is not wanted is a cache line of the group that is not fetched. */
static __always_inline void take_memory(struct sample_raw *r, struct mem_cgroup *m, unsigned int want, int of_v2)
{
	r->usage = BPF_CORE_READ(m, memory.usage.counter);
	if (want & RAW_MEMORY_MAX) {
		r->max = BPF_CORE_READ(m, memory.max);
		r->has |= RAW_MEMORY_MAX;
	}
	r->has |= RAW_MEMORY;
	if (want & RAW_PEAK && bpf_core_field_exists(m->memory.watermark)) {
		r->peak = BPF_CORE_READ(m, memory.watermark);
		r->has |= RAW_PEAK;
	}
	if (!of_v2) {
		if (want & RAW_HITS && bpf_core_field_exists(m->memory.failcnt)) {
			r->hits = BPF_CORE_READ(m, memory.failcnt);
			r->has |= RAW_HITS;
		}
		if (want & RAW_KILLS && bpf_core_field_exists(m->memory_events) &&
		    bpf_core_enum_value_exists(enum memcg_memory_event, MEMCG_OOM_KILL)) {
			r->kills = ELEMENT(m, struct mem_cgroup, memory_events,
					   bpf_core_enum_value(enum memcg_memory_event, MEMCG_OOM_KILL));
			r->has |= RAW_KILLS;
		}
		return;
	}
	if (want & RAW_SWAP && bpf_core_field_exists(m->swap)) {
		r->swap = BPF_CORE_READ(m, swap.usage.counter);
		r->has |= RAW_SWAP;
	}
	if (!bpf_core_field_exists(m->memory_events_local))
		return;
	if (want & RAW_HITS && bpf_core_enum_value_exists(enum memcg_memory_event, MEMCG_MAX)) {
		r->hits = ELEMENT(m, struct mem_cgroup, memory_events_local,
				  bpf_core_enum_value(enum memcg_memory_event, MEMCG_MAX));
		r->has |= RAW_HITS;
	}
	if (want & RAW_KILLS && bpf_core_enum_value_exists(enum memcg_memory_event, MEMCG_OOM_KILL)) {
		r->kills = ELEMENT(m, struct mem_cgroup, memory_events_local,
				   bpf_core_enum_value(enum memcg_memory_event, MEMCG_OOM_KILL));
		r->has |= RAW_KILLS;
	}
}

static __always_inline void take_pids(struct sample_raw *r, struct pids_cgroup *p, unsigned int want, int own_limit)
{
	struct pids_cgroup___before_6_11 *old = (void *)p;

	r->pids = BPF_CORE_READ(p, counter.counter);
	r->pids_max = BPF_CORE_READ(p, limit.counter);
	r->has |= RAW_PIDS;
	if (want & RAW_PIDSPEAK && bpf_core_field_exists(p->watermark)) {
		r->pids_peak = BPF_CORE_READ(p, watermark);
		r->has |= RAW_PIDSPEAK;
	}
	if (!(want & RAW_DENIED))
		return;
	if (bpf_core_field_exists(old->events_limit)) {
		r->denied = BPF_CORE_READ(old, events_limit.counter);
		r->has |= RAW_DENIED;
	} else if (bpf_core_field_exists(p->events_local) && bpf_core_enum_value_exists(enum pidcg_event, PIDCG_FORKFAIL)) {
		/* v2 counts whose limit it was, v1 whose fork it was */
		r->denied = own_limit ? ELEMENT(p, struct pids_cgroup, events_local,
						bpf_core_enum_value(enum pidcg_event, PIDCG_MAX)) :
					ELEMENT(p, struct pids_cgroup, events_local,
						bpf_core_enum_value(enum pidcg_event, PIDCG_FORKFAIL));
		r->has |= RAW_DENIED;
	}
}

static __always_inline void take_group(struct sample_raw *r, struct cgroup *g, unsigned int how, unsigned int want)
{
	struct cgroup_subsys_state *up = g->self.parent;
	int of_v2 = how & RAW_HOW_V2;
	__u32 enabled = ~0u;
	void *css;

	__builtin_memset(r, 0, sizeof(*r)); /* what is the same as before shall look the same */
	r->id = g->kn->id;
	r->hash = bpf_core_field_exists(g->kn->hash) ? g->kn->hash : 0;
	r->parent = up ? up->cgroup->kn->id : 0;
	r->has = up ? RAW_CORE : RAW_CORE | RAW_ROOT;
	if (of_v2) {
		r->populated = g->nr_populated_csets + g->nr_populated_domain_children + g->nr_populated_threaded_children > 0;
		r->frozen = g->flags >> CGRP_FROZEN & 1;
		enabled = up ? up->cgroup->subtree_control : 0;
	}
	css = want & RAW_MEMORY ? CSS(g, memory_cgrp_id, enabled) : 0;
	if (css)
		take_memory(r, css, want, of_v2);
	css = want & RAW_PIDS ? CSS(g, pids_cgrp_id, enabled) : 0;
	if (css)
		take_pids(r, css, want, of_v2 && !(how & RAW_HOW_PIDS_LOCAL));
	if (of_v2 || !(want & RAW_FREEZER))
		return;
	css = CSS(g, freezer_cgrp_id, enabled);
	if (css) {
		r->frozen = (BPF_CORE_READ((struct freezer *)css, state) & CGROUP_FREEZING) != 0;
		r->has |= RAW_FREEZER;
	}
}

SEC("iter/cgroup")
int cgx_sample(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *g = ctx->cgroup;
	struct sample_head *head;
	struct sample_raw *r;
	__u32 at = 0;

	if (!g)
		return 0;
	head = bpf_map_lookup_elem(&groups, &at);
	if (!head)
		return 0;
	at = ++head->n;
	r = bpf_map_lookup_elem(&groups, &at);
	if (r)
		take_group(r, g, head->how, head->want);
	return 0;
}

/* Some helpers are for the GPL alone, which the LGPL lets be chosen in its place (section 3). */
char sample_license[] SEC("license") = "GPL";
