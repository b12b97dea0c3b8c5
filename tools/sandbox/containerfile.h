/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containerfiles (Dockerfiles): text into instructions, variables into text. Pure. */
#ifndef CGX_SANDBOX_CONTAINERFILE_H
#define CGX_SANDBOX_CONTAINERFILE_H

#include "sandbox/spec.h"

#define CONTAINERFILE_BYTES (1u << 20)
#define CONTAINERFILE_STEPS 1000
#define CONTAINERFILE_HERE  16

enum instruction_kind {
	DO_FROM, DO_RUN, DO_COPY, DO_ADD, DO_ENV, DO_WORKDIR, DO_USER, DO_CMD, DO_ENTRYPOINT, DO_ARG, DO_LABEL, DO_EXPOSE,
	DO_SHELL, DO_STOPSIGNAL, DO_MAINTAINER, DO_NOTHING /* means nothing here, and is told */
};

/* A here-document: <<NAME, <<-NAME, whose lines lose the tabs before them, or <<'NAME', which is as it is. */
struct here {
	char *name, *text;
	int as_is;
};

struct instruction {
	enum instruction_kind kind;
	unsigned line;      /* where it begins, from 1 */
	char *word;         /* as it was written, "RUN" */
	char *text;         /* what stands behind it, joined, flags taken off */
	struct words flags; /* "--chown=1:1" */
	struct words exec;  /* of a list in JSON */
	int is_exec;        /* there is such a list */
	struct here *here;  /* of RUN, COPY and ADD, in the order in which text names them */
	size_t n_here;
};

struct containerfile {
	struct instruction *v;
	size_t n;
	char escape;
};

/* The words of a text that name here-documents, one after the other, from *at on: 1, and its name and how, or 0. */
struct here_word {
	const char *name;
	size_t n;
	int strip, as_is;
	const char *begin, *end; /* of the word */
};
int containerfile_next_here(const char **at, struct here_word *ret);

/* 0; -EBADMSG with why ("7: COPY: ..." begins with the line); -ENOMEM. */
int containerfile_read(const char *text, size_t n, struct containerfile *ret, struct buf *why);
void containerfile_free(struct containerfile *c);

/*
 * $NAME, ${NAME}, ${NAME:-word}, ${NAME:+word}, ${NAME-word}, ${NAME+word} by the lists of NAME=VALUE, the first that has it;
 * quotes and the escape taken off. Once as one text; once as words, which only what is written divides. -EBADMSG with why.
 */
int containerfile_expand(const char *text, char escape, const struct words *const *vars, struct buf *ret, struct buf *why);
/* Of a here-document: quotes stay, the escape is taken off before itself and $. */
int containerfile_expand_here(const char *text, char escape, const struct words *const *vars, struct buf *ret, struct buf *why);
int containerfile_words(const char *text, char escape, const struct words *const *vars, struct words *ret, struct buf *why);

#endif
