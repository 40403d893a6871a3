/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * event - the entry's form, what is written, how it is read and numbered
 *
 * The vectors in tests/vectors/events.json are what this program wrote once;
 * `event_test --write` writes them anew, which is right only for added ones.
 * tools/event_decode.py reads the same file with code of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/time.h"
#include "crypto/wrap.h"
#include "model/change.h"
#include "model/event_private.h"
#include "model/test_db.h"

#define VECTORS SOURCE_ROOT "/tests/vectors/events.json"
#define VECTORS_MAX_BYTES 65536

static const struct id128 nonce = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}};
static const struct sha256 hash_a = {{0xaa}}, hash_b = {{0xbb, 0xff}};
static const struct id128 transfer = {{0xde, 0xad}};
/* Not in the order of their names, on purpose. */
static const struct event_field fields[] = {
    {7, NULL, {"subject", 7}, {NULL, 0}},
    {7, NULL, {"address", 7}, {NULL, 0}},
};
static const char *const sealed[] = {"sealed-subject", "sealed-address"};

struct vector {
	const char *name;
	struct event ev;
	int64_t at_us;
	const char *actor_kind;
	int64_t actor_id;
	const char *expect; /* the members, written by hand */
};

static const struct vector vectors[] = {
    {"the least an entry can hold", EVENT_INIT(EVENT_SYSTEM_INIT), 0, "system", 0,
        "{\"actor_kind\": \"system\", \"at_us\": 0, \"kind\": \"system.init\", "
        "\"nonce\": \"000102030405060708090a0b0c0d0eff\", \"v\": 1}"},
    {"everything at once",
        {EVENT_DOWNLOAD_COMPLETE, {11}, {22}, {33}, {44}, &transfer, {"ok", 2}, 1, &hash_a,
            {"cleared", 7}, &hash_b, 123456789, fields, 2},
        1764064800000000, "recipient", 9223372036854775807,
        "{\"actor_id\": \"9223372036854775807\", \"actor_kind\": \"recipient\", \"asset_id\": "
        "\"11\", "
        "\"at_us\": 1764064800000000, \"bytes\": 123456789, \"delivery_id\": \"33\", "
        "\"kind\": \"download.complete\", \"level\": 1, \"nonce\": "
        "\"000102030405060708090a0b0c0d0eff\", "
        "\"outcome\": \"ok\", "
        "\"p_address\": \"2e8da042961621863d0ef793fd2a595ee01776634c36087ad9dc4fd2940a6ed4\", "
        "\"p_subject\": \"dc60df63daa2526f0d9dc79c9946ed21bb05134d74e5fff64a45fc3da379d1d0\", "
        "\"policy\": \"bbff000000000000000000000000000000000000000000000000000000000000\", "
        "\"recipient_id\": \"44\", "
        "\"sha256\": \"aa00000000000000000000000000000000000000000000000000000000000000\", "
        "\"transfer_id\": \"dead0000000000000000000000000000\", \"v\": 1, \"verdict\": "
        "\"cleared\", "
        "\"version_id\": \"22\"}"},
    {"zero is not absent",
        {EVENT_CODE_FAILED, .recipient = {1}, .outcome = {"wrong-code", 10}, .level = 0,
            .bytes = 0},
        9007199254740991, "key", 3,
        "{\"actor_id\": \"3\", \"actor_kind\": \"key\", \"at_us\": 9007199254740991, \"bytes\": 0, "
        "\"kind\": \"code.failed\", \"level\": 0, \"nonce\": \"000102030405060708090a0b0c0d0eff\", "
        "\"outcome\": \"wrong-code\", \"recipient_id\": \"1\", \"v\": 1}"},
};

/* A kind's name and version are in proofs for ever: each has an entry of its own. */
static struct vector
vector_of_kind(struct arena *a, enum event_kind kind)
{
	struct str expect = arena_printf(a,
	    "{\"actor_id\": \"5\", \"actor_kind\": \"person\", \"at_us\": 1764064800000000, "
	    "\"kind\": \"%s\", \"nonce\": \"000102030405060708090a0b0c0d0eff\", \"v\": %d}",
	    event_kind_name(kind), event_kind_version(kind));

	return (struct vector){event_kind_name(kind), EVENT_INIT(kind), 1764064800000000, "person",
	    5, arena_cstr(a, expect)};
}

