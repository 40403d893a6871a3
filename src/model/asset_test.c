/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* asset - what is named changes and nothing else, each change raises the stamps, a fault leaves
 * nothing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "model/asset.h"
#include "model/asset_view.h"
#include "model/asset_words.h"
#include "model/change.h"
#include "model/person.h"
#include "model/test_db.h"

static const struct actor nobody = {ACTOR_SYSTEM, 0};

struct fixture {
	struct db *db;
	struct arena *a;
	person_id person;
};

static void
add_person(struct fixture *f)
{
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &e) < 0 ||
	    person_create(c, S("Anna"), S("anna@geleit.example"), S("editor"), &f->person, &e) <
	        0 ||
	    change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
begin_with(struct fixture *f, struct db *db)
{
	f->db = db;
	f->a = arena_new();
	add_person(f);
}

static int
begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	begin_with(f, test_db(schema_main));
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

/* An asset and its version, which has the id + 1. */
static asset_id
make(struct fixture *f, int64_t id, const char *folder)
{
	AUTO(change_abort) struct change *c = NULL;
	struct asset_new n = {.id = {id},
	    .first = {id + 1},
	    .folder_path = str_c(folder),
	    .title = S("Sofa"),
	    .by = f->person};
	struct error e;

	if (change_begin(f->db, nobody, EVENT_ASSET_CREATED, &c, &e) < 0 ||
	    asset_create(c, f->a, &n, &e) < 0 ||
	    db_exec(f->db, NULL, &e,
	        "INSERT INTO version (id, asset_id, number, name, bytes, malware, state, "
	        "created_by, created_us) VALUES (?, ?, 1, 'sofa.tif', 9, 'infected', 'pending', ?, "
	        "1)",
	        db_i(id + 1), db_i(id), db_i(f->person.v)) < 0 ||
	    asset_view_keep(c, n.id, &e) < 0 || change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
	return n.id;
}

static int
edit(struct fixture *f, asset_id id, struct asset_edit ed, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	ed.by = f->person;
	if (change_begin(f->db, nobody, EVENT_ASSET_CHANGED, &c, e) < 0 ||
	    asset_edit(c, f->a, id, &ed, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

static struct asset
get(struct fixture *f, asset_id id)
{
	struct asset x;
	struct error e;

	if (asset_get(f->db, f->a, id, &x, &e) < 0)
		fail_msg("%s", e.msg);
	return x;
}

static void
a_new_one_is_a_draft(void **state)
{
	struct fixture *f = *state;
	struct asset x = get(f, make(f, 100, "Presse/2026"));

	assert_true(str_eq(x.folder_path, S("Presse/2026")) && str_eq(x.title, S("Sofa")));
	assert_int_equal(x.release.state, RELEASE_DRAFT);
	assert_int_equal(x.class, CLASS_PUBLIC);
	assert_int_equal(x.current.v, 101);
	assert_int_equal(x.created_by.v, f->person.v);
	assert_int_equal(x.embargo_us + x.expires_us, 0);
	assert_int_equal(x.stamp, 1);
}

static void
only_what_is_named_changes(void **state)
{
	struct fixture *f = *state;
	asset_id id = make(f, 100, "A");
	struct str title = S("Stuhl"), folder = S("B/C");
	enum asset_class class = CLASS_CONFIDENTIAL;
	int64_t embargo = 5 * US_PER_S, expires = 9 * US_PER_S, none = 0;
	struct error e;

	assert_int_equal(edit(f, id, (struct asset_edit){.title = &title}, &e), 0);
	assert_true(str_eq(get(f, id).title, title));
	assert_true(str_eq(get(f, id).folder_path, S("A")));
	assert_int_equal(get(f, id).class, CLASS_PUBLIC);
	assert_int_equal(edit(f, id,
	                     (struct asset_edit){.class = &class,
	                         .embargo_us = &embargo,
	                         .expires_us = &expires,
	                         .folder_path = &folder},
	                     &e),
	    0);
	assert_true(str_eq(get(f, id).title, title));
	assert_true(str_eq(get(f, id).folder_path, folder));
	assert_int_equal(get(f, id).class, CLASS_CONFIDENTIAL);
	assert_int_equal(get(f, id).embargo_us, embargo);
	assert_int_equal(edit(f, id, (struct asset_edit){.embargo_us = &none}, &e), 0);
	assert_int_equal(get(f, id).embargo_us, 0);
	assert_int_equal(get(f, id).expires_us, expires);
	assert_int_equal(get(f, id).stamp, 4);
	assert_int_equal(
	    test_db_int(f->db, "SELECT count(*) FROM event WHERE kind = 'asset.changed'"), 3);
}

static void
keywords_are_one_when_they_read_the_same(void **state)
{
	struct fixture *f = *state;
	asset_id one = make(f, 100, ""), two = make(f, 200, "");
	const struct str first[] = {S("Möbel"), S("Sofa")}, again[] = {S("MÖBEL")};
	const asset_id ids[] = {two, {7}, one, two};
	struct str note = S("Vorsicht:\nnur bis Mai");
	struct keywords words[ARRAY_LEN(ids)];
	struct notes notes[ARRAY_LEN(ids)];
	struct error e;

	assert_int_equal(
	    edit(f, one,
	        (struct asset_edit){.add_keywords = first, .add_keyword_count = 2, .note = &note},
	        &e),
	    0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    edit(f, two, (struct asset_edit){.add_keywords = again, .add_keyword_count = 1},
		        &e),
		    0);
	assert_int_equal(keywords_get_list(f->db, f->a, ids, ARRAY_LEN(ids), words, &e), 0);
	assert_int_equal(notes_get_list(f->db, f->a, ids, ARRAY_LEN(ids), notes, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(ids); i += 3) {
		assert_int_equal(words[i].n, 1);
		assert_true(str_eq(words[i].v[0], S("Möbel")));
		assert_int_equal(notes[i].n, 0);
	}
	assert_int_equal(words[1].n + notes[1].n, 0); /* no such file */
	assert_int_equal(words[2].n, 2);
	assert_true(str_eq(words[2].v[0], S("Möbel")) && str_eq(words[2].v[1], S("Sofa")));
	assert_int_equal(notes[2].n, 1);
	assert_true(str_eq(notes[2].v[0].text, note) && str_eq(notes[2].v[0].author, S("Anna")));
	assert_int_equal(test_db_int(f->db, "SELECT count(*) FROM keyword"), 2);
}

static void
an_old_stamp_and_an_unknown_id_are_refused(void **state)
{
	struct fixture *f = *state;
	asset_id id = make(f, 100, "");
	struct str title = S("Neu");
	struct error e;

	assert_int_equal(edit(f, id, (struct asset_edit){.title = &title, .if_stamp = 1}, &e), 0);
	assert_int_equal(
	    edit(f, id, (struct asset_edit){.title = &title, .if_stamp = 1}, &e), ERR_PRECONDITION);
	assert_int_equal(get(f, id).stamp, 2);
	assert_int_equal(
	    edit(f, (asset_id){7}, (struct asset_edit){.title = &title}, &e), ERR_NOT_FOUND);
}

static void
lists_go_down_from_the_newest(void **state)
{
	struct fixture *f = *state;
	struct str folder = S("B");
	struct asset *list;
	size_t n;
	struct error e;

	make(f, 100, "A");
	make(f, 200, "B");
	make(f, 300, "B");
	assert_int_equal(asset_list(f->db, f->a, NULL, (struct page_at){0, 2}, &list, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].id.v, 300);
	assert_int_equal(
	    asset_list(f->db, f->a, NULL, (struct page_at){list[1].id.v, 2}, &list, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].id.v, 100);
	assert_int_equal(
	    asset_list(f->db, f->a, &folder, (struct page_at){300, 9}, &list, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].id.v, 200);
}

static int
release(struct fixture *f, asset_id id, struct release r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;

	r.set_by = f->person;
	if (change_begin(f->db, nobody, EVENT_RELEASE_CHANGED, &c, e) < 0 ||
	    release_set(c, id, &r, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

static void
a_release_is_set_whole_and_expires_by_itself(void **state)
{
	struct fixture *f = *state;
	asset_id id = make(f, 100, "");
	struct release got;
	struct error e;

	assert_int_equal(release(f, id,
	                     (struct release){.state = RELEASE_CONDITIONS,
	                         .until_us = 50,
	                         .credit = S("Foto: M. Olsen"),
	                         .reason = S("Presse"),
	                         .view_only = true},
	                     &e),
	    0);
	got = get(f, id).release;
	assert_int_equal(got.state, RELEASE_CONDITIONS);
	assert_true(got.view_only && str_eq(got.credit, S("Foto: M. Olsen")));
	assert_string_equal(release_shown(&got, 49), "conditions");
	assert_string_equal(release_shown(&got, 50), "expired");
	assert_int_equal(release(f, id, (struct release){.state = RELEASE_BLOCKED}, &e), 0);
	got = get(f, id).release;
	assert_true(got.until_us == 0 && got.credit.n == 0 && got.reason.n == 0 && !got.view_only);
	assert_string_equal(release_shown(&got, INT64_MAX), "blocked");
	assert_int_equal(get(f, id).stamp, 3);
	assert_int_equal(release(f, (asset_id){7}, got, &e), ERR_NOT_FOUND);
}

/* Deliveries 1 live, 2 revoked, 3 expired, 4 without the asset. */
static void
send_it(struct fixture *f, asset_id id)
{
	static const char delivery[] =
	    "INSERT INTO delivery (id, number, sender_id, method, subject, message, lang, "
	    "valid_from_us, expires_us, download_limit, level, revoked_us, stamp, item_count, "
	    "total_bytes, created_us) VALUES (?, ?, ?, 'package', '', '', 'de', 0, ?, 0, 1, ?, 1, "
	    "1, 1, 1)";
	static const char item[] =
	    "INSERT INTO delivery_item (delivery_id, position, asset_id, version_id, name) "
	    "VALUES (?, 1, ?, ?, 'x')";
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &e) < 0)
		fail_msg("%s", e.msg);
	for (int64_t d = 1; d <= 4; d++) {
		asset_id of = d == 4 ? (asset_id){200} : id;

		if (db_exec(f->db, NULL, &e, delivery, db_i(d),
		        db_s(arena_printf(f->a, "%lld", (long long)d)), db_i(f->person.v),
		        db_i(d == 3 ? 1 : INT64_MAX), db_i0(d == 2)) < 0 ||
		    db_exec(f->db, NULL, &e, item, db_i(d), db_i(of.v), db_i(of.v + 1)) < 0)
			fail_msg("%s", e.msg);
	}
	if (change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
live_deliveries_with_it_ask_again(void **state)
{
	struct fixture *f = *state;
	asset_id id = make(f, 100, "");
	struct str title = S("Neu");
	struct error e;

	make(f, 200, "");
	send_it(f, id);
	assert_int_equal(edit(f, id, (struct asset_edit){.title = &title}, &e), 0);
	assert_int_equal(release(f, id, (struct release){.state = RELEASE_BLOCKED}, &e), 0);
	assert_int_equal(test_db_int(f->db, "SELECT stamp FROM delivery WHERE id = 1"), 3);
	assert_int_equal(
	    test_db_int(f->db, "SELECT count(*) FROM delivery WHERE id > 1 AND stamp = 1"), 3);
}

/* One event of a delivery: what of it belongs to the file's history? */
static void
record(struct fixture *f, enum event_kind kind, int64_t delivery, int64_t version)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(kind);
	struct error e;

	ev.delivery.v = delivery;
	ev.version.v = version;
	if (change_begin(f->db, nobody, kind, &c, &e) < 0 || event_add(c, &ev, &e) < 0 ||
	    change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
its_history_tells_of_its_deliveries(void **state)
{
	struct fixture *f = *state;
	asset_id id = make(f, 100, "");
	static const char *const want[] = {
	    "asset.created", "delivery.created", "download.complete"};
	struct event_row *rows;
	size_t n;
	struct error e;

	make(f, 200, "");
	send_it(f, id);
	record(f, EVENT_DELIVERY_CREATED, 1, 0);
	record(f, EVENT_DELIVERY_CREATED, 4, 0);
	record(f, EVENT_MAIL_QUEUED, 1, 0);
	record(f, EVENT_DOWNLOAD_COMPLETE, 1, 101);
	record(f, EVENT_DOWNLOAD_COMPLETE, 1, 201);
	assert_int_equal(event_list_asset(f->db, f->a, id, &rows, &n, &e), 0);
	assert_int_equal(n, ARRAY_LEN(want));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(rows[i].kind.p, want[i]);
}

static void
facts_say_what_is_known_of_the_file(void **state)
{
	struct fixture *f = *state;
	asset_id id = make(f, 100, "");
	struct verdict_facts facts = {.ingested = true};
	struct error e;

	assert_int_equal(verdict_facts_file(f->db, f->a, id, (version_id){101}, &facts, &e), 0);
	assert_false(facts.ingested);
	assert_int_equal(facts.release, RELEASE_DRAFT);
	assert_int_equal(facts.malware, MALWARE_INFECTED);
	assert_int_equal(
	    verdict_facts_file(f->db, f->a, id, (version_id){7}, &facts, &e), ERR_NOT_FOUND);
}

static int64_t
traces(struct db *db)
{
	return test_db_int(db,
	    "SELECT (SELECT count(*) FROM keyword) + (SELECT count(*) FROM note) "
	    "+ (SELECT count(*) FROM folder WHERE path = 'B') + "
	    "(SELECT count(*) FROM asset WHERE title = 'Neu' OR stamp > 1) + "
	    "(SELECT count(*) FROM event WHERE kind = 'asset.changed')");
}

static void
a_fault_anywhere_leaves_nothing(void **state)
{
	struct fixture f = {0};
	const struct str keyword = S("Sofa");
	struct str title = S("Neu"), folder = S("B"), note = S("n");
	struct asset_edit ed = {.title = &title,
	    .folder_path = &folder,
	    .note = &note,
	    .add_keywords = &keyword,
	    .add_keyword_count = 1};
	struct error e;
	asset_id id;
	int n, r = -1;

	begin_with(&f, test_db_fake(schema_main));
	id = make(&f, 100, "A");
	for (n = 1; r != 0; n++) {
		assert_in_range(n, 1, 60);
		db_fake_fail(f.db, n, ERR_NO_SPACE);
		r = edit(&f, id, ed, &e);
		assert_int_equal(r, db_fake_failed(f.db) ? ERR_NO_SPACE : 0);
		assert_false(db_in_write(f.db));
		db_fake_fail(f.db, 0, 0);
		assert_int_equal(traces(f.db), r == 0 ? 5 : 0);
	}
	assert_true(n > 12);
	db_close(&f.db);
	arena_free(&f.a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_one_is_a_draft),
	    TEST(only_what_is_named_changes),
	    TEST(keywords_are_one_when_they_read_the_same),
	    TEST(an_old_stamp_and_an_unknown_id_are_refused),
	    TEST(lists_go_down_from_the_newest),
	    TEST(a_release_is_set_whole_and_expires_by_itself),
	    TEST(live_deliveries_with_it_ask_again),
	    TEST(its_history_tells_of_its_deliveries),
	    TEST(facts_say_what_is_known_of_the_file),
	    cmocka_unit_test(a_fault_anywhere_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
