/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * library_test - the library as the web application asks for it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/test_api.h"
#include "model/bulk.h"
#include "model/change.h"

static int
begin(void **state)
{
	*state = fixture_new(test_db(schema_main));
	return 0;
}

static int
end(void **state)
{
	assert_int_equal(test_stale_views(((struct fixture *)*state)->x.db), 0);
	fixture_free(*state);
	return 0;
}

static uint32_t
get(struct fixture *f, const char *target)
{
	return send_ask(f, (struct ask){.method = "GET", .target = str_c(target), .length = -2});
}

static uint32_t
send(struct fixture *f, const char *method, const char *target, const char *json)
{
	struct str body = str_c(json);

	return send_ask(f, (struct ask){.method = method,
	                       .target = arena_str(f->x.a, str_c(target)),
	                       .body = body,
	                       .length = (int64_t)body.n});
}

static bool
has(struct fixture *f, const char *want)
{
	return memmem(f->r.body.p, f->r.body.n, want, strlen(want)) != NULL;
}

static void
holds(struct fixture *f, const char *want)
{
	if (!has(f, want))
		fail_msg("no %s in %.*s", want, STR(buf_view(&f->r.body)));
}

/* A file, as an empty upload makes it: its id. */
static const char *
new_file(struct fixture *f)
{
	struct ask k = {.method = "POST",
	    .target = S("/api/v1/uploads"),
	    .fields = {"upload-length", "0", "upload-metadata", "filename YS50aWY=,folder QQ=="},
	    .length = -2};

	assert_int_equal(send_ask(f, k), 201);
	return arena_cstr(f->x.a, field(f, "Geleit-Asset"));
}

static const char *
say(struct fixture *f, const char *format, const char *a, const char *b)
{
	char text[1000];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof text, format, a, b);
#pragma GCC diagnostic pop
	return arena_cstr(f->x.a, str_c(text));
}

static void
a_layout_is_nine_bytes_a_file(void **state)
{
	static const uint8_t head[] = {'G', 'L', 'Y', '1', 1, 0, 0, 0};
	struct fixture *f = *state;
	const char *id = new_file(f);
	struct str etag;
	int64_t got;

	assert_int_equal(get(f, "/api/v1/assets/layout?folder=A"), 200);
	assert_int_equal(f->r.body.n, 32);
	assert_memory_equal(f->r.body.p, head, sizeof head);
	assert_int_equal((uint8_t)f->r.body.p[16], 128);
	memcpy(&got, f->r.body.p + 24, sizeof got);
	assert_string_equal(arena_printf(f->x.a, "%lld", (long long)got).p, id);
	etag = field(f, "ETag");
	assert_int_equal(send_ask(f, (struct ask){.method = "GET",
	                                 .target = S("/api/v1/assets/layout?folder=A"),
	                                 .fields = {"if-none-match", etag.p},
	                                 .length = -2}),
	    304);
	assert_int_equal(get(f, "/api/v1/assets/layout?q=tif&state=draft&class=public"), 200);
	assert_int_equal(f->r.body.n, 32);
	assert_int_equal(get(f, "/api/v1/assets/layout?state=sendable"), 200);
	assert_int_equal(f->r.body.n, 16);
	assert_int_equal(get(f, "/api/v1/assets/layout?state=open"), 400);
	assert_true(says(f, "bad-filter"));
	assert_int_equal(get(f, "/api/v1/assets/layout?sort=size"), 400);
	assert_int_equal(get(f, "/api/v1/assets/layout?trash=0"), 400);
}

static void
cards_come_in_the_order_asked_for(void **state)
{
	struct fixture *f = *state;
	const char *one = new_file(f), *two = new_file(f);

	assert_int_equal(send(f, "POST", "/api/v1/assets/cards",
	                     say(f, "{\"ids\":[\"%s\",\"7\",\"%s\"]}", two, one)),
	    200);
	holds(f, say(f, "{\"cards\":[{\"id\":\"%s\",\"title\":\"a.tif\",\"name\":\"a.tif\",%s", two,
	             "\"version\":"));
	holds(f, "\"verdict\":\"in_review\",\"reasons\":[{\"code\":\"release-draft\"}");
	holds(f,
	    "\"checks\":{\"release\":\"open\",\"licence\":\"unchecked\",\"people\":\"unchecked\","
	    "\"audience\":\"unchecked\",\"dates\":\"ok\"}");
	holds(f, "\"width\":null,\"height\":null,\"pages\":null,\"colour\":null,\"blurhash\":null,"
	         "\"preview\":\"none\",\"trashed\":null,\"duplicates\":[],\"stamp\":1");
	assert_int_equal(
	    send(f, "POST", "/api/v1/assets/cards", say(f, "{\"ids\":[\"%s\",\"%s\"]}", one, one)),
	    400);
	assert_int_equal(send(f, "POST", "/api/v1/assets/cards", "{\"ids\":[]}"), 400);
	assert_int_equal(send(f, "POST", "/api/v1/assets/cards", "{\"ids\":[\"x\"]}"), 400);
}

