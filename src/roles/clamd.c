/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * clamd - see clamd.h
 *
 * clamd answers before the end of a stream when it has seen enough (the size it
 * takes is over), and closes while we still write: the answer is then read all
 * the same, as it says more than EPIPE does.
 */
#include "roles/clamd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "os/file.h"

#define PING_WAIT_MS 5000
#define ANSWER_BYTES 1024

/* ---- the connection ---- */

static int
wait_for(const struct clamd *c, short events, int ms, struct error *e)
{
	struct pollfd p[2] = {{.fd = c->fd, .events = events}, {.fd = c->end_fd}};
	int r;

	do
		r = poll(p, 2, ms);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_errno(e, "poll");
	if (r > 0 && p[1].revents != 0)
		return err_set(e, ERR_UNAVAILABLE, "nobody waits for it any more");
	return r == 0 ? err_set(e, ERR_TIMEOUT, "clamd does not answer") : 0;
}

static int
open_socket(struct clamd *c, struct error *e)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = strlen(c->path);

	if (n >= sizeof to.sun_path)
		return err_set(
		    e, ERR_INVALID, "clamd.socket is longer than a socket's path may be");
	memcpy(to.sun_path, c->path, n);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return err_errno(e, "socket");
	/* a Unix socket connects at once, or the daemon's queue is full */
	if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
		return err_set(e, ERR_UNAVAILABLE, "clamd at %s: %s", c->path, strerror(errno));
	return 0;
}

void
clamd_close(struct clamd *c)
{
	fd_close(&c->fd);
}

/* 1 all is written, 0 the other side takes no more. */
static int
put(const struct clamd *c, const void *bytes, size_t n, int ms, struct error *e)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t done = send(c->fd, p, n, MSG_NOSIGNAL);

		if (done > 0) {
			p += done;
			n -= (size_t)done;
		} else if (done < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			return 0;
		} else if (done < 0 && errno != EAGAIN && errno != EINTR) {
			return err_set(e, ERR_UNAVAILABLE, "clamd: %s", strerror(errno));
		} else if (wait_for(c, POLLOUT, ms, e) < 0) {
			return err_code(e);
		}
	}
	return 1;
}

/* Up to its NUL, or to its end; *n: room, then read. */
static int
get(const struct clamd *c, char *answer, size_t *n, int ms, struct error *e)
{
	size_t room = *n;

	for (*n = 0; *n < room;) {
		ssize_t r = recv(c->fd, answer + *n, room - *n, 0);

		if (r > 0 && memchr(answer + *n, '\0', (size_t)r) != NULL) {
			*n = strlen(answer);
			return 0;
		}
		if (r > 0)
			*n += (size_t)r;
		else if (r == 0 || (errno != EAGAIN && errno != EINTR))
			break;
		else if (wait_for(c, POLLIN, ms, e) < 0)
			return err_code(e);
	}
	return *n > 0 ? 0 : err_set(e, ERR_UNAVAILABLE, "clamd closed without an answer");
}

/* ---- commands ---- */

int
clamd_ping(const struct clamd *where, struct error *e)
{
	static const char command[] = "zPING"; /* with its NUL */
	AUTO(clamd_close) struct clamd c = *where;
	char answer[16];
	size_t n = sizeof answer;

	if (open_socket(&c, e) < 0 || put(&c, command, sizeof command, PING_WAIT_MS, e) < 0 ||
	    get(&c, answer, &n, PING_WAIT_MS, e) < 0)
		return err_code(e);
	if (!str_eq_c((struct str){answer, n}, "PONG"))
		return err_set(e, ERR_UNAVAILABLE, "at %s is no clamd", c.path);
	return 0;
}

int
clamd_begin(struct clamd *c, struct error *e)
{
	static const char command[] = "zINSTREAM";

	if (open_socket(c, e) < 0)
		return err_code(e);
	return MIN(put(c, command, sizeof command, LIMIT_SCAN_SILENT_MS, e), 0);
}

int
clamd_add(struct clamd *c, const void *p, size_t n, struct error *e)
{
	uint32_t length = htonl((uint32_t)n);
	struct pollfd early = {.fd = c->fd, .events = POLLIN};
	int r;

	if (poll(&early, 1, 0) > 0)
		return 0;
	r = put(c, &length, sizeof length, LIMIT_SCAN_SILENT_MS, e);
	return r > 0 ? put(c, p, n, LIMIT_SCAN_SILENT_MS, e) : r;
}

int
clamd_end(struct clamd *c, struct clamd_said *ret, struct error *e)
{
	static const uint32_t end = 0;
	char answer[ANSWER_BYTES];
	size_t n = sizeof answer;

	if (put(c, &end, sizeof end, LIMIT_SCAN_SILENT_MS, e) < 0 ||
	    get(c, answer, &n, LIMIT_SCAN_SILENT_MS, e) < 0)
		return err_code(e);
	clamd_read((struct str){answer, n}, ret);
	return 0;
}

/* ---- the answer ---- */

void
clamd_say(struct clamd_said *s, enum scan_outcome outcome, struct str detail)
{
	size_t n = MIN(detail.n, (size_t)SCAN_DETAIL_BYTES);

	s->outcome = outcome;
	for (size_t i = 0; i < n; i++)
		s->detail[i] = (char)(detail.p[i] < ' ' || detail.p[i] > '~' ? '?' : detail.p[i]);
	s->detail[n] = '\0';
}

/* Not every FOUND is malware: with AlertExceedsMax and AlertEncrypted it also says what it did not
 * read (clamd.conf(5)). */
static enum scan_outcome
found(struct str name)
{
	if (str_starts(name, S("Heuristics.Limits.Exceeded")))
		return SCAN_TOO_LARGE;
	if (str_starts(name, S("Heuristics.Encrypted")))
		return SCAN_ENCRYPTED;
	return SCAN_INFECTED;
}

void
clamd_read(struct str answer, struct clamd_said *ret)
{
	struct str rest;

	if (str_starts(answer, S("INSTREAM size limit exceeded"))) {
		clamd_say(ret, SCAN_TOO_LARGE, S(""));
	} else if (str_eq_c(answer, "stream: OK")) {
		clamd_say(ret, SCAN_CLEAN, S(""));
	} else if (str_starts(answer, S("stream: ")) && str_ends(answer, S(" FOUND")) &&
	           answer.n > strlen("stream:  FOUND")) {
		rest = str_from(str_head(answer, answer.n - strlen(" FOUND")), strlen("stream: "));
		clamd_say(ret, found(rest), rest);
	} else {
		clamd_say(ret, SCAN_FAILED, answer);
	}
}