static int
entry_of(struct arena *a, const struct vector *v, struct str *ret, struct error *e)
{
	struct sha256 hashes[2] = {
	    sha256(sealed[0], strlen(sealed[0])), sha256(sealed[1], strlen(sealed[1]))};
	struct event_head head = {v->at_us, v->actor_kind, v->actor_id, nonce, hashes};

	return event_entry(a, &v->ev, &head, ret, e);
}

static struct str
leaf_of(struct arena *a, struct str entry)
{
	char *p = arena_alloc(a, entry.n + 1);
	struct sha256 h;

	memcpy(p + 1, entry.p, entry.n);
	h = sha256(p, entry.n + 1);
	return str_hex(a, h.b, sizeof h.b);
}

/* Entries hold no backslash, so quotes are all there is to escape. */
static void
add_quoted(struct buf *b, struct str s)
{
	size_t i;

	buf_char(b, '"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_char(b, '\\');
		buf_char(b, s.p[i]);
	}
	buf_char(b, '"');
}

static void
add_vector(struct buf *b, struct arena *a, const struct vector *v)
{
	struct str entry;
	struct error e;
	size_t i;

	if (entry_of(a, v, &entry, &e) < 0)
		fail_msg("%s: %s", v->name, e.msg);
	buf_printf(b, "    {\"name\": \"%s\",\n     \"entry\": ", v->name);
	add_quoted(b, entry);
	buf_printf(b, ",\n     \"leaf\": \"%.*s\",\n     \"sealed\": {", STR(leaf_of(a, entry)));
	for (i = 0; i < v->ev.field_count; i++)
		buf_printf(b, "%s\"%.*s\": \"%.*s\"", i ? ", " : "", STR(fields[i].field),
		    STR(str_hex(a, sealed[i], strlen(sealed[i]))));
	buf_printf(b, "},\n     \"expect\": %s}", v->expect);
}

static struct str
vectors_text(struct arena *a)
{
	struct buf b;
	size_t i;

	buf_init_arena(&b, a, VECTORS_MAX_BYTES);
	buf_lit(&b, "{\"about\": \"event entries; made by event_test --write, read by "
	            "tools/event_decode.py\",\n"
	            " \"vectors\": [\n");
	for (i = 0; i < ARRAY_LEN(vectors); i++) {
		add_vector(&b, a, &vectors[i]);
		buf_lit(&b, ",\n");
	}
	for (i = CHANGE_HOUSEKEEPING + 1; i < EVENT_KIND_COUNT; i++) {
		struct vector v = vector_of_kind(a, (enum event_kind)i);

		add_vector(&b, a, &v);
		buf_lit(&b, i + 1 < EVENT_KIND_COUNT ? ",\n" : "\n");
	}
	buf_lit(&b, " ]}\n");
	assert_false(b.full);
	return buf_view(&b);
}

static int
write_vectors(void)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str text = vectors_text(a);
	FILE *f = fopen(VECTORS, "w");

	if (f == NULL || fwrite(text.p, 1, text.n, f) != text.n || fclose(f) != 0) {
		perror(VECTORS);
		return 1;
	}
	return 0;
}

static void
vectors_are_as_they_were(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str text = vectors_text(a);
	char *have = arena_alloc(a, VECTORS_MAX_BYTES);
	FILE *f = fopen(VECTORS, "r");
	size_t n;

	assert_non_null(f);
	n = fread(have, 1, VECTORS_MAX_BYTES, f);
	fclose(f);
	assert_true(str_eq(text, (struct str){have, n}));
}

static void
refuse(const struct event *ev, int64_t at_us, const char *actor_kind)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct sha256 hashes[20] = {0};
	struct event_head head = {at_us, actor_kind, 0, nonce, hashes};
	struct str entry = {0};
	struct error e;

	assert_int_equal(event_entry(a, ev, &head, &entry, &e), ERR_INTERNAL);
	assert_null(entry.p);
}