static void
folders_are_made_and_moved(void **state)
{
	struct fixture *f = *state;
	struct str id;

	new_file(f);
	assert_int_equal(send(f, "POST", "/api/v1/folders", "{\"path\":\"B/C\"}"), 201);
	holds(f, "\"path\":\"B/C\",\"count\":0}");
	id = str_head(str_from(buf_view(&f->r.body), 7), 30);
	id = str_cut(id, '"', &(struct str){0});
	assert_int_equal(send(f, "POST", "/api/v1/folders", "{\"path\":\"B/C\"}"), 409);
	assert_true(says(f, "folder-exists"));
	assert_int_equal(send(f, "POST", "/api/v1/folders", "{}"), 400);
	assert_int_equal(send(f, "PATCH", arena_printf(f->x.a, "/api/v1/folders/%.*s", STR(id)).p,
	                     "{\"path\":\"A/D\"}"),
	    200);
	holds(f, "\"path\":\"A/D\"");
	assert_int_equal(get(f, "/api/v1/folders"), 200);
	holds(f, "\"path\":\"A\",\"count\":1}");
	assert_false(has(f, "B/C"));
	assert_int_equal(events(f, "folder.changed"), 2);
}

/* The token in the answer of a bulk change. */
static struct str
undo_of(struct fixture *f)
{
	struct str body = arena_str(f->x.a, buf_view(&f->r.body));
	const char *at = strstr(body.p, "\"undo\":\"");

	if (at == NULL)
		fail_msg("no token in %s", body.p);
	return (struct str){at + 8, 32};
}

static uint32_t
undo(struct fixture *f, struct str token)
{
	return send_ask(f, (struct ask){.method = "POST",
	                       .target = arena_printf(f->x.a, "/api/v1/undo/%.*s", STR(token)),
	                       .length = -2});
}

static void
bulk(struct fixture *f, const char *ids, const char *what, const char *want)
{
	assert_int_equal(
	    send(f, "POST", "/api/v1/assets/bulk", say(f, "{\"ids\":[%s],%s}", ids, what)), 200);
	holds(f, want);
}

static size_t
in_view(struct fixture *f, const char *query)
{
	assert_int_equal(get(f, say(f, "/api/v1/assets/layout?%s%s", query, "")), 200);
	return (size_t)(uint8_t)f->r.body.p[4];
}

static void
what_is_done_to_many_can_be_taken_back(void **state)
{
	struct fixture *f = *state;
	const char *one = new_file(f), *two = new_file(f);
	const char *both = say(f, "\"%s\",\"%s\"", one, two);
	struct str token;

	bulk(f, both, "\"trash\":true", "{\"done\":2,\"undo\":\"");
	token = undo_of(f);
	assert_int_equal(in_view(f, "q=tif"), 0);
	assert_int_equal(in_view(f, "trash=1"), 2);
	assert_int_equal(
	    send(f, "POST", "/api/v1/assets/cards", say(f, "{\"ids\":[%s]%s}", both, "")), 200);
	holds(f, "\"code\":\"trashed\"");
	bulk(f, both, "\"trash\":true", "{\"done\":0,\"undo\":null,\"left\":0}");
	assert_int_equal(undo(f, token), 200);
	holds(f, "{\"done\":2}");
	assert_int_equal(in_view(f, "q=tif"), 2);
	assert_int_equal(undo(f, token), 404);
	assert_true(says(f, "undo-over"));
	assert_int_equal(events(f, "asset.trashed"), 2);
	assert_int_equal(events(f, "asset.restored"), 2);
	assert_int_equal(events(f, "undo.done"), 1);
}

