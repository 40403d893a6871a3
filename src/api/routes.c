/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * routes - the table of all routes
 *
 * Every row declares who may call it and which event its effect records, so
 * that a route without either does not compile into the table.  docs/openapi.yaml
 * (the staff API) and tests/matrix.yaml (every row) are compared with it by a test.
 */
#include "api/routes.h"

#include "base/base.h"

#define STAFF(scope) PERM_STAFF, (scope)
#define RECIPIENT PERM_RECIPIENT, 0
#define TOKEN PERM_TOKEN, 0
#define PUBLIC PERM_PUBLIC, 0

/* clang-format off */
const struct route routes[] = {
	/* method   pattern                     handler        permission     lane  body  event  reads_only */
};
/* clang-format on */

const size_t route_count = ARRAY_LEN(routes);
