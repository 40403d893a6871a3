/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * people - /api/v1/people: who works here, invited, changed and set anew
 *
 * A new person gets a link (invite.h) and no password from anybody.  Whoever asks
 * with a key gives no role that may more than the key.
 */
#include "model/people.h"

#include "api/input.h"
#include "api/invite.h"
#include "api/routes.h"
#include "api/staff.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/str.h"
#include "model/api_key.h"
#include "model/change.h"
#include "text/json.h"

static void
put_row(struct js *j, struct api *x, const struct person_row *p)
{
	js_open(j);
	js_kv_id(j, "id", p->person.id.v);
	js_kv_str(j, "name", p->person.name);
	js_kv_str(j, "address", p->person.address);
	js_kv_str(j, "role", p->person.role);
	js_kv_bool(j, "disabled", p->person.disabled);
	js_kv_str(j, "state", p->is_active ? S("active") : S("invited"));
	js_kv_time(j, "last_sign_in", x->a, p->signed_in_us);
	js_close(j);
}

int
people_get_all(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct person_row *all;
	struct js j;
	size_t n;

	(void)q;
	if (people_list(x->db, x->a, &all, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; i < n; i++)
		put_row(&j, x, &all[i]);
	js_list_end(&j);
	return 0;
}

/* ---- what is typed ---- */

static int
read_name(struct api *x, struct json *o, struct str *ret, struct error *e)
{
	static const struct input_text name = {"name", LIMIT_TITLE_BYTES, false};
	int r = input_text(x, o, &name, ret, e);

	if (r > 0 && str_trim(*ret).n == 0)
		return err_key(e, ERR_INVALID, "bad-name", "a person needs a name");
	return r;
}

static int
read_role(struct api *x, struct json *o, struct str *ret, struct error *e)
{
	int r = json_get_str(o, "role", ret, e);

	if (r <= 0)
		return r;
	*ret = arena_str(x->a, *ret);
	if (!role_is_known(*ret))
		return err_key(
		    e, ERR_INVALID, "bad-role", "role is administrator, editor, sender or viewer");
	return 1;
}

static int
read_address(struct api *x, struct json *o, struct str *ret, struct error *e)
{
	struct str raw;
	int r = json_get_str(o, "address", &raw, e);

	if (r <= 0)
		return r;
	return staff_address(x, raw, ret, e) < 0 ? err_code(e) : 1;
}

static int
read_patch(struct api *x, const struct request *q, struct person_patch *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct json *o;
	int r;

	*ret = (struct person_patch){0};
	if (json_parse(q->m->body, &doc, e) < 0)
		return err_code(e);
	o = json_root(doc);
	r = json_get_bool(o, "disabled", &ret->disabled, e);
	ret->sets_disabled = r > 0;
	if (r < 0 || read_name(x, o, &ret->name, e) < 0 || read_role(x, o, &ret->role, e) < 0 ||
	    read_address(x, o, &ret->address, e) < 0)
		return err_code(e);
	return json_done(o, e);
}

static int
read_new(struct api *x, const struct request *q, struct person *ret, struct error *e)
{
	struct person_patch p;

	if (read_patch(x, q, &p, e) < 0)
		return err_code(e);
	if (p.sets_disabled)
		return err_key(e, ERR_INVALID, "unknown-member", "a new person is not disabled");
	if (p.name.p == NULL || p.address.p == NULL || p.role.p == NULL)
		return err_key(e, ERR_INVALID, "bad-member", "name, address and role are needed");
	*ret = (struct person){
	    .id = {random_id()}, .name = p.name, .address = p.address, .role = p.role};
	return 0;
}

/* Nobody gives away more than he has: a key without a scope makes nobody who has it. */
static int
check_gives(const struct request *q, struct str role, struct error *e)
{
	if ((role_scopes(role) & ~q->who.scopes) != 0)
		return err_key(e, ERR_DENIED, "scope", "this role may more than who asks");
	return 0;
}

/* ---- answers ---- */

static int
put_person(struct js *j, struct api *x, person_id id, struct error *e)
{
	struct person_row row;

	if (people_get(x->db, x->a, id, &row, e) < 0)
		return err_code(e);
	put_row(j, x, &row);
	return 0;
}

static void
put_link(struct js *j, struct api *x, const struct invite *v)
{
	struct str link = invite_link(x, v);

	js_key(j, "link");
	if (link.n > 0)
		js_str(j, link);
	else
		js_null(j);
}

/* ---- acts ---- */

int
people_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct invite v = {.purpose = LINK_INVITE};
	AUTO(data_key_wipe) struct data_key key = {0};
	struct person_key who = {.key = &key};
	struct js j;

	if (read_new(x, q, &v.to, e) < 0 || check_gives(q, v.to.role, e) < 0 ||
	    keyring_person(&x->keys, v.to.id.v, &key, e) < 0 || invite_prepare(x, q, &v, e) < 0)
		return err_code(e);
	who.person = v.to.id;
	if (change_begin(x->db, request_actor(q), EVENT_PERSON_INVITED, &c, e) < 0 ||
	    person_invite(c, &who, &v.to, e) < 0 || invite_put(c, &v, e) < 0 ||
	    change_commit(&c, e) < 0)
		return err_code(e);
	r->status = 201;
	reply_json(r, &j);
	js_open(&j);
	js_key(&j, "person");
	if (put_person(&j, x, v.to.id, e) < 0)
		return err_code(e);
	put_link(&j, x, &v);
	js_close(&j);
	return 0;
}

