/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sign_in - passwords, authenticator codes, recovery codes
 *
 * What hashes a password runs in the lane of the one app kept for it, with no
 * change open meanwhile.  An unknown address costs the same time and gets the
 * same answer as a wrong password; both are an event.  Every proof changes the
 * cookie.  Wrong tries are delayed by front (per network) and counted here for
 * the authenticator, per browser where it is known (model/credential.h); nobody is
 * ever locked out by others.
 */
#include <string.h>

#include "api/input.h"
#include "api/recipient/pages.h"
#include "api/routes.h"
#include "api/session.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "crypto/password.h"
#include "crypto/totp.h"
#include "crypto/wrap.h"
#include "http/http.h"
#include "model/brand.h"
#include "model/change.h"
#include "model/credential.h"
#include "model/person.h"
#include "text/json.h"
#include "text/name.h"
#include "text/qr.h"

#define RECOVERY_LABEL "recovery-code"
#define RECOVERY_CHARACTERS 10

/* ---- what is shared ---- */

/* The texts of a JSON body; absent ones stay p NULL.  They live in the arena. */
struct member {
	const char *name;
	struct str *ret;
};
static int
read_members(
    struct api *x, const struct request *q, const struct member *m, size_t n, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;

	if (json_parse(q->m->body, &doc, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		int r = json_get_str(json_root(doc), m[i].name, m[i].ret, e);

		if (r < 0)
			return r;
		*m[i].ret = r > 0 ? arena_str(x->a, *m[i].ret) : (struct str){0};
	}
	return json_done(json_root(doc), e);
}
#define READ_MEMBERS(x, q, e, ...)                                                                 \
	read_members((x), (q), (const struct member[]){__VA_ARGS__},                               \
	    sizeof((const struct member[]){__VA_ARGS__}) / sizeof(struct member), (e))

static struct str
totp_aad(struct api *x, person_id p)
{
	return arena_printf(x->a, "totp %lld", (long long)p.v);
}

static int
open_secret(
    struct api *x, person_id p, struct str sealed, uint8_t ret[TOTP_SECRET_BYTES], struct error *e)
{
	AUTO(data_key_wipe) struct data_key key = {0};
	struct str secret;
	int r;

	if (sealed.n == 0)
		return err_key(e, ERR_CONFLICT, "no-totp", "no authenticator is set up");
	if (keyring_person(&x->keys, p.v, &key, e) < 0)
		return err_code(e);
	r = text_open(x->a, &key, totp_aad(x, p), sealed, &secret, e);
	if (r < 0)
		return r;
	if (secret.n != TOTP_SECRET_BYTES)
		return err_set(e, ERR_CORRUPT, "a secret of %zu bytes", secret.n);
	memcpy(ret, secret.p, TOTP_SECRET_BYTES);
	return 0;
}

/* Written for the one who failed, whoever that was; the answer is e, which stays. */
static int
note_failure(
    struct api *x, person_id p, const char *what, const struct credential *counts, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(EVENT_SESSION_FAILED);
	struct error later;

	ev.outcome = str_c(what);
	if (change_begin(x->db, (struct actor){p.v != 0 ? ACTOR_PERSON : ACTOR_SYSTEM, p.v},
	        EVENT_SESSION_FAILED, &c, &later) < 0 ||
	    (counts != NULL && credential_failed(c, counts, &later) < 0) ||
	    event_add(c, &ev, &later) < 0 || change_commit(&c, &later) < 0) {
		*e = later;
		return later.code;
	}
	return err_code(e);
}

/* ---- password ---- */

/* Two slow hashes never: one for whoever it is, also for nobody. */
static int
check_password(struct api *x, struct str address, struct str password, struct person *ret,
    struct credential *ret_c, struct error *e)
{
	struct str clean;
	int known = 0, has = 0;

	*ret = (struct person){0};
	*ret_c = (struct credential){0};
	if (address.n > 0 && staff_address(x, address, &clean, e) == 0)
		known = person_by_address(x->db, x->a, clean, ret, e);
	if (known < 0)
		return known;
	if (known > 0)
		has = credential_get(x->db, x->a, ret->id, ret_c, e);
	if (has < 0)
		return has;
	if (has > 0 && ret_c->password.n > 0 && !ret->disabled) {
		if (password_matches(ret_c->password, password))
			return 0;
	} else {
		password_matches_nobody(password);
	}
	err_put(e, ERR_UNAUTHENTICATED, "wrong-credentials", "address or password is not right");
	return note_failure(x, ret->id, "wrong-password", NULL, e);
}

int
session_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct str address = {0}, password = {0}, cookie;
	struct credential cred;
	struct person who;
	struct sha256 hash;

	if (origin_check(x, q, e) < 0 ||
	    READ_MEMBERS(x, q, e, {"address", &address}, {"password", &password}) < 0)
		return err_code(e);
	if (password.n > PASSWORD_MOST)
		return err_key(e, ERR_INVALID, "weak-password", "at most %d bytes", PASSWORD_MOST);
	if (check_password(x, address, password, &who, &cred, e) < 0)
		return err_code(e);
	cookie = staff_cookie_new(x, &hash);
	if (change_begin(
	        x->db, (struct actor){ACTOR_PERSON, who.id.v}, EVENT_SESSION_BEGUN, &c, e) < 0 ||
	    staff_session_begin(c, who.id, cred.totp.n > 0 ? STAFF_TOTP : STAFF_ENROL, &hash,
	        request_field(q, "user-agent"), e) < 0 ||
	    change_commit(&c, e) < 0)
		return err_code(e);
	return session_show_new(x, r, cookie, e);
}

