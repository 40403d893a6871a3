/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker_test - rounds of the worker with a database that fails at any call
 *
 * For n = 1, 2, 3 ... the n-th call of a round fails, once.  Whatever that was,
 * the rounds after it bring the work to the end it would have had: an ingest that
 * cannot succeed is given back, a mail that was revoked is not sent, any other
 * one is, and none twice, and the sweep removes no blob of which it could not be
 * asked whose it is.  And a mail that is long on its way stays its worker's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "db/db_fake.h"
#include "model/change.h"
#include "model/delivery.h"
#include "model/job.h"
#include "model/mail.h"
#include "model/test_exchange.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "roles/worker.h"
#include "store/store.h"

#define VALUES "{\"lang\":\"en\",\"code\":\"271828\",\"minutes\":10,\"one\":true}"
#define FIRST_VERSION 1001
#define CALLS_MOST 200

/* What the database says; the commits of the last one took effect. */
static const int faults[] = {ERR_UNAVAILABLE, ERR_UNKNOWN_OUTCOME};

struct desk {
	struct exchange *x;
	struct vault *vault;
	struct conf conf;
	struct worker *w;
	int egress; /* its end of the pair */
};

static void
desk_open(struct desk *d)
{
	static const uint8_t master[MASTER_KEY_BYTES] = {42};
	int pair[2];
	struct error e;

	d->x = exchange_new(test_db_fake(schema_main));
	d->conf = (struct conf){.smtp_from = S("post@geleit.example"), .smtp_url = S("smtp://x")};
	d->w = xcalloc(1, sizeof *d->w);
	*d->w = (struct worker){.conf = &d->conf,
	    .db = d->x->db,
	    .a = arena_new(),
	    .mail_arena = arena_new(),
	    .media = -1,
	    .scan = {.fd = -1}};
	if (vault_new(master, &d->vault, &e) < 0 || loop_new(&d->w->loop, &e) < 0 ||
	    ipc_pair(pair, &e) < 0 || store_mem_open(&d->w->store, &e) < 0)
		fail_msg("%s", e.msg);
	d->w->keys = (struct keyring){test_db_fake(schema_keys), keeper_of_vault(d->vault)};
	d->w->egress = pair[0];
	d->egress = pair[1];
}

static void
desk_close(struct desk *d)
{
	store_close(&d->w->store);
	db_close(&d->w->keys.keys);
	loop_free(&d->w->loop);
	fd_close(&d->w->egress);
	fd_close(&d->egress);
	arena_free(&d->w->a);
	arena_free(&d->w->mail_arena);
	free(d->w);
	vault_free(&d->vault);
	exchange_free(&d->x);
}

/* How many messages egress got, and does not answer. */
static int
handed_over(struct desk *d)
{
	struct ipc_msg m;
	struct error e;
	int n = 0;

	while (ipc_recv(d->egress, d->w->space, &m, &e) > 0) {
		assert_int_equal(m.type, MSG_DELIVER);
		ipc_msg_close(&m);
		n++;
	}
	return n;
}

static int64_t
has(struct desk *d, const char *table, const char *where)
{
	return test_db_rows(d->x->db, d->x->a, table, where);
}

/* ---- an ingest whose failure could not be written ---- */

