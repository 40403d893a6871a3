/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * exchange - from the link to the last byte: forms from elsewhere, codes, pages that tell
 * strangers nothing, files, keys and reports; the verdict is asked again each time
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/recipient/pages.h"
#include "api/test_delivery.h"
#include "api/tickets.h"

#define FORM "application/x-www-form-urlencoded"

struct browser {
	struct fixture *f;
	struct str number, token; /* of the delivery, of the link of a@x.test */
	struct str cookie;
	struct data_key keys[LIMIT_KEYS_PER_CALL];
};

static struct str
part_after(struct fixture *f, struct str s, const char *mark)
{
	const char *p = s.n > 0 ? memmem(s.p, s.n, mark, strlen(mark)) : NULL;

	if (p == NULL)
		fail_msg("no %s in %.*s", mark, STR(s));
	return str_from(s, (size_t)(p - s.p) + strlen(mark));
}

static void
deliver(struct browser *b, const char *more)
{
	struct fixture *f = b->f;
	char json[300];

	snprintf(json, sizeof json,
	    "{\"assets\":[\"100\",\"200\",\"300\"],\"to\":[\"a@x.test\",\"b@x.test\"]%s}", more);
	if (post_json(f, "/api/v1/deliveries", json, NULL) != 201)
		fail_msg("%.*s", STR(buf_view(&f->r.body)));
	b->number = member(f, "delivery", 0);
	b->token = str_from(member(f, "link", 0), sizeof URL "/r/" - 1);
}

static int
begin(void **state)
{
	struct browser *b = xcalloc(1, sizeof *b);

	b->f = delivery_fixture(test_db(schema_main));
	new_file(b->f, 100, "eins.txt", 1000);
	new_file(b->f, 200, "leer.txt", 0);
	new_file(b->f, 300, "drei.txt", 50);
	deliver(b, "");
	*state = b;
	return 0;
}

static int
end(void **state)
{
	struct browser *b = *state;

	fixture_free(b->f);
	free(b);
	return 0;
}

static const char *
path(struct browser *b, const char *rest)
{
	return arena_printf(b->f->x.a, "/d/%.*s%s", STR(b->number), rest).p;
}

static const char *
cookie_field(struct browser *b)
{
	return b->cookie.n == 0 ? "x=1"
	                        : arena_printf(b->f->x.a, "__Host-geleit-r=%.*s", STR(b->cookie)).p;
}

/* field, value: one more header, or NULL. */
static uint32_t
ask(struct browser *b, const char *method, const char *target, const char *name, const char *value)
{
	b->f->x.now_us = time_now_us();
	return send_ask(b->f, (struct ask){.method = method,
	                          .target = str_c(target),
	                          .key = S(""),
	                          .fields = {"cookie", cookie_field(b), name, value},
	                          .length = -2});
}

static uint32_t
get(struct browser *b, const char *target)
{
	return ask(b, "GET", target, NULL, NULL);
}

static uint32_t
post_from(struct browser *b, const char *target, struct str form, const char *origin)
{
	uint32_t status;
	struct str set;

	b->f->x.now_us = time_now_us();
	status = send_ask(b->f, (struct ask){.method = "POST",
	                            .target = str_c(target),
	                            .key = S(""),
	                            .fields = {"content-type", FORM, "cookie", cookie_field(b),
	                                origin != NULL ? "origin" : NULL, origin},
	                            .length = (int64_t)form.n,
	                            .body = form});
	set = field(b->f, "Set-Cookie");
	if (set.p != NULL) {
		set = part_after(b->f, set, "__Host-geleit-r=");
		b->cookie = arena_str(b->f->x.a, str_head(set, str_find(set, ';')));
	}
	return status;
}

/* A form of this site, with the session's csrf when there is one. */
static uint32_t
post(struct browser *b, const char *target, const char *form)
{
	return post_from(b, target,
	    arena_printf(b->f->x.a, "%s&csrf=%.*s", form, STR(csrf_of(&b->f->x, b->cookie))), URL);
}

static void
open_link(struct browser *b)
{
	struct str form = arena_printf(b->f->x.a, "token=%.*s", STR(b->token));

	assert_int_equal(post_from(b, "/r/open", form, URL), 303);
}

static struct str
digits_sent(struct browser *b)
{
	return str_head(part_after(b->f, mail_to(b->f, "code", "a@x.test"), "\"code\":\""), 6);
}

