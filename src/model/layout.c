/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * layout - see layout.h
 *
 * Two statements for each order: a narrow one, and a wide one with the facts of
 * the verdict when state, class or kind are asked for.  The stamp is made of what
 * was read, not counted beside it: what becomes true by time alone (a release that
 * ends) changes it as well.
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

#define NARROW                                                                                     \
	"SELECT a.id, a.folder_id, a.stamp, m.width, m.height, m.changed_us FROM asset a "         \
	"LEFT JOIN version_media m ON m.version_id = a.current_version_id "                        \
	"WHERE a.trashed_us "
#define WIDE                                                                                       \
	"SELECT a.id, a.folder_id, a.stamp, m.width, m.height, m.changed_us, a.class, "            \
	"a.embargo_us, a.expires_us, r.state, r.until_us, r.view_only, v.state, v.malware, "       \
	"v.media_type FROM asset a JOIN release r ON r.asset_id = a.id "                           \
	"JOIN version v ON v.id = a.current_version_id "                                           \
	"LEFT JOIN version_media m ON m.version_id = v.id "                                        \
	"WHERE a.trashed_us "

/* By order, outside and inside the trash. */
#define EACH(columns)                                                                              \
	{                                                                                          \
		{columns "IS NULL ORDER BY a.id DESC", columns "IS NOT NULL ORDER BY a.id DESC"},  \
		    {columns "IS NULL ORDER BY a.id", columns "IS NOT NULL ORDER BY a.id"},        \
		    {columns "IS NULL ORDER BY a.sort_key, a.id",                                  \
		        columns "IS NOT NULL ORDER BY a.sort_key, a.id"},                          \
	}
static const char *const narrow[LAYOUT_SORT_COUNT][2] = EACH(NARROW);
static const char *const wide[LAYOUT_SORT_COUNT][2] = EACH(WIDE);

static const char *const sorts[LAYOUT_SORT_COUNT] = {"newest", "oldest", "name"};
static const char *const kinds[] = {"image", "document", "video", "audio", "other"};
static const char *const states[] = {
    "draft", "in_review", "cleared", "conditions", "blocked", "expired", "sendable"};

static int
index_of(const char *const *names, size_t n, struct str s)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq_c(s, names[i]))
			return (int)i;
	}
	return -1;
}

bool
layout_sort_parse(struct str s, enum layout_sort *ret)
{
	int i = index_of(sorts, ARRAY_LEN(sorts), s);

	if (i >= 0)
		*ret = (enum layout_sort)i;
	return i >= 0;
}

bool
layout_kind_is_known(struct str kind)
{
	return index_of(kinds, ARRAY_LEN(kinds), kind) >= 0;
}

bool
layout_state_is_known(struct str state)
{
	return index_of(states, ARRAY_LEN(states), state) >= 0;
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
			return e->code;
		ret->folders = &sets[0];
	}
	if (f->query.n > 0) {
		if (search_find(db, a, f->query, &sets[1], e) < 0)
			return e->code;
		ret->found = &sets[1];
	}
	if (f->keyword.n > 0) {
		if (search_keyword(db, a, f->keyword, &sets[2], e) < 0)
			return e->code;
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
static void
read_facts(struct rows *q, struct arena *row, const struct layout_filter *f,
    struct verdict_facts *ret, struct release *ret_release)
{
	*ret_release = (struct release){.until_us = rows_int(q, 10), .view_only = rows_bool(q, 11)};
	if (!release_parse(rows_text(q, 9, row), &ret_release->state))
		ret_release->state = RELEASE_BLOCKED;
	*ret = (struct verdict_facts){.release = ret_release->state,
	    .release_until_us = ret_release->until_us,
	    .view_only = ret_release->view_only,
	    .embargo_us = rows_int(q, 7),
	    .expires_us = rows_int(q, 8),
	    .hold_unscanned = f->hold_unscanned,
	    .ingested = str_eq_c(rows_text(q, 12, row), "ready"),
	    .trashed = f->trash,
	    .level_reached = -1,
	    .level_possible = LEVEL_CODE,
	    .sender_may_send = true,
	    .method = METHOD_PACKAGE,
	    .now_us = f->now_us};
	if (!class_parse(rows_text(q, 6, row), &ret->class))
		ret->class = CLASS_CONFIDENTIAL;
	if (!malware_parse(rows_text(q, 13, row), &ret->malware) ||
	    str_eq_c(rows_text(q, 12, row), "damaged"))
		ret->malware = MALWARE_ERROR;
}

static bool
has_state(const struct layout_filter *f, const struct verdict_facts *facts, const struct release *r)
{
	struct verdict v;

	if (f->state.n == 0)
		return true;
	if (!str_eq_c(f->state, "sendable"))
		return str_eq_c(f->state, release_shown(r, f->now_us));
	verdict(facts, &v);
	return v.state <= VERDICT_CONDITIONS;
}

static bool
is_wide(const struct layout_filter *f)
{
	return f->state.n > 0 || f->kind.n > 0 || f->class != NULL;
}

static bool
fits(struct rows *q, struct arena *row, const struct layout_filter *f)
{
	struct verdict_facts facts;
	struct release release;

	if (!is_wide(f))
		return true;
	read_facts(q, row, f, &facts, &release);
	return (f->class == NULL || facts.class == *f->class) &&
	       (f->kind.n == 0 || str_eq_c(f->kind, layout_kind(rows_text(q, 14, row)))) &&
	       has_state(f, &facts, &release);
}

/* ---- the scan ---- */

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
	int r;

	*ret = (struct layout){.stamp = 1};
	if (need_sets(db, a, f, &in, e) < 0 ||
	    db_query(db, &q, e, (is_wide(f) ? wide : narrow)[f->sort][f->trash]) < 0)
		return e->code;
	while ((r = rows_next(q, e)) > 0) {
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
	return r;
}
