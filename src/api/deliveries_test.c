/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * deliveries - what the sender sees of them: lists, one, contacts, what wants a look
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/test_browser.h"

/* Ids tell apart milliseconds: what comes now is younger than all before. */
static void
later(void)
{
	usleep(2000);
}

static struct str
send_to(struct browser *b, const char *to, const char *subject)
{
	const char *json = arena_printf(b->f->x.a,
	    "{\"assets\":[\"100\",\"300\"],\"to\":[%s],\"subject\":\"%s\",\"limit\":3}", to,
	    subject)
	                       .p;

	later();
	if (post_json(b->f, "/api/v1/deliveries", json, NULL) != 201)
		fail_msg("%.*s", STR(buf_view(&b->f->r.body)));
	return member(b->f, "delivery", 0);
}

static const char *
where_number(struct browser *b, struct str number)
{
	return arena_printf(b->f->x.a, "number = '%.*s'", STR(number)).p;
}

/* How many rows the answer to a GET has. */
static int
listed(struct browser *b, const char *target, const char *member)
{
	int n = 0;
	const char *p, *want = arena_printf(b->f->x.a, "\"%s\":", member).p;
	struct str rest;

	assert_int_equal(get_json(b->f, target), 200);
	for (rest = buf_view(&b->f->r.body);
	     rest.n > 0 && (p = memmem(rest.p, rest.n, want, strlen(want))) != NULL; n++)
		rest = str_from(rest, (size_t)(p - rest.p) + 1);
	return n;
}

static void
contacts_are_found_by_how_they_begin(void **state)
{
	struct browser *b = *state;

	send_to(b, "\"Max@agentur.test\"", "");
	set(b->f, "contact", "name = 'Mia von Ümlaut-Sand'", "address = 'a@x.test'");
	set(b->f, "recipient", "created_us = created_us - 60000000", "address <> 'a@x.test'");
	assert_int_equal(listed(b, "/api/v1/contacts", "address"), 3);
	assert_true(str_eq(member(b->f, "address", 0), S("a@x.test")));
	assert_true(holds(b->f, "\"name\":\"Mia von"));
	assert_true(holds(b->f, "\"name\":null,\"deliveries\":1,\"last_sent\":\"20"));
	assert_int_equal(listed(b, "/api/v1/contacts?q=MAX%40ag", "address"), 1);
	assert_int_equal(listed(b, "/api/v1/contacts?q=x.te", "address"), 2);
	assert_int_equal(listed(b, "/api/v1/contacts?q=%C3%BCm", "address"), 1);
	assert_int_equal(listed(b, "/api/v1/contacts?q=sand", "address"), 1);
	assert_int_equal(listed(b, "/api/v1/contacts?q=test", "address"), 0);
	assert_int_equal(listed(b, "/api/v1/contacts?q=and", "address"), 0);
}

