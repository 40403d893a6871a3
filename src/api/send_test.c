/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * check, send, deliveries - what is asked is what is done: lines, refusals, names, dates, the same
 * request twice, revoking, new links; and a fault anywhere sends nothing
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/names.h"
#include "api/test_delivery.h"

#define ONE "{\"assets\":[\"100\"],\"to\":[\"a@x.test\"]}"
#define SEND "/api/v1/deliveries"

static int
begin(void **state)
{
	struct fixture *f = fixture_new(test_db(schema_main));

	new_file(f, 100, "eins.txt", 1000);
	new_file(f, 200, "leer.txt", 0);
	*state = f;
	return 0;
}

static int
end(void **state)
{
	fixture_free(*state);
	return 0;
}

static void
check_says_each_line(void **state)
{
	struct fixture *f = *state;

	set(f, "asset", "class = 'confidential'", "id = 200");
	assert_int_equal(
	    post_json(f, "/api/v1/check",
	        "{\"assets\":[\"100\",\"200\",\"100\"],\"to\":[\"a@x.test\",\"b@X.test\"]}", NULL),
	    200);
	assert_true(holds(f, "{\"lines\":[{\"asset\":\"100\",\"address\":\"a@x.test\","
	                     "\"state\":\"cleared\",\"reasons\":[]},{\"asset\":\"100\","
	                     "\"address\":\"b@x.test\",\"state\":\"cleared\",\"reasons\":[]},"
	                     "{\"asset\":\"200\",\"address\":\"a@x.test\",\"state\":\"blocked\","
	                     "\"reasons\":[{\"code\":\"classification\",\"level\":2}]},"));
	assert_int_equal(rows(f, "event", "kind LIKE 'delivery%'"), 0);
}

static void
check_refuses_what_it_does_not_know(void **state)
{
	static const struct {
		const char *json;
		uint32_t status;
	} cases[] = {
	    {"{\"assets\":[\"999\"],\"to\":[\"a@x.test\"]}", 404},
	    {"{\"assets\":[\"x\"],\"to\":[\"a@x.test\"]}", 400},
	    {"{\"assets\":[100],\"to\":[\"a@x.test\"]}", 400},
	    {"{\"assets\":[],\"to\":[\"a@x.test\"]}", 400},
	    {"{\"assets\":[\"100\"]}", 400},
	    {"{\"assets\":[\"100\"],\"to\":[\"nobody\"]}", 422},
	    {"{\"assets\":[\"100\"],\"to\":[\"a@x.test\"],\"method\":\"view_only\"}", 400},
	    {"{\"assets\":[\"100\"],\"to\":[\"a@x.test\"],\"more\":1}", 400},
	    {"{\"assets\":[{\"asset\":\"100\",\"version\":\"201\"}],\"to\":[\"a@x.test\"]}", 404},
	    {"{\"assets\":[{\"asset\":\"100\",\"version\":\"101\"}],\"to\":[\"a@x.test\"]}", 200},
	    {"{\"assets\":[{\"asset\":\"100\",\"more\":\"1\"}],\"to\":[\"a@x.test\"]}", 400},
	    {"[]", 400},
	    {"", 400},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t status = post_json(f, "/api/v1/check", cases[i].json, NULL);

		if (status != cases[i].status)
			fail_msg("%s: %u", cases[i].json, status);
	}
}

/* n people; JSON as long as the arena lives. */
static const char *
asked_for(struct fixture *f, int n)
{
	struct buf b;

	buf_init_arena(&b, f->x.a, LIMIT_JSON_BYTES);
	buf_printf(&b, "{\"assets\":[\"100\",\"200\",\"100\"],\"to\":[");
	for (int i = 0; i < n; i++)
		buf_printf(&b, "%s\"p%d@x.test\"", i > 0 ? "," : "", i);
	buf_printf(&b, "]}");
	return arena_cstr(f->x.a, buf_view(&b));
}

static void
a_thousand_people_and_not_one_more(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(post_json(f, "/api/v1/check", asked_for(f, 1000), NULL), 200);
	assert_true(
	    holds(f, "\"asset\":\"200\",\"address\":\"p999@x.test\",\"state\":\"cleared\""));
	assert_int_equal(post_json(f, "/api/v1/check", asked_for(f, 1001), NULL), 400);
	assert_true(says(f, "too-many"));
	assert_int_equal(post_json(f, SEND, asked_for(f, 1000), NULL), 201);
	assert_int_equal(rows(f, "recipient", NULL), 1000);
	assert_int_equal(rows(f, "mail", NULL), 1000);
	assert_int_equal(rows(f, "delivery_item", NULL), 2);
}

