/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * layout - see layout.h
 *
 * One walk along an index of asset for each order; the facts of the verdict are
 * copies that asset_view.c keeps, and are read only where a filter asks for them.
 * The stamp is made of what was read, not counted beside it: what becomes true by
 * time alone (a release that ends) changes it as well.
 */
#include "model/layout.h"

#include <math.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/asset.h"
#include "model/folder.h"
#include "model/search.h"

/* All of it stands in asset_view and asset_name: no row is looked at. */
#define COLUMNS                                                                                    \
	"SELECT a.id, a.folder_id, a.stamp, a.width, a.height, a.media_us, a.class, "              \
	"a.embargo_us, a.expires_us, a.release_state, a.release_until_us, a.view_only, "           \
	"a.version_state, a.malware, a.media_type FROM asset a WHERE a.trashed_us "

#define LIMIT " LIMIT CAST(? AS BIGINT)"

/* By order, outside and inside the trash. */
static const char *const scans[LAYOUT_SORT_COUNT][2] = {
    {COLUMNS "IS NULL ORDER BY a.id DESC" LIMIT, COLUMNS "IS NOT NULL ORDER BY a.id DESC" LIMIT},
    {COLUMNS "IS NULL ORDER BY a.id" LIMIT, COLUMNS "IS NOT NULL ORDER BY a.id" LIMIT},
    {COLUMNS "IS NULL ORDER BY a.sort_key, a.id" LIMIT,
        COLUMNS "IS NOT NULL ORDER BY a.sort_key, a.id" LIMIT},
};

static const char *const sorts[LAYOUT_SORT_COUNT] = {"newest", "oldest", "name"};
static const char *const kinds[] = {"image", "document", "video", "audio", "other"};
static const char *const states[] = {
    "draft", "in_review", "cleared", "conditions", "blocked", "expired", "sendable"};

bool
layout_sort_parse(struct str s, enum layout_sort *ret)
{
	int i = str_index(s, sorts, ARRAY_LEN(sorts));

	if (i >= 0)
		*ret = (enum layout_sort)i;
	return i >= 0;
}

bool
layout_kind_is_known(struct str kind)
{
	return str_index(kind, kinds, ARRAY_LEN(kinds)) >= 0;
}

bool
layout_state_is_known(struct str state)
{
	return str_index(state, states, ARRAY_LEN(states)) >= 0;
}

/* What an office, a printer or a reader opens. */
static bool
is_document(struct str media_type)
{
	static const char *const starts[] = {"text/", "application/pdf", "application/postscript",
	    "application/msword", "application/rtf", "application/epub", "application/vnd.ms-",
	    "application/vnd.oasis.", "application/vnd.openxmlformats-",
	    "application/vnd.adobe.indesign", "application/x-indesign", "application/illustrator"};

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		if (str_starts(media_type, str_c(starts[i])))
			return true;
	}
	return false;
}

const char *
layout_kind(struct str media_type)
{
	if (str_starts(media_type, S("image/")))
		return "image";
	if (str_starts(media_type, S("video/")))
		return "video";
	if (str_starts(media_type, S("audio/")))
		return "audio";
	return is_document(media_type) ? "document" : "other";
}

uint8_t
layout_ratio(int64_t width, int64_t height)
{
	double v;

	if (width <= 0 || height <= 0)
		return 128;
	v = 128.0 + 42.5 * log2((double)width / (double)height);
	return (uint8_t)MAX(0.0, MIN(255.0, round(v)));
}

/* ---- what is filtered ---- */

/* Sets to be in; NULL: everything is. */
struct among {
	const struct asset_set *folders, *found, *tagged;
};

static int
need_sets(struct db *db, struct arena *a, const struct layout_filter *f, struct among *ret,
    struct error *e)
{
	struct asset_set *sets = ARENA_ARRAY(a, struct asset_set, 3);

	if (f->folder != NULL && f->folder->n > 0) {
		if (folder_subtree(db, a, *f->folder, &sets[0].ids, &sets[0].n, e) < 0)
			return err_code(e);
		ret->folders = &sets[0];
	}
	if (f->query.n > 0) {
		if (search_find(db, a, f->query, &sets[1], e) < 0)
			return err_code(e);
		ret->found = &sets[1];
	}
	if (f->keyword.n > 0) {
		if (search_keyword(db, a, f->keyword, &sets[2], e) < 0)
			return err_code(e);
		ret->tagged = &sets[2];
	}
	return 0;
}

static bool
is_in(const struct asset_set *set, int64_t id)
{
	return set == NULL || asset_set_has(set, id);
}

