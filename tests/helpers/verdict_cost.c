/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * verdict_cost - nanoseconds of processor time that one verdict takes
 *
 *	verdict_cost [TIMES]
 *
 * Facts are made up beforehand in every mixture, as a check has them when they are
 * loaded; bench/sizes.py prints what this prints.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/base.h"
#include "model/verdict.h"

#define FACTS 1024 /* more than a processor's first cache holds */

static int64_t
used_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
make_facts(struct verdict_facts *f, size_t i)
{
	*f = (struct verdict_facts){.release = (enum release_state)(i % 5),
	    .release_until_us = i % 3 ? 0 : 2000000 + (int64_t)(i % 7),
	    .credit = {"Foto: Havn", 10},
	    .view_only = i % 11 == 0,
	    .embargo_us = i % 13 ? 0 : 2000001,
	    .expires_us = i % 17 ? 0 : 1999999,
	    .class = (enum asset_class)(i / 5 % 3),
	    .malware = (enum malware_state)(i / 15 % 4),
	    .hold_unscanned = i % 2,
	    .ingested = i % 19 != 0,
	    .trashed = i % 23 == 0,
	    .recipient_blocked = i % 29 == 0,
	    .level_reached = -1,
	    .level_possible = LEVEL_CODE,
	    .sender_may_send = i % 31 != 0,
	    .method = METHOD_PACKAGE,
	    .now_us = 2000000};
}

int
main(int argc, char **argv)
{
	static struct verdict_facts facts[FACTS];
	long times = argc > 1 ? atol(argv[1]) : 2000000;
	size_t stopped = 0;
	struct verdict v;
	int64_t begin;

	if (times <= 0)
		return 2;
	for (size_t i = 0; i < FACTS; i++)
		make_facts(&facts[i], i);
	begin = used_ns();
	for (long i = 0; i < times; i++) {
		verdict(&facts[(size_t)i % FACTS], &v);
		stopped += v.state > VERDICT_CONDITIONS;
	}
	printf("%.1f\n", (double)(used_ns() - begin) / (double)times);
	return stopped == 0; /* else nothing of it may be left out */
}
