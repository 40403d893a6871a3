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
#include "text/json.h"
#include "text/name.h"

/* Lines of one answer: a kilobyte of memory each. */
#define CHECK_LINES 20000

static bool
has_asset(const struct check_ask *ask, int64_t id)
{
	for (size_t i = 0; i < ask->asset_count; i++) {
		if (ask->assets[i].v == id)
			return true;
	}
	return false;
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

static int
read_assets(struct api *x, struct json *o, struct check_ask *ret, struct error *e)
{
	struct json *list;
	struct str s;
	int64_t id;

	if (needed_list(o, "assets", LIMIT_DELIVERY_ITEMS, &list, e) < 0)
		return e->code;
	ret->assets = ARENA_ARRAY(x->a, asset_id, json_list_size(list));
	for (size_t i = 0; i < json_list_size(list); i++) {
		if (json_str(json_list_at(list, i), &s, e) < 0)
			return e->code;
		if (!id_parse(s, &id))
			return err_key(e, ERR_INVALID, "bad-id", "an id in assets is none");
		if (!has_asset(ret, id))
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
		return e->code;
	ret->addresses = ARENA_ARRAY(x->a, struct str, json_list_size(list));
	for (size_t i = 0; i < json_list_size(list); i++) {
		if (json_str(json_list_at(list, i), &s, e) < 0 ||
		    address_clean(x->a, s, &address, e) < 0)
			return e->code;
		if (!has_address(ret, address))
			ret->addresses[ret->address_count++] = address;
	}
	return 0;
}

int
check_ask_read(struct api *x, struct json *o, struct check_ask *ret, struct error *e)
{
	struct str method = S("package");

	*ret = (struct check_ask){.method = METHOD_PACKAGE};
	if (read_assets(x, o, ret, e) < 0 || read_addresses(x, o, ret, e) < 0 ||
	    json_get_str(o, "method", &method, e) < 0)
		return e->code;
	if (!str_eq_c(method, "package"))
		return err_key(e, ERR_INVALID, "bad-method", "method is not package");
	return 0;
}

/* The file's side once, to be copied for each address. */
static int
file_facts(struct api *x, const struct request *q, const struct check_ask *ask, asset_id id,
    struct verdict_facts *ret, version_id *ret_version, struct error *e)
{
	struct asset asset;

	*ret = (struct verdict_facts){0};
	if (asset_get(x->db, x->a, id, &asset, e) < 0 ||
	    verdict_facts_file(x->db, x->a, id, asset.current, ret, e) < 0)
		return e->code;
	ret->hold_unscanned = x->conf->malware_unscanned == UNSCANNED_HOLD;
	ret->level_reached = -1;
	ret->level_possible = LEVEL_CODE;
	ret->sender_may_send = q->who.kind == BY_KEY && !str_eq_c(q->who.role, "viewer");
	ret->method = ask->method;
	ret->now_us = x->now_us;
	*ret_version = asset.current;
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

int
check_lines(struct api *x, const struct request *q, const struct check_ask *ask,
    struct check_line **ret, struct error *e)
{
	bool *blocked = ARENA_ARRAY(x->a, bool, ask->address_count);
	struct check_line *line;

	if (ask->asset_count * ask->address_count > CHECK_LINES)
		return err_key(e, ERR_TOO_LARGE, "too-many", "too many files times addresses");
	line = ARENA_ARRAY(x->a, struct check_line, ask->asset_count * ask->address_count);
	*ret = line;
	if (blocked_list(x, ask, blocked, e) < 0)
		return e->code;
	for (size_t i = 0; i < ask->asset_count; i++) {
		struct verdict_facts facts;
		version_id version;

		if (file_facts(x, q, ask, ask->assets[i], &facts, &version, e) < 0)
			return e->code;
		for (size_t k = 0; k < ask->address_count; k++, line++) {
			*line = (struct check_line){.asset = ask->assets[i],
			    .version = version,
			    .address = ask->addresses[k]};
			facts.recipient_blocked = blocked[k];
			verdict(&facts, &line->verdict);
		}
	}
	return 0;
}

bool
check_refuses(const struct check_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lines[i].verdict.state > VERDICT_CONDITIONS)
			return true;
	}
	return false;
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
check_lines_put(struct js *j, struct api *x, const struct check_line *lines, size_t n)
{
	js_key(j, "lines");
	js_list(j);
	for (size_t i = 0; i < n; i++) {
		js_open(j);
		js_kv_id(j, "asset", lines[i].asset.v);
		js_kv_str(j, "address", lines[i].address);
		js_kv_str(j, "state", str_c(verdict_state_name(lines[i].verdict.state)));
		js_key(j, "reasons");
		js_list(j);
		for (size_t k = 0; k < lines[i].verdict.reason_count; k++)
			reason_put(j, x, &lines[i].verdict.reasons[k]);
		js_list_end(j);
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

	if (json_parse(q->m->body, &doc, e) < 0 || check_ask_read(x, json_root(doc), &ask, e) < 0 ||
	    json_done(json_root(doc), e) < 0 || check_lines(x, q, &ask, &lines, e) < 0)
		return e->code;
	reply_json(r, &j);
	js_open(&j);
	check_lines_put(&j, x, lines, ask.asset_count * ask.address_count);
	js_close(&j);
	return 0;
}
