/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * request - reading what a handler was asked
 */
#include "api/api.h"

#include "base/error.h"
#include "base/str.h"
#include "http/http.h"

struct str
request_field(const struct request *q, const char *name)
{
	for (size_t i = 0; i < q->m->field_count; i++) {
		if (str_ieq(q->m->fields[i].name, str_c(name)))
			return q->m->fields[i].value;
	}
	return (struct str){0};
}

static int
form_get(struct api *x, struct str form, const char *name, struct str *ret, struct error *e)
{
	int r = http_form_get(x->a, form, name, ret);

	if (r < 0)
		return err_key(
		    e, ERR_INVALID, "malformed-form", "field %s is malformed or twice there", name);
	return r;
}

int
request_form(
    struct api *x, const struct request *q, const char *name, struct str *ret, struct error *e)
{
	return form_get(x, q->m->body, name, ret, e);
}

int
request_query(
    struct api *x, const struct request *q, const char *name, struct str *ret, struct error *e)
{
	return form_get(x, q->query, name, ret, e);
}

struct actor
request_actor(const struct request *q)
{
	if (q->who.kind == BY_KEY)
		return (struct actor){ACTOR_KEY, q->who.key.v};
	if (q->who.kind == BY_STAFF)
		return (struct actor){ACTOR_PERSON, q->who.person.v};
	return (struct actor){ACTOR_SYSTEM, 0};
}

bool
request_takes_gzip(const struct request *q)
{
	struct str rest = request_field(q, "accept-encoding");

	while (rest.n > 0) {
		struct str weight, coding = str_cut(str_cut(rest, ',', &rest), ';', &weight);

		if (str_ieq(str_trim(coding), S("gzip")))
			return !str_eq(str_trim(weight), S("q=0"));
	}
	return false;
}
