/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * staff - the small resources of the staff API: assets, release, history, keys,
 * brand, status, outbox, the page of the app; what they show, refuse, and record
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/test_api.h"
#include "model/change.h"
#include "model/mail.h"

struct staff {
	struct fixture *f;
	struct str admin, sender, viewer;
};

static int
begin(void **state)
{
	struct staff *s = xcalloc(1, sizeof *s);

	s->f = fixture_new(test_db(schema_main));
	s->admin = new_key(s->f, "admin@geleit.example", "administrator", "all");
	s->sender = new_key(s->f, "sender@geleit.example", "sender", "all");
	s->viewer = new_key(s->f, "viewer@geleit.example", "viewer", "all");
	*state = s;
	return 0;
}

static int
end(void **state)
{
	struct staff *s = *state;

	fixture_free(s->f);
	free(s);
	return 0;
}

static uint32_t
get(struct fixture *f, struct str key, const char *target)
{
	return send_ask(
	    f, (struct ask){.method = "GET", .target = str_c(target), .key = key, .length = -2});
}

static uint32_t
send(struct fixture *f, struct str key, const char *method, const char *target, const char *json)
{
	struct str body = str_c(json);

	return send_ask(f, (struct ask){.method = method,
	                       .target = arena_str(f->x.a, str_c(target)),
	                       .key = key,
	                       .body = body,
	                       .length = (int64_t)body.n});
}

static void
holds(struct fixture *f, const char *want)
{
	if (memmem(f->r.body.p, f->r.body.n, want, strlen(want)) == NULL)
		fail_msg("no %s in %.*s", want, STR(buf_view(&f->r.body)));
}

/* A file, as an empty upload makes it: its address. */
static const char *
new_file(struct fixture *f)
{
	return arena_printf(f->x.a, "/api/v1/assets/%s", empty_file(f)).p;
}

static const char *
below(struct fixture *f, const char *file, const char *more)
{
	return arena_printf(f->x.a, "%s/%s", file, more).p;
}

/* ---- assets ---- */

static void
a_file_is_shown_and_changed(void **state)
{
	struct fixture *f = ((struct staff *)*state)->f;
	const char *file = new_file(f);
	struct str etag, none = {0};

	assert_int_equal(get(f, none, file), 200);
	holds(f, "\"title\":\"a.tif\",\"folder\":\"A\",\"class\":\"public\",\"embargo\":null");
	holds(f, "\"sha256\":null,\"type\":null,\"malware\":\"not_scanned\",\"scan_detail\":null,"
	         "\"scanned\":null,\"state\":\"pending\"");
	holds(f, "\"release\":{\"state\":\"draft\"");
	holds(f, "\"view_only\":false,\"set_by\":null,\"set_at\":null}");
	etag = field(f, "ETag");
	assert_int_equal(send_ask(f, (struct ask){.method = "GET",
	                                 .target = str_c(file),
	                                 .fields = {"if-none-match", etag.p},
	                                 .length = -2}),
	    304);

	assert_int_equal(send(f, none, "PATCH", file,
	                     "{\"title\":\"Sofa\",\"class\":\"internal\",\"embargo\":\"1d\","
	                     "\"expires\":\"2030-01-01\",\"folder\":\"B/C\",\"note\":\"n1\","
	                     "\"keywords\":[\"Möbel\",\"Holz\"]}"),
	    200);
	assert_false(str_eq(field(f, "ETag"), etag));
	assert_int_equal(get(f, none, file), 200);
	holds(f, "\"title\":\"Sofa\",\"folder\":\"B/C\",\"class\":\"internal\",\"embargo\":\"2");
	holds(f, "\"expires\":\"2030-01-01T22:59:59"); /* the end of that day in Berlin */
	holds(f, "\"keywords\":[\"Holz\",\"Möbel\"]");
	holds(f, "\"text\":\"n1\",\"author\":\"Anna\",\"at\":\"2");
	assert_int_equal(send(f, none, "PATCH", file, "{\"expires\":null}"), 200);
	holds(f, "\"expires\":null");
	holds(f, "\"embargo\":\"2");

	assert_int_equal(get(f, none, "/api/v1/assets?folder=B/C"), 200);
	holds(f, "\"title\":\"Sofa\"");
	assert_int_equal(get(f, none, "/api/v1/assets?folder=X"), 200);
	holds(f, "\"assets\":[]");
	assert_int_equal(get(f, none, "/api/v1/assets/7"), 404);
	assert_int_equal(get(f, none, "/api/v1/assets/x"), 404);
}

