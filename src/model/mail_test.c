/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mail - sealed until handed over, claimed once, settled once; what its end
 * means for the recipient, and that a fault leaves the mail where it was
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/change.h"
#include "model/keyring.h"
#include "model/mail.h"
#include "model/mail_request.h"
#include "model/test_db.h"

#define LEASE (60 * US_PER_S)
#define VALUES "{\"lang\":\"en\",\"code\":\"271828\",\"minutes\":10,\"one\":true}"

static const struct actor nobody = {ACTOR_SYSTEM, 0};

struct fixture {
	struct db *db;
	struct vault *vault;
	struct keyring keys;
	struct conf conf;
	struct arena *a;
	struct error e;
};

static void
run_sql(struct fixture *f, const char *sql)
{
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    db_exec(f->db, NULL, &f->e, sql) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

/* Delivery 1 with recipient 1. */
static void
add_recipient(struct fixture *f)
{
	static const char *const rows[] = {
	    "INSERT INTO person (id, name, address, role, created_us) VALUES "
	    "(1, 'Anna', 'a@geleit.example', 'sender', 1)",
	    "INSERT INTO contact (id, address, created_us) VALUES (1, 'k@kunde.example', 1)",
	    "INSERT INTO delivery (id, number, sender_id, method, subject, message, lang, "
	    "valid_from_us, expires_us, download_limit, level, stamp, item_count, total_bytes, "
	    "created_us) VALUES (1, 'AAAA-AAAA', 1, 'package', '', '', 'de', 0, 9, 0, 1, 1, 1, 1, "
	    "1)"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		run_sql(f, rows[i]);
	AUTO(change_abort) struct change *c = NULL;

	if (change_begin(f->db, nobody, CHANGE_HOUSEKEEPING, &c, &f->e) < 0 ||
	    db_exec(f->db, NULL, &f->e,
	        "INSERT INTO recipient (id, delivery_id, contact_id, address, token_hash, state, "
	        "failures, created_us) VALUES (1, 1, 1, 'k@kunde.example', ?, 'pending', 0, 1)",
	        db_bytes("0123456789abcdef", 16)) < 0 ||
	    change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static struct fixture *
fixture_new(struct db *db)
{
	static const uint8_t master[MASTER_KEY_BYTES] = {42};
	struct fixture *f = xcalloc(1, sizeof *f);

	f->db = db;
	f->a = arena_new();
	f->conf.smtp_from = S("post@geleit.example");
	if (vault_new(master, &f->vault, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	f->keys = (struct keyring){test_db_fake(schema_keys), keeper_of_vault(f->vault)};
	add_recipient(f);
	return f;
}

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
	struct fixture *f = *state;

	db_close(&f->db);
	db_close(&f->keys.keys);
	vault_free(&f->vault);
	arena_free(&f->a);
	free(f);
	return 0;
}

static mail_id
queue(struct fixture *f, const char *kind, int64_t give_up_us)
{
	AUTO(change_abort) struct change *c = NULL;
	struct mail_draft d = {.kind = kind,
	    .delivery = {1},
	    .recipient = {1},
	    .address = S("k@kunde.example"),
	    .subject = S("Betreff"),
	    .give_up_us = give_up_us};

	if (mail_prepare(f->a, &f->keys, &f->conf, "mail_code", S(VALUES), &d, &f->e) < 0 ||
	    change_begin(f->db, nobody, EVENT_MAIL_QUEUED, &c, &f->e) < 0 ||
	    mail_queue(c, &d, &f->e) < 0 || change_commit(&c, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	assert_true(str_ends(d.message_id, S("@geleit.example")));
	return d.id;
}

static struct mail
get(struct fixture *f, mail_id id)
{
	struct mail m;

	if (mail_get(f->db, f->a, id, &m, &f->e) < 0)
		fail_msg("%s", f->e.msg);
	return m;
}

static struct mail
claim(struct fixture *f, int64_t lease_us)
{
	struct mail m;
	int r = mail_claim(f->db, f->a, lease_us, &m, &f->e);

	if (r < 0)
		fail_msg("%s", f->e.msg);
	assert_int_equal(r, 1);
	return m;
}

static bool
nothing_is_due(struct fixture *f)
{
	struct mail m;

	return mail_claim(f->db, f->a, LEASE, &m, &f->e) == 0;
}

static void
settle(struct fixture *f, const struct mail *m, const char *state, const char *reply)
{
	if (mail_settle(f->db, m, state, str_c(reply), &f->e) < 0)
		fail_msg("%s", f->e.msg);
}

static int64_t
recipients_in(struct fixture *f, const char *state)
{
	struct str sql =
	    arena_printf(f->a, "SELECT count(*) FROM recipient WHERE state = '%s'", state);

	return test_db_int(f->db, sql.p);
}

static int64_t
events(struct fixture *f, const char *kind)
{
	struct str sql = arena_printf(f->a, "SELECT count(*) FROM event WHERE kind = '%s'", kind);

	return test_db_int(f->db, sql.p);
}

static bool
is_wiped(struct fixture *f, mail_id id)
{
	struct str text;

	return str_eq_c(get(f, id).form, "wiped") &&
	       mail_content(f->db, f->a, &f->keys, id, &text, &f->e) == ERR_NOT_FOUND &&
	       strcmp(f->e.key, "mail-wiped") == 0 &&
	       test_db_int(f->db,
	           "SELECT count(*) FROM mail WHERE sealed IS NULL AND wrap IS NULL AND epoch IS "
	           "NULL") == 1;
}

/* ---- tests ---- */

static void
what_is_queued_comes_back_but_does_not_lie_open(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "code", 0);
	AUTO(rows_close) struct rows *q = NULL;
	struct mail_request request;
	struct str sealed;

	assert_true(str_eq(get(f, id).state, S("queued")));
	assert_int_equal(events(f, "mail.queued"), 1);
	assert_int_equal(mail_request_get(f->db, f->a, &f->keys, id, &request, &f->e), 0);
	assert_true(str_eq(request.template, S("mail_code")));
	assert_string_equal(request.lang, "en");
	assert_int_equal(request.value_count, 4);
	assert_true(str_eq(request.values[1].text, S("271828")));
	assert_true(str_eq(request.values[2].text, S("10")));
	assert_true(request.values[3].is_flag && request.values[3].flag);
	assert_int_equal(db_query(f->db, &q, &f->e, "SELECT sealed FROM mail"), 0);
	assert_int_equal(rows_next(q, &f->e), 1);
	sealed = rows_bytes(q, 0, f->a);
	assert_null(memmem(sealed.p, sealed.n, "271828", 6));
}

static void
sealed_text_is_bound_to_its_row(void **state)
{
	struct fixture *f = *state;
	mail_id one = queue(f, "code", 0), two = queue(f, "code", 0);
	mail_id low = one.v < two.v ? one : two;
	struct str text;

	/* the lower one gets the other's text; ids of one millisecond are in no order */
	run_sql(
	    f, "UPDATE mail SET sealed = (SELECT m.sealed FROM mail m ORDER BY m.id DESC LIMIT 1)");
	assert_int_equal(mail_content(f->db, f->a, &f->keys, low, &text, &f->e), ERR_CORRUPT);
}

static void
lists_go_up_from_the_oldest(void **state)
{
	struct fixture *f = *state;
	mail_id ids[3];
	struct mail *list, last[2];
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		ids[i] = queue(f, i == 1 ? "code" : "delivery", 0);
		usleep(2000); /* ids are ordered by the millisecond */
	}
	assert_int_equal(
	    mail_list(f->db, f->a, S(""), (struct page_at){0, 2}, &list, &n, &f->e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].id.v, ids[0].v);
	assert_int_equal(mail_list(f->db, f->a, S("k@kunde.example"),
	                     (struct page_at){list[1].id.v, 2}, &list, &n, &f->e),
	    0);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].id.v, ids[2].v);
	assert_int_equal(
	    mail_list(f->db, f->a, S("x@kunde.example"), (struct page_at){0, 9}, &list, &n, &f->e),
	    0);
	assert_int_equal(n, 0);
	assert_int_equal(
	    mail_link_list(f->db, f->a, (const recipient_id[]){{2}, {1}}, 2, last, &f->e), 0);
	assert_int_equal(last[0].id.v, 0);
	assert_int_equal(last[1].id.v, ids[2].v);
}

static void
a_mail_is_claimed_once_and_codes_go_first(void **state)
{
	struct fixture *f = *state;
	mail_id delivery = queue(f, "delivery", 0), code = queue(f, "code", 0);
	struct mail slow;

	assert_int_equal(claim(f, LEASE).id.v, code.v);
	slow = claim(f, -1);
	assert_int_equal(slow.id.v, delivery.v);
	usleep(2000);
	assert_int_equal(claim(f, LEASE).fence, slow.fence + 1); /* the lease had ended */
	assert_true(nothing_is_due(f));
	assert_int_equal(mail_settle(f->db, &slow, "accepted", S("250"), &f->e), ERR_CONFLICT);
	assert_true(str_eq(get(f, delivery).state, S("queued")));
	assert_int_equal(recipients_in(f, "pending"), 1);
	assert_int_equal(events(f, "mail.accepted"), 0);
}

static void
a_renewed_lease_keeps_the_mail_and_a_lost_one_is_not_renewed(void **state)
{
	struct fixture *f = *state;
	struct mail m;

	queue(f, "delivery", 0);
	m = claim(f, -1);
	usleep(2000);
	assert_int_equal(mail_renew(f->db, &m, LEASE, &f->e), 0);
	assert_true(nothing_is_due(f));
	run_sql(f, "UPDATE mail SET lease_until_us = 1");
	(void)claim(f, LEASE);
	assert_int_equal(mail_renew(f->db, &m, LEASE, &f->e), ERR_CONFLICT);
}

static void
accepted_wipes_and_marks_the_recipient(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "delivery", 0);
	struct mail m = claim(f, LEASE);

	settle(f, &m, "accepted", "250 2.0.0 queued as 4711");
	assert_true(is_wiped(f, id));
	assert_true(str_eq(get(f, id).state, S("accepted")));
	assert_true(str_eq(get(f, id).reply, S("250 2.0.0 queued as 4711")));
	assert_true(get(f, id).settled_us > 0);
	assert_int_equal(recipients_in(f, "mailed"), 1);
	assert_int_equal(events(f, "mail.accepted"), 1);
	assert_true(nothing_is_due(f));
}

static void
a_code_does_not_mark_the_recipient(void **state)
{
	struct fixture *f = *state;
	struct mail m;

	queue(f, "code", 0);
	m = claim(f, LEASE);
	settle(f, &m, "failed", "550");
	assert_int_equal(recipients_in(f, "pending"), 1);
	assert_int_equal(events(f, "mail.failed"), 1);
}

static int64_t
wait_after(struct fixture *f, int64_t tries)
{
	struct mail m;
	int64_t before;

	run_sql(f, arena_printf(f->a, "UPDATE mail SET due_us = 0, tries = %d", (int)tries).p);
	m = claim(f, LEASE);
	before = time_now_us();
	settle(f, &m, "deferred", "451 later");
	return (test_db_int(f->db, "SELECT due_us FROM mail") - before + US_PER_S / 2) / US_PER_S;
}

static void
deferred_comes_back_later_and_later(void **state)
{
	static const int64_t want_s[] = {10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800};
	struct fixture *f = *state;
	mail_id id = queue(f, "delivery", 0);

	for (size_t i = 0; i < ARRAY_LEN(want_s); i++) {
		assert_int_equal(wait_after(f, (int64_t)i), want_s[i]);
		assert_true(nothing_is_due(f));
	}
	assert_int_equal(wait_after(f, 1000), 1800);
	assert_true(str_eq(get(f, id).state, S("deferred")));
	assert_int_equal(recipients_in(f, "pending"), 1);
	assert_int_equal(events(f, "mail.deferred"), 11);
}

static void
at_last_it_has_failed(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "delivery", time_now_us() + 5 * US_PER_S);
	struct mail m = claim(f, LEASE);

	settle(f, &m, "deferred", "451 later");
	assert_true(str_eq(get(f, id).state, S("failed")));
	assert_true(is_wiped(f, id));
	assert_int_equal(recipients_in(f, "undeliverable"), 1);
	assert_int_equal(events(f, "mail.failed"), 1);
	assert_int_equal(events(f, "mail.deferred"), 0);
	assert_true(nothing_is_due(f));
}

/* As when its time had come. */
static void
make_due(struct fixture *f)
{
	run_sql(f, "UPDATE mail SET due_us = 0 WHERE due_us < 9000000000000000");
}

static void
unknown_is_repeated_once(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "delivery", 0);
	struct mail m = claim(f, LEASE), again;

	settle(f, &m, "deferred", "451"); /* a try that failed is none that may have arrived */
	make_due(f);
	m = claim(f, LEASE);
	settle(f, &m, "unknown", "");
	assert_true(str_eq(get(f, id).state, S("unknown")));
	assert_true(nothing_is_due(f)); /* not at once */
	make_due(f);
	again = claim(f, LEASE);
	assert_true(str_eq(again.message_id, m.message_id));
	settle(f, &again, "unknown", "");
	make_due(f);
	assert_true(nothing_is_due(f));
	assert_true(str_eq(get(f, id).state, S("unknown")));
	assert_true(is_wiped(f, id));
	assert_int_equal(events(f, "mail.unknown"), 2);
}

