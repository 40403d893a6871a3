/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sweep - a blob that any row names stays, also while its upload ends; what has had its time goes
 * with all that hangs on it, and not before; keys of nobody are found, however many stand before
 * them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "model/idempotency.h"
#include "model/job.h"
#include "model/person.h"
#include "model/rendition.h"
#include "model/sweep.h"
#include "model/test_file.h"
#include "model/upload.h"

#define MOVES 300
#define BYTES 10
#define HALF 5
#define WEEK_US (7 * US_PER_DAY)
#define WRAPS (SWEEP_WRAPS_AT_ONCE + 500)

static const struct actor nobody = {ACTOR_SYSTEM, 0};

struct fixture {
	struct db *db;
	struct arena *a;
	struct error e;
	person_id by;
};

static person_id
person(struct db *db)
{
	AUTO(change_abort) struct change *c = NULL;
	struct error e;
	person_id id;

	if (change_begin(db, nobody, CHANGE_HOUSEKEEPING, &c, &e) < 0 ||
	    person_create(c, S("P"), S("a@b.example"), S("editor"), &id, &e) < 0 ||
	    change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
	return id;
}

static int
begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	f->db = test_db(schema_main);
	f->a = arena_new();
	f->by = person(f->db);
	*state = f;
	return 0;
}

static int
end(void **state)
{
	struct fixture *f = *state;

	db_close(&f->db);
	arena_free(&f->a);
	free(f);
	return 0;
}

static struct id128
id(uint8_t n)
{
	return (struct id128){{n}};
}

static int64_t
rows(struct fixture *f, const char *table, const char *where)
{
	return test_db_rows(f->db, f->a, table, where);
}