static void
lists_are_narrowed(void **state)
{
	struct browser *b = *state;
	struct str second = send_to(b, "\"max@agentur.test\"", "Frühling Presse");
	struct str third = send_to(b, "\"c@y.test\"", "Sommer");
	struct str target;

	assert_int_equal(listed(b, "/api/v1/deliveries", "delivery"), 3);
	assert_true(str_eq(member(b->f, "delivery", 0), third));
	assert_true(holds(b->f, "\"sender\":\"Anna\",\"files\":2,\"bytes\":1050,\"done\":0,"
	                        "\"attention\":null"));
	assert_int_equal(listed(b, "/api/v1/deliveries?limit=2", "delivery"), 2);
	target = arena_printf(b->f->x.a, "/api/v1/deliveries?before=%.*s", STR(second));
	assert_int_equal(listed(b, target.p, "delivery"), 1);
	assert_int_equal(listed(b, "/api/v1/deliveries?q=FR%C3%9Chling", "delivery"), 1);
	assert_int_equal(listed(b, "/api/v1/deliveries?q=Agentur", "delivery"), 1);
	assert_int_equal(listed(b, "/api/v1/deliveries?q=nichts", "delivery"), 0);
	target = arena_printf(b->f->x.a, "/api/v1/deliveries?q=%.*s", STR(third));
	assert_int_equal(listed(b, target.p, "delivery"), 1);
	set(b->f, "delivery", "expires_us = 5", where_number(b, second));
	set(b->f, "delivery", "revoked_us = 5, expires_us = 5", where_number(b, third));
	assert_int_equal(listed(b, "/api/v1/deliveries?state=active", "delivery"), 1);
	assert_int_equal(listed(b, "/api/v1/deliveries?state=expired", "delivery"), 1);
	assert_true(str_eq(member(b->f, "delivery", 0), second));
	assert_int_equal(listed(b, "/api/v1/deliveries?state=revoked", "delivery"), 1);
	assert_true(str_eq(member(b->f, "delivery", 0), third));
	assert_int_equal(listed(b, "/api/v1/deliveries?state=scheduled", "delivery"), 0);
	set(b->f, "delivery", "valid_from_us = expires_us - 1", where_number(b, b->number));
	assert_int_equal(listed(b, "/api/v1/deliveries?state=scheduled", "delivery"), 1);
	assert_int_equal(listed(b, "/api/v1/deliveries?state=active", "delivery"), 0);
	assert_int_equal(get_json(b->f, "/api/v1/deliveries?state=odd"), 400);
	assert_int_equal(get_json(b->f, "/api/v1/deliveries?limit=0"), 400);
}

static void
mine_are_those_of_whoever_asks(void **state)
{
	struct browser *b = *state;
	struct str editor = b->f->key;

	b->f->key = new_key(b->f, "otto@geleit.example", "sender", "all");
	assert_int_equal(listed(b, "/api/v1/deliveries?mine=1", "delivery"), 0);
	assert_int_equal(listed(b, "/api/v1/deliveries", "delivery"), 1);
	send_to(b, "\"c@y.test\"", "");
	assert_int_equal(listed(b, "/api/v1/deliveries?mine=1", "delivery"), 1);
	b->f->key = editor;
	assert_int_equal(listed(b, "/api/v1/deliveries?mine=1", "delivery"), 1);
	assert_true(str_eq(member(b->f, "delivery", 0), b->number));
}

static bool
overview_holds(struct browser *b, const char *want)
{
	assert_int_equal(get_json(b->f, "/api/v1/overview"), 200);
	return holds(b->f, want);
}

static bool
row_holds(struct browser *b, const char *want)
{
	assert_int_equal(get_json(b->f, "/api/v1/deliveries"), 200);
	return holds(b->f, want);
}

/* The row and the overview say the same. */
static void
what_wants_a_look_is_said(void **state)
{
	struct browser *b = *state;
	struct str days = arena_printf(b->f->x.a,
	    "valid_from_us = valid_from_us - %lld, created_us = created_us - %lld",
	    (long long)(4 * US_PER_DAY), (long long)(4 * US_PER_DAY));

	assert_true(overview_holds(b, "{\"attention\":[],\"recent\":[{"));
	assert_true(holds(b->f, "\"counts\":{\"assets\":3,\"deliveries\":1,\"active\":1}"));
	set(b->f, "delivery", days.p, NULL);
	assert_true(row_holds(b, "\"attention\":\"not-opened\""));
	assert_true(overview_holds(b, "\"attention\":[{\"kind\":\"not-opened\",\"count\":1}]"));
	set(b->f, "delivery",
	    arena_printf(b->f->x.a, "expires_us = %lld", (long long)(time_now_us() + US_PER_DAY)).p,
	    NULL);
	assert_true(row_holds(b, "\"attention\":\"expiring\""));
	assert_true(overview_holds(b, "\"attention\":[{\"kind\":\"expiring\",\"count\":1}]"));
	set(b->f, "mail", "state = 'failed'", "address = 'a@x.test'");
	assert_true(row_holds(b, "\"attention\":\"mail-failed\""));
	assert_true(overview_holds(b, "\"attention\":[{\"kind\":\"mail-failed\",\"count\":1}]"));
	set(b->f, "recipient", "opened_us = 5", "address = 'a@x.test'"); /* it came after all */
	assert_true(row_holds(b, "\"attention\":\"expiring\""));
	set(b->f, "recipient", "state = 'complete'", NULL);
	assert_true(row_holds(b, "\"done\":2,\"attention\":\"not-opened\""));
	set(b->f, "recipient", "revoked_us = 5", "address = 'b@x.test'");
	assert_true(row_holds(b, "\"done\":1,\"attention\":null"));
	set(b->f, "release", "state = 'in_review'", "asset_id = 100");
	assert_true(overview_holds(b, "\"attention\":[{\"kind\":\"in-review\",\"count\":1}]"));
	set(b->f, "asset", "trashed_us = 5", "id = 100"); /* in the trash it waits for nobody */
	assert_true(overview_holds(b, "\"attention\":[]"));
}

