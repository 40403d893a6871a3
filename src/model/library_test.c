/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * library_test - layout, search, folders and cards: what a view shows, and what not
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/db_fake.h"
#include "model/card.h"
#include "model/folder.h"
#include "model/layout.h"
#include "model/person.h"
#include "model/search.h"
#include "model/test_file.h"

#define NOW 1000000

struct fixture {
	struct db *db;
	struct arena *a;
	person_id person;
};

static const struct actor nobody = {ACTOR_SYSTEM, 0};

static int
begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	f->db = test_db(schema_main);
	f->a = arena_new();
	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &e) < 0 ||
	    person_create(c, S("Anna"), S("a@b.example"), S("editor"), &f->person, &e) < 0 ||
	    change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
	*state = f;
	return 0;
}

static int
end(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(test_stale_views(f->db), 0);
	db_close(&f->db);
	arena_free(&f->a);
	free(f);
	return 0;
}

static void
edit(struct fixture *f, int64_t id, struct asset_edit ed)
{
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	ed.by = f->person;
	if (change_begin(f->db, nobody, EVENT_ASSET_CHANGED, &c, &e) < 0 ||
	    asset_edit(c, f->a, (asset_id){id}, &ed, &e) < 0 || change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

/* A ready file with this title in this folder. */
static void
file(struct fixture *f, int64_t id, const char *title, const char *folder)
{
	struct str t = str_c(title), p = str_c(folder);

	test_file(f->db, f->a, f->person, id, "x.txt", 3);
	edit(f, id, (struct asset_edit){.title = &t, .folder_path = &p});
}

static void
tag(struct fixture *f, int64_t id, const char *keyword)
{
	struct str k = str_c(keyword);

	edit(f, id, (struct asset_edit){.add_keywords = &k, .add_keyword_count = 1});
}

/* The ids of a view, "300 100". */
static const char *
shows(struct fixture *f, struct layout_filter filter)
{
	struct str all = S("");
	struct layout l;
	struct error e;

	filter.now_us = NOW;
	if (layout_read(f->db, f->a, &filter, &l, &e) < 0)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < l.n; i++)
		all = arena_printf(
		    f->a, "%.*s%s%lld", STR(all), i > 0 ? " " : "", (long long)l.ids[i]);
	return arena_cstr(f->a, all);
}

static uint64_t
stamp(struct fixture *f)
{
	struct layout_filter filter = {.now_us = NOW};
	struct layout l;
	struct error e;

	if (layout_read(f->db, f->a, &filter, &l, &e) < 0)
		fail_msg("%s", e.msg);
	return l.stamp;
}

static void
a_view_has_an_order_and_a_folder_with_all_below(void **state)
{
	struct fixture *f = *state;
	struct str a = S("A"), deep = S("A/B"), none = S("X");

	file(f, 100, "Bild 10", "A");
	file(f, 200, "Bild 2", "A/B");
	file(f, 300, "ärger", "A B");
	assert_string_equal(shows(f, (struct layout_filter){0}), "300 200 100");
	assert_string_equal(shows(f, (struct layout_filter){.sort = LAYOUT_OLDEST}), "100 200 300");
	assert_string_equal(shows(f, (struct layout_filter){.sort = LAYOUT_NAME}), "300 200 100");
	assert_string_equal(shows(f, (struct layout_filter){.folder = &a}), "200 100");
	assert_string_equal(shows(f, (struct layout_filter){.folder = &deep}), "200");
	assert_string_equal(shows(f, (struct layout_filter){.folder = &none}), "");
}

static void
words_are_found_by_their_beginning(void **state)
{
	struct fixture *f = *state;
	struct str title = S("Stuhl");

	file(f, 100, "Möbel Havn", "");
	file(f, 200, "Sofa", "");
	tag(f, 200, "Möbel");
	assert_string_equal(shows(f, (struct layout_filter){.query = S("mob")}), "200 100");
	assert_string_equal(shows(f, (struct layout_filter){.query = S("HAVN möb")}), "100");
	assert_string_equal(shows(f, (struct layout_filter){.query = S("havn sofa")}), "");
	assert_string_equal(shows(f, (struct layout_filter){.query = S("avn")}), "");
	assert_string_equal(shows(f, (struct layout_filter){.query = S("txt")}), "200 100");
	assert_string_equal(shows(f, (struct layout_filter){.query = S("--")}), "");
	assert_string_equal(shows(f, (struct layout_filter){.keyword = S("MÖBEL")}), "200");
	edit(f, 100, (struct asset_edit){.title = &title});
	assert_string_equal(shows(f, (struct layout_filter){.query = S("havn")}), "");
	assert_string_equal(shows(f, (struct layout_filter){.query = S("stuhl")}), "100");
}

static void
state_class_and_kind_are_what_the_verdict_sees(void **state)
{
	struct fixture *f = *state;
	enum asset_class internal = CLASS_INTERNAL;

	file(f, 100, "a", "");
	file(f, 200, "b", "");
	file(f, 300, "c", "");
	file(f, 400, "d", "");
	test_set(f->db, f->a, "release", "state = 'draft'", "asset_id = 100");
	test_set(f->db, f->a, "release", "until_us = 999999", "asset_id = 200");
	test_set(f->db, f->a, "asset", "embargo_us = 1000001, class = 'internal'", "id = 300");
	test_set(f->db, f->a, "version", "media_type = 'image/tiff'", "asset_id = 400");
	assert_int_equal(test_stale_views(f->db), 3); /* 300 has its own in its row */
	for (int64_t id = 100; id <= 400; id += 100)
		test_keep_view(f->db, id);
	assert_string_equal(shows(f, (struct layout_filter){.state = S("draft")}), "100");
	assert_string_equal(shows(f, (struct layout_filter){.state = S("expired")}), "200");
	assert_string_equal(shows(f, (struct layout_filter){.state = S("cleared")}), "400 300");
	assert_string_equal(shows(f, (struct layout_filter){.state = S("sendable")}), "400");
	assert_string_equal(shows(f, (struct layout_filter){.class = &internal}), "300");
	assert_string_equal(shows(f, (struct layout_filter){.kind = S("image")}), "400");
	assert_string_equal(shows(f, (struct layout_filter){.kind = S("document")}), "300 200 100");
	test_set(f->db, f->a, "asset", "trashed_us = 7", "id = 400");
	assert_string_equal(shows(f, (struct layout_filter){0}), "300 200 100");
	assert_string_equal(shows(f, (struct layout_filter){.trash = true}), "400");
	assert_string_equal(
	    shows(f, (struct layout_filter){.trash = true, .state = S("sendable")}), "");
}

static void
the_stamp_changes_with_everything_in_the_view(void **state)
{
	struct fixture *f = *state;
	struct str title = S("b");
	uint64_t first, second;

	file(f, 100, "a", "");
	first = stamp(f);
	assert_true(first == stamp(f));
	edit(f, 100, (struct asset_edit){.title = &title});
	second = stamp(f);
	assert_true(first != second);
	file(f, 200, "b", "");
	assert_true(second != stamp(f));
}

static void
a_ratio_is_a_byte(void **state)
{
	(void)state;
	assert_int_equal(layout_ratio(0, 0), 128);
	assert_int_equal(layout_ratio(100, 100), 128);
	assert_int_equal(layout_ratio(200, 100), 171);
	assert_int_equal(layout_ratio(100, 200), 86);
	assert_int_equal(layout_ratio(1, 1000000), 0);
	assert_int_equal(layout_ratio(1000000, 1), 255);
}

static void
card_of_many_files_that_are_the_same_names_twenty(void **state)
{
	struct fixture *f = *state;
	struct card *cards;
	struct error e;
	size_t n;

	for (int i = 0; i < CARD_DUPLICATES + 3; i++)
		file(f, 100 + i, "a", "");
	tag(f, 101, "Sofa");
	assert_int_equal(
	    card_list(f->db, f->a, (const asset_id[]){{100}, {101}}, 2, &cards, &n, &e), 0);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(cards[i].duplicate_count, CARD_DUPLICATES);
	assert_int_equal(cards[0].duplicates[0].v, 101);
	assert_int_equal(cards[1].duplicates[0].v, 100);
	assert_int_equal(cards[1].keywords.n, 1);
}

static void
cards_say_what_is_known(void **state)
{
	struct fixture *f = *state;
	const asset_id ids[] = {{300}, {7}, {100}};
	const struct card_ask ask = {.now_us = NOW};
	struct card *cards;
	struct verdict v;
	struct error e;
	size_t n;

	file(f, 100, "a", "");
	file(f, 200, "b", "");
	file(f, 300, "c", "A");
	tag(f, 300, "Sofa");
	tag(f, 300, "Möbel");
	test_set(f->db, f->a, "asset", "trashed_us = 7", "id = 200");
	test_set(f->db, f->a, "asset", "embargo_us = 1000001", "id = 300");
	assert_int_equal(card_list(f->db, f->a, ids, ARRAY_LEN(ids), &cards, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(cards[0].asset.id.v, 300);
	assert_int_equal(cards[0].keywords.n, 2);
	assert_true(str_eq(cards[0].keywords.v[0], S("Möbel")));
	assert_int_equal(cards[0].duplicate_count, 1); /* 200 is in the trash */
	assert_int_equal(cards[0].duplicates[0].v, 100);
	assert_int_equal(cards[0].media.state, MEDIA_NONE);
	card_verdict(&cards[0], &ask, &v);
	assert_int_equal(v.state, VERDICT_BLOCKED);
	assert_string_equal(card_check(&v, CHECK_RELEASE), "ok");
	assert_string_equal(card_check(&v, CHECK_DATES), "stop");
	assert_string_equal(card_check(&v, CHECK_AUDIENCE), "unchecked");
	assert_int_equal(card_list(f->db, f->a, (const asset_id[]){{200}}, 1, &cards, &n, &e), 0);
	card_verdict(&cards[0], &ask, &v);
	assert_string_equal(v.reasons[0].code, "trashed");
	assert_string_equal(card_check(&v, CHECK_RELEASE), "stop");
}

static int
move(struct fixture *f, folder_id id, const char *path, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, EVENT_FOLDER_CHANGED, &c, e) < 0 ||
	    folder_move(c, f->a, id, str_c(path), e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

/* "A=2 A/B=1" */
static const char *
tree(struct fixture *f)
{
	struct str all = S("");
	struct folder *list;
	struct error e;
	size_t n;

	if (folder_list(f->db, f->a, &list, &n, &e) < 0)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < n; i++)
		all = arena_printf(f->a, "%.*s%s%.*s=%lld", STR(all), i > 0 ? " " : "",
		    STR(list[i].path), (long long)list[i].count);
	return arena_cstr(f->a, all);
}

static folder_id
folder_at(struct fixture *f, const char *path)
{
	struct folder *list;
	struct error e;
	size_t n;

	if (folder_list(f->db, f->a, &list, &n, &e) < 0)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < n; i++) {
		if (str_eq_c(list[i].path, path))
			return list[i].id;
	}
	fail_msg("no folder %s", path);
	return (folder_id){0};
}

static void
a_folder_moves_with_all_below(void **state)
{
	struct fixture *f = *state;
	struct str path;
	struct error e;

	file(f, 100, "a", "A");
	file(f, 200, "b", "A/B/C");
	file(f, 300, "c", "A B");
	assert_string_equal(tree(f), "A=2 A B=1 A/B=1 A/B/C=1");
	assert_int_equal(move(f, folder_at(f, "A/B"), "N/M", &e), 0);
	assert_string_equal(tree(f), "A=1 A B=1 N=1 N/M=1 N/M/C=1");
	assert_int_equal(move(f, folder_at(f, "N"), "N/M/X", &e), ERR_INVALID);
	assert_int_equal(move(f, folder_at(f, "N"), "A", &e), ERR_EXISTS);
	assert_string_equal(e.key, "folder-exists");
	assert_int_equal(move(f, folder_at(f, "N"), "", &e), ERR_INVALID);
	assert_int_equal(move(f, (folder_id){7}, "Q", &e), ERR_NOT_FOUND);
	assert_string_equal(tree(f), "A=1 A B=1 N=1 N/M=1 N/M/C=1");
	assert_int_equal(test_db_rows(f->db, f->a, "asset", "stamp = 4 AND id = 200"), 1);
	path = S("N/M/C/D");
	edit(f, 100, (struct asset_edit){.folder_path = &path});
	assert_string_equal(tree(f), "A=0 A B=1 N=2 N/M=2 N/M/C=2 N/M/C/D=1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_view_has_an_order_and_a_folder_with_all_below),
	    TEST(words_are_found_by_their_beginning),
	    TEST(state_class_and_kind_are_what_the_verdict_sees),
	    TEST(the_stamp_changes_with_everything_in_the_view),
	    cmocka_unit_test(a_ratio_is_a_byte),
	    TEST(card_of_many_files_that_are_the_same_names_twenty),
	    TEST(cards_say_what_is_known),
	    TEST(a_folder_moves_with_all_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
