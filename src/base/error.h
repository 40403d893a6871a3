/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * error - what went wrong: a number for code, a stable word for clients, a line for the log
 *
 * A function that can fail returns int, 0 or a negative ERR_ value, is
 * NODISCARD and takes struct error *e last, never NULL.  The error lives in the
 * caller's frame; there is nothing to free.  The message goes to the log.  Who
 * asked for something wrong is told it, too (api/reply.c); a page for strangers
 * has phrases of its own, and of a fault nobody outside learns a word.
 *
 * Layer: base.
 */
#pragma once

#include "base/base.h"

enum {
	ERR_INVALID = -1,         /* the input is wrong: 400 or 422 */
	ERR_UNAUTHENTICATED = -2, /* who are you: 401 */
	ERR_DENIED = -3,          /* not yours: 403 */
	ERR_NOT_FOUND = -4,       /* 404 */
	ERR_CONFLICT = -5,        /* state or offset does not match: 409 */
	ERR_EXISTS = -6,          /* 409 */
	ERR_GONE = -7,            /* expired, revoked, used up: 410 */
	ERR_PRECONDITION = -8,    /* If-Match, tus version: 412 */
	ERR_TOO_LARGE = -9,       /* 413 */
	ERR_UNSUPPORTED = -10,    /* media type, encoding: 415 */
	ERR_LIMIT = -11,          /* too many tries or too often: 429 */
	ERR_RETRY = -12,          /* the database asks to run the change again */
	ERR_BUSY = -13,           /* a queue is full or a lock did not come: 503 */
	ERR_UNAVAILABLE = -14,    /* a role or server is not there: 503 */
	ERR_TIMEOUT = -15,
	ERR_NO_SPACE = -16, /* disk full: 507 */
	ERR_IO = -17,
	ERR_CORRUPT = -18,         /* authentication failed, an invariant is broken */
	ERR_PROTOCOL = -19,        /* the peer spoke nonsense */
	ERR_UNKNOWN_OUTCOME = -20, /* a commit or mail whose answer was lost */
	ERR_INTERNAL = -21,
	ERR_CHECKSUM = -22, /* what came is not what its sender says: 460 of tus */
};

struct error {
	int code;      /* one of ERR_ */
	char key[40];  /* stable API code, "" when the number says enough */
	bool is_fault; /* of the system below us: a path, a statement, for the log alone */
	char msg[400]; /* short, factual, lower case */
};

/*
 * Set e and return code, so that a failing function ends with one line.  Macros,
 * so that whoever reads along, the compiler or an analyser, sees that it fails.
 */
#define err_set(e, code, ...) (err_put(e, code, "", __VA_ARGS__), (code))
/* The same with a stable API code (docs/openapi.yaml). */
#define err_key(e, code, key, ...) (err_put(e, code, key, __VA_ARGS__), (code))
/* From errno: ENOSPC and EDQUOT become ERR_NO_SPACE, ENOENT ERR_NOT_FOUND, ... */
#define err_errno(e, ...) (err_put_errno(e, __VA_ARGS__), err_code(e))
/* Put "context: " before the message; returns the code. */
#define err_prefix(e, ...) (err_put_prefix(e, __VA_ARGS__), err_code(e))

/* The same without a value. */
void err_put(struct error *e, int code, const char *key, const char *fmt, ...) PRINTF(4, 5);
void err_put_errno(struct error *e, const char *fmt, ...) PRINTF(2, 3);
void err_put_prefix(struct error *e, const char *fmt, ...) PRINTF(2, 3);

/* The code after a failure: one that was never set is an internal error, not a success. */
static inline int
err_code(const struct error *e)
{
	return e->code < 0 ? e->code : ERR_INTERNAL;
}

/* "not-found", "denied", ...: the default key of a code. */
const char *err_word(int code);
