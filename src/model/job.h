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
	struct str kind;    /* "ingest", "render" */
	version_id version; /* 0: no subject */
	int64_t fence, tries;
};

/* Once per kind and subject while it is open. */
NODISCARD int job_put(
    struct change *c, const char *kind, version_id subject, int64_t due_us, struct error *e);
/* The same for the kind "render": due now; a batch waits for all that are none. */
NODISCARD int job_put_render(struct change *c, version_id subject, bool batch, struct error *e);
/* 1 claimed, 0 nothing due.  Of every kind but "render", which another process works on. */
NODISCARD int job_claim(
    struct db *db, struct arena *a, int64_t lease_us, struct job *ret, struct error *e);
NODISCARD int job_claim_render(
    struct db *db, struct arena *a, int64_t lease_us, struct job *ret, struct error *e);
NODISCARD int job_renew(struct db *db, const struct job *j, int64_t lease_us, struct error *e);
/* In the change that holds the job's effect: ERR_CONFLICT when the lease was lost. */
NODISCARD int job_done(struct change *c, const struct job *j, struct error *e);
/* Later again (2^tries seconds, jitter), or dead after eight. */
NODISCARD int job_failed(struct db *db, const struct job *j, const char *why, struct error *e);
