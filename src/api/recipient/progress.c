/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * progress - GET /d/NUMBER/transfer: how far each file came, for recipient.js
 *
 * The server's own count of acknowledged bytes, the same that the sender sees.
 * Whoever has no proved session of a live delivery gets 404, whatever the
 * reason.  Asking writes nothing: a page left open keeps no session alive.
 */
#include "api/recipient/files.h"
#include "api/recipient/pages.h"
#include "api/routes.h"
#include "base/error.h"
#include "base/str.h"
#include "text/json.h"

static bool
is_complete(const struct file_progress *f)
{
	return f->complete_us != 0;
}

static void
put_file(struct js *j, const struct delivery_item *it, const struct file_progress *f)
{
	js_open(j);
	js_kv_int(j, "n", it->position);
	js_kv_str(j, "state", str_c(f->state));
	js_kv_int(j, "sent_bytes", f->sent_bytes);
	js_kv_int(j, "bytes", it->bytes);
	js_close(j);
}

static void
put_progress(
    struct js *j, const struct delivery_item *items, const struct file_progress *f, size_t n)
{
	int64_t sent = 0, total = 0;
	bool done = true;

	js_open(j);
	js_key(j, "files");
	js_list(j);
	for (size_t i = 0; i < n; i++) {
		put_file(j, &items[i], &f[i]);
		sent += f[i].sent_bytes;
		total += items[i].bytes;
		done = done && is_complete(&f[i]);
	}
	js_list_end(j);
	js_kv_int(j, "sent", sent);
	js_kv_int(j, "total", total);
	js_kv_bool(j, "done", done);
	js_close(j);
}

int
transfer_get(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct file_progress *progress;
	struct delivery_item *items;
	struct visit v;
	struct js j;
	size_t n;
	int found = visit_find(x, q, &v, e);

	if (found < 0)
		return found;
	if (found == 0 || v.session.level < v.delivery.level || visit_end(x, &v) != VISIT_LIVE)
		return err_set(e, ERR_NOT_FOUND, "no proved session of a live delivery");
	if (delivery_items(x->db, x->a, v.delivery.id, &items, &n, e) < 0 ||
	    recipient_progress(x->db, x->a, v.recipient.id, n, &progress, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	put_progress(&j, items, progress, n);
	return 0;
}
