/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * delivery, recipient, contact - what was sent reads back, steps go forward only, what is revoked
 * stays so, links end, stamps rise, and a fault while sending leaves nothing
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/test_exchange.h"

static struct delivery
get(struct exchange *x)
{
	struct delivery d;

	if (delivery_get(x->db, x->a, x->delivery, &d, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	return d;
}

static struct recipient
who(struct exchange *x, int i)
{
	struct recipient r;

	if (recipient_get(x->db, x->a, x->recipients[i], &r, &x->e) < 0)
		fail_msg("%s", x->e.msg);
	return r;
}

static int64_t
events(struct exchange *x, const char *kind)
{
	return test_db_rows(x->db, x->a, "event", arena_printf(x->a, "kind = '%s'", kind).p);
}

static void
what_was_sent_reads_back(void **state)
{
	struct exchange *x = *state;
	struct delivery_filter filter = {.max = 10};
	struct delivery d, *list;
	struct delivery_item *items;
	struct recipient *to;
	size_t n;

	assert_int_equal(delivery_by_number(x->db, x->a, S("ABCD-2345"), &d, &x->e), 0);
	assert_int_equal(d.id.v, x->delivery.v);
	assert_true(str_eq(d.sender_name, S("Anna")) && str_eq(d.subject, S("Presse")));
	assert_true(d.method == METHOD_PACKAGE && d.level == 1 && d.stamp == 1);
	assert_int_equal(d.total_bytes, BYTES_1 + BYTES_3);
	assert_int_equal(d.item_count, FILES);
	assert_int_equal(d.recipient_count, 2);
	assert_int_equal(delivery_items(x->db, x->a, d.id, &items, &n, &x->e), 0);
	assert_int_equal(n, FILES);
	for (size_t i = 0; i < n; i++) {
		struct sha256 h = hash_of(arena_cstr(x->a, x->items[i].name));

		assert_int_equal(items[i].position, i + 1);
		assert_true(str_eq(items[i].name, x->items[i].name) && items[i].ready);
		assert_int_equal(items[i].version.v, x->items[i].version.v);
		assert_memory_equal(items[i].sha256.b, h.b, sizeof h.b);
	}
	assert_int_equal(recipient_list(x->db, x->a, d.id, &to, &n, &x->e), 0);
	assert_int_equal(n, 2);
	assert_true(str_eq(to[0].address, S("a@x.test")) && to[0].step == STEP_PENDING);
	assert_int_equal(delivery_list(x->db, x->a, &filter, &list, &n, &x->e), 0);
	assert_int_equal(n, 1);
	filter.before = d.id;
	assert_int_equal(delivery_list(x->db, x->a, &filter, &list, &n, &x->e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(events(x, "delivery.created"), 1);
}

static void
unknown_ones_are_not_found(void **state)
{
	struct exchange *x = *state;
	struct sha256 hash = hash_of("nobody's");
	struct delivery d;
	struct recipient r;

	assert_int_equal(delivery_by_number(x->db, x->a, S("ZZZZ-ZZZZ"), &d, &x->e), ERR_NOT_FOUND);
	assert_int_equal(recipient_get(x->db, x->a, (recipient_id){1}, &r, &x->e), ERR_NOT_FOUND);
	assert_int_equal(recipient_by_token(x->db, x->a, &hash, &r, &x->e), 0);
	assert_int_equal(
	    recipient_by_address(x->db, x->a, x->delivery, S("c@x.test"), &r, &x->e), 0);
}

static void
it_begins_and_ends_to_the_microsecond(void **state)
{
	struct delivery d = {.valid_from_us = 100, .expires_us = 200};
	struct recipient r = {.step = STEP_COMPLETE};

	assert_string_equal(delivery_shown(&d, 99), "scheduled");
	assert_string_equal(delivery_shown(&d, 100), "active");
	assert_string_equal(delivery_shown(&d, 199), "active");
	assert_string_equal(delivery_shown(&d, 200), "expired");
	assert_false(delivery_is_live(&d, 99) || delivery_is_live(&d, 200));
	assert_true(delivery_is_live(&d, 100) && delivery_is_live(&d, 199));
	assert_string_equal(recipient_shown(&r, &d, 199), "complete");
	assert_string_equal(recipient_shown(&r, &d, 200), "expired");
	d.revoked_us = 150;
	assert_string_equal(delivery_shown(&d, 99), "revoked");
	assert_string_equal(delivery_shown(&d, 200), "revoked");
	assert_string_equal(recipient_shown(&r, &d, 200), "revoked");
	assert_false(delivery_is_live(&d, 120));
}

static void
a_number_is_given_once(void **state)
{
	struct exchange *x = *state;
	delivery_id first = x->delivery;

	assert_int_equal(exchange_send(x, "ABCD-2345", 0), ERR_EXISTS);
	assert_int_equal(test_db_rows(x->db, x->a, "delivery", NULL), 1);
	x->delivery = first;
	assert_int_equal(exchange_send(x, "ABCD-2346", 0), 0);
	/* the same two people */
	assert_int_equal(test_db_rows(x->db, x->a, "contact", NULL), 2);
	assert_int_equal(test_db_rows(x->db, x->a, "recipient", NULL), 4);
}

/* 1 done, 0 it was before. */
static int
revoke(struct exchange *x, const char *reason)
{
	AUTO(change_abort) struct change *c = NULL;
	int r;

	if (change_begin(x->db, the_system, EVENT_DELIVERY_REVOKED, &c, &x->e) < 0)
		return x->e.code;
	r = delivery_revoke(c, x->delivery, str_c(reason), &x->e);
	return r > 0 && change_commit(&c, &x->e) < 0 ? x->e.code : r;
}

static void
revoked_stays_revoked(void **state)
{
	struct exchange *x = *state;
	int64_t at;

	assert_int_equal(revoke(x, "falsche Datei"), 1);
	at = get(x).revoked_us;
	assert_true(at != 0 && str_eq(get(x).revoke_reason, S("falsche Datei")));
	assert_int_equal(get(x).stamp, 2);
	assert_int_equal(revoke(x, "anderer Grund"), 0);
	assert_int_equal(get(x).revoked_us, at);
	assert_true(str_eq(get(x).revoke_reason, S("falsche Datei")));
	assert_int_equal(get(x).stamp, 2);
	assert_int_equal(events(x, "delivery.revoked"), 1);
}

static int
revoke_one(struct exchange *x, int i)
{
	AUTO(change_abort) struct change *c = NULL;
	int r;

	if (change_begin(x->db, the_system, EVENT_RECIPIENT_REVOKED, &c, &x->e) < 0)
		return x->e.code;
	r = recipient_revoke(c, x->recipients[i], S("Irrtum"), &x->e);
	return r > 0 && change_commit(&c, &x->e) < 0 ? x->e.code : r;
}

static int
extend(struct exchange *x, int64_t until)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(
	        x->db, (struct actor){ACTOR_PERSON, 1}, EVENT_DELIVERY_EXTENDED, &c, &x->e) < 0 ||
	    delivery_extend(c, x->delivery, until, &x->e) < 0)
		return err_code(&x->e);
	return change_commit(&c, &x->e);
}

/* Two who extend at once have both read the old end. */
static void
an_end_never_comes_earlier(void **state)
{
	struct exchange *x = *state;
	int64_t end = test_db_int(x->db, "SELECT expires_us FROM delivery");

	assert_int_equal(extend(x, end + 20), 0);
	assert_int_equal(extend(x, end + 10), ERR_INVALID);
	assert_string_equal(x->e.key, "expires-too-early");
	assert_int_equal(test_db_int(x->db, "SELECT expires_us FROM delivery"), end + 20);
	assert_int_equal(test_db_rows(x->db, x->a, "event", "kind = 'delivery.extended'"), 1);
}

static void
one_recipient_can_be_revoked_alone(void **state)
{
	struct exchange *x = *state;
	struct delivery d;
	struct recipient first, second;

	assert_int_equal(revoke_one(x, 0), 1);
	assert_int_equal(revoke_one(x, 0), 0);
	d = get(x);
	first = who(x, 0);
	second = who(x, 1);
	assert_string_equal(recipient_shown(&first, &d, time_now_us()), "revoked");
	assert_string_equal(recipient_shown(&second, &d, time_now_us()), "pending");
	assert_string_equal(delivery_shown(&d, time_now_us()), "active");
	assert_int_equal(d.stamp, 2); /* running transfers ask again */
	assert_int_equal(events(x, "recipient.revoked"), 1);
	assert_int_equal(events(x, "delivery.revoked"), 0);
}

static void
mark(struct exchange *x, enum recipient_step step)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    recipient_mark(c, x->recipients[0], step, &x->e) < 0 || change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
}

static void
steps_go_forward_only(void **state)
{
	static const struct {
		enum recipient_step told, is;
	} steps[] = {{STEP_UNDELIVERABLE, STEP_UNDELIVERABLE}, {STEP_MAILED, STEP_MAILED},
	    {STEP_UNDELIVERABLE, STEP_UNDELIVERABLE}, {STEP_OPENED, STEP_OPENED},
	    {STEP_UNDELIVERABLE, STEP_OPENED}, {STEP_MAILED, STEP_OPENED},
	    {STEP_VERIFIED, STEP_VERIFIED}, {STEP_OPENED, STEP_VERIFIED},
	    {STEP_COMPLETE, STEP_COMPLETE}, {STEP_DOWNLOADING, STEP_COMPLETE},
	    {STEP_VERIFIED, STEP_COMPLETE}, {STEP_PENDING, STEP_COMPLETE}};
	struct exchange *x = *state;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		mark(x, steps[i].told);
		assert_int_equal(who(x, 0).step, steps[i].is);
	}
	assert_true(who(x, 0).opened_us != 0 && who(x, 0).verified_us != 0);
	assert_int_equal(who(x, 1).step, STEP_PENDING);
}

