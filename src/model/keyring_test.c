/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* keyring - keys come back, are bound to their id, and are gone when dropped */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/str.h"
#include "model/keyring.h"
#include "model/test_db.h"

struct fixture {
	struct vault *vault;
	struct keyring k;
};

static int
setup(void **state)
{
	static const uint8_t master[MASTER_KEY_BYTES] = {42};
	struct fixture *f = calloc(1, sizeof *f);
	struct error e;

	assert_non_null(f);
	if (vault_new(master, &f->vault, &e) < 0)
		fail_msg("%s", e.msg);
	f->k = (struct keyring){test_db(schema_keys), keeper_of_vault(f->vault)};
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	db_close(&f->k.keys);
	vault_free(&f->vault);
	free(f);
	return 0;
}

static void
same(const struct data_key *a, const struct data_key *b, bool want)
{
	assert_int_equal(memcmp(a->b, b->b, sizeof a->b) == 0, want);
}

static void
version_keys(void **state)
{
	struct keyring *k = &((struct fixture *)*state)->k;
	version_id ids[] = {{2}, {INT64_MAX}, {2}};
	struct data_key one, two, got[3], untouched = {{7}}, seven = {{7}};
	struct error e;

	if (keyring_version_new(k, ids[0], &one, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(keyring_version_new(k, ids[1], &two, &e), 0);
	same(&one, &two, false);
	assert_int_equal(test_db_int(k->keys, "SELECT count(*) FROM epoch_key"), 1);
	assert_int_equal(keyring_version_list(k, ids, 3, got, &e), 0);
	same(&got[0], &one, true);
	same(&got[1], &two, true);
	same(&got[2], &one, true);
	assert_int_equal(keyring_version_new(k, ids[0], &untouched, &e), ERR_EXISTS);
	assert_int_equal(
	    keyring_version_list(k, ids, LIMIT_KEYS_PER_CALL + 1, got, &e), ERR_INTERNAL);
	assert_int_equal(keyring_version_drop(k, ids[0], &e), 0);
	assert_int_equal(keyring_version_get(k, ids[0], &untouched, &e), ERR_GONE);
	assert_string_equal(e.key, "shredded");
	assert_int_equal(keyring_version_list(k, ids, 3, got, &e), ERR_GONE);
	same(&untouched, &seven, true);
	assert_int_equal(keyring_version_get(k, ids[1], &got[0], &e), 0);
}

static void
exec(struct db *db, const char *sql)
{
	struct error e;

	assert_int_equal(db_write_begin(db, DB_CHANGE, &e), 0);
	if (db_exec(db, NULL, &e, sql) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(db_commit(db, &e), 0);
}

/* A wrap moved to another version, or cut short, opens nothing. */
static void
a_wrap_is_bound_to_its_version(void **state)
{
	struct keyring *k = &((struct fixture *)*state)->k;
	struct data_key key;
	struct error e;

	assert_int_equal(keyring_version_new(k, (version_id){1}, &key, &e), 0);
	exec(k->keys, "UPDATE version_key SET version_id = 2");
	assert_int_equal(keyring_version_get(k, (version_id){2}, &key, &e), ERR_CORRUPT);
	assert_int_equal(keyring_version_get(k, (version_id){1}, &key, &e), ERR_GONE);
	assert_int_equal(db_write_begin(k->keys, DB_CHANGE, &e), 0);
	assert_int_equal(
	    db_exec(k->keys, NULL, &e, "UPDATE version_key SET wrap = ?", db_bytes("short", 5)), 0);
	assert_int_equal(db_commit(k->keys, &e), 0);
	assert_int_equal(keyring_version_get(k, (version_id){2}, &key, &e), ERR_CORRUPT);
}

static void
person_keys(void **state)
{
	struct keyring *k = &((struct fixture *)*state)->k;
	struct data_key first, again, other;
	struct error e;

	if (keyring_person(k, 5, &first, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(keyring_person(k, 5, &again, &e), 0);
	same(&first, &again, true);
	assert_int_equal(keyring_person(k, 6, &other, &e), 0);
	same(&first, &other, false);
	assert_int_equal(keyring_person_drop(k, 5, &e), 0);
	assert_int_equal(keyring_person(k, 5, &again, &e), 0);
	same(&first, &again, false);
}

/* Another app is faster at the two places where that can happen. */
struct rival {
	struct keeper real;
	struct keyring *k;
	int turns;
};

static int
rival_wrap(
    void *arg, enum wrap_kind kind, bool make_epoch, struct keeper_item *item, struct error *e)
{
	struct rival *r = arg;
	struct keyring fast = {r->k->keys, r->real};
	struct data_key key;

	if (r->turns++ == 0)
		assert_int_equal(keyring_person(&fast, 5, &key, e), 0);
	return r->real.wrap(r->real.arg, kind, make_epoch, item, e);
}

static int
rival_unwrap(void *arg, enum wrap_kind kind, struct keeper_item *items, size_t n, struct error *e)
{
	struct rival *r = arg;

	return r->real.unwrap(r->real.arg, kind, items, n, e);
}

static void
the_faster_one_wins(void **state)
{
	struct fixture *f = *state;
	struct rival r = {f->k.keeper, &f->k, 0};
	struct keyring slow = {f->k.keys, f->k.keeper};
	struct data_key mine, theirs;
	struct error e;

	slow.keeper.arg = &r;
	slow.keeper.wrap = rival_wrap;
	slow.keeper.unwrap = rival_unwrap;
	/* The epoch key is made by both: the second must wrap under the first's. */
	if (keyring_version_new(&slow, (version_id){1}, &mine, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(test_db_int(f->k.keys, "SELECT count(*) FROM epoch_key"), 1);
	assert_int_equal(keyring_version_get(&f->k, (version_id){1}, &theirs, &e), 0);
	same(&mine, &theirs, true);
	/* Both make the same person's key: the second takes the first's. */
	assert_int_equal(keyring_person_drop(&f->k, 5, &e), 0);
	r.turns = 0;
	assert_int_equal(keyring_person(&slow, 5, &mine, &e), 0);
	assert_int_equal(keyring_person(&f->k, 5, &theirs, &e), 0);
	same(&mine, &theirs, true);
	assert_int_equal(test_db_int(f->k.keys, "SELECT count(*) FROM person_key"), 1);
}

static void
mail_keys(void **state)
{
	struct keyring *k = &((struct fixture *)*state)->k;
	struct data_key key, got;
	struct key_wrap wrap;
	uint32_t epoch = 0;
	struct error e;

	if (keyring_mail_new(k, (mail_id){3}, &epoch, &wrap, &key, &e) < 0)
		fail_msg("%s", e.msg);
	assert_in_range(epoch, 202601, 999912);
	assert_int_equal(keyring_mail_get(k, (mail_id){3}, epoch, &wrap, &got, &e), 0);
	same(&key, &got, true);
	assert_int_equal(keyring_mail_get(k, (mail_id){4}, epoch, &wrap, &got, &e), ERR_CORRUPT);
	assert_int_equal(keyring_mail_get(k, (mail_id){3}, 190001, &wrap, &got, &e), ERR_GONE);
}

static void
pepper_and_ids(void **state)
{
	struct keyring *k = &((struct fixture *)*state)->k;
	struct id128 id = keyring_id(0x0102030405060708),
	             want = {{0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}};
	struct sha256 a, b;
	struct error e;

	assert_memory_equal(id.b, want.b, 16);
	assert_int_equal(keyring_pepper(k, S("link"), S("x"), &a, &e), 0);
	assert_int_equal(keyring_pepper(k, S("code"), S("x"), &b, &e), 0);
	assert_memory_not_equal(a.b, b.b, sizeof a.b);
}

static void
the_right_master_key(void **state)
{
	struct fixture *f = *state;
	uint8_t value[16];
	struct error e;

	vault_check_value(f->vault, value);
	assert_int_equal(keyring_check(f->k.keys, value, false, &e), ERR_NOT_FOUND);
	assert_string_equal(e.key, "not-initialised");
	assert_int_equal(keyring_check(f->k.keys, value, true, &e), 0);
	assert_int_equal(keyring_check(f->k.keys, value, false, &e), 0);
	value[15] ^= 1;
	assert_int_equal(keyring_check(f->k.keys, value, true, &e), ERR_DENIED);
	assert_string_equal(e.key, "wrong-master-key");
}

/* Of the epoch's wrap and of the person's: whoever comes again finds what was committed. */
static void
a_lost_answer_is_asked_for_again(void **state)
{
	struct fixture *f = *state;
	struct data_key first, second;
	struct error e;
	int r = -1, again = 0;

	db_close(&f->k.keys);
	f->k.keys = test_db_fake(schema_keys);
	for (int n = 1; r != 0; n++) {
		assert_in_range(n, 1, 40);
		db_fake_fail(f->k.keys, n, ERR_UNKNOWN_OUTCOME);
		r = keyring_person(&f->k, 5, &first, &e);
		again += r == ERR_RETRY;
	}
	db_fake_fail(f->k.keys, 0, 0);
	assert_true(again >= 2);
	assert_int_equal(test_db_int(f->k.keys, "SELECT count(*) FROM person_key"), 1);
	assert_int_equal(keyring_person(&f->k, 5, &second, &e), 0);
	same(&first, &second, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(version_keys, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_wrap_is_bound_to_its_version, setup, teardown),
	    cmocka_unit_test_setup_teardown(person_keys, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_faster_one_wins, setup, teardown),
	    cmocka_unit_test_setup_teardown(mail_keys, setup, teardown),
	    cmocka_unit_test_setup_teardown(pepper_and_ids, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_right_master_key, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_lost_answer_is_asked_for_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
