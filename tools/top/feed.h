/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the screen is fed with: groups with figures, their past, events. The screen asks for nothing else, so that
 * what watches a machine and what replays a file look the same to it.
 */
#ifndef CGX_TOP_FEED_H
#define CGX_TOP_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "ui/units.h"

struct feed;

/* A figure of a group, or why there is none: these must not look alike. */
enum feed_state {
	FEED_PENDING, /* not sampled yet */
	FEED_OK,
	FEED_OFF,     /* the controller is off for this group */
	FEED_MISSING, /* this kernel has no such file */
};
struct feed_value {
	enum feed_state state;
	uint64_t n; /* UINT64_MAX: max */
};

/* Sets of columns. */
#define COLUMN_BIT(column) (1ull << (column))
struct feed_column {
	const char *name;      /* upper case: MEMORY */
	const char *help;
	enum unit unit;
	int shown;             /* unless the user says otherwise */
	int graph;             /* has a past worth a picture */
	const char *limit;     /* the setting that limits it, NULL none: offered when a limit is set */
	int text;              /* feed_text() has it; its value says whether there is one */
};

/* What needs attention: a letter before the name, so that colour is never the only sign. */
#define FEED_LIMIT    (1u << 0)
#define FEED_KILL     (1u << 1)
#define FEED_FORK     (1u << 2)
#define FEED_STALLED  (1u << 3)
#define FEED_PRESSURE (1u << 4)
#define FEED_FROZEN   (1u << 5)
struct feed_mark {
	unsigned bit;
	char letter;
	const char *help;
};
/* The gravest first; ends with letter 0. */
extern const struct feed_mark feed_marks[];
/* The letters of the gravest n, with blanks behind where they are fewer; ret has room for n + 1. */
void feed_letters(unsigned marks, char *ret, size_t n);

struct feed_group {
	uint64_t id;       /* of the sampler: another group of the same path has another; 0 not known */
	const char *path;  /* "/" the root; any byte but NUL and newline */
	const char *name;  /* its last part */
	unsigned depth;    /* parts of the path */
	size_t parent;     /* its index; SIZE_MAX the root */
	unsigned marks;    /* of the last minute */
	int populated;     /* processes in it or below; -1 not known */
	int frozen;        /* -1 not known */
	const char *limit_by, *pids_by; /* the groups that set the limits that bind; "" none, NULL not known */
};

struct feed_event {
	uint64_t time_us;  /* since 1970 */
	unsigned mark;     /* FEED_KILL ..., 0 another */
	const char *path;  /* "" not known */
	const char *text;  /* "killed hog (pid 77) at memory.max 64.0M of web" */
};

struct feed_head {
	const char *host, *layout;
	uint64_t time_us;             /* of the sample, since 1970 */
	uint64_t memory, memory_total; /* UINT64_MAX not known */
	uint64_t pids, pids_total;
	uint64_t kills, forks;        /* while watched */
	int replay;
	size_t at, of;                /* of a replay: which sample, of how many */
	const char *note;             /* what the user should know, "" nothing */
	int record_err;               /* what ended the recording, an errno; 0 nothing did */
	int unseen;                   /* it is something that cannot be seen here */
	const char *source;           /* of the figures: "files", "bpf"; "" a replay */
	const char *source_why;       /* why it is files, "" it was not to be otherwise */
};

/*
 * Watch the n groups at paths and all below them, every group when there is none. columns: those that are read of all groups, a
 * bit each by their index; the others stay as not sampled. With FEED_ON_DEMAND those that feed_value() and feed_past() were
 * asked for are read of that group with the next sample, too; where groups are few, all of all. Errors: a negative errno with the words on the context.
 */
#define FEED_ON_DEMAND (1ull << 63)
#define FEED_NO_EVENTS (1ull << 62) /* nobody will ask for events, nor for the marks that come of them */
/* Read by BPF what it tells: where there are many groups, unless one of these says so or not. What it does not is no failure. */
#define FEED_BPF    (1ull << 61)
#define FEED_NO_BPF (1ull << 60)
struct frame;
int feed_open_live(struct frame *f, const char *const *paths, size_t n, uint64_t columns, struct feed **ret);
/* Replay a file. 0, or an exit status after a message. */
int feed_open_replay(struct frame *f, const char *file, struct feed **ret);
/* Write each sample from now on to a file. 0, or an exit status after a message. */
int feed_record(struct feed *f, struct frame *frame, const char *file);
/* End that. 0, or an exit status: not all of it was written. */
int feed_record_end(struct feed *f);
struct feed *feed_close(struct feed *f);
/* The column of a name of len bytes, small letters will do; SIZE_MAX none. */
size_t feed_column_find(const char *name, size_t len);

/* Columns in the order of the table; their number. The first after the name has index 0. */
const struct feed_column *feed_columns(const struct feed *f, size_t *ret_n);
/* Take the next sample. 0; 1 a replay has come to its end; or a negative errno. */
int feed_sample(struct feed *f);
/* Go to another sample of a replay: by so many; beyond the ends it stops there. */
int feed_seek(struct feed *f, long by);
/* Readable when events wait, -1 none; feed_wake() takes them. 1: something is new. */
int feed_fd(const struct feed *f);
int feed_wake(struct feed *f);

/* All until the next sample. Parents stand before their children. */
void feed_head(const struct feed *f, struct feed_head *ret);
size_t feed_count(const struct feed *f);
const struct feed_group *feed_group(const struct feed *f, size_t index);
/* The index of a path, SIZE_MAX there is no such group. */
size_t feed_find(const struct feed *f, const char *path);
/* The path is top, or lies below it. */
int feed_is_within(const char *path, const char *top);
struct feed_value feed_value(const struct feed *f, size_t index, size_t column);
/* The value in its unit, or the sign that stands where there is none. */
struct units feed_format(const struct feed_column *c, struct feed_value v);
/* Of a column of texts; "" where its value is not OK, or there is none. Any byte but NUL and newline. */
const char *feed_text(const struct feed *f, size_t index, size_t column);
/* Keep the past of all groups, if they are few; otherwise it is kept of those that feed_past() was asked for. */
void feed_remember(struct feed *f);
/* The last samples of a column with a graph, oldest first, at most cap, UINT64_MAX where there was none. */
size_t feed_past(const struct feed *f, const char *path, size_t column, uint64_t *ret, size_t cap);
/* How many events are new since the sample before, at most those that are kept. */
size_t feed_events_new(const struct feed *f);
/* The newest event first; 0 past the last. */
int feed_event(const struct feed *f, size_t index, struct feed_event *ret);

#endif
