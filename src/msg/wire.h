/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * wire - numbers and strings in a message, bounds checked (private to src/msg)
 *
 * Host byte order: both ends are on one machine and of one build.  The reader
 * never fails in the middle: past the end it gives zeros and turns `bad`, which
 * the decoder looks at once, together with "nothing follows".
 *
 * Layer: msg.
 */
#pragma once

#include "base/base.h"

struct arena;
struct buf;
struct error;

struct wire {
	const char *p;
	size_t n;
	bool bad;
};

void put_u8(struct buf *b, uint8_t v);
void put_u32(struct buf *b, uint32_t v);
void put_u64(struct buf *b, uint64_t v);
void put_bool(struct buf *b, bool v);
void put_str(struct buf *b, struct str s); /* 32-bit length */

uint8_t get_u8(struct wire *w);
uint32_t get_u32(struct wire *w);
uint64_t get_u64(struct wire *w);
bool get_bool(struct wire *w); /* anything but 0 and 1 is bad */
struct str get_str(struct wire *w, size_t max);
void get_fixed(struct wire *w, void *ret, size_t n);
/* A count of elements that take at least `least` bytes each: bounded by what is there. */
size_t get_count(struct wire *w, size_t max, size_t least);

/* 0, or ERR_PROTOCOL when something was bad or bytes are left. */
NODISCARD int wire_end(const struct wire *w, const char *what, struct error *e);
