/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keeper_answer - one question to the keeper: may he ask it, and the answer
 *
 * Apart from the sockets, so that the policy is tested row by row.
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"
#include "msg/msg.h"

struct arena;
struct vault;

/* What one pair has asked for since when: the brake on a hostile app. */
struct keeper_budget {
	int64_t since_us;
	uint64_t unwraps, total;
};
/* Unwraps per minute and pair; a ZIP of 10,000 files needs 10,000. */
#define KEEPER_UNWRAPS_PER_MINUTE 200000

struct keeper_state {
	struct vault *vault;
	struct id128 boot;
	bool may_read_outbox; /* no SMTP is set: app may open mails, the Postausgang */
	int64_t now_us;
};

/* ret->result says how it went; data and items live in the arena. */
void keeper_answer(const struct keeper_state *s, enum role_kind who, struct keeper_budget *budget,
    uint32_t type, const struct msg_keeper *q, struct arena *a, struct msg_answer *ret);
