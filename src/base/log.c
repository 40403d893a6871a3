/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * log - see log.h.  A line is put together on the stack and leaves with one
 * write(2), so that lines of several roles on one pipe do not mix.  What does
 * not fit is cut and ends in "...".  A line that cannot be written is lost:
 * there is nowhere left to say so.
 *
 * The role's name and the least level are the one process-wide state in base,
 * set once at the start of a role.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048 /* below PIPE_BUF, so the write is not split */

static char log_role[24] = "geleit";
static enum log_level log_least = LOG_INFO;

static const char *const level_words[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

void
log_init(const char *role, enum log_level least)
{
	snprintf(log_role, sizeof log_role, "%s", role);
	log_least = least;
}

static size_t
put_head(char *to, size_t cap, enum log_level level)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(to, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(to + n, cap - n, ".%03dZ %s %s ", (int)(now.tv_nsec / 1000000),
	    log_role, level_words[level]);
	return n;
}

/* C0, DEL, and the C1 controls as UTF-8 spells them (C2 80 to C2 9F). */
static bool
is_control(const uint8_t *p)
{
	return p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0);
}

/* Copy text without its control characters; always ends in a newline. */
static size_t
put_text(char *to, size_t cap, const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n = 0;

	for (; *p != 0 && n + sizeof "\\xc2\\x9f...\n" < cap; p++) {
		if (!is_control(p)) {
			to[n++] = (char)*p;
			continue;
		}
		n += (size_t)snprintf(to + n, cap - n, "\\x%02x", *p);
		if (*p == 0xc2)
			n += (size_t)snprintf(to + n, cap - n, "\\x%02x", *++p);
	}
	n += (size_t)snprintf(to + n, cap - n, "%s\n", *p != 0 ? "..." : "");
	return n;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char text[LINE_BYTES], line[LINE_BYTES];
	int saved = errno;
	va_list ap;
	size_t n;
	ssize_t done;

	if (level < log_least)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	n = put_head(line, sizeof line, level);
	n += put_text(line + n, sizeof line - n, text);
	do {
		done = write(STDERR_FILENO, line, n);
	} while (done < 0 && errno == EINTR);
	errno = saved;
}