static int
relink(struct exchange *x, const char *token, enum new_link how)
{
	AUTO(change_abort) struct change *c = NULL;
	struct sha256 hash = hash_of(token);
	struct actor by = {ACTOR_RECIPIENT, x->recipients[0].v};

	if (change_begin(x->db, how == LINK_KEEPS_SESSIONS ? by : the_system, EVENT_RECIPIENT_LINK,
	        &c, &x->e) < 0 ||
	    recipient_new_link(c, x->recipients[0], &hash, how, &x->e) < 0)
		return x->e.code;
	return change_commit(&c, &x->e);
}

static int
opens(struct exchange *x, const char *token)
{
	struct sha256 hash = hash_of(token);
	struct recipient r;

	return recipient_by_token(x->db, x->a, &hash, &r, &x->e);
}

static void
a_new_link_ends_the_old_one(void **state)
{
	struct exchange *x = *state;
	session_id s = exchange_open(x, "cookie", 0);
	int64_t asked;

	assert_int_equal(opens(x, "ABCD-2345-0"), 1);
	assert_int_equal(relink(x, "neu", LINK_KEEPS_SESSIONS), 0);
	assert_int_equal(opens(x, "ABCD-2345-0"), 0);
	assert_int_equal(opens(x, "neu"), 1);
	assert_int_equal(opens(x, "ABCD-2345-1"), 1);
	assert_int_equal(session_is_live(x->db, s, time_now_us(), &x->e), 1);
	assert_int_equal(relink(x, "neuer", LINK_ENDS_SESSIONS), 0);
	assert_int_equal(session_is_live(x->db, s, time_now_us(), &x->e), 0);
	/* what the sender made does not count */
	assert_int_equal(
	    recipient_links_asked(x->db, x->delivery, x->recipients[0], 0, &asked, &x->e), 0);
	assert_int_equal(asked, 1);
	assert_int_equal(recipient_links_asked(x->db, x->delivery, x->recipients[0],
	                     time_now_us() + 1, &asked, &x->e),
	    0);
	assert_int_equal(asked, 0);
}

