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

#include "api/test_library.h"

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

static void
a_layout_is_nine_bytes_a_file(void **state)
{
	static const uint8_t head[] = {'G', 'L', 'Y', '1', 1, 0, 0, 0};
	struct fixture *f = *state;
	const char *id = empty_file(f);
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
	const char *one = empty_file(f), *two = empty_file(f);

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

	empty_file(f);
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

static int64_t
first_id(struct fixture *f)
{
	size_t n = (size_t)(uint8_t)f->r.body.p[4];
	int64_t id;

	memcpy(&id, f->r.body.p + ((16 + n + 7) & ~(size_t)7), sizeof id);
	return (int64_t)le64toh((uint64_t)id);
}

static void
the_first_of_a_view_come_alone(void **state)
{
	struct fixture *f = *state;
	const char *one = empty_file(f), *two;

	usleep(2000); /* ids are ordered by the millisecond */
	two = empty_file(f);
	assert_int_equal(in_view(f, "folder=A"), 2);
	assert_int_equal(in_view(f, "first=1"), 1);
	assert_int_equal(first_id(f), strtoll(two, NULL, 10));
	assert_int_equal(in_view(f, "first=1&sort=oldest"), 1);
	assert_int_equal(first_id(f), strtoll(one, NULL, 10));
	assert_int_equal(in_view(f, "first=3"), 2);
	/* of those that fit, not of those that were looked at */
	bulk(f, say(f, "\"%s\"%s", one, ""), "\"class\":\"confidential\"", "\"done\":1");
	assert_int_equal(in_view(f, "first=1&class=confidential"), 1);
	assert_int_equal(first_id(f), strtoll(one, NULL, 10));
	assert_int_equal(get(f, "/api/v1/assets/layout?first=0"), 400);
	assert_true(says(f, "bad-filter"));
	assert_int_equal(get(f, "/api/v1/assets/layout?first=1001"), 400);
	assert_int_equal(get(f, "/api/v1/assets/layout?first=x"), 400);
}

static void
what_is_done_to_many_can_be_taken_back(void **state)
{
	struct fixture *f = *state;
	const char *one = empty_file(f), *two = empty_file(f);
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
	const char *one = empty_file(f), *two = empty_file(f);
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
	const char *one = empty_file(f), *two = empty_file(f);
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
	const char *id = empty_file(f);
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
	assert_int_equal(get(f, say(f, "/api/v1/assets/%s%s", id, "")), 200);
	holds(f, "\"view_only\":false,\"set_by\":\"Anna\",\"set_at\":\"20");
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
	const char *one = empty_file(f), *two = empty_file(f), *three = empty_file(f);
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

static void
who_comes_second_sees_what_the_first_made(void **state)
{
	struct fixture *f = *state;
	const char *file = say(f, "/api/v1/assets/%s%s", empty_file(f), "");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_layout_is_nine_bytes_a_file),
	    TEST(the_first_of_a_view_come_alone),
	    TEST(cards_come_in_the_order_asked_for),
	    TEST(folders_are_made_and_moved),
	    TEST(what_is_done_to_many_can_be_taken_back),
	    TEST(undo_leaves_alone_what_was_changed_since),
	    TEST(keywords_of_many_come_and_go),
	    TEST(a_bulk_change_is_one_thing),
	    TEST(a_basket_keeps_its_order_and_counts_what_is_gone),
	    TEST(who_comes_second_sees_what_the_first_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
