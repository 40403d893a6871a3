/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * exchange - from the link to the file: forms from elsewhere, codes, pages that tell strangers
 * nothing, names, ranges, limits
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/test_browser.h"

/* ---- the link ---- */

static void
a_get_of_the_link_tells_and_changes_nothing(void **state)
{
	struct browser *b = *state;
	struct str other = arena_str(b->f->x.a, b->token), page;
	int64_t before = rows(b->f, "event", NULL);

	((char *)other.p)[3] ^= 1;
	assert_int_equal(get(b, arena_printf(b->f->x.a, "/r/%.*s", STR(b->token)).p), 200);
	page = arena_str(b->f->x.a, buf_view(&b->f->r.body));
	assert_int_equal(get(b, arena_printf(b->f->x.a, "/r/%.*s", STR(other)).p), 200);
	assert_int_equal(b->f->r.body.n, page.n);
	for (size_t i = 0; i < page.n; i++) {
		if (page.p[i] != b->f->r.body.p[i])
			assert_true(page.p[i] == b->token.p[3] && b->f->r.body.p[i] == other.p[3]);
	}
	assert_null(field(b->f, "Set-Cookie").p);
	assert_int_equal(rows(b->f, "event", NULL), before);
	assert_int_equal(rows(b->f, "session", NULL), 0);
}

static void
forms_from_elsewhere_are_refused(void **state)
{
	static const char *const origins[] = {NULL, "null", "https://evil.example",
	    "http://geleit.example", "https://geleit.example:8443",
	    "https://geleit.example.evil.example", "https://evil.example/https://geleit.example"};
	struct browser *b = *state;
	struct str form = arena_printf(b->f->x.a, "token=%.*s", STR(b->token));

	for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
		assert_int_equal(post_from(b, "/r/open", form, origins[i]), 403);
		assert_int_equal(
		    post_from(b, "/r/new-link", S("number=ABCD-2345&address=a@x.test"), origins[i]),
		    403);
	}
	assert_int_equal(rows(b->f, "session", NULL), 0);
	open_link(b);
	assert_int_equal(post_from(b, path(b, "/code"), S("send=1"), URL), 403); /* no csrf */
	assert_int_equal(post_from(b, path(b, "/code"), S("send=1&csrf=AAAA"), URL), 403);
	assert_int_equal(events(b->f, "code.sent"), 0);
	assert_int_equal(post(b, path(b, "/code"), "send=1"), 303);
	assert_int_equal(events(b->f, "code.sent"), 1);
}

static void
dead_tokens_get_the_neutral_page(void **state)
{
	struct browser *b = *state;
	struct str form = arena_printf(b->f->x.a, "token=%.*s", STR(b->token)), page;

	assert_int_equal(post_from(b, "/r/open", S("token=nonsense"), URL), 200);
	page = arena_str(b->f->x.a, buf_view(&b->f->r.body));
	assert_true(shows(b, "/r/new-link"));
	set(b->f, "delivery", "expires_us = 5", NULL);
	assert_int_equal(post_from(b, "/r/open", form, URL), 200);
	assert_true(str_eq(buf_view(&b->f->r.body), page));
	set(b->f, "delivery",
	    arena_printf(b->f->x.a, "expires_us = %lld", (long long)(time_now_us() + US_PER_DAY)).p,
	    NULL);
	set(b->f, "recipient", "revoked_us = 5", NULL);
	assert_int_equal(post_from(b, "/r/open", form, URL), 200);
	assert_true(str_eq(buf_view(&b->f->r.body), page));
	assert_int_equal(rows(b->f, "session", NULL), 0);
	/* a stranger at the delivery's own address sees the same */
	assert_int_equal(get(b, path(b, "")), 200);
	assert_true(shows(b, "/r/new-link"));
	assert_false(shows(b, "eins.txt"));
}

/* ---- proof ---- */