static void
send_tells_files_and_links(void **state)
{
	struct fixture *f = *state;
	struct str link;

	assert_int_equal(post_json(f, SEND,
	                     "{\"assets\":[\"100\",\"200\"],\"to\":[\"b@x.test\",\"a@x.test\"],"
	                     "\"subject\":\"Presse\",\"message\":\"Guten Tag\",\"lang\":\"en\","
	                     "\"expires\":\"3d\",\"limit\":2}",
	                     NULL),
	    201);
	assert_true(holds(f, "\"files\":[{\"asset\":\"100\",\"version\":\"101\","
	                     "\"name\":\"eins.txt\",\"bytes\":1000,\"sha256\":\""));
	assert_true(
	    holds(f, "\"verdict\":\"cleared\"}],\"recipients\":[{\"address\":\"b@x.test\","));
	link = member(f, "link", 0);
	assert_true(str_starts(link, S(URL "/r/")) && link.n == sizeof URL - 1 + 3 + 43);
	assert_false(str_eq(link, member(f, "link", 1)));
	assert_true(memmem(mail_to(f, "delivery", "b@x.test").p,
	                mail_to(f, "delivery", "b@x.test").n, link.p, link.n) != NULL);
	assert_int_equal(events(f, "delivery.created"), 1);
	assert_int_equal(events(f, "mail.queued"), 2);
	assert_int_equal(
	    rows(f, "delivery", "download_limit = 2 AND lang = 'en' AND level = 1"), 1);
	/* no link stands anywhere in clear */
	assert_int_equal(
	    get_json(f, arena_printf(f->x.a, SEND "/%.*s", STR(member(f, "delivery", 0))).p), 200);
	assert_true(holds(f, "\"state\":\"active\""));
	assert_false(holds(f, "/r/"));
}

static void
one_line_that_may_not_go_stops_all(void **state)
{
	struct fixture *f = *state;

	set(f, "asset",
	    arena_printf(f->x.a, "embargo_us = %lld", (long long)(time_now_us() + US_PER_DAY)).p,
	    "id = 200");
	assert_int_equal(
	    post_json(f, SEND, "{\"assets\":[\"100\",\"200\"],\"to\":[\"a@x.test\"]}", NULL), 403);
	assert_true(says(f, "not-cleared"));
	assert_true(holds(f, "\"lines\":[{\"asset\":\"100\",\"address\":\"a@x.test\",\"state\":"
	                     "\"cleared\""));
	assert_true(holds(f, "\"code\":\"embargo\",\"date\":\""));
	assert_int_equal(
	    rows(f, "delivery", NULL) + rows(f, "contact", NULL) + rows(f, "mail", NULL), 0);
}

static void
dates_and_limits_are_looked_at(void **state)
{
	static const char *const bad[] = {"\"expires\":\"gestern\"", "\"expires\":\"2020-01-01\"",
	    "\"expires\":\"91d\"", "\"valid_from\":\"5d\",\"expires\":\"3d\"", "\"limit\":-1",
	    "\"lang\":\"fr\"", "\"subject\":\"a\\u0007b\""};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char json[200];

		snprintf(
		    json, sizeof json, "{\"assets\":[\"100\"],\"to\":[\"a@x.test\"],%s}", bad[i]);
		if (post_json(f, SEND, json, NULL) != 400)
			fail_msg("%s: %u", json, f->r.status);
	}
	assert_int_equal(rows(f, "delivery", NULL), 0);
	assert_int_equal(
	    post_json(f, SEND,
	        "{\"assets\":[\"100\"],\"to\":[\"a@x.test\"],\"valid_from\":\"80d\"}", NULL),
	    201);
	assert_int_equal(get_json(f, SEND), 200);
	assert_true(holds(f, "\"state\":\"scheduled\""));
	/* a day in the past it begins with does not shorten what is allowed */
	assert_int_equal(post_json(f, SEND,
	                     "{\"assets\":[\"100\"],\"to\":[\"a@x.test\"],\"valid_from\":"
	                     "\"2020-01-01\",\"expires\":\"90d\"}",
	                     NULL),
	    201);
	f->conf.delivery_max_days = 7; /* below what is used when nothing is said */
	assert_int_equal(
	    post_json(f, SEND, "{\"assets\":[\"100\"],\"to\":[\"a@x.test\"]}", NULL), 201);
	assert_in_range(value(f, "min(expires_us - created_us)", "delivery", NULL),
	    7 * US_PER_DAY - US_PER_S, 7 * US_PER_DAY + US_PER_S);
}

