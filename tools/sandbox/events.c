/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of a sandbox. */
#include "sandbox/events.h"

#include <stdio.h>

#include "oom/line.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"

/* A fork bomb has forks denied all the time, and a hog that is started again is killed again: the report counts them all. */
#define DENIED_EVERY_US 1000000
#define MOST_LINES      1000

static int is_due(struct events *s, struct cgx_event *e)
{
	uint64_t now = now_us();

	if (e->kind != CGX_E_FORK)
		return 1;
	s->denied += e->count;
	if (s->told_us && now - s->told_us < DENIED_EVERY_US)
		return 0;
	e->count = s->denied;
	s->denied = 0;
	s->told_us = now;
	return 1;
}

void events_tell(void *data, const struct cgx_event *e)
{
	static const struct line_style style = { .colour = 0 };
	AUTO_BUF struct buf b = { 0 };
	struct events *s = data;
	struct told t = { .e = *e };

	if (s->lines >= MOST_LINES || !is_due(s, &t.e))
		return;
	/* users as the sandbox has them */
	if (s->state->id_count && t.e.uid >= s->state->id_base && t.e.uid - s->state->id_base < s->state->id_count)
		t.e.uid -= s->state->id_base;
	line_what(&b, &t, &style);
	if (++s->lines == MOST_LINES)
		buf_puts(&b, "; further ones are counted alone");
	if (b.err)
		return;
	fprintf(stderr, "%s: %s: %s%s\n", s->f->tool->name, s->state->name, b.s, s->raw ? "\r" : "");
	if (!words_add(&s->state->notes, b.s))
		state_append(s->state);
	words_free(&s->state->notes);
}
