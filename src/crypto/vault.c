/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * vault - see vault.h.  The whole struct lies in one sodium_malloc() region:
 * guard pages on both sides, locked into memory, left out of core dumps, wiped
 * when freed.  Locking may be refused (RLIMIT_MEMLOCK); the vault then works all
 * the same and vault_is_locked() says so, for the caller to note.
 *
 * The last epoch key stays open: 256 unwraps of one message mostly share it.
 */
#include "crypto/vault.h"

#include <stdio.h>

#include <sodium.h>

#include "base/error.h"
#include "base/random.h"
#include "base/str.h"

#define LABEL_BYTES 64
#define NO_EPOCH 0

struct vault {
	uint8_t master[MASTER_KEY_BYTES];
	struct data_key epoch_root; /* epoch keys are wrapped under it */
	struct data_key pepper;
	bool locked;
	struct {
		struct vault_epoch epoch; /* NO_EPOCH: nothing held */
		struct data_key key;
	} held;
};

/* HKDF-SHA-256(master, salt "", "geleit/" label "/v1" || more). */
static void
branch(const struct vault *v, const char *label, struct str more, void *ret, size_t n)
{
	char info[LABEL_BYTES];
	size_t k = (size_t)snprintf(info, sizeof info, "geleit/%s/v1", label);

	if (more.n > 0)
		memcpy(info + k, more.p, MIN(more.n, sizeof info - k));
	hkdf_sha256((struct str){(const char *)v->master, sizeof v->master}, S(""),
	    (struct str){info, k + more.n}, ret, n);
}

int
vault_new(const uint8_t master[MASTER_KEY_BYTES], struct vault **ret, struct error *e)
{
	struct vault *v;

	if (sodium_init() < 0)
		return err_set(e, ERR_INTERNAL, "libsodium does not start");
	v = sodium_malloc(sizeof *v);
	if (v == NULL)
		return err_set(e, ERR_INTERNAL, "no guarded memory for keys");
	memset(v, 0, sizeof *v);
	/* sodium_malloc() has tried already but does not tell. */
	v->locked = sodium_mlock(v, sizeof *v) == 0;
	memcpy(v->master, master, sizeof v->master);
	branch(v, "epoch", S(""), v->epoch_root.b, sizeof v->epoch_root.b);
	branch(v, "pepper", S(""), v->pepper.b, sizeof v->pepper.b);
	*ret = v;
	return 0;
}

void
vault_free(struct vault **v)
{
	sodium_free(*v); /* accepts NULL; wipes and unlocks */
	*v = NULL;
}

bool
vault_is_locked(const struct vault *v)
{
	return v->locked;
}

void
vault_check_value(const struct vault *v, uint8_t ret[16])
{
	branch(v, "check", S(""), ret, 16);
}

int
vault_epoch_new(struct vault *v, uint32_t epoch, struct key_wrap *ret, struct error *e)
{
	static const struct id128 none;

	if (epoch == NO_EPOCH)
		return err_set(e, ERR_INVALID, "epoch 0");
	v->held.epoch.epoch = NO_EPOCH;
	random_bytes(v->held.key.b, sizeof v->held.key.b);
	if (wrap_seal(&v->epoch_root, WRAP_EPOCH, epoch, none, &v->held.key, ret, e) < 0)
		return err_code(e);
	v->held.epoch = (struct vault_epoch){epoch, *ret};
	return 0;
}

/* Bring the epoch key into v->held. */
static int
hold_epoch(struct vault *v, const struct vault_epoch *epoch, struct error *e)
{
	static const struct id128 none;

	if (epoch->epoch == NO_EPOCH)
		return err_set(e, ERR_CORRUPT, "epoch 0");
	if (v->held.epoch.epoch == epoch->epoch &&
	    mem_eq(v->held.epoch.wrap.b, epoch->wrap.b, sizeof epoch->wrap.b))
		return 0;
	v->held.epoch.epoch = NO_EPOCH;
	if (wrap_open(
	        &v->epoch_root, WRAP_EPOCH, epoch->epoch, none, &epoch->wrap, &v->held.key, e) < 0)
		return err_prefix(e, "epoch %u", epoch->epoch);
	v->held.epoch = *epoch;
	return 0;
}

/* Epoch keys stay inside: asking to wrap or unwrap one here would give it away. */
static int
check_kind(enum wrap_kind kind, struct error *e)
{
	if (kind == WRAP_VERSION || kind == WRAP_PERSON || kind == WRAP_MAIL)
		return 0;
	return err_set(e, ERR_DENIED, "wraps of kind %d are not for callers", (int)kind);
}

int
vault_wrap(struct vault *v, const struct vault_epoch *epoch, enum wrap_kind kind, struct id128 id,
    const struct data_key *key, struct key_wrap *ret, struct error *e)
{
	if (check_kind(kind, e) < 0 || hold_epoch(v, epoch, e) < 0)
		return err_code(e);
	return wrap_seal(&v->held.key, kind, epoch->epoch, id, key, ret, e);
}

int
vault_unwrap(struct vault *v, const struct vault_epoch *epoch, enum wrap_kind kind, struct id128 id,
    const struct key_wrap *wrap, struct data_key *ret, struct error *e)
{
	if (check_kind(kind, e) < 0 || hold_epoch(v, epoch, e) < 0)
		return err_code(e);
	return wrap_open(&v->held.key, kind, epoch->epoch, id, wrap, ret, e);
}

struct sha256
vault_pepper(struct vault *v, struct str label, struct str data)
{
	crypto_auth_hmacsha256_state st;
	struct sha256 d;

	/* Labels are ours and hold no NUL, so label || 0x00 || data is unambiguous. */
	crypto_auth_hmacsha256_init(&st, v->pepper.b, sizeof v->pepper.b);
	crypto_auth_hmacsha256_update(&st, (const uint8_t *)label.p, label.n);
	crypto_auth_hmacsha256_update(&st, (const uint8_t *)"", 1);
	crypto_auth_hmacsha256_update(&st, (const uint8_t *)data.p, data.n);
	crypto_auth_hmacsha256_final(&st, d.b);
	sodium_memzero(&st, sizeof st);
	return d;
}

struct data_key
vault_ticket_key(struct vault *v, struct id128 boot)
{
	struct data_key key;

	branch(v, "ticket", (struct str){(const char *)boot.b, sizeof boot.b}, key.b, sizeof key.b);
	return key;
}
