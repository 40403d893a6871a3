/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dump_routes - one line per row of routes.c: method, pattern, permission,
 * scope, body, event, snapshot; for tests that compare the table with documents.
 */
#include <stdio.h>

#include "api/api.h"

int
main(void)
{
	static const char *const permissions[] = {
	    "public", "token", "recipient", "sign-in", "staff"};
	static const char *const bodies[] = {"none", "form", "json", "stream"};

	for (size_t i = 0; i < route_count; i++) {
		const struct route *r = &routes[i];

		printf("%s %s %s %u %s %s %s\n", r->method, r->pattern, permissions[r->permission],
		    r->scope, bodies[r->body],
		    r->event == CHANGE_HOUSEKEEPING ? "-" : event_kind_name(r->event),
		    r->reads_only ? "snapshot" : "own");
	}
	return 0;
}
