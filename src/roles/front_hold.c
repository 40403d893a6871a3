/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * front_hold - a form that tries a secret waits its turn (sources.h)
 *
 * A key or a cookie comes with every request.  There not the question waits but
 * the answer that says it is none, and its bucket is another: whoever has a right
 * one, or types a password, is never kept waiting for what others of his network
 * try with keys.
 *
 * Who asks for a new link is told the same whether there is one for him or not, and
 * at the same moment: that answer waits, too.
 *
 * Held requests are a list with one timer, armed for the earliest, so that an
 * idle front never wakes.  At most HELD_MAX wait; beyond that nothing is held:
 * a flood must not keep the innocent out, and every code counts its own tries.
 */
#include "roles/front.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "api/api.h"
#include "api/cookie.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "http/http.h"
#include "net/net.h"
#include "os/loop.h"

#define HELD_MAX 1024
#define EVEN_US US_PER_S /* longer than a mail takes to be written and committed */
#define REFUSALS_MAX 512 /* of them: wrong keys do not take the places of forms */

static void
arm(struct front *f)
{
	int64_t first = INT64_MAX;
	struct itimerspec at = {0};

	for (struct exchange *x = f->held; x != NULL; x = x->next_held)
		first = MIN(first, x->held_until_us);
	if (first != INT64_MAX) {
		first = MAX(first - loop_now(f->loop), 1000);
		at.it_value.tv_sec = first / US_PER_S;
		at.it_value.tv_nsec = first % US_PER_S * 1000;
	}
	timerfd_settime(f->hold_timer, 0, &at, NULL);
}

void
front_unhold(struct exchange *x)
{
	if (x->prev_held == NULL)
		return;
	*x->prev_held = x->next_held;
	if (x->next_held != NULL)
		x->next_held->prev_held = x->prev_held;
	x->prev_held = NULL;
	x->f->held_count--;
	arm(x->f);
}

static void
go_on(struct exchange *x)
{
	if (x->late == NULL)
		exchange_ask(x);
	else
		net_answer(x->conn, x->late->head, x->late->bytes, x->late->is_last);
}

/* go_on may free the exchange: the next one is looked for anew. */
static void
on_hold_timer(void *arg, uint32_t events)
{
	struct front *f = arg;
	uint64_t expired;
	struct exchange *x = f->held;

	(void)events;
	if (read(f->hold_timer, &expired, sizeof expired) < 0 && errno == EAGAIN)
		return;
	while (x != NULL) {
		struct exchange *due = x->held_until_us <= loop_now(f->loop) ? x : NULL;

		x = x->next_held;
		if (due == NULL)
			continue;
		front_unhold(due);
		go_on(due);
		x = f->held;
	}
	arm(f);
}

static bool
hold_until(struct exchange *x, int64_t until_us, size_t most)
{
	struct front *f = x->f;

	if (until_us <= loop_now(f->loop) || f->held_count >= most)
		return false;
	x->held_until_us = until_us;
	x->next_held = f->held;
	x->prev_held = &f->held;
	if (f->held != NULL)
		f->held->prev_held = &x->next_held;
	f->held = x;
	f->held_count++;
	arm(f);
	return true;
}

static bool
hold(struct exchange *x, struct sources *tries, size_t most)
{
	int64_t now = loop_now(x->f->loop);

	return hold_until(x, now + sources_try(tries, &x->from, now), most);
}

bool
front_hold(struct exchange *x)
{
	return hold(x, x->f->sources, HELD_MAX);
}

static bool
has_credential(const struct exchange *x)
{
	for (size_t i = 0; i < x->field_count; i++) {
		const struct msg_field *f = &x->fields[i];

		if (str_ieq(f->name, S("authorization")))
			return true;
		if (str_ieq(f->name, S("cookie")) && http_cookie(f->value, COOKIE_STAFF).n > 0)
			return true;
	}
	return false;
}

static bool
answers_later(struct exchange *x, struct late_answer late)
{
	x->late = ARENA_NEW(x->arena, struct late_answer);
	*x->late = late;
	return true;
}

bool
front_hold_refusal(struct exchange *x, struct late_answer late)
{
	if (x->tries_secret || x->up != NULL || !has_credential(x) ||
	    !hold(x, x->f->refused, REFUSALS_MAX))
		return false;
	return answers_later(x, late);
}

bool
front_hold_even(struct exchange *x, struct late_answer late)
{
	return x->answers_late && hold_until(x, x->asked_us + EVEN_US, HELD_MAX) &&
	       answers_later(x, late);
}

bool
route_answers_late(const struct route *rt)
{
	return rt->permission == PERM_PUBLIC && rt->body == BODY_FORM;
}

bool
route_tries_a_secret(const struct route *rt)
{
	return rt->permission != PERM_STAFF && (rt->body == BODY_FORM || rt->body == BODY_JSON);
}

int
front_hold_init(struct front *f, struct error *e)
{
	f->sources = sources_new();
	f->refused = sources_new();
	f->hold_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (f->hold_timer < 0)
		return err_errno(e, "timerfd");
	return loop_watch(f->loop, f->hold_timer, LOOP_READ, on_hold_timer, f, &f->hold_watch, e);
}
