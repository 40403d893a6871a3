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
/* RFC 6962 section 2.1: SHA-256(0x00 || entry). */
struct sha256 event_leaf_hash(struct arena *a, struct str entry);