/* The first administrator has no address yet: he gives his name and address with the password. */
static int
read_new_person(
    struct api *x, const struct request *q, struct str *name, struct str *address, struct error *e)
{
	if (q->who.staff->person.address.n > 0) {
		*name = *address = (struct str){0};
		return 0;
	}
	if (text_clean(x->a, *name, LIMIT_TITLE_BYTES, false, name, e) < 0 || address->n == 0 ||
	    name->n == 0)
		return err_key(e, ERR_INVALID, "bad-name", "name and address are needed");
	if (staff_address(x, *address, address, e) < 0)
		return err_code(e);
	return 0;
}

static int
check_new_password(const struct request *q, const struct credential *cred, struct str password,
    struct str current, struct error *e)
{
	if (q->who.staff->state == STAFF_TOTP)
		return err_key(
		    e, ERR_UNAUTHENTICATED, "sign-in-incomplete", "the second factor comes first");
	if (!password_is_fit(password))
		return err_key(e, ERR_INVALID, "weak-password",
		    "a password has at least %d characters, not all the same", PASSWORD_LEAST);
	if (q->who.staff->state == STAFF_ACTIVE && !password_matches(cred->password, current))
		return err_key(e, ERR_UNAUTHENTICATED, "wrong-credentials",
		    "the current password is not right");
	return 0;
}

int
session_password(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(EVENT_PASSWORD_CHANGED);
	struct str password = {0}, current = {0}, name = {0}, address = {0}, hash, cookie;
	struct staff_session *s = (struct staff_session *)q->who.staff;
	struct credential cred;
	struct sha256 token;

	if (READ_MEMBERS(x, q, e, {"password", &password}, {"current", &current}, {"name", &name},
	        {"address", &address}) < 0 ||
	    credential_get(x->db, x->a, q->who.person, &cred, e) < 0 ||
	    read_new_person(x, q, &name, &address, e) < 0)
		return err_code(e);
	if (check_new_password(q, &cred, password, current, e) < 0)
		return strcmp(e->key, "wrong-credentials") == 0
		           ? note_failure(x, q->who.person, "wrong-password", NULL, e)
		           : err_code(e);
	if (password_hash(x->a, password, &hash, e) < 0)
		return err_code(e);
	cookie = staff_cookie_new(x, &token);
	if (change_begin(x->db, request_actor(q), EVENT_PASSWORD_CHANGED, &c, e) < 0 ||
	    credential_set_password(c, s->person.id, hash, e) < 0 ||
	    (address.n > 0 && person_name(c, s->person.id, name, address, e) < 0) ||
	    staff_session_end_all(c, s->person.id, s->id, e) < 0 ||
	    staff_session_proved(c, s->id, s->state, &token, e) < 0 || event_add(c, &ev, e) < 0 ||
	    change_commit(&c, e) < 0)
		return err_code(e);
	return session_show_new(x, r, cookie, e);
}