static void
undo_leaves_alone_what_was_changed_since(void **state)
{
	struct fixture *f = *state;
	const char *one = new_file(f), *two = new_file(f);
	const char *both = say(f, "\"%s\",\"%s\"", one, two);
	struct str token;

	bulk(f, both, "\"folder\":\"B\"", "\"done\":2");
	token = undo_of(f);
	bulk(f, say(f, "\"%s\"%s", one, ""), "\"folder\":\"C\"", "\"done\":1");
	assert_int_equal(undo(f, token), 200);
	holds(f, "{\"done\":1}");
	assert_int_equal(in_view(f, "folder=A"), 1);
	assert_int_equal(in_view(f, "folder=C"), 1);
	bulk(f, both, "\"class\":\"internal\"", "\"done\":2");
	token = undo_of(f);
	assert_int_equal(in_view(f, "class=internal"), 2);
	assert_int_equal(undo(f, token), 200);
	assert_int_equal(in_view(f, "class=public"), 2);
}

static void
keywords_of_many_come_and_go(void **state)
{
	struct fixture *f = *state;
	const char *one = new_file(f), *two = new_file(f);
	const char *both = say(f, "\"%s\",\"%s\"", one, two);
	struct str token;

	bulk(f, say(f, "\"%s\"%s", one, ""), "\"add_keywords\":[\"Möbel\"]", "\"done\":1");
	bulk(f, both, "\"add_keywords\":[\"möbel\",\"Sofa\"]", "\"done\":2");
	token = undo_of(f);
	assert_int_equal(get(f, "/api/v1/keywords?prefix=M%C3%96"), 200);
	holds(f, "[{\"label\":\"Möbel\",\"count\":2}]");
	assert_int_equal(in_view(f, "q=sofa"), 2);
	assert_int_equal(undo(f, token), 200);
	holds(f, "{\"done\":2}");
	assert_int_equal(in_view(f, "keyword=m%C3%B6bel"), 1);
	assert_int_equal(in_view(f, "q=sofa"), 0);
	bulk(f, both, "\"remove_keywords\":[\"MÖBEL\",\"x\"]", "\"done\":1");
	token = undo_of(f);
	assert_int_equal(in_view(f, "q=mobel"), 0);
	assert_int_equal(undo(f, token), 200);
	assert_int_equal(in_view(f, "q=mobel"), 1);
}

static void
a_bulk_change_is_one_thing(void **state)
{
	struct fixture *f = *state;
	const char *id = new_file(f);
	struct str key = new_key(f, "e@geleit.example", "editor", "edit");
	struct str body;

	assert_int_equal(
	    send(f, "POST", "/api/v1/assets/bulk", say(f, "{\"ids\":[\"%s\"]%s}", id, "")), 400);
	assert_int_equal(
	    send(f, "POST", "/api/v1/assets/bulk",
	        say(f, "{\"ids\":[\"%s\"],\"trash\":true,\"folder\":\"B\"%s}", id, "")),
	    400);
	assert_true(says(f, "bad-edit"));
	bulk(f, say(f, "\"%s\",\"7\"%s", id, ""),
	    "\"release\":{\"state\":\"cleared\",\"until\":\"30d\"}",
	    "{\"done\":1,\"undo\":null,\"left\":0}");
	assert_int_equal(in_view(f, "state=cleared"), 1);
	body = str_c(say(f, "{\"ids\":[\"%s\"],\"release\":{\"state\":\"draft\"}%s}", id, ""));
	assert_int_equal(send_ask(f, (struct ask){.method = "POST",
	                                 .target = S("/api/v1/assets/bulk"),
	                                 .key = key,
	                                 .body = body,
	                                 .length = (int64_t)body.n}),
	    403);
	assert_int_equal(in_view(f, "state=cleared"), 1);
}

