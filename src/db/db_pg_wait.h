/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db_pg_wait - libpq's answers, waited for no longer than until a deadline
 *
 * PQexec and its like wait for ever when the server is stopped or the line takes
 * everything and gives nothing.  So questions are sent (PQsend...) on a
 * connection that does not block, and the answer is taken here.
 *
 * Layer: db, db_pg alone.
 */
#pragma once

#include <libpq-fe.h>

#include "base/base.h"

/*
 * sent: what PQsend... returned.  The last result, for PQclear, as PQexec would
 * give it; NULL when the connection broke, or when not all of it had come by
 * until_us (time_monotonic_us).  After NULL the connection is of no more use: an
 * answer that came late would be taken for that to the next question.
 */
PGresult *pg_answer(PGconn *c, int sent, int64_t until_us);
