/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What plan.c, which builds plans, and plan_apply.c, which carries them out, share. */
#ifndef CGX_PLAN_H
#define CGX_PLAN_H

#include "private.h"

struct step {
	enum cgx_verb verb;
	struct cgx_hierarchy *h;
	char *path, *file, *value, *old, *kept;
	char *name;                      /* the setting as the user called it; NULL none */
	char *owners;                    /* of a chown or chmod: lines of what was, for the undo */
	const struct cgx_setting *row;
	struct cgx_group *group;         /* of a kill */
	int optional;                    /* the process may be gone by then */
	int done;
	size_t prev;                     /* 1 + the step before of the same hash slot */
};
struct cgx_plan {
	struct cgx *cgx;
	int force;                       /* change what is systemd's, too */
	struct step *step;
	size_t n, cap;
	size_t slot[1024];               /* 1 + the last step of a hash; 0 none */
	struct { char *path; int fd; } *dir; /* one a hierarchy: the group that was worked on last */
};

/* The last step of this kind, NULL none. */
const struct step *plan_find(const struct cgx_plan *p, enum cgx_verb verb, const struct cgx_hierarchy *h, const char *path,
			     const char *file);
/* O_PATH descriptor of the group that a step works on, kept by the plan; steps of one group follow each other. */
int plan_dir(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path);
/* Whether this plan made the directory that s changes; then its removal undoes the change. */
int plan_made_here(const struct cgx_plan *p, const struct step *s);
/* The given mode without what the owner himself does not have (now). */
unsigned plan_within_owner(unsigned mode, unsigned now);
/* Whether a write replaces a value that can be read and put back. */
int plan_has_old(const struct cgx_plan *p, const struct step *s);

#endif
