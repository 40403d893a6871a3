/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * wire_fields - header fields in a message (private to src/msg)
 */
#pragma once

#include "msg/msg.h"
#include "msg/wire.h"

void put_fields(struct buf *b, const struct msg_field *f, size_t n);
const struct msg_field *get_fields(struct wire *w, struct arena *a, size_t *ret_n);
