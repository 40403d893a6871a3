/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker_sweep - what has ended by itself, and what belongs to nobody
 *
 * A transfer whose front died is ended as interrupted, at least what was
 * written.  A blob without a row is looked at only after 24 h: a younger one
 * may belong to a change that is about to be committed.  One that lost its row
 * to another has one in retired_blob for 24 h: a backup that is under way may
 * copy it only now.
 */
#include "roles/worker.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "model/sweep.h"
#include "model/transfer.h"
#include "store/store.h"

#define SILENT_US (15 * US_PER_S)

void
sweep_often(struct worker *w)
{
	struct error e;

	arena_reset(w->a);
	if (transfer_sweep(w->db, w->a, time_now_us() - SILENT_US, &e) < 0 && e.code != ERR_RETRY)
		log_warn("sweep of transfers: %s", e.msg);
	mail_sweep(w);
}

struct orphans {
	struct worker *w;
	int64_t before_us;
	size_t removed;
};

static int
look_at(void *arg, struct id128 id, bool is_part, uint64_t bytes, int64_t mtime_us)
{
	struct orphans *o = arg;
	struct error e;
	int r;

	(void)bytes;
	if (mtime_us > o->before_us)
		return 0;
	r = is_part ? 0 : blob_is_named(o->w->db, id, &e);
	if (r == 0)
		r = is_part ? store_part_remove(o->w->store, id, &e)
		            : store_blob_remove(o->w->store, id, &e);
	if (r < 0)
		log_warn("orphan: %s", e.msg);
	else if (r == 0)
		o->removed++;
	return 0;
}

static void
sweep_orphans(struct worker *w, int64_t now)
{
	struct orphans o = {.w = w, .before_us = now - LIMIT_ORPHAN_GRACE_US};
	struct error e;

	if (store_list(w->store, look_at, &o, &e) < 0)
		log_warn("sweep of blobs: %s", e.msg);
	else if (o.removed > 0)
		log_info("%zu blobs that belonged to nobody were removed", o.removed);
}

static void
sweep_wraps(struct worker *w, int64_t now)
{
	struct wrap_sweep *s = &w->wraps;
	struct error e;

	s->before_us = now - LIMIT_ORPHAN_GRACE_US;
	if (sweep_wraps_list(w->db, w->keys.keys, w->a, s, &e) < 0) {
		log_warn("sweep of keys: %s", e.msg);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (keyring_version_drop(&w->keys, s->list[i], &e) < 0)
			log_warn("sweep of keys: %s", e.msg);
	}
}

void
sweep_seldom(struct worker *w)
{
	int64_t now = time_now_us();
	struct error e;
	int n;

	arena_reset(w->a);
	if (sweep_uploads(w->db, now, &n, &e) < 0 || sweep_finished(w->db, now, &e) < 0)
		log_warn("sweep: %s", e.msg);
	sweep_orphans(w, now);
	sweep_wraps(w, now);
}
