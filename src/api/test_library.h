/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * test_library - files as uploads make them, and the questions about them
 *
 * Include after cmocka.h.  Layer: api, tests only.
 */
#pragma once

#include <stdio.h>

#include "api/test_api.h"
#include "model/change.h"

static inline uint32_t
get(struct fixture *f, const char *target)
{
	return send_ask(f, (struct ask){.method = "GET", .target = str_c(target), .length = -2});
}

static inline uint32_t
send(struct fixture *f, const char *method, const char *target, const char *json)
{
	struct str body = str_c(json);

	return send_ask(f, (struct ask){.method = method,
	                       .target = arena_str(f->x.a, str_c(target)),
	                       .body = body,
	                       .length = (int64_t)body.n});
}

NODISCARD static inline bool
has(struct fixture *f, const char *want)
{
	return memmem(f->r.body.p, f->r.body.n, want, strlen(want)) != NULL;
}

static inline void
holds(struct fixture *f, const char *want)
{
	if (!has(f, want))
		fail_msg("no %s in %.*s", want, STR(buf_view(&f->r.body)));
}

static inline const char *
say(struct fixture *f, const char *format, const char *a, const char *b)
{
	char text[1000];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof text, format, a, b);
#pragma GCC diagnostic pop
	return arena_cstr(f->x.a, str_c(text));
}

/* The token in the answer of a bulk change. */
static inline struct str
undo_of(struct fixture *f)
{
	struct str body = arena_str(f->x.a, buf_view(&f->r.body));
	const char *at = strstr(body.p, "\"undo\":\"");

	if (at == NULL)
		fail_msg("no token in %s", body.p);
	return (struct str){at + 8, 32};
}

static inline uint32_t
undo(struct fixture *f, struct str token)
{
	return send_ask(f, (struct ask){.method = "POST",
	                       .target = arena_printf(f->x.a, "/api/v1/undo/%.*s", STR(token)),
	                       .length = -2});
}
