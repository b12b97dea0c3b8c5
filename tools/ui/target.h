/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A group as it is written on a command line: PATH, or libcgroup's CONTROLLERS:PATH. */
#ifndef CGX_UI_TARGET_H
#define CGX_UI_TARGET_H

#include "frame.h"

/*
 * Split text: "memory,cpu:web" gives both, "web/api" the path alone with controllers 0, ":web"
 * (libcgroup 3) the v2 tree alone, "*:web" every hierarchy. A colon behind a slash belongs to the
 * path ("./a:b", "web/a:b").
 * *ret_path points into text.
 * Errors: as cgx_set_parse(), with the words in the context.
 */
int target_parse(struct cgx *cgx, const char *text, cgx_set *ret_controllers, const char **ret_path);
/* target_parse() and cgx_group_open(). */
int target_open(struct cgx *cgx, const char *text, struct cgx_group **ret);

#endif
