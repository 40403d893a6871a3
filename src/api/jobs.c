/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * jobs - /api/v1/jobs: work that was given up after eight tries, and to start it again
 */
#include "api/input.h"
#include "api/routes.h"
#include "base/error.h"
#include "base/str.h"
#include "model/job.h"
#include "text/json.h"

#define LIST_MOST 100

static void
put_job(struct js *j, struct api *x, const struct job_dead *d)
{
	js_open(j);
	js_kv_id(j, "id", d->id.v);
	js_kv_str(j, "kind", d->kind);
	js_kv_str(j, "error", d->error);
	js_kv_id(j, "asset", d->asset.v);
	js_kv_str(j, "name", d->name);
	js_kv_time(j, "created", x->a, d->created_us);
	js_close(j);
}

int
jobs_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct job_dead *list;
	struct js j;
	size_t n;

	(void)q;
	if (job_dead_list(x->db, x->a, LIST_MOST, &list, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; i < n; i++)
		put_job(&j, x, &list[i]);
	js_list_end(&j);
	return 0;
}

int
jobs_again(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	job_id id;
	struct js j;

	if (input_id(q, 0, &id.v, e) < 0 ||
	    change_begin(x->db, request_actor(q), EVENT_JOB_RESTARTED, &c, e) < 0 ||
	    job_again(c, x->a, id, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_open(&j);
	js_kv_id(&j, "id", id.v);
	js_close(&j);
	return 0;
}