static void
proof_takes_the_code_and_changes_the_cookie(void **state)
{
	struct browser *b = *state;
	struct str first;

	open_link(b);
	first = b->cookie;
	assert_int_equal(get(b, path(b, "")), 200);
	assert_false(shows(b, "eins.txt"));
	assert_int_equal(get(b, path(b, "/file/1")), 303);
	assert_int_equal(get(b, path(b, "/all.zip")), 303);
	assert_int_equal(post(b, path(b, "/code"), "send=1"), 303);
	assert_int_equal(post(b, path(b, "/verify"), "code=12+34"), 422);
	assert_int_equal(post(b, path(b, "/verify"),
	                     arena_printf(b->f->x.a, "code=%.*s+%.*s",
	                         STR(str_head(digits_sent(b), 3)), STR(str_from(digits_sent(b), 3)))
	                         .p),
	    303);
	assert_false(str_eq(first, b->cookie));
	assert_int_equal(get(b, path(b, "")), 200);
	assert_true(shows(b, "eins.txt") && shows(b, "all.zip"));
	assert_int_equal(events(b->f, "recipient.opened"), 1);
	assert_int_equal(events(b->f, "recipient.verified"), 1);
	assert_int_equal(events(b->f, "code.failed"), 1);
	b->cookie = first; /* whoever had it has nothing */
	assert_int_equal(get(b, path(b, "/file/1")), 303);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_false(shows(b, "eins.txt"));
}

static void
the_fifth_wrong_code_is_the_last(void **state)
{
	struct browser *b = *state;
	const char *wrong;

	open_link(b);
	assert_int_equal(post(b, path(b, "/verify"), "code=123456"), 422); /* none was sent */
	assert_int_equal(post(b, path(b, "/code"), "send=1"), 303);
	wrong = str_eq_c(digits_sent(b), "111111") ? "code=222222" : "code=111111";
	for (int i = 1; i < 5; i++)
		assert_int_equal(post(b, path(b, "/verify"), wrong), 422);
	assert_int_equal(post(b, path(b, "/verify"), wrong), 429);
	assert_int_equal(post(b, path(b, "/verify"), code_form(b, digits_sent(b))), 429);
	assert_int_equal(events(b->f, "code.failed"), 5);
	assert_int_equal(post(b, path(b, "/code"), "send=1"), 303);
	assert_int_equal(post(b, path(b, "/verify"), code_form(b, digits_sent(b))), 303);
}

static void
codes_are_sent_so_often_an_hour(void **state)
{
	struct browser *b = *state;

	open_link(b);
	for (int i = 0; i < LIMIT_CODES_PER_HOUR; i++)
		assert_int_equal(post(b, path(b, "/code"), "send=1"), 303);
	assert_int_equal(post(b, path(b, "/code"), "send=1"), 429);
	assert_int_equal(rows(b->f, "mail", "kind = 'code'"), LIMIT_CODES_PER_HOUR);
}

/* ---- a new link ---- */

static uint32_t
ask_for_link(struct browser *b, struct str number, const char *address)
{
	return post_from(b, "/r/new-link",
	    arena_printf(b->f->x.a, "number=%.*s&address=%s", STR(number), address), URL);
}

static void
a_new_link_is_mailed_to_who_is_known(void **state)
{
	struct browser *b = *state;
	struct str page;

	prove(b);
	assert_int_equal(ask_for_link(b, S("ZZZZ-ZZZZ"), "a%40x.test"), 200);
	page = arena_str(b->f->x.a, buf_view(&b->f->r.body));
	assert_int_equal(ask_for_link(b, b->number, "c%40x.test"), 200);
	assert_true(str_eq(buf_view(&b->f->r.body), page));
	assert_int_equal(ask_for_link(b, b->number, "nobody"), 200);
	assert_int_equal(rows(b->f, "mail", "kind = 'delivery'"), 2);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(ask_for_link(b, b->number, "A%40x.test"), 200);
		assert_int_equal(ask_for_link(b, b->number, "a%40X.test"), 200);
		assert_true(str_eq(buf_view(&b->f->r.body), page));
	}
	/* three an hour; the address is compared as it is stored */
	assert_int_equal(rows(b->f, "mail", "kind = 'delivery'"), 2 + 3);
	assert_int_equal(events(b->f, "recipient.link"), 3);
	assert_int_equal(get(b, path(b, "/file/1")), 200); /* the session goes on */
	assert_int_equal(
	    post_from(b, "/r/open", arena_printf(b->f->x.a, "token=%.*s", STR(b->token)), URL),
	    200); /* the old link is dead */
}

/* ---- files ---- */