static void
what_may_not_be_in_an_entry(void **state)
{
	static const char *const words[] = {
	    "Anna", "a b", "a\"b", "a\\b", "\xc3\xa4", "a@b.example", "a/b", "a\nb"};
	const struct event_field twice[] = {{1, NULL, S("ip"), S("")}, {1, NULL, S("ip"), S("")}};
	struct event_field many[17];
	struct event ev = EVENT_INIT(EVENT_MAIL_FAILED), bad;
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		bad = ev;
		bad.outcome = str_c(words[i]);
		refuse(&bad, 1, "system");
		bad = ev;
		bad.verdict = str_c(words[i]);
		refuse(&bad, 1, "system");
		refuse(&ev, 1, words[i]);
		many[0] = (struct event_field){1, NULL, str_c(words[i]), S("")};
		bad = ev;
		bad.fields = many;
		bad.field_count = 1;
		refuse(&bad, 1, "system");
	}
	bad = ev;
	bad.outcome = S("a\0b");
	refuse(&bad, 1, "system");
	bad = ev;
	bad.fields = twice;
	bad.field_count = 2;
	refuse(&bad, 1, "system");
	for (i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct event_field){1, NULL, {&"abcdefghijklmnopq"[i], 1}, S("")};
	bad.fields = many;
	bad.field_count = ARRAY_LEN(many);
	refuse(&bad, 1, "system");
	refuse(&ev, (int64_t)1 << 53, "system");
	refuse(&ev, -1, "system");
	bad = (struct event)EVENT_INIT(CHANGE_HOUSEKEEPING);
	refuse(&bad, 1, "system");
	bad = (struct event)EVENT_INIT(EVENT_KIND_COUNT);
	refuse(&bad, 1, "system");
	assert_string_equal(event_kind_name(EVENT_ASSET_CREATED), "asset.created");
	assert_string_equal(event_kind_name(EVENT_KIND_COUNT), "");
}

/* ---- in the database ---- */

static struct change *
begin(struct db *db, enum event_kind verb)
{
	struct change *c = NULL;
	struct error e;

	if (change_begin(db, (struct actor){ACTOR_PERSON, 5}, verb, &c, &e) < 0)
		fail_msg("%s", e.msg);
	return c;
}