static void
an_unknown_code_is_wiped_and_stays_so(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "code", 0);
	struct mail m = claim(f, LEASE);

	settle(f, &m, "unknown", "");
	make_due(f);
	assert_true(nothing_is_due(f));
	assert_true(str_eq(get(f, id).state, S("unknown")));
	assert_true(is_wiped(f, id));
	assert_int_equal(events(f, "mail.unknown"), 1);
	assert_int_equal(events(f, "mail.deferred"), 0);
}

static void
a_code_that_a_dead_worker_had_is_not_claimed(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "code", 0);
	struct mail m = claim(f, -1), lost;

	usleep(2000);
	assert_true(nothing_is_due(f));
	assert_int_equal(mail_lost(f->db, f->a, 1, &lost, &f->e), 0); /* not yet */
	assert_int_equal(mail_lost(f->db, f->a, time_now_us(), &lost, &f->e), 1);
	assert_int_equal(lost.id.v, id.v);
	settle(f, &lost, "unknown", "");
	assert_int_equal(mail_lost(f->db, f->a, time_now_us(), &lost, &f->e), 0);
	/* the worker was only slow */
	assert_int_equal(mail_settle(f->db, &m, "accepted", S("250"), &f->e), ERR_CONFLICT);
	assert_int_equal(events(f, "mail.accepted"), 0);
}

