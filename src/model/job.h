/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * job - work that is done later, at least once, by whichever worker claims it
 *
 * Put in the change that causes it.  A claim has a lease and a fencing number;
 * finishing with an old fence does nothing.  Eight failures: dead.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

struct job {
	job_id id;
	struct str kind;    /* as claimed */
	version_id version; /* 0: no subject */
	int64_t fence, tries;
};

/* Once per kind and subject while it is open. */
NODISCARD int job_put(
    struct change *c, const char *kind, version_id subject, int64_t due_us, struct error *e);
/* The same for the kind "render": due now; a batch waits for all that are none. */
NODISCARD int job_put_render(struct change *c, version_id subject, bool batch, struct error *e);
/* Of one kind: "ingest", "render", "scan".  1 claimed, 0 nothing due. */
NODISCARD int job_claim(
    struct db *db, const char *kind, int64_t lease_us, struct job *ret, struct error *e);
NODISCARD int job_renew(struct db *db, const struct job *j, int64_t lease_us, struct error *e);
/* In the change that holds the job's effect: ERR_CONFLICT when the lease was lost. */
NODISCARD int job_done(struct change *c, const struct job *j, struct error *e);
/* Later again (2^tries seconds, jitter), or dead after eight. */
NODISCARD int job_failed(struct db *db, const struct job *j, const char *why, struct error *e);
/* What was given up, newest first, at most max: for the administrator. */
struct job_dead {
	job_id id;
	struct str kind, error;
	asset_id asset;  /* 0: its file is gone, or it had none */
	struct str name; /* of the file */
	int64_t created_us;
};
NODISCARD int job_dead_list(
    struct db *db, struct arena *a, int max, struct job_dead **ret, size_t *ret_n, struct error *e);
/* Due now, with all its tries anew.  Adds the event job.restarted.  ERR_NOT_FOUND: not dead. */
NODISCARD int job_again(struct change *c, struct arena *a, job_id id, struct error *e);
/* Nobody's failure: due again after wait_us, and the try is not counted. */
NODISCARD int job_wait(
    struct db *db, const struct job *j, const char *why, int64_t wait_us, struct error *e);
