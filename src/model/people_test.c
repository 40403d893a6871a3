/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* people_test - who may be changed how, and what ends with a person */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "crypto/sealed.h"
#include "db/db.h"
#include "model/api_key.h"
#include "model/change.h"
#include "model/credential.h"
#include "model/people.h"
#include "model/staff_session.h"
#include "model/test_db.h"

static const struct actor nobody = {ACTOR_SYSTEM, 0};
static const struct data_key key = {{3}};
static const struct sha256 cookie = {{1}};

static struct change *
change_of(struct db *db, enum event_kind kind)
{
	struct change *c = NULL;
	struct error e;

	if (change_begin(db, nobody, kind, &c, &e) < 0)
		fail_msg("%s", e.msg);
	return c;
}

/* What the act gave; kept when that is 0. */
static int
end(struct change *c, int r, struct error *e)
{
	if (r == 0)
		r = change_commit(&c, e);
	change_abort(&c);
	return r;
}

static int
invite(struct db *db, const char *address, const char *role, person_id *ret, struct error *e)
{
	struct change *c = change_of(db, EVENT_PERSON_INVITED);
	struct person p = {.name = S("Anna"), .address = str_c(address), .role = str_c(role)};
	struct person_key who = {{random_id()}, &key};

	*ret = who.person;
	return end(c, person_invite(c, &who, &p, e), e);
}

static person_id
invited(struct db *db, const char *address, const char *role)
{
	person_id id;
	struct error e;

	if (invite(db, address, role, &id, &e) < 0)
		fail_msg("%s", e.msg);
	return id;
}

static int
change(struct db *db, struct arena *a, person_id id, struct person_patch patch, struct error *e)
{
	struct change *c = change_of(db, EVENT_PERSON_CHANGED);
	struct person_key who = {id, &key};

	int r = person_change(c, a, &who, &patch, e);

	if (r > 0)
		return end(c, 0, e);
	change_abort(&c); /* 0: nothing to commit */
	return r;
}

/* A password and a second factor, as far as people.c looks. */
static void
enrol(struct db *db, person_id id)
{
	struct change *c = change_of(db, CHANGE_HOUSEKEEPING);
	struct error e;
	int r = credential_set_password(c, id, S("hash"), &e);

	if (r == 0)
		r = credential_offer_totp(c, id, S("sealed"), &e);
	if (r == 0)
		r = credential_confirm_totp(c, id, 1, &e);
	if (end(c, r, &e) < 0)
		fail_msg("%s", e.msg);
}

static struct person_row
row_of(struct db *db, struct arena *a, person_id id)
{
	struct person_row row;
	struct error e;

	if (people_get(db, a, id, &row, &e) < 0)
		fail_msg("%s", e.msg);
	return row;
}