static void
raise_stamps(struct exchange *x, asset_id asset)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(x->db, the_system, CHANGE_HOUSEKEEPING, &c, &x->e) < 0 ||
	    delivery_stamps_raise(c, asset, &x->e) < 0 || change_commit(&c, &x->e) < 0)
		fail_msg("%s", x->e.msg);
}

static void
what_changes_a_file_raises_its_deliveries(void **state)
{
	struct exchange *x = *state;

	raise_stamps(x, (asset_id){4711});
	assert_int_equal(get(x).stamp, 1);
	raise_stamps(x, x->items[1].asset);
	assert_int_equal(get(x).stamp, 2);
	EXEC(x, "UPDATE delivery SET expires_us = 5");
	raise_stamps(x, x->items[1].asset);
	assert_int_equal(get(x).stamp, 2); /* nothing of it can run any more */
}

static void
a_blocked_contact_is_known(void **state)
{
	struct exchange *x = *state;
	struct contact c;

	assert_int_equal(contact_find(x->db, x->a, S("a@x.test"), &c, &x->e), 1);
	assert_false(c.blocked || who(x, 0).blocked);
	EXEC(x, "UPDATE contact SET blocked_us = 1 WHERE address = 'a@x.test'");
	assert_int_equal(contact_find(x->db, x->a, S("a@x.test"), &c, &x->e), 1);
	assert_true(c.blocked && who(x, 0).blocked && !who(x, 1).blocked);
	assert_int_equal(contact_find(x->db, x->a, S("neu@x.test"), &c, &x->e), 0);
	assert_true(c.id.v == 0 && !c.blocked);
}