static void
add(struct change *c, struct event ev)
{
	struct error e;

	if (event_add(c, &ev, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
commit(struct change *c)
{
	struct error e;

	if (change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
written_and_read_back(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct change *c = begin(db, EVENT_DELIVERY_CREATED);
	struct event_row *rows = NULL;
	struct event_rows of;
	struct error e;
	size_t n = 0;

	add(c, (struct event){EVENT_DELIVERY_CREATED, .delivery = {3}, .level = -1, .bytes = -1});
	add(c, (struct event){
	           EVENT_MAIL_QUEUED, .delivery = {3}, .recipient = {4}, .level = -1, .bytes = -1});
	add(c, (struct event){EVENT_DOWNLOAD_COMPLETE, {1}, {2}, {3}, {4}, &transfer, .level = -1,
	           .bytes = 77});
	commit(c);
	assert_int_equal(
	    event_list_delivery(db, a, (delivery_id){3}, &(struct event_page){.max = 3}, &of, &e),
	    0);
	assert_int_equal(of.n, 3);
	assert_int_equal(of.before, 0);
	rows = of.v;
	assert_true(str_eq(rows[0].kind, S("delivery.created")));
	assert_true(str_eq(rows[1].kind, S("mail.queued")));
	assert_int_equal(rows[1].recipient.v, 4);
	assert_int_equal(rows[1].bytes, -1);
	assert_int_equal(rows[2].bytes, 77);
	assert_int_equal(rows[2].version.v, 2);
	assert_true(str_starts(rows[0].entry, S("{\"actor_id\":\"5\",\"actor_kind\":\"person\"")));
	assert_int_equal(event_list_asset(db, a, (asset_id){1}, &rows, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(event_exists(db, rows[0].id, &e), 1);
	rows[0].id.b[0] ^= 1;
	assert_int_equal(event_exists(db, rows[0].id, &e), 0);
	assert_int_equal(event_list_asset(db, a, (asset_id){99}, &rows, &n, &e), 0);
	assert_int_equal(n, 0);
}

static void
delivery_is_told_page_by_page(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	struct change *c = begin(db, EVENT_MAIL_QUEUED);
	const delivery_id id = {3};
	struct event_rows of;
	struct error e;

	(void)state;
	for (int64_t i = 0; i < 7; i++)
		add(c, (struct event){EVENT_MAIL_QUEUED, .delivery = id, .recipient = {4 + i % 2},
		           .level = -1, .bytes = i});
	commit(c);
	assert_int_equal(
	    event_list_delivery(db, a, id, &(struct event_page){.max = 3}, &of, &e), 0);
	assert_int_equal(of.n, 3);
	assert_int_equal(of.before, 4);
	assert_int_equal(of.v[0].bytes, 4); /* the newest three, the oldest of them first */
	assert_int_equal(of.v[2].bytes, 6);
	assert_int_equal(
	    event_list_delivery(db, a, id, &(struct event_page){.until = 4, .max = 3}, &of, &e), 0);
	assert_int_equal(of.n, 3);
	assert_int_equal(of.before, 1);
	assert_int_equal(of.v[0].bytes, 1);
	assert_int_equal(of.v[2].bytes, 3);
	assert_int_equal(
	    event_list_delivery(db, a, id, &(struct event_page){.until = 99, .max = 9}, &of, &e),
	    0);
	assert_int_equal(of.n, 7);
	assert_int_equal(of.before, 0);
	assert_int_equal(event_list_delivery(
	                     db, a, id, &(struct event_page){.recipient = {5}, .max = 2}, &of, &e),
	    0);
	assert_int_equal(of.n, 2);
	assert_int_equal(of.before, 1);
	assert_int_equal(of.v[0].bytes, 3);
	assert_int_equal(of.v[1].bytes, 5);
}

static void
personal_values_are_sealed(void **state)
{
	static const struct data_key key = {{1, 2, 3}};
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(rows_close) struct rows *q = NULL;
	struct event_field who[] = {
	    {8, &key, S("ip"), S("192.0.2.7")}, {8, &key, S("address"), S("anna@example.org")}};
	struct change *c = begin(db, EVENT_RECIPIENT_OPENED);
	struct str entry, cipher, aad, clear, want;
	struct error e;
	struct sha256 h;

	add(c, (struct event){EVENT_RECIPIENT_OPENED, .level = -1, .bytes = -1, .fields = who,
	           .field_count = 2});
	commit(c);
	assert_int_equal(db_query(db, &q, &e,
	                     "SELECT event_id, sealed, entry, person_id FROM event_person "
	                     "JOIN event ON event.id = event_id WHERE field = 'address'"),
	    0);
	assert_int_equal(rows_next(q, &e), 1);
	aad = arena_printf(a, "%.*s%s", STR(S("0123456789abcdef")), "address");
	memcpy((char *)aad.p, rows_id128(q, 0).b, 16);
	cipher = rows_bytes(q, 1, a);
	entry = rows_text(q, 2, a);
	assert_int_equal(rows_int(q, 3), 8);
	assert_int_equal(text_open(a, &key, aad, cipher, &clear, &e), 0);
	assert_true(str_eq(clear, S("anna@example.org")));
	assert_null(memmem(entry.p, entry.n, "example", 7));
	assert_null(memmem(entry.p, entry.n, "192.", 4));
	h = sha256(cipher.p, cipher.n);
	want = arena_printf(a, "\"p_address\":\"%.*s\"", STR(str_hex(a, h.b, sizeof h.b)));
	assert_non_null(memmem(entry.p, entry.n, want.p, want.n));
	memcpy((char *)aad.p, "0123456789abcdef", 16);
	assert_int_equal(text_open(a, &key, aad, cipher, &clear, &e), ERR_CORRUPT);
}

static void
three_events(struct db *db)
{
	struct change *c = begin(db, EVENT_ASSET_CREATED);

	add(c, (struct event){EVENT_ASSET_CREATED, {1}, .level = -1, .bytes = -1});
	add(c, (struct event){EVENT_VERSION_CREATED, {1}, .level = -1, .bytes = -1});
	add(c, (struct event){EVENT_RELEASE_CHANGED, {1}, .level = -1, .bytes = -1});
	commit(c);
}

static void
sequence(struct db *db, int max, int want)
{
	struct error e;
	int n = -1;

	if (event_sequence(db, max, &n, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(n, want);
}

/* An idle worker takes no lock, and on PostgreSQL no transaction's number. */
static void
without_work_no_transaction_begins(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	struct error e;

	assert_int_equal(db_write_begin(db, DB_CLAIM, &e), 0);
	sequence(db, 100, 0); /* it would not nest */
	db_rollback(db);
	three_events(db);
	sequence(db, 100, 3);
}

static void
numbers_have_no_gaps(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main);
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(rows_close) struct rows *q = NULL;
	static const char *const kinds[] = {"asset.created", "version.created", "release.changed"};
	struct error e;
	int i;

	three_events(db);
	sequence(db, 2, 2);
	three_events(db);
	sequence(db, 100, 4);
	sequence(db, 100, 0);
	assert_int_equal(test_db_int(db, "SELECT count(*) FROM event_todo"), 0);
	assert_int_equal(test_db_int(db, "SELECT next_seq FROM log_head"), 6);
	assert_int_equal(db_query(db, &q, &e,
	                     "SELECT seq, kind, entry, leaf_hash FROM log_leaf "
	                     "JOIN event ON event.id = event_id ORDER BY seq"),
	    0);
	for (i = 0; i < 6; i++) {
		assert_int_equal(rows_next(q, &e), 1);
		assert_int_equal(rows_int(q, 0), i);
		assert_true(str_eq_c(rows_text(q, 1, a), kinds[i % 3]));
		struct str leaf = rows_bytes(q, 3, a);
		assert_true(str_eq(str_hex(a, leaf.p, leaf.n), leaf_of(a, rows_text(q, 2, a))));
	}
}

static void
one_sequencer_at_a_time(void **state)
{
	AUTO(db_close) struct db *db = test_db(schema_main), *other = NULL;
	AUTO(rows_close) struct rows *q = NULL;
	struct error e;

	three_events(db);
	/* Somebody holds the lease outside a transaction. */
	assert_int_equal(db_write_begin(db, DB_CHANGE, &e), 0);
	assert_int_equal(db_exec(db, NULL, &e, "UPDATE log_head SET lease_until_us = ?",
	                     db_i(time_now_us() + 60 * US_PER_S)),
	    0);
	assert_int_equal(db_commit(db, &e), 0);
	sequence(db, 10, 0);
	assert_int_equal(db_write_begin(db, DB_CHANGE, &e), 0);
	assert_int_equal(
	    db_exec(db, NULL, &e, "UPDATE log_head SET lease_until_us = ?", db_i(1)), 0);
	assert_int_equal(db_commit(db, &e), 0);
	if (db_is_postgres(db)) {
		/* Somebody is at it right now. */
		assert_int_equal(db_open(getenv("GELEIT_TEST_PG"), NULL, &other, &e), 0);
		assert_int_equal(db_write_begin(other, DB_CLAIM, &e), 0);
		assert_int_equal(
		    db_query(other, &q, &e, "SELECT next_seq FROM log_head FOR UPDATE"), 0);
		sequence(db, 10, 0);
		db_rollback(other);
	}
	sequence(db, 10, 3);
}

static void
a_failing_sequencer_leaves_nothing(void **state)
{
	AUTO(db_close) struct db *db = test_db_fake(schema_main);
	struct error e;
	int n, done = -1, r = -1;

	three_events(db);
	for (n = 1; r != 0; n++) {
		assert_in_range(n, 1, 50);
		db_fake_fail(db, n, ERR_IO);
		r = event_sequence(db, 10, &done, &e);
		assert_int_equal(r, db_fake_failed(db) ? ERR_IO : 0);
		db_fake_fail(db, 0, 0);
		assert_int_equal(
		    test_db_int(db, "SELECT count(*) FROM event_todo"), r == 0 ? 0 : 3);
		assert_int_equal(test_db_int(db, "SELECT count(*) FROM log_leaf"), r == 0 ? 3 : 0);
	}
	assert_int_equal(done, 3);
	assert_true(n > 10);
}

/* A database file with everything in it, for tests/event_decode_test.py. */
static int
write_database(const char *path)
{
	static const struct data_key key = {{1}};
	struct event_field who = {8, &key, S("ip"), S("192.0.2.7")};
	AUTO(db_close) struct db *db = NULL;
	struct event ev = vectors[1].ev;
	struct change *c;
	char url[256];
	struct error e;

	snprintf(url, sizeof url, "sqlite:%s", path);
	if (db_open(url, NULL, &db, &e) < 0 || migrate(db, schema_main, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	three_events(db);
	c = begin(db, ev.kind);
	ev.fields = &who;
	ev.field_count = 1;
	add(c, ev);
	commit(c);
	sequence(db, 3, 3);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_are_as_they_were),
	    cmocka_unit_test(what_may_not_be_in_an_entry),
	    cmocka_unit_test(written_and_read_back),
	    cmocka_unit_test(delivery_is_told_page_by_page),
	    cmocka_unit_test(personal_values_are_sealed),
	    cmocka_unit_test(without_work_no_transaction_begins),
	    cmocka_unit_test(numbers_have_no_gaps),
	    cmocka_unit_test(one_sequencer_at_a_time),
	    cmocka_unit_test(a_failing_sequencer_leaves_nothing),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0)
		return write_vectors();
	if (argc == 3 && strcmp(argv[1], "--database") == 0)
		return write_database(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