static const char *
code_form(struct browser *b, struct str digits)
{
	return arena_printf(b->f->x.a, "code=%.*s", STR(digits)).p;
}

static void
prove(struct browser *b)
{
	open_link(b);
	assert_int_equal(post(b, path(b, "/code"), "send=1"), 303);
	assert_int_equal(post(b, path(b, "/verify"), code_form(b, digits_sent(b))), 303);
}

static bool
shows(struct browser *b, const char *text)
{
	return holds(b->f, text);
}

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
	EXEC(b->f, "UPDATE delivery SET expires_us = 5");
	assert_int_equal(post_from(b, "/r/open", form, URL), 200);
	assert_true(str_eq(buf_view(&b->f->r.body), page));
	EXEC(b->f, "UPDATE delivery SET expires_us = ?", db_i(time_now_us() + US_PER_DAY));
	EXEC(b->f, "UPDATE recipient SET revoked_us = 5");
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
	EXEC(b->f, "UPDATE session SET used_us = used_us - ?", db_i(120 * US_PER_S));
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
	EXEC(b->f, "UPDATE asset SET expires_us = 5 WHERE id = 300");
	assert_int_equal(get(b, path(b, "/file/3")), 403);
	assert_int_equal(get(b, path(b, "/all.zip")), 403);
	assert_int_equal(get(b, path(b, "/file/1")), 200);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_false(shows(b, "/file/3\"") || shows(b, "all.zip"));
	EXEC(b->f, "UPDATE contact SET blocked_us = 5");
	assert_int_equal(get(b, path(b, "/file/1")), 403);
	EXEC(b->f, "UPDATE contact SET blocked_us = NULL");
	EXEC(b->f, "UPDATE delivery SET revoked_us = 5");
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

/* ---- keys and reports ---- */

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
		const char *change, *undo;
	} cases[] = {
	    {"UPDATE delivery SET revoked_us = 5, stamp = stamp + 1",
	        "UPDATE delivery SET revoked_us = NULL"},
	    {"UPDATE recipient SET revoked_us = 5", "UPDATE recipient SET revoked_us = NULL"},
	    {"UPDATE session SET ended_us = 5", "UPDATE session SET ended_us = NULL"},
	    {"UPDATE release SET state = 'blocked'", "UPDATE release SET state = 'cleared'"},
	    {"UPDATE asset SET class = 'confidential'", "UPDATE asset SET class = 'public'"},
	    {"UPDATE version SET malware = 'infected'", "UPDATE version SET malware = 'clean'"},
	    {"UPDATE contact SET blocked_us = 5", "UPDATE contact SET blocked_us = NULL"},
	    {"UPDATE person SET role = 'viewer'", "UPDATE person SET role = 'editor'"},
	};
	struct browser *b = *state;
	struct str ticket;
	uint32_t seq = 1;

	prove(b);
	ticket = fetch(b, "/file/1");
	assert_false(stops(b, ticket, seq++, 0, (struct msg_range){0, 0}));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		exec_in_change(b->f, cases[i].change, NULL, 0);
		EXEC(b->f, "UPDATE delivery SET stamp = stamp + 1");
		if (!stops(b, ticket, seq++, 0, (struct msg_range){0, 0}) ||
		    !keys(b, 0, 1, ticket).stop)
			fail_msg("%s", cases[i].change);
		exec_in_change(b->f, cases[i].undo, NULL, 0);
		if (stops(b, ticket, seq++, 0, (struct msg_range){0, 0}) ||
		    keys(b, 0, 1, ticket).stop)
			fail_msg("%s", cases[i].undo);
	}
}

static void
a_date_stops_without_a_stamp(void **state)
{
	struct browser *b = *state;
	struct str ticket;
	int64_t soon = time_now_us() + 3 * US_PER_S;
	struct msg_range none = {0, 0};

	prove(b);
	EXEC(b->f, "UPDATE asset SET expires_us = ? WHERE id = 100", db_i(soon));
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
	assert_int_equal(test_db_int(b->f->x.db, "SELECT max(sent_bytes) FROM session_item"), 100);
	assert_int_equal(events(b->f, "download.complete"), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
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
	    TEST(keys_are_those_of_the_versions),
	    TEST(each_change_stops_what_runs),
	    TEST(a_date_stops_without_a_stamp),
	    TEST(reports_become_history),
	    TEST(a_report_goes_no_further_than_its_window),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
