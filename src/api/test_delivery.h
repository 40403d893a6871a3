/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * test_delivery - cleared files and their sending, for the tests of the exchange
 *
 * A file has one part of its size; no blob stands behind it, as no handler ever
 * reads one.  Include after cmocka.h.  Layer: api, tests only.
 */
#pragma once

#include "api/test_api.h"
#include "base/random.h"
#include "model/asset.h"
#include "model/mail.h"
#include "text/json.h"

#define URL "https://geleit.example"

static inline void
exec_in_change(struct fixture *f, const char *sql, const struct db_value *v, size_t n)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->x.db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, &f->e) <
	        0 ||
	    db_exec_values(f->x.db, NULL, &f->e, sql, v, n) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}
#define EXEC(f, sql, ...) exec_in_change((f), (sql), DB_VALUES(__VA_ARGS__))

/* Ready, clean, cleared, public.  Its version has the id + 1. */
static inline void
new_file(struct fixture *f, int64_t id, const char *name, int64_t bytes)
{
	AUTO(change_abort) struct change *c = NULL;
	struct id128 blob = random_id128();
	struct sha256 h = sha256(name, strlen(name));
	struct data_key key;
	struct asset_new n = {
	    .id = {id}, .first = {id + 1}, .folder_path = S(""), .title = S("x"), .by = {1}};
	struct release cleared = {.state = RELEASE_CLEARED};

	n.by.v = test_db_int(f->x.db, "SELECT min(id) FROM person");
	if (keyring_version_new(&f->x.keys, n.first, &key, &f->e) < 0 ||
	    change_begin(f->x.db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_ASSET_CREATED, &c, &f->e) <
	        0 ||
	    asset_create(c, f->x.a, &n, &f->e) < 0 || release_set(c, n.id, &cleared, &f->e) < 0 ||
	    change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	EXEC(f,
	    "INSERT INTO version (id, asset_id, number, name, bytes, sha256, crc32, media_type, "
	    "malware, state, created_by, created_us) "
	    "VALUES (?, ?, 1, ?, ?, ?, 7, 'text/plain', 'clean', 'ready', ?, 1)",
	    db_i(id + 1), db_i(id), db_s(str_c(name)), db_i(bytes), db_bytes(h.b, sizeof h.b),
	    db_i(n.by.v));
	if (bytes > 0)
		EXEC(f,
		    "INSERT INTO version_part (version_id, position, blob_id, bytes) "
		    "VALUES (?, 0, ?, ?)",
		    db_i(id + 1), db_id128(&blob), db_i(bytes));
}

static inline struct fixture *
delivery_fixture(struct db *db)
{
	struct fixture *f = fixture_new(db);

	f->conf.authority = S("geleit.example");
	f->conf.smtp_from = S("Geleit <geleit@geleit.example>");
	f->conf.delivery_days = 14;
	f->conf.delivery_max_days = 90;
	f->conf.code_tries = 5;
	return f;
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

static inline bool
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
	mail_id id = {test_db_int(f->x.db,
	    arena_printf(f->x.a, "SELECT max(id) FROM mail WHERE kind = '%s' AND address = '%s'",
	        kind, address)
	        .p)};

	if (mail_content(f->x.db, f->x.a, &f->x.keys, id, &content, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	return content;
}
