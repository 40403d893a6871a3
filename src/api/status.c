/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * status - GET /api/v1/status: version, address, and the processes that run
 *
 * The list is DIR/run/roles.json, which master writes anew whenever a process
 * comes or goes; no other role knows all of them.
 */
#include "api/status.h"

#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"
#include "os/file.h"
#include "text/json.h"

#define ROLES_BYTES 65536

static int
put_role(struct js *j, struct json *role, struct error *e)
{
	struct str name = {0};
	int64_t index = 0, pid = 0;

	if (json_get_str(role, "role", &name, e) < 0 ||
	    json_get_int(role, "index", &index, e) < 0 || json_get_int(role, "pid", &pid, e) < 0)
		return err_code(e);
	js_open(j);
	js_kv_str(j, "role", name);
	js_kv_int(j, "index", index);
	js_kv_int(j, "pid", pid);
	js_close(j);
	return 0;
}

static int
read_roles(struct api *x, struct json_doc **ret, struct error *e)
{
	struct str path = arena_printf(x->a, "%.*s/run/roles.json", STR(x->conf->dir)), text;

	if (file_read(x->a, path.p, ROLES_BYTES, &text, e) < 0 || json_parse(text, ret, e) < 0)
		return err_set(e, ERR_UNAVAILABLE, "the list of roles cannot be read");
	return 0;
}

int
status_roles_put(struct js *j, struct api *x, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct json *list;

	if (read_roles(x, &doc, e) < 0)
		return err_code(e);
	list = json_root(doc);
	js_key(j, "roles");
	js_list(j);
	for (size_t i = 0; i < json_list_size(list); i++) {
		if (put_role(j, json_list_at(list, i), e) < 0)
			return err_code(e);
	}
	js_list_end(j);
	return 0;
}

int
status_certificate_end(struct api *x, int64_t *ret_us, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct json *list;

	*ret_us = 0;
	if (read_roles(x, &doc, e) < 0)
		return err_code(e);
	list = json_root(doc);
	for (size_t i = 0; i < json_list_size(list); i++) {
		struct json *role = json_list_at(list, i);
		int64_t end = 0;

		if (!json_has(role, "certificate_ends_us"))
			continue;
		if (json_get_int(role, "certificate_ends_us", &end, e) < 0)
			return err_code(e);
		if (*ret_us == 0 || end < *ret_us)
			*ret_us = end;
	}
	return 0;
}

int
status_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct js j;

	(void)q;
	reply_json(r, &j);
	js_open(&j);
	js_kv_str(&j, "version", S(GELEIT_VERSION));
	js_kv_str(&j, "url", x->conf->url);
	if (status_roles_put(&j, x, e) < 0)
		return err_code(e);
	js_close(&j);
	return 0;
}
