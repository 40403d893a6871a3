/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * tickets - see tickets.h
 *
 *	kind[1] || fields, each of fixed width, numbers big-endian
 *
 * A ticket of another kind, another length or past its date is refused alike
 * (ERR_DENIED): front has no use for the difference.
 */
#include "api/tickets.h"

#include "api/api.h"
#include "base/arena.h"
#include "base/error.h"
#include "crypto/ticket.h"

enum { KIND_UPLOAD = 1, KIND_FETCH = 2, KIND_VIEW = 3 };

#define ID_BYTES 16
#define INT_BYTES 8
#define UPLOAD_BYTES (1 + 2 * ID_BYTES + 7 * INT_BYTES + 2 + DIGEST_BYTES_MOST)
#define FETCH_BYTES (1 + ID_BYTES + 10 * INT_BYTES + TICKET_PEER_BYTES)
#define VIEW_BYTES (1 + 4 * INT_BYTES)

static uint8_t *
put_id(uint8_t *p, struct id128 id)
{
	memcpy(p, id.b, ID_BYTES);
	return p + ID_BYTES;
}

static uint8_t *
put_int(uint8_t *p, int64_t v)
{
	for (int i = 0; i < INT_BYTES; i++)
		p[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
	return p + INT_BYTES;
}

static const uint8_t *
get_id(const uint8_t *p, struct id128 *ret)
{
	memcpy(ret->b, p, ID_BYTES);
	return p + ID_BYTES;
}

static const uint8_t *
get_int(const uint8_t *p, int64_t *ret)
{
	uint64_t v = 0;

	for (int i = 0; i < INT_BYTES; i++)
		v = v << 8 | p[i];
	*ret = (int64_t)v;
	return p + INT_BYTES;
}

/* The fields behind the kind; the MAC has been checked. */
static int
open_kind(
    struct api *x, struct str ticket, int kind, size_t bytes, const uint8_t **ret, struct error *e)
{
	struct str payload;

	if (ticket_open(&x->ticket_key, ticket, &payload, e) < 0)
		return err_code(e);
	if (payload.n != bytes || (uint8_t)payload.p[0] != kind)
		return err_set(e, ERR_DENIED, "not a ticket of this kind");
	*ret = (const uint8_t *)payload.p + 1;
	return 0;
}

struct str
upload_ticket_make(struct api *x, const struct upload_ticket *t)
{
	uint8_t b[UPLOAD_BYTES] = {KIND_UPLOAD}, *p = b + 1;

	p = put_id(p, t->upload);
	p = put_id(p, t->blob);
	p = put_int(p, t->person.v);
	p = put_int(p, t->key.v);
	p = put_int(p, t->session.v);
	p = put_int(p, t->offset);
	p = put_int(p, t->body_left);
	p = put_int(p, t->expires_us);
	p = put_int(p, t->body_bytes);
	*p++ = t->is_create;
	*p++ = (uint8_t)t->digest_kind;
	memcpy(p, t->digest, sizeof t->digest);
	return ticket_make(x->a, &x->ticket_key, (struct str){(const char *)b, sizeof b});
}

int
upload_ticket_open(struct api *x, struct str ticket, struct upload_ticket *ret, struct error *e)
{
	const uint8_t *p;

	if (open_kind(x, ticket, KIND_UPLOAD, UPLOAD_BYTES, &p, e) < 0)
		return err_code(e);
	p = get_id(p, &ret->upload);
	p = get_id(p, &ret->blob);
	p = get_int(p, &ret->person.v);
	p = get_int(p, &ret->key.v);
	p = get_int(p, &ret->session.v);
	p = get_int(p, &ret->offset);
	p = get_int(p, &ret->body_left);
	p = get_int(p, &ret->expires_us);
	p = get_int(p, &ret->body_bytes);
	ret->is_create = *p++ == 1;
	ret->digest_kind = (enum digest_kind) * p++;
	memcpy(ret->digest, p, sizeof ret->digest);
	if (ret->expires_us <= x->now_us)
		return err_set(e, ERR_DENIED, "the ticket is over");
	return 0;
}

struct str
fetch_ticket_make(struct api *x, const struct fetch_ticket *t)
{
	uint8_t b[FETCH_BYTES] = {KIND_FETCH}, *p = b + 1;

	p = put_id(p, t->transfer);
	p = put_int(p, t->session.v);
	p = put_int(p, t->recipient.v);
	p = put_int(p, t->delivery.v);
	p = put_int(p, t->position);
	p = put_int(p, t->stamp);
	p = put_int(p, t->recheck_us);
	p = put_int(p, t->from);
	p = put_int(p, t->to);
	p = put_int(p, t->expires_us);
	p = put_int(p, t->contact.v);
	memcpy(p, t->peer, TICKET_PEER_BYTES);
	return ticket_make(x->a, &x->ticket_key, (struct str){(const char *)b, sizeof b});
}

int
fetch_ticket_open(struct api *x, struct str ticket, struct fetch_ticket *ret, struct error *e)
{
	const uint8_t *p;
	int64_t position;

	if (open_kind(x, ticket, KIND_FETCH, FETCH_BYTES, &p, e) < 0)
		return err_code(e);
	p = get_id(p, &ret->transfer);
	p = get_int(p, &ret->session.v);
	p = get_int(p, &ret->recipient.v);
	p = get_int(p, &ret->delivery.v);
	p = get_int(p, &position);
	p = get_int(p, &ret->stamp);
	p = get_int(p, &ret->recheck_us);
	p = get_int(p, &ret->from);
	p = get_int(p, &ret->to);
	p = get_int(p, &ret->expires_us);
	p = get_int(p, &ret->contact.v);
	memcpy(ret->peer, p, TICKET_PEER_BYTES);
	ret->peer[TICKET_PEER_BYTES - 1] = '\0';
	ret->position = (int32_t)position;
	if (ret->expires_us <= x->now_us)
		return err_set(e, ERR_DENIED, "the ticket is over");
	return 0;
}

struct str
view_ticket_make(struct api *x, const struct view_ticket *t)
{
	uint8_t b[VIEW_BYTES] = {KIND_VIEW}, *p = b + 1;

	p = put_int(p, t->key.v);
	p = put_int(p, t->session.v);
	p = put_int(p, t->version.v);
	put_int(p, t->expires_us);
	return ticket_make(x->a, &x->ticket_key, (struct str){(const char *)b, sizeof b});
}

int
view_ticket_open(struct api *x, struct str ticket, struct view_ticket *ret, struct error *e)
{
	const uint8_t *p;

	if (open_kind(x, ticket, KIND_VIEW, VIEW_BYTES, &p, e) < 0)
		return err_code(e);
	p = get_int(p, &ret->key.v);
	p = get_int(p, &ret->session.v);
	p = get_int(p, &ret->version.v);
	get_int(p, &ret->expires_us);
	if (ret->expires_us <= x->now_us)
		return err_set(e, ERR_DENIED, "the ticket is over");
	return 0;
}
