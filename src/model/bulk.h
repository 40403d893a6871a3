/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bulk - the same done to many files at once, and taken back for ten minutes
 *
 * A file that is as wanted already is not touched, has no event and does not
 * count; so does an id that is none.  What was before is kept with a token.  To
 * undo leaves alone what somebody has changed again since.
 *
 * Many files are many changes, BULK_STEP files each, so that nobody waits longer
 * for the database than one of them takes.  All steps of one act share a token.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/asset.h"
#include "model/event.h"

struct arena;
struct change;
struct error;

#define BULK_MOST 10000
#define BULK_STEP 250
#define UNDO_LIFE_US (10LL * 60 * 1000 * 1000)

enum bulk_what {
	BULK_TRASH,
	BULK_RESTORE,
	BULK_FOLDER,
	BULK_ADD_KEYWORDS,
	BULK_REMOVE_KEYWORDS,
	BULK_CLASS,
	BULK_WHAT_COUNT
};
struct bulk {
	enum bulk_what what;
	struct str folder_path;
	enum asset_class class;
	const struct str *words;
	size_t word_count;
	person_id by;
	struct id128 undo; /* the token: the same for every step */
};
/* The event of each file that is touched: the change's verb. */
enum event_kind bulk_event(enum bulk_what what);
/* One step.  *ret_done 0: nothing was done, the change is to be aborted. */
NODISCARD int bulk_do(struct change *c, struct arena *a, const struct bulk *b,
    const struct asset_list *list, int64_t *ret_done, struct error *e);

/*
 * One step, in a change with the verb EVENT_UNDO_DONE.  A token works for who got
 * it until all is back: *ret_more, another step is needed.
 * Errors: ERR_NOT_FOUND "undo-over".
 */
struct undo {
	struct id128 token;
	person_id by;
};
NODISCARD int undo_do(struct change *c, struct arena *a, const struct undo *u, int64_t *ret_done,
    bool *ret_more, struct error *e);
