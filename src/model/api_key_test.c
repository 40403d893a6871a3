/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* api_key - a secret is shown once, found by its hash, bounded by its person's role */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "model/api_key.h"
#include "model/change.h"
#include "model/person.h"
#include "model/test_db.h"

static const struct actor nobody = {ACTOR_SYSTEM, 0};

/* A person of this role with one key; the secret lives in a. */
static struct str
key_of(struct db *db, struct arena *a, const char *role, const char *scopes)
{
	AUTO(change_abort) struct change *c = NULL;
	struct api_key_new n = {.name = S("test"), .scopes = str_c(scopes)};
	struct str secret;
	api_key_id id;
	struct error e;

	if (change_begin(db, nobody, EVENT_KEY_CREATED, &c, &e) < 0 ||
	    person_create(c, S("Anna"), S("anna@geleit.example"), str_c(role), &n.person, &e) < 0 ||
	    api_key_create(c, a, &n, &id, &secret, &e) < 0 || change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
	return secret;
}

static int
find(struct db *db, struct arena *a, struct str secret, struct api_key *ret)
{
	struct api_key_ask ask = {secret, 1000 * US_PER_S};
	struct error e;

	return api_key_by_secret(db, a, &ask, ret, &e);
}

static void
a_new_key_is_found_and_its_secret_is_not_stored(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct str secret = key_of(db, a, "administrator", "read,upload");
	struct api_key k;

	assert_true(str_starts(secret, S("geleit_")));
	assert_true(secret.n > 43 + 8 && secret.p[secret.n - 44] == '_');
	assert_int_equal(find(db, a, secret, &k), 0);
	assert_int_equal(k.scopes, 1 | 2);
	assert_string_equal(k.role.p, "administrator");
	assert_int_equal(test_db_int(db, "SELECT length(hash) FROM api_key"), 32);
	assert_int_equal(
	    test_db_int(db, "SELECT count(*) FROM event WHERE kind = 'key.created'"), 1);
}

static void
any_other_secret_is_unknown(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct str secret = key_of(db, a, "administrator", "all");
	const struct str wrong[] = {
	    S(""), S("geleit_"), str_from(secret, 7), str_head(secret, secret.n - 1)};
	struct api_key k;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(find(db, a, wrong[i], &k), ERR_NOT_FOUND);
	for (size_t i = 0; i < secret.n; i++) {
		char *changed = arena_cstr(a, secret);

		changed[i] ^= 1;
		assert_int_equal(find(db, a, str_c(changed), &k), ERR_NOT_FOUND);
	}
}

static int
run_sql(struct db *db, const char *sql)
{
	struct error e;

	if (db_write_begin(db, DB_CHANGE, &e) < 0 || db_exec(db, NULL, &e, sql) < 0 ||
	    db_commit(db, &e) < 0)
		fail_msg("%s", e.msg);
	return 0;
}

static void
a_revoked_key_and_a_disabled_person_have_ended(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct str secret = key_of(db, a, "editor", "read");
	struct api_key k;

	run_sql(db, "UPDATE api_key SET revoked_us = 1");
	assert_int_equal(find(db, a, secret, &k), ERR_GONE);
	run_sql(db, "UPDATE api_key SET revoked_us = NULL");
	assert_int_equal(find(db, a, secret, &k), 0);
	run_sql(db, "UPDATE person SET disabled_us = 1");
	assert_int_equal(find(db, a, secret, &k), ERR_GONE);
}

static void
a_key_ends_at_its_expiry(void **state)
{
	static const struct {
		const char *sql;
		int r;
	} rows[] = {{"UPDATE api_key SET expires_us = 1000000001", 0},
	    {"UPDATE api_key SET expires_us = 1000000000", ERR_GONE},
	    {"UPDATE api_key SET expires_us = 1", ERR_GONE},
	    {"UPDATE api_key SET expires_us = NULL", 0}};
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct str secret = key_of(db, a, "editor", "read");
	struct api_key k;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		run_sql(db, rows[i].sql);
		assert_int_equal(find(db, a, secret, &k), rows[i].r);
	}
	assert_int_equal(k.expires_us, 0);
}

/* Two requests that read the row at the same time: the later look is what stays. */
static void
seen_never_goes_back(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct str secret = key_of(db, a, "viewer", "read");
	struct api_key k;
	struct error e;

	assert_int_equal(find(db, a, secret, &k), 0);
	assert_int_equal(api_key_touch(db, &k, 500 * US_PER_S, &e), 0);
	assert_int_equal(api_key_touch(db, &k, 400 * US_PER_S, &e), 0);
	assert_int_equal(test_db_int(db, "SELECT used_us FROM api_key"), 500 * US_PER_S);
}

static void
a_role_bounds_the_scopes(void **state)
{
	static const struct {
		const char *role;
		unsigned scopes;
	} rows[] = {{"administrator", 127}, {"editor", 31}, {"sender", 19}, {"viewer", 1}, {"", 0},
	    {"root", 0}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(db_close) struct db *db = test_db(schema_main);
		AUTO(arena_free) struct arena *a = arena_new();
		struct str secret = key_of(db, a, rows[i].role, "all");
		struct api_key k;

		assert_int_equal(find(db, a, secret, &k), 0);
		assert_int_equal(k.scopes, rows[i].scopes);
	}
}

static void
seen_is_written_once_a_minute(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct str secret = key_of(db, a, "viewer", "read");
	const int64_t t = 1000 * US_PER_S;
	static const struct {
		int64_t after_s, stored_s;
	} rows[] = {{0, 1000}, {59, 1000}, {60, 1060}, {61, 1060}, {200, 1200}};
	struct api_key k;
	struct error e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(find(db, a, secret, &k), 0);
		assert_int_equal(api_key_touch(db, &k, t + rows[i].after_s * US_PER_S, &e), 0);
		assert_int_equal(
		    test_db_int(db, "SELECT used_us FROM api_key"), rows[i].stored_s * US_PER_S);
	}
}

static void
scopes_are_words_of_a_list(void **state)
{
	static const struct {
		const char *text;
		int r;
		unsigned bits;
	} rows[] = {{"read", 0, 1}, {"read, send", 0, 17}, {"all", 0, 127}, {"outbox,admin", 0, 96},
	    {"", ERR_INVALID, 0}, {"read,", ERR_INVALID, 0}, {"READ", ERR_INVALID, 0},
	    {"read;send", ERR_INVALID, 0}, {"root", ERR_INVALID, 0}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned bits = 0;
		struct error e;

		assert_int_equal(scopes_parse(str_c(rows[i].text), &bits, &e), rows[i].r);
		assert_int_equal(bits, rows[i].bits);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_key_is_found_and_its_secret_is_not_stored),
	    cmocka_unit_test(any_other_secret_is_unknown),
	    cmocka_unit_test(a_revoked_key_and_a_disabled_person_have_ended),
	    cmocka_unit_test(a_key_ends_at_its_expiry),
	    cmocka_unit_test(seen_never_goes_back),
	    cmocka_unit_test(a_role_bounds_the_scopes),
	    cmocka_unit_test(seen_is_written_once_a_minute),
	    cmocka_unit_test(scopes_are_words_of_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