/* ---- authenticator ---- */

static void
put_qr(struct js *j, const struct qr *qr)
{
	js_key(j, "qr");
	js_list(j);
	for (int y = 0; y < qr->width; y++) {
		js_list(j);
		for (int z = 0; z < qr->width; z++)
			js_int(j, qr->squares[y * qr->width + z]);
		js_list_end(j);
	}
	js_list_end(j);
}

/* otpauth://totp/Brand:name?secret=...&issuer=Brand (the key URI format authenticator apps read) */
static struct str
key_uri(struct api *x, const struct brand *b, const struct person *p, struct str secret)
{
	struct str issuer, account;

	http_percent_encode(x->a, b->name, &issuer);
	http_percent_encode(x->a, p->address, &account);
	return arena_printf(x->a, "otpauth://totp/%.*s:%.*s?secret=%.*s&issuer=%.*s", STR(issuer),
	    STR(account), STR(secret), STR(issuer));
}

/* Somebody who signs in for the first time, or who proved himself just now. */
static int
check_may_set_up(struct api *x, const struct request *q, struct error *e)
{
	struct credential cred;

	if (q->who.staff->state == STAFF_TOTP)
		return err_key(
		    e, ERR_UNAUTHENTICATED, "sign-in-incomplete", "the second factor comes first");
	if (q->who.staff->state == STAFF_ACTIVE)
		return staff_check_fresh(x, q, e);
	if (credential_get(x->db, x->a, q->who.person, &cred, e) < 0)
		return err_code(e);
	return cred.password.n > 0
	           ? 0
	           : err_key(e, ERR_CONFLICT, "password-first", "the password is set first");
}

