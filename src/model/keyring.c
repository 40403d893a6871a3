/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keyring - see keyring.h
 *
 * Always true: a key is handed out only after its wrap was committed, and keys
 * on the stack are wiped.  The month's epoch key is made by whoever needs it
 * first; two at once are settled by the primary key, the loser wraps again
 * under the winner's.
 */
#include "model/keyring.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "db/db.h"

struct id128
keyring_id(int64_t id)
{
	struct id128 r = {{0}};
	int i;

	for (i = 0; i < 8; i++)
		r.b[15 - i] = (uint8_t)((uint64_t)id >> (8 * i));
	return r;
}

static uint32_t
epoch_now(void)
{
	struct civil c;

	time_civil(time_now_us(), "UTC", &c);
	return (uint32_t)(c.year * 100 + c.month);
}

static void
item_wipe(struct keeper_item *item)
{
	explicit_bzero(item, sizeof *item);
}

/* ---- epochs ---- */

/* 1 found, 0 not. */
static int
epoch_find(struct db *keys, uint32_t epoch, struct key_wrap *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r = db_query(keys, &q, e, "SELECT wrap FROM epoch_key WHERE epoch = ?", db_i(epoch));

	if (r == 0)
		r = rows_next(q, e);
	if (r > 0 && !rows_fixed(q, 0, ret->b, sizeof ret->b))
		return err_set(
		    e, ERR_CORRUPT, "epoch %u: the wrap is not %d bytes", epoch, WRAP_BYTES);
	return r;
}

/*
 * One statement, one transaction in the key database; arguments as db_exec_values.  When the
 * answer to its COMMIT is lost, it may come again: a wrap that nobody names harms nobody.
 */
static int
write_values(struct db *keys, int64_t *ret_changed, struct error *e, const char *sql,
    const struct db_value *v, size_t n)
{
	int r = db_write_begin(keys, DB_CHANGE, e);

	if (r == 0)
		r = db_exec_values(keys, ret_changed, e, sql, v, n);
	if (r == 0)
		r = db_commit(keys, e);
	db_rollback(keys);
	return r == ERR_UNKNOWN_OUTCOME
	           ? err_set(e, ERR_RETRY, "keys: the commit's answer was lost")
	           : r;
}
#define write_one(keys, ret_changed, e, sql, ...)                                                  \
	write_values((keys), (ret_changed), (e), (sql), DB_VALUES(__VA_ARGS__))

static int
epoch_store(struct db *keys, uint32_t epoch, struct key_wrap *wrap, struct error *e)
{
	int64_t changed = 0;
	int r = write_one(keys, &changed, e,
	    "INSERT INTO epoch_key (epoch, wrap) VALUES (?, ?) ON CONFLICT (epoch) DO NOTHING",
	    db_i(epoch), db_bytes(wrap->b, sizeof wrap->b));

	if (r < 0 || changed > 0)
		return r;
	r = epoch_find(keys, epoch, wrap, e);
	return r == 0 ? err_set(e, ERR_RETRY, "the epoch key came and went") : MIN(r, 0);
}

/*
 * Wrap item->key under this month's epoch key, making that first when there is
 * none.  Afterwards the epoch key is stored.
 */
static int
wrap_now(struct keyring *k, enum wrap_kind kind, struct keeper_item *item, struct error *e)
{
	int have, r;

	item->epoch = epoch_now();
	have = epoch_find(k->keys, item->epoch, &item->epoch_wrap, e);
	if (have < 0)
		return have;
	if (have == 0) {
		r = k->keeper.wrap(k->keeper.arg, kind, true, item, e);
		if (r == 0)
			r = epoch_store(k->keys, item->epoch, &item->epoch_wrap, e);
		if (r < 0)
			return r;
	}
	/* Again even if we made it: another may have been stored before ours. */
	return k->keeper.wrap(k->keeper.arg, kind, false, item, e);
}

/* ---- one table of keys by id ---- */

struct table {
	enum wrap_kind kind;
	const char *find, *insert, *drop;
};

