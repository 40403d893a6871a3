/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * message_test - every word of the catalogue is found, and no other
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "text/linked.h"
#include "text/message.h"

#define IS(got, want) assert_string_equal(arena_cstr(a, (got)), (want))

static void
words(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();

	IS(message("de", S("verify.go")), "Weiter");
	IS(message("en", S("verify.go")), "Continue");
	IS(message("de", S("no.such")), "no.such");
	assert_true(message_exists(S("verify.go")));
	assert_false(message_exists(S("verify.g")));
	for (size_t i = 0; i < linked_message_count; i++)
		assert_true(message_exists(str_c(linked_messages[i].key)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
