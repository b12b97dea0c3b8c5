/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The option table: one row an option; parsing, help and completion are all read from it. */
#ifndef CGX_UI_OPT_H
#define CGX_UI_OPT_H

#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

/* What can stand in a place, for completion; bits, so that a place may take several kinds. */
enum complete {
	COMPLETE_NONE       = 0,
	COMPLETE_GROUP      = 1u << 0,  /* PATH or CONTROLLERS:PATH, from the live tree */
	COMPLETE_SETTING    = 1u << 1,  /* memory.max */
	COMPLETE_ASSIGNMENT = 1u << 2,  /* memory.max=VALUE */
	COMPLETE_PID        = 1u << 3,
	COMPLETE_CONTROLLER = 1u << 4,  /* a list: cpu,memory */
	COMPLETE_OWNER      = 1u << 5,  /* USER or USER:GROUP */
	COMPLETE_COMMAND    = 1u << 6,  /* a command, then its own words */
	COMPLETE_FILE       = 1u << 7,
	COMPLETE_DIR        = 1u << 8,
	COMPLETE_COLUMN     = 1u << 9,  /* a list of the tool's columns, maybe after + */
	COMPLETE_SORT       = 1u << 10, /* one column, maybe after - */
	COMPLETE_OWN        = 1u << 12, /* what the tool itself offers: struct tool's own_words */
	COMPLETE_TARGET     = 1u << 11, /* CONTROLLERS:PATH, or PATH; controllers are offered first */
};

/* The type says what the field at offset `at` is and how the text is read. */
enum opt_type {
	OPT_FLAG,    /* int: set to value, or 1 when value is 0 */
	OPT_COUNT,   /* int: one more each time (-vv) */
	OPT_BIT,     /* unsigned: value is or-ed in */
	OPT_STRING,  /* const char *: the argument itself, the last one wins */
	OPT_STRINGS, /* struct strings: every argument, in order; rows may share one field */
	OPT_BYTES,   /* uint64_t: 64M 1.5GiB 4096; "max" gives UINT64_MAX where OPT_MAX is set */
	OPT_USEC,    /* uint64_t: 250ms 30s 5m; "max" as above */
	OPT_U64,     /* uint64_t: digits; "max" as above */
	OPT_INT,     /* int: digits, maybe after a minus */
	OPT_OCTAL,   /* unsigned: a mode, 1 to 7777 */
	OPT_ENUM,    /* int: the place of the word in choices; a unique beginning will do */
	OPT_CALL,    /* whatever call makes of it */
};

#define OPT_HIDDEN   (1u << 0) /* neither in --help nor completed */
#define OPT_MAX      (1u << 1) /* a number may be "max" */
#define OPT_OPTIONAL (1u << 2) /* the argument may be left out: --name[=ARG]; then OPT_ENUM and OPT_INT
                                * store value, OPT_STRING "", OPT_CALL gets NULL */
#define OPT_NONZERO  (1u << 3) /* a number may not be 0 */

/* A default for uint64_t fields that says "not given": "max" is UINT64_MAX. */
#define OPT_UNSET (UINT64_MAX - 1)

/*
 * Personalities: who knows a row. 0: everyone. Bit 0 is the tool under its own name, bit N the link
 * whose struct compat has id N. Two rows may share a letter when their masks do not meet.
 */
#define WHO(id)    (1u << (id))
#define WHO_NATIVE WHO(0)
#define WHO_COMPAT (~WHO_NATIVE)

/* Arguments of a repeatable option; zero is empty. v has a NULL behind the last. The texts are
 * borrowed from argv; v belongs to opt_release(). */
struct strings {
	const char **v;
	size_t n;
};

struct opt {
	char letter;          /* 0: none */
	const char *name;     /* NULL: none */
	const char *arg;      /* what help calls the argument, "SIZE"; NULL: the option takes none */
	enum opt_type type;
	size_t at;            /* offsetof() in the spec */
	const char *help;     /* a short phrase without a full stop, ASCII */
	unsigned complete;    /* COMPLETE_* of the argument; choices complete themselves */
	unsigned flags;
	unsigned who;
	int value;
	const char *const *choices; /* NULL-terminated */
	/* 0, or a negative errno with the reason in why ("not a signal"); text is NULL without argument */
	int (*call)(void *spec, const struct opt *row, const char *text, struct buf *why);
};
/* Tables end with OPT_END. */
#define OPT_END { 0 }

/* A table, the object its offsets lie in, and which of its rows count: row.who & who, or row.who 0. */
struct opt_sheet {
	const struct opt *rows;
	void *base;           /* may be NULL where nothing is parsed (help, completion) */
	unsigned who;
};

#define OPT_STOP (1u << 0) /* the first word that is no option ends the options */

/*
 * Parse argv[1] to argv[argc - 1] over the sheets, of which the first that knows an option has it.
 * GNU manners: -xVALUE, -x VALUE, bundled flags, --long=VALUE, --long VALUE, unique beginnings of long
 * names, options and words mixed unless OPT_STOP, "--" ends the options, "-" is a word.
 * Words that are no options are moved to argv[0] on, in order, with a NULL behind.
 * Returns how many words are left; -EINVAL with why as "--memory 10X: not a size; ..." or "--memroy: no
 * such option; did you mean --memory?"; -ENOMEM. Touches nothing but argv, why and the bases.
 */
int opt_parse(const struct opt_sheet *sheets, size_t n, unsigned flags, int argc, char **argv,
	      struct buf *why);

/* Free what opt_parse() allocated in base: the lists of OPT_STRINGS. */
void opt_release(const struct opt *rows, void *base);

/* The next row after row that the sheet's personality knows, NULL asks for the first; NULL at the end. */
const struct opt *opt_next(const struct opt_sheet *sheet, const struct opt *row);
/* The row of a letter, of a long name (exact, length len) or of its unique beginning; NULL: none. */
const struct opt *opt_find_letter(const struct opt_sheet *sheets, size_t n, char letter);
const struct opt *opt_find_name(const struct opt_sheet *sheets, size_t n, const char *name, size_t len);
/* 1 an option is understood to need an argument: it has one and may not leave it out. */
int opt_needs_arg(const struct opt *row);

#endif
