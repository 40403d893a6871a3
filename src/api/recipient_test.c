/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * recipient - the bytes that were uploaded are the bytes that arrive, and who
 * is kept apart from whom: browsers, sessions, deliveries
 *
 * Here the parts are really there: uploaded, sealed, opened with the keys that
 * KEYS gives.  Steps and refusals one by one are in exchange_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/test_browser.h"
#include "model/version.h"

#define FIRST "Guten Tag, hier ist die erste Datei.\n"
#define SECOND "Und dies ist die zweite."

/* ---- what front does ---- */

static void
ingest(struct fixture *f, version_id v, struct str content)
{
	AUTO(change_abort) struct change *c = NULL;
	struct ingested in = {.sha256 = sha256(content.p, content.n),
	    .crc32 = crc32_add(0, content.p, content.n),
	    .media_type = S("text/plain"),
	    .malware = MALWARE_NOT_SCANNED};

	if (change_begin(
	        f->x.db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_VERSION_INGESTED, &c, &f->e) < 0 ||
	    version_ingested(c, v, &in, &f->e) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

/* Uploaded, read, cleared: its id. */
static struct str
upload(struct fixture *f, const char *name, const char *content)
{
	struct arena *a = f->x.a;
	struct str n = str_b64(a, name, strlen(name));
	struct ask k = {.method = "POST",
	    .target = S("/api/v1/uploads"),
	    .fields = {"upload-length", arena_printf(a, "%zu", strlen(content)).p, "content-type",
	        "application/offset+octet-stream", "upload-metadata",
	        arena_printf(a, "filename %.*s,release Y2xlYXJlZA==", STR(n)).p},
	    .length = (int64_t)strlen(content)};
	version_id v;

	assert_int_equal(send_ask(f, k), 100);
	assert_int_equal(last(f, content), 201);
	assert_true(id_parse(field(f, "Geleit-Version"), &v.v));
	n = arena_str(a, field(f, "Geleit-Asset"));
	ingest(f, v, str_c(content));
	return n;
}

static struct str
open_segment(struct fixture *f, const struct msg_segment *g, const uint8_t key[32])
{
	AUTO(sealed_reader_free) struct sealed_reader *r = NULL;
	AUTO(fd_close) int fd = -1;
	uint8_t context[SEALED_CONTEXT_BYTES];
	char *bytes = arena_alloc(f->x.a, g->length + 1);
	struct data_key k;
	size_t got = 0;

	memcpy(k.b, key, sizeof k.b);
	sealed_context(g->blob, g->purpose, context);
	if (store_blob_open(f->x.store, g->blob, &fd, &f->e) < 0 ||
	    sealed_reader_new(fd, &k, context, &r, &f->e) < 0 ||
	    sealed_read(r, g->offset, bytes, g->length, &got, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	assert_int_equal(got, g->length);
	return (struct str){bytes, got};
}

/* The body of the last answer, opened with the keys its ticket gives. */
static struct str
body(struct fixture *f)
{
	const struct msg_plan *plan = f->r.plan;
	struct msg_keys ask_keys = {f->r.ticket, 0, plan->slot_count};
	struct msg_keys_are keys;
	struct buf all;

	assert_true(f->r.is_transfer);
	assert_int_equal(api_keys(&f->x, &ask_keys, &keys, &f->e), 0);
	assert_true(!keys.stop && keys.count == plan->slot_count);
	buf_init_arena(&all, f->x.a, LIMIT_JSON_BYTES);
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct msg_segment *g = &plan->segments[i];

		buf_str(&all, g->is_blob ? open_segment(f, g, keys.keys[g->slot]) : g->bytes);
	}
	assert_int_equal(all.n, plan->bytes);
	assert_true(f->r.from + f->r.length <= all.n);
	return (struct str){all.p + f->r.from, f->r.length};
}

/* One report; is it to stop? */
static bool
stops(
    struct browser *b, struct str ticket, uint32_t seq, uint32_t flags, uint64_t from, uint64_t to)
{
	struct msg_range g = {from, to};
	struct msg_sent_one one = {
	    .seq = seq, .flags = flags, .ticket = ticket, .ranges = &g, .range_count = 1};
	struct msg_sent m = {&one, 1};
	struct msg_sent_ok ok;

	b->f->x.now_us = time_now_us();
	if (api_sent(&b->f->x, &m, &ok, &b->f->e) < 0)
		fail_msg("%s", b->f->e.msg);
	return ok.transfers[0].stop;
}

static struct str
ticket(struct browser *b)
{
	return arena_str(b->f->x.a, b->f->r.ticket);
}

/* ---- the whole way ---- */

static bool
has(struct str text, const char *part)
{
	return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static const char *
api_path(struct browser *b, const char *rest)
{
	return arena_printf(b->f->x.a, "/api/v1/deliveries/%.*s%s", STR(b->number), rest).p;
}

/* The delivery's JSON has it. */
static bool
told(struct browser *b, const char *part)
{
	assert_int_equal(get_json(b->f, api_path(b, "")), 200);
	return holds(b->f, part);
}

/* Of two files that are really there. */
static void
deliver_real(struct browser *b)
{
	struct fixture *f = b->f;
	struct str one = upload(f, "eins.txt", FIRST), two = upload(f, "zwei.txt", SECOND);

	if (post_json(f, "/api/v1/deliveries",
	        arena_printf(f->x.a, "{\"assets\":[\"%.*s\",\"%.*s\"],\"to\":[\"a@x.test\"]}",
	            STR(one), STR(two))
	            .p,
	        NULL) != 201)
		fail_msg("%.*s", STR(buf_view(&f->r.body)));
	b->number = member(f, "delivery", 0);
	b->token = str_from(member(f, "link", 0), sizeof URL "/r/" - 1);
}

static void
files_arrive_as_they_were_uploaded(void **state)
{
	struct browser *b = *state;
	struct str t;

	deliver_real(b);
	prove(b);
	assert_int_equal(get(b, path(b, "/file/1")), 200);
	assert_true(str_eq_c(body(b->f), FIRST));
	t = ticket(b);
	assert_false(stops(b, t, 1, SENT_FIRST, 0, 9));
	assert_true(told(b, "\"name\":\"eins.txt\",\"state\":\"running\",\"sent_bytes\":9,"));
	assert_false(stops(b, t, 2, SENT_WRITE | SENT_END, 0, sizeof FIRST - 1));
	assert_true(told(b, "\"name\":\"eins.txt\",\"state\":\"complete\""));
	assert_int_equal(ask(b, "GET", path(b, "/file/2"), "range", "bytes=4-7"), 206);
	assert_true(str_eq_c(body(b->f), "dies"));
	assert_int_equal(get(b, path(b, "/file/2")), 200);
	assert_true(str_eq_c(body(b->f), SECOND));
	assert_false(stops(b, ticket(b), 1, SENT_FIRST | SENT_END, 0, sizeof SECOND - 1));
	assert_true(told(b, "\"address\":\"a@x.test\",\"state\":\"complete\""));
	assert_int_equal(events(b->f, "download.complete"), 2);
	assert_int_equal(events(b->f, "download.interrupted"), 0);
}

static void
a_zip_that_was_cut_goes_on(void **state)
{
	struct browser *b = *state;
	struct str zip, rest;
	uint64_t cut;

	deliver_real(b);
	prove(b);
	assert_int_equal(get(b, path(b, "/all.zip")), 200);
	zip = body(b->f);
	assert_true(str_starts(zip, S("PK\3\4")));
	assert_true(has(zip, FIRST) && has(zip, SECOND) && has(zip, "MANIFEST.txt"));
	cut = (uint64_t)((char *)memmem(zip.p, zip.n, SECOND, sizeof SECOND - 1) - zip.p) + 4;
	assert_false(stops(b, ticket(b), 1, SENT_FIRST | SENT_END, 0, cut));
	assert_true(told(b, "\"name\":\"eins.txt\",\"state\":\"complete\""));
	assert_true(told(b, "\"name\":\"zwei.txt\",\"state\":\"interrupted\",\"sent_bytes\":4,"));
	assert_int_equal(events(b->f, "download.interrupted"), 1);
	assert_int_equal(ask(b, "GET", path(b, "/all.zip"), "range",
	                     arena_printf(b->f->x.a, "bytes=%llu-", (unsigned long long)cut).p),
	    206);
	rest = body(b->f);
	assert_true(str_eq(rest, str_from(zip, cut)));
	assert_false(stops(b, ticket(b), 1, SENT_FIRST | SENT_END, cut, zip.n));
	assert_true(told(b, "\"address\":\"a@x.test\",\"state\":\"complete\""));
}

/* ---- what the sender ends ---- */

static void
revoking_stops_everything(void **state)
{
	struct browser *b = *state;
	struct msg_keys_are keys;
	struct str t, form = arena_printf(b->f->x.a, "token=%.*s", STR(b->token));

	prove(b);
	assert_int_equal(get(b, path(b, "/file/1")), 200);
	t = ticket(b);
	assert_false(stops(b, t, 1, SENT_FIRST, 0, 5));
	assert_int_equal(post_json(b->f, api_path(b, "/revoke"), "{}", NULL), 200);
	assert_true(holds(b->f, "\"state\":\"revoked\""));
	assert_true(stops(b, t, 2, 0, 0, 7));
	assert_int_equal(api_keys(&b->f->x, &(struct msg_keys){t, 0, 1}, &keys, &b->f->e), 0);
	assert_true(keys.stop);
	assert_true(stops(b, t, 3, SENT_END, 0, 8));
	assert_int_equal(get(b, path(b, "/file/1")), 403);
	assert_int_equal(get(b, path(b, "/all.zip")), 403);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_true(shows(b, "widerrufen") && shows(b, "\"mailto:anna@geleit.example\""));
	assert_int_equal(post_from(b, "/r/open", form, URL), 200);
	assert_int_equal(events(b->f, "download.interrupted"), 1);
	assert_true(told(b, "\"address\":\"a@x.test\",\"state\":\"revoked\""));
	assert_true(told(b, "\"state\":\"interrupted\",\"sent_bytes\":8,"));
}

static void
revoking_one_leaves_the_other(void **state)
{
	struct browser *b = *state, other = *b;
	struct str t;

	prove(b);
	assert_int_equal(get(b, path(b, "/file/1")), 200);
	t = ticket(b);
	assert_int_equal(
	    post_json(b->f, api_path(b, "/revoke"), "{\"recipient\":\"c@x.test\"}", NULL), 404);
	assert_false(stops(b, t, 1, SENT_FIRST, 0, 5));
	assert_int_equal(
	    post_json(b->f, api_path(b, "/revoke"), "{\"recipient\":\"b@x.test\"}", NULL), 200);
	assert_true(holds(b->f, "\"state\":\"active\""));
	assert_false(stops(b, t, 2, 0, 0, 6));
	assert_int_equal(
	    post_json(b->f, api_path(b, "/revoke"), "{\"recipient\":\"a@x.test\"}", NULL), 200);
	assert_true(stops(b, t, 3, SENT_END, 0, 6));
	assert_int_equal(get(b, path(b, "/file/1")), 403);
	assert_int_equal(events(b->f, "recipient.revoked"), 2);
	assert_int_equal(
	    post_json(b->f, api_path(b, "/link"), "{\"address\":\"a@x.test\"}", NULL), 200);
	other.token = str_from(member(b->f, "link", 0), sizeof URL "/r/" - 1);
	/* a new link does not bring back who is out */
	assert_int_equal(post_from(&other, "/r/open",
	                     arena_printf(b->f->x.a, "token=%.*s", STR(other.token)), URL),
	    200);
}

/* Who holds the link alone, perhaps forwarded, hears no address. */
static void
without_proof_an_ended_delivery_names_no_address(void **state)
{
	struct browser *b = *state;

	open_link(b);
	assert_int_equal(post_json(b->f, api_path(b, "/revoke"), "{}", NULL), 200);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_true(shows(b, "widerrufen"));
	assert_false(shows(b, "mailto:") || shows(b, "anna@geleit.example"));
}

static void
a_stricter_policy_stops_what_runs(void **state)
{
	struct browser *b = *state;
	struct fixture *f = b->f;
	const char json[] = "{\"malware.unscanned\":\"hold\"}";
	struct str t;

	set(f, "version", "malware = 'not_scanned'", NULL);
	prove(b);
	assert_int_equal(get(b, path(b, "/file/1")), 200);
	t = ticket(b);
	assert_false(stops(b, t, 1, SENT_FIRST, 0, 5));
	f->key = new_key(f, "admin@geleit.example", "administrator", "admin");
	assert_int_equal(send_ask(f, (struct ask){.method = "PATCH",
	                                 .target = S("/api/v1/settings"),
	                                 .body = S(json),
	                                 .length = (int64_t)strlen(json)}),
	    200);
	f->conf.malware_unscanned = UNSCANNED_HOLD; /* app lays it over with the next message */
	assert_true(stops(b, t, 2, SENT_END, 0, 6));
}

/* ---- who is kept apart ---- */

static void
a_code_is_for_its_browser_and_its_time(void **state)
{
	struct browser *b = *state, thief = *b;
	const char *code;

	open_link(b);
	open_link(&thief);
	assert_false(str_eq(b->cookie, thief.cookie));
	assert_int_equal(post(b, path(b, "/code"), "send=1"), 303);
	code = code_form(b, digits_sent(b));
	assert_int_equal(post(&thief, path(&thief, "/verify"), code), 422);
	assert_int_equal(get(&thief, path(&thief, "/file/1")), 303);
	set(b->f, "code", arena_printf(b->f->x.a, "expires_us = %lld", (long long)time_now_us()).p,
	    NULL);
	assert_int_equal(post(b, path(b, "/verify"), code), 422);
	assert_int_equal(get(b, path(b, "/file/1")), 303);
	assert_int_equal(events(b->f, "recipient.verified"), 0);
}

static void
one_browser_keeps_several_deliveries_apart(void **state)
{
	struct browser *b = *state, second = *b, stranger = *b;
	struct str cookie;

	deliver(&second, "");
	open_link(b);
	second.cookie = cookie = b->cookie;
	open_link(&second);
	assert_true(str_eq(second.cookie, cookie)); /* the browser keeps the one it has */
	prove(b);
	assert_int_equal(get(b, path(b, "/file/1")), 200);
	second.cookie = b->cookie; /* which changed for both with the proof of one */
	assert_int_equal(get(&second, path(&second, "/file/1")), 303);
	assert_int_equal(post(&second, path(&second, "/code"), "send=1"), 303);
	/* a session is for its own delivery alone */
	open_link(&stranger);
	stranger.number = second.number;
	assert_int_equal(get(&stranger, path(&stranger, "")), 200);
	assert_true(shows(&stranger, "/r/new-link"));
	assert_int_equal(get(&stranger, path(&stranger, "/file/1")), 303);
}

static void
a_session_ends_when_idle(void **state)
{
	struct browser *b = *state;
	struct str t;

	prove(b);
	assert_int_equal(get(b, path(b, "/file/1")), 200);
	t = ticket(b);
	assert_false(stops(b, t, 1, 0, 0, 5));
	set(b->f, "session",
	    arena_printf(b->f->x.a, "used_us = %lld",
	        (long long)(time_now_us() - LIMIT_SESSION_IDLE_US - US_PER_S))
	        .p,
	    NULL);
	assert_true(stops(b, t, 2, 0, 0, 6));
	assert_int_equal(get(b, path(b, "/file/1")), 303);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_true(shows(b, "/r/new-link"));
}

static void
the_page_speaks_both_languages(void **state)
{
	struct browser *b = *state;

	open_link(b);
	assert_int_equal(get(b, path(b, "?lang=en")), 200);
	assert_true(shows(b, "lang=\"en\"") && shows(b, "?lang=de"));
	assert_int_equal(get(b, path(b, "")), 200);
	assert_true(shows(b, "lang=\"de\"") && shows(b, "?lang=en"));
	deliver(b, ",\"lang\":\"en\"");
	open_link(b);
	assert_int_equal(get(b, path(b, "")), 200);
	assert_true(shows(b, "lang=\"en\""));
	assert_int_equal(get(b, path(b, "?lang=de")), 200);
	assert_true(shows(b, "lang=\"de\""));
}

static size_t
size_as(struct fixture *f, const char *target, const char *coding)
{
	assert_int_equal(send_ask(f, (struct ask){.method = "GET",
	                                 .target = str_c(target),
	                                 .key = S(""),
	                                 .fields = {"accept-encoding", coding},
	                                 .length = -2}),
	    200);
	assert_true(has(field(f, "Vary"), "Accept-Encoding"));
	return f->r.body.n;
}

static void
static_files_come_packed_to_who_takes_it(void **state)
{
	struct fixture *f = ((struct browser *)*state)->f;
	size_t plain = size_as(f, "/static/recipient.css", "br");
	struct str etag = field(f, "ETag");

	assert_null(field(f, "Content-Encoding").p);
	assert_true(size_as(f, "/static/recipient.css", "br, gzip") < plain / 2);
	assert_true(str_eq_c(field(f, "Content-Encoding"), "gzip"));
	assert_memory_equal(f->r.body.p, "\x1f\x8b", 2);
	assert_false(str_eq(field(f, "ETag"), etag));
	assert_int_equal(size_as(f, "/static/recipient.css", "gzip;q=0"), plain);
	plain = size_as(f, "/static/hg.woff2", "gzip"); /* is packed itself */
	assert_null(field(f, "Content-Encoding").p);
	assert_int_equal(size_as(f, "/static/hg.woff2", "br"), plain);
}

static void
static_files_keep_for_ever(void **state)
{
	struct browser *b = *state;
	struct str css;

	assert_int_equal(get(b, "/r/x"), 200);
	css = part_after(b->f, buf_view(&b->f->r.body), "href=\"/static/recipient.");
	css = arena_str(b->f->x.a, str_head(css, str_find(css, '"')));
	assert_int_equal(
	    get(b, arena_printf(b->f->x.a, "/static/recipient.%.*s", STR(css)).p), 200);
	assert_true(has(field(b->f, "Cache-Control"), "immutable"));
	assert_true(str_starts(field(b->f, "Content-Type"), S("text/css")));
	assert_int_equal(get(b, "/static/recipient.css"), 200);
	assert_false(has(field(b->f, "Cache-Control"), "immutable"));
	assert_int_equal(get(b, "/static/none.css"), 404);
	assert_int_equal(get(b, "/r/theme.css?v=005c60"), 200);
	assert_true(has(field(b->f, "Cache-Control"), "immutable") && shows(b, "--brand"));
	assert_int_equal(get(b, "/r/theme.css?v=ffffff"), 200);
	assert_false(has(field(b->f, "Cache-Control"), "immutable"));
	assert_int_equal(get(b, "/r/logo.png"), 404);
	assert_int_equal(get(b, "/imprint"), 200);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, browser_begin, browser_end)
	const struct CMUnitTest tests[] = {
	    TEST(files_arrive_as_they_were_uploaded),
	    TEST(a_zip_that_was_cut_goes_on),
	    TEST(revoking_stops_everything),
	    TEST(revoking_one_leaves_the_other),
	    TEST(without_proof_an_ended_delivery_names_no_address),
	    TEST(a_stricter_policy_stops_what_runs),
	    TEST(a_code_is_for_its_browser_and_its_time),
	    TEST(one_browser_keeps_several_deliveries_apart),
	    TEST(a_session_ends_when_idle),
	    TEST(the_page_speaks_both_languages),
	    TEST(static_files_keep_for_ever),
	    TEST(static_files_come_packed_to_who_takes_it),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