static uint32_t
send_if(struct fixture *f, const char *method, const char *path, const char *etag, const char *json)
{
	return send_ask(f, (struct ask){.method = method,
	                       .target = str_c(path),
	                       .fields = {"if-match", etag},
	                       .body = str_c(json),
	                       .length = (int64_t)strlen(json)});
}

static uint32_t
patch_if(struct fixture *f, const char *file, const char *etag, const char *json)
{
	return send_if(f, "PATCH", file, etag, json);
}

static void
a_condition_holds_or_nothing_happens(void **state)
{
	struct fixture *f = ((struct staff *)*state)->f;
	const char *file = new_file(f);

	assert_int_equal(patch_if(f, file, "\"2\"", "{\"title\":\"Neu\"}"), 412);
	assert_int_equal(patch_if(f, file, "W/\"1\"", "{\"title\":\"Neu\"}"), 412);
	assert_int_equal(patch_if(f, file, "x", "{\"title\":\"Neu\"}"), 412);
	assert_int_equal(rows(f, "asset", "title = 'Neu'"), 0);
	assert_int_equal(patch_if(f, file, "\"0\", \"1\"", "{\"title\":\"Neu\"}"), 200);
	assert_int_equal(patch_if(f, file, "\"1\"", "{\"title\":\"Neuer\"}"), 412);
	assert_int_equal(patch_if(f, file, "*", "{\"title\":\"Neuer\"}"), 200);
}

static void
odd_changes_are_refused(void **state)
{
	static const struct {
		const char *json, *code;
	} cases[] = {{"", NULL}, {"[]", NULL}, {"{", NULL}, {"{}", "nothing-to-change"},
	    {"{\"titel\":\"x\"}", "unknown-member"}, {"{\"title\":7}", "bad-member"},
	    {"{\"title\":\"\"}", "bad-title"}, {"{\"title\":\"a\\u0007\"}", "bad-text"},
	    {"{\"title\":\"a\",\"title\":\"b\"}", NULL}, {"{\"class\":\"secret\"}", "bad-class"},
	    {"{\"embargo\":\"soon\"}", "bad-date"}, {"{\"expires\":5}", "bad-member"},
	    {"{\"folder\":\"../x\"}", "bad-path"}, {"{\"keywords\":\"x\"}", "bad-member"},
	    {"{\"keywords\":[7]}", "bad-member"}, {"{\"keywords\":[\"\"]}", "bad-keyword"}};
	struct staff *s = *state;
	struct fixture *f = s->f;
	const char *file = new_file(f);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (send(f, f->key, "PATCH", file, cases[i].json) != 400 ||
		    (cases[i].code != NULL && !says(f, cases[i].code)))
			fail_msg(
			    "%s: %u %.*s", cases[i].json, f->r.status, STR(buf_view(&f->r.body)));
	}
	assert_int_equal(send(f, s->viewer, "PATCH", file, "{\"title\":\"x\"}"), 403);
	assert_int_equal(send(f, s->sender, "PATCH", file, "{\"title\":\"x\"}"), 403);
	assert_int_equal(send(f, f->key, "PATCH", "/api/v1/assets/7", "{\"title\":\"x\"}"), 404);
	assert_int_equal(rows(f, "asset", "stamp = 1"), 1);
	assert_int_equal(events(f, "asset.changed"), 0);
}

/* ---- release, history ---- */

static void
a_release_overwrites_no_other(void **state)
{
	struct fixture *f = ((struct staff *)*state)->f;
	const char *file = new_file(f), *release = below(f, file, "release");

	assert_int_equal(send_if(f, "PUT", release, "\"1\"", "{\"state\":\"cleared\"}"), 200);
	assert_int_equal(
	    send(f, f->key, "PUT", release, "{\"state\":\"blocked\",\"reason\":\"Streit\"}"), 200);
	assert_int_equal(send_if(f, "PUT", release, "\"2\"", "{\"state\":\"cleared\"}"), 412);
	holds(f, "\"code\":\"changed\"");
	holds(f, "\"state\":\"blocked\",\"until\":null,\"reason\":\"Streit\"");
	assert_int_equal(events(f, "release.changed"), 2);
	assert_int_equal(
	    send_if(f, "PUT", release, field(f, "ETag").p, "{\"state\":\"draft\"}"), 200);
	assert_int_equal(
	    send_if(f, "PUT", "/api/v1/assets/7/release", "*", "{\"state\":\"draft\"}"), 404);
}

