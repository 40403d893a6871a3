/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msg_mail - a rendered mail to egress, and what became of it
 */
#include "msg/msg.h"

#include "base/arena.h"
#include "base/buf.h"
#include "msg/wire.h"

void
msg_deliver_put(struct buf *b, const struct msg_deliver *m)
{
	put_u64(b, (uint64_t)m->mail);
	put_str(b, m->from_name);
	put_str(b, m->from_address);
	put_str(b, m->address);
	put_str(b, m->subject);
	put_str(b, m->message_id);
	put_u64(b, (uint64_t)m->date_us);
	put_str(b, m->text);
	put_str(b, m->html);
	put_str(b, m->logo_png);
	put_bool(b, m->compose_only);
}

int
msg_deliver_get(struct str in, struct arena *a, struct msg_deliver *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->mail = (int64_t)get_u64(&w);
	ret->from_name = get_str(&w, LIMIT_TITLE_BYTES);
	ret->from_address = get_str(&w, LIMIT_ADDRESS_BYTES);
	ret->address = get_str(&w, LIMIT_ADDRESS_BYTES);
	ret->subject = get_str(&w, LIMIT_TITLE_BYTES * 2);
	ret->message_id = get_str(&w, LIMIT_ADDRESS_BYTES * 2);
	ret->date_us = (int64_t)get_u64(&w);
	ret->text = get_str(&w, LIMIT_MAIL_BYTES);
	ret->html = get_str(&w, LIMIT_MAIL_BYTES);
	ret->logo_png = get_str(&w, LIMIT_LOGO_BYTES);
	ret->compose_only = get_bool(&w);
	return wire_end(&w, "DELIVER", e);
}

void
msg_delivered_put(struct buf *b, const struct msg_delivered *m)
{
	put_u64(b, (uint64_t)m->mail);
	put_u8(b, (uint8_t)m->outcome);
	put_str(b, m->reply);
}

int
msg_delivered_get(struct str in, struct arena *a, struct msg_delivered *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};
	uint8_t outcome;

	ret->mail = (int64_t)get_u64(&w);
	outcome = get_u8(&w);
	ret->reply = get_str(&w, 4000);
	if (outcome > MAIL_IS_COMPOSED)
		w.bad = true;
	ret->outcome = w.bad ? MAIL_IS_UNKNOWN : (enum mail_outcome)outcome;
	return wire_end(&w, "DELIVERED", e);
}