static void
a_basket_keeps_its_order_and_counts_what_is_gone(void **state)
{
	struct fixture *f = *state;
	const char *one = new_file(f), *two = new_file(f), *three = new_file(f);
	struct str other = new_key(f, "b@geleit.example", "sender", "all");

	assert_int_equal(
	    send(f, "POST", "/api/v1/basket", say(f, "{\"add\":[\"%s\",\"%s\"]}", two, one)), 200);
	assert_int_equal(
	    send(f, "POST", "/api/v1/basket", say(f, "{\"add\":[\"%s\",\"%s\"]}", one, three)),
	    200);
	holds(f, "{\"count\":3,\"bytes\":0}");
	bulk(f, say(f, "\"%s\"%s", one, ""), "\"trash\":true", "\"done\":1");
	assert_int_equal(get(f, "/api/v1/basket"), 200);
	holds(f, say(f, "{\"cards\":[{\"id\":\"%s\"%s", two, ""));
	holds(f, "],\"gone\":1,\"bytes\":0}");
	assert_int_equal(
	    send(f, "POST", "/api/v1/basket", say(f, "{\"remove\":[\"%s\"]%s}", two, "")), 200);
	holds(f, "{\"count\":1,");
	assert_int_equal(
	    send(f, "POST", "/api/v1/basket", "{\"clear\":true,\"add\":[\"7\"]}"), 400);
	assert_int_equal(
	    send_ask(f,
	        (struct ask){
	            .method = "GET", .target = S("/api/v1/basket"), .key = other, .length = -2}),
	    200);
	holds(f, "{\"cards\":[],\"gone\":0");
	assert_int_equal(send(f, "POST", "/api/v1/basket", "{\"clear\":true}"), 200);
	holds(f, "{\"count\":0,");
}

static uint32_t
keep_draft(struct fixture *f, struct str etag, const char *json)
{
	return send_ask(f, (struct ask){.method = "PUT",
	                       .target = S("/api/v1/draft"),
	                       .fields = {etag.n > 0 ? "if-match" : NULL, etag.p},
	                       .body = str_c(json),
	                       .length = (int64_t)strlen(json)});
}

static void
a_draft_is_kept_as_it_was_typed(void **state)
{
	struct fixture *f = *state;
	struct str other = new_key(f, "b@geleit.example", "sender", "all"), none = S(""), first;

	assert_int_equal(get(f, "/api/v1/draft"), 200);
	holds(f, "{\"draft\":null,\"saved\":null}");
	first = field(f, "ETag");
	assert_int_equal(keep_draft(f, first,
	                     "{\"to\":[\"a@b.example\",\"nobody\"],\"subject\":\"Über\","
	                     "\"message\":\"a\\nb\",\"expires\":\"2026-99-99\"}"),
	    200);
	assert_int_equal(get(f, "/api/v1/draft"), 200);
	holds(f,
	    "{\"draft\":{\"to\":[\"a@b.example\",\"nobody\"],\"subject\":\"Über\","
	    "\"message\":\"a\\nb\",\"lang\":\"\",\"expires\":\"2026-99-99\",\"valid_from\":\"\","
	    "\"limit\":\"\"},\"saved\":\"2");
	assert_int_equal(keep_draft(f, first, "{\"subject\":\"x\"}"), 412);
	assert_true(says(f, "changed"));
	assert_int_equal(keep_draft(f, none, "{\"subject\":\"x\"}"), 200);
	assert_int_equal(keep_draft(f, none, "{\"files\":[]}"), 400);
	assert_int_equal(keep_draft(f, none, "{\"to\":[7]}"), 400);
	assert_int_equal(keep_draft(f, none, "{\"lang\":\"deutsch\"}"), 400);
	assert_int_equal(keep_draft(f, none, "[]"), 400);
	assert_int_equal(
	    send_ask(f,
	        (struct ask){
	            .method = "GET", .target = S("/api/v1/draft"), .key = other, .length = -2}),
	    200);
	holds(f, "{\"draft\":null");
	assert_int_equal(
	    send_ask(
	        f, (struct ask){.method = "DELETE", .target = S("/api/v1/draft"), .length = -2}),
	    204);
	assert_int_equal(rows(f, "draft", NULL), 0);
	assert_int_equal(keep_draft(f, S("\"0\""), "{\"subject\":\"y\"}"), 200);
	assert_int_equal(rows(f, "draft", NULL), 1);
}

static void
who_comes_second_sees_what_the_first_made(void **state)
{
	struct fixture *f = *state;
	const char *file = say(f, "/api/v1/assets/%s%s", new_file(f), "");
	struct str etag, body = S("{\"title\":\"Zwei\"}");

	assert_int_equal(get(f, file), 200);
	etag = field(f, "ETag");
	holds(f, "\"verdict\":\"in_review\"");
	holds(f, "\"versions\":[{\"id\":\"");
	holds(f, "\"media_type\":null,\"created\":\"2");
	assert_int_equal(
	    send(f, "PATCH", file, "{\"title\":\"Eins\",\"keywords\":[\"Zeder\",\"b\"]}"), 200);
	assert_int_equal(send_ask(f, (struct ask){.method = "PATCH",
	                                 .target = str_c(file),
	                                 .fields = {"if-match", etag.p},
	                                 .body = body,
	                                 .length = (int64_t)body.n}),
	    412);
	assert_true(says(f, "changed"));
	holds(f, "\"current\":{\"asset\":\"");
	holds(f, "\"title\":\"Eins\"");
	assert_int_equal(send(f, "PATCH", file, "{\"remove_keywords\":[\"ZEDER\",\"x\"]}"), 200);
	holds(f, "\"keywords\":[\"b\"]");
	assert_int_equal(in_view(f, "q=zeder"), 0);
	assert_int_equal(in_view(f, "q=b"), 1);
}