static bool
are_same(const struct verdict_facts *f, const struct verdict_facts *g)
{
	return f->release == g->release && f->class == g->class && f->malware == g->malware &&
	       f->ingested == g->ingested && f->view_only == g->view_only &&
	       f->release_until_us == g->release_until_us && f->embargo_us == g->embargo_us &&
	       f->expires_us == g->expires_us && f->trashed == g->trashed &&
	       str_eq(f->credit, g->credit);
}

/* Three ways to the same facts: of one file, of many, and of all files of a delivery. */
static void
same_facts(struct exchange *x)
{
	struct delivery_item *items;
	struct verdict_facts one = {0}, *many;
	asset_id *ids;
	version_id *versions;
	size_t n;

	assert_int_equal(delivery_items(x->db, x->a, x->delivery, &items, &n, &x->e), 0);
	ids = ARENA_ARRAY(x->a, asset_id, n);
	versions = ARENA_ARRAY(x->a, version_id, n);
	many = ARENA_ARRAY(x->a, struct verdict_facts, n);
	for (size_t i = 0; i < n; i++) {
		ids[i] = items[i].asset;
		versions[i] = i % 2 ? items[i].version : (version_id){0};
	}
	assert_int_equal(verdict_facts_files(x->db, x->a, ids, versions, n, many, &x->e), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(
		    verdict_facts_file(x->db, x->a, items[i].asset, items[i].version, &one, &x->e),
		    0);
		assert_true(are_same(&one, &items[i].facts) && are_same(&one, &many[i]));
		assert_int_equal(versions[i].v, items[i].version.v);
	}
}

static void
facts_of_many_are_of_files_that_are(void **state)
{
	struct exchange *x = *state;
	asset_id ids[] = {x->items[0].asset, {7}};
	version_id versions[] = {x->items[1].version, {0}};
	struct verdict_facts facts[2];

	assert_int_equal(
	    verdict_facts_files(x->db, x->a, ids, versions, 1, facts, &x->e), ERR_NOT_FOUND);
	versions[0].v = 0;
	assert_int_equal(
	    verdict_facts_files(x->db, x->a, ids, versions, 2, facts, &x->e), ERR_NOT_FOUND);
}

static void
items_come_by_position(void **state)
{
	struct exchange *x = *state;
	struct delivery_item *items;
	size_t n;

	for (int64_t first = 1; first <= 3; first++) {
		assert_int_equal(delivery_items_at(x->db, x->a, x->delivery,
		                     (struct positions){first, 2}, &items, &n, &x->e),
		    0);
		assert_int_equal(n, first <= 2 ? 3 - first : 0);
		assert_true(n == 0 || items[0].position == first);
	}
	assert_int_equal(delivery_items_at(
	                     x->db, x->a, x->delivery, (struct positions){0, 0}, &items, &n, &x->e),
	    0);
	assert_int_equal(n, 0);
}