/* There is no key for it. */
static void
put_ingest(struct desk *d)
{
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	if (change_begin(d->x->db, the_system, CHANGE_HOUSEKEEPING, &c, &e) < 0 ||
	    job_put(c, "ingest", (version_id){FIRST_VERSION}, 0, &e) < 0 ||
	    change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

/* False: no n-th call was made. */
static bool
ingest_with_a_fault(int n, int code)
{
	struct desk d;
	struct error e;
	bool happened;

	desk_open(&d);
	put_ingest(&d);
	db_fake_fail(d.x->db, n, code);
	(void)!ingest_next(d.w, &e);
	happened = db_fake_failed(d.x->db);
	db_fake_fail(d.x->db, 0, 0);
	if (ingest_next(d.w, &e) < 0)
		fail_msg("call %d: %s", n, e.msg);
	if (has(&d, "job", "state = 'queued' AND tries = 1 AND due_us > 0 AND error <> ''") != 1)
		fail_msg("call %d: the job was not given back", n);
	desk_close(&d);
	return happened;
}

static void
a_broken_ingest_is_given_back_in_the_end(void **state)
{
	int n;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		for (n = 1; n < CALLS_MOST && ingest_with_a_fault(n, faults[i]); n++)
			continue;
		assert_in_range(n, 10, CALLS_MOST - 1);
	}
}

/* ---- a mail whose "is it revoked?" could not be asked ---- */

static void
put_mail(struct desk *d)
{
	AUTO(change_abort) struct change *c = NULL;
	struct mail_draft m = {.kind = "delivery",
	    .delivery = d->x->delivery,
	    .recipient = d->x->recipients[0],
	    .address = S("a@x.test"),
	    .subject = S("Presse"),
	    .give_up_us = time_now_us() + US_PER_DAY};
	struct error e;

	if (mail_prepare(d->x->a, &d->w->keys, &d->conf, "mail_code", S(VALUES), &m, &e) < 0 ||
	    change_begin(d->x->db, the_system, EVENT_MAIL_QUEUED, &c, &e) < 0 ||
	    mail_queue(c, &m, &e) < 0 || change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
revoke(struct desk *d)
{
	AUTO(change_abort) struct change *c = NULL;
	struct error e;

	if (change_begin(d->x->db, the_system, EVENT_DELIVERY_REVOKED, &c, &e) < 0 ||
	    delivery_revoke(c, d->x->delivery, S("wrong"), &e) < 0 || change_commit(&c, &e) < 0)
		fail_msg("%s", e.msg);
}

/* As if its time had come. */
static void
go_on(struct desk *d)
{
	struct error e;

	for (int i = 0; i < 4 && (d->w->mail.id.v == 0 || d->w->mail_state != NULL); i++) {
		test_set(d->x->db, d->x->a, "mail", "due_us = 0, lease_until_us = NULL", NULL);
		if (mail_next(d->w, &e) < 0)
			fail_msg("%s", e.msg);
	}
}

static bool
mail_with_a_fault(int n, int code, bool is_revoked)
{
	struct desk d;
	struct error e;
	bool happened;

	desk_open(&d);
	if (exchange_send(d.x, "ABCD-2345", 0) < 0)
		fail_msg("%s", d.x->e.msg);
	put_mail(&d);
	if (is_revoked)
		revoke(&d);
	db_fake_fail(d.x->db, n, code);
	(void)!mail_next(d.w, &e);
	happened = db_fake_failed(d.x->db);
	db_fake_fail(d.x->db, 0, 0);
	go_on(&d);
	if (handed_over(&d) != !is_revoked)
		fail_msg("call %d: %s", n, is_revoked ? "revoked, and sent" : "not sent once");
	if (is_revoked)
		assert_int_equal(has(&d, "mail", "state = 'failed' AND form = 'wiped'"), 1);
	desk_close(&d);
	return happened;
}

static void
a_revoked_mail_is_not_sent_whatever_fails(void **state)
{
	bool is_revoked = *(bool *)*state;
	int n;

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		for (n = 1; n < CALLS_MOST && mail_with_a_fault(n, faults[i], is_revoked); n++)
			continue;
		assert_in_range(n, 8, CALLS_MOST - 1);
	}
}

/* ---- a blob of which nobody says whose it is ---- */

#define TWO_DAYS_S (2 * 24 * 3600)

/* On a disk, since the sweep looks at how old a file is there. */
static void
desk_on_disk(struct desk *d, const char *dir)
{
	struct error e;

	store_close(&d->w->store);
	if (store_fs_open(dir, &d->w->store, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
put_object(const char *dir, struct id128 id, bool is_part, bool is_old)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const struct timespec then = {time_now_us() / US_PER_S - (is_old ? TWO_DAYS_S : 0), 0};
	struct str hex = id128_hex(a, id);
	const char *path = is_part ? arena_printf(a, "%s/parts/%.*s", dir, STR(hex)).p
	                           : arena_printf(a, "%s/blobs/%.2s/%.*s", dir, hex.p, STR(hex)).p;
	AUTO(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd < 0 || futimens(fd, (const struct timespec[]){then, then}) < 0)
		fail_msg("%s", path);
}

static int
mark(void *arg, struct id128 id, bool is_part, uint64_t bytes, int64_t mtime_us)
{
	(void)is_part, (void)bytes, (void)mtime_us;
	*(unsigned *)arg |= 1U << id.b[0];
	return 0;
}

/* A bit for each that is there. */
static unsigned
stored(struct desk *d)
{
	unsigned found = 0;
	struct error e;

	if (store_list(d->w->store, mark, &found, &e) < 0)
		fail_msg("%s", e.msg);
	return found;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

enum {
	NAMED = 1, /* by version 1001 */
	NOBODYS,
	YOUNG,
	OLD_PART,
	YOUNG_PART
};

/* What the last sweep took is put there again. */
static void
put_objects(struct desk *d, const char *dir)
{
	unsigned there = stored(d);

	for (uint8_t i = NAMED; i <= YOUNG_PART; i++) {
		if ((there & 1U << i) == 0)
			put_object(
			    dir, (struct id128){{i}}, i >= OLD_PART, i != YOUNG && i != YOUNG_PART);
	}
}

static bool
sweep_with_a_fault(const char *dir, int n, int code)
{
	struct desk d;
	bool happened;

	desk_open(&d);
	desk_on_disk(&d, dir);
	put_objects(&d, dir);
	test_set(d.x->db, d.x->a, "version_part", "blob_id = X'01000000000000000000000000000000'",
	    "version_id = 1001");
	db_fake_fail(d.x->db, n, code);
	sweep_seldom(d.w);
	happened = db_fake_failed(d.x->db);
	db_fake_fail(d.x->db, 0, 0);
	if ((stored(&d) & 1U << NAMED) == 0)
		fail_msg("call %d: a blob that has a row was removed", n);
	sweep_seldom(d.w);
	assert_int_equal(stored(&d), 1U << NAMED | 1U << YOUNG | 1U << YOUNG_PART);
	desk_close(&d);
	return happened;
}

static void
a_blob_that_has_a_row_is_never_swept_whatever_fails(void **state)
{
	char dir[] = "/tmp/worker_test.XXXXXX";
	struct error e;
	int n;

	(void)state;
	if (mkdtemp(dir) == NULL || store_fs_init(dir, &e) < 0)
		fail_msg("no store in %s", dir);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		for (n = 1; n < CALLS_MOST && sweep_with_a_fault(dir, n, faults[i]); n++)
			continue;
		assert_in_range(n, 10, CALLS_MOST - 1);
	}
	assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- a mail that the relay takes its time for ---- */

static void
a_mail_long_on_its_way_keeps_its_lease_and_is_given_up_in_the_end(void **state)
{
	struct desk d;
	struct error e;

	desk_open(&d);
	if (exchange_send(d.x, "ABCD-2345", 0) < 0)
		fail_msg("%s", d.x->e.msg);
	put_mail(&d);
	if (mail_next(d.w, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(handed_over(&d), 1);
	test_set(d.x->db, d.x->a, "mail", "lease_until_us = 1", NULL);
	mail_look(d.w);
	assert_int_equal(has(&d, "mail", "lease_until_us = 1"), 1); /* not yet */
	d.w->mail_renewed_us -= 61 * US_PER_S;
	mail_look(d.w);
	assert_int_equal(has(&d, "mail", "lease_until_us > 1"), 1);
	d.w->mail_since_us -= (LIMIT_SMTP_S - 1) * US_PER_S;
	mail_look(d.w);
	assert_int_equal(has(&d, "mail", "state = 'queued'"), 1); /* egress may still answer */
	d.w->mail_since_us -= 70 * US_PER_S;
	mail_look(d.w);
	assert_int_equal(has(&d, "mail", "state = 'unknown'"), 1);
	desk_close(&d);
}

int
main(void)
{
	static bool yes = true, no = false;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_broken_ingest_is_given_back_in_the_end),
	    cmocka_unit_test_prestate(a_revoked_mail_is_not_sent_whatever_fails, &yes),
	    cmocka_unit_test_prestate(a_revoked_mail_is_not_sent_whatever_fails, &no),
	    cmocka_unit_test(a_blob_that_has_a_row_is_never_swept_whatever_fails),
	    cmocka_unit_test(a_mail_long_on_its_way_keeps_its_lease_and_is_given_up_in_the_end),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
