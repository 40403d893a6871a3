/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * asset - a file of the library, its release and its dates
 *
 * Every change raises the asset's stamp (its ETag) and the stamp of each live
 * delivery it is in, so that running transfers ask the verdict again.
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"
#include "model/verdict.h"

struct arena;
struct change;
struct db;
struct error;

struct release {
	enum release_state state; /* as set; see release_shown */
	int64_t until_us;         /* 0: open */
	struct str reason, credit;
	bool view_only;
	person_id set_by; /* of a draft: who brought the file */
	struct str set_by_name;
	int64_t set_us;
};
/* "expired" once until has passed for cleared and conditions. */
const char *release_shown(const struct release *r, int64_t now_us);

struct asset {
	asset_id id;
	folder_id folder;
	struct str folder_path;
	struct str title;
	enum asset_class class;
	int64_t embargo_us, expires_us; /* 0: none */
	version_id current;
	person_id created_by;
	int64_t created_us, changed_us, stamp;
	int64_t trashed_us; /* 0: not in the trash */
	struct release release;
};

/* A choice of files. */
struct asset_list {
	const asset_id *ids;
	size_t n;
};

NODISCARD int asset_get(
    struct db *db, struct arena *a, asset_id id, struct asset *ret, struct error *e);
/* Many at once, in the order of ids; those that are not there are left out. */
NODISCARD int asset_get_list(struct db *db, struct arena *a, const asset_id *ids, size_t n,
    struct asset *ret, size_t *ret_n, struct error *e);
/* Newest first without the trash, below at.id, in one folder or all (folder NULL). */
NODISCARD int asset_list(struct db *db, struct arena *a, const struct str *folder_path,
    struct page_at at, struct asset **ret, size_t *ret_n, struct error *e);

/* A new asset in draft with its first version's id; the version row follows in the same change
 * (upload.c). */
struct asset_new {
	asset_id id;
	version_id first;
	struct str folder_path, title;
	person_id by;
};
NODISCARD int asset_create(
    struct change *c, struct arena *a, const struct asset_new *n, struct error *e);
/* Another version becomes current. */
NODISCARD int asset_set_current(struct change *c, asset_id id, version_id v, struct error *e);

/* Only what is named changes.  if_stamp 0: whatever it is; else ERR_PRECONDITION when it differs.
 */
struct asset_edit {
	const struct str *title;
	const enum asset_class *class;
	const int64_t *embargo_us, *expires_us; /* 0 clears */
	const struct str *folder_path;
	const struct str *add_keywords, *remove_keywords; /* the removed first */
	size_t add_keyword_count, remove_keyword_count;
	const struct str *note;
	int64_t if_stamp;
	person_id by;
};
NODISCARD int asset_edit(
    struct change *c, struct arena *a, asset_id id, const struct asset_edit *ed, struct error *e);
NODISCARD int release_set(struct change *c, asset_id id, const struct release *r, struct error *e);

/* The file's half of the facts of a version; the rest is the caller's. */
NODISCARD int verdict_facts_file(struct db *db, struct arena *a, asset_id id, version_id v,
    struct verdict_facts *ret, struct error *e);
/* Of many, each in its versions[i], or where that is 0 in its current one, which is put there.
 * Errors: ERR_NOT_FOUND. */
NODISCARD int verdict_facts_files(struct db *db, struct arena *a, const asset_id *ids,
    version_id *versions, size_t n, struct verdict_facts *ret, struct error *e);

/* Every change of an asset ends here: its stamp, its time, and the deliveries it is in. */
NODISCARD int asset_changed(struct change *c, asset_id id, struct error *e);