static void
facts_of_many_are_those_of_one(void **state)
{
	static const struct {
		const char *table, *values;
	} changes[] = {{"release", "state = 'conditions', credit = 'Foto: A', view_only = (1 = 1)"},
	    {"release", "until_us = 77, state = 'blocked'"}, {"release", "state = 'nonsense'"},
	    {"asset", "class = 'internal', embargo_us = 5, expires_us = 9"},
	    {"asset", "class = 'nonsense'"}, {"version", "malware = 'not_scanned'"},
	    {"version", "malware = 'nonsense'"}, {"version", "malware = 'clean', sha256 = NULL"},
	    {"version", "state = 'damaged'"}, {"version", "state = 'pending'"}};
	struct exchange *x = *state;

	same_facts(x);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		test_set(x->db, x->a, changes[i].table, changes[i].values, NULL);
		same_facts(x);
	}
}

static void
parts_come_by_item_in_order(void **state)
{
	struct exchange *x = *state;
	struct delivery_part *parts;
	struct id128 second = random_id128();
	size_t n;

	EXEC(x,
	    "INSERT INTO version_part (version_id, position, blob_id, bytes) "
	    "VALUES (1001, 1, ?, 7)",
	    db_id128(&second));
	assert_int_equal(delivery_parts(x->db, x->a, x->delivery, 0, &parts, &n, &x->e), 0);
	assert_int_equal(n, 3); /* the empty file has none */
	assert_true(parts[0].position == 1 && parts[0].bytes == BYTES_1);
	assert_true(parts[1].position == 1 && id128_eq(parts[1].blob, second));
	assert_true(parts[2].position == 3 && parts[2].bytes == BYTES_3);
	assert_int_equal(delivery_parts(x->db, x->a, x->delivery, 1, &parts, &n, &x->e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(delivery_parts(x->db, x->a, x->delivery, 2, &parts, &n, &x->e), 0);
	assert_int_equal(n, 0);
}

static int64_t
traces(struct exchange *x)
{
	static const char *const tables[] = {"contact", "delivery", "delivery_item", "recipient"};
	int64_t n = test_db_rows(x->db, x->a, "event", "kind = 'delivery.created'");

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		n += test_db_rows(x->db, x->a, tables[i], NULL);
	return n;
}

static void
a_fault_anywhere_leaves_nothing(void **state)
{
	static const int codes[] = {ERR_NO_SPACE, ERR_RETRY, ERR_IO};

	for (size_t k = 0; k < ARRAY_LEN(codes); k++) {
		struct exchange *x = exchange_new(test_db_fake(schema_main));
		int n, r = -1;

		for (n = 1; r != 0; n++) {
			assert_in_range(n, 1, 100);
			db_fake_fail(x->db, n, codes[k]);
			r = exchange_send(x, "ABCD-2345", 0);
			assert_int_equal(r, db_fake_failed(x->db) ? codes[k] : 0);
			assert_false(db_in_write(x->db));
			db_fake_fail(x->db, 0, 0);
			assert_int_equal(traces(x), r == 0 ? 2 + 1 + FILES + 2 + 1 : 0);
		}
		assert_true(n > 12);
		exchange_free(&x);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, exchange_begin, exchange_end)
	const struct CMUnitTest tests[] = {
	    TEST(what_was_sent_reads_back),
	    TEST(unknown_ones_are_not_found),
	    TEST(it_begins_and_ends_to_the_microsecond),
	    TEST(a_number_is_given_once),
	    TEST(revoked_stays_revoked),
	    TEST(an_end_never_comes_earlier),
	    TEST(one_recipient_can_be_revoked_alone),
	    TEST(steps_go_forward_only),
	    TEST(a_new_link_ends_the_old_one),
	    TEST(what_changes_a_file_raises_its_deliveries),
	    TEST(a_blocked_contact_is_known),
	    TEST(facts_of_many_are_those_of_one),
	    TEST(parts_come_by_item_in_order),
	    TEST(facts_of_many_are_of_files_that_are),
	    TEST(items_come_by_position),
	    cmocka_unit_test(a_fault_anywhere_leaves_nothing),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
