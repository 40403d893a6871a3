/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker_parts - the sealed parts of one file, for a process that reads it
 *
 * media and scan open no file themselves: they get ciphertext as descriptors, in
 * the order of the content, and the names under which it was sealed.
 */
#include "base/error.h"
#include "model/version.h"
#include "roles/worker.h"
#include "store/store.h"

int
parts_open(struct worker *w, const struct version_part *parts, size_t n,
    struct msg_sealed_part *list, struct ipc_msg *m, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		list[i] = (struct msg_sealed_part){parts[i].blob, (uint64_t)parts[i].bytes};
		if (store_blob_open(w->store, parts[i].blob, &m->fds[m->fd_count], e) < 0)
			return err_code(e);
		m->fd_count++;
	}
	return 0;
}
