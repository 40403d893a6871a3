/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * card - see card.h: what belongs to several files is read for all of them at once
 */
#include "model/card.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "db/db.h"
#include "db/steps.h"

/* One file, and what it holds. */
struct same {
	struct sha256 content;
	asset_id id;
};

/*
 * By content, not by file: two hundred files of a page that are the same read those that are
 * like them once, not once each.  A card leaves itself out, so one more than it shows is read.
 * coalesce: without it SQLite begins with the index of what is not in the trash, all files.
 */
static const char same_sql[] =
    "SELECT content, id FROM (SELECT w.sha256 AS content, b.id AS id, "
    "row_number() OVER (PARTITION BY w.sha256 ORDER BY b.id) AS place "
    "FROM version w JOIN asset b ON b.id = w.asset_id AND b.current_version_id = w.id "
    "WHERE w.sha256 IN (SELECT v.sha256 FROM asset a JOIN version v "
    "ON v.id = a.current_version_id WHERE a.id IN " DB_STEP_IDS " AND v.state = 'ready') "
    "AND coalesce(b.trashed_us, 0) = 0) t WHERE place <= 21 ORDER BY content, id";
_Static_assert(CARD_DUPLICATES == 20, "same_sql reads one more");

static void
take_same(const struct same *x, struct arena *a, struct card *card)
{
	if (!card->version.ready || card->asset.id.v == x->id.v ||
	    card->duplicate_count == CARD_DUPLICATES ||
	    memcmp(&card->version.sha256, &x->content, sizeof x->content) != 0)
		return;
	if (card->duplicates == NULL)
		card->duplicates = ARENA_ARRAY(a, asset_id, CARD_DUPLICATES);
	card->duplicates[card->duplicate_count++] = x->id;
}

static int
find_same(struct db *db, struct arena *a, const asset_id *ids, struct card *cards, size_t n,
    struct error *e)
{
	AUTO(steps_end) struct steps s = {.db = db, .sql = same_sql, .ids = &ids->v, .n = n};
	int r;

	while ((r = steps_next(&s, e)) > 0) {
		struct same x = {.id = {rows_int(s.q, 1)}};

		if (!rows_fixed(s.q, 0, x.content.b, sizeof x.content.b))
			continue;
		for (size_t i = s.from; i < s.to; i++)
			take_same(&x, a, &cards[i]);
	}
	return r;
}

int
card_list(struct db *db, struct arena *a, const asset_id *ids, size_t n, struct card **ret,
    size_t *ret_n, struct error *e)
{
	struct asset *assets = ARENA_ARRAY(a, struct asset, n);
	asset_id *found = ARENA_ARRAY(a, asset_id, n);
	version_id *current = ARENA_ARRAY(a, version_id, n);
	struct version *versions = ARENA_ARRAY(a, struct version, n);
	struct media *media = ARENA_ARRAY(a, struct media, n);
	struct keywords *keywords = ARENA_ARRAY(a, struct keywords, n);
	struct card *cards = ARENA_ARRAY(a, struct card, n);

	if (asset_get_list(db, a, ids, n, assets, &n, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		found[i] = assets[i].id;
		current[i] = assets[i].current;
	}
	if (version_get_list(db, a, current, n, versions, e) < 0 ||
	    media_get_list(db, a, current, n, media, e) < 0 ||
	    keywords_get_list(db, a, found, n, keywords, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++)
		cards[i] = (struct card){.asset = assets[i],
		    .version = versions[i],
		    .media = media[i],
		    .keywords = keywords[i]};
	if (find_same(db, a, found, cards, n, e) < 0)
		return err_code(e);
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
