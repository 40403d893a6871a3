/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * audit - see audit.h.
 *
 * Each query names what should not exist; it is text, so that it can be tried by hand.
 */
#include "model/audit.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "db/db.h"
#include "model/event_private.h"

/* Each query names objects that should not exist. */
static const struct {
	const char *code, *sql;
} contradictions[] = {
    {"asset-without-event", "SELECT a.id FROM asset a WHERE NOT EXISTS (SELECT 1 FROM event e "
                            "WHERE e.asset_id = a.id AND e.kind = 'asset.created')"},
    {"version-without-event", "SELECT v.id FROM version v WHERE NOT EXISTS (SELECT 1 FROM event e "
                              "WHERE e.version_id = v.id AND e.kind = 'version.created')"},
    {"ingest-without-event", "SELECT v.id FROM version v WHERE v.state <> 'pending' AND NOT EXISTS "
                             "(SELECT 1 FROM event e "
                             "WHERE e.version_id = v.id AND e.kind = 'version.ingested')"},
    {"delivery-without-event",
        "SELECT d.id FROM delivery d WHERE NOT EXISTS (SELECT 1 FROM event e "
        "WHERE e.delivery_id = d.id AND e.kind = 'delivery.created')"},
    {"revocation-without-event", "SELECT d.id FROM delivery d WHERE d.revoked_us IS NOT NULL AND "
                                 "NOT EXISTS (SELECT 1 FROM event e "
                                 "WHERE e.delivery_id = d.id AND e.kind = 'delivery.revoked')"},
    {"asset-without-version", "SELECT a.id FROM asset a WHERE NOT EXISTS (SELECT 1 FROM version v "
                              "WHERE v.id = a.current_version_id AND v.asset_id = a.id)"},
    {"asset-without-release", "SELECT a.id FROM asset a WHERE NOT EXISTS (SELECT 1 FROM release r "
                              "WHERE r.asset_id = a.id)"},
    {"stale-view", "SELECT a.id FROM asset a JOIN release r ON r.asset_id = a.id "
                   "LEFT JOIN version v ON v.id = a.current_version_id "
                   "LEFT JOIN version_media m ON m.version_id = a.current_version_id "
                   "WHERE NOT (a.release_state IS NOT DISTINCT FROM r.state "
                   "AND a.release_until_us IS NOT DISTINCT FROM r.until_us "
                   "AND a.view_only IS NOT DISTINCT FROM r.view_only "
                   "AND a.version_state IS NOT DISTINCT FROM v.state "
                   "AND a.malware IS NOT DISTINCT FROM v.malware "
                   "AND a.media_type IS NOT DISTINCT FROM v.media_type "
                   "AND a.width IS NOT DISTINCT FROM m.width "
                   "AND a.height IS NOT DISTINCT FROM m.height "
                   "AND a.media_us IS NOT DISTINCT FROM m.changed_us)"},
    {"version-length",
        "SELECT v.id FROM version v WHERE v.bytes <> COALESCE((SELECT "
        "CAST(sum(p.bytes) AS BIGINT) FROM version_part p WHERE p.version_id = v.id), 0)"},
    {"upload-offset",
        "SELECT u.version_id FROM upload u WHERE u.result_asset_id IS NULL AND u.committed <> "
        "COALESCE("
        "(SELECT CAST(sum(p.bytes) AS BIGINT) FROM upload_part p WHERE p.upload_id = u.id), 0)"},
    {"progress-too-large", "SELECT s.session_id FROM session_item s JOIN delivery_item i ON "
                           "i.delivery_id = s.delivery_id "
                           "AND i.position = s.position JOIN version v ON v.id = i.version_id "
                           "WHERE s.sent_bytes > v.bytes"},
    {"complete-without-bytes", "SELECT s.session_id FROM session_item s JOIN delivery_item i ON "
                               "i.delivery_id = s.delivery_id "
                               "AND i.position = s.position JOIN version v ON v.id = i.version_id "
                               "WHERE s.complete_us IS NOT NULL AND s.sent_bytes <> v.bytes"},
    {"event-twice-or-never", "SELECT e.at_us FROM event e WHERE (SELECT count(*) FROM event_todo t "
                             "WHERE t.event_id = e.id) + (SELECT count(*) FROM log_leaf l "
                             "WHERE l.event_id = e.id) <> 1"},
    {"log-gap",
        "SELECT l.seq FROM log_leaf l WHERE l.seq > 0 AND NOT EXISTS (SELECT 1 FROM log_leaf p "
        "WHERE p.seq = l.seq - 1)"},
    {"mail-not-wiped",
        "SELECT m.id FROM mail m WHERE m.state = 'accepted' AND m.sealed IS NOT NULL"},
};