/* A word in the database that we do not know blocks: fail closed. */
static struct release
read_release(struct rows *q, struct arena *row)
{
	struct release r = {.until_us = rows_int(q, 10), .view_only = rows_bool(q, 11)};

	if (!release_parse(rows_text(q, 9, row), &r.state))
		r.state = RELEASE_BLOCKED;
	return r;
}

static enum asset_class
read_class(struct rows *q, struct arena *row)
{
	enum asset_class class;

	return class_parse(rows_text(q, 6, row), &class) ? class : CLASS_CONFIDENTIAL;
}

static enum malware_state
read_malware(struct rows *q, struct arena *row, struct str version_state)
{
	enum malware_state malware;

	if (str_eq_c(version_state, "damaged") || !malware_parse(rows_text(q, 13, row), &malware))
		return MALWARE_ERROR;
	return malware;
}

static bool
is_sendable(
    struct rows *q, struct arena *row, const struct layout_filter *f, const struct release *r)
{
	struct str version_state = rows_text(q, 12, row);
	struct verdict_facts facts = {.release = r->state,
	    .release_until_us = r->until_us,
	    .view_only = r->view_only,
	    .embargo_us = rows_int(q, 7),
	    .expires_us = rows_int(q, 8),
	    .class = read_class(q, row),
	    .malware = read_malware(q, row, version_state),
	    .hold_unscanned = f->hold_unscanned,
	    .ingested = str_eq_c(version_state, "ready"),
	    .trashed = f->trash,
	    .level_reached = -1,
	    .level_possible = LEVEL_CODE,
	    .sender_may_send = true,
	    .method = METHOD_PACKAGE,
	    .now_us = f->now_us};
	struct verdict v;

	verdict(&facts, &v);
	return v.state <= VERDICT_CONDITIONS;
}

static bool
has_state(struct rows *q, struct arena *row, const struct layout_filter *f)
{
	struct release r;

	if (f->state.n == 0)
		return true;
	r = read_release(q, row);
	if (str_eq_c(f->state, "sendable"))
		return is_sendable(q, row, f, &r);
	return str_eq_c(f->state, release_shown(&r, f->now_us));
}

static bool
fits(struct rows *q, struct arena *row, const struct layout_filter *f)
{
	return (f->class == NULL || read_class(q, row) == *f->class) &&
	       (f->kind.n == 0 || str_eq_c(f->kind, layout_kind(rows_text(q, 14, row)))) &&
	       has_state(q, row, f);
}

/* ---- the scan ---- */

/* How many rows may be read: where nothing is left out, no more than are wanted. */
static int64_t
rows_most(const struct layout_filter *f)
{
	bool leaves_out = f->folder != NULL || f->query.n > 0 || f->keyword.n > 0 ||
	                  f->class != NULL || f->kind.n > 0 || f->state.n > 0;

	return f->first == 0 || leaves_out ? INT64_MAX : f->first;
}

struct shape {
	int64_t id;
	uint8_t ratio;
};

static uint64_t
mix(uint64_t h, int64_t v)
{
	h = (h ^ (uint64_t)v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static void
give(struct arena *a, const struct shape *v, size_t n, struct layout *ret)
{
	ret->ids = ARENA_ARRAY(a, int64_t, n);
	ret->ratios = ARENA_ARRAY(a, uint8_t, n);
	ret->n = n;
	for (size_t i = 0; i < n; i++) {
		ret->ids[i] = v[i].id;
		ret->ratios[i] = v[i].ratio;
	}
}

int
layout_read(struct db *db, struct arena *a, const struct layout_filter *f, struct layout *ret,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	AUTO(arena_free) struct arena *row = arena_new();
	VEC(struct shape) list = {0};
	struct among in = {0};
	size_t most = f->first > 0 ? (size_t)f->first : SIZE_MAX;
	int r = 0;

	*ret = (struct layout){.stamp = 1};
	if (need_sets(db, a, f, &in, e) < 0 ||
	    db_query(db, &q, e, scans[f->sort][f->trash], db_i(rows_most(f))) < 0)
		return err_code(e);
	while (list.n < most && (r = rows_next(q, e)) > 0) {
		int64_t id = rows_int(q, 0);

		arena_reset(row);
		if (!is_in(in.folders, rows_int(q, 1)) || !is_in(in.found, id) ||
		    !is_in(in.tagged, id) || !fits(q, row, f))
			continue;
		*VEC_ADD(&list) = (struct shape){id, layout_ratio(rows_int(q, 3), rows_int(q, 4))};
		ret->stamp = mix(mix(mix(ret->stamp, id), rows_int(q, 2)), rows_int(q, 5));
	}
	give(a, list.v, list.n, ret);
	VEC_FINI(&list);
	return MIN(r, 0);
}
