/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keeper - the master key, and nothing else
 *
 * Holds: the master key and what is derived from it, in locked memory.
 * May: answer small fixed questions of app and worker on the pairs master made.
 * May not: the network, any file after its start, execute.
 *
 * The key comes once, on descriptor 4 (a key file, a credential, or what a
 * passphrase unlocked: unlock.h), which is then closed; whether it is the right
 * one was checked before any role started.  Every unwrap is counted per pair; the
 * counts are logged every minute in which there were many.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "conf/conf.h"
#include "crypto/vault.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "roles/keeper_answer.h"
#include "roles/role.h"
#include "roles/unlock.h"

#define PAIRS_MAX 32
#define MANY_UNWRAPS 5000

struct keeper;

struct pair {
	struct keeper *k;
	enum role_kind role;
	uint32_t index;
	int fd;
	struct watch *watch;
	struct keeper_budget budget;
	uint64_t told;
};

struct keeper {
	struct loop *loop;
	struct arena *a;
	struct keeper_state state;
	struct pair pairs[PAIRS_MAX];
	char space[LIMIT_MSG_BYTES];
};

static void
reply(struct pair *p, uint32_t id, const struct msg_answer *m)
{
	struct ipc_msg out = {.type = MSG_ANSWER, .id = id};
	struct error e;
	struct buf b;

	buf_init(&b, LIMIT_MSG_BYTES - IPC_HEAD_BYTES);
	msg_answer_put(&b, m);
	out.body = buf_view(&b);
	if (ipc_send_wait(p->fd, &out, 1000, &e) < 0)
		log_warn("%s.%u: %s", role_name(p->role), p->index, e.msg);
	buf_fini(&b);
}

static void
drop(struct pair *p)
{
	watch_free(&p->watch);
	fd_close(&p->fd);
}

static void
take_question(struct pair *p, const struct ipc_msg *m)
{
	struct keeper *k = p->k;
	struct msg_answer answer = {.result = ERR_PROTOCOL};
	struct msg_keeper q;
	struct error e;

	k->state.now_us = loop_now(k->loop);
	if (msg_keeper_get(m->body, k->a, &q, &e) == 0) {
		keeper_answer(&k->state, p->role, &p->budget, m->type, &q, k->a, &answer);
		if (answer.result == ERR_DENIED)
			log_warn("%s.%u may not ask %u", role_name(p->role), p->index, m->type);
	}
	reply(p, m->id, &answer);
	if (answer.item_count > 0)
		explicit_bzero(answer.items, answer.item_count * sizeof *answer.items);
	explicit_bzero(k->space, m->body.n + IPC_HEAD_BYTES);
	arena_reset(k->a);
}

static void
on_pair(void *arg, uint32_t events)
{
	struct pair *p = arg;
	AUTO(ipc_msg_close) struct ipc_msg m = {0};
	struct error e;
	int r = ipc_recv(p->fd, p->k->space, &m, &e);

	(void)events;
	if (r > 0)
		take_question(p, &m);
	else if (r < 0)
		drop(p);
}

static struct pair *
pair_for(struct keeper *k, const struct msg_peer *peer)
{
	struct pair *unused = NULL;

	for (int i = 0; i < PAIRS_MAX; i++) {
		struct pair *p = &k->pairs[i];

		if (p->k != NULL && p->role == peer->role && p->index == peer->index)
			return p;
		if (p->k == NULL && unused == NULL)
			unused = p;
	}
	return unused;
}

static int
on_peer(void *arg, const struct msg_peer *peer, int fd, struct error *e)
{
	struct keeper *k = arg;
	struct pair *p;

	if ((peer->role != ROLE_APP && peer->role != ROLE_WORKER) ||
	    (p = pair_for(k, peer)) == NULL) {
		fd_close(&fd);
		return err_set(e, ERR_PROTOCOL, "a peer the keeper has no business with");
	}
	if (p->k != NULL)
		drop(p);
	*p = (struct pair){.k = k, .role = peer->role, .index = peer->index, .fd = fd};
	return loop_watch(k->loop, fd, LOOP_READ, on_pair, p, &p->watch, e);
}

/* Who opens many keys is worth a line: a hostile app can open any it can read. */
static void
on_minute(void *arg)
{
	struct keeper *k = arg;

	for (int i = 0; i < PAIRS_MAX; i++) {
		struct pair *p = &k->pairs[i];

		if (p->k != NULL && p->budget.total - p->told >= MANY_UNWRAPS)
			log_info("%s.%u: %llu keys opened within a minute", role_name(p->role),
			    p->index, (unsigned long long)(p->budget.total - p->told));
		p->told = p->budget.total;
	}
}

static int
read_key(struct keeper *k, struct error *e)
{
	int r = vault_of_fd(KEY_FD, &k->state.vault, e);

	close(KEY_FD);
	return r;
}

int
keeper_run(struct role_env *env, struct error *e)
{
	struct keeper *k = xcalloc(1, sizeof *k);

	k->a = arena_new();
	k->state.boot = env->boot;
	k->state.may_read_outbox = env->conf->smtp_url.n == 0;
	if (read_key(k, e) < 0 || loop_new(&k->loop, e) < 0)
		return err_code(e);
	if (!vault_is_locked(k->state.vault))
		log_warn(
		    "the kernel did not lock the keys into memory: encrypt or switch off swap");
	if (role_enter(env, k->loop, on_peer, k, e) < 0 ||
	    loop_every(k->loop, 60000, on_minute, k, e) < 0)
		return err_code(e);
	loop_run(k->loop);
	vault_free(&k->state.vault);
	return 0;
}