static void
people_are_listed_by_name_with_their_state(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id anna = invited(db, "anna@geleit.example", "editor");
	struct person_row *all;
	struct error e;
	size_t n;

	(void)state;
	invited(db, "zoe@geleit.example", "viewer");
	assert_int_equal(change(db, a, anna, (struct person_patch){.name = S("Xaver")}, &e), 0);
	enrol(db, anna);
	assert_int_equal(people_list(db, a, &all, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_true(str_eq_c(all[1].person.name, "Xaver"));
	assert_true(all[1].is_active);
	assert_false(all[0].is_active);
	assert_true(str_eq_c(all[0].person.role, "viewer"));
	assert_int_equal(all[0].signed_in_us, 0);
	assert_int_equal(people_get(db, a, (person_id){7}, &all[0], &e), ERR_NOT_FOUND);
}

static void
an_address_belongs_to_one(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id anna = invited(db, "anna@geleit.example", "editor"), other;
	struct error e;

	(void)state;
	assert_int_equal(invite(db, "anna@geleit.example", "viewer", &other, &e), ERR_EXISTS);
	assert_string_equal(e.key, "address-taken");
	other = invited(db, "ben@geleit.example", "viewer");
	assert_int_equal(
	    change(db, a, other, (struct person_patch){.address = S("anna@geleit.example")}, &e),
	    ERR_EXISTS);
	assert_string_equal(e.key, "address-taken");
	assert_true(str_eq_c(row_of(db, a, other).person.address, "ben@geleit.example"));
	assert_true(str_eq_c(row_of(db, a, anna).person.address, "anna@geleit.example"));
}

static void
the_last_administrator_stays(void **state)
{
	static const struct person_patch off = {.sets_disabled = true, .disabled = true};
	static const struct person_patch down = {.role = {"editor", 6}};
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id first = invited(db, "anna@geleit.example", "administrator"), second;
	struct error e;

	(void)state;
	enrol(db, first);
	assert_int_equal(change(db, a, first, off, &e), ERR_CONFLICT);
	assert_string_equal(e.key, "last-administrator");
	assert_int_equal(change(db, a, first, down, &e), ERR_CONFLICT);
	/* one who was invited and cannot sign in yet is no help */
	second = invited(db, "ben@geleit.example", "administrator");
	assert_int_equal(change(db, a, first, off, &e), ERR_CONFLICT);
	enrol(db, second);
	assert_int_equal(change(db, a, first, down, &e), 0);
	assert_int_equal(change(db, a, second, off, &e), ERR_CONFLICT);
	assert_true(str_eq_c(row_of(db, a, first).person.role, "editor"));
	assert_false(row_of(db, a, second).person.disabled);
}

static api_key_id
a_key(struct db *db, struct arena *a, person_id p, struct str *ret_secret)
{
	struct change *c = change_of(db, EVENT_KEY_CREATED);
	struct api_key_new n = {.person = p, .name = S("CI"), .scopes = S("read,upload")};
	api_key_id id;
	struct error e;

	if (end(c, api_key_create(c, a, &n, &id, ret_secret, &e), &e) < 0)
		fail_msg("%s", e.msg);
	return id;
}

static int
find(struct db *db, struct arena *a, struct str secret, struct api_key *ret)
{
	struct api_key_ask ask = {secret, time_now_us()};
	struct error e;

	return api_key_by_secret(db, a, &ask, ret, &e);
}

static struct str
a_link(struct db *db, struct arena *a, person_id p)
{
	struct change *c = change_of(db, CHANGE_HOUSEKEEPING);
	struct str token;
	struct error e;

	if (end(c, sign_in_link_new(c, a, p, LINK_INVITE, &token, &e), &e) < 0)
		fail_msg("%s", e.msg);
	return token;
}

static int
use(struct db *db, struct str token)
{
	struct change *c = change_of(db, CHANGE_HOUSEKEEPING);
	person_id p;
	struct error e;

	return end(c, sign_in_link_use(c, token, &p, &e), &e);
}

static void
begin(struct db *db, person_id p)
{
	struct change *c = change_of(db, EVENT_SESSION_BEGUN);
	struct error e;

	if (end(c, staff_session_begin(c, p, STAFF_ACTIVE, &cookie, S(""), &e), &e) < 0)
		fail_msg("%s", e.msg);
}

static void
with_a_person_end_sessions_links_and_keys(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id p = invited(db, "anna@geleit.example", "editor");
	struct person_patch patch = {.sets_disabled = true, .disabled = true};
	struct str secret, token = a_link(db, a, p);
	struct staff_session s;
	struct api_key k;
	struct error e;

	(void)state;
	a_key(db, a, p, &secret);
	begin(db, p);
	assert_int_equal(change(db, a, p, patch, &e), 0);
	assert_int_equal(staff_session_find(db, a, &cookie, time_now_us(), &s, &e), 0);
	assert_int_equal(find(db, a, secret, &k), ERR_GONE);
	/* and do not come back with him */
	assert_int_equal(change(db, a, p, patch, &e), 0);
	assert_int_equal(test_db_rows(db, a, "event", "kind = 'person.changed'"), 1);
	patch.disabled = false;
	assert_int_equal(change(db, a, p, patch, &e), 0);
	assert_int_equal(test_db_rows(db, a, "event", "kind = 'person.changed'"), 2);
	assert_false(row_of(db, a, p).person.disabled);
	assert_int_equal(staff_session_find(db, a, &cookie, time_now_us(), &s, &e), 0);
	assert_int_equal(find(db, a, secret, &k), ERR_GONE);
	assert_int_equal(use(db, token), ERR_UNAUTHENTICATED);
}

static void
a_reset_leaves_no_way_in_but_the_new_link(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id p = invited(db, "anna@geleit.example", "editor");
	struct person_key who = {p, &key};
	struct staff_session s;
	struct credential cred;
	struct str secret, token;
	struct change *c;
	struct api_key k;
	struct error e;

	(void)state;
	enrol(db, p);
	begin(db, p);
	a_key(db, a, p, &secret);
	token = a_link(db, a, p);
	c = change_of(db, EVENT_PERSON_RESET);
	assert_int_equal(end(c, person_reset(c, &who, S("Anna"), &e), &e), 0);
	assert_int_equal(find(db, a, secret, &k), ERR_GONE);
	assert_int_equal(use(db, token), ERR_UNAUTHENTICATED);
	assert_int_equal(staff_session_find(db, a, &cookie, time_now_us(), &s, &e), 0);
	assert_int_equal(credential_get(db, a, p, &cred, &e), 0);
	assert_false(row_of(db, a, p).is_active);
	assert_int_equal(test_db_rows(db, a, "event_person", "field = 'name'"), 2);
}

/* Or the last one with a key could not let himself in again. */
static void
the_key_that_asks_for_a_reset_stays(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id p = invited(db, "anna@geleit.example", "administrator");
	struct person_key who = {p, &key};
	struct str mine, other;
	api_key_id asks = a_key(db, a, p, &mine);
	struct change *c = NULL;
	struct api_key k;
	struct error e;

	(void)state;
	a_key(db, a, p, &other);
	if (change_begin(db, (struct actor){ACTOR_KEY, asks.v}, EVENT_PERSON_RESET, &c, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(end(c, person_reset(c, &who, S("Anna"), &e), &e), 0);
	assert_int_equal(find(db, a, mine, &k), 0);
	assert_int_equal(find(db, a, other, &k), ERR_GONE);
}

/* ---- wrong second factors ---- */

static struct credential
credential_from(struct db *db, struct arena *a, person_id p, const struct sha256 *browser)
{
	struct credential cred;
	struct error e;

	if (credential_get(db, a, p, &cred, &e) < 0 ||
	    (browser != NULL && credential_know_browser(db, &cred, browser, time_now_us(), &e) < 0))
		fail_msg("%s", e.msg);
	return cred;
}

static void
fail_so_often(struct db *db, struct arena *a, person_id p, const struct sha256 *browser, int n)
{
	struct credential cred = credential_from(db, a, p, browser);
	struct error e;

	for (int i = 0; i < n; i++) {
		struct change *c = change_of(db, CHANGE_HOUSEKEEPING);

		assert_int_equal(end(c, credential_failed(c, &cred, &e), &e), 0);
	}
}

static bool
rests(struct db *db, struct arena *a, person_id p, const struct sha256 *browser)
{
	struct credential cred = credential_from(db, a, p, browser);

	return credential_rests_us(&cred, time_now_us()) > 0;
}

static void
keep(struct db *db, person_id p, const struct sha256 *browser)
{
	struct change *c = change_of(db, CHANGE_HOUSEKEEPING);
	struct error e;

	assert_int_equal(end(c, credential_keep_browser(c, p, browser, &e), &e), 0);
}

static void
strangers_use_up_the_tries_of_strangers(void **state)
{
	static const struct sha256 own = {{7}}, strange = {{8}};
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id p = invited(db, "anna@geleit.example", "editor");
	person_id other = invited(db, "ben@geleit.example", "editor");
	struct change *c;
	struct error e;

	(void)state;
	enrol(db, p);
	enrol(db, other);
	keep(db, p, &own);
	fail_so_often(db, a, p, &strange, CREDENTIAL_TRIES - 1);
	assert_false(rests(db, a, p, NULL));
	fail_so_often(db, a, p, NULL, 1);
	assert_true(rests(db, a, p, NULL) && rests(db, a, p, &strange));
	assert_false(rests(db, a, p, &own) || rests(db, a, other, NULL));
	/* its own count: another's tries are none of it, and it has an end, too */
	fail_so_often(db, a, p, &own, CREDENTIAL_TRIES);
	assert_true(rests(db, a, p, &own));
	keep(db, p, &own);
	assert_false(rests(db, a, p, &own));
	/* what is known for one person is not for another; and not for ever */
	assert_false(credential_from(db, a, other, &own).is_known);
	c = change_of(db, CHANGE_HOUSEKEEPING);
	assert_int_equal(
	    end(c, db_exec(db, NULL, &e, "UPDATE known_browser SET used_us = 1"), &e), 0);
	assert_false(credential_from(db, a, p, &own).is_known);
}

static void
a_key_ends_once(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	person_id p = invited(db, "anna@geleit.example", "editor");
	struct str secret;
	api_key_id id = a_key(db, a, p, &secret);
	struct api_key_row *all;
	struct change *c;
	struct api_key k;
	struct error e;
	size_t n;

	(void)state;
	assert_int_equal(find(db, a, secret, &k), 0);
	c = change_of(db, EVENT_KEY_REVOKED);
	assert_int_equal(end(c, api_key_revoke(c, id, &e), &e), 0);
	assert_int_equal(find(db, a, secret, &k), ERR_GONE);
	c = change_of(db, EVENT_KEY_REVOKED);
	assert_int_equal(end(c, api_key_revoke(c, id, &e), &e), ERR_NOT_FOUND);
	assert_int_equal(api_key_list(db, a, &all, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_true(str_eq_c(all[0].owner, "Anna"));
	assert_true(str_eq_c(all[0].scopes, "read,upload"));
	assert_true(all[0].revoked_us > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(people_are_listed_by_name_with_their_state),
	    cmocka_unit_test(an_address_belongs_to_one),
	    cmocka_unit_test(the_last_administrator_stays),
	    cmocka_unit_test(with_a_person_end_sessions_links_and_keys),
	    cmocka_unit_test(a_reset_leaves_no_way_in_but_the_new_link),
	    cmocka_unit_test(the_key_that_asks_for_a_reset_stays),
	    cmocka_unit_test(strangers_use_up_the_tries_of_strangers),
	    cmocka_unit_test(a_key_ends_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