static void
names_differ_in_the_package(void **state)
{
	struct fixture *f = *state;

	new_file(f, 300, "EINS.txt", 3);
	new_file(f, 400, "manifest.TXT", 3);
	new_file(f, 500, "eins (2).txt", 3);
	assert_int_equal(
	    post_json(f, SEND,
	        "{\"assets\":[\"100\",\"300\",\"400\",\"500\"],\"to\":[\"a@x.test\"]}", NULL),
	    201);
	assert_true(str_eq(member(f, "name", 0), S("eins.txt")));
	assert_true(str_eq(member(f, "name", 1), S("EINS (2).txt")));
	assert_true(str_eq(member(f, "name", 2), S("manifest (2).TXT")));
	assert_true(str_eq(member(f, "name", 3), S("eins (2) (2).txt")));
}

static void
thousands_of_one_name_take_thousands_of_steps(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct names *names = names_new(a, 10000);
	int64_t start = time_monotonic_us();
	struct str last = S("");

	for (int i = 0; i < 10000; i++)
		last = names_take(names, S("a.txt"));
	assert_true(str_eq(last, S("a (10000).txt")));
	assert_true(time_monotonic_us() - start < 20 * US_PER_S);
}

/* ---- the same request again ---- */

static void
the_same_request_gets_the_same_answer(void **state)
{
	struct fixture *f = *state;
	struct str first, body, kept;

	assert_int_equal(post_json(f, SEND, ONE, "auftrag-7"), 201);
	first = arena_str(f->x.a, buf_view(&f->r.body));
	body = field(f, "Location");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(post_json(f, SEND, ONE, "auftrag-7"), 201);
		assert_true(str_eq(buf_view(&f->r.body), first));
		assert_true(str_eq(field(f, "Location"), body));
	}
	assert_int_equal(rows(f, "delivery", NULL), 1);
	assert_int_equal(rows(f, "mail", NULL), 1);
	/* what is kept has no link in it */
	assert_int_equal(rows(f, "idempotency", NULL), 1);
	kept = test_text(f->x.db, f->x.a, "body", "idempotency");
	assert_null(memmem(kept.p, kept.n, "/r/", 3));
}

static void
a_key_is_for_one_request(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(post_json(f, SEND, ONE, "k"), 201);
	assert_int_equal(
	    post_json(f, SEND, "{\"assets\":[\"200\"],\"to\":[\"a@x.test\"]}", "k"), 422);
	assert_true(says(f, "idempotency-mismatch"));
	assert_int_equal(post_json(f, SEND, ONE, "other"), 201);
	assert_int_equal(post_json(f, SEND, ONE, ""), 400);
	assert_int_equal(rows(f, "delivery", NULL), 2);
	f->key = new_key(f, "berta@geleit.example", "sender", "all");
	assert_int_equal(post_json(f, SEND, ONE, "k"), 201); /* another asker */
	assert_int_equal(rows(f, "delivery", NULL), 3);
}

static void
a_key_comes_again_after_its_day(void **state)
{
	struct fixture *f = *state;
	struct str link;

	assert_int_equal(post_json(f, SEND, ONE, "k"), 201);
	link = member(f, "link", 0);
	test_empty(f->x.db, f->x.a, "idempotency");
	assert_int_equal(post_json(f, SEND, ONE, "k"), 201);
	assert_false(str_eq(link, member(f, "link", 0)));
	assert_int_equal(rows(f, "delivery", NULL), 2);
}

static void
a_refusal_is_not_kept(void **state)
{
	struct fixture *f = *state;

	set(f, "asset", "expires_us = 5", "id = 100");
	assert_int_equal(post_json(f, SEND, ONE, "k"), 403);
	set(f, "asset", "expires_us = NULL", "id = 100");
	assert_int_equal(post_json(f, SEND, ONE, "k"), 201);
}

/* ---- afterwards ---- */

static void
revoke_once_and_for_all(void **state)
{
	struct fixture *f = *state;
	const char *one;

	assert_int_equal(
	    post_json(f, SEND, "{\"assets\":[\"100\"],\"to\":[\"a@x.test\",\"b@x.test\"]}", NULL),
	    201);
	one = arena_printf(f->x.a, SEND "/%.*s", STR(member(f, "delivery", 0))).p;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(post_json(f, arena_printf(f->x.a, "%s/revoke", one).p,
		                     "{\"recipient\":\"a@x.test\"}", NULL),
		    200);
		assert_true(holds(f, "\"state\":\"active\""));
	}
	assert_int_equal(events(f, "recipient.revoked"), 1);
	assert_int_equal(post_json(f, arena_printf(f->x.a, "%s/revoke", one).p,
	                     "{\"recipient\":\"c@x.test\"}", NULL),
	    404);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(post_json(f, arena_printf(f->x.a, "%s/revoke", one).p,
		                     "{\"reason\":\"x\"}", NULL),
		    200);
		assert_true(holds(f, "\"state\":\"revoked\""));
	}
	assert_int_equal(events(f, "delivery.revoked"), 1);
	assert_int_equal(get_json(f, one), 200);
	assert_true(holds(f, "\"address\":\"b@x.test\",\"state\":\"revoked\""));
	assert_int_equal(get_json(f, SEND "/ZZZZ-ZZZZ"), 404);
	assert_int_equal(get_json(f, SEND "/nonsense"), 404);
}

