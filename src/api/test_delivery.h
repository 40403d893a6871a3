/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * test_delivery - cleared files and their sending, for the tests of the exchange
 *
 * A file has one part of its size; no blob stands behind it, as no handler ever
 * reads one.  Include after cmocka.h.  Layer: api, tests only.
 */
#pragma once

#include "api/test_api.h"
#include "model/mail.h"
#include "model/test_file.h"
#include "text/json.h"

#define URL "https://geleit.example"

/* set(f, "asset", "embargo_us = 5", "id = 100"); where NULL: in all rows. */
static inline void
set(struct fixture *f, const char *table, const char *values, const char *where)
{
	test_set(f->x.db, f->x.a, table, values, where);
}

static inline int64_t
value(struct fixture *f, const char *what, const char *table, const char *where)
{
	return test_value(f->x.db, f->x.a, what, table, where);
}

/* Ready, clean, cleared, public.  Its version has the id + 1. */
static inline void
new_file(struct fixture *f, int64_t id, const char *name, int64_t bytes)
{
	struct data_key key;

	if (keyring_version_new(&f->x.keys, (version_id){id + 1}, &key, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	test_file(
	    f->x.db, f->x.a, (person_id){value(f, "min(id)", "person", NULL)}, id, name, bytes);
}

/* POST json; idem NULL: without a key. */
static inline uint32_t
post_json(struct fixture *f, const char *target, const char *json, const char *idem)
{
	struct str body = str_c(json);

	f->x.now_us = time_now_us();
	return send_ask(f, (struct ask){.method = "POST",
	                       .target = arena_str(f->x.a, str_c(target)),
	                       .fields = {idem != NULL ? "idempotency-key" : NULL, idem},
	                       .length = (int64_t)body.n,
	                       .body = body});
}

static inline uint32_t
get_json(struct fixture *f, const char *target)
{
	f->x.now_us = time_now_us();
	return send_ask(f, (struct ask){.method = "GET", .target = str_c(target), .length = -2});
}

NODISCARD static inline bool
holds(struct fixture *f, const char *want)
{
	return f->r.body.n > 0 && memmem(f->r.body.p, f->r.body.n, want, strlen(want)) != NULL;
}

/* What stands behind "name":" in the answer, up to the quote; the n-th from 0. */
static inline struct str
member(struct fixture *f, const char *name, int n)
{
	struct str want = arena_printf(f->x.a, "\"%s\":\"", name), rest = buf_view(&f->r.body);

	for (;; n--) {
		const char *p = rest.n > 0 ? memmem(rest.p, rest.n, want.p, want.n) : NULL;

		if (p == NULL)
			fail_msg("no %s in %.*s", name, STR(buf_view(&f->r.body)));
		rest = str_from(rest, (size_t)(p - rest.p) + want.n);
		if (n == 0)
			return arena_str(f->x.a, str_head(rest, str_find(rest, '"')));
	}
}

/* The newest mail of a kind to the address: the JSON it will be made of. */
static inline struct str
mail_to(struct fixture *f, const char *kind, const char *address)
{
	struct str content;
	/* the last one: ids of one millisecond are in no order */
	mail_id id = {value(f, "id", "mail",
	    arena_printf(f->x.a, "kind = '%s' AND address = '%s' ORDER BY created_us DESC LIMIT 1",
	        kind, address)
	        .p)};

	if (mail_content(f->x.db, f->x.a, &f->x.keys, id, &content, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	return content;
}
