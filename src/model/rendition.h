/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * rendition - what a version looks like: previews, measures, colour
 *
 * Made by geleit-media from the content alone and never the other way round: a
 * version without renditions is whole.  All renditions of a version lie one
 * after another in one blob under the version's data key (purpose
 * SEALED_RENDITION), so that a version costs one more file, not forty.
 *
 * A rendition is asked for by the size that is wanted; what is given is the
 * smallest that is not smaller, else the largest there is (a picture is never
 * enlarged).
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct change;
struct db;
struct error;

enum media_state {
	MEDIA_NONE,    /* nothing to see in this kind of file */
	MEDIA_PENDING, /* a job is on its way */
	MEDIA_READY,
	MEDIA_REFUSED,   /* past a limit, of another kind than it says, locked */
	MEDIA_DAMAGED,   /* does not decode, or not to its end (then there may be renditions) */
	MEDIA_TIMED_OUT, /* took longer than it may */
	MEDIA_KILLED,    /* its process was ended: a call it may not make, a crash, its memory */
	MEDIA_STATE_COUNT
};
const char *media_state_name(enum media_state s);
bool media_state_parse(struct str s, enum media_state *ret);

/* Sizes: the longest side in pixels. */
#define RENDITION_SIZES 4
extern const int64_t rendition_sizes[RENDITION_SIZES]; /* 64, 320, 640, 1600 */
bool rendition_is_size(int64_t size);
#define RENDITION_PAGES_MOST 10

struct media {
	enum media_state state;
	struct str reason;
	struct id128 blob; /* zero: no renditions */
	int64_t width, height, pages;
	struct str colour, blurhash; /* "#rrggbb"; "" when unknown */
	struct str camera, taken, space;
};
struct rendition {
	int64_t page, size, width, height;
	struct str format; /* "jpeg", "webp" */
	int64_t at, bytes;
};

/* ret[i] is of ids[i]; a version nothing was tried of gives MEDIA_NONE. */
NODISCARD int media_get_list(struct db *db, struct arena *a, const version_id *ids, size_t n,
    struct media *ret, struct error *e);

/*
 * The rendition to give for a wanted size, and the blob it is in.
 * Errors: ERR_NOT_FOUND "no-preview".
 */
struct rendition_wanted {
	version_id version;
	int64_t page, size;
};
NODISCARD int rendition_find(struct db *db, struct arena *a, const struct rendition_wanted *w,
    struct rendition *ret, struct id128 *ret_blob, struct error *e);

/*
 * In the change that ends ingest: this version will get renditions.  Puts the
 * job "render"; the uploads of somebody who has many waiting come after those
 * of everybody else.
 */
NODISCARD int media_expect(struct change *c, version_id v, person_id by, struct error *e);
/* What came of it, with all renditions, instead of what was there. */
NODISCARD int media_set(struct change *c, version_id v, const struct media *m,
    const struct rendition *list, size_t n, struct error *e);

/*
 * What geleit-media makes of files; counted up when what an older one made is
 * worth making again.  2: WebP without the original's Exif, pyramids, BigTIFF.
 */
#define RENDITION_MAKER 2
/*
 * Of the versions behind `after`, in the order of ids: those nothing was tried
 * of, though their type may have renditions; that an older maker failed on, or
 * made WebP of; whose job was never started, or is gone.
 */
struct media_missed {
	version_id version;
	struct str media_type, name;
};
NODISCARD int media_missed(struct db *db, struct arena *a, version_id after,
    struct media_missed *list, size_t *n, struct error *e); /* *n: room, then found */
/* A batch job for it; what there is stays until then. */
NODISCARD int media_again(struct change *c, version_id v, struct error *e);
