/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keyring - wrapped keys in the key database, opened by the keeper
 *
 * Talks to the keeper through struct keeper, so that app and worker use the
 * control socket while fsck and tests use a vault of their own.  Every call
 * here comes before change_begin.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "crypto/vault.h"

struct db;
struct error;

/* One item of WRAP or UNWRAP. */
struct keeper_item {
	uint32_t epoch;
	struct key_wrap epoch_wrap; /* WRAP with make_epoch: filled in by the keeper */
	struct id128 id;
	struct key_wrap wrap; /* WRAP: result */
	struct data_key key;  /* WRAP: given; UNWRAP: result */
};

/* What the keeper answers; the implementation decides who may ask. */
struct keeper {
	void *arg;
	int (*wrap)(void *arg, enum wrap_kind kind, bool make_epoch, struct keeper_item *item,
	    struct error *e);
	int (*unwrap)(
	    void *arg, enum wrap_kind kind, struct keeper_item *items, size_t n, struct error *e);
	int (*pepper)(
	    void *arg, struct str label, struct str data, struct sha256 *ret, struct error *e);
};

/* A keeper around a vault in this process (fsck, init, tests). */
struct keeper keeper_of_vault(struct vault *v);

struct keyring {
	struct db *keys; /* the key database */
	struct keeper keeper;
};

/* 16-byte AAD id of a 63-bit id: eight zero bytes, then the id big-endian. */
struct id128 keyring_id(int64_t id);

/* A new data key for a version; its wrap is committed before this returns. */
NODISCARD int keyring_version_new(
    struct keyring *k, version_id id, struct data_key *ret, struct error *e);
/* ERR_GONE "shredded" when the wrap is no more. */
NODISCARD int keyring_version_get(
    struct keyring *k, version_id id, struct data_key *ret, struct error *e);
/* Many at once, at most LIMIT_KEYS_PER_CALL. */
NODISCARD int keyring_version_list(
    struct keyring *k, const version_id *ids, size_t n, struct data_key *ret, struct error *e);
NODISCARD int keyring_version_drop(struct keyring *k, version_id id, struct error *e);

/* The key of a person or contact, made on first use. */
NODISCARD int keyring_person(
    struct keyring *k, int64_t person, struct data_key *ret, struct error *e);
/* What was sealed under it can no longer be read; nothing calls it yet (erasure). */
NODISCARD int keyring_person_drop(struct keyring *k, int64_t person, struct error *e);

/* A key for one mail row: the caller stores epoch and wrap in the row. */
NODISCARD int keyring_mail_new(struct keyring *k, mail_id id, uint32_t *ret_epoch,
    struct key_wrap *ret_wrap, struct data_key *ret, struct error *e);
NODISCARD int keyring_mail_get(struct keyring *k, mail_id id, uint32_t epoch,
    const struct key_wrap *wrap, struct data_key *ret, struct error *e);

NODISCARD int keyring_pepper(
    struct keyring *k, struct str label, struct str data, struct sha256 *ret, struct error *e);

/*
 * First start stores the check value, later ones compare: ERR_DENIED
 * "wrong-master-key", ERR_NOT_FOUND "not-initialised".
 */
NODISCARD int keyring_check(
    struct db *keys, const uint8_t value[16], bool may_store, struct error *e);