static void
what_ends_while_it_waits_is_moot(void **state)
{
	struct fixture *f = *state;
	struct mail m;

	queue(f, "delivery", 0);
	m = claim(f, LEASE);
	run_sql(f, "UPDATE delivery SET expires_us = 1000");
	assert_int_equal(mail_is_moot(f->db, &m, 999, &f->e), 0);
	assert_int_equal(mail_is_moot(f->db, &m, 1000, &f->e), 1);
	run_sql(f, "UPDATE recipient SET revoked_us = 5");
	assert_int_equal(mail_is_moot(f->db, &m, 999, &f->e), 1);
	run_sql(f, "UPDATE recipient SET revoked_us = NULL");
	run_sql(f, "UPDATE delivery SET revoked_us = 5");
	assert_int_equal(mail_is_moot(f->db, &m, 999, &f->e), 1);
	/* and what nobody waits for any more, of no delivery: a code, a link to begin with */
	m.recipient.v = 0;
	assert_int_equal(mail_is_moot(f->db, &m, 999, &f->e), 0);
	run_sql(f, "UPDATE mail SET give_up_us = 1000");
	assert_int_equal(mail_is_moot(f->db, &m, 999, &f->e), 0);
	assert_int_equal(mail_is_moot(f->db, &m, 1000, &f->e), 1);
}