static void
files_come_with_names_tags_and_ranges(void **state)
{
	struct browser *b = *state;
	struct str etag;

	prove(b);
	assert_int_equal(get(b, path(b, "/file/1")), 200);
	assert_true(b->f->r.is_transfer && b->f->r.plan->bytes == 1000 && b->f->r.length == 1000);
	assert_true(str_starts(field(b->f, "Content-Disposition"), S("attachment; filename=")));
	etag = field(b->f, "ETag");
	assert_int_equal(ask(b, "GET", path(b, "/file/1"), "range", "bytes=990-"), 206);
	assert_true(str_eq(field(b->f, "Content-Range"), S("bytes 990-999/1000")));
	assert_true(b->f->r.from == 990 && b->f->r.length == 10);
	assert_int_equal(ask(b, "GET", path(b, "/file/1"), "range", "bytes=1000-"), 416);
	assert_int_equal(
	    ask(b, "GET", path(b, "/file/1"), "if-none-match", arena_cstr(b->f->x.a, etag)), 304);
	assert_int_equal(ask(b, "GET", path(b, "/file/1"), "if-match", "\"other\""), 412);
	assert_int_equal(rows(b->f, "transfer", NULL), 2);
	assert_int_equal(get(b, path(b, "/file/2")), 200);
	assert_true(b->f->r.is_transfer && b->f->r.length == 0);
	assert_int_equal(get(b, path(b, "/file/0")), 404);
	assert_int_equal(get(b, path(b, "/file/4")), 404);
	assert_int_equal(get(b, path(b, "/file/x")), 404);
	assert_int_equal(get(b, path(b, "/all.zip")), 200);
	assert_true(b->f->r.plan->bytes > 1050);
}

static void
head_changes_nothing(void **state)
{
	struct browser *b = *state;
	int64_t before;

	prove(b);
	set(b->f, "session",
	    arena_printf(b->f->x.a, "used_us = used_us - %lld", (long long)(120 * US_PER_S)).p,
	    NULL);
	before = rows(b->f, "event", NULL);
	assert_int_equal(ask(b, "HEAD", path(b, "/file/1"), NULL, NULL), 200);
	assert_int_equal(ask(b, "HEAD", path(b, "/all.zip"), NULL, NULL), 200);
	assert_int_equal(ask(b, "HEAD", path(b, ""), NULL, NULL), 200);
	assert_int_equal(rows(b->f, "transfer", NULL) + rows(b->f, "session_item", NULL), 0);
	assert_int_equal(rows(b->f, "event", NULL), before);
	assert_int_equal(rows(b->f, "session",
	                     arena_printf(b->f->x.a, "used_us > %lld",
	                         (long long)(time_now_us() - 60 * US_PER_S))
	                         .p),
	    0);
}

static void
nothing_odd_gets_into_a_redirect(void **state)
{
	struct browser *b = *state;

	assert_int_equal(get(b, "/d/x%0d%0aSet-Cookie:%20a=b/file/1"), 404);
	assert_null(field(b->f, "Location").p);
	assert_int_equal(get(b, "/d/abcd2345/file/1"), 303);
	assert_true(str_eq(field(b->f, "Location"), S("/d/ABCD-2345")));
}

static void
what_may_not_go_any_more_stays(void **state)
{
	struct browser *b = *state;

	prove(b);
	set(b->f, "asset", "expires_us = 5", "id = 300");
	assert_int_equal(get(b, path(b, "/file/3")), 403);
	assert_int_equal(get(b, path(b, "/all.zip")), 403);
	assert_int_equal(get(b, path(b, "/file/1")), 200);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_false(shows(b, "/file/3\"") || shows(b, "all.zip"));
	set(b->f, "contact", "blocked_us = 5", NULL);
	assert_int_equal(get(b, path(b, "/file/1")), 403);
	set(b->f, "contact", "blocked_us = NULL", NULL);
	set(b->f, "delivery", "revoked_us = 5", NULL);
	assert_int_equal(get(b, path(b, "/file/1")), 403);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_false(shows(b, "eins.txt"));
}

static void
the_limit_is_one_session(void **state)
{
	struct browser *b = *state;

	deliver(b, ",\"limit\":1");
	prove(b);
	for (int i = 0; i < 3; i++)
		assert_int_equal(get(b, path(b, "/file/1")), 200);
	b->cookie = S("");
	prove(b);
	assert_int_equal(get(b, path(b, "/file/1")), 403);
	assert_int_equal(get(b, path(b, "/all.zip")), 403);
	assert_int_equal(get(b, path(b, "/file/3")), 200);
}

