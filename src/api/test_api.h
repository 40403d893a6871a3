/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * test_api - an app process for the tests of api/: databases, keys, a store,
 * and requests as front hands them over
 *
 * The main database is that of test_db.h, the key database and the store are in
 * memory.  Include after cmocka.h.  Layer: api, tests only.
 */
#pragma once

#include "api/api.h"
#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/api_key.h"
#include "model/person.h"
#include "model/test_db.h"
#include "os/file.h"
#include "store/store.h"

#define FIELDS_MOST 8

struct fixture {
	struct api x;
	struct conf conf;
	struct vault *vault;
	struct str key; /* of an editor */
	struct reply r;
	struct error e;
};

static inline struct str
new_key(struct fixture *f, const char *address, const char *role, const char *scopes)
{
	AUTO(change_abort) struct change *c = NULL;
	struct api_key_new n = {.name = S("test"), .scopes = str_c(scopes)};
	struct str secret;
	api_key_id id;

	if (change_begin(f->x.db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_KEY_CREATED, &c, &f->e) <
	        0 ||
	    person_create(c, S("Anna"), str_c(address), str_c(role), &n.person, &f->e) < 0 ||
	    api_key_create(c, f->x.a, &n, &id, &secret, &f->e) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	return secret;
}

/* Every setting at its standard, but for uploads: 1000 bytes, a day. */
static inline void
fixture_conf(struct fixture *f)
{
	const struct str text = S("server.url = https://geleit.example\n"
	                          "smtp.from = geleit@geleit.example\n"
	                          "upload.max_bytes = 1000\n"
	                          "upload.days = 1\n");

	if (conf_parse(f->x.a, S("/srv/g"), text, &f->conf, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static inline struct fixture *
fixture_new(struct db *db)
{
	static const uint8_t master[MASTER_KEY_BYTES] = {42};
	struct fixture *f = xcalloc(1, sizeof *f);

	f->x = (struct api){.db = db,
	    .conf = &f->conf,
	    .file = &f->conf,
	    .ticket_key = {{7}},
	    .a = arena_new(),
	    .now_us = time_now_us()};
	reply_init(&f->r, f->x.a);
	fixture_conf(f);
	if (vault_new(master, &f->vault, &f->e) < 0 || store_mem_open(&f->x.store, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	f->x.keys = (struct keyring){test_db_fake(schema_keys), keeper_of_vault(f->vault)};
	f->key = new_key(f, "anna@geleit.example", "editor", "all");
	return f;
}

static inline void
fixture_free(struct fixture *f)
{
	fd_close(&f->r.part_fd);
	db_close(&f->x.db);
	db_close(&f->x.keys.keys);
	store_close(&f->x.store);
	vault_free(&f->vault);
	arena_free(&f->x.a);
	free(f);
}

struct ask {
	const char *method;
	struct str target;
	struct str key;         /* p NULL: the editor's */
	const char *fields[12]; /* name, value, ... NULL */
	int64_t length;         /* of the body; -1 chunked, -2 none */
	bool without_tus;
	struct str body; /* one that was read: with length n */
};

static inline uint32_t
send_ask(struct fixture *f, struct ask k)
{
	struct msg_field fields[FIELDS_MOST];
	struct msg_request m = {.method = str_c(k.method),
	    .target = k.target,
	    .peer = S("192.0.2.7"),
	    .content_length = MAX(k.length, -1),
	    .chunked = k.length == -1,
	    .body_waits = (k.length == -1 || k.length > 0) && k.body.p == NULL,
	    .body = k.body,
	    .fields = fields};
	struct str key = k.key.p != NULL ? k.key : f->key;
	int r;

	if (key.n > 0)
		fields[m.field_count++] = (struct msg_field){
		    S("authorization"), arena_printf(f->x.a, "Bearer %.*s", STR(key))};
	if (!k.without_tus)
		fields[m.field_count++] = (struct msg_field){S("tus-resumable"), S("1.0.0")};
	for (size_t i = 0; k.fields[i] != NULL; i += 2)
		fields[m.field_count++] =
		    (struct msg_field){str_c(k.fields[i]), str_c(k.fields[i + 1])};
	fd_close(&f->r.part_fd);
	r = api_request(&f->x, &m, &f->r, &f->e);
	assert_int_equal(r, 0);
	return f->r.takes_body ? 100 : f->r.status;
}

static inline struct str
field(struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->r.field_count; i++) {
		if (str_ieq(f->r.fields[i].name, str_c(name)))
			return f->r.fields[i].value;
	}
	return (struct str){0};
}

NODISCARD static inline bool
says(struct fixture *f, const char *code)
{
	struct str want = arena_printf(f->x.a, "\"code\":\"%s\"", code);

	return f->r.body.n >= want.n && memmem(f->r.body.p, f->r.body.n, want.p, want.n) != NULL;
}

static inline int64_t
rows(struct fixture *f, const char *table, const char *where)
{
	return test_db_rows(f->x.db, f->x.a, table, where);
}

static inline int64_t
events(struct fixture *f, const char *kind)
{
	return rows(f, "event", arena_printf(f->x.a, "kind = '%s'", kind).p);
}

/* ---- what front does with TAKE_BODY ---- */

static inline struct msg_body
fill(struct fixture *f, const char *bytes)
{
	AUTO(sealed_writer_free) struct sealed_writer *w = NULL;
	struct msg_body m = {.ticket = f->r.take.ticket, .blob = f->r.take.blob};
	uint8_t context[SEALED_CONTEXT_BYTES];
	struct data_key key;

	assert_true(f->r.takes_body);
	assert_true(strlen(bytes) <= f->r.take.part_bytes);
	memcpy(key.b, f->r.take.key, sizeof key.b);
	sealed_context(m.blob, f->r.take.purpose, context);
	if (sealed_writer_new(f->r.part_fd, &key, context, &w, &f->e) < 0 ||
	    sealed_write(w, bytes, strlen(bytes), &f->e) < 0 ||
	    sealed_writer_end(w, &m.bytes, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	fd_close(&f->r.part_fd);
	return m;
}

/* 100: another part was handed out. */
static inline uint32_t
hand_in(struct fixture *f, struct msg_body m)
{
	int r;

	fd_close(&f->r.part_fd);
	reply_init(&f->r, f->x.a);
	r = api_body(&f->x, &m, &f->r, &f->e);
	if (r < 0)
		return (uint32_t)-r;
	return f->r.takes_body ? 100 : f->r.status;
}

static inline uint32_t
last(struct fixture *f, const char *bytes)
{
	struct msg_body m = fill(f, bytes);

	m.ended = true;
	return hand_in(f, m);
}

/* A file, as an empty upload makes it: its id. */
static inline const char *
empty_file(struct fixture *f)
{
	struct ask k = {.method = "POST",
	    .target = S("/api/v1/uploads"),
	    .fields = {"upload-length", "0", "upload-metadata", "filename YS50aWY=,folder QQ=="},
	    .length = -2};

	assert_int_equal(send_ask(f, k), 201);
	return arena_cstr(f->x.a, field(f, "Geleit-Asset"));
}
