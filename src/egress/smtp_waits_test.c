/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * smtp_waits_test - which wait of RFC 5321 4.5.3.2 belongs to what the relay has to do
 *
 * Line by line a conversation is told to smtp.c as libcurl tells it; after each line
 * the wait is asked for, and when it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "egress/smtp.c" /* its waits are its own business */

#define MAIL S("Subject: x\r\n\r\nHello\r\n")

static const int nobody[SMTP_ASKERS] = {-1, -1};

static void
told(struct talk *t, curl_infotype type, struct str s)
{
	(void)on_debug(NULL, type, (char *)(uintptr_t)s.p, s.n, t);
}

static void
say(struct talk *t, const char *line)
{
	told(t, CURLINFO_HEADER_OUT, str_c(line));
}

static void
hear(struct talk *t, const char *line)
{
	told(t, CURLINFO_HEADER_IN, str_c(line));
}

static void
begin(struct talk *t, struct arena *a)
{
	*t = (struct talk){.mail = MAIL, .askers = nobody};
	t->begun_us = t->since_us = time_monotonic_us();
	buf_init_arena(&t->reply, a, REPLY_BYTES);
}

static void
until_the_mail(struct talk *t)
{
	static const char *const lines[][2] = {{"EHLO a\r\n", "250 SIZE\r\n"},
	    {"MAIL FROM:<a@b>\r\n", "250 ok\r\n"}, {"RCPT TO:<c@d>\r\n", "250 ok\r\n"},
	    {"DATA\r\n", "354 go\r\n"}};

	hear(t, "220 relay\r\n");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		say(t, lines[i][0]);
		hear(t, lines[i][1]);
	}
}

static void
each_command_has_the_wait_of_the_rfc(void **state)
{
	static const struct {
		const char *command, *answer;
		int wait;
	} steps[] = {{NULL, "220 relay\r\n", 300}, {"EHLO a\r\n", "250 STARTTLS\r\n", 300},
	    {"STARTTLS\r\n", "220 go ahead\r\n", 300}, {"EHLO a\r\n", "250 AUTH PLAIN\r\n", 300},
	    {"AUTH PLAIN x\r\n", "235 in\r\n", 300}, {"MAIL FROM:<a@b>\r\n", "250 ok\r\n", 300},
	    {"RCPT TO:<c@d>\r\n", "250 ok\r\n", 300}, {"DATA\r\n", "354 go\r\n", 120}};
	AUTO(arena_free) struct arena *a = arena_new();
	struct talk t;

	begin(&t, a);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (steps[i].command != NULL)
			say(&t, steps[i].command);
		assert_int_equal(wait_of(&t), steps[i].wait);
		hear(&t, steps[i].answer);
	}
}

static void
blocks_the_final_dot_and_quit_have_theirs(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct talk t;

	begin(&t, a);
	until_the_mail(&t);
	assert_int_equal(wait_of(&t), 180); /* the first block */
	told(&t, CURLINFO_DATA_OUT, str_head(MAIL, 5));
	assert_int_equal(wait_of(&t), 180);
	told(&t, CURLINFO_DATA_OUT, str_from(MAIL, 5));
	assert_int_equal(wait_of(&t), 600);
	hear(&t, "250 queued\r\n");
	say(&t, "QUIT\r\n");
	assert_int_equal(wait_of(&t), 5);
}

/* A relay that sends a byte now and then has not answered: only whole replies count. */
static void
a_wait_begins_with_what_was_said_last(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct talk t;

	begin(&t, a);
	t.since_us -= 301 * US_PER_S;
	assert_true(is_too_late(&t, time_monotonic_us()));
	hear(&t, "250-and another\r\n");
	assert_true(is_too_late(&t, time_monotonic_us()));
	hear(&t, "250 last\r\n");
	assert_false(is_too_late(&t, time_monotonic_us()));
	t.since_us -= 301 * US_PER_S;
	assert_true(is_too_late(&t, time_monotonic_us()));
	say(&t, "MAIL FROM:<a@b>\r\n");
	assert_false(is_too_late(&t, time_monotonic_us()));
	until_the_mail(&t);
	t.since_us -= 181 * US_PER_S;
	assert_true(is_too_late(&t, time_monotonic_us()));
	told(&t, CURLINFO_DATA_OUT, str_head(MAIL, 5));
	assert_false(is_too_late(&t, time_monotonic_us()));
}

/* Half an hour for all before the dot; after it an answer is worth its ten minutes. */
static void
the_whole_ends_only_before_the_final_dot(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct talk t;

	begin(&t, a);
	until_the_mail(&t);
	told(&t, CURLINFO_DATA_OUT, str_head(MAIL, 5));
	t.begun_us -= 1799 * US_PER_S;
	assert_false(is_too_late(&t, t.since_us));
	t.begun_us -= 2 * US_PER_S;
	assert_true(is_too_late(&t, t.since_us));
	told(&t, CURLINFO_DATA_OUT, str_from(MAIL, 5));
	assert_false(is_too_late(&t, t.since_us + 600 * US_PER_S));
	assert_true(is_too_late(&t, t.since_us + 601 * US_PER_S));
}

/* What a mail is taken for when our wait for this ended. */
static void
a_wait_that_ended_before_the_dot_defers_and_after_it_is_unknown(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct talk t;

	begin(&t, a);
	until_the_mail(&t);
	assert_int_equal(outcome_of(&t, CURLE_ABORTED_BY_CALLBACK), MAIL_IS_DEFERRED);
	told(&t, CURLINFO_DATA_OUT, MAIL);
	assert_int_equal(outcome_of(&t, CURLE_ABORTED_BY_CALLBACK), MAIL_IS_UNKNOWN);
	assert_true(str_eq(words_of(a, &t, CURLE_ABORTED_BY_CALLBACK, "Callback aborted"),
	    S("the relay did not answer in time")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_command_has_the_wait_of_the_rfc),
	    cmocka_unit_test(blocks_the_final_dot_and_quit_have_theirs),
	    cmocka_unit_test(a_wait_begins_with_what_was_said_last),
	    cmocka_unit_test(the_whole_ends_only_before_the_final_dot),
	    cmocka_unit_test(a_wait_that_ended_before_the_dot_defers_and_after_it_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
