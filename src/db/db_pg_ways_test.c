/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db_pg_ways_test - which ports and sockets an address of PostgreSQL leads to
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/error.h"
#include "db/db_private.h"

/* "local 5432 5433", as it is added to nothing. */
static const char *
ways(const char *host, const char *hostaddr, const char *port)
{
	static char said[80];
	struct db_ways w = {0};
	struct error e;
	size_t n = 0;

	if (pg_ways(host, hostaddr, port, &w, &e) < 0)
		return "refused";
	n += (size_t)snprintf(said + n, sizeof said - n, "%s", w.local ? "local" : "");
	for (size_t i = 0; i < w.port_count; i++)
		n += (size_t)snprintf(said + n, sizeof said - n, " %u", w.ports[i]);
	return said;
}

static void
an_address_without_a_host_is_a_socket_of_this_machine(void **state)
{
	assert_string_equal(ways(NULL, NULL, NULL), "local");
	assert_string_equal(ways("", NULL, "5433"), "local");
	assert_string_equal(ways("/run/postgresql", NULL, "5432"), "local");
	assert_string_equal(ways("@name", NULL, NULL), "local");
}

static void
a_host_is_reached_by_its_port(void **state)
{
	assert_string_equal(ways("db.example", NULL, NULL), " 5432");
	assert_string_equal(ways("db.example", NULL, "6432"), " 6432");
	assert_string_equal(ways("::1", NULL, ""), " 5432");
	assert_string_equal(ways(NULL, "192.0.2.1", "6000"), " 6000");
	assert_string_equal(ways("/run/postgresql", "192.0.2.1", NULL), " 5432");
}

static void
each_of_several_hosts_counts_and_each_port_once(void **state)
{
	assert_string_equal(ways("a,b,c", NULL, "1,2,1"), " 1 2");
	assert_string_equal(ways("a,b", NULL, "7"), " 7");
	assert_string_equal(ways("a,/tmp", NULL, "1,2"), "local 1");
	assert_string_equal(ways("a,b", NULL, "6000,"), " 6000 5432");
}

static void
what_is_no_port_or_one_too_many_is_refused(void **state)
{
	assert_string_equal(ways("a", NULL, "65536"), "refused");
	assert_string_equal(ways("a", NULL, "0"), "refused");
	assert_string_equal(ways("a", NULL, "x"), "refused");
	assert_string_equal(ways("a,b,c,d,e,f,g,h", NULL, "1,2,3,4,5,6,7,8"), " 1 2 3 4 5 6 7 8");
	assert_string_equal(ways("a,b,c,d,e,f,g,h,i", NULL, "1,2,3,4,5,6,7,8,9"), "refused");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_without_a_host_is_a_socket_of_this_machine),
	    cmocka_unit_test(a_host_is_reached_by_its_port),
	    cmocka_unit_test(each_of_several_hosts_counts_and_each_port_once),
	    cmocka_unit_test(what_is_no_port_or_one_too_many_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
