/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ip_test - what an address and a network is, and who is in one
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/str.h"

static void
reads_addresses(void **state)
{
	static const char *const rows[][2] = {{"192.0.2.7", "192.0.2.7"}, {"::1", "::1"},
	    {"2001:DB8::0:1", "2001:db8::1"}, {"::ffff:192.0.2.7", "192.0.2.7"},
	    {"255.255.255.255", "255.255.255.255"}, {"::", "::"}};
	static const struct str bad[] = {S(""), S("192.0.2"), S("192.0.2.07"), S("192.0.2.256"),
	    S(" 192.0.2.7"), S("192.0.2.7 "), S("192.0.2.7:80"), S("[::1]"), S("fe80::1%eth0"),
	    S("1"), S("0x7f.0.0.1"), S("unknown"), S("_hidden"), S("::1\0"), S("1:2:3"),
	    S("0000:0000:0000:0000:0000:ffff:192.168.100.100.1")};
	AUTO(arena_free) struct arena *a = arena_new();
	struct ip ip;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(ip_parse(str_c(rows[i][0]), &ip));
		assert_string_equal(arena_cstr(a, ip_text(a, &ip)), rows[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (ip_parse(bad[i], &ip))
			fail_msg("accepted: %.*s", STR(bad[i]));
	}
}

static void
knows_loopback(void **state)
{
	struct ip ip;

	assert_true(ip_parse(S("127.0.0.1"), &ip) && ip_is_loopback(&ip));
	assert_true(ip_parse(S("::1"), &ip) && ip_is_loopback(&ip));
	assert_true(ip_parse(S("::ffff:127.0.0.1"), &ip) && ip_is_loopback(&ip));
	assert_true(ip_parse(S("127.0.0.2"), &ip) && !ip_is_loopback(&ip));
	assert_true(ip_parse(S("::2"), &ip) && !ip_is_loopback(&ip));
}

static bool
has(const char *net, const char *address)
{
	struct ip_net n;
	struct ip_nets nets = {&n, 1};
	struct ip ip;

	assert_true(ip_net_parse(str_c(net), &n));
	assert_true(ip_parse(str_c(address), &ip));
	return ip_nets_have(&nets, &ip);
}

static void
networks_have_addresses(void **state)
{
	assert_true(has("10.0.0.0/8", "10.255.1.2"));
	assert_false(has("10.0.0.0/8", "11.0.0.0"));
	assert_true(has("10.0.0.0/8", "::ffff:10.0.0.1"));
	assert_true(has("192.0.2.128/25", "192.0.2.128"));
	assert_false(has("192.0.2.128/25", "192.0.2.127"));
	assert_true(has("192.0.2.7", "192.0.2.7"));
	assert_false(has("192.0.2.7", "192.0.2.6"));
	assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(has("::1", "::1"));
	assert_false(has("::/64", "0.0.0.1")); /* which is ::ffff:0:1 */
	assert_true(has("0.0.0.0/1", "127.0.0.1"));
	assert_false(has("0.0.0.0/1", "::1"));
}

static void
refuses_networks(void **state)
{
	static const char *const bad[] = {"", "10.0.0.0/", "10.0.0.0/0", "::/0", "10.0.0.0/33",
	    "::/129", "10.0.0.1/8", "2001:db8::1/32", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/ 8",
	    "::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "proxy", "10.0.0.0/255.0.0.0", "/8"};
	struct ip_net n;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (ip_net_parse(str_c(bad[i]), &n))
			fail_msg("accepted: %s", bad[i]);
	}
}

static void
reads_lists(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct ip_nets nets;
	struct str bad;

	assert_true(ip_nets_parse(a, S(""), &nets, &bad));
	assert_int_equal(nets.n, 0);
	assert_true(ip_nets_parse(a, S("127.0.0.1, ::1 ,10.0.0.0/8"), &nets, &bad));
	assert_int_equal(nets.n, 3);
	assert_false(ip_nets_parse(a, S("127.0.0.1, localhost, x"), &nets, &bad));
	assert_true(str_eq(bad, S("localhost")));
	assert_false(ip_nets_parse(a, S("127.0.0.1,"), &nets, &bad));
	assert_false(ip_nets_parse(a, S(",127.0.0.1"), &nets, &bad));
	assert_false(ip_nets_parse(a, S("127.0.0.1 ::1"), &nets, &bad));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_addresses),
	    cmocka_unit_test(knows_loopback),
	    cmocka_unit_test(networks_have_addresses),
	    cmocka_unit_test(refuses_networks),
	    cmocka_unit_test(reads_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
