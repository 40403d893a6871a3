/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * routes - the table of all routes
 *
 * Every row declares who may call it and which event its effect records, so
 * that a route without either does not compile into the table.  docs/openapi.yaml
 * (the staff API) and tests/matrix.yaml (every row) are compared with it by a test.
 */
#include "api/routes.h"

#define STAFF(scope) PERM_STAFF, (scope)
#define RECIPIENT PERM_RECIPIENT, 0
#define TOKEN PERM_TOKEN, 0
#define PUBLIC PERM_PUBLIC, 0
#define SIGN_IN PERM_SIGN_IN, 0

/* clang-format off */
const struct route routes[] = {
	/* method, pattern, handler, permission with scope, lane, body, event, in one snapshot,
	   after a fresh proof only */
	{"GET", "/api/v1/status", status_get,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"POST", "/api/v1/keys", keys_post,
	    STAFF(SCOPE_ADMIN), LANE_INTERACTIVE, BODY_JSON, EVENT_KEY_CREATED, false, true},
	{"GET", "/api/v1/session", session_get,
	    SIGN_IN, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"DELETE", "/api/v1/session", session_delete,
	    SIGN_IN, LANE_INTERACTIVE, BODY_NONE, EVENT_SESSION_ENDED, false, false},
	{"POST", "/api/v1/session/link", session_link,
	    PUBLIC, LANE_INTERACTIVE, BODY_JSON, EVENT_SESSION_BEGUN, false, false},
	{"GET", "/api/v1/sessions", sessions_list,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"DELETE", "/api/v1/sessions/{session}", sessions_end,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_NONE, EVENT_SESSION_ENDED, false, false},
	{"GET", "/api/v1/brand", brand_show,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"PATCH", "/api/v1/brand", brand_patch,
	    STAFF(SCOPE_ADMIN), LANE_INTERACTIVE, BODY_JSON, EVENT_BRAND_CHANGED, false, false},
	{"OPTIONS", "/api/v1/uploads", uploads_options,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"POST", "/api/v1/uploads", uploads_post,
	    STAFF(SCOPE_UPLOAD), LANE_HEAVY, BODY_STREAM, EVENT_VERSION_CREATED, false, false},
	{"HEAD", "/api/v1/uploads/{upload}", uploads_head,
	    STAFF(SCOPE_UPLOAD), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"PATCH", "/api/v1/uploads/{upload}", uploads_patch,
	    STAFF(SCOPE_UPLOAD), LANE_HEAVY, BODY_STREAM, EVENT_VERSION_CREATED, false, false},
	{"DELETE", "/api/v1/uploads/{upload}", uploads_delete,
	    STAFF(SCOPE_UPLOAD), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"GET", "/api/v1/assets", assets_list,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"GET", "/api/v1/assets/{asset}", assets_get,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"PATCH", "/api/v1/assets/{asset}", assets_patch,
	    STAFF(SCOPE_EDIT), LANE_INTERACTIVE, BODY_JSON, EVENT_ASSET_CHANGED, false, false},
	{"PUT", "/api/v1/assets/{asset}/release", assets_release,
	    STAFF(SCOPE_RELEASE), LANE_INTERACTIVE, BODY_JSON, EVENT_RELEASE_CHANGED, false, false},
	{"GET", "/api/v1/assets/{asset}/history", assets_history,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"POST", "/api/v1/check", check_post,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_JSON, CHANGE_HOUSEKEEPING, true, false},
	{"POST", "/api/v1/deliveries", deliveries_post,
	    STAFF(SCOPE_SEND), LANE_INTERACTIVE, BODY_JSON, EVENT_DELIVERY_CREATED, false, false},
	{"GET", "/api/v1/deliveries", deliveries_list,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"GET", "/api/v1/deliveries/{number}", deliveries_get,
	    STAFF(SCOPE_READ), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"POST", "/api/v1/deliveries/{number}/revoke", deliveries_revoke,
	    STAFF(SCOPE_SEND), LANE_INTERACTIVE, BODY_JSON, EVENT_DELIVERY_REVOKED, false, false},
	{"POST", "/api/v1/deliveries/{number}/link", deliveries_link,
	    STAFF(SCOPE_SEND), LANE_INTERACTIVE, BODY_JSON, EVENT_RECIPIENT_LINK, false, false},
	{"GET", "/api/v1/outbox", outbox_list,
	    STAFF(SCOPE_OUTBOX), LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"GET", "/api/v1/outbox/{mail}", outbox_show,
	    STAFF(SCOPE_OUTBOX), LANE_INTERACTIVE, BODY_NONE, EVENT_OUTBOX_READ, false, true},
	{"GET", "/", root_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"GET", "/app", app_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"GET", "/app/{a}", app_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"GET", "/app/{a}/{b}", app_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"GET", "/app/{a}/{b}/{c}", app_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"GET", "/app/{a}/{b}/{c}/{d}", app_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"GET", "/r/{token}", open_page,
	    TOKEN, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"POST", "/r/open", open_post,
	    TOKEN, LANE_INTERACTIVE, BODY_FORM, EVENT_RECIPIENT_OPENED, false, false},
	{"GET", "/r/new-link", new_link_page,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"POST", "/r/new-link", new_link_post,
	    PUBLIC, LANE_INTERACTIVE, BODY_FORM, EVENT_RECIPIENT_LINK, false, false},
	{"GET", "/r/theme.css", theme_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"GET", "/r/logo.png", logo_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"GET", "/static/{name}", static_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"GET", "/imprint", imprint_get,
	    PUBLIC, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, true, false},
	{"GET", "/d/{number}", delivery_page,
	    RECIPIENT, LANE_INTERACTIVE, BODY_NONE, CHANGE_HOUSEKEEPING, false, false},
	{"POST", "/d/{number}/code", code_post,
	    RECIPIENT, LANE_INTERACTIVE, BODY_FORM, EVENT_CODE_SENT, false, false},
	{"POST", "/d/{number}/verify", verify_post,
	    RECIPIENT, LANE_INTERACTIVE, BODY_FORM, EVENT_RECIPIENT_VERIFIED, false, false},
	{"GET", "/d/{number}/file/{n}", file_get,
	    RECIPIENT, LANE_HEAVY, BODY_NONE, EVENT_DOWNLOAD_STARTED, false, false},
	{"GET", "/d/{number}/all.zip", zip_get,
	    RECIPIENT, LANE_HEAVY, BODY_NONE, EVENT_DOWNLOAD_STARTED, false, false},
};
/* clang-format on */

const size_t route_count = ARRAY_LEN(routes);
