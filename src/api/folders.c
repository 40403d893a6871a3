/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * folders - GET and POST /api/v1/folders, PATCH /api/v1/folders/{folder}
 *
 * A folder is where its path says; to rename it and to move it is the same.
 */
#include "api/input.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "model/folder.h"
#include "text/json.h"
#include "text/name.h"

static void
put_folder(struct js *j, const struct folder *f)
{
	js_open(j);
	js_kv_id(j, "id", f->id.v);
	js_kv_str(j, "path", f->path);
	js_kv_int(j, "count", f->count);
	js_close(j);
}

int
folders_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct folder *list;
	struct js j;
	size_t n;

	(void)q;
	if (folder_list(x->db, x->a, &list, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; i < n; i++)
		put_folder(&j, &list[i]);
	js_list_end(&j);
	return 0;
}

static int
read_path(struct api *x, const struct request *q, struct str *ret, struct error *e)
{
	AUTO(json_free) struct json_doc *doc = NULL;
	struct str typed;
	int r;

	if (json_parse(q->m->body, &doc, e) < 0)
		return err_code(e);
	r = json_get_str(json_root(doc), "path", &typed, e);
	if (r == 0)
		return err_key(e, ERR_INVALID, "missing", "path is missing");
	if (r < 0 || path_clean(x->a, typed, ret, e) < 0 || json_done(json_root(doc), e) < 0)
		return err_code(e);
	*ret = arena_str(x->a, *ret); /* outlives the document */
	return 0;
}

/* The folder as it stands now. */
static int
answer(struct api *x, struct reply *r, folder_id id, struct error *e)
{
	struct folder *list;
	struct js j;
	size_t n;

	if (folder_list(x->db, x->a, &list, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	for (size_t i = 0; i < n; i++) {
		if (list[i].id.v == id.v)
			put_folder(&j, &list[i]);
	}
	return 0;
}

int
folders_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct str path;
	folder_id id;

	if (read_path(x, q, &path, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_FOLDER_CHANGED, &c, e) < 0 ||
	    folder_create(c, x->a, path, &id, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	r->status = 201;
	return answer(x, r, id, e);
}

int
folders_patch(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct str path;
	folder_id id;

	if (input_id(q, 0, &id.v, e) < 0 || read_path(x, q, &path, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_FOLDER_CHANGED, &c, e) < 0 ||
	    folder_move(c, x->a, id, path, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	return answer(x, r, id, e);
}
