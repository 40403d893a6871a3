/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * progress - see progress.h
 */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time.h"

#define BAR 24
#define LINE_BYTES 200
#define REDRAW_US (US_PER_S / 5)
#define NAME_SHOWN 30

static void
write_bytes(char *ret, size_t n, int64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double v = (double)bytes;
	size_t u = 0;

	while (v >= 1000 && u + 1 < ARRAY_LEN(units)) {
		v /= 1000;
		u++;
	}
	snprintf(ret, n, u == 0 ? "%.0f %s" : "%.1f %s", v, units[u]);
}

static void
write_left(char *ret, size_t n, int64_t left, int64_t per_second)
{
	int64_t s = per_second > 0 ? left / per_second : 0;

	if (per_second <= 0)
		snprintf(ret, n, "-:--");
	else if (s < 3600)
		snprintf(ret, n, "%d:%02d", (int)(s / 60), (int)(s % 60));
	else
		snprintf(ret, n, "%lld:%02d:%02d", (long long)(s / 3600), (int)(s / 60 % 60),
		    (int)(s % 60));
}

void
progress_line(char *ret, size_t n, int64_t sent, int64_t total, int64_t per_second, struct str name)
{
	char bar[BAR + 1], there[24], whole[24], rate[24], left[24];
	double part = total > 0 ? (double)sent / (double)total : 1;

	for (int i = 0; i < BAR; i++)
		bar[i] = i < (int)(part * BAR) ? '#' : '.';
	bar[BAR] = '\0';
	write_bytes(there, sizeof there, sent);
	write_bytes(whole, sizeof whole, total);
	write_bytes(rate, sizeof rate, per_second);
	write_left(left, sizeof left, total - sent, per_second);
	snprintf(ret, n, "%3d%% [%s] %s of %s  %s/s  %s left  %.*s", (int)(part * 100), bar, there,
	    whole, rate, left, STR(str_head(name, NAME_SHOWN)));
}

static void
draw(struct progress *p, const char *line)
{
	fprintf(stderr, "\r\033[K%s", line);
	fflush(stderr);
}

void
progress_begin(struct progress *p, struct str name, int64_t total, int64_t there)
{
	*p = (struct progress){.name = name,
	    .total = total,
	    .start = there,
	    .begun_us = time_monotonic_us(),
	    .shown = isatty(STDERR_FILENO) == 1};
}

void
progress_set(struct progress *p, int64_t sent)
{
	int64_t now = time_monotonic_us(), spent = now - p->begun_us;
	char line[LINE_BYTES];

	if (!p->shown || now - p->drawn_us < REDRAW_US)
		return;
	p->drawn_us = now;
	progress_line(line, sizeof line, sent, p->total,
	    spent > REDRAW_US ? (int64_t)((double)(sent - p->start) * US_PER_S / (double)spent) : 0,
	    p->name);
	draw(p, line);
}

void
progress_say(struct progress *p, const char *what)
{
	char line[LINE_BYTES];

	if (!p->shown)
		return;
	snprintf(line, sizeof line, "%s: %.*s", what, STR(str_head(p->name, NAME_SHOWN)));
	draw(p, line);
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		draw(p, "");
}
