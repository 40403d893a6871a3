/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conf_test - defaults, refusals, rewriting, and the page that is made from the table
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"

#define IS(got, want) assert_string_equal(arena_cstr(a, (got)), (want))

static void
has_defaults(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct conf c;

	assert_int_equal(conf_parse(a, S("/srv/g"), S(""), &c, &e), 0);
	IS(c.url, "https://127.0.0.1:8443");
	IS(c.authority, "127.0.0.1:8443");
	IS(c.listen_host, "127.0.0.1");
	IS(c.listen_port, "8443");
	IS(conf_db_url(a, &c, false), "sqlite:/srv/g/db/geleit.db");
	IS(conf_db_url(a, &c, true), "sqlite:/srv/g/db/keys.db");
	IS(c.timezone, "Europe/Berlin");
	assert_int_equal(c.delivery_days, 14);
	assert_int_equal(c.delivery_max_days, 90);
	assert_int_equal(c.code_tries, 5);
	assert_int_equal(c.transfers, 4000);
	assert_int_equal(c.upload_life_us, 7 * US_PER_DAY);
	assert_int_equal(c.log_level, CONF_LOG_INFO);
	assert_int_equal(c.malware_unscanned, UNSCANNED_ALLOW);
	assert_false(c.malware_unscanned_set);
	assert_int_equal(c.smtp_url.n, 0);
	assert_int_equal(c.proxies.n, 0);
}

static void
reads(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct conf c;

	assert_int_equal(
	    conf_parse(a, S("/d"),
	        S("# note\n\n server.listen = [::1]:443 \r\n"
	          "server.url=https://daten.nordlicht.example/\nclamd.socket = /run/clamd\n"
	          "smtp.url = smtp://u:p%3D@mx.example:587\nsmtp.from = a@b.example\nsmtp.insecure "
	          "= 1\n"
	          "server.db = postgresql://u:p@h/geleit?sslmode=require\nlog.level = debug\n"
	          "delivery.max_days = 5\nlimits.code_tries ="),
	        &c, &e),
	    0);
	IS(c.listen_host, "::1");
	IS(c.url, "https://daten.nordlicht.example");
	IS(c.authority, "daten.nordlicht.example");
	IS(c.smtp_url, "smtp://u:p%3D@mx.example:587");
	assert_true(c.smtp_insecure);
	assert_int_equal(c.malware_unscanned, UNSCANNED_HOLD); /* a clamd is set */
	IS(conf_db_url(a, &c, true), "postgresql://u:p@h/geleit_keys?sslmode=require");
	assert_int_equal(c.log_level, CONF_LOG_DEBUG);
	assert_int_equal(c.delivery_days, 5); /* never above the maximum */
	assert_int_equal(c.code_tries, 5);
	assert_int_equal(
	    conf_parse(a, S("/d"), S("clamd.socket=/x\nmalware.unscanned=allow"), &c, &e), 0);
	assert_int_equal(c.malware_unscanned, UNSCANNED_ALLOW);
	assert_true(c.malware_unscanned_set);
}

static void
reads_proxies(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct conf c, over;
	struct ip ip;

	assert_int_equal(
	    conf_parse(a, S("/d"), S("server.trusted_proxies = 127.0.0.1,2001:db8::/32"), &c, &e),
	    0);
	assert_int_equal(conf_overlay(a, &c, NULL, 0, &over, &e), 0);
	assert_true(ip_parse(S("2001:db8::9"), &ip) && ip_nets_have(&over.proxies, &ip));
	assert_true(ip_parse(S("127.0.0.1"), &ip) && ip_nets_have(&c.proxies, &ip));
	assert_true(ip_parse(S("127.0.0.2"), &ip) && !ip_nets_have(&c.proxies, &ip));
}

static void
refuses(void **state)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
	    {"nonsense", "name = value"},
	    {"a.b = 1", "unknown setting a.b"},
	    {"\nlimits.code_tries = x", "line 2: limits.code_tries: not a number"},
	    {"limits.code_tries = 0", "not from 1 to 20"},
	    {"limits.code_tries = 5 5", "not a number"},
	    {"limits.code_tries = 5\nlimits.code_tries = 6", "stands twice"},
	    {"limits.transfers = 99999999999999999999", "not a number"},
	    {"upload.max_bytes = -1", "not from"},
	    {"smtp.insecure = yes", "neither 0 nor 1"},
	    {"malware.unscanned = maybe", "none of"},
	    {"log.level = loud", "none of"},
	    {"server.listen = 8443", "host:port"},
	    {"server.listen = h:99999", "host:port"},
	    {"server.url = http://a", "https"},
	    {"server.url = https://a/b", "https"},
	    {"server.url = https://", "https"},
	    {"server.url = https://a b", "https"},
	    {"server.db = mysql://x", "sqlite"},
	    {"smtp.url = http://x", "smtp"},
	    {"smtp.url = smtp://", "smtp"},
	    {"smtp.url = smtp://h", "smtp.from"},
	    {"server.trusted_proxies = 10.0.0.1/8", "\"10.0.0.1/8\" is neither an address nor"},
	    {"server.trusted_proxies = 127.0.0.1, proxy.example", "\"proxy.example\" is neither"},
	    {"server.trusted_proxies = 127.0.0.1,", "\"\" is neither"},
	    {"server.trusted_proxies = 0.0.0.0/0", "is neither"},
	    {"server.trusted_proxies = 127.0.0.1 ::1", "is neither"},
	    {"smtp.from = x", "mail address"},
	    {"smtp.from = a..b@c", "mail address"},
	    {"smtp.ca = ca.pem", "absolute"},
	    {"server.timezone = ../etc", "time zone"},
	    {"tls.ciphersuites = \x01", "control"},
	    {"tls.ciphersuites = \xff", "UTF-8"},
	};
	AUTO(arena_free) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error e = {0};
		struct conf c;
		if (conf_parse(a, S("/d"), str_c(bad[i].text), &c, &e) != ERR_INVALID)
			fail_msg("accepted: %s", bad[i].text);
		if (strstr(e.msg, bad[i].word) == NULL)
			fail_msg("%s: says %s", bad[i].text, e.msg);
	}
}