/* ---- many files, and a database that fails ---- */

#define SOME 10
#define MANY (BULK_STEP + SOME)

/* The ids of so many new files, as they stand in JSON. */
static const char *
new_files(struct fixture *f, int n)
{
	struct str all = S("");

	for (int i = 0; i < n; i++)
		all = arena_printf(f->x.a, "%.*s%s\"%s\"", STR(all), i > 0 ? "," : "", new_file(f));
	return arena_cstr(f->x.a, all);
}

static uint32_t
bulk_of(struct fixture *f, const char *ids, const char *what)
{
	return send(f, "POST", "/api/v1/assets/bulk",
	    arena_printf(f->x.a, "{\"ids\":[%s],%s}", ids, what).p);
}

static int64_t
in_trash(struct fixture *f)
{
	return rows(f, "asset", "trashed_us IS NOT NULL");
}

static void
many_are_done_in_steps_and_taken_back_whole(void **state)
{
	struct fixture *f = *state;
	const char *ids = new_files(f, 2 * BULK_STEP + SOME);
	struct str token;

	assert_int_equal(bulk_of(f, ids, "\"trash\":true"), 200);
	holds(f, "{\"done\":510,\"undo\":\"");
	holds(f, "\"left\":0}");
	token = undo_of(f);
	assert_int_equal(in_trash(f), 2 * BULK_STEP + SOME);
	assert_int_equal(events(f, "asset.trashed"), 2 * BULK_STEP + SOME);
	assert_int_equal(rows(f, "undo", NULL), 1);
	assert_int_equal(undo(f, token), 200);
	holds(f, "{\"done\":510}");
	assert_int_equal(in_trash(f), 0);
	assert_int_equal(rows(f, "undo", NULL) + rows(f, "undo_item", NULL), 0);
	assert_int_equal(undo(f, token), 404);
	assert_int_equal(bulk_of(f, ids, "\"add_keywords\":[\"eins\",\"zwei\"]"), 200);
	holds(f, "{\"done\":510,");
	assert_int_equal(undo(f, undo_of(f)), 200);
	holds(f, "{\"done\":510}");
	assert_int_equal(rows(f, "asset_keyword", NULL), 0);
}

/* All that an act of these tests writes. */
static int64_t
traces(struct fixture *f)
{
	static const char *const tables[] = {"event", "event_todo", "undo", "undo_item", "basket",
	    "asset_keyword", "keyword", "folder"};
	int64_t n = in_trash(f);

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		n += rows(f, tables[i], NULL);
	return n;
}

static uint32_t
post(struct fixture *f, const char *target, const char *body)
{
	if (body != NULL)
		return send(f, "POST", target, body);
	return send_ask(f, (struct ask){.method = "POST", .target = str_c(target), .length = -2});
}

/* Fail at each call in turn until it is done: what was refused has left nothing. */
static void
act(struct fixture *f, const char *target, const char *body)
{
	int64_t before = traces(f);
	int refused = 0;
	uint32_t status = 0;

	for (int n = 1; status != 200; n++) {
		assert_in_range(n, 1, 200);
		db_fake_fail(f->x.db, n, ERR_NO_SPACE);
		status = post(f, target, body);
		assert_true(status == 200 || (status == 507 && db_fake_failed(f->x.db)));
		db_fake_fail(f->x.db, 0, 0);
		assert_false(db_in_write(f->x.db));
		if (status == 507) {
			refused++;
			assert_int_equal(traces(f), before);
		}
	}
	assert_true(refused > 3);
}

