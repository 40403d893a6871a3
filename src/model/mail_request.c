/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mail_request - see mail_request.h
 */
#include "model/mail_request.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "model/mail.h"
#include "text/json.h"

#define VALUES_MOST 64

static int
value_of(struct arena *a, struct str name, struct json *v, struct mail_value *ret, struct error *e)
{
	*ret = (struct mail_value){.name = arena_str(a, name)};
	switch (json_kind(v)) {
	case 't':
		if (json_str(v, &ret->text, e) < 0)
			return err_code(e);
		ret->text = arena_str(a, ret->text);
		return 0;
	case 'b':
		ret->is_flag = true;
		ret->flag = json_flag(v);
		return 0;
	case 'n':
		ret->text = arena_printf(a, "%lld", (long long)json_int(v));
		return 0;
	default:
		return err_set(e, ERR_CORRUPT, "mail request: a value of no use");
	}
}

static int
values_of(struct arena *a, struct json *o, struct mail_request *ret, struct error *e)
{
	struct mail_value *values = ARENA_ARRAY(a, struct mail_value, VALUES_MOST);
	struct str name;
	struct json *v;

	for (size_t i = 0; i < VALUES_MOST && json_member_at(o, i, &name, &v); i++) {
		if (value_of(a, name, v, &values[i], e) < 0)
			return err_code(e);
		ret->value_count++;
	}
	ret->values = values;
	return 0;
}

int
mail_request_parse(struct arena *a, struct str json, struct mail_request *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct json *values = NULL;
	struct str template = {0}, lang = {0};

	*ret = (struct mail_request){0};
	if (json_parse(json, &doc, e) < 0 ||
	    json_get_str(json_root(doc), "template", &template, e) < 0 ||
	    json_get_object(json_root(doc), "values", &values, e) < 0)
		return err_prefix(e, "mail request");
	if (template.n == 0 || values == NULL)
		return err_set(e, ERR_CORRUPT, "mail request: incomplete");
	if (json_get_str(values, "lang", &lang, e) < 0)
		return err_code(e);
	ret->template = arena_str(a, template);
	ret->lang = str_eq_c(lang, "en") ? "en" : "de";
	return values_of(a, values, ret, e);
}

int
mail_request_get(struct db *db, struct arena *a, struct keyring *k, mail_id id,
    struct mail_request *ret, struct error *e)
{
	struct str content;

	if (mail_content(db, a, k, id, &content, e) < 0)
		return err_code(e);
	return mail_request_parse(a, content, ret, e);
}
