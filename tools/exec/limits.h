/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits for a command, as a user gives them: an array of SETTING=VALUE. */
#ifndef CGX_EXEC_LIMITS_H
#define CGX_EXEC_LIMITS_H

#include <stddef.h>

#include <cgx.h>

#include "util/buf.h"

/* What an option's text asks for of this setting: "io.max=8:0 rbps=1M" for "/dev/sda rbps=1M". -EINVAL with why. */
int limits_text(const char *setting, const char *text, struct buf *ret, struct buf *why);
/* The controllers that they need. */
cgx_set limits_controllers(const char *const *v, size_t n);
int limits_plan(struct cgx_plan *p, struct cgx_group *g, const char *const *v, size_t n);

#endif
