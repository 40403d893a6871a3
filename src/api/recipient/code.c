/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * code - proof of the address by six digits, sent to where the link went
 */
#include "model/code.h"

#include "api/recipient/pages.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "conf/conf.h"
#include "crypto/token.h"
#include "model/mail.h"
#include "text/json.h"
#include "text/template.h"

#define CODE_LABEL "code"

static int
hash_of(struct api *x, int64_t id, struct str digits, struct sha256 *ret, struct error *e)
{
	struct str text = arena_printf(x->a, "%lld:%.*s", (long long)id, STR(digits));

	return keyring_pepper(&x->keys, S(CODE_LABEL), text, ret, e);
}

static int
code_mail(struct api *x, const struct visit *v, struct str digits, struct mail_draft *ret,
    struct error *e)
{
	struct tv *t = tv_new(x->a);
	struct brand brand;
	struct buf b, subject;
	struct js j;

	if (brand_get(x->db, x->a, &brand, e) < 0)
		return err_code(e);
	tv_str(t, "brand_name", brand.name);
	tv_str(t, "number", v->delivery.number);
	buf_init_arena(&subject, x->a, LIMIT_TITLE_BYTES * 2);
	if (template_render(&subject, "mail_code_subject.txt", v->lang, t, e) < 0)
		return err_code(e);
	buf_init_arena(&b, x->a, LIMIT_FORM_BYTES);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_str(&j, "lang", str_c(v->lang));
	js_kv_str(&j, "number", v->delivery.number);
	js_kv_str(&j, "code", digits);
	js_kv_int(&j, "minutes", CODE_MINUTES);
	js_close(&j);
	*ret = (struct mail_draft){.kind = "code",
	    .delivery = v->delivery.id,
	    .recipient = v->recipient.id,
	    .address = v->recipient.address,
	    .subject = str_trim(buf_view(&subject))};
	return mail_prepare(x->a, &x->keys, x->conf, "mail_code", buf_view(&b), ret, e);
}

