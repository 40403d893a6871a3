/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * progress - one line on a terminal: how far an upload is, how fast, how long yet
 *
 * Written to stderr at most five times a second, and only when that is a
 * terminal; a script sees nothing of it.
 *
 * Layer: cli.
 */
#pragma once

#include "base/base.h"

struct progress {
	struct str name;
	int64_t total, start; /* start: what was there before this run */
	int64_t begun_us, drawn_us;
	bool shown;
};

void progress_begin(struct progress *p, struct str name, int64_t total, int64_t there);
void progress_set(struct progress *p, int64_t sent); /* of the whole file */
/* Instead of the bar: what is waited for. */
void progress_say(struct progress *p, const char *what);
/* The line goes away. */
void progress_end(struct progress *p);

/* The line without a terminal, for tests: "  45% [####......] 9.0 MB of 20.0 MB  1.2 MB/s  0:09
 * left". */
void progress_line(
    char *ret, size_t n, int64_t sent, int64_t total, int64_t per_second, struct str name);
