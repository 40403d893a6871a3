/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * verdict - each rule alone, at the very microsecond where it turns, and together; the worst
 * decides, whatever is unknown blocks
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/str.h"
#include "model/verdict.h"

#define NOW 1000000000000000LL
#define CLEARED VERDICT_CLEARED
#define CONDITIONS VERDICT_CONDITIONS
#define IN_REVIEW VERDICT_IN_REVIEW
#define BLOCKED VERDICT_BLOCKED

/* Nothing speaks against it. */
static struct verdict_facts
clear_facts(void)
{
	return (struct verdict_facts){.release = RELEASE_CLEARED,
	    .class = CLASS_PUBLIC,
	    .malware = MALWARE_CLEAN,
	    .ingested = true,
	    .level_reached = -1,
	    .level_possible = LEVEL_CODE,
	    .sender_may_send = true,
	    .method = METHOD_PACKAGE,
	    .now_us = NOW};
}

static void
codes_of(const struct verdict *v, char *out, size_t max)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < v->reason_count; i++)
		n += (size_t)snprintf(
		    out + n, max - n, "%s%s", i > 0 ? " " : "", v->reasons[i].code);
}

static void
expect(int line, const struct verdict_facts *f, enum verdict_state state, const char *codes)
{
	struct verdict v;
	char got[400];

	verdict(f, &v);
	codes_of(&v, got, sizeof got);
	if (v.state != state || strcmp(got, codes) != 0)
		fail_msg("line %d: %s for \"%s\"", line, verdict_state_name(v.state), got);
}

#define CASE(change, state, codes)                                                                 \
	do {                                                                                       \
		struct verdict_facts f = clear_facts();                                            \
		change;                                                                            \
		expect(__LINE__, &f, (state), (codes));                                            \
	} while (0)

static void
release_decides(void **state)
{
	CASE(, CLEARED, "");
	CASE(f.release = RELEASE_DRAFT, IN_REVIEW, "release-draft");
	CASE(f.release = RELEASE_IN_REVIEW, IN_REVIEW, "release-in-review");
	CASE(f.release = RELEASE_BLOCKED, BLOCKED, "release-blocked");
	CASE(f.release = RELEASE_CONDITIONS, CONDITIONS, "release-conditions");
	CASE(f.release = (enum release_state)99, BLOCKED, "release-blocked");
	/* until: the last microsecond is the one before */
	CASE(f.release_until_us = NOW + 1, CLEARED, "");
	CASE(f.release_until_us = NOW, BLOCKED, "release-expired");
	CASE(f.release_until_us = NOW - 1, BLOCKED, "release-expired");
	CASE(f.release = RELEASE_CONDITIONS;
	     f.release_until_us = NOW + 1, CONDITIONS, "release-conditions");
	CASE(f.release = RELEASE_CONDITIONS;
	     f.release_until_us = NOW, BLOCKED, "release-expired release-conditions");
	/* a date of a release that never was says nothing more */
	CASE(f.release = RELEASE_DRAFT; f.release_until_us = NOW - 1, IN_REVIEW, "release-draft");
	CASE(f.release = RELEASE_BLOCKED; f.release_until_us = NOW - 1, BLOCKED, "release-blocked");
}

static void
dates_decide(void **state)
{
	CASE(f.embargo_us = NOW + 1, BLOCKED, "embargo");
	CASE(f.embargo_us = NOW, CLEARED, "");
	CASE(f.embargo_us = NOW - 1, CLEARED, "");
	CASE(f.expires_us = NOW + 1, CLEARED, "");
	CASE(f.expires_us = NOW, BLOCKED, "expired");
	CASE(f.expires_us = NOW - 1, BLOCKED, "expired");
	CASE(f.embargo_us = NOW - 1; f.expires_us = NOW + 1, CLEARED, "");
	CASE(f.embargo_us = NOW + 2; f.expires_us = NOW - 2, BLOCKED, "embargo expired");
}

static void
malware_and_ingest_decide(void **state)
{
	CASE(f.malware = MALWARE_NOT_SCANNED, CLEARED, "");
	CASE(f.malware = MALWARE_NOT_SCANNED;
	     f.hold_unscanned = true, BLOCKED, "malware-unscanned");
	CASE(f.hold_unscanned = true, CLEARED, "");
	CASE(f.malware = MALWARE_INFECTED, BLOCKED, "malware-infected");
	CASE(f.malware = MALWARE_INFECTED; f.hold_unscanned = true, BLOCKED, "malware-infected");
	CASE(f.malware = MALWARE_ERROR, BLOCKED, "damaged");
	CASE(f.malware = (enum malware_state)99, BLOCKED, "malware-infected");
	CASE(f.ingested = false, IN_REVIEW, "ingest-pending");
	CASE(f.ingested = false; f.malware = MALWARE_NOT_SCANNED, IN_REVIEW, "ingest-pending");
	CASE(f.ingested = false; f.malware = MALWARE_NOT_SCANNED;
	     f.hold_unscanned = true, BLOCKED, "malware-unscanned ingest-pending");
	/* what is broken will not come by waiting */
	CASE(f.ingested = false; f.malware = MALWARE_ERROR, BLOCKED, "damaged");
}

