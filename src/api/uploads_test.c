/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * uploads - the life of an upload as front drives it: requests, parts sealed under the key
 * that was handed out, BODY; and what a fault leaves behind (all that was acknowledged)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "api/test_api.h"
#include "model/version.h"

#define TYPE "application/offset+octet-stream"

static int
begin(void **state)
{
	*state = fixture_new(test_db(schema_main));
	return 0;
}

static int
begin_fake(void **state)
{
	*state = fixture_new(test_db_fake(schema_main));
	return 0;
}

static int
end(void **state)
{
	assert_int_equal(test_stale_views(((struct fixture *)*state)->x.db), 0);
	fixture_free(*state);
	return 0;
}

/* ---- requests ---- */

/* POST without a body: the address of the upload. */
static struct str
create(struct fixture *f, const char *length, const char *metadata)
{
	struct ask k = {.method = "POST",
	    .target = S("/api/v1/uploads"),
	    .fields = {"upload-length", length, metadata != NULL ? "upload-metadata" : NULL,
	        metadata},
	    .length = -2};

	if (send_ask(f, k) != 201)
		fail_msg("%.*s", STR(buf_view(&f->r.body)));
	return field(f, "Location");
}

static uint32_t
patch(struct fixture *f, struct str upload, const char *offset, int64_t length)
{
	return send_ask(f, (struct ask){.method = "PATCH",
	                       .target = upload,
	                       .fields = {"upload-offset", offset, "content-type", TYPE},
	                       .length = length});
}

static uint32_t
head(struct fixture *f, struct str upload)
{
	return send_ask(f, (struct ask){.method = "HEAD", .target = upload, .length = -2});
}

/* ---- what came of it ---- */

static int
add_one(void *arg, struct id128 id, bool is_part, uint64_t bytes, int64_t mtime_us)
{
	int *n = arg;

	n[is_part]++;
	return 0;
}

static int
objects(struct fixture *f, bool parts)
{
	int n[2] = {0};

	assert_int_equal(store_list(f->x.store, add_one, n, &f->e), 0);
	return n[parts];
}

static version_id
version_of_reply(struct fixture *f)
{
	version_id v = {0};

	assert_true(id_parse(field(f, "Geleit-Version"), &v.v));
	return v;
}