static void
sets(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e;
	struct str t = S("# mine\nlimits.code_tries = 5\nlog.level = warn");

	assert_int_equal(conf_set(a, t, S("limits.code_tries"), S("7"), &t, &e), 0);
	IS(t, "# mine\nlimits.code_tries = 7\nlog.level = warn\n");
	assert_int_equal(conf_set(a, t, S("smtp.url"), S("smtp://h:25"), &t, &e), 0);
	assert_int_equal(conf_set(a, t, S("smtp.from"), S("a@b"), &t, &e), 0);
	IS(t, "# mine\nlimits.code_tries = 7\nlog.level = warn\nsmtp.url = smtp://h:25\nsmtp.from "
	      "= a@b\n");
	assert_int_equal(conf_set(a, t, S("limits.code_tries"), S("x"), &t, &e), ERR_INVALID);
	assert_int_equal(conf_set(a, t, S("no.such"), S("x"), &t, &e), ERR_INVALID);
	assert_int_equal(
	    conf_set(a, t, S("smtp.ca"), S("/x\nlog.level = debug"), &t, &e), ERR_INVALID);
}

/* A password stands in each of these addresses. */
static void
secrets_are_not_shown(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct conf_shown s;
	struct conf c;
	struct error e;
	int seen = 0;

	assert_int_equal(conf_parse(a, S("/d"),
	                     S("server.db = postgresql://a:geheim@h/n\n"
	                       "server.keys_db = postgresql://a:geheim@h/k\n"
	                       "smtp.url = smtp://a:geheim@h\nsmtp.from = a@b\n"),
	                     &c, &e),
	    0);
	for (size_t i = 0; conf_at(a, &c, i, &s); i++) {
		assert_null(strstr(arena_cstr(a, s.value), "geheim"));
		seen += str_eq(s.value, S("set"));
	}
	assert_int_equal(seen, 3);
}

/* Which may be set while the server runs, and which of them the verdict looks at. */
static void
flags_are_told(void **state)
{
	assert_true(conf_is_changeable(S("upload.days")) && !conf_judges(S("upload.days")));
	assert_true(
	    conf_is_changeable(S("malware.unscanned")) && conf_judges(S("malware.unscanned")));
	assert_false(conf_is_changeable(S("smtp.url")) || conf_is_changeable(S("no.such")));
	assert_false(conf_judges(S("no.such")));
}

static void
loads(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	char dir[] = "/tmp/conf_test.XXXXXX";
	struct error e;
	struct conf c;
	struct str text;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(conf_load(a, str_c(dir), &c, &text, &e), ERR_NOT_FOUND);
	const char *path = arena_printf(a, "%s/geleit.conf", dir).p;
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs("log.level = warn\n", f);
	fclose(f);
	assert_int_equal(conf_load(a, str_c(dir), &c, &text, &e), 0);
	IS(text, "log.level = warn\n");
	assert_int_equal(c.log_level, CONF_LOG_WARN);
	unlink(path);
	rmdir(dir);
}

static void
is_current(const char *path, void (*make)(struct buf *b))
{
	AUTO(arena_free) struct arena *a = arena_new();
	FILE *f = fopen(path, "re");
	struct buf b;

	assert_non_null(f);
	char *p = arena_alloc(a, 1 << 16);
	size_t n = fread(p, 1, 1 << 16, f);
	fclose(f);
	buf_init_arena(&b, a, 1 << 16);
	make(&b);
	assert_string_equal(arena_cstr(a, (struct str){p, n}), arena_cstr(a, buf_view(&b)));
}

/* Made by: build/src/conf/conf_document > docs/admin/settings.md */
static void
page_is_current(void **state)
{
	is_current(SOURCE_ROOT "/docs/admin/settings.md", conf_document);
}

/* Made by: build/src/conf/conf_document manual > docs/man/geleit.conf.5 */
static void
manual_is_current(void **state)
{
	is_current(SOURCE_ROOT "/docs/man/geleit.conf.5", conf_manual);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(has_defaults),
	    cmocka_unit_test(reads),
	    cmocka_unit_test(reads_proxies),
	    cmocka_unit_test(refuses),
	    cmocka_unit_test(sets),
	    cmocka_unit_test(secrets_are_not_shown),
	    cmocka_unit_test(flags_are_told),
	    cmocka_unit_test(loads),
	    cmocka_unit_test(page_is_current),
	    cmocka_unit_test(manual_is_current),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
