/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * fetch - keys and reports: the verdict is asked again each time, what must stop stops, what has
 * arrived becomes history and nothing more than that
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/test_browser.h"
#include "api/tickets.h"
#include "model/transfer.h"

static struct msg_keys_are
keys(struct browser *b, uint32_t first, uint32_t count, struct str ticket)
{
	struct msg_keys m = {.ticket = ticket, .first = first, .count = count};
	struct msg_keys_are are;

	b->f->x.now_us = time_now_us();
	assert_int_equal(api_keys(&b->f->x, &m, &are, &b->f->e), 0);
	return are;
}

static bool
stops(struct browser *b, struct str ticket, uint32_t seq, uint32_t flags, struct msg_range g)
{
	struct msg_sent_one one = {.number = 7,
	    .seq = seq,
	    .flags = flags,
	    .ticket = ticket,
	    .ranges = &g,
	    .range_count = flags != 0 ? 1 : 0};
	struct msg_sent m = {&one, 1};
	struct msg_sent_ok ok;

	b->f->x.now_us = time_now_us();
	assert_int_equal(api_sent(&b->f->x, &m, &ok, &b->f->e), 0);
	assert_true(
	    ok.transfer_count == 1 && ok.transfers[0].number == 7 && ok.transfers[0].seq == seq);
	return ok.transfers[0].stop;
}

static struct str
fetch(struct browser *b, const char *rest)
{
	assert_int_equal(get(b, path(b, rest)), 200);
	assert_true(b->f->r.is_transfer);
	return arena_str(b->f->x.a, b->f->r.ticket);
}

static void
keys_are_those_of_the_versions(void **state)
{
	struct browser *b = *state;
	const version_id versions[] = {{101}, {201}, {301}};
	struct data_key want[3];
	struct msg_keys_are are;
	struct str ticket;

	prove(b);
	assert_int_equal(keyring_version_list(&b->f->x.keys, versions, 3, want, &b->f->e), 0);
	ticket = fetch(b, "/file/3");
	are = keys(b, 0, 1, ticket);
	assert_false(are.stop);
	assert_memory_equal(are.keys[0], want[2].b, 32);
	assert_true(keys(b, 1, 1, ticket).stop && keys(b, 0, 2, ticket).stop);
	ticket = fetch(b, "/all.zip");
	are = keys(b, 1, 2, ticket);
	assert_true(!are.stop && are.first == 1 && are.count == 2);
	assert_memory_equal(are.keys[0], want[1].b, 32);
	assert_memory_equal(are.keys[1], want[2].b, 32);
	assert_true(keys(b, 2, 2, ticket).stop && keys(b, 0, 0, ticket).stop);
	((char *)ticket.p)[9] ^= 1;
	assert_true(keys(b, 0, 1, ticket).stop);
	assert_true(stops(b, ticket, 1, 0, (struct msg_range){0, 0}));
}

/* What each of these changes must stop, keys and transfer alike; undone, both go on. */
static void
each_change_stops_what_runs(void **state)
{
	static const struct {
		const char *table, *change, *undo;
	} cases[] = {
	    {"delivery", "revoked_us = 5, stamp = stamp + 1", "revoked_us = NULL"},
	    {"recipient", "revoked_us = 5", "revoked_us = NULL"},
	    {"session", "ended_us = 5", "ended_us = NULL"},
	    {"release", "state = 'blocked'", "state = 'cleared'"},
	    {"asset", "class = 'confidential'", "class = 'public'"},
	    {"version", "malware = 'infected'", "malware = 'clean'"},
	    {"contact", "blocked_us = 5", "blocked_us = NULL"},
	    {"person", "role = 'viewer'", "role = 'editor'"},
	};
	struct browser *b = *state;
	struct str ticket;
	uint32_t seq = 1;

	prove(b);
	ticket = fetch(b, "/file/1");
	assert_false(stops(b, ticket, seq++, 0, (struct msg_range){0, 0}));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		set(b->f, cases[i].table, cases[i].change, NULL);
		set(b->f, "delivery", "stamp = stamp + 1", NULL);
		if (!stops(b, ticket, seq++, 0, (struct msg_range){0, 0}) ||
		    !keys(b, 0, 1, ticket).stop)
			fail_msg("%s", cases[i].change);
		set(b->f, cases[i].table, cases[i].undo, NULL);
		if (stops(b, ticket, seq++, 0, (struct msg_range){0, 0}) ||
		    keys(b, 0, 1, ticket).stop)
			fail_msg("%s", cases[i].undo);
	}
}

