/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * delivery - one act of sending: files, recipients, dates, limits
 *
 * Its stamp grows with everything that may change a verdict, so that running
 * transfers ask again.  A revoked delivery never becomes live again.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"
#include "model/verdict.h"

struct arena;
struct change;
struct db;
struct error;

struct delivery {
	delivery_id id;
	struct str number; /* XXXX-XXXX */
	person_id sender;
	struct str sender_name, sender_address;
	enum send_method method;
	struct str subject, message;
	struct str lang; /* "de", "en" */
	int64_t valid_from_us, expires_us;
	int64_t download_limit; /* per recipient and item, 0: none */
	int level;              /* identity level demanded */
	int64_t revoked_us;     /* 0: not */
	struct str revoke_reason;
	int64_t stamp, item_count, total_bytes, created_us, recipient_count;
};
struct delivery_item {
	int64_t position; /* from 1 */
	asset_id asset;
	version_id version;
	struct str name; /* in the package */
	int64_t bytes;
	bool ready;
	struct sha256 sha256;
	uint32_t crc32;
	struct str media_type;
	enum malware_state malware;
	int64_t created_us;         /* of the version */
	struct verdict_facts facts; /* the file's half, as verdict_facts_file gives it */
};
struct delivery_part {
	int64_t position; /* of the item */
	struct id128 blob;
	int64_t bytes;
};

const char *send_method_name(enum send_method m); /* "package" ... */
/* "scheduled", "active", "expired", "revoked" */
const char *delivery_shown(const struct delivery *d, int64_t now_us);
static inline bool
delivery_is_live(const struct delivery *d, int64_t now_us)
{
	return d->revoked_us == 0 && now_us >= d->valid_from_us && now_us < d->expires_us;
}

/* Errors: ERR_NOT_FOUND. number: as number_parse made it. */
NODISCARD int delivery_by_number(
    struct db *db, struct arena *a, struct str number, struct delivery *ret, struct error *e);
NODISCARD int delivery_get(
    struct db *db, struct arena *a, delivery_id id, struct delivery *ret, struct error *e);
/* Which ones: all that is 0, NULL or empty does not narrow. */
struct delivery_filter {
	delivery_id before; /* older than this one */
	person_id sender;
	const char *state; /* as delivery_shown at now_us */
	int64_t now_us;
	struct str q; /* begins the number, or is in the subject or an address, in any case */
	int max;
};
/* Newest first. */
NODISCARD int delivery_list(struct db *db, struct arena *a, const struct delivery_filter *f,
    struct delivery **ret, size_t *ret_n, struct error *e);
/* Positions, both of them included. */
struct positions {
	int64_t first, last;
};
#define POSITIONS_ALL ((struct positions){1, INT64_MAX})
NODISCARD int delivery_items_at(struct db *db, struct arena *a, delivery_id id, struct positions at,
    struct delivery_item **ret, size_t *ret_n, struct error *e);
/* All of them. */
NODISCARD int delivery_items(struct db *db, struct arena *a, delivery_id id,
    struct delivery_item **ret, size_t *ret_n, struct error *e);

/* The parts of one item (position 0: of all), in the order in which they are sent. */
NODISCARD int delivery_parts(struct db *db, struct arena *a, delivery_id id, int64_t position,
    struct delivery_part **ret, size_t *ret_n, struct error *e);

struct delivery_new {
	delivery_id id;
	struct str number;
	person_id sender;
	enum send_method method;
	struct str subject, message, lang;
	int64_t valid_from_us, expires_us, download_limit;
	int level;
	enum verdict_state verdict; /* the worst of all its files and recipients */
	const struct delivery_item
	    *items; /* asset, version, name, bytes are used; position is the index + 1 */
	size_t item_count;
	const struct recipient_new *recipients;
	size_t recipient_count;
};
struct recipient_new {
	recipient_id id;
	contact_id contact; /* by contact_need in the same change */
	struct str address;
	struct sha256 token_hash;
};
/* Adds delivery.created. Errors: ERR_EXISTS (the number is taken: make another and run again). */
NODISCARD int delivery_create(struct change *c, const struct delivery_new *n, struct error *e);
/* Another last day; adds delivery.extended.  Errors: ERR_CONFLICT "revoked". */
NODISCARD int delivery_extend(
    struct change *c, delivery_id id, int64_t expires_us, struct error *e);
/* Adds delivery.revoked: 1.  0 when it was before: the first one counts, there is nothing to
 * commit. */
NODISCARD int delivery_revoke(struct change *c, delivery_id id, struct str reason, struct error *e);
/* What decides about this file has changed: the live deliveries it is in are asked anew. */
NODISCARD int delivery_stamps_raise(struct change *c, asset_id id, struct error *e);
/* About every file: all live deliveries. */
NODISCARD int delivery_stamps_raise_all(struct change *c, struct error *e);
/* The same of what this person sent. */
NODISCARD int delivery_stamps_raise_of(struct change *c, person_id sender, struct error *e);