static const struct table versions = {WRAP_VERSION,
    "SELECT k.epoch, k.wrap, m.wrap FROM version_key k JOIN epoch_key m ON m.epoch = k.epoch "
    "WHERE k.version_id = ?",
    "INSERT INTO version_key (version_id, epoch, wrap, created_us) VALUES (?, ?, ?, ?)",
    "DELETE FROM version_key WHERE version_id = ?"};
static const struct table persons = {WRAP_PERSON,
    "SELECT k.epoch, k.wrap, m.wrap FROM person_key k JOIN epoch_key m ON m.epoch = k.epoch "
    "WHERE k.person_id = ?",
    "INSERT INTO person_key (person_id, epoch, wrap) VALUES (?, ?, ?)",
    "DELETE FROM person_key WHERE person_id = ?"};

/* 1 found: the item is ready for UNWRAP.  0 not. */
static int
find(struct keyring *k, const struct table *t, int64_t id, struct keeper_item *ret, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r = db_query(k->keys, &q, e, t->find, db_i(id));

	if (r == 0)
		r = rows_next(q, e);
	if (r <= 0)
		return r;
	ret->epoch = (uint32_t)rows_int(q, 0);
	ret->id = keyring_id(id);
	if (!rows_fixed(q, 1, ret->wrap.b, WRAP_BYTES) ||
	    !rows_fixed(q, 2, ret->epoch_wrap.b, WRAP_BYTES))
		return err_set(
		    e, ERR_CORRUPT, "key %lld: a wrap is not %d bytes", (long long)id, WRAP_BYTES);
	return 1;
}

/* A random key, wrapped; nothing stored but the epoch key. */
static int
make(struct keyring *k, enum wrap_kind kind, int64_t id, struct keeper_item *ret, struct error *e)
{
	ret->id = keyring_id(id);
	random_bytes(ret->key.b, sizeof ret->key.b);
	return wrap_now(k, kind, ret, e);
}

/* ---- versions ---- */

int
keyring_version_new(struct keyring *k, version_id id, struct data_key *ret, struct error *e)
{
	AUTO(item_wipe) struct keeper_item item = {0};
	int r = make(k, WRAP_VERSION, id.v, &item, e);

	if (r == 0)
		r = write_one(k->keys, NULL, e, versions.insert, db_i(id.v), db_i(item.epoch),
		    db_bytes(item.wrap.b, WRAP_BYTES), db_i(time_now_us()));
	if (r == 0)
		*ret = item.key;
	return r;
}

int
keyring_version_get(struct keyring *k, version_id id, struct data_key *ret, struct error *e)
{
	return keyring_version_list(k, &id, 1, ret, e);
}

static int
load_all(
    struct keyring *k, const version_id *ids, size_t n, struct keeper_item *items, struct error *e)
{
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		r = find(k, &versions, ids[i].v, &items[i], e);
		if (r < 0)
			return r;
		if (r == 0)
			return err_key(e, ERR_GONE, "shredded", "version %lld has no key any more",
			    (long long)ids[i].v);
	}
	return 0;
}

int
keyring_version_list(
    struct keyring *k, const version_id *ids, size_t n, struct data_key *ret, struct error *e)
{
	struct keeper_item items[LIMIT_KEYS_PER_CALL] = {0};
	size_t i;
	int r;

	if (n > LIMIT_KEYS_PER_CALL)
		return err_set(e, ERR_INTERNAL, "%zu keys in one call", n);
	if (n == 0)
		return 0;
	r = load_all(k, ids, n, items, e);
	if (r == 0)
		r = k->keeper.unwrap(k->keeper.arg, WRAP_VERSION, items, n, e);
	for (i = 0; r == 0 && i < n; i++)
		ret[i] = items[i].key;
	explicit_bzero(items, sizeof items);
	return r;
}

int
keyring_version_drop(struct keyring *k, version_id id, struct error *e)
{
	return write_one(k->keys, NULL, e, versions.drop, db_i(id.v));
}

/* ---- persons ---- */

