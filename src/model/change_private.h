/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * change_private - what event_add tells the change it belongs to
 *
 * Layer: model, private to change.c and event.c.
 */
#pragma once

#include "model/change.h"

/*
 * The time of the next event: the change's, one microsecond later for each
 * event before it, so that events of one change keep their order.
 */
int64_t change_event_time(const struct change *c);
/* An event was inserted. */
void change_note_event(struct change *c, enum event_kind kind, struct id128 id);