/* Upload n, of BYTES bytes, will be version n. */
static void
upload(struct fixture *f, uint8_t n, int64_t expires_us)
{
	AUTO(change_abort) struct change *c = NULL;
	struct upload u = {.id = id(n),
	    .person = f->by,
	    .version = {n},
	    .folder_path = S(""),
	    .name = S("a.bin"),
	    .metadata = S(""),
	    .length = BYTES,
	    .expires_us = expires_us};
	asset_id none;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    upload_create(c, f->a, &u, &none, &f->e) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

/* One half of it, which is this blob. */
static void
part(struct fixture *f, uint8_t n, int64_t offset, uint8_t blob)
{
	AUTO(change_abort) struct change *c = NULL;
	struct upload_part p = {id(n), id(blob), offset, HALF};
	enum event_kind verb = offset == 0 ? CHANGE_HOUSEKEEPING : EVENT_VERSION_CREATED;
	asset_id result;

	if (change_begin(f->db, nobody, verb, &c, &f->e) < 0 ||
	    upload_add_part(c, f->a, &p, &result, &f->e) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static bool
is_named(struct fixture *f, uint8_t blob)
{
	int r = blob_is_named(f->db, id(blob), &f->e);

	if (r < 0)
		fail_msg("%s", f->e.msg);
	return r;
}

static int
swept_uploads(struct fixture *f, int64_t now_us)
{
	int n;

	if (sweep_uploads(f->db, now_us, &n, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	return n;
}

static void
sweep_what_is_done(struct fixture *f, int64_t now_us)
{
	if (sweep_finished(f->db, now_us, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

/* ---- blobs ---- */

static void
a_blob_that_any_table_names_stays(void **state)
{
	struct fixture *f = *state;
	AUTO(change_abort) struct change *c = NULL;
	const struct media pictures = {.state = MEDIA_READY, .blob = id(30)};
	const struct rendition one = {1, 64, 64, 51, S("jpeg"), 0, 10};

	upload(f, 1, INT64_MAX);
	part(f, 1, 0, 10);
	assert_true(is_named(f, 10));
	assert_false(is_named(f, 20));
	part(f, 1, HALF, 20);
	assert_int_equal(rows(f, "upload_part", NULL), 0);
	assert_true(is_named(f, 10) && is_named(f, 20));
	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    media_expect(c, (version_id){1}, f->by, &f->e) < 0 ||
	    media_set(c, (version_id){1}, &pictures, &one, 1, &f->e) < 0 ||
	    change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	assert_true(is_named(f, 30));
	assert_true(is_named(f, 10) && is_named(f, 20));
	assert_false(is_named(f, 40));
}

/* A fifth one would be one that blob_is_named has to be told of. */
static void
four_tables_name_blobs(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    test_db_int(
	        f->db, db_is_postgres(f->db)
	                   ? "SELECT count(*) FROM information_schema.columns "
	                     "WHERE table_schema = 'public' AND column_name = 'blob_id'"
	                   : "SELECT count(*) FROM sqlite_schema m, pragma_table_info(m.name) c "
	                     "WHERE m.type = 'table' AND c.name = 'blob_id'"),
	    4);
}

/* ---- a blob whose upload ends just then ---- */

struct place {
	char dir[32], url[64], lock[64];
};

static struct db *
open_place(const struct place *p)
{
	const char *pg = getenv("GELEIT_TEST_PG");
	struct db *db = NULL;
	struct error e;

	if (db_open(pg != NULL ? pg : p->url, pg != NULL ? NULL : p->lock, &db, &e) < 0)
		fail_msg("%s", e.msg);
	return db;
}

/* From the upload to the version and back, each time in one change. */
static int
move_to_and_fro(struct db *db, struct error *e)
{
	static const char *const out[] = {"DELETE FROM upload_part WHERE blob_id = ?",
	    "DELETE FROM version_part WHERE blob_id = ?"};
	static const char *const in[] = {
	    "INSERT INTO version_part (version_id, position, blob_id, bytes) VALUES (?, 0, ?, 5)",
	    "INSERT INTO upload_part (upload_id, position, blob_id, bytes) VALUES (?, 0, ?, 5)"};
	struct id128 blob = id(10), of = id(1);

	for (int i = 0; i < MOVES; i++) {
		AUTO(change_abort) struct change *c = NULL;

		if (change_begin(db, nobody, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
		    db_exec(db, NULL, e, out[i % 2], db_id128(&blob)) < 0 ||
		    db_exec(db, NULL, e, in[i % 2], i % 2 == 0 ? db_i(101) : db_id128(&of),
		        db_id128(&blob)) < 0 ||
		    change_commit(&c, e) < 0)
			return err_code(e);
	}
	return 0;
}

/* Its own process, which goes on when it is told to. */
static pid_t
mover(const struct place *p, int *ret_go)
{
	int pipe_fds[2];
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error e;
		char go;

		if (read(pipe_fds[0], &go, 1) != 1)
			_exit(2);
		_exit(move_to_and_fro(open_place(p), &e) < 0);
	}
	close(pipe_fds[0]);
	*ret_go = pipe_fds[1];
	return pid;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static void
a_blob_is_named_while_its_upload_ends(void **state)
{
	struct place p = {.dir = "/tmp/sweep_test.XXXXXX"};
	struct fixture f = {.a = arena_new()};
	int go, status = 0;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(p.dir));
	snprintf(p.url, sizeof p.url, "sqlite:%s/db", p.dir);
	snprintf(p.lock, sizeof p.lock, "%s/lock", p.dir);
	pid = mover(&p, &go);
	if (getenv("GELEIT_TEST_PG") != NULL)
		f.db = test_db_empty_pg();
	else
		f.db = open_place(&p);
	if (migrate(f.db, schema_main, &f.e) < 0)
		fail_msg("%s", f.e.msg);
	f.by = person(f.db);
	test_file(f.db, f.a, f.by, 100, "a.bin", 0); /* version 101 */
	upload(&f, 1, INT64_MAX);
	part(&f, 1, 0, 10);
	assert_int_equal(write(go, "g", 1), 1);
	while (waitpid(pid, &status, WNOHANG) == 0)
		assert_true(is_named(&f, 10));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(go);
	db_close(&f.db);
	arena_free(&f.a);
	assert_int_equal(nftw(p.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- uploads ---- */

static void
an_upload_ends_after_its_date_with_its_parts(void **state)
{
	struct fixture *f = *state;

	upload(f, 1, 1000);
	part(f, 1, 0, 10);
	upload(f, 2, 1001);
	part(f, 2, 0, 20);
	upload(f, 3, 1000); /* nothing came of it */
	upload(f, 4, 500);
	part(f, 4, 0, 40);
	part(f, 4, HALF, 41); /* complete */
	assert_int_equal(swept_uploads(f, 1000), 0);
	assert_int_equal(rows(f, "upload", NULL), 4);
	assert_true(is_named(f, 10));
	assert_int_equal(swept_uploads(f, 1001), 2);
	assert_int_equal(rows(f, "upload", "version_id IN (1, 3)"), 0);
	assert_int_equal(rows(f, "upload_part", NULL), 1);
	assert_false(is_named(f, 10));
	assert_true(is_named(f, 20));
	assert_int_equal(rows(f, "upload", "version_id = 4"), 1); /* its client may still ask */
	assert_true(is_named(f, 40) && is_named(f, 41));
	assert_int_equal(swept_uploads(f, 1002), 1);
	assert_false(is_named(f, 20));
	assert_int_equal(swept_uploads(f, INT64_MAX), 0);
	assert_true(is_named(f, 40) && is_named(f, 41));
}

static void
a_complete_upload_is_forgotten_after_a_week_and_its_file_is_not(void **state)
{
	struct fixture *f = *state;

	upload(f, 1, 500);
	part(f, 1, 0, 10);
	part(f, 1, HALF, 11);
	upload(f, 2, INT64_MAX);
	part(f, 2, 0, 20);
	test_set(f->db, f->a, "upload", "touched_us = 1000", NULL);
	sweep_what_is_done(f, 1000 + WEEK_US);
	assert_int_equal(rows(f, "upload", NULL), 2);
	sweep_what_is_done(f, 1001 + WEEK_US);
	assert_int_equal(rows(f, "upload", "version_id = 1"), 0);
	assert_int_equal(
	    rows(f, "upload", "version_id = 2"), 1); /* not complete: has its own date */
	assert_int_equal(rows(f, "version", "id = 1"), 1);
	assert_true(is_named(f, 10) && is_named(f, 11) && is_named(f, 20));
}

/* ---- what else has had its time ---- */

static void
of_jobs_only_those_that_are_done_go(void **state)
{
	static const char *const states[] = {"queued", "running", "dead", "done"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		TEST_EXEC(f->db,
		    "INSERT INTO job (id, kind, version_id, dedupe, state, due_us, fence, tries, "
		    "created_us) VALUES (?, 'ingest', ?, NULL, ?, 0, 0, 0, 1000)",
		    db_i((int64_t)i + 1), db_i((int64_t)i + 1), db_s(str_c(states[i])));
	sweep_what_is_done(f, 1000 + WEEK_US);
	assert_int_equal(rows(f, "job", NULL), 4);
	sweep_what_is_done(f, 1001 + WEEK_US);
	assert_int_equal(rows(f, "job", NULL), 3);
	assert_int_equal(rows(f, "job", "state = 'done'"), 0);
}

static void
answers_are_kept_for_a_day(void **state)
{
	struct fixture *f = *state;
	AUTO(change_abort) struct change *c = NULL;
	const struct idempotency i = {.key = {1}, .idem = S("k"), .status = 200, .body = S("{}")};

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    idempotency_keep(c, &i, &f->e) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	test_set(f->db, f->a, "idempotency", "created_us = 1000", NULL);
	sweep_what_is_done(f, 1000 + US_PER_DAY);
	assert_int_equal(rows(f, "idempotency", NULL), 1);
	sweep_what_is_done(f, 1001 + US_PER_DAY);
	assert_int_equal(rows(f, "idempotency", NULL), 0);
}

static void
a_retired_blob_is_named_for_a_day(void **state)
{
	struct fixture *f = *state;
	struct id128 blob = id(10);

	TEST_EXEC(f->db, "INSERT INTO retired_blob (blob_id, retired_us) VALUES (?, 1000)",
	    db_id128(&blob));
	sweep_what_is_done(f, 1000 + US_PER_DAY);
	assert_true(is_named(f, 10));
	sweep_what_is_done(f, 1001 + US_PER_DAY);
	assert_false(is_named(f, 10));
}

static void
an_undo_goes_with_its_items(void **state)
{
	struct fixture *f = *state;

	test_asset(f->db, f->a, f->by, 100);
	for (uint8_t n = 1; n <= 2; n++) {
		struct id128 token = id(n);

		TEST_EXEC(f->db,
		    "INSERT INTO undo (id, person_id, what, made, until_us) "
		    "VALUES (?, ?, 'trash', 0, ?)",
		    db_id128(&token), db_i(f->by.v), db_i(999 + n));
		TEST_EXEC(f->db,
		    "INSERT INTO undo_item (undo_id, asset_id, was) VALUES (?, 100, 0)",
		    db_id128(&token));
	}
	sweep_what_is_done(f, 1000);
	assert_int_equal(rows(f, "undo", NULL), 2);
	assert_int_equal(rows(f, "undo_item", NULL), 2);
	sweep_what_is_done(f, 1001);
	assert_int_equal(rows(f, "undo", "until_us = 1001"), 1);
	assert_int_equal(rows(f, "undo_item", NULL), 1);
	assert_int_equal(rows(f, "undo", NULL), 1);
}

/* ---- keys ---- */

/* Keys of versions 1 to WRAPS, all made at 5; the main database knows none of them. */
static struct db *
keys_of_nobody(void)
{
	struct db *keys = test_db_fake(schema_keys);
	struct error e;

	if (db_write_begin(keys, DB_CHANGE, &e) < 0 ||
	    db_exec(keys, NULL, &e, "INSERT INTO epoch_key (epoch, wrap) VALUES (1, ?)",
	        db_bytes("w", 1)) < 0)
		fail_msg("%s", e.msg);
	for (int i = 1; i <= WRAPS; i++) {
		if (db_exec(keys, NULL, &e,
		        "INSERT INTO version_key (version_id, epoch, wrap, created_us) "
		        "VALUES (?, 1, ?, 5)",
		        db_i(i), db_bytes("w", 1)) < 0)
			fail_msg("%s", e.msg);
	}
	if (db_commit(keys, &e) < 0)
		fail_msg("%s", e.msg);
	return keys;
}

static void
look(struct db *db, struct db *keys, struct arena *a, struct wrap_sweep *s)
{
	struct error e;

	if (sweep_wraps_list(db, keys, a, s, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
every_key_is_looked_at_in_its_turn(void **state)
{
	struct arena *a = arena_new();
	struct db *db = test_db(schema_main), *keys = keys_of_nobody();
	struct wrap_sweep s = {.before_us = 6};

	(void)state;
	look(db, keys, a, &s);
	assert_int_equal(s.n, SWEEP_WRAPS_AT_ONCE);
	assert_int_equal(s.list[0].v, WRAPS);
	look(db, keys, a, &s); /* nothing was removed meanwhile: the older ones */
	assert_int_equal(s.n, WRAPS - SWEEP_WRAPS_AT_ONCE);
	assert_int_equal(s.list[s.n - 1].v, 1);
	look(db, keys, a, &s); /* and anew */
	assert_int_equal(s.list[0].v, WRAPS);
	s = (struct wrap_sweep){.before_us = 5};
	look(db, keys, a, &s);
	assert_int_equal(s.n, 0);
	db_close(&keys);
	db_close(&db);
	arena_free(&a);
}

/* Versions `from` to WRAPS, all of one file. */
static void
versions(struct fixture *f, int from)
{
	AUTO(change_abort) struct change *c = NULL;

	test_asset(f->db, f->a, f->by, 2 * WRAPS);
	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	for (int i = from; i <= WRAPS; i++) {
		if (db_exec(f->db, NULL, &f->e,
		        "INSERT INTO version (id, asset_id, number, name, bytes, malware, state, "
		        "created_by, created_us) "
		        "VALUES (?, ?, ?, 'a', 0, 'clean', 'ready', ?, 1)",
		        db_i(i), db_i(2 * WRAPS), db_i(i), db_i(f->by.v)) < 0)
			fail_msg("%s", f->e.msg);
	}
	if (change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static void
the_key_of_an_upload_goes_with_it_behind_a_large_library(void **state)
{
	struct fixture *f = *state;
	struct db *keys = keys_of_nobody();
	struct wrap_sweep s = {.before_us = 6};

	versions(f, 3);
	upload(f, 1, 1000);
	upload(f, 2, 2000);
	for (int i = 0; i < 2; i++) {
		look(f->db, keys, f->a, &s);
		assert_int_equal(s.n, 0); /* versions and uploads have them all */
	}
	assert_int_equal(swept_uploads(f, 1001), 1);
	look(f->db, keys, f->a, &s);
	assert_int_equal(s.n, 0);
	look(f->db, keys, f->a, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.list[0].v, 1);
	db_close(&keys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_blob_that_any_table_names_stays, begin, end),
	    cmocka_unit_test_setup_teardown(four_tables_name_blobs, begin, end),
	    cmocka_unit_test(a_blob_is_named_while_its_upload_ends),
	    cmocka_unit_test_setup_teardown(
	        an_upload_ends_after_its_date_with_its_parts, begin, end),
	    cmocka_unit_test_setup_teardown(
	        a_complete_upload_is_forgotten_after_a_week_and_its_file_is_not, begin, end),
	    cmocka_unit_test_setup_teardown(of_jobs_only_those_that_are_done_go, begin, end),
	    cmocka_unit_test_setup_teardown(answers_are_kept_for_a_day, begin, end),
	    cmocka_unit_test_setup_teardown(a_retired_blob_is_named_for_a_day, begin, end),
	    cmocka_unit_test_setup_teardown(an_undo_goes_with_its_items, begin, end),
	    cmocka_unit_test(every_key_is_looked_at_in_its_turn),
	    cmocka_unit_test_setup_teardown(
	        the_key_of_an_upload_goes_with_it_behind_a_large_library, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
