/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * event_private - shared by the files of event
 *
 * Layer: model, private.
 */
#pragma once

#include "model/event.h"

/* Of the entry's form; 0: no such kind. */
int event_kind_version(enum event_kind kind);