static void
a_text_is_kept_by_whoever_has_the_mail(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "delivery", 0);
	struct mail m = claim(f, LEASE);

	run_sql(f, "UPDATE mail SET fence = fence + 1");
	assert_int_equal(
	    mail_keep(f->db, f->a, &f->keys, &m, S("Subject: x\r\n\r\ny"), &f->e), ERR_CONFLICT);
	assert_true(str_eq(get(f, id).state, S("queued")));
}

static void
without_smtp_the_text_is_kept(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "delivery", 0);
	struct mail m = claim(f, LEASE);
	struct mail_request request;
	struct str text;

	if (mail_keep(f->db, f->a, &f->keys, &m, S("Subject: Betreff\r\n\r\nText"), &f->e) < 0)
		fail_msg("%s", f->e.msg);
	assert_true(str_eq(get(f, id).state, S("not_sent")));
	assert_int_equal(mail_content(f->db, f->a, &f->keys, id, &text, &f->e), 0);
	assert_true(str_eq(text, S("Subject: Betreff\r\n\r\nText")));
	assert_true(mail_request_get(f->db, f->a, &f->keys, id, &request, &f->e) < 0);
	assert_int_equal(recipients_in(f, "pending"), 1);
	assert_true(nothing_is_due(f));
}

static void
a_fault_while_settling_leaves_it_as_it_was(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "delivery", time_now_us() + 5 * US_PER_S);
	struct mail m = claim(f, LEASE);
	int n, r = -1;

	for (n = 1; r != 0; n++) {
		assert_in_range(n, 1, 60);
		db_fake_fail(f->db, n, ERR_RETRY);
		r = mail_settle(f->db, &m, "deferred", S("451"), &f->e);
		assert_int_equal(r, db_fake_failed(f->db) ? ERR_RETRY : 0);
		db_fake_fail(f->db, 0, 0);
		assert_false(db_in_write(f->db));
		assert_true(str_eq(get(f, id).state, r == 0 ? S("failed") : S("queued")));
		assert_int_equal(is_wiped(f, id), r == 0);
		assert_int_equal(recipients_in(f, "undeliverable"), r == 0);
		assert_int_equal(events(f, "mail.failed"), r == 0);
	}
	assert_true(n > 10);
}