static void
one_tells_all_of_itself(void **state)
{
	struct browser *b = *state;
	const char *target = arena_printf(b->f->x.a, "/api/v1/deliveries/%.*s", STR(b->number)).p;

	open_link(b);
	set(b->f, "mail", "state = 'failed', reply = '550 no'", "address = 'b@x.test'");
	assert_int_equal(get_json(b->f, target), 200);
	assert_true(holds(b->f,
	    "\"sender\":{\"name\":\"Anna\",\"address\":\"anna@geleit.example\"},"
	    "\"message\":\"\",\"lang\":\"de\",\"limit\":0,\"method\":\"package\","
	    "\"level\":1,\"revoke_reason\":\"\",\"files\":[{\"asset\":\"100\",\"version\":\"101\","
	    "\"name\":\"eins.txt\",\"bytes\":1000,\"card\":{\"id\":\"100\","));
	assert_true(holds(b->f, "\"address\":\"a@x.test\",\"state\":\"opened\",\"opened\":\"20"));
	assert_true(holds(b->f, "\"mail\":{\"state\":\"queued\",\"reply\":null}"));
	assert_true(holds(b->f, "\"opened\":null,\"verified\":null,\"revoke_reason\":\"\","
	                        "\"mail\":{\"state\":\"failed\",\"reply\":\"550 no\"}"));
}

static uint32_t
post_to(struct browser *b, const char *what, const char *json)
{
	return post_json(b->f,
	    arena_printf(b->f->x.a, "/api/v1/deliveries/%.*s/%s", STR(b->number), what).p, json,
	    NULL);
}

static void
an_end_is_moved_only_later(void **state)
{
	struct browser *b = *state;
	int64_t stamp = value(b->f, "stamp", "delivery", NULL);

	assert_int_equal(post_to(b, "extend", "{\"expires\":\"13d\"}"), 400);
	assert_true(says(b->f, "expires-too-early"));
	assert_int_equal(post_to(b, "extend", "{\"expires\":\"91d\"}"), 400);
	assert_true(says(b->f, "expires-too-late"));
	assert_int_equal(post_to(b, "extend", "{}"), 400);
	assert_int_equal(events(b->f, "delivery.extended"), 0);
	set(b->f, "delivery", "expires_us = 5", NULL);
	assert_int_equal(post_to(b, "extend", "{\"expires\":\"30d\"}"), 200);
	assert_true(holds(b->f, "\"state\":\"active\",\"expires\":\"20"));
	assert_int_equal(events(b->f, "delivery.extended"), 1);
	assert_int_equal(value(b->f, "stamp", "delivery", NULL), stamp + 1);
	open_link(b);
	set(b->f, "delivery", "revoked_us = 5", NULL);
	assert_int_equal(post_to(b, "extend", "{\"expires\":\"60d\"}"), 409);
}