int
people_patch(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct person_patch patch;
	struct person_row row;
	AUTO(data_key_wipe) struct data_key key = {0};
	struct person_key who = {.key = &key};
	struct js j;
	int changed;

	if (input_id(q, 0, &who.person.v, e) < 0 || read_patch(x, q, &patch, e) < 0 ||
	    people_get(x->db, x->a, who.person, &row, e) < 0 ||
	    check_gives(q, row.person.role, e) < 0 ||
	    (patch.role.p != NULL && check_gives(q, patch.role, e) < 0) ||
	    keyring_person(&x->keys, who.person.v, &key, e) < 0)
		return err_code(e);
	if (change_begin(x->db, request_actor(q), EVENT_PERSON_CHANGED, &c, e) < 0)
		return err_code(e);
	changed = person_change(c, x->a, &who, &patch, e);
	if (changed < 0 || (changed > 0 && change_commit(&c, e) < 0))
		return err_code(e);
	change_abort(&c);
	reply_json(r, &j);
	return put_person(&j, x, who.person, e);
}

/* Who is to be set anew, if a link would do him any good. */
static int
find_reset(struct api *x, const struct request *q, struct person *ret, struct error *e)
{
	struct person_row row;
	person_id id;

	if (input_id(q, 0, &id.v, e) < 0 || people_get(x->db, x->a, id, &row, e) < 0)
		return err_code(e);
	if (check_gives(q, row.person.role, e) < 0)
		return err_code(e);
	if (row.person.disabled)
		return err_key(
		    e, ERR_CONFLICT, "person-disabled", "a disabled person cannot sign in");
	*ret = row.person;
	return 0;
}

int
people_reset(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct invite v = {.purpose = LINK_RESET};
	AUTO(data_key_wipe) struct data_key key = {0};
	struct person_key who = {.key = &key};
	struct js j;

	if (find_reset(x, q, &v.to, e) < 0 || keyring_person(&x->keys, v.to.id.v, &key, e) < 0 ||
	    invite_prepare(x, q, &v, e) < 0)
		return err_code(e);
	who.person = v.to.id;
	if (change_begin(x->db, request_actor(q), EVENT_PERSON_RESET, &c, e) < 0 ||
	    person_reset(c, &who, v.to.name, e) < 0 || invite_put(c, &v, e) < 0 ||
	    change_commit(&c, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	put_link(&j, x, &v);
	js_close(&j);
	return 0;
}
