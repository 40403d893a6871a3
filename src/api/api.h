/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * api - what a handler is given and what it gives back
 *
 * A handler reads its request, asks and changes the model, and fills a reply;
 * it returns 0, or an error that api_problem() turns into an RFC 9457 problem
 * (staff) or a page (recipients).  Between two messages nothing is remembered.
 * On ERR_RETRY roles/app.c resets the arena and calls the handler again, so a
 * handler has no effect before its commit.
 *
 * Layer: api.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "crypto/sealed.h"
#include "model/change.h"
#include "model/keyring.h"
#include "msg/msg.h"

struct arena;
struct conf;
struct db;
struct error;
struct staff_session;
struct store;

/* One per app process; the arena is reset for every message. */
struct api {
	struct db *db;
	struct keyring keys;
	struct store *store;
	const struct conf *conf; /* as it counts for this message: setting rows over the file */
	const struct conf *file; /* as DIR/geleit.conf and the command line have it */
	struct data_key ticket_key;
	struct arena *a;
	int64_t now_us; /* when the message came */
};

/* Scopes of an api key; "all" has every bit. */
enum scope {
	SCOPE_READ = 1,
	SCOPE_UPLOAD = 2,
	SCOPE_EDIT = 4,
	SCOPE_RELEASE = 8,
	SCOPE_SEND = 16,
	SCOPE_OUTBOX = 32,
	SCOPE_ADMIN = 64,
	SCOPE_ALL = 127,
};

enum principal_kind { NOBODY, BY_KEY, BY_STAFF, BY_SESSION };
struct principal {
	enum principal_kind kind;
	api_key_id key;   /* BY_KEY */
	person_id person; /* BY_KEY: the key's owner; BY_STAFF */
	unsigned scopes;
	int64_t ends_us;                   /* BY_KEY: its expiry, 0 none */
	const struct staff_session *staff; /* BY_STAFF */
	struct str role;                   /* administrator, editor, sender, viewer */
	struct sha256 cookie;    /* BY_SESSION: handlers under /d/ find their session by it */
	struct str cookie_token; /* its text, of BY_STAFF too; for csrf and rotation */
};

#define REQUEST_PARAMS 4
struct request {
	const struct msg_request *m;
	struct str path, query;
	struct str params[REQUEST_PARAMS]; /* the {x} of the pattern, percent-decoded, in order */
	struct principal who;
	const char *lang; /* "de" or "en": ?lang=, then Accept-Language */
	bool is_head;
};
/* A header field, p NULL when absent; a form field of the body: 1, 0, ERR_INVALID. */
struct str request_field(const struct request *q, const char *name);
NODISCARD int request_form(
    struct api *x, const struct request *q, const char *name, struct str *ret, struct error *e);
NODISCARD int request_query(
    struct api *x, const struct request *q, const char *name, struct str *ret, struct error *e);
struct actor request_actor(const struct request *q);
/* gzip is among the codings the browser takes, and not with weight 0. */
bool request_takes_gzip(const struct request *q);

/* Filled by a handler.  Starts as 200, no body. */
struct reply {
	uint32_t status;
	struct msg_field fields[32];
	size_t field_count;
	struct buf body;             /* in the arena */
	const struct msg_plan *plan; /* instead of body */
	uint64_t from, length;       /* window of the plan */
	struct str ticket;
	struct data_key key; /* with has_key: of a plan with one slot, instead of a ticket */
	bool has_key, is_transfer;
	bool resumes; /* all from `from` on, If-Range: as a client asks that holds what is before */
	bool close;
	bool takes_body; /* answer TAKE_BODY instead: */
	struct msg_take_body take;
	int part_fd; /* with takes_body: owned by the reply, closed after sending */
};
void reply_init(struct reply *r, struct arena *a);
void reply_field(struct reply *r, const char *name, struct str value);
/* Sets Content-Type: application/json; body is to be filled through the writer. */
struct js;
void reply_json(struct reply *r, struct js *ret);
/* Content-Type: text/html plus the security headers of every page. */
void reply_html_fields(struct reply *r, struct api *x);
void reply_redirect(struct reply *r, struct str location); /* 303 */
/*
 * The plan with the request's Range and conditions applied: 200, 206, 304, 412
 * or 416, Content-Range, Accept-Ranges, ETag.  Sets from and length.
 */
void reply_plan(struct reply *r, struct api *x, const struct request *q,
    const struct msg_plan *plan, struct str etag);
/* The error as an RFC 9457 problem. */
void api_problem(struct reply *r, struct api *x, const struct error *e);
int api_status(int code); /* ERR_ to HTTP */

typedef int (*handler_fn)(struct api *x, const struct request *q, struct reply *r, struct error *e);

/* Who may call a route at all; the object's own right is asked in the handler. */
enum permission {
	PERM_PUBLIC,    /* anyone: a page that says nothing of any object */
	PERM_TOKEN,     /* whoever holds a link's token */
	PERM_RECIPIENT, /* a recipient session of that delivery */
	PERM_SIGN_IN,   /* a staff session in any state: who is still signing in */
	PERM_STAFF,     /* an api key, or somebody signed in, with the route's scope */
};
enum route_body { BODY_NONE, BODY_FORM, BODY_JSON, BODY_STREAM };

/* Every field is set in every row of routes.c; a test refuses a row without permission or event. */
struct route {
	const char *method;
	const char *pattern; /* "/api/v1/assets/{asset}/release" */
	handler_fn run;
	enum permission permission;
	unsigned scope; /* PERM_STAFF */
	enum lane lane;
	enum route_body body;
	enum event_kind event; /* its effect, CHANGE_HOUSEKEEPING for none */
	bool reads_only;       /* runs inside one read snapshot */
	bool step_up;          /* of somebody signed in: only soon after a proof */
};
extern const struct route routes[];
extern const size_t route_count;

/* Used by front too (lane and body kind). params may be NULL. *ret NULL: 404; other methods there:
 * *ret_allow "GET, HEAD". */
void route_find(struct arena *a, struct str method, struct str path, const struct route **ret,
    struct str params[REQUEST_PARAMS], struct str *ret_allow);

/* ---- what roles/app.c calls ---- */

/* REQUEST: authenticate, route, run; an error is already a reply. ERR_RETRY comes out alone. */
NODISCARD int api_request(
    struct api *x, const struct msg_request *m, struct reply *r, struct error *e);
/* REQUEST that could not be run at all: a problem, or a page, as its path asks for. */
void api_refuse(struct api *x, const struct msg_request *m, struct reply *r, const struct error *e);
/* BODY: api/uploads.c */
NODISCARD int api_body(struct api *x, const struct msg_body *m, struct reply *r, struct error *e);
/* KEYS and SENT: api/fetch.c. The arrays live in the arena. */
NODISCARD int api_keys(
    struct api *x, const struct msg_keys *m, struct msg_keys_are *ret, struct error *e);
NODISCARD int api_sent(
    struct api *x, const struct msg_sent *m, struct msg_sent_ok *ret, struct error *e);

/* How many bytes of a JSON or form body front may collect for this route. */
size_t route_body_limit(const struct route *rt);