static void
a_new_link_is_told_or_mailed(void **state)
{
	struct browser *b = *state;
	struct str told;

	assert_int_equal(post_to(b, "link", "{\"address\":\"a@x.test\"}"), 200);
	told = member(b->f, "link", 0);
	assert_false(holds(b->f, "\"mail\""));
	assert_int_equal(rows(b->f, "mail", NULL), 2);
	later();
	assert_int_equal(post_to(b, "link", "{\"address\":\"a@x.test\",\"mail\":true}"), 200);
	assert_true(holds(b->f, "\"link\":null,\"mail\":\"queued\""));
	assert_int_equal(rows(b->f, "mail", NULL), 3);
	b->token = str_from(told, sizeof URL "/r/" - 1); /* dead since */
	assert_int_equal(
	    post_from(b, "/r/open", arena_printf(b->f->x.a, "token=%.*s", STR(b->token)), URL),
	    200);
	b->token = str_head(part_after(b->f, mail_to(b->f, "delivery", "a@x.test"), URL "/r/"), 43);
	open_link(b);
	set(b->f, "recipient", "revoked_us = 5", "address = 'a@x.test'");
	assert_int_equal(post_to(b, "link", "{\"address\":\"a@x.test\",\"mail\":true}"), 409);
	assert_int_equal(rows(b->f, "mail", NULL), 3);
}

static const char *
with(struct browser *b, const char *query)
{
	return arena_printf(b->f->x.a, "/api/v1/deliveries/%.*s%s", STR(b->number), query).p;
}

static void
one_recipient_is_told_alone(void **state)
{
	struct browser *b = *state;
	int all = listed(b, with(b, ""), "kind");

	assert_int_equal(listed(b, with(b, ""), "progress"), 2);
	assert_true(holds(b->f, "\"progress\":{\"files\":3,\"complete\":0,\"running\":0,"
	                        "\"begun\":0,\"sent_bytes\":0},\"files\":[{"));
	assert_int_equal(listed(b, with(b, "?recipient=a%40x.test"), "progress"), 1);
	assert_true(holds(b->f, "\"recipients\":[{\"address\":\"a@x.test\""));
	assert_false(holds(b->f, "\"recipient\":null"));
	assert_in_range(listed(b, with(b, "?recipient=a%40x.test"), "kind"), 1, all - 2);
	assert_int_equal(get_json(b->f, with(b, "?recipient=nobody%40x.test")), 404);
	assert_int_equal(get_json(b->f, with(b, "?recipient=nobody")), 422);
	assert_int_equal(listed(b, with(b, "?events_until=2"), "kind"), 2);
	assert_true(holds(b->f, "\"events_before\":0"));
	assert_int_equal(get_json(b->f, with(b, "?events_until=0")), 400);
	assert_int_equal(get_json(b->f, with(b, "?events_until=x")), 400);
}

static uint32_t
preview(struct browser *b, const char *form)
{
	return send_ask(b->f, (struct ask){.method = "POST",
	                          .target = S("/api/v1/deliveries/preview"),
	                          .fields = {"content-type", FORM},
	                          .length = (int64_t)strlen(form),
	                          .body = str_c(form)});
}

static void
a_preview_is_what_will_come(void **state)
{
	struct browser *b = *state;

	assert_int_equal(preview(b, "view=mail&lang=de&subject=Presse&message=Guten%20%3CTag%3E&"
	                            "count=3&bytes=8400000&expires=2030-01-31"),
	    200);
	assert_true(holds(b->f, "Guten &lt;Tag&gt;") && holds(b->f, "8,4 MB"));
	assert_true(holds(b->f, "3 Dateien von Anna (Geleit)") && holds(b->f, "31.01.2030"));
	assert_true(str_ends(field(b->f, "Content-Security-Policy"),
	    S("frame-ancestors 'self'; sandbox allow-same-origin")));
	assert_int_equal(preview(b, "view=page&lang=en&count=1"), 200);
	assert_true(holds(b->f, "n•••••e@example.org"));
	assert_true(holds(b->f, "sent you one file") && holds(b->f, "/static/recipient."));
	assert_false(holds(b->f, "<script"));
	assert_int_equal(preview(b, "view=page&to=J.Behrens%40hafenkontor.example"), 200);
	assert_true(holds(b->f, "s@hafenkontor.example"));
	assert_int_equal(preview(b, "view=page&to=noch+keine"), 200);
	assert_true(holds(b->f, "e@example.org"));
	assert_int_equal(preview(b, "view=mail&expires=bald"), 400);
	assert_int_equal(preview(b, "view=odd"), 400);
	assert_int_equal(rows(b->f, "mail", NULL), 2);
}

