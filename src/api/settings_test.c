/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * settings_test - settings changed while the server runs: which, how far, by whom first
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/test_api.h"

static int
begin(void **state)
{
	struct fixture *f = fixture_new(test_db(schema_main));

	if (conf_parse(f->x.a, S("/srv/g"), S("upload.days = 9\n"), &f->conf, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	f->key = new_key(f, "admin@geleit.example", "administrator", "admin");
	*state = f;
	return 0;
}

static int
end(void **state)
{
	fixture_free(*state);
	return 0;
}

static void
list(struct fixture *f)
{
	assert_int_equal(
	    send_ask(
	        f, (struct ask){.method = "GET", .target = S("/api/v1/settings"), .length = -2}),
	    200);
}

static uint32_t
change_if(struct fixture *f, const char *etag, const char *json)
{
	return send_ask(f, (struct ask){.method = "PATCH",
	                       .target = S("/api/v1/settings"),
	                       .fields = {etag != NULL ? "if-match" : NULL, etag},
	                       .body = str_c(json),
	                       .length = (int64_t)strlen(json)});
}

static uint32_t
change(struct fixture *f, const char *json)
{
	return change_if(f, NULL, json);
}

static void
holds(struct fixture *f, const char *want)
{
	if (memmem(f->r.body.p, f->r.body.n, want, strlen(want)) == NULL)
		fail_msg("no %s in %.*s", want, STR(buf_view(&f->r.body)));
}

static void
what_was_set_here_wins_over_the_file(void **state)
{
	struct fixture *f = *state;

	list(f);
	holds(f, "{\"name\":\"upload.days\",\"value\":\"9\",\"default\":\"7\",\"file\":\"9\",");
	holds(f,
	    "\"changeable\":true,\"changed_here\":false,\"kind\":\"number\",\"min\":1,\"max\":365,"
	    "\"words\":[]}");
	holds(f, "{\"name\":\"smtp.url\",\"value\":\"\"");
	assert_int_equal(change(f, "{\"upload.days\":\"30\",\"malware.unscanned\":\"hold\"}"), 200);
	holds(f, "{\"name\":\"upload.days\",\"value\":\"30\",\"default\":\"7\",\"file\":\"9\",");
	holds(f, "\"changed_here\":true");
	assert_int_equal(events(f, "setting.changed"), 2);
	assert_int_equal(change(f, "{\"upload.days\":\"30\"}"), 200); /* is so already */
	assert_int_equal(events(f, "setting.changed"), 2);
	assert_int_equal(change(f, "{\"upload.days\":null}"), 200);
	holds(f, "{\"name\":\"upload.days\",\"value\":\"9\"");
	holds(f, "{\"name\":\"malware.unscanned\",\"value\":\"hold\"");
	assert_int_equal(rows(f, "setting", NULL), 1);
	assert_int_equal(events(f, "setting.changed"), 3);
	assert_int_equal(change(f, "{\"malware.unscanned\":\"\"}"), 200); /* by clamd.socket */
	holds(f, "{\"name\":\"malware.unscanned\",\"value\":\"\"");
}

#define ZEROS_10 "0000000000"
#define ZEROS ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10

static void
what_cannot_count_is_refused_whole(void **state)
{
	static const char *const wrong[] = {"{\"upload.days\":\"0\"}", "{\"upload.days\":\"x\"}",
	    "{\"upload.days\":\"=\",\"malware.unscanned\":null}", "{\"upload.days\":\"X 1\"}",
	    "{\"upload.days\":\"" ZEROS "7\"}", "{\"upload.days\":\"\"}",
	    "{\"malware.unscanned\":\"maybe\"}", "{\"delivery.max_days\":\"10\"}",
	    "{\"delivery.days\":\"91\"}", "{\"limits.code_tries\":\"7\",\"upload.days\":\"366\"}"};
	static const char *const unknown[] = {"{\"smtp.url\":\"smtp://h\"}", "{\"no.such\":\"1\"}",
	    "{\"limits.code_tries\":\"7\",\"server.url\":\"https://h\"}"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(change(f, wrong[i]), 400);
		assert_true(says(f, "bad-setting"));
	}
	holds(f, "\"detail\":\"upload.days: not from 1 to 365\"");
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		assert_int_equal(change(f, unknown[i]), 400);
		assert_true(says(f, "unknown-setting"));
	}
	assert_int_equal(change(f, "{}"), 400);
	assert_int_equal(change(f, "{\"upload.days\":8}"), 400);
	assert_int_equal(change(f, "[]"), 400);
	assert_int_equal(rows(f, "setting", NULL), 0);
	assert_int_equal(events(f, "setting.changed"), 0);
	assert_int_equal(change(f, "{\"delivery.max_days\":\"10\",\"delivery.days\":\"10\"}"), 200);
}

static void
the_second_of_two_sees_what_the_first_did(void **state)
{
	struct fixture *f = *state;
	const char *etag;

	list(f);
	etag = arena_cstr(f->x.a, field(f, "ETag"));
	assert_int_equal(change_if(f, etag, "{\"upload.days\":\"30\"}"), 200);
	assert_int_equal(change_if(f, etag, "{\"limits.code_tries\":\"7\"}"), 412);
	assert_true(says(f, "changed"));
	assert_int_equal(rows(f, "setting", NULL), 1);
	list(f);
	etag = arena_cstr(f->x.a, field(f, "ETag"));
	assert_int_equal(change_if(f, etag, "{\"limits.code_tries\":\"7\"}"), 200);
	/* to set what the file says is a change, too: the file may change */
	assert_int_equal(change_if(f, etag, "{\"upload.days\":\"9\"}"), 412);
}

static void
a_fault_anywhere_changes_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t status = 0;
	int refused = 0;

	if (getenv("GELEIT_TEST_PG") != NULL)
		return; /* the fake is SQLite's */
	list(f);        /* the key is seen: a write that may fail */
	for (int n = 1; status != 200; n++) {
		assert_in_range(n, 1, 100);
		db_fake_fail(f->x.db, n, ERR_NO_SPACE);
		status = change(f, "{\"upload.days\":\"30\",\"malware.unscanned\":\"hold\"}");
		assert_true(status == 200 || (status == 507 && db_fake_failed(f->x.db)));
		db_fake_fail(f->x.db, 0, 0);
		assert_false(db_in_write(f->x.db));
		assert_int_equal(rows(f, "setting", NULL), status == 200 ? 2 : 0);
		assert_int_equal(events(f, "setting.changed"), status == 200 ? 2 : 0);
		refused += status == 507;
	}
	assert_true(refused > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_set_here_wins_over_the_file),
	    TEST(what_cannot_count_is_refused_whole),
	    TEST(the_second_of_two_sees_what_the_first_did),
	    TEST(a_fault_anywhere_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