/* The content, through the sealed parts in the order of their rows. */
static struct str
content(struct fixture *f, version_id v)
{
	struct version_part *parts;
	struct str all = S("");
	struct data_key key;
	size_t n;

	if (keyring_version_get(&f->x.keys, v, &key, &f->e) < 0 ||
	    version_parts(f->x.db, f->x.a, v, &parts, &n, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	for (size_t i = 0; i < n; i++) {
		AUTO(sealed_reader_free) struct sealed_reader *r = NULL;
		AUTO(fd_close) int fd = -1;
		uint8_t context[SEALED_CONTEXT_BYTES];
		char bytes[1001];
		size_t got;

		sealed_context(parts[i].blob, SEALED_ORIGINAL, context);
		if (store_blob_open(f->x.store, parts[i].blob, &fd, &f->e) < 0 ||
		    sealed_reader_new(fd, &key, context, &r, &f->e) < 0 ||
		    sealed_read(r, 0, bytes, sizeof bytes, &got, &f->e) < 0)
			fail_msg("%s", f->e.msg);
		assert_int_equal(got, parts[i].bytes);
		all = arena_printf(f->x.a, "%.*s%.*s", STR(all), (int)got, bytes);
	}
	return all;
}

/* ---- tests ---- */

static void
options_tell_what_there_is(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(send_ask(f, (struct ask){.method = "OPTIONS",
	                                 .target = S("/api/v1/uploads"),
	                                 .key = S(""),
	                                 .length = -2,
	                                 .without_tus = true}),
	    204);
	assert_true(str_eq(field(f, "Tus-Version"), S("1.0.0")));
	assert_true(str_eq(field(f, "Tus-Max-Size"), S("1000")));
	assert_true(str_eq(field(f, "Tus-Extension"),
	    S("creation,creation-with-upload,checksum,termination,expiration")));
}

static void
a_file_comes_in_pieces(void **state)
{
	struct fixture *f = *state;
	/* "Möbel.tif", "Presse" */
	const char *metadata = "filename TcO2YmVsLnRpZg==,folder UHJlc3Nl,is_odd";
	struct str upload = create(f, "11", metadata);
	version_id v;

	assert_int_equal(patch(f, upload, "0", 11), 100);
	assert_int_equal(f->r.take.part_bytes, 11);
	assert_int_equal(f->r.take.body_bytes, 11);
	assert_int_equal(hand_in(f, fill(f, "Hello")), 100);
	assert_int_equal(f->r.take.part_bytes, 6);
	assert_int_equal(last(f, " W"), 204);
	assert_true(str_eq(field(f, "Upload-Offset"), S("7")));
	assert_null(field(f, "Geleit-Asset").p);

	assert_int_equal(head(f, upload), 200);
	assert_true(str_eq(field(f, "Upload-Offset"), S("7")));
	assert_true(str_eq(field(f, "Upload-Length"), S("11")));
	assert_true(str_eq_c(field(f, "Upload-Metadata"), metadata));
	assert_true(str_eq(field(f, "Cache-Control"), S("no-store")));
	assert_int_equal(patch(f, upload, "5", 4), 409);
	assert_true(says(f, "offset-mismatch"));
	assert_int_equal(patch(f, upload, "7", 5), 413);
	assert_int_equal(rows(f, "asset", NULL), 0);

	assert_int_equal(patch(f, upload, "7", -1), 100);
	assert_int_equal(last(f, "orld"), 204);
	v = version_of_reply(f);
	assert_true(str_eq(content(f, v), S("Hello World")));
	assert_int_equal(rows(f, "asset", "title = 'Möbel.tif'"), 1);
	assert_int_equal(
	    rows(f, "folder", "path = 'Presse' AND id IN (SELECT folder_id FROM asset)"), 1);
	assert_int_equal(
	    rows(f, "version",
	        "id IN (SELECT current_version_id FROM asset) AND name = 'Möbel.tif' AND "
	        "state = 'pending' AND number = 1 AND bytes = 11"),
	    1);
	assert_int_equal(rows(f, "release", "state = 'draft'"), 1);
	assert_int_equal(rows(f, "upload_part", NULL), 0);
	assert_int_equal(rows(f, "job", "kind = 'ingest'"), 1);
	assert_int_equal(rows(f, "event", "kind IN ('asset.created', 'version.created')"), 2);
	assert_int_equal(objects(f, true), 0);
	assert_int_equal(objects(f, false), 3);

	assert_int_equal(head(f, upload), 200);
	assert_true(str_eq(field(f, "Upload-Offset"), S("11")));
	assert_int_equal(version_of_reply(f).v, v.v);
	assert_int_equal(patch(f, upload, "11", 0), 204);
	assert_int_equal(
	    send_ask(f, (struct ask){.method = "DELETE", .target = upload, .length = -2}), 409);
}

static void
creation_may_bring_the_bytes(void **state)
{
	struct fixture *f = *state;
	struct ask k = {.method = "POST",
	    .target = S("/api/v1/uploads"),
	    .fields = {"upload-length", "5", "content-type", TYPE, "upload-metadata",
	        "release Y2xlYXJlZA=="},
	    .length = 5};

	assert_int_equal(send_ask(f, k), 100);
	assert_int_equal(last(f, "Hello"), 201);
	assert_true(str_starts(field(f, "Location"), S("/api/v1/uploads/")));
	assert_true(str_eq(field(f, "Upload-Offset"), S("5")));
	assert_true(str_eq(content(f, version_of_reply(f)), S("Hello")));
	assert_int_equal(rows(f, "release", "state = 'cleared'"), 1);
	assert_int_equal(events(f, "release.changed"), 1);
}

static void
nothing_is_complete_at_once(void **state)
{
	struct fixture *f = *state;

	create(f, "0", NULL);
	assert_true(content(f, version_of_reply(f)).n == 0);
	assert_int_equal(rows(f, "version", "bytes = 0"), 1);
	assert_int_equal(rows(f, "version_part", NULL), 0);
	assert_int_equal(rows(f, "job", NULL), 1);
}

static void
an_asset_gets_another_version(void **state)
{
	struct fixture *f = *state;
	struct str asset, upload;
	char id[40];

	create(f, "0", NULL);
	asset = field(f, "Geleit-Asset");
	snprintf(id, sizeof id, "asset %.*s", STR(str_b64(f->x.a, asset.p, asset.n)));
	upload = create(f, "3", id);
	assert_int_equal(patch(f, upload, "0", 3), 100);
	assert_int_equal(last(f, "new"), 204);
	assert_true(str_eq(field(f, "Geleit-Asset"), asset));
	assert_true(str_eq(content(f, version_of_reply(f)), S("new")));
	assert_int_equal(
	    rows(f, "version", "number = 2 AND id IN (SELECT current_version_id FROM asset)"), 1);
	assert_int_equal(events(f, "asset.created"), 1);
	assert_int_equal(events(f, "version.created"), 2);
}

static void
odd_requests_are_refused_in_words_of_tus(void **state)
{
	static const struct {
		uint32_t status;
		const char *code;
		const char *fields[6];
		int64_t length;
		bool without_tus;
	} cases[] = {
	    {412, "tus-version", {"upload-length", "5"}, -2, true},
	    {412, "tus-version", {"upload-length", "5", "tus-resumable", "0.2.2"}, -2, true},
	    {400, "bad-length", {NULL}, -2, false},
	    {400, "bad-length", {"upload-length", ""}, -2, false},
	    {400, "bad-length", {"upload-length", "-1"}, -2, false},
	    {400, "bad-length", {"upload-length", "5x"}, -2, false},
	    {400, "bad-length", {"upload-length", "18446744073709551616"}, -2, false},
	    {413, "upload-too-large", {"upload-length", "1001"}, -2, false},
	    {413, "upload-too-large", {"upload-length", "18446744073709551615"}, -2, false},
	    {413, "upload-too-large", {"upload-length", "5", "content-type", TYPE}, 6, false},
	    {415, "", {"upload-length", "5"}, 5, false},
	    {400, "bad-metadata", {"upload-length", "5", "upload-metadata", "filename ?"}, -2,
	        false},
	    {400, "bad-metadata", {"upload-length", "5", "upload-metadata", "filename /w=="}, -2,
	        false},
	    {400, "bad-metadata", {"upload-length", "5", "upload-metadata", "filename YQBi"}, -2,
	        false},
	    {400, "bad-metadata", {"upload-length", "5", "upload-metadata", "folder Li4vYQ=="}, -2,
	        false},
	    {400, "bad-metadata", {"upload-length", "5", "upload-metadata", "\xff YQ=="}, -2,
	        false},
	    {400, "bad-metadata", {"upload-length", "5", "upload-metadata", "a YQ==,a Yg=="}, -2,
	        false},
	    {400, "bad-metadata", {"upload-length", "5", "upload-metadata", "a YQ==,,b Yg=="}, -2,
	        false},
	    {400, "bad-metadata", {"upload-length", "5", "upload-metadata", "release ZHJhZnQ="}, -2,
	        false},
	    {400, "bad-metadata", {"upload-length", "5", "upload-metadata", "asset eA=="}, -2,
	        false},
	    {404, "", {"upload-length", "5", "upload-metadata", "asset Nw=="}, -2, false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ask k = {.method = "POST",
		    .target = S("/api/v1/uploads"),
		    .length = cases[i].length,
		    .without_tus = cases[i].without_tus};

		memcpy(k.fields, cases[i].fields, sizeof cases[i].fields);
		if (send_ask(f, k) != cases[i].status ||
		    (cases[i].code[0] != '\0' && !says(f, cases[i].code)))
			fail_msg("row %zu: %u %.*s", i, f->r.status, STR(buf_view(&f->r.body)));
		assert_true(str_eq(field(f, "Tus-Resumable"), S("1.0.0")));
		assert_int_equal(field(f, "Tus-Version").p != NULL, cases[i].status == 412);
	}
	assert_int_equal(rows(f, "upload", NULL), 0);
}

static void
hostile_names_become_harmless(void **state)
{
	struct fixture *f = *state;

	create(f, "0", "filename Li4vLi4vZXRjL3Bhc3N3ZA=="); /* ../../etc/passwd */
	assert_int_equal(rows(f, "version", "name = 'passwd'"), 1);
	create(f, "0", "filename");
	assert_int_equal(rows(f, "version", "name = 'datei'"), 1);
}

static void
an_upload_is_its_owners(void **state)
{
	struct fixture *f = *state;
	struct str upload = create(f, "5", NULL);
	const struct {
		struct str key;
		uint32_t status;
	} cases[] = {{new_key(f, "bert@geleit.example", "editor", "all"), 404},
	    {new_key(f, "chris@geleit.example", "administrator", "all"), 200},
	    {new_key(f, "dora@geleit.example", "administrator", "upload"), 404},
	    {new_key(f, "emil@geleit.example", "viewer", "all"), 403}, {S(""), 401},
	    {S("geleit_1_x"), 401}};
	struct ask k = {.method = "POST",
	    .target = S("/api/v1/uploads"),
	    .fields = {"upload-length", "1", "upload-metadata", "release Y2xlYXJlZA=="},
	    .length = -2};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    send_ask(f,
		        (struct ask){
		            .method = "HEAD", .target = upload, .key = cases[i].key, .length = -2}),
		    cases[i].status);
	assert_int_equal(
	    send_ask(f,
	        (struct ask){
	            .method = "DELETE", .target = upload, .key = cases[0].key, .length = -2}),
	    404);
	k.key = cases[2].key; /* may upload, may not clear */
	assert_int_equal(send_ask(f, k), 403);
	assert_int_equal(head(f, upload), 200);
	assert_int_equal(head(f, S("/api/v1/uploads/00")), 404);
}

static void
an_upload_ends_by_word_or_by_date(void **state)
{
	struct fixture *f = *state;
	struct str upload = create(f, "5", NULL), old = create(f, "5", NULL);

	assert_int_equal(patch(f, upload, "0", 5), 100);
	assert_int_equal(last(f, "ab"), 204);
	assert_int_equal(
	    send_ask(f, (struct ask){.method = "DELETE", .target = upload, .length = -2}), 204);
	assert_int_equal(head(f, upload), 404);
	assert_int_equal(rows(f, "upload_part", NULL), 0);
	f->x.now_us += US_PER_DAY + US_PER_S;
	assert_int_equal(head(f, old), 410);
	assert_int_equal(patch(f, old, "0", 5), 410);
}

static void
what_was_not_whole_counts_as_far_as_it_came(void **state)
{
	struct fixture *f = *state;
	struct str upload = create(f, "5", NULL);
	struct msg_body m;

	assert_int_equal(patch(f, upload, "0", 5), 100);
	m = fill(f, "ab");
	m.broken = true;
	assert_int_equal(hand_in(f, m), 204);
	assert_int_equal(patch(f, upload, "2", 3), 100);
	m = fill(f, "c");
	m.failed = ERR_IO; /* the disk is not full, it is broken */
	assert_int_equal(hand_in(f, m), 500);
	assert_int_equal(patch(f, upload, "2", 3), 100);
	m = fill(f, "c");
	m.failed = ERR_NO_SPACE;
	assert_int_equal(hand_in(f, m), 507);
	assert_true(says(f, "no-space") && f->r.close);
	assert_int_equal(patch(f, upload, "2", 3), 100);
	m = fill(f, "");
	m.broken = true;
	assert_int_equal(hand_in(f, m), 204);
	assert_int_equal(objects(f, true), 0);
	assert_int_equal(objects(f, false), 1);
	assert_int_equal(patch(f, upload, "2", -1), 100);
	m = fill(f, "cde");
	m.excess = true;
	assert_int_equal(hand_in(f, m), 413);
	assert_true(f->r.close && str_eq(field(f, "Tus-Resumable"), S("1.0.0")));
	assert_int_equal(head(f, upload), 200);
	assert_true(str_eq(content(f, version_of_reply(f)), S("abcde")));
}

static void
a_part_counts_once_and_only_where_it_belongs(void **state)
{
	struct fixture *f = *state;
	struct str upload = create(f, "6", NULL);
	struct msg_body m, other;
	char *forged;

	assert_int_equal(patch(f, upload, "0", 6), 100);
	m = fill(f, "abc");
	m.ended = true;
	other = m;
	other.blob.b[0] ^= 1;
	assert_int_equal(hand_in(f, other), 403);
	forged = arena_cstr(f->x.a, m.ticket);
	forged[m.ticket.n / 2] ^= 1;
	other = m;
	other.ticket.p = forged;
	assert_int_equal(hand_in(f, other), 403);
	other = m;
	other.bytes = 7; /* more than was sealed, and than is missing */
	assert_true(hand_in(f, other) >= 400);
	assert_int_equal(rows(f, "upload", "committed = 0"), 1);

	assert_int_equal(patch(f, upload, "0", 6), 100);
	m = fill(f, "abc");
	m.ended = true;
	assert_int_equal(hand_in(f, m), 204);
	assert_int_equal(hand_in(f, m), 204);
	assert_int_equal(rows(f, "upload", "committed = 3"), 1);
	assert_int_equal(rows(f, "upload_part", NULL), 1);
	f->x.now_us += 2 * US_PER_DAY;
	assert_int_equal(hand_in(f, m), 403);
}

static void
two_clients_at_one_offset(void **state)
{
	struct fixture *f = *state;
	struct str upload = create(f, "3", NULL);
	struct msg_body first, second;

	assert_int_equal(patch(f, upload, "0", 3), 100);
	first = fill(f, "abc");
	assert_int_equal(patch(f, upload, "0", 3), 100);
	second = fill(f, "xyz");
	assert_int_equal(hand_in(f, first), 204);
	assert_true(str_eq(content(f, version_of_reply(f)), S("abc")));
	assert_int_equal(hand_in(f, second), 409);
	assert_int_equal(rows(f, "version", NULL), 1);
}

static void
a_full_disk_loses_nothing_acknowledged(void **state)
{
	struct fixture *f = *state;
	struct str upload = create(f, "4", NULL);

	assert_int_equal(patch(f, upload, "0", 4), 100);
	assert_int_equal(last(f, "ab"), 204);
	store_mem_fail(f->x.store, 1, ERR_NO_SPACE);
	assert_int_equal(patch(f, upload, "2", 2), 507);
	for (int n = 1; n <= 4; n++) {
		assert_int_equal(patch(f, upload, "2", 2), 100);
		store_mem_fail(f->x.store, n, ERR_NO_SPACE);
		assert_int_equal(last(f, "cd"), 507);
		store_mem_fail(f->x.store, 0, 0);
		assert_int_equal(objects(f, true), 0);
		assert_int_equal(objects(f, false), 1);
		assert_int_equal(rows(f, "upload", "committed = 2"), 1);
	}
	assert_int_equal(patch(f, upload, "2", 2), 100);
	assert_int_equal(last(f, "cd"), 204);
	assert_true(str_eq(content(f, version_of_reply(f)), S("abcd")));
}

/* Everything the last part brings about. */
static int64_t
traces(struct fixture *f)
{
	static const char *const tables[] = {"asset", "version", "version_part", "release", "job"};
	int64_t n = rows(f, "upload", "committed = 4") + rows(f, "event", "kind <> 'key.created'");

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		n += rows(f, tables[i], NULL);
	return n;
}

#define ALL_TRACES (1 + 1 + 2 + 1 + 1 + 1 + 3)

static struct str
half_done(struct fixture *f)
{
	struct str upload = create(f, "4", "release Y2xlYXJlZA==");

	assert_int_equal(patch(f, upload, "0", 4), 100);
	assert_int_equal(last(f, "ab"), 204);
	assert_int_equal(patch(f, upload, "2", 2), 100);
	return upload;
}

static void
a_fault_in_the_last_change_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct str upload = half_done(f);
	uint32_t status = 507;
	bool failed = true;
	int n;

	for (n = 1; failed; n++) {
		struct msg_body m = fill(f, "cd");

		assert_in_range(n, 1, 100);
		m.ended = true;
		db_fake_fail(f->x.db, n, ERR_NO_SPACE);
		status = hand_in(f, m);
		failed = db_fake_failed(f->x.db);
		db_fake_fail(f->x.db, 0, 0);
		assert_false(db_in_write(f->x.db));
		assert_int_equal(status, failed ? 507 : 204);
		if (traces(f) == ALL_TRACES) /* only the look back failed */
			break;
		assert_int_equal(traces(f), 0);
		assert_int_equal(patch(f, upload, "2", 2), 100);
	}
	assert_true(n > 20);
	assert_int_equal(head(f, upload), 200);
	assert_true(str_eq(content(f, version_of_reply(f)), S("abcd")));
}

static void
run_again_it_happens_once(void **state)
{
	struct fixture *f = *state;
	bool failed = true;
	int n;

	for (n = 1; failed; n++) {
		struct msg_body m;
		uint32_t status;

		half_done(f);
		m = fill(f, "cd");
		m.ended = true;
		assert_in_range(n, 1, 100);
		db_fake_fail(f->x.db, n, ERR_RETRY);
		status = hand_in(f, m);
		failed = db_fake_failed(f->x.db);
		db_fake_fail(f->x.db, 0, 0);
		assert_int_equal(status, failed ? -ERR_RETRY : 204);
		if (failed)
			assert_int_equal(hand_in(f, m), 204);
		assert_true(str_eq(content(f, version_of_reply(f)), S("abcd")));
		assert_int_equal(rows(f, "version", NULL), n);
		assert_int_equal(events(f, "version.created"), n);
	}
	assert_true(n > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define FAULT(name) cmocka_unit_test_setup_teardown(name, begin_fake, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(options_tell_what_there_is),
	    TEST(a_file_comes_in_pieces),
	    TEST(creation_may_bring_the_bytes),
	    TEST(nothing_is_complete_at_once),
	    TEST(an_asset_gets_another_version),
	    TEST(odd_requests_are_refused_in_words_of_tus),
	    TEST(hostile_names_become_harmless),
	    TEST(an_upload_is_its_owners),
	    TEST(an_upload_ends_by_word_or_by_date),
	    TEST(what_was_not_whole_counts_as_far_as_it_came),
	    TEST(a_part_counts_once_and_only_where_it_belongs),
	    TEST(two_clients_at_one_offset),
	    TEST(a_full_disk_loses_nothing_acknowledged),
	    FAULT(a_fault_in_the_last_change_leaves_nothing),
	    FAULT(run_again_it_happens_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
