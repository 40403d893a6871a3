/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * head - the request head of HTTP/1.1, strictly (RFC 9112)
 *
 * Pure: bytes in, struct out, nothing copied.  Refused with 400: bare CR or LF,
 * NUL and other controls, obs-fold, space before the colon, a second Host,
 * Content-Length, Expect, Range, Origin, Authorization and a few more, a tab
 * around the values of the first three, Content-Length together with
 * Transfer-Encoding, no Host, a method not of capitals, a target that is
 * not origin-form, a path with a broken escape, an escaped NUL or a segment "."
 * or "..".  Transfer-Encoding other than chunked, CONNECT and TRACE: 501.  Too
 * large: 431, 414 for the target.  HTTP/1.0: 505.  Expect other than
 * 100-continue: 417.
 *
 * Layer: http.
 */
#pragma once

#include "base/base.h"
#include "base/limits.h"

struct http_field {
	struct str name, value; /* value without blanks around it */
};

struct http_head {
	struct str method, target;
	struct str path, query; /* target split at the first '?', undecoded */
	struct str host;
	struct http_field fields[LIMIT_HEAD_FIELDS];
	size_t field_count;
	int64_t content_length; /* -1: none */
	bool chunked, keep_alive, expect_continue;
};

/* 1 whole (*used bytes), 0 more is needed, negative: -status to refuse with. */
NODISCARD int http_head_parse(struct str in, struct http_head *ret, size_t *used);

/* The first field of that name (ASCII case folded), p NULL when absent. */
struct str http_field(const struct http_head *h, const char *name);

/* "Not Found" for 404; "" when we have no word. */
const char *http_reason(int status);
