/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * test_exchange - a delivery of three files to two recipients, for the tests of
 * delivery, session and transfer
 *
 * Files 1, 2, 3 have 1000, 0 and 50 bytes.  Include after cmocka.h.
 * Layer: model, tests only.
 */
#pragma once

#include "base/arena.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "model/change.h"
#include "model/contact.h"
#include "model/delivery.h"
#include "model/person.h"
#include "model/recipient.h"
#include "model/session.h"
#include "model/test_file.h"

#define FILES 3
#define BYTES_1 1000
#define BYTES_3 50

struct exchange {
	struct db *db;
	struct arena *a;
	person_id sender;
	struct delivery_item items[FILES];
	delivery_id delivery;
	recipient_id recipients[2];
	struct error e;
};

static const struct actor the_system = {ACTOR_SYSTEM, 0};

static inline struct sha256
hash_of(const char *text)
{
	return sha256(text, strlen(text));
}

#define EXEC(x, sql, ...) TEST_EXEC((x)->db, sql, ##__VA_ARGS__)

static inline void
exchange_file(struct exchange *x, int i, const char *name, int64_t bytes)
{
	int64_t id = 1000 + 10 * i;

	test_file(x->db, x->a, x->sender, id, name, bytes);
	x->items[i] = (struct delivery_item){
	    .asset = {id}, .version = {id + 1}, .name = str_c(name), .bytes = bytes};
}

/* In the change c; addresses a@x.test, b@x.test; tokens "NUMBER-0", "NUMBER-1". */
static inline int
exchange_deliver(struct exchange *x, struct change *c, const char *number, int64_t limit)
{
	struct recipient_new to[2] = {{.id = {0}}};
	struct delivery_new n = {.id = x->delivery,
	    .number = str_c(number),
	    .sender = x->sender,
	    .method = METHOD_PACKAGE,
	    .subject = S("Presse"),
	    .message = S("Guten Tag"),
	    .lang = S("de"),
	    .valid_from_us = change_now(c),
	    .expires_us = change_now(c) + US_PER_DAY,
	    .download_limit = limit,
	    .level = 1,
	    .items = x->items,
	    .item_count = FILES,
	    .recipients = to,
	    .recipient_count = 2};

	for (int i = 0; i < 2; i++) {
		to[i].id = x->recipients[i];
		to[i].address = i == 0 ? S("a@x.test") : S("b@x.test");
		to[i].token_hash = hash_of(arena_printf(x->a, "%s-%d", number, i).p);
		if (contact_need(c, x->a, to[i].address, &to[i].contact, &x->e) < 0)
			return x->e.code;
	}
	return delivery_create(c, &n, &x->e);
}

static inline int
exchange_send(struct exchange *x, const char *number, int64_t limit)
{
	AUTO(change_abort) struct change *c = NULL;

	x->delivery = (delivery_id){random_id()};
	x->recipients[0] = (recipient_id){random_id()};
	x->recipients[1] = (recipient_id){x->recipients[0].v + 1};
	if (change_begin(x->db, the_system, EVENT_DELIVERY_CREATED, &c, &x->e) < 0 ||
	    exchange_deliver(x, c, number, limit) < 0)
		return x->e.code;
	return change_commit(&c, &x->e);
}

/* Everything but a delivery. */
static inline struct exchange *
exchange_new(struct db *db)
{
	AUTO(change_abort) struct change *c = NULL;
	struct exchange *x = xcalloc(1, sizeof *x);

	x->db = db;
	x->a = arena_new();
	if (change_begin(db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    person_create(c, S("Anna"), S("anna@x.test"), S("editor"), &x->sender, &x->e) < 0 ||
	    change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	exchange_file(x, 0, "eins.txt", BYTES_1);
	exchange_file(x, 1, "leer.txt", 0);
	exchange_file(x, 2, "drei.txt", BYTES_3);
	return x;
}

static inline void
exchange_free(struct exchange **xp)
{
	db_close(&(*xp)->db);
	arena_free(&(*xp)->a);
	free(*xp);
	*xp = NULL;
}

static inline int
exchange_begin(void **state)
{
	struct exchange *x = exchange_new(test_db(schema_main));

	*state = x;
	if (exchange_send(x, "ABCD-2345", 0) < 0)
		fail_msg("%s", x->e.msg);
	return 0;
}

static inline int
exchange_end(void **state)
{
	struct exchange *x = *state;

	exchange_free(&x);
	return 0;
}

static inline session_id
exchange_open(struct exchange *x, const char *cookie, int recipient)
{
	AUTO(change_abort) struct change *c = NULL;
	struct sha256 h = hash_of(cookie);
	session_id s;

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    session_open(c, &h, x->recipients[recipient], &s, &x->e) < 0 ||
	    change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	return s;
}
