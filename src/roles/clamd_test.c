/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * clamd - what each answer means.  The daemon itself is in tests/system/test_86_malware.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/str.h"
#include "roles/clamd.h"

static void
each_answer_has_one_meaning(void **state)
{
	static const struct {
		const char *answer;
		enum scan_outcome outcome;
		const char *detail;
	} list[] = {
	    {"stream: OK", SCAN_CLEAN, ""},
	    {"stream: Win.Test.EICAR_HDB-1 FOUND", SCAN_INFECTED, "Win.Test.EICAR_HDB-1"},
	    {"stream: Heuristics.Phishing.Email FOUND", SCAN_INFECTED, "Heuristics.Phishing.Email"},
	    {"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", SCAN_TOO_LARGE,
	        "Heuristics.Limits.Exceeded.MaxFileSize"},
	    {"stream: Heuristics.Encrypted.Zip FOUND", SCAN_ENCRYPTED, "Heuristics.Encrypted.Zip"},
	    {"INSTREAM size limit exceeded. ERROR", SCAN_TOO_LARGE, ""},
	    {"stream: Can't allocate memory ERROR", SCAN_FAILED,
	        "stream: Can't allocate memory ERROR"},
	    /* nothing that is not word for word OK is clean */
	    {"stream: ok", SCAN_FAILED, "stream: ok"},
	    {"stream: OK\nstream: X FOUND", SCAN_INFECTED, "OK?stream: X"},
	    {"OK", SCAN_FAILED, "OK"},
	    {"", SCAN_FAILED, ""},
	    {"stream: \033[2J\xff FOUND", SCAN_INFECTED, "?[2J?"},
	    {"stream:  FOUND", SCAN_FAILED, "stream:  FOUND"},
	};
	struct clamd_said said;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		clamd_read(str_c(list[i].answer), &said);
		assert_int_equal(said.outcome, list[i].outcome);
		assert_string_equal(said.detail, list[i].detail);
	}
}

static void
a_long_answer_is_cut(void **state)
{
	char answer[1000];
	struct clamd_said said;

	(void)state;
	memset(answer, 'x', sizeof answer);
	clamd_read((struct str){answer, sizeof answer}, &said);
	assert_int_equal(said.outcome, SCAN_FAILED);
	assert_int_equal(strlen(said.detail), SCAN_DETAIL_BYTES);
}

static void
nobody_there_is_said(void **state)
{
	char longer[200];
	struct clamd c = {.path = "/nonexistent/clamd.sock", .end_fd = -1, .fd = -1};
	struct error e;

	(void)state;
	assert_int_equal(clamd_ping(&c, &e), ERR_UNAVAILABLE);
	assert_non_null(strstr(e.msg, "No such file"));
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	c.path = longer;
	assert_int_equal(clamd_ping(&c, &e), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_answer_has_one_meaning),
	    cmocka_unit_test(a_long_answer_is_cut),
	    cmocka_unit_test(nobody_there_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
