/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker_backfill - renditions for what has none
 *
 * Once after every start, a few versions at a time between other work: files
 * that came before there were previews, and those an older geleit failed on.
 * Their jobs are a batch: whoever uploads meanwhile comes first.
 */
#include "roles/worker.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "model/change.h"
#include "model/rendition.h"

#define AT_ONCE 50

static int
put_jobs(struct worker *w, const struct media_missed *list, size_t n, int *ret, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	enum media_kind kind;

	if (change_begin(w->db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0)
		return err_code(e);
	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		if (!render_kind(list[i].media_type, list[i].name, &kind))
			continue;
		if (media_again(c, list[i].version, e) < 0)
			return err_code(e);
		(*ret)++;
	}
	return change_commit(&c, e);
}

int
backfill_next(struct worker *w, struct error *e)
{
	struct media_missed list[AT_ONCE];
	size_t n = AT_ONCE;
	int put = 0;

	if (w->backfill_is_done)
		return 0;
	arena_reset(w->a);
	if (media_missed(w->db, w->a, w->backfilled, list, &n, e) < 0 ||
	    (n > 0 && put_jobs(w, list, n, &put, e) < 0))
		return err_code(e);
	if (put > 0)
		log_info("previews: %d older files get one", put);
	w->backfill_is_done = n < AT_ONCE;
	if (n > 0)
		w->backfilled = list[n - 1].version;
	return 1;
}
