/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * body - where a request body ends: Content-Length or chunked, incrementally
 *
 * Pure.  Chunk extensions are skipped up to 256 bytes a line, trailers are read
 * and dropped up to 4 KiB, everything else malformed is refused.
 *
 * Layer: http.
 */
#pragma once

#include "base/base.h"

struct http_body {
	bool chunked;
	uint64_t left;    /* of the length, or of the chunk */
	int state;        /* private to body.c */
	uint32_t line;    /* bytes of the current line, private */
	uint32_t trailer; /* private */
};

void http_body_init(struct http_body *b, int64_t content_length, bool chunked);
/*
 * Look at in: *skip bytes of framing come first, then *data bytes of content.
 * 1 the body is whole (after skip and data), 0 go on, negative: refuse with 400.
 * Consume skip + data before the next call; both 0 and result 0: more input is needed.
 */
NODISCARD int http_body_next(struct http_body *b, struct str in, size_t *skip, size_t *data);
