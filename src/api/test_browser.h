/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * test_browser - a delivery of three files, and a browser that has one cookie
 *
 * Files 1, 2, 3 have 1000, 0 and 50 bytes and the assets 100, 200, 300.
 * Include after cmocka.h.  Layer: api, tests only.
 */
#pragma once

#include <stdio.h>

#include "api/recipient/pages.h"
#include "api/test_delivery.h"

#define FORM "application/x-www-form-urlencoded"

struct browser {
	struct fixture *f;
	struct str number, token; /* of the delivery, of the link of a@x.test */
	struct str cookie;
	const char *code; /* a form, for tests that keep one */
};

static inline struct str
part_after(struct fixture *f, struct str s, const char *mark)
{
	const char *p = s.n > 0 ? memmem(s.p, s.n, mark, strlen(mark)) : NULL;

	if (p == NULL)
		fail_msg("no %s in %.*s", mark, STR(s));
	return str_from(s, (size_t)(p - s.p) + strlen(mark));
}

static inline void
deliver(struct browser *b, const char *more)
{
	struct fixture *f = b->f;
	char json[300];

	snprintf(json, sizeof json,
	    "{\"assets\":[\"100\",\"200\",\"300\"],\"to\":[\"a@x.test\",\"b@x.test\"]%s}", more);
	if (post_json(f, "/api/v1/deliveries", json, NULL) != 201)
		fail_msg("%.*s", STR(buf_view(&f->r.body)));
	b->number = member(f, "delivery", 0);
	b->token = str_from(member(f, "link", 0), sizeof URL "/r/" - 1);
}

static inline struct browser *
browser_new(struct db *db)
{
	struct browser *b = xcalloc(1, sizeof *b);

	b->f = fixture_new(db);
	new_file(b->f, 100, "eins.txt", 1000);
	new_file(b->f, 200, "leer.txt", 0);
	new_file(b->f, 300, "drei.txt", 50);
	deliver(b, "");
	return b;
}

static inline void
browser_free(struct browser *b)
{
	fixture_free(b->f);
	free(b);
}

static inline int
browser_begin(void **state)
{
	*state = browser_new(test_db(schema_main));
	return 0;
}

static inline int
browser_end(void **state)
{
	browser_free(*state);
	return 0;
}

static inline const char *
path(struct browser *b, const char *rest)
{
	return arena_printf(b->f->x.a, "/d/%.*s%s", STR(b->number), rest).p;
}

static inline const char *
cookie_field(struct browser *b)
{
	return b->cookie.n == 0 ? "x=1"
	                        : arena_printf(b->f->x.a, "__Host-geleit-r=%.*s", STR(b->cookie)).p;
}

/* field, value: one more header, or NULL. */
static inline uint32_t
ask(struct browser *b, const char *method, const char *target, const char *name, const char *value)
{
	b->f->x.now_us = time_now_us();
	return send_ask(b->f, (struct ask){.method = method,
	                          .target = str_c(target),
	                          .key = S(""),
	                          .fields = {"cookie", cookie_field(b), name, value},
	                          .length = -2});
}

static inline uint32_t
get(struct browser *b, const char *target)
{
	return ask(b, "GET", target, NULL, NULL);
}

static inline uint32_t
post_from(struct browser *b, const char *target, struct str form, const char *origin)
{
	uint32_t status;
	struct str set;

	b->f->x.now_us = time_now_us();
	status = send_ask(b->f, (struct ask){.method = "POST",
	                            .target = str_c(target),
	                            .key = S(""),
	                            .fields = {"content-type", FORM, "cookie", cookie_field(b),
	                                origin != NULL ? "origin" : NULL, origin},
	                            .length = (int64_t)form.n,
	                            .body = form});
	set = field(b->f, "Set-Cookie");
	if (set.p != NULL) {
		set = part_after(b->f, set, "__Host-geleit-r=");
		b->cookie = arena_str(b->f->x.a, str_head(set, str_find(set, ';')));
	}
	return status;
}

/* A form of this site, with the session's csrf when there is one. */
static inline uint32_t
post(struct browser *b, const char *target, const char *form)
{
	return post_from(b, target,
	    arena_printf(b->f->x.a, "%s&csrf=%.*s", form, STR(csrf_of(&b->f->x, b->cookie))), URL);
}

static inline void
open_link(struct browser *b)
{
	struct str form = arena_printf(b->f->x.a, "token=%.*s", STR(b->token));

	assert_int_equal(post_from(b, "/r/open", form, URL), 303);
}

static inline struct str
digits_sent(struct browser *b)
{
	return str_head(part_after(b->f, mail_to(b->f, "code", "a@x.test"), "\"code\":\""), 6);
}

static inline const char *
code_form(struct browser *b, struct str digits)
{
	return arena_printf(b->f->x.a, "code=%.*s", STR(digits)).p;
}

static inline void
prove(struct browser *b)
{
	open_link(b);
	assert_int_equal(post(b, path(b, "/code"), "send=1"), 303);
	assert_int_equal(post(b, path(b, "/verify"), code_form(b, digits_sent(b))), 303);
}

static inline bool
shows(struct browser *b, const char *text)
{
	return holds(b->f, text);
}
