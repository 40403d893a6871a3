/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * db_fake - a SQLite connection that fails on the n-th call
 *
 * For fault tests: with n = 1, 2, 3 ... until the code under test succeeds,
 * every call of db.h has failed once and the caller must have left nothing
 * behind.
 *
 * Layer: db, tests only.
 */
#pragma once

#include "base/base.h"

struct db;
struct error;

/*
 * In-memory SQLite.  The fail_at-th fallible call (begin, query, exec, script,
 * next, commit) answers with code, later ones work; 0: never.  A commit that
 * fails with ERR_UNKNOWN_OUTCOME has taken effect: its answer was lost.
 */
NODISCARD int db_fake_open(struct db **ret, struct error *e);
void db_fake_fail(struct db *db, int fail_at, int code);
bool db_fake_failed(const struct db *db); /* has it happened yet? */
