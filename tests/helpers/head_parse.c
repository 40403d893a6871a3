/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * head_parse - what our parser says about the head on standard input
 *
 * For the differential test: prints "ok METHOD TARGET USED", "more", or the
 * status it refuses with.
 */
#include <stdio.h>

#include "http/head.h"

int
main(void)
{
	static char in[1 << 20];
	struct http_head h;
	size_t used = 0;
	size_t n = fread(in, 1, sizeof in, stdin);
	int r = http_head_parse((struct str){in, n}, &h, &used);

	if (r == 1)
		printf("ok %.*s %.*s %zu\n", STR(h.method), STR(h.target), used);
	else if (r == 0)
		printf("more\n");
	else
		printf("%d\n", -r);
	return 0;
}
