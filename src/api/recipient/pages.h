/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * pages - what the pages of the recipient area share
 *
 * Every page is drawn by page_show from a struct page that page_begin has
 * filled with the values all templates take (docs/internals/templates.md).
 * What a visitor may see of a delivery is found by visit_find alone: number and
 * cookie together, or nothing.
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "model/brand.h"
#include "model/delivery.h"
#include "model/person.h"
#include "model/recipient.h"
#include "model/session.h"

struct tv;

struct page {
	struct api *x;
	const struct request *q;
	const char *lang;
	struct brand brand;
	struct tv *values;
};

NODISCARD int page_begin(
    struct api *x, const struct request *q, const char *lang, struct page *ret, struct error *e);
/* The page can be asked for by GET again: offer it in the other language. */
void page_other_language(struct page *p);
NODISCARD int page_show(struct page *p, struct reply *r, const char *template, struct error *e);

/* An error as a page in the brand: 400, 403, 404 (the neutral page), 429, 503, 507. */
void page_error(struct api *x, const struct request *q, struct reply *r, const struct error *e);
/* The neutral page, 200: for everything a stranger may not tell apart. */
NODISCARD int page_neutral(
    struct api *x, const struct request *q, struct reply *r, struct error *e);

/* ERR_DENIED unless Origin is our own URL; absent and null are refused. */
NODISCARD int origin_check(struct api *x, const struct request *q, struct error *e);

/* A browser with a live session for the delivery of the path. */
struct visit {
	struct delivery delivery;
	struct recipient recipient;
	struct session session;
	struct str csrf;
	const char *lang;
	struct str path; /* "/d/NUMBER" */
};
/* 1, or 0: no session, a foreign or an unknown number, which nobody may tell apart. */
NODISCARD int visit_find(
    struct api *x, const struct request *q, struct visit *ret, struct error *e);
/* Revoked (also the recipient alone), expired, or not yet valid. */
enum visit_end { VISIT_LIVE, VISIT_REVOKED, VISIT_EXPIRED, VISIT_EARLY };
enum visit_end visit_end(const struct api *x, const struct visit *v);
/* Origin and the form's csrf field: ERR_DENIED. */
NODISCARD int visit_check_form(
    struct api *x, const struct request *q, const struct visit *v, struct error *e);
/* At most once a minute, so that the session stays alive while it is used; HEAD changes nothing. */
void visit_touch(struct api *x, const struct request *q, const struct visit *v);

/*
 * Where the request came from, as a personal value of the contact: sealed under
 * his key, which is made on first use and lies in the request's arena.  Needs the
 * keeper: before change_begin.
 */
NODISCARD int came_from(struct api *x, const struct request *q, contact_id contact,
    struct event_field *ret, struct error *e);

/* Set-Cookie of COOKIE_RECIPIENT. */
void cookie_set(struct reply *r, struct api *x, struct str token);
struct str csrf_of(struct api *x, struct str cookie_token);

/* Values of sender.html, number, subject, dates, counts. */
NODISCARD int page_delivery_values(struct page *p, const struct visit *v, struct error *e);

/* page.c: what code.c shows again after a refusal. */
struct verify_state {
	uint32_t status; /* 200, 422, 429 */
	bool wrong, used_up, too_many;
	int64_t tries_left, again_us;
};
NODISCARD int verify_show(struct api *x, const struct request *q, const struct visit *v,
    const struct verify_state *s, struct reply *r, struct error *e);
NODISCARD int arrival_show(struct api *x, const struct request *q, const struct visit *v,
    const struct verify_state *s, struct reply *r, struct error *e);
/* Over, or not begun. */
NODISCARD int ended_show(struct api *x, const struct request *q, const struct visit *v,
    struct reply *r, struct error *e);
