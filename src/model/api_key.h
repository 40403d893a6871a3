/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * api_key - a secret that stands for a person, within scopes
 *
 *	geleit_<id>_<43 characters of base64url>
 *
 * Shown once; only SHA-256 of the whole is stored.  Scopes are an upper bound:
 * what the person's role may not, the key may not.  It ends when it is revoked, at its
 * expiry, and with its person.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

struct api_key {
	api_key_id id;
	person_id person;
	unsigned scopes;    /* enum scope of api/api.h; those the role has too */
	struct str role;    /* the person's */
	int64_t used_us;    /* when it was last seen, to the minute; 0: never */
	int64_t expires_us; /* 0: never */
};
struct api_key_ask {
	struct str secret;
	int64_t now_us;
};
struct api_key_new {
	person_id person;
	struct str name;
	struct str scopes;  /* "read,upload" or "all" */
	int64_t expires_us; /* 0: never */
};

/* Errors: ERR_NOT_FOUND (also malformed), ERR_GONE (revoked, expired, or its person is disabled).
 */
NODISCARD int api_key_by_secret(struct db *db, struct arena *a, const struct api_key_ask *ask,
    struct api_key *ret, struct error *e);
/* The same of one that was shown before. */
NODISCARD int api_key_get(struct db *db, struct arena *a, api_key_id id, int64_t now_us,
    struct api_key *ret, struct error *e);
/* Seen now; writes at most once a minute (housekeeping of its own). */
NODISCARD int api_key_touch(
    struct db *db, const struct api_key *k, int64_t now_us, struct error *e);
/* Adds the event key.created.  *ret_secret is the only copy. */
NODISCARD int api_key_create(struct change *c, struct arena *a, const struct api_key_new *n,
    api_key_id *ret, struct str *ret_secret, struct error *e);
/* A key as an administrator sees it. */
struct api_key_row {
	api_key_id id;
	person_id person;
	struct str name, scopes, owner; /* owner: the person's name */
	int64_t created_us, used_us, revoked_us, expires_us;
};
/* All, newest first. */
NODISCARD int api_key_list(
    struct db *db, struct arena *a, struct api_key_row **ret, size_t *ret_n, struct error *e);
/* Adds key.revoked.  ERR_NOT_FOUND when there is none, or it was before. */
NODISCARD int api_key_revoke(struct change *c, api_key_id id, struct error *e);
/* "read,upload": the bits, or ERR_INVALID "bad-scope". */
NODISCARD int scopes_parse(struct str s, unsigned *ret, struct error *e);
/* What a role may at most; an unknown one: nothing. */
unsigned role_scopes(struct str role);