/* The commit took effect: a code is sent now, since nobody claims it a second time. */
static void
a_claim_whose_answer_was_lost_holds(void **state)
{
	struct fixture *f = *state;
	mail_id id = queue(f, "code", time_now_us() + US_PER_DAY);
	struct mail m = {0};

	for (int n = 1;; n++) {
		assert_in_range(n, 1, 20);
		db_fake_fail(f->db, n, ERR_UNKNOWN_OUTCOME);
		if (mail_claim(f->db, f->a, LEASE, &m, &f->e) == 1)
			break;
		assert_true(db_fake_failed(f->db));
	}
	assert_true(db_fake_failed(f->db));
	db_fake_fail(f->db, 0, 0);
	assert_int_equal(m.id.v, id.v);
	settle(f, &m, "accepted", "250 ok");
	assert_true(str_eq(get(f, id).state, S("accepted")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_queued_comes_back_but_does_not_lie_open),
	    TEST(sealed_text_is_bound_to_its_row),
	    TEST(lists_go_up_from_the_oldest),
	    TEST(a_mail_is_claimed_once_and_codes_go_first),
	    TEST(a_renewed_lease_keeps_the_mail_and_a_lost_one_is_not_renewed),
	    TEST(accepted_wipes_and_marks_the_recipient),
	    TEST(a_code_does_not_mark_the_recipient),
	    TEST(deferred_comes_back_later_and_later),
	    TEST(at_last_it_has_failed),
	    TEST(unknown_is_repeated_once),
	    TEST(an_unknown_code_is_wiped_and_stays_so),
	    TEST(a_code_that_a_dead_worker_had_is_not_claimed),
	    TEST(what_ends_while_it_waits_is_moot),
	    TEST(a_text_is_kept_by_whoever_has_the_mail),
	    TEST(without_smtp_the_text_is_kept),
	    cmocka_unit_test_setup_teardown(
	        a_fault_while_settling_leaves_it_as_it_was, begin_fake, end),
	    cmocka_unit_test_setup_teardown(a_claim_whose_answer_was_lost_holds, begin_fake, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