int
audit_rows(struct db *db, struct arena *a, audit_found found, void *arg, int64_t *ret_checked,
    struct error *e)
{
	for (size_t i = 0; i < ARRAY_LEN(contradictions); i++) {
		AUTO(rows_close) struct rows *q = NULL;
		int r;

		if (db_query(db, &q, e, contradictions[i].sql) < 0)
			return err_prefix(e, "%s", contradictions[i].code);
		while ((r = rows_next(q, e)) > 0)
			found(arg, contradictions[i].code,
			    arena_printf(a, "%lld", (long long)rows_int(q, 0)));
		if (r < 0)
			return r;
		++*ret_checked;
	}
	return 0;
}

/* The entry's p_FIELD must be the hash of what is sealed beside it. */
static int
check_fields(struct db *db, struct arena *a, audit_found found, void *arg, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (db_query(db, &q, e,
	        "SELECT e.id, e.entry, p.field, p.sealed FROM event_person p JOIN event e ON e.id "
	        "= p.event_id "
	        "WHERE p.sealed IS NOT NULL") < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		struct str entry = rows_text(q, 1, a), field = rows_text(q, 2, a),
		           sealed = rows_bytes(q, 3, a);
		struct sha256 h = sha256(sealed.p, sealed.n);
		struct str want = arena_printf(
		    a, "\"p_%.*s\":\"%.*s\"", STR(field), STR(str_hex(a, h.b, sizeof h.b)));

		if (memmem(entry.p, entry.n, want.p, want.n) == NULL)
			found(arg, "event-field", id128_hex(a, rows_id128(q, 0)));
	}
	return r;
}

int
audit_events(struct db *db, struct arena *a, audit_found found, void *arg, int64_t *ret_checked,
    struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	int r;

	if (check_fields(db, a, found, arg, e) < 0 ||
	    db_query(db, &q, e,
	        "SELECT e.id, e.entry, l.leaf_hash FROM log_leaf l JOIN event e ON e.id = "
	        "l.event_id "
	        "ORDER BY l.seq") < 0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		struct sha256 h = event_leaf_hash(a, rows_text(q, 1, a)), have;

		if (!rows_fixed(q, 2, have.b, sizeof have.b) || !mem_eq(h.b, have.b, sizeof h.b))
			found(arg, "log-leaf", id128_hex(a, rows_id128(q, 0)));
		++*ret_checked;
	}
	return r;
}

int
audit_versions(
    struct db *db, struct arena *a, struct audit_version **ret, size_t *ret_n, struct error *e)
{
	AUTO(rows_close) struct rows *q = NULL;
	VEC(struct audit_version) list = {0};
	int r;

	if (db_query(db, &q, e, "SELECT id, bytes, state, sha256, crc32 FROM version ORDER BY id") <
	    0)
		return err_code(e);
	while ((r = rows_next(q, e)) > 0) {
		struct audit_version *v = VEC_ADD(&list);

		v->id = (version_id){rows_int(q, 0)};
		v->bytes = rows_int(q, 1);
		v->ready = str_eq_c(rows_text(q, 2, a), "ready");
		if (v->ready && !rows_fixed(q, 3, v->sha256.b, sizeof v->sha256.b))
			v->bytes = -1;
		v->crc32 = (uint32_t)rows_int(q, 4);
	}
	VEC_TO_ARENA(&list, a, ret, ret_n);
	return r;
}