static void
the_list_goes_on_behind_one(void **state)
{
	struct fixture *f = *state;
	struct str numbers[3];

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		assert_int_equal(post_json(f, SEND, ONE, NULL), 201);
		numbers[i] = member(f, "delivery", 0);
		usleep(2000); /* ids are in order by the millisecond */
	}
	assert_int_equal(get_json(f, SEND), 200);
	assert_true(str_eq(member(f, "delivery", 0), numbers[2]));
	assert_int_equal(
	    get_json(f, arena_printf(f->x.a, SEND "?before=%.*s", STR(numbers[2])).p), 200);
	assert_true(str_eq(member(f, "delivery", 0), numbers[1]));
	assert_true(str_eq(member(f, "delivery", 1), numbers[0]));
	assert_int_equal(
	    get_json(f, arena_printf(f->x.a, SEND "?before=%.*s", STR(numbers[0])).p), 200);
	assert_true(str_eq(buf_view(&f->r.body), S("[]")));
	assert_int_equal(get_json(f, SEND "?before=x"), 400);
	assert_int_equal(get_json(f, SEND "?before=ZZZZ-ZZZZ"), 404);
}

static void
a_new_link_is_another(void **state)
{
	struct fixture *f = *state;
	struct str old;
	const char *path;

	assert_int_equal(post_json(f, SEND, ONE, NULL), 201);
	old = member(f, "link", 0);
	path = arena_printf(f->x.a, SEND "/%.*s/link", STR(member(f, "delivery", 0))).p;
	assert_int_equal(post_json(f, path, "{\"address\":\"A@X.test\"}", NULL), 404);
	assert_int_equal(post_json(f, path, "{\"address\":\"a@X.test\"}", NULL), 200);
	assert_false(str_eq(old, member(f, "link", 0)));
	assert_int_equal(events(f, "recipient.link"), 1);
	assert_int_equal(rows(f, "mail", NULL), 1); /* the sender passes it on himself */
}

/* ---- faults ---- */

/* What may fail without harm (when a key was last seen) sends all; anything else nothing. */
static void
a_fault_anywhere_sends_nothing(void **state)
{
	bool failed = true;
	int n, refused = 0;

	for (n = 1; failed; n++) {
		struct fixture *f = fixture_new(test_db_fake(schema_main));
		uint32_t status;

		assert_in_range(n, 1, 200);
		new_file(f, 100, "eins.txt", 1000);
		db_fake_fail(f->x.db, n, ERR_NO_SPACE);
		status = post_json(f, SEND, ONE, "k");
		failed = db_fake_failed(f->x.db);
		db_fake_fail(f->x.db, 0, 0);
		assert_true(status == 507 || status == 201);
		refused += status == 507;
		assert_false(db_in_write(f->x.db));
		assert_int_equal(rows(f, "delivery", NULL) + rows(f, "recipient", NULL) +
		                     rows(f, "contact", NULL) + rows(f, "mail", NULL) +
		                     rows(f, "idempotency", NULL),
		    status == 201 ? 5 : 0);
		fixture_free(f);
	}
	assert_true(refused > 20);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    TEST(check_says_each_line),
	    TEST(check_refuses_what_it_does_not_know),
	    TEST(a_thousand_people_and_not_one_more),
	    TEST(send_tells_files_and_links),
	    TEST(one_line_that_may_not_go_stops_all),
	    TEST(dates_and_limits_are_looked_at),
	    TEST(names_differ_in_the_package),
	    cmocka_unit_test(thousands_of_one_name_take_thousands_of_steps),
	    TEST(the_same_request_gets_the_same_answer),
	    TEST(a_key_is_for_one_request),
	    TEST(a_key_comes_again_after_its_day),
	    TEST(a_refusal_is_not_kept),
	    TEST(revoke_once_and_for_all),
	    TEST(the_list_goes_on_behind_one),
	    TEST(a_new_link_is_another),
	    cmocka_unit_test(a_fault_anywhere_sends_nothing),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
