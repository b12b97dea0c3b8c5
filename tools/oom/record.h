/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as one JSON object. */
#ifndef CGX_OOM_RECORD_H
#define CGX_OOM_RECORD_H

#include "oom/fact.h"
#include "ui/json.h"

/* Into an empty document. What is not known is null. */
void record_event(struct json *j, const struct told *t);

#endif
