/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * call - one request to the server, over TLS
 *
 * GELEIT_URL, GELEIT_KEY and GELEIT_CA win over DIR/run/url, DIR/admin.key and
 * DIR/tls/cert.pem.  Only https is spoken, since every request carries the key.
 * A GET that finds the server busy is asked again a few times; nothing else is.
 *
 * Layer: cli.
 */
#pragma once

#include "cli/cli.h"

struct json;
struct json_doc;

/* What a streamed body reports while it goes; sent counts from `offset` on. */
typedef void (*call_progress_fn)(void *arg, int64_t sent);

struct call {
	const char *method;
	struct str path; /* "/api/v1/status" */
	struct str json; /* a body, or */
	int fd;          /* a body of `length` bytes of a file from `offset` on; 0: none */
	int64_t offset, length;
	call_progress_fn progress;
	void *progress_arg;
	const struct str *fields; /* further "Name: value" */
	size_t field_count;
};
struct answer {
	long status; /* 200 ... */
	struct str body;
	struct str location, asset, version; /* fields of an upload; empty when absent */
	int64_t offset;                      /* Upload-Offset; -1 absent */
};

/*
 * Any status is an answer.  Errors: ERR_UNAVAILABLE (not reached, or cut off),
 * ERR_IO (the file could not be read to its end), ERR_INVALID (no key or a bad
 * address on our side).
 */
NODISCARD int call_server(struct cli *c, const struct call *q, struct answer *ret, struct error *e);
/* 2xx, or printed: 0 or the exit code. */
NODISCARD int call_or_tell(struct cli *c, const struct call *q, struct answer *ret);
/* The same, and its JSON read: *ret_doc is the caller's (AUTO(json_free)). */
NODISCARD int call_json(
    struct cli *c, const struct call *q, struct answer *ret, struct json_doc **ret_doc);

/* A member of an object; "" where it is absent or no text. */
struct str member(struct json *o, const char *name);
int64_t member_int(struct json *o, const char *name);
/* The list under a name; NULL when absent (json_list_size(NULL) must not be asked). */
struct json *member_list(struct json *o, const char *name, size_t *ret_n);
struct json *member_object(struct json *o, const char *name);
/* The root, when it is a list itself. */
struct json *root_list(struct json_doc *doc, size_t *ret_n);