static void
a_release_is_set_and_told(void **state)
{
	static const struct {
		const char *json;
		uint32_t status;
		const char *said;
	} cases[] = {{"{\"state\":\"cleared\"}", 200, "\"state\":\"cleared\""},
	    {"{\"state\":\"review\"}", 200, "\"state\":\"in_review\""},
	    {"{\"state\":\"in_review\"}", 200, "\"state\":\"in_review\""},
	    {"{\"state\":\"blocked\",\"reason\":\"Streit\"}", 200, "\"state\":\"blocked\""},
	    {"{\"state\":\"cleared\",\"until\":\"1h\"}", 200, "\"state\":\"cleared\""},
	    {"{\"state\":\"cleared\",\"until\":\"2020-01-01\"}", 200, "\"state\":\"expired\""},
	    {"{\"state\":\"expired\"}", 400, "bad-state"}, {"{\"state\":\"\"}", 400, "bad-state"},
	    {"{}", 400, "bad-state"}, {"{\"state\":\"cleared\",\"until\":\"x\"}", 400, "bad-date"},
	    {"{\"state\":\"conditions\",\"credit\":\"Foto: A\",\"view_only\":true}", 200,
	        "\"state\":\"conditions\""}};
	struct staff *s = *state;
	struct fixture *f = s->f;
	const char *file = new_file(f);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t status = send(f, f->key, "PUT", below(f, file, "release"), cases[i].json);

		if (status != cases[i].status)
			fail_msg("%s: %u", cases[i].json, status);
		holds(f, cases[i].said);
	}
	assert_int_equal(get(f, f->key, file), 200);
	holds(f, "\"state\":\"conditions\",\"until\":null,\"reason\":\"\",\"credit\":\"Foto: A\","
	         "\"view_only\":true,\"set_by\":\"Anna\",\"set_at\":\"20");
	assert_int_equal(
	    send(f, s->sender, "PUT", below(f, file, "release"), "{\"state\":\"cleared\"}"), 403);
	assert_int_equal(
	    send(f, s->viewer, "PUT", below(f, file, "release"), "{\"state\":\"cleared\"}"), 403);
	assert_int_equal(
	    send(f, f->key, "PUT", "/api/v1/assets/7/release", "{\"state\":\"cleared\"}"), 404);
	assert_int_equal(events(f, "release.changed"), 7);

	assert_int_equal(get(f, s->viewer, below(f, file, "history")), 200);
	holds(f, "\"kind\":\"asset.created\"");
	holds(f, "\"kind\":\"version.created\"");
	holds(f, "\"outcome\":\"blocked\"");
	holds(f, "\"outcome\":\"conditions\"");
	assert_int_equal(get(f, f->key, "/api/v1/assets/7/history"), 404);
}

/* ---- keys ---- */

/* The value of "key" in the answer. */
static struct str
key_of_reply(struct fixture *f)
{
	struct str body = buf_view(&f->r.body);
	const char *p = memmem(body.p, body.n, "geleit_", 7);
	struct str rest;

	assert_non_null(p);
	rest = str_from(body, (size_t)(p - body.p));
	return arena_str(f->x.a, str_head(rest, str_find(rest, '"')));
}

static void
a_key_is_made_within_those_one_has(void **state)
{
	struct staff *s = *state;
	struct fixture *f = s->f;
	int64_t before = events(f, "key.created");
	struct str key;

	assert_int_equal(send(f, s->admin, "POST", "/api/v1/keys",
	                     "{\"name\":\"CI\",\"scopes\":[\"read\",\"admin\"]}"),
	    201);
	key = key_of_reply(f);
	assert_int_equal(get(f, key, "/api/v1/assets"), 200);
	assert_int_equal(send_ask(f, (struct ask){.method = "POST",
	                                 .target = S("/api/v1/uploads"),
	                                 .key = key,
	                                 .fields = {"upload-length", "0"},
	                                 .length = -2}),
	    403);
	assert_int_equal(
	    send(f, key, "POST", "/api/v1/keys", "{\"name\":\"CI\",\"scopes\":[\"send\"]}"), 403);
	assert_int_equal(
	    send(f, f->key, "POST", "/api/v1/keys", "{\"name\":\"x\",\"scopes\":[\"read\"]}"), 403);
	assert_int_equal(events(f, "key.created"), before + 1);
}