static void
a_subject_counts_the_files(void **state)
{
	struct browser *b = *state;

	assert_int_equal(rows(b->f, "mail", "subject = '3 Dateien von Anna (Geleit)'"), 2);
	send_to(b, "\"c@y.test\"", "Presse");
	assert_int_equal(rows(b->f, "mail", "subject = 'Presse – 2 Dateien von Anna (Geleit)'"), 1);
}

/* Only in a session: a stranger is not told that there is something. */
static void
before_its_date_it_says_from_when_on(void **state)
{
	struct browser *b = *state;

	deliver(b, ",\"valid_from\":\"2d\"");
	assert_int_equal(get(b, path(b, "")), 200);
	assert_false(shows(b, "Abrufbar ab"));
	open_link(b);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_true(shows(b, "Abrufbar ab") && shows(b, "Anna"));
	assert_false(shows(b, "eins.txt") || shows(b, "/code"));
	assert_int_equal(post(b, path(b, "/code"), "send=1"), 200);
	assert_int_equal(rows(b->f, "mail", "kind = 'code'"), 0);
	assert_int_equal(get(b, path(b, "/file/1")), 403);
	set(b->f, "delivery", "valid_from_us = 5", NULL);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_true(shows(b, "/code"));
}

static void
an_address_typed_wrongly_is_named(void **state)
{
	struct browser *b = *state;
	static const char json[] = "{\"assets\":[\"100\"],\"to\":[\"c@y.test\",\"d @y\"]}";

	assert_int_equal(post_json(b->f, "/api/v1/check", json, NULL), 422);
	assert_true(says(b->f, "bad-address") && holds(b->f, "\"address\":\"d @y\""));
	assert_int_equal(post_json(b->f, "/api/v1/deliveries", json, NULL), 422);
	assert_true(says(b->f, "bad-address") && holds(b->f, "\"address\":\"d @y\""));
	assert_int_equal(rows(b->f, "delivery", NULL), 1);
}

static void
settings_are_shown_but_for_secrets(void **state)
{
	struct browser *b = *state;

	b->f->conf.listen_host = S("::1");
	b->f->conf.listen_port = S("8443");
	b->f->conf.smtp_url = S("smtp://u:geheim@h:25");
	b->f->key = new_key(b->f, "chef@geleit.example", "administrator", "all");
	assert_int_equal(get_json(b->f, "/api/v1/settings"), 200);
	assert_true(holds(b->f,
	    "{\"name\":\"server.listen\",\"value\":\"[::1]:8443\","
	    "\"default\":\"127.0.0.1:8443\",\"file\":\"[::1]:8443\",\"help\":\"Address"));
	assert_true(holds(b->f, "\"smtp.url\",\"value\":\"set\""));
	assert_true(holds(b->f, "\"delivery.max_days\",\"value\":\"90\""));
	assert_true(holds(b->f, "\"malware.unscanned\",\"value\":\"\""));
	assert_true(holds(b->f, "\"log.level\",\"value\":\"info\""));
	assert_false(holds(b->f, "geheim"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, browser_begin, browser_end)
	const struct CMUnitTest tests[] = {
	    TEST(contacts_are_found_by_how_they_begin),
	    TEST(lists_are_narrowed),
	    TEST(mine_are_those_of_whoever_asks),
	    TEST(what_wants_a_look_is_said),
	    TEST(one_tells_all_of_itself),
	    TEST(an_end_is_moved_only_later),
	    TEST(a_new_link_is_told_or_mailed),
	    TEST(one_recipient_is_told_alone),
	    TEST(a_preview_is_what_will_come),
	    TEST(settings_are_shown_but_for_secrets),
	    TEST(a_subject_counts_the_files),
	    TEST(before_its_date_it_says_from_when_on),
	    TEST(an_address_typed_wrongly_is_named),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