/* ---- faults ---- */

static uint32_t
step_open(struct browser *b)
{
	return post_from(b, "/r/open", arena_printf(b->f->x.a, "token=%.*s", STR(b->token)), URL);
}

static uint32_t
step_page(struct browser *b)
{
	return get(b, path(b, ""));
}

static uint32_t
step_code(struct browser *b)
{
	return post(b, path(b, "/code"), "send=1");
}

static uint32_t
step_wrong(struct browser *b)
{
	return post(b, path(b, "/verify"), "code=x");
}

static uint32_t
step_verify(struct browser *b)
{
	return post(b, path(b, "/verify"), b->code);
}

static uint32_t
step_file(struct browser *b)
{
	return get(b, path(b, "/file/1"));
}

static uint32_t
step_zip(struct browser *b)
{
	return get(b, path(b, "/all.zip"));
}

static uint32_t
step_link(struct browser *b)
{
	return post_from(b, "/r/new-link",
	    arena_printf(b->f->x.a, "number=%.*s&address=a%%40x.test", STR(b->number)), URL);
}

static int64_t
traces(struct browser *b)
{
	static const char *const tables[] = {"session", "code", "mail", "event", "event_todo",
	    "event_person", "transfer", "session_item"};
	int64_t n = value(b->f, "sum(level)", "session", NULL) +
	            value(b->f, "sum(tries)", "code", NULL) +
	            value(b->f, "sum(failures)", "recipient", NULL);

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		n += rows(b->f, tables[i], NULL);
	return n;
}

/* Fail at each call in turn until the step is done: what was refused has left nothing. */
static void
take_step(struct browser *b, uint32_t (*step)(struct browser *b), uint32_t want)
{
	int64_t before = traces(b);
	uint32_t status = 0;
	int n, refused = 0;

	for (n = 1; status != want; n++) {
		assert_in_range(n, 1, 100);
		db_fake_fail(b->f->x.db, n, ERR_NO_SPACE);
		status = step(b);
		assert_true(status == want || (status == 507 && db_fake_failed(b->f->x.db)));
		db_fake_fail(b->f->x.db, 0, 0);
		assert_false(db_in_write(b->f->x.db));
		if (status == want)
			break;
		refused++;
		assert_null(field(b->f, "Set-Cookie").p);
		assert_int_equal(traces(b), before);
	}
	assert_true(refused > 1);
}

static void
a_fault_anywhere_leaves_the_step_undone(void **state)
{
	struct browser *b = browser_new(test_db_fake(schema_main));

	take_step(b, step_open, 303);
	take_step(b, step_page, 200);
	take_step(b, step_code, 303);
	take_step(b, step_page, 200);
	take_step(b, step_wrong, 422);
	b->code = code_form(b, digits_sent(b));
	take_step(b, step_verify, 303);
	take_step(b, step_page, 200);
	take_step(b, step_file, 200);
	take_step(b, step_zip, 200);
	take_step(b, step_link, 200);
	assert_int_equal(events(b->f, "recipient.verified"), 1);
	assert_int_equal(rows(b->f, "transfer", NULL), 2);
	browser_free(b);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, browser_begin, browser_end)
	const struct CMUnitTest tests[] = {
	    TEST(a_get_of_the_link_tells_and_changes_nothing),
	    TEST(forms_from_elsewhere_are_refused),
	    TEST(dead_tokens_get_the_neutral_page),
	    TEST(proof_takes_the_code_and_changes_the_cookie),
	    TEST(the_fifth_wrong_code_is_the_last),
	    TEST(codes_are_sent_so_often_an_hour),
	    TEST(a_new_link_is_mailed_to_who_is_known),
	    TEST(files_come_with_names_tags_and_ranges),
	    TEST(head_changes_nothing),
	    TEST(nothing_odd_gets_into_a_redirect),
	    TEST(what_may_not_go_any_more_stays),
	    TEST(the_limit_is_one_session),
	    cmocka_unit_test(a_fault_anywhere_leaves_the_step_undone),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