/* A window of keys asks for its own files; the next report asks for all and ends the package. */
static void
a_key_is_kept_back_file_by_file(void **state)
{
	struct browser *b = *state;
	struct str ticket;

	prove(b);
	ticket = fetch(b, "/all.zip");
	set(b->f, "release", "state = 'blocked'", "asset_id = 300");
	set(b->f, "delivery", "stamp = stamp + 1", NULL);
	assert_false(keys(b, 0, 2, ticket).stop);
	assert_true(keys(b, 2, 1, ticket).stop && keys(b, 1, 2, ticket).stop);
	assert_true(stops(b, ticket, 1, 0, (struct msg_range){0, 0}));
	ticket = fetch(b, "/file/1"); /* what else is in the delivery is nothing to this one */
	assert_false(
	    keys(b, 0, 1, ticket).stop || stops(b, ticket, 1, 0, (struct msg_range){0, 0}));
	assert_int_equal(get(b, path(b, "/file/3")), 403);
	assert_int_equal(get(b, path(b, "/file/0")), 404);
	assert_int_equal(get(b, path(b, "/file/4")), 404);
}

/* An original that somebody who works here downloads: as long as his key may read. */
static void
a_look_ends_with_its_key(void **state)
{
	static const struct {
		const char *table, *change, *undo;
	} cases[] = {
	    {"api_key", "revoked_us = 5", "revoked_us = NULL"},
	    {"api_key", "expires_us = 5", "expires_us = NULL"},
	    {"api_key", "scopes = 'upload'", "scopes = 'all'"},
	    {"person", "disabled_us = 5", "disabled_us = NULL"},
	};
	struct browser *b = *state;
	struct view_ticket t = {.version = {101}, .expires_us = time_now_us() + US_PER_DAY};
	struct msg_range none = {0, 0};
	struct str look;
	uint32_t seq = 1;

	t.key.v = value(b->f, "id", "api_key", "1 = 1 ORDER BY created_us DESC LIMIT 1");
	look = view_ticket_make(&b->f->x, &t);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_false(stops(b, look, seq++, 0, none) || keys(b, 0, 1, look).stop);
		set(b->f, cases[i].table, cases[i].change, NULL);
		if (!stops(b, look, seq++, SENT_FIRST | SENT_WRITE, none) ||
		    !keys(b, 0, 1, look).stop)
			fail_msg("%s", cases[i].change);
		set(b->f, cases[i].table, cases[i].undo, NULL);
	}
	assert_false(stops(b, look, seq++, SENT_END, none));
	assert_int_equal(rows(b->f, "transfer", NULL), 0); /* nothing is recorded */
	t.expires_us = 5;
	assert_true(stops(b, view_ticket_make(&b->f->x, &t), seq++, 0, none));
	/* neither key nor session */
	t = (struct view_ticket){.version = {101}, .expires_us = time_now_us() + US_PER_DAY};
	assert_true(stops(b, view_ticket_make(&b->f->x, &t), seq++, 0, none));
}

static void
a_date_stops_without_a_stamp(void **state)
{
	struct browser *b = *state;
	struct str ticket;
	int64_t soon = time_now_us() + 3 * US_PER_S;
	struct msg_range none = {0, 0};

	prove(b);
	set(b->f, "asset", arena_printf(b->f->x.a, "expires_us = %lld", (long long)(soon)).p,
	    "id = 100");
	ticket = fetch(b, "/file/1");
	assert_false(stops(b, ticket, 1, 0, none));
	while (time_now_us() < soon)
		usleep(50000);
	assert_true(stops(b, ticket, 2, 0, none));
	assert_true(keys(b, 0, 1, ticket).stop);
}

