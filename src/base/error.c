/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * error - see error.h.  Nothing here allocates: an error must be possible when
 * memory is not.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const words[] = {
    [-ERR_INVALID] = "invalid",
    [-ERR_UNAUTHENTICATED] = "unauthenticated",
    [-ERR_DENIED] = "denied",
    [-ERR_NOT_FOUND] = "not-found",
    [-ERR_CONFLICT] = "conflict",
    [-ERR_EXISTS] = "exists",
    [-ERR_GONE] = "gone",
    [-ERR_PRECONDITION] = "precondition-failed",
    [-ERR_TOO_LARGE] = "too-large",
    [-ERR_UNSUPPORTED] = "unsupported",
    [-ERR_LIMIT] = "too-many",
    [-ERR_RETRY] = "retry",
    [-ERR_BUSY] = "busy",
    [-ERR_UNAVAILABLE] = "unavailable",
    [-ERR_TIMEOUT] = "timeout",
    [-ERR_NO_SPACE] = "no-space",
    [-ERR_CHECKSUM] = "checksum-mismatch",
    [-ERR_IO] = "io",
    [-ERR_CORRUPT] = "corrupt",
    [-ERR_PROTOCOL] = "protocol",
    [-ERR_UNKNOWN_OUTCOME] = "outcome-unknown",
    [-ERR_INTERNAL] = "internal",
};

static void
set(struct error *e, int code, const char *key, const char *fmt, va_list ap)
{
	e->code = code;
	e->is_fault = false;
	snprintf(e->key, sizeof e->key, "%s", key);
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
}

void
err_put(struct error *e, int code, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, code, key, fmt, ap);
	va_end(ap);
}

static int
code_of_errno(int n)
{
	switch (n) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NO_SPACE;
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	default:
		return ERR_IO;
	}
}

void
err_put_errno(struct error *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	set(e, code_of_errno(saved), "", fmt, ap);
	va_end(ap);
	e->is_fault = true;
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror(saved));
}

void
err_put_prefix(struct error *e, const char *fmt, ...)
{
	char old[sizeof e->msg];
	va_list ap;
	size_t n;

	memcpy(old, e->msg, sizeof old);
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof e->msg - n, ": %.*s", (int)(sizeof old - n), old);
}

const char *
err_word(int code)
{
	if (code >= 0 || (size_t)-code >= ARRAY_LEN(words))
		return "internal";
	return words[-code];
}