static void
odd_keys_are_refused(void **state)
{
	static const char *const cases[] = {"{}", "{\"name\":\"x\"}",
	    "{\"name\":\"x\",\"scopes\":[]}", "{\"name\":\"x\",\"scopes\":[\"root\"]}",
	    "{\"name\":\"x\",\"scopes\":\"read\"}", "{\"name\":\"\",\"scopes\":[\"read\"]}",
	    "{\"scopes\":[\"read\"]}", "{\"name\":\"x\",\"scopes\":[\"read\",\"\"]}",
	    "{\"name\":\"x\",\"scopes\":[null]}",
	    "{\"name\":\"x\",\"scopes\":[\"read\"],\"person\":\"7\"}"};
	struct staff *s = *state;
	int64_t before = rows(s->f, "api_key", NULL);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (send(s->f, s->admin, "POST", "/api/v1/keys", cases[i]) != 400)
			fail_msg("%s: %u", cases[i], s->f->r.status);
	}
	assert_int_equal(rows(s->f, "api_key", NULL), before);
}

/* ---- brand ---- */

#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde"
#define PNG_END "\0\0\0\0IEND\xae\x42\x60\x82"

static const char *
with_logo(struct fixture *f, struct str png)
{
	return arena_printf(f->x.a, "{\"logo\":\"%.*s\"}", STR(str_b64(f->x.a, png.p, png.n))).p;
}

static void
a_brand_is_set_piece_by_piece(void **state)
{
	struct staff *s = *state;
	struct fixture *f = s->f;

	assert_int_equal(get(f, s->viewer, "/api/v1/brand"), 200);
	holds(f, "\"name\":\"Geleit\"");
	holds(f, "\"logo\":null");
	assert_int_equal(
	    send(f, s->admin, "PATCH", "/api/v1/brand",
	        "{\"name\":\"Möbel Nord\",\"colour\":\"#1C3F2B\",\"imprint\":\"M\\nN\","
	        "\"privacy\":\"https://nord.example/p\"}"),
	    200);
	assert_int_equal(
	    send(f, s->admin, "PATCH", "/api/v1/brand", with_logo(f, S(PNG_HEAD PNG_END))), 200);
	holds(f, "\"name\":\"Möbel Nord\"");
	holds(f, "\"privacy\":\"https://nord.example/p\"");
	holds(f, "\"logo\":\"/r/logo.png?v=");
	assert_int_equal(get(f, S(""), "/r/logo.png"), 200);
	assert_int_equal(f->r.body.n, sizeof PNG_HEAD PNG_END - 1);
	assert_int_equal(send(f, s->admin, "PATCH", "/api/v1/brand", "{\"logo\":null}"), 200);
	holds(f, "\"logo\":null");
	assert_int_equal(send(f, f->key, "PATCH", "/api/v1/brand", "{\"name\":\"x\"}"), 403);
	assert_int_equal(events(f, "brand.changed"), 3);
}

static void
odd_brands_are_refused(void **state)
{
	struct staff *s = *state;
	struct fixture *f = s->f;
	char *large = arena_alloc(f->x.a, LIMIT_LOGO_BYTES + 1);
	const char *const cases[] = {"{\"name\":\"\"}", "{\"colour\":\"red\"}",
	    "{\"colour\":\"#12345\"}", "{\"privacy\":\"javascript:alert(1)\"}",
	    "{\"privacy\":\"//x\"}", "{\"logo\":\"?\"}", with_logo(f, S("<svg/>")),
	    with_logo(f, S(PNG_HEAD)), with_logo(f, S("GIF89a" PNG_END)), "{\"logo_hash\":\"x\"}"};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (send(f, s->admin, "PATCH", "/api/v1/brand", cases[i]) != 400)
			fail_msg("%s: %u", cases[i], f->r.status);
	}
	memcpy(large, PNG_HEAD, sizeof PNG_HEAD - 1);
	assert_int_equal(send(f, s->admin, "PATCH", "/api/v1/brand",
	                     with_logo(f, (struct str){large, LIMIT_LOGO_BYTES + 1})),
	    413);
	assert_int_equal(events(f, "brand.changed"), 0);
	assert_int_equal(rows(f, "brand", "changed_us = 0"), 1);
}

/* ---- status ---- */