static void
a_fault_anywhere_leaves_the_act_undone(void **state)
{
	static const char *const acts[] = {"\"trash\":true", "\"restore\":true",
	    "\"folder\":\"Neu\"", "\"class\":\"internal\"", "\"add_keywords\":[\"a\",\"b\"]",
	    "\"remove_keywords\":[\"a\"]"};
	struct fixture *f = fixture_new(test_db_fake(schema_main));
	const char *ids = new_files(f, 2);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		const char *body = say(f, "{\"ids\":[%s],%s}", ids, acts[i]);

		act(f, "/api/v1/assets/bulk", body);
		act(f, say(f, "/api/v1/undo/%s%s", arena_cstr(f->x.a, undo_of(f)), ""), NULL);
		holds(f, "{\"done\":2}");
		assert_int_equal(bulk_of(f, ids, acts[i]), 200); /* for the next */
	}
	act(f, "/api/v1/assets/bulk",
	    say(f, "{\"ids\":[%s],%s}", ids, "\"release\":{\"state\":\"cleared\"}"));
	act(f, "/api/v1/basket", say(f, "{\"add\":[%s]%s}", ids, ""));
	assert_int_equal(rows(f, "basket", NULL), 2);
	act(f, "/api/v1/basket", say(f, "{\"remove\":[%s]%s}", ids, ""));
	assert_int_equal(rows(f, "basket", NULL), 0);
	act(f, "/api/v1/basket", say(f, "{\"add\":[%s]%s}", ids, ""));
	act(f, "/api/v1/basket", "{\"clear\":true}");
	assert_int_equal(rows(f, "basket", NULL), 0);
	fixture_free(f);
}

/* The database fails n calls on with this code; what the bulk answers. */
static bool
trash_with_fault(struct fixture *f, const char *ids, int n, int code)
{
	bool failed;

	db_fake_fail(f->x.db, n, code);
	assert_int_equal(bulk_of(f, ids, "\"trash\":true"), 200);
	failed = db_fake_failed(f->x.db);
	db_fake_fail(f->x.db, 0, 0);
	assert_false(db_in_write(f->x.db));
	return failed;
}

/* The first call of the second step, by trying. */
static int
second_step(struct fixture *f, const char *ids)
{
	int n = 1;

	for (;; n += 21) {
		assert_in_range(n, 1, 100 * MANY);
		db_fake_fail(f->x.db, n, ERR_NO_SPACE);
		if (bulk_of(f, ids, "\"trash\":true") == 200)
			break;
	}
	db_fake_fail(f->x.db, 0, 0);
	holds(f, "{\"done\":250,\"undo\":\"");
	holds(f, "\"left\":10}");
	assert_int_equal(in_trash(f), BULK_STEP);
	assert_int_equal(undo(f, undo_of(f)), 200);
	holds(f, "{\"done\":250}");
	return n;
}

static void
what_a_later_step_could_not_do_is_told(void **state)
{
	struct fixture *f = fixture_new(test_db_fake(schema_main));
	const char *ids = new_files(f, MANY);
	int at = second_step(f, ids);
	struct str token;

	(void)state;
	assert_int_equal(in_trash(f), 0);
	assert_true(trash_with_fault(f, ids, at, ERR_RETRY));
	holds(f, "{\"done\":260,");
	token = undo_of(f);
	for (int n = 1, status = 0; status != 200; n += 100) { /* the token outlives a fault */
		db_fake_fail(f->x.db, n, ERR_NO_SPACE);
		status = (int)undo(f, token);
		db_fake_fail(f->x.db, 0, 0);
		assert_true(status == 200 || status == 507);
	}
	assert_int_equal(in_trash(f), 0);
	assert_int_equal(undo(f, token), 404);
	fixture_free(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_layout_is_nine_bytes_a_file),
	    TEST(cards_come_in_the_order_asked_for),
	    TEST(folders_are_made_and_moved),
	    TEST(what_is_done_to_many_can_be_taken_back),
	    TEST(undo_leaves_alone_what_was_changed_since),
	    TEST(keywords_of_many_come_and_go),
	    TEST(a_bulk_change_is_one_thing),
	    TEST(a_basket_keeps_its_order_and_counts_what_is_gone),
	    TEST(a_draft_is_kept_as_it_was_typed),
	    TEST(who_comes_second_sees_what_the_first_made),
	    TEST(many_are_done_in_steps_and_taken_back_whole),
	    cmocka_unit_test(a_fault_anywhere_leaves_the_act_undone),
	    cmocka_unit_test(what_a_later_step_could_not_do_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