static int
person_get(struct keyring *k, int64_t person, struct data_key *ret, struct error *e)
{
	AUTO(item_wipe) struct keeper_item item = {0};
	int r = find(k, &persons, person, &item, e);

	if (r <= 0)
		return r;
	r = k->keeper.unwrap(k->keeper.arg, WRAP_PERSON, &item, 1, e);
	if (r < 0)
		return r;
	*ret = item.key;
	return 1;
}

static int
person_new(struct keyring *k, int64_t person, struct data_key *ret, struct error *e)
{
	AUTO(item_wipe) struct keeper_item item = {0};
	int r = make(k, WRAP_PERSON, person, &item, e);

	if (r == 0)
		r = write_one(k->keys, NULL, e, persons.insert, db_i(person), db_i(item.epoch),
		    db_bytes(item.wrap.b, WRAP_BYTES));
	if (r == 0)
		*ret = item.key;
	return r;
}

int
keyring_person(struct keyring *k, int64_t person, struct data_key *ret, struct error *e)
{
	int r = person_get(k, person, ret, e);

	if (r != 0)
		return MIN(r, 0);
	r = person_new(k, person, ret, e);
	if (r != ERR_EXISTS)
		return r;
	r = person_get(k, person, ret, e); /* somebody was faster */
	return r == 0 ? err_set(e, ERR_RETRY, "the person's key came and went") : MIN(r, 0);
}

int
keyring_person_drop(struct keyring *k, int64_t person, struct error *e)
{
	return write_one(k->keys, NULL, e, persons.drop, db_i(person));
}

/* ---- mails, pepper, check ---- */

int
keyring_mail_new(struct keyring *k, mail_id id, uint32_t *ret_epoch, struct key_wrap *ret_wrap,
    struct data_key *ret, struct error *e)
{
	AUTO(item_wipe) struct keeper_item item = {0};
	int r = make(k, WRAP_MAIL, id.v, &item, e);

	if (r < 0)
		return r;
	*ret_epoch = item.epoch;
	*ret_wrap = item.wrap;
	*ret = item.key;
	return 0;
}

int
keyring_mail_get(struct keyring *k, mail_id id, uint32_t epoch, const struct key_wrap *wrap,
    struct data_key *ret, struct error *e)
{
	AUTO(item_wipe)
	struct keeper_item item = {.epoch = epoch, .id = keyring_id(id.v), .wrap = *wrap};
	int r = epoch_find(k->keys, epoch, &item.epoch_wrap, e);

	if (r == 0)
		return err_key(e, ERR_GONE, "shredded", "epoch %u has no key any more", epoch);
	if (r > 0)
		r = k->keeper.unwrap(k->keeper.arg, WRAP_MAIL, &item, 1, e);
	if (r == 0)
		*ret = item.key;
	return r;
}

int
keyring_pepper(
    struct keyring *k, struct str label, struct str data, struct sha256 *ret, struct error *e)
{
	return k->keeper.pepper(k->keeper.arg, label, data, ret, e);
}

/* 1 the value is there, 0 not yet. */
static int
check_find(struct db *keys, uint8_t ret[16], struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r = db_query(keys, &q, e, "SELECT check_value FROM meta WHERE id = 1");

	if (r == 0)
		r = rows_next(q, e);
	if (r > 0 && !rows_fixed(q, 0, ret, 16))
		return err_set(e, ERR_CORRUPT, "the check value of the master key is not 16 bytes");
	return r;
}

int
keyring_check(struct db *keys, const uint8_t value[16], bool may_store, struct error *e)
{
	uint8_t stored[16];
	int r = check_find(keys, stored, e);

	if (r < 0)
		return r;
	if (r == 0 && may_store)
		return write_one(keys, NULL, e, "INSERT INTO meta (id, check_value) VALUES (1, ?)",
		    db_bytes(value, 16));
	if (r == 0)
		return err_key(
		    e, ERR_NOT_FOUND, "not-initialised", "no master key was set up here");
	if (!mem_eq(stored, value, 16))
		return err_key(e, ERR_DENIED, "wrong-master-key",
		    "this is not the master key of this database");
	return 0;
}
