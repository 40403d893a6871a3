/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bulk_test - many files at once, baskets and drafts on a database that fails at any call
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/test_library.h"
#include "model/bulk.h"

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

#define SOME 10
#define MANY (BULK_STEP + SOME)

/* The ids of so many new files, as they stand in JSON. */
static const char *
new_files(struct fixture *f, int n)
{
	struct str all = S("");

	for (int i = 0; i < n; i++)
		all =
		    arena_printf(f->x.a, "%.*s%s\"%s\"", STR(all), i > 0 ? "," : "", empty_file(f));
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

static uint32_t
keep_draft(struct fixture *f, struct str etag, const char *json)
{
	return send_ask(f, (struct ask){.method = "PUT",
	                       .target = S("/api/v1/draft"),
	                       .fields = {etag.n > 0 ? "if-match" : NULL, etag.p},
	                       .body = str_c(json),
	                       .length = (int64_t)strlen(json)});
}

/* As many addresses as may be, and as long. */
static const char *
to_thousand(struct fixture *f, char c)
{
	struct buf b;

	buf_init_arena(&b, f->x.a, 4 * 1024 * 1024);
	for (int i = 0; i < LIMIT_DELIVERY_RECIPIENTS; i++) {
		buf_lit(&b, i == 0 ? "{\"to\":[\"" : ",\"");
		for (int k = 0; k < LIMIT_ADDRESS_BYTES; k++)
			buf_printf(&b, c == '"' ? "\\%c" : "%c", c);
		buf_lit(&b, "\"");
	}
	buf_lit(&b, "]}");
	buf_char(&b, '\0');
	assert_false(b.full);
	return b.p;
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
	assert_int_equal(keep_draft(f, none, to_thousand(f, 'a')), 200);
	assert_int_equal(get(f, "/api/v1/draft"), 200);
	holds(f, "aaa\"],\"subject\":\"\""); /* whole */
	assert_int_equal(keep_draft(f, none, to_thousand(f, '"')), 413);
	assert_int_equal(get(f, "/api/v1/draft"), 200);
	holds(f, "aaa\"],\"subject\":\"\"");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(many_are_done_in_steps_and_taken_back_whole),
	    cmocka_unit_test(a_fault_anywhere_leaves_the_act_undone),
	    cmocka_unit_test(what_a_later_step_could_not_do_is_told),
	    TEST(a_draft_is_kept_as_it_was_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