/* ERR_LIMIT: not now, *ret_again_us says when. */
static int
send_code(struct api *x, const struct visit *v, int64_t *ret_again_us, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct code code = {
	    .id = random_id(), .session = v->session.id, .recipient = v->recipient.id};
	struct str digits = arena_printf(x->a, "%06u", random_below(1000000));
	struct event ev = EVENT_INIT(EVENT_CODE_SENT);
	struct mail_draft mail;

	if (hash_of(x, code.id, digits, &code.hash, e) < 0 || code_mail(x, v, digits, &mail, e) < 0)
		return err_code(e);
	ev.delivery = v->delivery.id;
	ev.recipient = v->recipient.id;
	if (change_begin(x->db, (struct actor){ACTOR_RECIPIENT, v->recipient.id.v}, EVENT_CODE_SENT,
	        &c, e) < 0 ||
	    code_may_send(change_db(c), code.recipient, change_now(c), ret_again_us, e) < 0 ||
	    code_create(c, &code, e) < 0 || mail_queue(c, &mail, e) < 0 || event_add(c, &ev, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

/* 1 go on; 0 answered already (neutral, ended, or proved). */
static int
enter(struct api *x, const struct request *q, struct visit *v, struct reply *r, struct error *e)
{
	int n = visit_find(x, q, v, e);

	if (n < 0)
		return n;
	if (n == 0)
		return page_neutral(x, q, r, e);
	if (visit_check_form(x, q, v, e) < 0)
		return err_code(e);
	if (visit_end(x, v) != VISIT_LIVE)
		return ended_show(x, q, v, r, e);
	if (v->session.level >= v->delivery.level) {
		reply_redirect(r, v->path);
		return 0;
	}
	return 1;
}

int
code_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct verify_state s = {.status = 429, .too_many = true};
	struct visit v;
	int n = enter(x, q, &v, r, e);

	if (n <= 0)
		return n;
	n = send_code(x, &v, &s.again_us, e);
	if (n == ERR_LIMIT)
		return arrival_show(x, q, &v, &s, r, e);
	if (n < 0)
		return n;
	reply_redirect(r, v.path);
	return 0;
}

/* Blanks and dashes a person or a mail program put between the digits. */
static struct str
digits_of(struct api *x, struct str typed)
{
	char *p = arena_alloc(x->a, typed.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < typed.n && n < 16; i++) {
		if (typed.p[i] != ' ' && typed.p[i] != '-' && typed.p[i] != '\t')
			p[n++] = typed.p[i];
	}
	return (struct str){p, n};
}

/* What was typed, and the cookie that goes and comes when it is right. */
struct attempt {
	struct sha256 candidate;
	bool right;
	struct sha256 old_cookie, new_cookie;
	struct event_field from;
};

/* Everything that needs the keeper. */
static int
prepare(struct api *x, const struct request *q, const struct visit *v, const struct code *k,
    struct attempt *t, struct error *e)
{
	struct str typed = {0};

	if (request_form(x, q, "code", &typed, e) < 0 ||
	    hash_of(x, k->id, digits_of(x, typed), &t->candidate, e) < 0 ||
	    came_from(x, q, v->recipient.contact, &t->from, e) < 0)
		return err_code(e);
	t->right = mem_eq(t->candidate.b, k->hash.b, sizeof t->candidate.b);
	return 0;
}

static int
record(struct api *x, const struct visit *v, const struct code *k, const struct attempt *t,
    struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(t->right ? EVENT_RECIPIENT_VERIFIED : EVENT_CODE_FAILED);
	bool right;

	ev.fields = &t->from;
	ev.field_count = 1;
	ev.delivery = v->delivery.id;
	ev.recipient = v->recipient.id;
	ev.level = t->right ? LEVEL_CODE : LEVEL_LINK;
	if (change_begin(
	        x->db, (struct actor){ACTOR_RECIPIENT, v->recipient.id.v}, ev.kind, &c, e) < 0 ||
	    code_try(c, k, &t->candidate, (int)x->conf->code_tries, &right, e) < 0 ||
	    event_add(c, &ev, e) < 0)
		return err_code(e);
	if (right && (session_verified(c, &v->session, &t->old_cookie, &t->new_cookie, e) < 0 ||
	                 recipient_mark(c, v->recipient.id, STEP_VERIFIED, e) < 0))
		return err_code(e);
	return change_commit(&c, e);
}

static int
no_open_code(
    struct api *x, const struct request *q, const struct visit *v, struct reply *r, struct error *e)
{
	struct verify_state s = {.used_up = true};
	int n = code_is_used_up(x->db, v->session.id, x->now_us, (int)x->conf->code_tries, e);

	if (n < 0)
		return n;
	s.status = n > 0 ? 429 : 422;
	return verify_show(x, q, v, &s, r, e);
}

/* The page is drawn before the try is counted: a fault between the two counts nothing. */
static int
wrong_show(struct api *x, const struct request *q, const struct visit *v, int left, struct reply *r,
    struct error *e)
{
	struct verify_state s = {.status = left > 1 ? 422 : 429,
	    .wrong = left > 1,
	    .used_up = left <= 1,
	    .tries_left = left - 1};

	return verify_show(x, q, v, &s, r, e);
}

static void
right_show(struct api *x, const struct visit *v, struct str cookie, struct reply *r)
{
	cookie_set(r, x, cookie);
	reply_redirect(r, v->path);
}

int
verify_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct attempt t = {.old_cookie = q->who.cookie};
	struct str cookie;
	struct code code;
	struct visit v;
	int left, n = enter(x, q, &v, r, e);

	if (n <= 0)
		return n;
	n = code_open(x->db, v.session.id, x->now_us, (int)x->conf->code_tries, &code, &left, e);
	if (n <= 0)
		return n < 0 ? n : no_open_code(x, q, &v, r, e);
	cookie = token_new(x->a);
	t.new_cookie = token_hash(cookie);
	if (prepare(x, q, &v, &code, &t, e) < 0)
		return err_code(e);
	if (!t.right && wrong_show(x, q, &v, left, r, e) < 0)
		return err_code(e);
	if (record(x, &v, &code, &t, e) < 0)
		return err_code(e);
	if (t.right)
		right_show(x, &v, cookie, r);
	return 0;
}
