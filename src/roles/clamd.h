/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * clamd - asking ClamAV's daemon about one file
 *
 *	clamd_ping()                     is it there, and does it answer?
 *	clamd_begin() clamd_add()... clamd_end()     one file, as a stream
 *
 * Source: clamd(8), "COMMANDS": the z form (commands and answers end with NUL) of
 * PING and INSTREAM, whose chunks have a length of 32 bits, network order, before
 * them; a length of 0 ends the file.  What clamd says of a stranger's file is not
 * believed to be text: detail is cut and made printable.
 *
 * Every wait has an end, and ends at once when the peer of `end_fd` goes away.
 * Errors: ERR_UNAVAILABLE (nobody there, or gone in the middle), ERR_TIMEOUT.
 */
#pragma once

#include "base/base.h"
#include "msg/msg.h"

struct error;

struct clamd {
	const char *path; /* of its socket */
	int end_fd;       /* -1: none */
	int fd;           /* the stream; -1: none */
};

/* What it said of one file. */
struct clamd_said {
	enum scan_outcome outcome; /* never SCAN_UNAVAILABLE */
	char detail[SCAN_DETAIL_BYTES + 1];
};

/* Answers within a few seconds, or it is not there for anybody. */
NODISCARD int clamd_ping(const struct clamd *c, struct error *e);

NODISCARD int clamd_begin(struct clamd *c, struct error *e);
/* At most 16 MiB.  1 go on, 0 it takes no more: it has its answer, ask for it with clamd_end. */
NODISCARD int clamd_add(struct clamd *c, const void *p, size_t n, struct error *e);
/* Ends the stream and waits for the answer. */
NODISCARD int clamd_end(struct clamd *c, struct clamd_said *ret, struct error *e);
void clamd_close(struct clamd *c); /* for AUTO */

/* The outcome, and of what was said as much as may be told. */
void clamd_say(struct clamd_said *s, enum scan_outcome outcome, struct str detail);
/* One answer, without its NUL; pure.  Whatever it is not meant to say is SCAN_FAILED. */
void clamd_read(struct str answer, struct clamd_said *ret);