static void
people_and_method_decide(void **state)
{
	CASE(f.recipient_blocked = true, BLOCKED, "recipient-blocked");
	CASE(f.sender_may_send = false, BLOCKED, "sender-role");
	CASE(f.method = METHOD_VIEW_ONLY, BLOCKED, "method");
	CASE(f.method = METHOD_GUEST, BLOCKED, "method");
	CASE(f.method = (enum send_method)99, BLOCKED, "method");
	CASE(f.release = RELEASE_CONDITIONS;
	     f.view_only = true, BLOCKED, "release-conditions method");
	/* view only is a condition of a release with conditions, of no other */
	CASE(f.view_only = true, CLEARED, "");
}

static void
classification_demands_a_level(void **state)
{
	CASE(f.level_reached = LEVEL_LINK, CLEARED, "");
	CASE(f.class = CLASS_INTERNAL, CLEARED, "");
	CASE(f.class = CLASS_INTERNAL; f.level_possible = LEVEL_LINK, BLOCKED, "classification");
	CASE(f.class = CLASS_INTERNAL; f.level_reached = LEVEL_LINK, BLOCKED, "identity-level");
	CASE(f.class = CLASS_INTERNAL; f.level_reached = LEVEL_CODE, CLEARED, "");
	CASE(f.class = CLASS_CONFIDENTIAL, BLOCKED, "classification");
	CASE(f.class = CLASS_CONFIDENTIAL;
	     f.level_reached = LEVEL_CODE, BLOCKED, "classification identity-level");
	CASE(f.class = CLASS_CONFIDENTIAL; f.level_possible = LEVEL_SECOND_CHANNEL, CLEARED, "");
	CASE(f.class = CLASS_CONFIDENTIAL; f.level_possible = LEVEL_PASSKEY;
	     f.level_reached = LEVEL_SECOND_CHANNEL, CLEARED, "");
	CASE(f.class = CLASS_CONFIDENTIAL; f.level_possible = LEVEL_PASSKEY;
	     f.level_reached = LEVEL_CODE, BLOCKED, "identity-level");
	CASE(f.class = (enum asset_class)99;
	     f.level_possible = LEVEL_PASSKEY, BLOCKED, "classification");
}

static void
the_worst_wins_and_all_are_listed(void **state)
{
	CASE(f.release = RELEASE_DRAFT; f.embargo_us = NOW + 1, BLOCKED, "release-draft embargo");
	CASE(f.release = RELEASE_CONDITIONS;
	     f.ingested = false, IN_REVIEW, "release-conditions ingest-pending");
	CASE(f.release = RELEASE_CONDITIONS;
	     f.expires_us = NOW, BLOCKED, "release-conditions expired");
	CASE(f.release = RELEASE_DRAFT;
	     f.ingested = false, IN_REVIEW, "release-draft ingest-pending");
	CASE(f.release = RELEASE_BLOCKED; f.embargo_us = NOW + 1; f.malware = MALWARE_INFECTED;
	     f.ingested = false; f.recipient_blocked = true; f.sender_may_send = false;
	     f.method = METHOD_GUEST; f.class = CLASS_CONFIDENTIAL;
	     f.level_reached = LEVEL_LINK, BLOCKED,
	     "release-blocked embargo malware-infected ingest-pending recipient-blocked "
	     "sender-role method classification identity-level");
}

static void
facts_that_nobody_loaded_do_not_clear(void **state)
{
	const struct verdict_facts nothing = {.now_us = NOW};
	struct verdict v;

	verdict(&nothing, &v);
	assert_int_equal(v.state, VERDICT_BLOCKED);
}

static enum check_state
check(const struct verdict_facts *f, enum verdict_check c)
{
	struct verdict v;

	verdict(f, &v);
	return v.checks[c];
}

