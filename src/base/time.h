/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * time - microseconds, everywhere
 *
 * Layer: base.
 */
#pragma once

#include "base/base.h"

struct arena;

#define US_PER_S 1000000LL
#define US_PER_DAY (86400LL * US_PER_S)

int64_t time_now_us(void);       /* Unix time */
int64_t time_monotonic_us(void); /* for deadlines only */

/* "2026-11-25T09:38:49Z" or with ".123456" when there is a fraction. */
struct str time_rfc3339(struct arena *a, int64_t us);
/* Accepts Z or an offset and up to six digits of fraction; years 1 to 9999 in UTC. */
bool time_parse_rfc3339(struct str s, int64_t *ret_us);
/* IMF-fixdate of RFC 9110 section 5.6.7. */
struct str time_http(struct arena *a, int64_t us);

/* Wall clock of a zone (tzdata name), for pages and mails. */
struct civil {
	int year, month, day, hour, minute, second; /* month and day from 1 */
	int weekday;                                /* 0 Sunday */
	char zone[8];                               /* "CET" */
	int offset_s;                               /* east of UTC */
};
void time_civil(int64_t us, const char *zone, struct civil *ret);
/* The inverse; a time that does not exist or exists twice takes the later offset. */
int64_t time_from_civil(const struct civil *c, const char *zone);

/*
 * A person's date: RFC 3339, "N(m|h|d)" from now, or YYYY-MM-DD meaning the end
 * of that day in the zone.  False when it is none of these, or past the year 9999.
 */
bool time_parse_human(struct str s, int64_t now_us, const char *zone, int64_t *ret_us);
