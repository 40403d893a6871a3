/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db_pg_wait - see db_pg_wait.h
 */
#include "db/db_pg_wait.h"

#include <errno.h>
#include <poll.h>

#include "base/time.h"

static bool
is_ready(PGconn *c, short events, int64_t until_us)
{
	struct pollfd p = {.fd = PQsocket(c), .events = events};
	int64_t left_ms;
	int n;

	do {
		left_ms = (until_us - time_monotonic_us()) / 1000;
		n = left_ms > 0 ? poll(&p, 1, (int)MIN(left_ms, INT32_MAX)) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Who does not read may be waiting for us to read. */
static bool
has_gone(PGconn *c, int64_t until_us)
{
	int r;

	while ((r = PQflush(c)) > 0) {
		if (!is_ready(c, POLLIN | POLLOUT, until_us) || PQconsumeInput(c) == 0)
			return false;
	}
	return r == 0;
}

static bool
has_come(PGconn *c, int64_t until_us)
{
	while (PQisBusy(c)) {
		if (!is_ready(c, POLLIN, until_us) || PQconsumeInput(c) == 0)
			return false;
	}
	return true;
}

PGresult *
pg_answer(PGconn *c, int sent, int64_t until_us)
{
	PGresult *last = NULL, *next = NULL;

	if (sent == 0 || !has_gone(c, until_us))
		return NULL;
	while (has_come(c, until_us)) {
		next = PQgetResult(c);
		if (next == NULL)
			return last;
		PQclear(last);
		last = next;
	}
	/* a COMMIT that said so, and then broke off, is asked for like one that said nothing */
	PQclear(last);
	return NULL;
}
