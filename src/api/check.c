/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * check - see check.h; POST /api/v1/check
 *
 * Reads only: who may ask learns what would happen, nothing is recorded.
 */
#include "api/check.h"

#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "conf/conf.h"
#include "db/db.h"
#include "model/asset.h"
#include "model/contact.h"
#include "model/person.h"
#include "model/version.h"
#include "text/address.h"
#include "text/json.h"

/* Lines of one answer, a hundred bytes each. */
#define CHECK_LINES 100000

/* Open addresses, at least half of them free: ten thousand files are told apart in one walk. */
struct seen_ids {
	int64_t *slots; /* 0: free, which is no id */
	size_t mask;
};

static struct seen_ids
seen_new(struct arena *a, size_t max)
{
	size_t size = 16;

	while (size < 2 * max)
		size *= 2;
	return (struct seen_ids){ARENA_ARRAY(a, int64_t, size), size - 1};
}

/* Is it the first of its kind?  Then it is in. */
static bool
seen_add(struct seen_ids *s, int64_t id)
{
	size_t i = (size_t)((uint64_t)id * 0x9e3779b97f4a7c15u >> 32) & s->mask;

	while (s->slots[i] != 0 && s->slots[i] != id)
		i = (i + 1) & s->mask;
	if (s->slots[i] == id)
		return false;
	s->slots[i] = id;
	return true;
}

static bool
has_address(const struct check_ask *ask, struct str address)
{
	for (size_t i = 0; i < ask->address_count; i++) {
		if (str_eq(ask->addresses[i], address))
			return true;
	}
	return false;
}

/* A list that must be there, with 1 to max elements. */
static int
needed_list(struct json *o, const char *name, size_t max, struct json **ret, struct error *e)
{
	int r = json_get_list(o, name, ret, e);

	if (r < 0)
		return r;
	if (r == 0 || json_list_size(*ret) == 0)
		return err_key(e, ERR_INVALID, "missing", "%s is missing or empty", name);
	if (json_list_size(*ret) > max)
		return err_key(e, ERR_INVALID, "too-many", "more than %zu in %s", max, name);
	return 0;
}

/* "123", or {"asset": "123", "version": "124"}. */
static int
read_asset(struct json *v, int64_t *ret, int64_t *ret_version, struct error *e)
{
	struct str asset = {0}, version = {0};

	*ret_version = 0;
	if (json_kind(v) == 't'
	        ? json_str(v, &asset, e) < 0
	        : json_get_str(v, "asset", &asset, e) < 0 ||
	              json_get_str(v, "version", &version, e) < 0 || json_done(v, e) < 0)
		return err_code(e);
	if (!id_parse(asset, ret) || (version.n > 0 && !id_parse(version, ret_version)))
		return err_key(e, ERR_INVALID, "bad-id", "an id in assets is none");
	return 0;
}

static int
read_assets(struct api *x, struct json *o, struct check_ask *ret, struct error *e)
{
	struct json *list;
	struct seen_ids seen;
	int64_t id, version;

	if (needed_list(o, "assets", LIMIT_DELIVERY_ITEMS, &list, e) < 0)
		return err_code(e);
	seen = seen_new(x->a, json_list_size(list));
	ret->assets = ARENA_ARRAY(x->a, asset_id, json_list_size(list));
	ret->versions = ARENA_ARRAY(x->a, version_id, json_list_size(list));
	for (size_t i = 0; i < json_list_size(list); i++) {
		if (read_asset(json_list_at(list, i), &id, &version, e) < 0)
			return err_code(e);
		if (!seen_add(&seen, id))
			continue;
		ret->versions[ret->asset_count] = (version_id){version};
		ret->assets[ret->asset_count++] = (asset_id){id};
	}
	return 0;
}

static int
read_addresses(struct api *x, struct json *o, struct check_ask *ret, struct error *e)
{
	struct json *list;
	struct str s, address;

	if (needed_list(o, "to", LIMIT_DELIVERY_RECIPIENTS, &list, e) < 0)
		return err_code(e);
	ret->addresses = ARENA_ARRAY(x->a, struct str, json_list_size(list));
	for (size_t i = 0; i < json_list_size(list); i++) {
		if (json_str(json_list_at(list, i), &s, e) < 0)
			return err_code(e);
		ret->typed = arena_str(x->a, s);
		if (address_clean(x->a, s, &address, e) < 0)
			return err_code(e);
		if (!has_address(ret, address))
			ret->addresses[ret->address_count++] = address;
	}
	return 0;
}

int
check_ask_refuse(struct reply *r, struct api *x, const struct check_ask *ask, const struct error *e)
{
	struct js j;

	if (strcmp(e->key, "bad-address") != 0)
		return err_code(e);
	r->status = 422;
	reply_json(r, &j);
	reply_field(r, "Content-Type", S("application/problem+json"));
	js_open(&j);
	js_kv_str(&j, "type", S("urn:geleit:problem:bad-address"));
	js_kv_str(&j, "title", S("An address is written wrongly"));
	js_kv_int(&j, "status", r->status);
	js_kv_str(&j, "code", S("bad-address"));
	js_kv_str(&j, "detail", str_c(e->msg));
	js_kv_str(&j, "address", ask->typed);
	js_close(&j);
	return 0;
}