static void
reports_become_history(void **state)
{
	struct browser *b = *state;
	struct str ticket;
	const char *one;

	prove(b);
	ticket = fetch(b, "/file/1");
	assert_false(stops(b, ticket, 1, SENT_FIRST | SENT_WRITE, (struct msg_range){0, 400}));
	one = arena_printf(b->f->x.a, "/api/v1/deliveries/%.*s", STR(b->number)).p;
	assert_int_equal(get_json(b->f, one), 200);
	assert_true(holds(b->f, "\"name\":\"eins.txt\",\"state\":\"running\",\"sent_bytes\":400,"
	                        "\"complete\":false"));
	stops(b, ticket, 2, SENT_WRITE | SENT_END,
	    (struct msg_range){0, 5000}); /* it claims too much */
	ticket = fetch(b, "/file/2");
	stops(b, ticket, 1, SENT_FIRST | SENT_WRITE | SENT_END, (struct msg_range){0, 0});
	assert_int_equal(get_json(b->f, one), 200);
	assert_true(holds(b->f, "\"name\":\"eins.txt\",\"state\":\"complete\",\"sent_bytes\":1000,"
	                        "\"complete\":true"));
	assert_true(holds(b->f, "\"name\":\"leer.txt\",\"state\":\"complete\",\"sent_bytes\":0"));
	assert_true(holds(b->f, "\"name\":\"drei.txt\",\"state\":\"none\""));
	assert_true(holds(b->f, "\"address\":\"a@x.test\",\"state\":\"downloading\""));
	assert_int_equal(ask(b, "GET", path(b, "/all.zip"), "range", "bytes=0-"), 206);
	ticket = arena_str(b->f->x.a, b->f->r.ticket);
	stops(b, ticket, 1, SENT_FIRST | SENT_WRITE | SENT_END,
	    (struct msg_range){0, b->f->r.plan->bytes});
	assert_int_equal(get_json(b->f, one), 200);
	assert_true(holds(b->f, "\"address\":\"a@x.test\",\"state\":\"complete\""));
	assert_true(holds(b->f, "\"kind\":\"download.started\""));
	assert_int_equal(events(b->f, "download.complete"), 3);
	/* where to is said once, sealed, with the first byte of each */
	assert_int_equal(rows(b->f, "event_person",
	                     "field = 'ip' AND sealed IS NOT NULL AND event_id IN (SELECT id FROM "
	                     "event WHERE kind = 'download.started')"),
	    3);
	assert_int_equal(events(b->f, "download.interrupted"), 0);
}

/* What a window did not hold has not arrived, whatever front says. */
static void
a_report_goes_no_further_than_its_window(void **state)
{
	struct browser *b = *state;
	struct str ticket;

	prove(b);
	assert_int_equal(ask(b, "GET", path(b, "/file/1"), "range", "bytes=100-199"), 206);
	ticket = arena_str(b->f->x.a, b->f->r.ticket);
	stops(b, ticket, 1, SENT_FIRST | SENT_WRITE | SENT_END, (struct msg_range){0, 1000});
	assert_int_equal(value(b->f, "max(sent_bytes)", "session_item", NULL), 100);
	assert_int_equal(events(b->f, "download.complete"), 0);
}

/* A report of what was acknowledged, and of what TCP was given. */
static void
ends(struct browser *b, struct str ticket, uint64_t from, uint64_t acked_to, uint64_t given_to)
{
	const struct msg_range g = {from, acked_to};
	struct msg_sent_one one = {.number = 7,
	    .seq = 1,
	    .flags = SENT_FIRST | SENT_WRITE | SENT_END,
	    .ticket = ticket,
	    .given_to = given_to,
	    .ranges = &g,
	    .range_count = acked_to > from ? 1 : 0};
	struct msg_sent_ok ok;

	b->f->x.now_us = time_now_us();
	assert_int_equal(api_sent(&b->f->x, &(struct msg_sent){&one, 1}, &ok, &b->f->e), 0);
}

