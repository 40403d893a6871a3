/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * api_key - see api_key.h.  The lookup is by hash, so its time tells nothing of
 * the secret.
 */
#include "model/api_key.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
#include "crypto/token.h"
#include "db/db.h"
#include "model/change.h"

static const struct {
	struct str name;
	unsigned bit;
} scope_names[] = {
    {S("read"), 1},
    {S("upload"), 2},
    {S("edit"), 4},
    {S("release"), 8},
    {S("send"), 16},
    {S("outbox"), 32},
    {S("admin"), 64},
    {S("all"), 127},
};

static const struct {
	struct str role;
	unsigned scopes;
} roles[] = {
    {S("administrator"), 127},
    {S("editor"), 1 | 2 | 4 | 8 | 16},
    {S("sender"), 1 | 2 | 16},
    {S("viewer"), 1},
};

#define TOUCH_US (60 * US_PER_S)

unsigned
role_scopes(struct str role)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		if (str_eq(role, roles[i].role))
			return roles[i].scopes;
	}
	return 0;
}

int
scopes_parse(struct str s, unsigned *ret, struct error *e)
{
	unsigned bits = 0;

	while (s.p != NULL) {
		struct str one = str_trim(str_cut(s, ',', &s));
		unsigned bit = 0;

		for (size_t i = 0; i < ARRAY_LEN(scope_names); i++) {
			if (str_eq(one, scope_names[i].name))
				bit = scope_names[i].bit;
		}
		if (bit == 0)
			return err_key(e, ERR_INVALID, "bad-scope", "no scope is called %.*s",
			    STR(str_head(one, 40)));
		bits |= bit;
	}
	*ret = bits;
	return 0;
}

/* Columns 4 to 7. */
static bool
has_ended(struct rows *q, int64_t now_us)
{
	return !rows_is_null(q, 4) || !rows_is_null(q, 5) ||
	       (!rows_is_null(q, 7) && rows_int(q, 7) <= now_us);
}

#define FIND                                                                                       \
	"SELECT k.id, k.person_id, k.scopes, p.role, k.revoked_us, p.disabled_us, k.used_us, "     \
	"k.expires_us FROM api_key k JOIN person p ON p.id = k.person_id WHERE "

static int
read_live(struct rows *q, struct arena *a, int64_t now_us, struct api_key *ret, struct error *e)
{
	int r = rows_next(q, e);

	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "unknown api key");
	if (r < 0)
		return r;
	if (has_ended(q, now_us))
		return err_set(e, ERR_GONE, "the api key has ended");
	*ret = (struct api_key){.id = {rows_int(q, 0)},
	    .person = {rows_int(q, 1)},
	    .role = rows_text(q, 3, a),
	    .used_us = rows_int(q, 6),
	    .expires_us = rows_int(q, 7)};
	if (scopes_parse(rows_text(q, 2, a), &ret->scopes, e) < 0)
		return err_code(e);
	ret->scopes &= role_scopes(ret->role);
	return 0;
}

int
api_key_by_secret(struct db *db, struct arena *a, const struct api_key_ask *ask,
    struct api_key *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	struct sha256 hash = sha256(ask->secret.p, ask->secret.n);

	if (!str_starts(ask->secret, S("geleit_")))
		return err_set(e, ERR_NOT_FOUND, "not an api key");
	if (db_query(db, &q, e, FIND "k.hash = ?", db_bytes(hash.b, sizeof hash.b)) < 0)
		return err_code(e);
	return read_live(q, a, ask->now_us, ret, e);
}

int
api_key_get(struct db *db, struct arena *a, api_key_id id, int64_t now_us, struct api_key *ret,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;

	if (db_query(db, &q, e, FIND "k.id = ?", db_i(id.v)) < 0)
		return err_code(e);
	return read_live(q, a, now_us, ret, e);
}

int
api_key_touch(struct db *db, const struct api_key *k, int64_t now_us, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct actor self = {ACTOR_KEY, k->id.v};

	if (now_us - k->used_us < TOUCH_US)
		return 0;
	if (change_begin(db, self, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    db_exec(db, NULL, e,
	        "UPDATE api_key SET used_us = ? WHERE id = ? AND (used_us IS NULL OR used_us < ?)",
	        db_i(now_us), db_i(k->id.v), db_i(now_us)) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

int
api_key_create(struct change *c, struct arena *a, const struct api_key_new *n, api_key_id *ret,
    struct str *ret_secret, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_KEY_CREATED);
	api_key_id id = {random_id()};
	struct sha256 hash;
	struct str secret;
	unsigned bits;

	if (scopes_parse(n->scopes, &bits, e) < 0)
		return err_code(e);
	secret = arena_printf(a, "geleit_%lld_%.*s", (long long)id.v, STR(token_new(a)));
	hash = sha256(secret.p, secret.n);
	if (db_exec(change_db(c), NULL, e,
	        "INSERT INTO api_key (id, person_id, name, scopes, hash, created_us, "
	        "expires_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
	        db_i(id.v), db_i(n->person.v), db_s(n->name), db_s(n->scopes),
	        db_bytes(hash.b, sizeof hash.b), db_i(change_now(c)),
	        n->expires_us != 0 ? db_i(n->expires_us) : db_null()) < 0 ||
	    event_add(c, &ev, e) < 0)
		return err_code(e);
	*ret = id;
	*ret_secret = secret;
	return 0;
}

int
api_key_list(
    struct db *db, struct arena *a, struct api_key_row **ret, size_t *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct api_key_row) all = {0};
	int r;

	if (db_query(db, &q, e,
	        "SELECT k.id, k.person_id, k.name, k.scopes, p.name, k.created_us, k.used_us, "
	        "k.revoked_us, k.expires_us FROM api_key k JOIN person p ON p.id = k.person_id "
	        "ORDER BY k.id DESC") < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0)
		*VEC_ADD(&all) = (struct api_key_row){.id = {rows_int(q, 0)},
		    .person = {rows_int(q, 1)},
		    .name = rows_text(q, 2, a),
		    .scopes = rows_text(q, 3, a),
		    .owner = rows_text(q, 4, a),
		    .created_us = rows_int(q, 5),
		    .used_us = rows_int(q, 6),
		    .revoked_us = rows_int(q, 7),
		    .expires_us = rows_int(q, 8)};
	VEC_TO_ARENA(&all, a, ret, ret_n);
	return r;
}

int
api_key_revoke(struct change *c, api_key_id id, struct error *e)
{
	struct event ev = EVENT_INIT(EVENT_KEY_REVOKED);
	int64_t n;

	if (db_exec(change_db(c), &n, e,
	        "UPDATE api_key SET revoked_us = ? WHERE id = ? AND revoked_us IS NULL",
	        db_i(change_now(c)), db_i(id.v)) < 0)
		return err_code(e);
	if (n != 1)
		return err_set(e, ERR_NOT_FOUND, "no such key, or it has ended");
	return event_add(c, &ev, e);
}