int
check_ask_read(struct api *x, struct json *o, struct check_ask *ret, struct error *e)
{
	struct str method = S("package");

	*ret = (struct check_ask){.method = METHOD_PACKAGE};
	if (read_assets(x, o, ret, e) < 0 || read_addresses(x, o, ret, e) < 0 ||
	    json_get_str(o, "method", &method, e) < 0)
		return err_code(e);
	if (!str_eq_c(method, "package"))
		return err_key(e, ERR_INVALID, "bad-method", "method is not package");
	return 0;
}

static int
blocked_list(struct api *x, const struct check_ask *ask, bool *ret, struct error *e)
{
	struct contact c;

	for (size_t i = 0; i < ask->address_count; i++) {
		int r = contact_find(x->db, x->a, ask->addresses[i], &c, e);

		if (r < 0)
			return r;
		ret[i] = c.blocked;
	}
	return 0;
}

/* What is the same for all files of one request. */
static void
ask_facts(struct api *x, const struct request *q, const struct check_ask *ask,
    struct verdict_facts *facts)
{
	facts->hold_unscanned = x->conf->malware_unscanned == UNSCANNED_HOLD;
	facts->level_reached = -1;
	facts->level_possible = LEVEL_CODE;
	facts->sender_may_send = role_may_send(q->who.role);
	facts->method = ask->method;
	facts->now_us = x->now_us;
}

/* Of one file for each address; who is told apart by nothing shares a verdict. */
static void
file_lines(struct api *x, const struct check_ask *ask, size_t i, struct verdict_facts *facts,
    const bool *blocked, struct check_line *lines)
{
	struct verdict *of[2] = {NULL, NULL};

	for (size_t k = 0; k < ask->address_count; k++) {
		struct verdict **v = &of[blocked[k]];

		if (*v == NULL) {
			*v = ARENA_NEW(x->a, struct verdict);
			facts->recipient_blocked = blocked[k];
			verdict(facts, *v);
		}
		lines[k] = (struct check_line){.asset = ask->assets[i],
		    .version = ask->versions[i],
		    .address = ask->addresses[k],
		    .verdict = *v};
	}
}

int
check_lines(struct api *x, const struct request *q, struct check_ask *ask, struct check_line **ret,
    struct error *e)
{
	bool *blocked = ARENA_ARRAY(x->a, bool, ask->address_count);
	struct verdict_facts *facts = ARENA_ARRAY(x->a, struct verdict_facts, ask->asset_count);

	if (ask->asset_count * ask->address_count > CHECK_LINES)
		return err_key(e, ERR_INVALID, "too-many", "too many files times addresses");
	*ret = ARENA_ARRAY(x->a, struct check_line, ask->asset_count * ask->address_count);
	if (blocked_list(x, ask, blocked, e) < 0 ||
	    verdict_facts_files(
	        x->db, x->a, ask->assets, ask->versions, ask->asset_count, facts, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < ask->asset_count; i++) {
		ask_facts(x, q, ask, &facts[i]);
		file_lines(x, ask, i, &facts[i], blocked, *ret + i * ask->address_count);
	}
	return 0;
}

enum verdict_state
check_worst(const struct check_line *lines, size_t n)
{
	enum verdict_state worst = VERDICT_CLEARED;

	for (size_t i = 0; i < n; i++)
		worst = MAX(worst, lines[i].verdict->state);
	return worst;
}

bool
check_refuses(const struct check_line *lines, size_t n)
{
	return check_worst(lines, n) > VERDICT_CONDITIONS;
}

static void
reason_put(struct js *j, struct api *x, const struct verdict_reason *reason)
{
	js_open(j);
	js_kv_str(j, "code", str_c(reason->code));
	if (reason->date_us != 0)
		js_kv_time(j, "date", x->a, reason->date_us);
	if (reason->text.n > 0)
		js_kv_str(j, "text", reason->text);
	if (reason->level >= 0)
		js_kv_int(j, "level", reason->level);
	js_close(j);
}

void
reasons_put(struct js *j, struct api *x, const struct verdict *v)
{
	js_key(j, "reasons");
	js_list(j);
	for (size_t i = 0; i < v->reason_count; i++)
		reason_put(j, x, &v->reasons[i]);
	js_list_end(j);
}

void
check_lines_put(struct js *j, struct api *x, const struct check_line *lines, size_t n)
{
	js_key(j, "lines");
	js_list(j);
	for (size_t i = 0; i < n; i++) {
		js_open(j);
		js_kv_id(j, "asset", lines[i].asset.v);
		js_kv_str(j, "address", lines[i].address);
		js_kv_str(j, "state", str_c(verdict_state_name(lines[i].verdict->state)));
		reasons_put(j, x, lines[i].verdict);
		js_close(j);
	}
	js_list_end(j);
}

int
check_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct check_line *lines;
	struct check_ask ask;
	struct js j;

	if (json_parse(q->m->body, &doc, e) < 0)
		return err_code(e);
	if (check_ask_read(x, json_root(doc), &ask, e) < 0)
		return check_ask_refuse(r, x, &ask, e);
	if (json_done(json_root(doc), e) < 0 || check_lines(x, q, &ask, &lines, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	check_lines_put(&j, x, lines, ask.asset_count * ask.address_count);
	js_close(&j);
	return 0;
}