/* As a browser does whose connection broke; if_range: its ETag, or NULL. */
static uint32_t
go_on_status(struct browser *b, const char *rest, const char *range, const char *if_range)
{
	b->f->x.now_us = time_now_us();
	return send_ask(
	    b->f, (struct ask){.method = "GET",
	              .target = str_c(path(b, rest)),
	              .key = S(""),
	              .fields = {"cookie", cookie_field(b), "range", range, "if-range", if_range},
	              .length = -2});
}

static struct str
go_on(struct browser *b, const char *rest, const char *range, const char *if_range)
{
	assert_int_equal(go_on_status(b, rest, range, if_range), 206);
	return arena_str(b->f->x.a, b->f->r.ticket);
}

static bool
has_arrived(struct browser *b, int position)
{
	return rows(b->f, "session_item",
	           arena_printf(b->f->x.a, "position = %d AND complete_us IS NOT NULL", position)
	               .p) == 1;
}

static const char *
etag_of(struct browser *b, const char *rest)
{
	assert_int_equal(ask(b, "HEAD", path(b, rest), NULL, NULL), 200);
	return arena_cstr(b->f->x.a, field(b->f, "ETag"));
}

/* The acknowledgements of bytes 400 to 599 were lost with the connection. */
static void
who_goes_on_holds_what_is_before(void **state)
{
	struct browser *b = *state;
	struct str first, second;
	const char *etag;

	prove(b);
	etag = etag_of(b, "/file/1");
	ends(b, fetch(b, "/file/1"), 0, 400, 700);
	second = go_on(b, "/file/1", "bytes=600-", NULL); /* whose part is it? */
	ends(b, second, 600, 1000, 1000);
	assert_false(has_arrived(b, 1));
	second = go_on(b, "/file/1", "bytes=701-", etag); /* nobody gave it byte 700 */
	ends(b, second, 701, 1000, 1000);
	assert_false(has_arrived(b, 1));
	/* nor do these say that what is before is there: the end, a piece, whatever it is */
	go_on(b, "/file/1", "bytes=-400", etag);
	go_on(b, "/file/1", "bytes=600-999", etag);
	assert_false(has_arrived(b, 1));
	go_on(b, "/file/1", "bytes=600-", etag);
	assert_true(has_arrived(b, 1));
	assert_int_equal(events(b->f, "download.complete"), 1);

	/* the end of the one is told after the begin of the other */
	first = fetch(b, "/file/3");
	etag = etag_of(b, "/file/3");
	second = go_on(b, "/file/3", "bytes=40-", etag);
	ends(b, second, 40, 50, 50);
	assert_false(has_arrived(b, 3));
	ends(b, first, 0, 0, 45);
	assert_true(has_arrived(b, 3));
}

/* One tag, the very one; a list or "*" is none, and what comes is the whole. */
static void
if_range_is_one_tag(void **state)
{
	struct browser *b = *state;
	const char *etag;

	prove(b);
	etag = etag_of(b, "/file/1");
	assert_int_equal(go_on_status(b, "/file/1", "bytes=600-", etag), 206);
	assert_int_equal(go_on_status(b, "/file/1", "bytes=600-", "*"), 200);
	assert_int_equal(
	    go_on_status(b, "/file/1", "bytes=600-", arena_printf(b->f->x.a, "\"a\", %s", etag).p),
	    200);
	assert_int_equal(
	    go_on_status(b, "/file/1", "bytes=600-", arena_printf(b->f->x.a, "W/%s", etag).p), 200);
}

/* So much has arrived when its front is gone: nobody knows any more what its TCP was given. */
static void
be_swept(struct browser *b, const char *rest, uint64_t acked)
{
	const struct msg_range g = {0, acked};

	assert_false(stops(b, fetch(b, rest), 1, SENT_FIRST | SENT_WRITE, g));
	assert_int_equal(
	    transfer_sweep(b->f->x.db, b->f->x.a, time_now_us() + US_PER_S, &b->f->e), 0);
}

