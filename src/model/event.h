/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * event - one entry of the usage history (docs/internals/change-and-events.md)
 *
 * The entry is a flat line of RFC 8785 JSON: ASCII keys in order, strings,
 * integers below 2^53, booleans.  It holds v, kind, at_us, ids (as strings),
 * outcome, level, file hash, verdict, policy hash, bytes, a 16-byte random
 * nonce, and for each sealed personal field its SHA-256 as p_FIELD.  No name,
 * address, IP or file name.  Test vectors: tests/vectors/events.json, read by
 * tools/event_decode.py too.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/hash.h"

struct arena;
struct change;
struct data_key;
struct db;
struct error;

enum event_kind {
	CHANGE_HOUSEKEEPING = 0, /* no event: see change.h */
#define EVENT_KIND(symbol, name, version) EVENT_##symbol,
#include "model/event_kinds.def"
#undef EVENT_KIND
	EVENT_KIND_COUNT
};

/* "asset.created" */
const char *event_kind_name(enum event_kind kind);

/* A personal value: sealed under the person's key, its hash goes into the entry. */
struct event_field {
	int64_t person;             /* person_id or contact_id */
	const struct data_key *key; /* that person's, fetched before change_begin */
	struct str field, value;    /* "address", "ip", "name", "subject" */
};

struct event {
	enum event_kind kind;
	asset_id asset;
	version_id version;
	delivery_id delivery;
	recipient_id recipient;
	const struct id128 *transfer;
	struct str outcome; /* "ok", "wrong-code", "used-up" ...; "" leaves it out */
	int level;          /* identity level reached, -1 leaves it out */
	const struct sha256 *sha256;
	struct str verdict; /* "cleared" ... */
	const struct sha256 *policy;
	int64_t bytes; /* -1 leaves it out */
	const struct event_field *fields;
	size_t field_count;
};

/* Defaults that leave everything out. */
#define EVENT_INIT(k)                                                                              \
	{                                                                                          \
		.kind = (k), .level = -1, .bytes = -1                                              \
	}

/*
 * Part of the change; also inserts event_todo.  outcome and verdict are words of
 * [a-z0-9_.,:-], at most 64 bytes; anything else is ERR_INTERNAL, so that no
 * name gets into the log.  Each event of a change is a microsecond later than
 * the one before, which keeps their order.
 */
NODISCARD int event_add(struct change *c, const struct event *ev, struct error *e);

/* What event_add knows beside the event itself. */
struct event_head {
	int64_t at_us;
	const char *actor_kind; /* "system", "person", "key", "recipient" */
	int64_t actor_id;
	struct id128 nonce;
	const struct sha256 *field_hashes; /* one for each of ev->fields */
};
/* The entry alone, for vectors and tests.  ERR_INTERNAL when a value may not be in it. */
NODISCARD int event_entry(struct arena *a, const struct event *ev, const struct event_head *head,
    struct str *ret, struct error *e);

/* As read back. */
struct event_row {
	struct id128 id;
	int64_t at_us;
	struct str kind, entry;
	asset_id asset;
	version_id version;
	delivery_id delivery;
	recipient_id recipient;
	int64_t bytes;      /* from the entry, -1 absent */
	struct str outcome; /* from the entry, "" absent */
};
/* Of the file: also its deliveries, and who fetched it from them.  In the order of the log; what is
 * not in it yet comes last, by time. */
NODISCARD int event_list_asset(struct db *db, struct arena *a, asset_id id, struct event_row **ret,
    size_t *ret_n, struct error *e);
/* Which of a delivery's, by their time. */
struct event_page {
	recipient_id recipient; /* 0: of anybody and of itself */
	int64_t until; /* those before the one of this number, 0 is the first; 0: the newest */
	int64_t max;
};
struct event_rows {
	struct event_row *v;
	size_t n;
	int64_t before; /* so many are older */
};
NODISCARD int event_list_delivery(struct db *db, struct arena *a, delivery_id id,
    const struct event_page *page, struct event_rows *ret, struct error *e);
/* 1 when the id is there: how a lost commit is settled. */
NODISCARD int event_exists(struct db *db, struct id128 id, struct error *e);

/*
 * The sequencer: moves up to max events from event_todo into log_leaf, gapless,
 * under the lease row.  *ret is how many.  Run by worker.
 */
NODISCARD int event_sequence(struct db *db, int max, int *ret, struct error *e);
