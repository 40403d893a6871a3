/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keeper_client - see keeper_client.h
 *
 * The caller blocks: an app does one thing at a time anyway.  Messages that
 * carry keys are wiped on both sides of the socket.
 */
#include "roles/keeper_client.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "msg/msg.h"
#include "os/file.h"
#include "os/ipc.h"
#include "roles/role.h"

#define ANSWER_WAIT_MS 5000
#define COMEBACK_US (3 * US_PER_S)

struct keeper_client {
	struct role_env *env;
	struct arena *a; /* of one call */
	int fd;
	uint32_t calls;
	uint64_t pairs; /* grows with each pair master brings */
	char space[LIMIT_MSG_BYTES];
};

int
keeper_client_new(struct role_env *env, struct keeper_client **ret, struct error *e)
{
	struct keeper_client *k = xcalloc(1, sizeof *k);

	(void)e;
	k->env = env;
	k->a = arena_new();
	k->fd = -1;
	*ret = k;
	return 0;
}

int
keeper_client_set(struct keeper_client *k, int fd, struct error *e)
{
	(void)e;
	fd_close(&k->fd);
	k->fd = fd;
	k->pairs++;
	return 0;
}

static int
ask_once(struct keeper_client *k, const struct ipc_msg *m, struct msg_answer *ret, struct error *e)
{
	struct ipc_msg in = {0};
	int r;

	if (k->fd < 0)
		return err_set(e, ERR_UNAVAILABLE, "no keeper yet");
	if (ipc_send_wait(k->fd, m, ANSWER_WAIT_MS, e) < 0)
		return err_code(e);
	do {
		if ((r = ipc_recv_wait(k->fd, k->space, ANSWER_WAIT_MS, &in, e)) < 0)
			return r;
		ipc_msg_close(&in);
	} while (in.id != m->id); /* an answer to a call that was given up */
	return msg_answer_get(in.body, k->a, ret, e);
}

/* master brings a new pair when the keeper is back. */
static int
wait_for_keeper(struct keeper_client *k, struct error *e)
{
	int64_t until = time_monotonic_us() + COMEBACK_US;
	uint64_t pairs = k->pairs;

	while (time_monotonic_us() < until) {
		int r = role_pump(k->env, 100, e);

		if (k->pairs != pairs)
			return 0;
		if (r < 0)
			return r;
	}
	return err_set(e, ERR_UNAVAILABLE, "the keeper did not come back");
}

static int
call(struct keeper_client *k, uint32_t type, const struct msg_keeper *q, struct msg_answer *ret,
    struct error *e)
{
	struct ipc_msg m = {.type = type, .id = ++k->calls};
	struct buf b;
	int r;

	arena_reset(k->a);
	buf_init(&b, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_keeper_put(&b, q);
	m.body = buf_view(&b);
	r = ask_once(k, &m, ret, e);
	if (r == ERR_UNAVAILABLE && wait_for_keeper(k, e) == 0)
		r = ask_once(k, &m, ret, e);
	buf_fini(&b); /* wipes */
	if (r < 0)
		return r;
	ret->data = arena_str(k->a, ret->data); /* it pointed into what is wiped now */
	explicit_bzero(k->space, sizeof k->space);
	if (ret->result != 0)
		return err_set(e, ret->result < ERR_INTERNAL ? ERR_INTERNAL : ret->result,
		    "the keeper refused question %u", type);
	return 0;
}

static void
item_out(const struct keeper_item *in, struct msg_wrapped *ret, bool with_key)
{
	*ret = (struct msg_wrapped){.epoch = in->epoch, .id = in->id};
	memcpy(ret->epoch_wrap, in->epoch_wrap.b, sizeof ret->epoch_wrap);
	if (with_key)
		memcpy(ret->key, in->key.b, sizeof ret->key);
	else
		memcpy(ret->wrap, in->wrap.b, sizeof ret->wrap);
}

static int
client_wrap(
    void *arg, enum wrap_kind kind, bool make_epoch, struct keeper_item *item, struct error *e)
{
	struct msg_wrapped w;
	struct msg_keeper q = {
	    .kind = (uint8_t)kind, .make_epoch = make_epoch, .items = &w, .item_count = 1};
	struct msg_answer answer;
	int r;

	item_out(item, &w, true);
	r = call(arg, MSG_WRAP, &q, &answer, e);
	explicit_bzero(&w, sizeof w);
	if (r < 0)
		return r;
	if (answer.item_count != 1)
		return err_set(e, ERR_PROTOCOL, "keeper: %zu wraps for one", answer.item_count);
	memcpy(item->epoch_wrap.b, answer.items[0].epoch_wrap, sizeof item->epoch_wrap.b);
	memcpy(item->wrap.b, answer.items[0].wrap, sizeof item->wrap.b);
	return 0;
}

static uint32_t
unwrap_message(enum wrap_kind kind)
{
	if (kind == WRAP_PERSON)
		return MSG_UNSEAL_PERSON;
	return kind == WRAP_MAIL ? MSG_UNSEAL_MAIL : MSG_UNWRAP;
}

static int
client_unwrap(void *arg, enum wrap_kind kind, struct keeper_item *items, size_t n, struct error *e)
{
	struct keeper_client *k = arg;
	AUTO(arena_free) struct arena *a = arena_new();
	struct msg_wrapped *w = ARENA_ARRAY(a, struct msg_wrapped, n);
	struct msg_keeper q = {.kind = (uint8_t)kind, .items = w, .item_count = n};
	struct msg_answer answer;

	for (size_t i = 0; i < n; i++)
		item_out(&items[i], &w[i], false);
	if (call(k, unwrap_message(kind), &q, &answer, e) < 0)
		return err_code(e);
	if (answer.item_count != n)
		return err_set(e, ERR_PROTOCOL, "keeper: %zu keys for %zu", answer.item_count, n);
	for (size_t i = 0; i < n; i++)
		memcpy(items[i].key.b, answer.items[i].key, sizeof items[i].key.b);
	if (n > 0)
		explicit_bzero(answer.items, n * sizeof *answer.items);
	return 0;
}

static int
client_pepper(void *arg, struct str label, struct str data, struct sha256 *ret, struct error *e)
{
	struct msg_keeper q = {.label = label, .data = data};
	struct msg_answer answer;

	if (call(arg, MSG_PEPPER, &q, &answer, e) < 0)
		return err_code(e);
	if (answer.data.n != sizeof ret->b)
		return err_set(e, ERR_PROTOCOL, "keeper: a MAC of %zu bytes", answer.data.n);
	memcpy(ret->b, answer.data.p, sizeof ret->b);
	return 0;
}

struct keeper
keeper_client_iface(struct keeper_client *k)
{
	return (struct keeper){k, client_wrap, client_unwrap, client_pepper};
}

int
keeper_client_ticket_key(struct keeper_client *k, struct data_key *ret, struct error *e)
{
	struct msg_keeper q = {0};
	struct msg_answer answer;

	if (call(k, MSG_TICKET_KEY, &q, &answer, e) < 0)
		return err_code(e);
	if (answer.data.n != sizeof ret->b)
		return err_set(e, ERR_PROTOCOL, "keeper: a key of %zu bytes", answer.data.n);
	memcpy(ret->b, answer.data.p, sizeof ret->b);
	return 0;
}