static void
status_lists_what_master_wrote(void **state)
{
	struct staff *s = *state;
	struct fixture *f = s->f;
	char dir[] = "/tmp/geleit-staff.XXXXXX";
	struct str file;

	assert_non_null(mkdtemp(dir));
	f->conf.dir = str_c(dir);
	assert_int_equal(get(f, s->viewer, "/api/v1/status"), 503);
	file = arena_printf(f->x.a, "%s/run", dir);
	assert_int_equal(dir_make(file.p, 0700, &f->e), 0);
	file = arena_printf(f->x.a, "%s/run/roles.json", dir);
	assert_int_equal(file_replace(file.p,
	                     S("[{\"role\":\"master\",\"index\":0,\"pid\":12},"
	                       "{\"role\":\"app\",\"index\":1,\"pid\":13}]\n"),
	                     0644, &f->e),
	    0);
	assert_int_equal(get(f, s->viewer, "/api/v1/status"), 200);
	holds(f,
	    "{\"version\":\"" GELEIT_VERSION "\",\"url\":\"https://geleit.example\",\"roles\":["
	    "{\"role\":\"master\",\"index\":0,\"pid\":12},"
	    "{\"role\":\"app\",\"index\":1,\"pid\":13}]}");
	assert_int_equal(get(f, S(""), "/api/v1/status"), 401);
	unlink(file.p);
	rmdir(arena_printf(f->x.a, "%s/run", dir).p);
	rmdir(dir);
}

/* A path, a statement: for the log, whatever number it has outside. */
static void
a_fault_below_is_not_told(void **state)
{
	struct staff *s = *state;
	struct fixture *f = s->f;
	struct error e;

	errno = EACCES;
	err_put_errno(&e, "/srv/geleit/blobs/ab");
	assert_int_equal(e.code, ERR_DENIED);
	api_problem(&f->r, &f->x, &e);
	assert_int_equal(f->r.status, 403);
	holds(f, "\"code\":\"denied\",\"detail\":\"");
	assert_null(memmem(f->r.body.p, f->r.body.n, "/srv/geleit", strlen("/srv/geleit")));
	err_put(&e, ERR_DENIED, "", "not with this key");
	api_problem(&f->r, &f->x, &e);
	holds(f, "\"detail\":\"not with this key\"");
}

/* ---- outbox ---- */

