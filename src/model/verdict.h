/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * verdict - may this version go to this recipient, this way, now?
 *
 *	verdict(facts) -> cleared | conditions | in_review | blocked, with reasons
 *
 * Pure and table-driven: facts are loaded by the caller (asset.h has the file's half), no
 * I/O, no clock.  Asked in the library, at basket check, at send, at open, at
 * every KEYS and every SENT.  Each rule is one row: which check it belongs to,
 * its reason code, the worst state it can cause.  The worst row wins; every
 * row that speaks is listed.  Facts that are unknown block (fail closed).
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

enum verdict_state { VERDICT_CLEARED, VERDICT_CONDITIONS, VERDICT_IN_REVIEW, VERDICT_BLOCKED };
const char *verdict_state_name(enum verdict_state s); /* "cleared", "in_review" ... */

/* The five checks of the UI; a check whose facts do not exist yet is NOT_CHECKED. */
enum verdict_check {
	CHECK_RELEASE,
	CHECK_LICENCE,
	CHECK_PEOPLE,
	CHECK_AUDIENCE,
	CHECK_DATES,
	CHECK_COUNT
};
enum check_state { CHECK_OK, CHECK_CONDITION, CHECK_OPEN, CHECK_STOP, CHECK_NOT_CHECKED };

enum release_state {
	RELEASE_DRAFT,
	RELEASE_IN_REVIEW,
	RELEASE_CLEARED,
	RELEASE_CONDITIONS,
	RELEASE_BLOCKED
};
enum asset_class { CLASS_PUBLIC, CLASS_INTERNAL, CLASS_CONFIDENTIAL };
enum malware_state { MALWARE_NOT_SCANNED, MALWARE_CLEAN, MALWARE_INFECTED, MALWARE_ERROR };
enum send_method { METHOD_PACKAGE, METHOD_VIEW_ONLY, METHOD_GUEST };
enum identity_level { LEVEL_LINK, LEVEL_CODE, LEVEL_SECOND_CHANNEL, LEVEL_ACCOUNT, LEVEL_PASSKEY };

struct verdict_facts {
	/* the file's side */
	enum release_state release;
	int64_t release_until_us;       /* 0: open */
	struct str credit;              /* conditions: "" none */
	bool view_only;                 /* conditions: view only */
	int64_t embargo_us, expires_us; /* 0: none */
	enum asset_class class;
	enum malware_state malware;
	bool hold_unscanned; /* setting malware.unscanned */
	bool ingested;
	bool trashed;
	/* the recipient's side */
	bool recipient_blocked;
	int level_reached;  /* enum identity_level; -1: not a recipient yet (check, send) */
	int level_possible; /* the highest this method can reach: check and send compare with it */
	/* the sender's side */
	bool sender_may_send;
	enum send_method method;
	int64_t now_us;
};

#define VERDICT_REASONS 16
struct verdict_reason {
	const char *code; /* docs/openapi.yaml: "release-draft", "embargo", ... */
	enum verdict_check check;
	enum verdict_state state; /* what this reason alone would give */
	int64_t date_us;          /* until, embargo, expiry; 0: none */
	struct str text;          /* credit line; "" none */
	int level;                /* identity-level, classification: the one demanded; -1 */
};
struct verdict {
	enum verdict_state state;
	enum check_state checks[CHECK_COUNT];
	struct verdict_reason reasons[VERDICT_REASONS];
	size_t reason_count;
	/* conditions */
	struct str credit;
	bool view_only;
	int level_floor;  /* demanded by the classification: internal 1, confidential 2, public 0 */
	int64_t until_us; /* earliest date on which this verdict ends by itself; INT64_MAX: none */
};

void verdict(const struct verdict_facts *f, struct verdict *ret);

/* Names as in the database and JSON; false when unknown. */
bool release_parse(struct str s, enum release_state *ret);
const char *release_name(enum release_state s);
bool class_parse(struct str s, enum asset_class *ret);
const char *class_name(enum asset_class c);
bool malware_parse(struct str s, enum malware_state *ret);
const char *malware_name(enum malware_state m);
