/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * staff - who is signed in: the cookie, its csrf word, a fresh proof
 *
 * The cookie (COOKIE_STAFF) is SameSite=Strict; every method but GET and HEAD
 * also needs the field Geleit-CSRF (a form: its field csrf) with the word that GET
 * /api/v1/session tells, and an Origin that, when there, is ours.
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"
#include "crypto/hash.h"
#include "model/staff_session.h"

/* 1 q->who is set, 0 no live session; ERR_DENIED "csrf", "origin". */
NODISCARD int staff_authenticate(struct api *x, struct request *q, struct error *e);
/* ERR_DENIED "step-up-required" for somebody signed in who proved himself too long ago. */
NODISCARD int staff_check_fresh(struct api *x, const struct request *q, struct error *e);
/*
 * What a key, or a session where key is 0, may at this moment: for what began with it and goes on
 * without another request.  0 when it has ended; a session that has not is in use.
 */
NODISCARD int scopes_now(
    struct api *x, api_key_id key, staff_session_id session, unsigned *ret, struct error *e);
int64_t staff_proved_until(const struct staff_session *s);

/* The cookie that came along, of whatever session it may be; "" without one. */
struct str staff_cookie(const struct request *q);
/* A new cookie's text and hash; then the field that sets it, or one that ends it. */
struct str staff_cookie_new(struct api *x, struct sha256 *ret_hash);
void staff_cookie_set(struct reply *r, struct api *x, struct str token);
void staff_cookie_clear(struct reply *r);
/*
 * The cookie of a browser in which somebody has signed in.  It proves nothing: wrong codes of
 * strangers do not count against it (model/credential.h).  false: none of the right form came.
 */
bool staff_browser(const struct request *q, struct sha256 *ret_hash);
/* The one that came, where it is known, or a new one; set it after the commit. */
struct str staff_browser_keep(
    struct api *x, const struct request *q, bool is_known, struct sha256 *ret_hash);
void staff_browser_set(struct reply *r, struct api *x, struct str token);
struct str staff_csrf(struct api *x, struct str cookie_token);
/* An address of a person: cleaned, trimmed and in lower case, so that each has one form. */
NODISCARD int staff_address(struct api *x, struct str in, struct str *ret, struct error *e);