static const char *
queue(struct fixture *f, const char *address)
{
	AUTO(change_abort) struct change *c = NULL;
	struct mail_draft d = {.kind = "code", .address = str_c(address), .subject = S("Betreff")};

	if (mail_prepare(
	        f->x.a, &f->x.keys, &f->conf, "mail_code", S("{\"lang\":\"de\"}"), &d, &f->e) < 0 ||
	    change_begin(f->x.db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_MAIL_QUEUED, &c, &f->e) <
	        0 ||
	    mail_queue(c, &d, &f->e) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	usleep(2000); /* ids are ordered by the millisecond */
	return arena_printf(f->x.a, "%lld", (long long)d.id.v).p;
}

static void
the_outbox_is_the_administrators(void **state)
{
	struct staff *s = *state;
	struct fixture *f = s->f;
	const char *first = queue(f, "a@kunde.example"), *second = queue(f, "b@kunde.example");
	struct str list = S("/api/v1/outbox");

	assert_int_equal(get(f, f->key, list.p), 403);
	assert_int_equal(get(f, s->admin, list.p), 200);
	holds(f, arena_printf(f->x.a,
	             "[{\"id\":\"%s\",\"to\":\"a@kunde.example\",\"subject\":\"Betreff\",\"state\":"
	             "\"queued\",\"reply\":null},{\"id\":\"%s\"",
	             first, second)
	             .p);
	assert_int_equal(get(f, s->admin, "/api/v1/outbox?to=b%40KUNDE.example"), 200);
	holds(f, arena_printf(f->x.a, "[{\"id\":\"%s\"", second).p);
	assert_int_equal(
	    get(f, s->admin, arena_printf(f->x.a, "/api/v1/outbox?after=%s", first).p), 200);
	holds(f, arena_printf(f->x.a, "[{\"id\":\"%s\"", second).p);
	assert_int_equal(
	    get(f, s->admin, arena_printf(f->x.a, "/api/v1/outbox?after=%s", second).p), 200);
	holds(f, "[]");
	assert_int_equal(get(f, s->admin, "/api/v1/outbox?to=x"), 422);
	assert_int_equal(get(f, s->admin, "/api/v1/outbox?after=x"), 400);
}

static void
a_mail_is_read_once_composed_and_each_look_is_noted(void **state)
{
	struct staff *s = *state;
	struct fixture *f = s->f;
	const char *target = arena_printf(f->x.a, "/api/v1/outbox/%s", queue(f, "a@k.example")).p;
	struct mail m;

	assert_int_equal(get(f, s->admin, target), 409);
	assert_true(says(f, "mail-not-composed"));
	assert_int_equal(mail_claim(f->x.db, f->x.a, US_PER_S, &m, &f->e), 1);
	assert_int_equal(
	    mail_keep(f->x.db, f->x.a, &f->x.keys, &m, S("To: a\r\n\r\nText\r\n"), &f->e), 0);
	assert_int_equal(events(f, "outbox.read"), 0);
	assert_int_equal(get(f, s->admin, target), 200);
	assert_true(str_eq(buf_view(&f->r.body), S("To: a\r\n\r\nText\r\n")));
	assert_true(str_eq(field(f, "Cache-Control"), S("no-store")));
	assert_int_equal(get(f, s->admin, target), 200);
	assert_int_equal(get(f, f->key, target), 403);
	assert_int_equal(events(f, "outbox.read"), 2);
	assert_int_equal(get(f, s->admin, "/api/v1/outbox/7"), 404);
}

static void
a_mail_handed_over_is_wiped(void **state)
{
	struct staff *s = *state;
	struct fixture *f = s->f;
	const char *target = arena_printf(f->x.a, "/api/v1/outbox/%s", queue(f, "a@k.example")).p;
	struct mail m;

	assert_int_equal(mail_claim(f->x.db, f->x.a, US_PER_S, &m, &f->e), 1);
	assert_int_equal(mail_settle(f->x.db, &m, "accepted", S("250 ok"), &f->e), 0);
	assert_int_equal(get(f, s->admin, target), 404);
	assert_true(says(f, "mail-wiped"));
	assert_int_equal(get(f, s->admin, "/api/v1/outbox"), 200);
	holds(f, "\"state\":\"accepted\",\"reply\":\"250 ok\"");
}

/* ---- the page of the app ---- */

static void
links(struct fixture *f, const char *target, const char *cookie, const char *want)
{
	struct str got;

	assert_int_equal(send_ask(f, (struct ask){.method = "GET",
	                                 .target = str_c(target),
	                                 .key = S(""),
	                                 .fields = {"cookie", cookie},
	                                 .length = -2}),
	    200);
	got = field(f, "Link");
	if (got.p == NULL)
		got = S("");
	if (want[0] == '\0')
		assert_true(memmem(got.p, got.n, "/api/", 5) == NULL);
	else if (memmem(got.p, got.n, want, strlen(want)) == NULL)
		fail_msg("%s: no %s in %.*s", target, want, STR(got));
}

static void
the_page_names_what_its_screen_needs(void **state)
{
	static const char cookie[] = "__Host-geleit-s=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq";
	static const char session[] = "</api/v1/session>; rel=preload; as=fetch; crossorigin";
	static const char listing[] = "</api/v1/assets/layout?first=200&sort=newest>; rel=preload";
	struct fixture *f = ((struct staff *)*state)->f;

	links(f, "/app/library", cookie, session);
	links(f, "/app/library", cookie, listing);
	links(f, "/app/library", cookie, ">; rel=modulepreload");
	links(f, "/app", cookie, session);
	links(f, "/app", cookie, ">; rel=modulepreload");
	assert_true(memmem(field(f, "Link").p, field(f, "Link").n, "layout", 6) == NULL);
	links(f, "/app/library?folder=A", cookie, session);
	assert_true(memmem(field(f, "Link").p, field(f, "Link").n, "layout", 6) == NULL);
	/* who is not signed in asks for nothing */
	links(f, "/app/library", "a=b", "");
	links(f, "/app/library", "__Host-geleit-s=short", "");
	links(f, "/app/library", "a=b", ">; rel=modulepreload");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_is_shown_and_changed),
	    TEST(a_condition_holds_or_nothing_happens),
	    TEST(odd_changes_are_refused),
	    TEST(a_release_overwrites_no_other),
	    TEST(a_release_is_set_and_told),
	    TEST(a_key_is_made_within_those_one_has),
	    TEST(odd_keys_are_refused),
	    TEST(a_brand_is_set_piece_by_piece),
	    TEST(odd_brands_are_refused),
	    TEST(status_lists_what_master_wrote),
	    TEST(a_fault_below_is_not_told),
	    TEST(the_outbox_is_the_administrators),
	    TEST(a_mail_is_read_once_composed_and_each_look_is_noted),
	    TEST(a_mail_handed_over_is_wiped),
	    TEST(the_page_names_what_its_screen_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
