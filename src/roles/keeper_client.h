/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keeper_client - asking the keeper from app and worker
 *
 * One question at a time, answered within 5 s.  When the keeper died, waits up
 * to 3 s for master's new pair and asks once more: the keeper keeps nothing
 * between two questions, so that is safe.
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"
#include "model/keyring.h"

struct error;
struct keeper_client;
struct role_env;

NODISCARD int keeper_client_new(struct role_env *env, struct keeper_client **ret, struct error *e);
/* By PEER; takes fd. */
NODISCARD int keeper_client_set(struct keeper_client *k, int fd, struct error *e);
/* For struct keyring.  The kind of key chooses the message: UNWRAP, UNSEAL_PERSON, UNSEAL_MAIL. */
struct keeper keeper_client_iface(struct keeper_client *k);
/* app only. */
NODISCARD int keeper_client_ticket_key(
    struct keeper_client *k, struct data_key *ret, struct error *e);
