/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * record - what a render job writes into its memfd, and how it is read
 *
 *	tag[4] || length (u32) || bytes,  again and again
 *	info   key NUL value
 *	pic.   page, size, width, height, format (u32 each) || the picture
 *	done   state NUL reason; the last one: without it nothing counts
 *
 * The writer has parsed a stranger's file and may be the stranger's by now.  The
 * reader therefore believes nothing: pictures have the format, the measures and
 * the order they should have, texts are what their key allows.
 *
 * Layer: msg (base only).
 */
#pragma once

#include "base/base.h"

struct arena;
struct buf;
struct error;

enum picture_format { PICTURE_JPEG, PICTURE_WEBP };

struct render_picture {
	uint32_t page, size, width, height; /* size: the wanted longest side */
	enum picture_format format;
	struct str bytes;
};
enum render_state { RENDER_READY, RENDER_REFUSED, RENDER_DAMAGED };
struct render_result {
	enum render_state state;
	struct str reason;                                 /* a code; "" when ready */
	uint32_t width, height, pages;                     /* 0: not told */
	struct str colour, blurhash, camera, taken, space; /* "": not told */
	const struct render_picture *pictures;             /* pages and sizes ascending */
	size_t picture_count;
};

void record_info(struct buf *b, const char *key, struct str value);
void record_picture(struct buf *b, const struct render_picture *p);
void record_done(struct buf *b, enum render_state state, const char *reason);

/* Strings and pictures point into `in`.  Errors: ERR_PROTOCOL. */
NODISCARD int record_read(
    struct str in, struct arena *a, struct render_result *ret, struct error *e);