static void
five_checks_say_where_it_is(void **state)
{
	struct verdict_facts f = clear_facts();

	assert_int_equal(check(&f, CHECK_RELEASE), CHECK_OK);
	assert_int_equal(check(&f, CHECK_DATES), CHECK_OK);
	assert_int_equal(check(&f, CHECK_LICENCE), CHECK_NOT_CHECKED);
	assert_int_equal(check(&f, CHECK_PEOPLE), CHECK_NOT_CHECKED);
	assert_int_equal(check(&f, CHECK_AUDIENCE), CHECK_NOT_CHECKED);
	f.release = RELEASE_CONDITIONS;
	assert_int_equal(check(&f, CHECK_RELEASE), CHECK_CONDITION);
	f.ingested = false;
	assert_int_equal(check(&f, CHECK_RELEASE), CHECK_OPEN);
	f.malware = MALWARE_INFECTED;
	assert_int_equal(check(&f, CHECK_RELEASE), CHECK_STOP);
	f.embargo_us = NOW + 1;
	assert_int_equal(check(&f, CHECK_DATES), CHECK_STOP);
	f.recipient_blocked = true;
	assert_int_equal(check(&f, CHECK_AUDIENCE), CHECK_STOP);
}

static void
reasons_carry_what_to_show(void **state)
{
	struct verdict_facts f = clear_facts();
	struct verdict v;

	f.release = RELEASE_CONDITIONS;
	f.credit = S("Foto: Anna Muster");
	f.release_until_us = NOW + 5;
	f.embargo_us = NOW + 7;
	f.class = CLASS_CONFIDENTIAL;
	verdict(&f, &v);
	assert_int_equal(v.reason_count, 3);
	assert_true(str_eq(v.reasons[0].text, f.credit));
	assert_int_equal(v.reasons[0].date_us, NOW + 5);
	assert_int_equal(v.reasons[0].level, -1);
	assert_int_equal(v.reasons[1].date_us, NOW + 7);
	assert_int_equal(v.reasons[2].level, LEVEL_SECOND_CHANNEL);
	assert_true(str_eq(v.credit, f.credit));
	assert_int_equal(v.level_floor, LEVEL_SECOND_CHANNEL);
}

static int64_t
until(int64_t release_until, int64_t expires, enum release_state release)
{
	struct verdict_facts f = clear_facts();
	struct verdict v;

	f.release = release;
	f.release_until_us = release_until;
	f.expires_us = expires;
	verdict(&f, &v);
	return v.until_us;
}

static void
it_knows_when_it_ends_by_itself(void **state)
{
	assert_true(until(0, 0, RELEASE_CLEARED) == INT64_MAX);
	assert_int_equal(until(NOW + 5, 0, RELEASE_CLEARED), NOW + 5);
	assert_int_equal(until(0, NOW + 6, RELEASE_CLEARED), NOW + 6);
	assert_int_equal(until(NOW + 5, NOW + 6, RELEASE_CLEARED), NOW + 5);
	assert_int_equal(until(NOW + 7, NOW + 6, RELEASE_CONDITIONS), NOW + 6);
	assert_true(until(NOW + 7, 0, RELEASE_DRAFT) == INT64_MAX);
}

static void
names_read_back(void **state)
{
	enum release_state r;
	enum asset_class c;
	enum malware_state m;

	for (int i = RELEASE_DRAFT; i <= RELEASE_BLOCKED; i++) {
		assert_true(release_parse(str_c(release_name((enum release_state)i)), &r));
		assert_int_equal(r, i);
	}
	for (int i = CLASS_PUBLIC; i <= CLASS_CONFIDENTIAL; i++) {
		assert_true(class_parse(str_c(class_name((enum asset_class)i)), &c));
		assert_int_equal(c, i);
	}
	for (int i = MALWARE_NOT_SCANNED; i <= MALWARE_ERROR; i++) {
		assert_true(malware_parse(str_c(malware_name((enum malware_state)i)), &m));
		assert_int_equal(m, i);
	}
	assert_false(release_parse(S("expired"), &r)); /* computed, never stored */
	assert_false(class_parse(S(""), &c));
	assert_false(malware_parse(S("CLEAN"), &m));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(release_decides),
	    cmocka_unit_test(dates_decide),
	    cmocka_unit_test(malware_and_ingest_decide),
	    cmocka_unit_test(people_and_method_decide),
	    cmocka_unit_test(classification_demands_a_level),
	    cmocka_unit_test(the_worst_wins_and_all_are_listed),
	    cmocka_unit_test(facts_that_nobody_loaded_do_not_clear),
	    cmocka_unit_test(five_checks_say_where_it_is),
	    cmocka_unit_test(reasons_carry_what_to_show),
	    cmocka_unit_test(it_knows_when_it_ends_by_itself),
	    cmocka_unit_test(names_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