static void
of_one_whose_front_was_gone_nothing_is_known(void **state)
{
	struct browser *b = *state;

	prove(b);
	be_swept(b, "/file/1", 400);
	ends(b, go_on(b, "/file/1", "bytes=400-", etag_of(b, "/file/1")), 400, 1000, 1000);
	assert_true(has_arrived(b, 1)); /* all was acknowledged */
	be_swept(b, "/file/3", 10);
	ends(b, go_on(b, "/file/3", "bytes=20-", etag_of(b, "/file/3")), 20, 50, 50);
	assert_false(has_arrived(b, 3));
}

static void
who_goes_on_with_a_package_holds_its_first_files(void **state)
{
	struct browser *b = *state;
	const char *etag, *rest;
	struct str second;
	uint64_t bytes;

	prove(b);
	etag = etag_of(b, "/all.zip");
	ends(b, fetch(b, "/all.zip"), 0, 0, b->f->r.plan->bytes);
	bytes = b->f->r.plan->bytes;
	rest = arena_printf(b->f->x.a, "bytes=%llu-", (unsigned long long)bytes - 1).p;
	second = go_on(b, "/all.zip", rest, etag);
	assert_true(has_arrived(b, 1) && has_arrived(b, 2) && has_arrived(b, 3));
	ends(b, second, bytes - 1, bytes, bytes);
	assert_int_equal(events(b->f, "download.complete"), 3);
	assert_int_equal(events(b->f, "download.started"), 2); /* the first, too */
}

static void
an_end_of_a_package_finds_who_went_on(void **state)
{
	struct browser *b = *state;
	const char *etag, *rest;
	struct str first, second;
	uint64_t bytes;

	prove(b);
	etag = etag_of(b, "/all.zip");
	first = fetch(b, "/all.zip");
	bytes = b->f->r.plan->bytes;
	rest = arena_printf(b->f->x.a, "bytes=%llu-", (unsigned long long)bytes - 1).p;
	second = go_on(b, "/all.zip", rest, etag);
	ends(b, second, bytes - 1, bytes, bytes);
	assert_false(has_arrived(b, 1) || has_arrived(b, 2) || has_arrived(b, 3));
	ends(b, first, 0, 100, bytes);
	assert_true(has_arrived(b, 1) && has_arrived(b, 2) && has_arrived(b, 3));
}

/* Whatever order front has them in: two apps that record the same rows must not meet head-on. */
static void
many_reports_are_recorded_in_one_order(void **state)
{
	struct browser *b = *state;
	struct msg_sent_one ones[2];
	const struct msg_range g = {0, 5};
	struct msg_sent_ok ok;

	prove(b);
	for (int i = 0; i < 2; i++)
		ones[i] = (struct msg_sent_one){.number = 7 + i,
		    .seq = 1,
		    .flags = SENT_FIRST | SENT_WRITE,
		    .ticket = fetch(b, i == 0 ? "/file/3" : "/file/1"),
		    .ranges = &g,
		    .range_count = 1};
	b->f->x.now_us = time_now_us();
	assert_int_equal(api_sent(&b->f->x, &(struct msg_sent){ones, 2}, &ok, &b->f->e), 0);
	assert_true(ok.transfer_count == 2 && ok.transfers[0].number == 7);
	assert_int_equal(
	    value(b->f, "version_id", "event", "kind = 'download.started' ORDER BY at_us LIMIT 1"),
	    101);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, browser_begin, browser_end)
	const struct CMUnitTest tests[] = {
	    TEST(keys_are_those_of_the_versions),
	    TEST(each_change_stops_what_runs),
	    TEST(a_key_is_kept_back_file_by_file),
	    TEST(a_look_ends_with_its_key),
	    TEST(a_date_stops_without_a_stamp),
	    TEST(reports_become_history),
	    TEST(a_report_goes_no_further_than_its_window),
	    TEST(who_goes_on_holds_what_is_before),
	    TEST(if_range_is_one_tag),
	    TEST(of_one_whose_front_was_gone_nothing_is_known),
	    TEST(who_goes_on_with_a_package_holds_its_first_files),
	    TEST(an_end_of_a_package_finds_who_went_on),
	    TEST(many_reports_are_recorded_in_one_order),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
