/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conf_fuzz - any text as geleit.conf
 *
 * The first line is a name and a value for --set and for a change at run time, the
 * rest is the file.  What is accepted lies within the table's limits and can be
 * shown; a setting put into a good file leaves a good file.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static bool
is_secret(const char *name)
{
	return strcmp(name, "server.db") == 0 || strcmp(name, "server.keys_db") == 0 ||
	       strcmp(name, "smtp.url") == 0;
}

static void
check_shown(struct arena *a, const struct conf *c)
{
	struct conf_shown s;
	int64_t number;

	for (size_t i = 0; conf_at(a, c, i, &s); i++) {
		must(str_is_utf8(s.value) && str_find(s.value, '\n') == s.value.n);
		if (strcmp(s.kind, "number") == 0)
			must(str_i64(s.value, &number) && number >= s.min && number <= s.max);
		if (is_secret(s.name))
			must(s.value.n == 0 || str_eq(s.value, S("set")) ||
			     str_eq(s.value, S("sqlite")));
	}
	must(conf_db_url(a, c, false).n > 0 && conf_db_url(a, c, true).n > 0);
	must(str_starts(c->url, S("https://")) && c->authority.n > 0);
	must(c->listen_host.n > 0 && c->delivery_days <= c->delivery_max_days);
}

static void
put(struct arena *a, struct str text, struct conf_value v)
{
	struct conf c;
	struct str changed;
	struct error e;

	if (conf_set(a, text, v.name, v.value, &changed, &e) < 0)
		return;
	if (conf_parse(a, S("/d"), changed, &c, &e) == 0)
		check_shown(a, &c);
	else /* it became too long, or one of a pair is missing */
		must(e.code == ERR_TOO_LARGE || strstr(e.msg, "smtp.url needs smtp.from") != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str text, first = str_cut((struct str){(const char *)p, n}, '\n', &text);
	struct conf_value v = {.name = {0}};
	struct conf c, over;
	struct error e;

	v.name = str_cut(first, '=', &v.value);
	if (conf_parse(a, S("/d"), text, &c, &e) < 0)
		return 0;
	check_shown(a, &c);
	put(a, text, v);
	if (conf_overlay(a, &c, &v, 1, &over, &e) == 0)
		check_shown(a, &over);
	return 0;
}