int
session_totp_setup(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	const struct person *p = &q->who.staff->person;
	uint8_t *secret = arena_alloc(x->a, TOTP_SECRET_BYTES); /* ends with the request */
	struct str sealed, text, uri;
	AUTO(data_key_wipe) struct data_key key = {0};
	struct brand brand;
	struct qr qr;
	struct js j;

	if (check_may_set_up(x, q, e) < 0 || brand_get(x->db, x->a, &brand, e) < 0 ||
	    keyring_person(&x->keys, p->id.v, &key, e) < 0)
		return err_code(e);
	random_bytes(secret, TOTP_SECRET_BYTES);
	text = base32(x->a, secret, TOTP_SECRET_BYTES);
	uri = key_uri(x, &brand, p, text);
	if (text_seal(x->a, &key, totp_aad(x, p->id),
	        (struct str){(const char *)secret, TOTP_SECRET_BYTES}, &sealed, e) < 0 ||
	    qr_make(x->a, uri, &qr, e) < 0 ||
	    change_begin(x->db, request_actor(q), CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    credential_offer_totp(c, p->id, sealed, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "secret", text);
	js_kv_str(&j, "uri", uri);
	put_qr(&j, &qr);
	js_close(&j);
	return 0;
}

/* Ten codes of ten base32 characters, 50 bits each. */
static int
make_recovery(struct api *x, struct str codes[RECOVERY_CODES], struct sha256 hashes[RECOVERY_CODES],
    struct error *e)
{
	for (int i = 0; i < RECOVERY_CODES; i++) {
		uint8_t random[8];

		random_bytes(random, sizeof random);
		codes[i] = str_head(base32(x->a, random, sizeof random), RECOVERY_CHARACTERS);
		if (keyring_pepper(&x->keys, S(RECOVERY_LABEL), codes[i], &hashes[i], e) < 0)
			return err_code(e);
	}
	return 0;
}

static void
put_recovery(struct js *j, const struct str codes[RECOVERY_CODES])
{
	js_key(j, "recovery_codes");
	js_list(j);
	for (int i = 0; i < RECOVERY_CODES; i++)
		js_str(j, codes[i]);
	js_list_end(j);
}

/* A wrong second factor: counted, for the browser that it came from or for all strangers. */
static int
refuse_code(struct api *x, const struct credential *cred, struct error *e)
{
	return note_failure(x, cred->person, "wrong-code", cred, e);
}

/* Of whoever is signing in, with the tries of his browser. */
static int
get_credential(struct api *x, const struct request *q, struct credential *ret, struct error *e)
{
	struct sha256 browser;

	if (credential_get(x->db, x->a, q->who.person, ret, e) < 0)
		return err_code(e);
	return staff_browser(q, &browser)
	           ? credential_know_browser(x->db, ret, &browser, x->now_us, e)
	           : 0;
}

static int
check_code(struct api *x, const struct credential *cred, struct str sealed, struct str code,
    int64_t *ret_step, struct error *e)
{
	uint8_t secret[TOTP_SECRET_BYTES];
	bool ok;

	if (credential_rests_us(cred, x->now_us) > 0)
		return err_key(e, ERR_LIMIT, "too-many-tries",
		    "too many wrong codes: wait, or use a recovery code");
	if (open_secret(x, cred->person, sealed, secret, e) < 0)
		return err_code(e);
	ok = totp_check(secret, code, x->now_us, cred->totp_step, ret_step);
	explicit_bzero(secret, sizeof secret);
	return ok ? 0 : err_key(e, ERR_UNAUTHENTICATED, "wrong-code", "that code is not right");
}

int
session_totp_confirm(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(EVENT_TOTP_CHANGED);
	const struct staff_session *s = q->who.staff;
	struct sha256 hashes[RECOVERY_CODES], token, known;
	struct str codes[RECOVERY_CODES], code, cookie, browser;
	struct credential cred;
	int64_t step;
	struct js j;

	if (READ_MEMBERS(x, q, e, {"code", &code}) < 0 || check_may_set_up(x, q, e) < 0 ||
	    get_credential(x, q, &cred, e) < 0)
		return err_code(e);
	cred.totp_step = 0; /* of the old secret */
	if (check_code(x, &cred, cred.offered, code, &step, e) < 0)
		return strcmp(e->key, "wrong-code") == 0 ? refuse_code(x, &cred, e) : err_code(e);
	cookie = staff_cookie_new(x, &token);
	browser = staff_browser_keep(x, q, cred.is_known, &known);
	if (make_recovery(x, codes, hashes, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_TOTP_CHANGED, &c, e) < 0 ||
	    credential_confirm_totp(c, s->person.id, step, e) < 0 ||
	    recovery_set(c, s->person.id, hashes, e) < 0 ||
	    credential_signed_in(c, s->person.id, e) < 0 ||
	    credential_keep_browser(c, s->person.id, &known, e) < 0 ||
	    staff_session_proved(c, s->id, STAFF_ACTIVE, &token, e) < 0 ||
	    event_add(c, &ev, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	staff_cookie_set(r, x, cookie);
	staff_browser_set(r, x, browser);
	reply_json(r, &j);
	js_open(&j);
	put_recovery(&j, codes);
	js_key(&j, "session");
	if (session_put_new(&j, x, cookie, e) < 0)
		return err_code(e);
	js_close(&j);
	return 0;
}

/* ---- the second factor, and a fresh proof ---- */

/* As people type it: in any case, with spaces or hyphens. */
static struct str
plain_recovery(struct api *x, struct str code)
{
	char *out = ARENA_ARRAY(x->a, char, code.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < code.n; i++) {
		char ch = code.p[i];

		if (ch != ' ' && ch != '-')
			out[n++] = (char)(ch >= 'a' && ch <= 'z' ? ch - 'a' + 'A' : ch);
	}
	return (struct str){out, n};
}

struct proof {
	struct credential cred;
	struct sha256 recovery;
	bool by_recovery, by_password;
	int64_t step;
};

/* Enough for somebody who gave the second factor already: a fresh proof. */
static int
prove_by_password(
    struct api *x, const struct request *q, struct proof *p, struct str password, struct error *e)
{
	p->by_password = true;
	if (q->who.staff->state == STAFF_ACTIVE && p->cred.password.n > 0 &&
	    password.n <= PASSWORD_MOST && password_matches(p->cred.password, password))
		return 0;
	err_put(e, ERR_UNAUTHENTICATED, "wrong-credentials", "the password is not right");
	return note_failure(x, q->who.person, "wrong-password", NULL, e);
}

static int
read_proof(struct api *x, const struct request *q, struct proof *p, struct error *e)
{
	struct str code = {0}, recovery = {0}, password = {0};

	*p = (struct proof){0};
	if (READ_MEMBERS(
	        x, q, e, {"code", &code}, {"recovery", &recovery}, {"password", &password}) < 0 ||
	    get_credential(x, q, &p->cred, e) < 0)
		return err_code(e);
	if (password.n > 0)
		return prove_by_password(x, q, p, password, e);
	p->by_recovery = recovery.n > 0;
	if (p->by_recovery)
		return keyring_pepper(
		    &x->keys, S(RECOVERY_LABEL), plain_recovery(x, recovery), &p->recovery, e);
	if (check_code(x, &p->cred, p->cred.totp, code, &p->step, e) < 0)
		return strcmp(e->key, "wrong-code") == 0 ? refuse_code(x, &p->cred, e)
		                                         : err_code(e);
	return 0;
}

/* What was proved with is used up; a second factor makes the browser a known one. */
static int
spend(struct change *c, const struct proof *p, const struct sha256 *browser, struct error *e)
{
	int r;

	if (p->by_password)
		return 0;
	r = p->by_recovery ? recovery_use(c, p->cred.person, &p->recovery, e)
	                   : credential_spend_step(c, p->cred.person, p->step, e);
	return r < 0 ? r : credential_keep_browser(c, p->cred.person, browser, e);
}

static int
prove(struct api *x, const struct request *q, struct reply *r, const struct proof *p, bool is_first,
    struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(EVENT_SESSION_BEGUN);
	const struct staff_session *s = q->who.staff;
	struct sha256 token, known;
	struct str cookie = staff_cookie_new(x, &token);
	struct str browser = staff_browser_keep(x, q, p->cred.is_known, &known);
	int spent;

	ev.outcome = p->by_recovery ? S("recovery") : is_first ? S("active") : S("fresh");
	if (change_begin(x->db, request_actor(q), EVENT_SESSION_BEGUN, &c, e) < 0)
		return err_code(e);
	spent = spend(c, p, &known, e);
	if (spent == ERR_UNAUTHENTICATED) {
		change_abort(&c);
		return refuse_code(x, &p->cred, e);
	}
	if (spent < 0 || (is_first && credential_signed_in(c, s->person.id, e) < 0) ||
	    staff_session_proved(c, s->id, STAFF_ACTIVE, &token, e) < 0 ||
	    event_add(c, &ev, e) < 0 || change_commit(&c, e) < 0 ||
	    session_show_new(x, r, cookie, e) < 0)
		return err_code(e);
	if (!p->by_password)
		staff_browser_set(r, x, browser);
	return 0;
}

int
session_totp(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct proof p;

	if (q->who.staff->state != STAFF_TOTP)
		return err_key(e, ERR_CONFLICT, "not-asked", "no second factor is asked for now");
	if (read_proof(x, q, &p, e) < 0)
		return err_code(e);
	return prove(x, q, r, &p, true, e);
}

int
session_step_up(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct proof p;

	if (q->who.staff->state != STAFF_ACTIVE)
		return err_key(e, ERR_UNAUTHENTICATED, "sign-in-incomplete", "signed in half way");
	if (read_proof(x, q, &p, e) < 0)
		return err_code(e);
	return prove(x, q, r, &p, false, e);
}
