/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msg_master - what master tells a role, and front him
 */
#include "msg/msg.h"

#include "base/arena.h"
#include "base/buf.h"
#include "msg/wire.h"

static const char *const names[ROLE_KIND_COUNT] = {
    [ROLE_MASTER] = "master",
    [ROLE_FRONT] = "front",
    [ROLE_APP] = "app",
    [ROLE_KEEPER] = "keeper",
    [ROLE_WORKER] = "worker",
    [ROLE_EGRESS] = "egress",
    [ROLE_MEDIA] = "media",
    [ROLE_SCAN] = "scan",
};

const char *
role_name(enum role_kind r)
{
	return r < ROLE_KIND_COUNT ? names[r] : "unknown";
}

static enum role_kind
get_role(struct wire *w)
{
	uint32_t r = get_u32(w);

	if (r >= ROLE_KIND_COUNT)
		w->bad = true;
	return w->bad ? ROLE_MASTER : (enum role_kind)r;
}

void
msg_start_put(struct buf *b, const struct msg_start *m)
{
	put_u32(b, m->role);
	put_u32(b, m->index);
	put_u32(b, m->listener_count);
	buf_add(b, m->boot.b, sizeof m->boot.b);
}

int
msg_start_get(struct str in, struct arena *a, struct msg_start *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->role = get_role(&w);
	ret->index = get_u32(&w);
	ret->listener_count = get_u32(&w);
	get_fixed(&w, ret->boot.b, sizeof ret->boot.b);
	return wire_end(&w, "START", e);
}

void
msg_peer_put(struct buf *b, const struct msg_peer *m)
{
	put_u32(b, m->role);
	put_u32(b, m->index);
	put_u32(b, m->lane);
}

int
msg_peer_get(struct str in, struct arena *a, struct msg_peer *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->role = get_role(&w);
	ret->index = get_u32(&w);
	ret->lane = get_u32(&w);
	if (ret->lane > LANE_COUNT)
		w.bad = true;
	return wire_end(&w, "PEER", e);
}

void
msg_certificate_put(struct buf *b, const struct msg_certificate *m)
{
	put_u64(b, (uint64_t)m->ends_us);
}

int
msg_certificate_get(struct str in, struct arena *a, struct msg_certificate *ret, struct error *e)
{
	struct wire w = {in.p, in.n, false};

	ret->ends_us = (int64_t)get_u64(&w);
	return wire_end(&w, "CERTIFICATE", e);
}
