/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * time - see time.h.  Calendar arithmetic is libc's timegm and gmtime_r.
 *
 * Zones come from tzdata through the TZ variable, which belongs to this file:
 * libc knows no other way to name a zone.  It stays set to the zone last asked
 * for, since setting it back would read the zone file anew on every call.  A
 * process has one thread and nothing else here looks at local time.  A role
 * that closes itself in asks once before it does so; libc then has the zone in
 * memory.  A zone that is unknown or cannot be read is UTC.
 */
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/str.h"

#define ZONE_DIR "/usr/share/zoneinfo"

static const char weekdays[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static int64_t
clock_us(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		abort();
	return ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t
time_now_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t
time_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* Whole seconds, rounded towards the past; *fraction is 0 to 999999. */
static time_t
seconds_of(int64_t us, int *fraction)
{
	int64_t s = us / US_PER_S, f = us % US_PER_S;

	if (f < 0) {
		f += US_PER_S;
		s--;
	}
	*fraction = (int)f;
	return (time_t)s;
}

static void
utc_of(int64_t us, struct tm *tm, int *fraction)
{
	time_t s = seconds_of(us, fraction);

	/* int64 microseconds reach the year 294247: gmtime_r cannot fail */
	if (gmtime_r(&s, tm) == NULL)
		abort();
}

struct str
time_rfc3339(struct arena *a, int64_t us)
{
	char fraction_text[16] = "";
	struct tm tm;
	int fraction;

	utc_of(us, &tm, &fraction);
	if (fraction != 0)
		snprintf(fraction_text, sizeof fraction_text, ".%06d", fraction);
	return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction_text);
}

struct str
time_http(struct arena *a, int64_t us)
{
	struct tm tm;
	int fraction;

	utc_of(us, &tm, &fraction);
	return arena_printf(a, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
	    weekdays + (size_t)tm.tm_wday * 3, tm.tm_mday, months + (size_t)tm.tm_mon * 3,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Read digits where the pattern has '0', the same character elsewhere. */
static bool
match(struct str *s, const char *pattern, int *fields, size_t n_fields)
{
	size_t field = 0, i;

	for (i = 0; i < n_fields; i++)
		fields[i] = 0;
	for (i = 0; pattern[i] != 0; i++) {
		if (i >= s->n)
			return false;
		if (pattern[i] != '0') {
			field++;
			if (s->p[i] != pattern[i])
				return false;
		} else if (s->p[i] < '0' || s->p[i] > '9' || field >= n_fields) {
			return false;
		} else {
			fields[field] = fields[field] * 10 + (s->p[i] - '0');
		}
	}
	*s = str_from(*s, i);
	return true;
}

static bool
day_exists(int year, int month, int day)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= lengths[month - 1] + (month == 2 && leap);
}

static int64_t
utc_seconds(const struct civil *c)
{
	struct tm tm = {
	    .tm_year = c->year - 1900,
	    .tm_mon = c->month - 1,
	    .tm_mday = c->day,
	    .tm_hour = c->hour,
	    .tm_min = c->minute,
	    .tm_sec = c->second,
	};

	return timegm(&tm);
}

/* ".5" to ".123456"; nothing is no fraction. */
static bool
read_fraction(struct str *s, int *ret)
{
	int digits = 0, v = 0;

	*ret = 0;
	if (!str_starts(*s, S(".")))
		return true;
	*s = str_from(*s, 1);
	for (; s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9' && digits < 6; digits++) {
		v = v * 10 + (s->p[0] - '0');
		*s = str_from(*s, 1);
	}
	if (digits == 0)
		return false;
	for (; digits < 6; digits++)
		v *= 10;
	*ret = v;
	return true;
}

/* The rest of the string: "Z" or "+01:00". */
static bool
read_offset(struct str s, int *ret_s)
{
	int f[2];
	bool minus;

	*ret_s = 0;
	if (str_eq_c(s, "Z"))
		return true;
	minus = str_starts(s, S("-"));
	if (!minus && !str_starts(s, S("+")))
		return false;
	s = str_from(s, 1);
	if (!match(&s, "00:00", f, ARRAY_LEN(f)) || s.n != 0 || f[0] > 23 || f[1] > 59)
		return false;
	*ret_s = (f[0] * 3600 + f[1] * 60) * (minus ? -1 : 1);
	return true;
}

/* Years 1 to 9999: what lies outside could not be written again. */
static bool
can_be_written(int64_t us)
{
	return us >= -62135596800 * US_PER_S && us < 253402300800 * US_PER_S;
}

bool
time_parse_rfc3339(struct str s, int64_t *ret_us)
{
	int f[6], fraction, offset;
	struct civil c;

	if (!match(&s, "0000-00-00T00:00:00", f, ARRAY_LEN(f)) || !read_fraction(&s, &fraction) ||
	    !read_offset(s, &offset))
		return false;
	if (!day_exists(f[0], f[1], f[2]) || f[3] > 23 || f[4] > 59 || f[5] > 59)
		return false;
	c = (struct civil){.year = f[0], .month = f[1], .day = f[2]};
	c.hour = f[3];
	c.minute = f[4];
	c.second = f[5];
	*ret_us = (utc_seconds(&c) - offset) * US_PER_S + fraction;
	return can_be_written(*ret_us);
}

/* A tzdata name: no dot, so it cannot lead out of the folder. */
static bool
zone_name_ok(const char *zone)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                              "0123456789_+-/";
	size_t n = zone == NULL ? 0 : strlen(zone);

	return n > 0 && n < 64 && zone[0] != '/' && strspn(zone, allowed) == n;
}

static void
use_zone(const char *zone)
{
	char want[96];

	/* a whole path, since libc reads anything else it cannot find as a POSIX rule */
	snprintf(want, sizeof want, ":" ZONE_DIR "/%s", zone_name_ok(zone) ? zone : "UTC");
	if (setenv("TZ", want, 1) < 0)
		abort();
	/* reads the file only if the name differs from the last one */
	tzset();
}

void
time_civil(int64_t us, const char *zone, struct civil *ret)
{
	struct tm tm;
	int fraction;
	time_t s = seconds_of(us, &fraction);

	use_zone(zone);
	if (localtime_r(&s, &tm) == NULL)
		abort();
	*ret = (struct civil){
	    .year = tm.tm_year + 1900,
	    .month = tm.tm_mon + 1,
	    .day = tm.tm_mday,
	    .hour = tm.tm_hour,
	    .minute = tm.tm_min,
	    .second = tm.tm_sec,
	    .weekday = tm.tm_wday,
	    .offset_s = (int)tm.tm_gmtoff,
	};
	/* libc leaves the name of a zone it could not read empty */
	snprintf(ret->zone, sizeof ret->zone, "%s", tm.tm_zone[0] != 0 ? tm.tm_zone : "UTC");
}

static int
offset_at(int64_t s, const char *zone)
{
	struct civil c;

	time_civil(s * US_PER_S, zone, &c);
	return c.offset_s;
}

int64_t
time_from_civil(const struct civil *c, const char *zone)
{
	int64_t naive = utc_seconds(c);
	int before = offset_at(naive - 86400, zone);
	int after = offset_at(naive + 86400, zone);

	/*
	 * A change of offset within the day: the old offset holds only where it
	 * is the one in force and the new one is not, that is before the change.
	 */
	if (offset_at(naive - after, zone) != after && offset_at(naive - before, zone) == before)
		return (naive - before) * US_PER_S;
	return (naive - after) * US_PER_S;
}

static bool
parse_span(struct str s, int64_t *ret_us)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = {{'m', 60 * US_PER_S}, {'h', 3600 * US_PER_S}, {'d', US_PER_DAY}};
	uint64_t count;

	if (s.n < 2 || !str_u64(str_head(s, s.n - 1), &count) || count > INT64_MAX)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].unit == s.p[s.n - 1])
			return !__builtin_mul_overflow((int64_t)count, units[i].us, ret_us);
	}
	return false;
}

static bool
parse_day(struct str s, const char *zone, int64_t *ret_us)
{
	struct civil c = {.hour = 23, .minute = 59, .second = 59};
	int f[3];

	if (!match(&s, "0000-00-00", f, ARRAY_LEN(f)) || s.n != 0 || !day_exists(f[0], f[1], f[2]))
		return false;
	c.year = f[0];
	c.month = f[1];
	c.day = f[2];
	*ret_us = time_from_civil(&c, zone);
	return true;
}

bool
time_parse_human(struct str s, int64_t now_us, const char *zone, int64_t *ret_us)
{
	int64_t span;
	bool ok;

	if (parse_span(s, &span))
		ok = !__builtin_add_overflow(now_us, span, ret_us);
	else
		ok = parse_day(s, zone, ret_us) || time_parse_rfc3339(s, ret_us);
	return ok && can_be_written(*ret_us);
}
