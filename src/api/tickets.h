/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * tickets - what this app wants to be told when another one goes on
 *
 * Encoded fixed-width, MACed by crypto/ticket.h.  The first byte is the kind, so
 * one cannot be used as the other.
 *
 * Layer: api.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"

struct api;
struct error;

/* An upload in progress: TAKE_BODY -> BODY. */
struct upload_ticket {
	struct id128 upload;
	struct id128 blob; /* the part being filled */
	person_id person;
	api_key_id key; /* who asked: with this key, or signed in */
	staff_session_id session;
	int64_t offset;    /* committed when the part was handed out */
	int64_t body_left; /* of this request's body, INT64_MAX: until it ends */
	bool is_create;    /* POST creation-with-upload: the final answer is 201 */
	/* what the body has to be, in one part; DIGEST_NONE: nothing was said */
	enum digest_kind digest_kind;
	uint8_t digest[DIGEST_BYTES_MOST];
	int64_t body_bytes;
	int64_t expires_us;
};
struct str upload_ticket_make(struct api *x, const struct upload_ticket *t);
NODISCARD int upload_ticket_open(
    struct api *x, struct str ticket, struct upload_ticket *ret, struct error *e);

#define TICKET_PEER_BYTES 46 /* the longest IPv6 text, with its NUL */

/* A recipient's download: REPLY -> KEYS, SENT. */
struct fetch_ticket {
	struct id128 transfer;
	session_id session;
	recipient_id recipient;
	delivery_id delivery;
	int32_t position;   /* item, 0: the ZIP */
	int64_t stamp;      /* the delivery's, when the verdict was asked */
	int64_t recheck_us; /* a date on which the verdict may change by itself; INT64_MAX: none */
	int64_t from, to;   /* window of the representation */
	int64_t expires_us;
	contact_id contact; /* who it is, and where from: for the event of the first byte */
	char peer[TICKET_PEER_BYTES]; /* address as text, "" when longer */
};
struct str fetch_ticket_make(struct api *x, const struct fetch_ticket *t);
NODISCARD int fetch_ticket_open(
    struct api *x, struct str ticket, struct fetch_ticket *ret, struct error *e);

/* Somebody who works here reads a version: REPLY -> KEYS, SENT. */
struct view_ticket {
	api_key_id key; /* who asked: with this key, or signed in */
	staff_session_id session;
	version_id version;
	int64_t expires_us;
};
struct str view_ticket_make(struct api *x, const struct view_ticket *t);
NODISCARD int view_ticket_open(
    struct api *x, struct str ticket, struct view_ticket *ret, struct error *e);
