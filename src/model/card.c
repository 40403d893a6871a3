/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * card - see card.h.  Lists of what belongs to several files are asked for in
 * steps of a fixed number of ids and handed out in the order of the rows.
 */
#include "model/card.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "db/steps.h"

/* One row: of which file, and its word or its other file. */
struct pair {
	int64_t of, other;
	struct str word;
};

/* The files of one step. */
struct ids {
	int64_t v[DB_STEP];
	size_t n;
};

static const char keywords_sql[] =
    "SELECT ak.asset_id, 0, k.label FROM asset_keyword ak JOIN keyword k ON k.id = ak.keyword_id "
    "WHERE ak.asset_id IN " DB_STEP_IDS " ORDER BY ak.asset_id, k.folded";
/* coalesce: without it SQLite begins with the index of what is not in the trash, all files. */
static const char duplicates_sql[] =
    "SELECT a.id, b.id, '' FROM asset a JOIN version v ON v.id = a.current_version_id "
    "JOIN version w ON w.sha256 = v.sha256 JOIN asset b ON b.id = w.asset_id "
    "WHERE a.id IN " DB_STEP_IDS " AND b.id <> a.id AND b.current_version_id = w.id "
    "AND coalesce(b.trashed_us, 0) = 0 AND v.state = 'ready' ORDER BY a.id, b.id";

static int
pairs(struct db *db, struct arena *a, const char *sql, const struct ids *of, struct pair **ret,
    size_t *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct pair) list = {0};
	int64_t of_last = 0;
	size_t same = 0;
	int r;

	if (steps_query(db, &q, sql, of->v, of->n, e) < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		int64_t of_now = rows_int(q, 0), other = rows_int(q, 1);

		same = of_now == of_last ? same + 1 : 0;
		of_last = of_now;
		if (other == 0 || same < CARD_DUPLICATES)
			*VEC_ADD(&list) = (struct pair){of_now, other, rows_text(q, 2, a)};
	}
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}

static void
give(struct arena *a, struct card *card, const struct pair *words, size_t word_count,
    const struct pair *others, size_t other_count)
{
	card->keywords = ARENA_ARRAY(a, struct str, word_count);
	card->duplicates = ARENA_ARRAY(a, asset_id, other_count);
	for (size_t i = 0; i < word_count; i++) {
		if (words[i].of == card->asset.id.v)
			card->keywords[card->keyword_count++] = words[i].word;
	}
	for (size_t i = 0; i < other_count; i++) {
		if (others[i].of == card->asset.id.v)
			card->duplicates[card->duplicate_count++] = (asset_id){others[i].other};
	}
}

static int
fill_step(struct db *db, struct arena *a, struct card *cards, size_t n, struct error *e)
{
	struct ids of = {.n = n};
	struct pair *words, *others;
	size_t word_count, other_count;

	for (size_t i = 0; i < n; i++)
		of.v[i] = cards[i].asset.id.v;
	if (pairs(db, a, keywords_sql, &of, &words, &word_count, e) < 0 ||
	    pairs(db, a, duplicates_sql, &of, &others, &other_count, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++)
		give(a, &cards[i], words, word_count, others, other_count);
	return 0;
}

int
card_list(struct db *db, struct arena *a, const asset_id *ids, size_t n, struct card **ret,
    size_t *ret_n, struct error *e)
{
	struct asset *assets = ARENA_ARRAY(a, struct asset, n);
	version_id *current = ARENA_ARRAY(a, version_id, n);
	struct version *versions = ARENA_ARRAY(a, struct version, n);
	struct media *media = ARENA_ARRAY(a, struct media, n);
	struct card *cards = ARENA_ARRAY(a, struct card, n);

	if (asset_get_list(db, a, ids, n, assets, &n, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++)
		current[i] = assets[i].current;
	if (version_get_list(db, a, current, n, versions, e) < 0 ||
	    media_get_list(db, a, current, n, media, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++)
		cards[i] =
		    (struct card){.asset = assets[i], .version = versions[i], .media = media[i]};
	for (size_t at = 0; at < n; at += DB_STEP) {
		if (fill_step(db, a, cards + at, MIN(n - at, (size_t)DB_STEP), e) < 0)
			return err_code(e);
	}
	*ret = cards;
	*ret_n = n;
	return 0;
}

void
card_verdict(const struct card *card, const struct card_ask *ask, struct verdict *ret)
{
	const struct release *r = &card->asset.release;
	struct verdict_facts facts = {.release = r->state,
	    .release_until_us = r->until_us,
	    .credit = r->credit,
	    .view_only = r->view_only,
	    .embargo_us = card->asset.embargo_us,
	    .expires_us = card->asset.expires_us,
	    .class = card->asset.class,
	    .malware = card->version.damaged ? MALWARE_ERROR : card->version.malware,
	    .hold_unscanned = ask->hold_unscanned,
	    .ingested = card->version.ready,
	    .trashed = card->asset.trashed_us != 0,
	    .level_reached = -1,
	    .level_possible = LEVEL_CODE,
	    .sender_may_send = true,
	    .method = METHOD_PACKAGE,
	    .now_us = ask->now_us};

	verdict(&facts, ret);
}

const char *
card_check(const struct verdict *v, enum verdict_check check)
{
	static const char *const words[] = {[CHECK_OK] = "ok",
	    [CHECK_CONDITION] = "warn",
	    [CHECK_OPEN] = "open",
	    [CHECK_STOP] = "stop",
	    [CHECK_NOT_CHECKED] = "unchecked"};

	return check == CHECK_RELEASE || check == CHECK_DATES ? words[v->checks[check]]
	                                                      : words[CHECK_NOT_CHECKED];
}

const char *
card_check_name(enum verdict_check check)
{
	static const char *const names[CHECK_COUNT] = {[CHECK_RELEASE] = "release",
	    [CHECK_LICENCE] = "licence",
	    [CHECK_PEOPLE] = "people",
	    [CHECK_AUDIENCE] = "audience",
	    [CHECK_DATES] = "dates"};

	return names[check];
}
