/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * uploads - tus 1.0: core, creation, creation-with-upload, checksum, termination, expiration
 *
 * Upload-Offset is what the database has committed, and that only ever counts
 * parts whose blobs are durable.  The bytes themselves go from front to a part
 * that is handed out here (TAKE_BODY) and come back as BODY, to whichever app
 * takes it.  A body with a checksum is one part at most: it counts whole or not at all.
 */
#include "model/upload.h"

#include "api/routes.h"
#include "api/staff.h"
#include "api/tickets.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "db/db.h"
#include "http/http.h"
#include "http/tus.h"
#include "model/asset.h"
#include "model/sweep.h"
#include "os/file.h"
#include "store/store.h"
#include "text/name.h"

#define TUS_VERSION "1.0.0"
#define TICKET_LIFE_US (24 * 3600 * 1000000LL)

static void
tus_fields(struct reply *r)
{
	reply_field(r, "Tus-Resumable", S(TUS_VERSION));
	reply_field(r, "Cache-Control", S("no-store"));
}

static int
tus_check(const struct request *q, struct reply *r, struct error *e)
{
	tus_fields(r);
	if (str_eq_c(request_field(q, "tus-resumable"), TUS_VERSION))
		return 0;
	return err_key(e, ERR_PRECONDITION, "tus-version", "Tus-Resumable must be " TUS_VERSION);
}

/* A refusal in the words of tus: its fields go with every answer. */
static int
refuse(struct api *x, struct reply *r, const struct error *e)
{
	if (e->code == ERR_RETRY)
		return err_code(e);
	if (api_status(e->code) >= 500)
		log_warn("upload: %s", e->msg);
	api_problem(r, x, e);
	tus_fields(r);
	if (e->code == ERR_PRECONDITION)
		reply_field(r, "Tus-Version", S(TUS_VERSION));
	return 0;
}

int
uploads_options(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	r->status = 204;
	tus_fields(r);
	reply_field(r, "Tus-Version", S(TUS_VERSION));
	reply_field(r, "Tus-Extension",
	    S("creation,"
	      "creation-with-upload,checksum,termination,expiration"));
	reply_field(r, "Tus-Checksum-Algorithm", S("sha1,sha256"));
	reply_field(
	    r, "Tus-Max-Size", arena_printf(x->a, "%lld", (long long)x->conf->upload_max_bytes));
	return 0;
}

static void
put_state(struct reply *r, struct api *x, const struct upload *u)
{
	reply_field(r, "Upload-Offset", arena_printf(x->a, "%lld", (long long)u->committed));
	reply_field(r, "Upload-Expires", time_http(x->a, u->expires_us));
	if (u->result.v == 0)
		return;
	reply_field(r, "Geleit-Asset", arena_printf(x->a, "%lld", (long long)u->result.v));
	reply_field(r, "Geleit-Version", arena_printf(x->a, "%lld", (long long)u->version.v));
}

static struct str
address_of(struct api *x, struct id128 id)
{
	return arena_printf(x->a, "/api/v1/uploads/%.*s", STR(id128_hex(x->a, id)));
}

/* Somebody else's upload is as absent as none. */
static int
find(struct api *x, const struct request *q, struct upload *ret, struct error *e)
{
	struct id128 id;

	if (!id128_parse(q->params[0], &id))
		return err_set(e, ERR_NOT_FOUND, "no such upload");
	if (upload_get(x->db, x->a, id, ret, e) < 0)
		return err_code(e);
	if (ret->person.v != q->who.person.v && (q->who.scopes & SCOPE_ADMIN) == 0)
		return err_set(e, ERR_NOT_FOUND, "no such upload");
	if (ret->expires_us < x->now_us && ret->result.v == 0)
		return err_set(e, ERR_GONE, "the upload has expired");
	return 0;
}

/* ---- TAKE_BODY ---- */

/*
 * Disk full is refused before it happens: what is left below the reserve is for
 * the database, so that reading, signing in and revoking go on.
 */
static int
check_space(struct api *x, int64_t part_bytes, struct error *e)
{
	uint64_t left;

	if (store_free_bytes(x->store, &left, e) < 0)
		return err_code(e);
	if (left < (uint64_t)part_bytes + LIMIT_DISK_RESERVE_BYTES)
		return err_key(e, ERR_NO_SPACE, "no-space", "less than the reserve is free");
	return 0;
}

/* Hand out an empty part for what comes next; of *like the ticket has what its body has to be. */
static int
hand_out(struct api *x, const struct upload *u, const struct upload_ticket *like, struct reply *r,
    struct error *e)
{
	int64_t rest = u->length - u->committed;
	struct upload_ticket t = *like;
	AUTO(data_key_wipe) struct data_key key = {0};

	t.upload = u->id;
	t.blob = random_id128();
	t.person = u->person;
	t.offset = u->committed;
	t.body_left = rest;
	t.expires_us = x->now_us + TICKET_LIFE_US;

	if (u->parts >= LIMIT_PARTS_PER_VERSION)
		return err_key(e, ERR_TOO_LARGE, "too-many-parts", "the upload came in crumbs");
	if (check_space(x, MIN(rest, LIMIT_PART_BYTES), e) < 0 ||
	    keyring_version_get(&x->keys, u->version, &key, e) < 0 ||
	    store_part_create(x->store, t.blob, &r->part_fd, e) < 0)
		return err_code(e);
	r->takes_body = true;
	r->take = (struct msg_take_body){.ticket = upload_ticket_make(x, &t),
	    .blob = t.blob,
	    .purpose = SEALED_ORIGINAL,
	    .part_bytes = (uint64_t)MIN(rest, LIMIT_PART_BYTES),
	    .body_bytes = (uint64_t)rest,
	    .digest = (uint8_t)t.digest_kind};
	memcpy(r->take.key, key.b, sizeof r->take.key);
	return 0;
}

static bool
has_body(const struct request *q)
{
	return q->m->body_waits;
}

static int
check_type(const struct request *q, struct error *e)
{
	if (str_ieq(request_field(q, "content-type"), S("application/offset+octet-stream")))
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "Content-Type must be application/offset+octet-stream");
}

static enum digest_kind
digest_kind_of(struct str algorithm)
{
	if (str_eq_c(algorithm, "sha1"))
		return DIGEST_SHA1;
	return str_eq_c(algorithm, "sha256") ? DIGEST_SHA256 : DIGEST_NONE;
}

/* Of one request: its checksum, if it has one.  What cannot be held back whole is refused. */
static int
read_checksum(struct api *x, const struct request *q, struct upload_ticket *t, struct error *e)
{
	struct str field = request_field(q, "upload-checksum"), algorithm, digest;

	t->body_bytes = q->m->content_length;
	if (field.p == NULL || !has_body(q))
		return 0;
	if (!tus_checksum(x->a, field, &algorithm, &digest))
		return err_key(e, ERR_INVALID, "bad-checksum", "Upload-Checksum is malformed");
	t->digest_kind = digest_kind_of(algorithm);
	if (t->digest_kind == DIGEST_NONE)
		return err_key(
		    e, ERR_INVALID, "checksum-algorithm", "of checksums sha1 and sha256 are known");
	if (digest.n != digest_bytes(t->digest_kind))
		return err_key(e, ERR_INVALID, "bad-checksum", "Upload-Checksum is malformed");
	if (q->m->content_length < 0 || q->m->content_length > LIMIT_PART_BYTES)
		return err_key(e, ERR_TOO_LARGE, "checksum-too-large",
		    "a body with a checksum has a length, of at most %lld bytes",
		    (long long)LIMIT_PART_BYTES);
	memcpy(t->digest, digest.p, digest.n);
	return 0;
}

static struct upload_ticket
ticket_of(const struct request *q, bool is_create)
{
	struct upload_ticket t = {.is_create = is_create, .key = q->who.key};

	if (q->who.staff != NULL)
		t.session = q->who.staff->id;
	return t;
}

/* ---- creation ---- */

static int
read_length(struct api *x, const struct request *q, int64_t *ret, struct error *e)
{
	struct str s = request_field(q, "upload-length");
	uint64_t n;

	if (s.p == NULL || !str_u64(s, &n))
		return err_key(
		    e, ERR_INVALID, "bad-length", "Upload-Length is missing or no number of bytes");
	if (n > (uint64_t)MIN(x->conf->upload_max_bytes, LIMIT_FILE_BYTES))
		return err_key(e, ERR_TOO_LARGE, "upload-too-large",
		    "at most %lld bytes are allowed", (long long)x->conf->upload_max_bytes);
	*ret = (int64_t)n;
	return 0;
}

static int
bad_metadata(struct error *e)
{
	return err_key(e, ERR_INVALID, "bad-metadata", "Upload-Metadata is malformed");
}

static int
take_pair(struct api *x, const struct request *q, struct str key, struct str value,
    struct upload *u, struct error *e)
{
	int64_t id;

	if (str_eq_c(key, "filename"))
		return name_clean(x->a, value, &u->name, e) < 0 ? bad_metadata(e) : 0;
	if (str_eq_c(key, "folder"))
		return path_clean(x->a, value, &u->folder_path, e) < 0 ? bad_metadata(e) : 0;
	if (str_eq_c(key, "release")) {
		if (!str_eq_c(value, "cleared"))
			return bad_metadata(e);
		if ((q->who.scopes & SCOPE_RELEASE) == 0)
			return err_key(
			    e, ERR_DENIED, "scope", "the api key lacks the scope release");
		u->release_cleared = true;
	}
	if (str_eq_c(key, "asset")) {
		if (!id_parse(value, &id))
			return bad_metadata(e);
		u->asset = (asset_id){id};
	}
	return 0; /* others are echoed, and mean nothing here */
}

static int
read_metadata(struct api *x, const struct request *q, struct upload *u, struct error *e)
{
	struct str key, value, rest = request_field(q, "upload-metadata");
	int n;

	u->metadata = rest.p != NULL ? arena_str(x->a, rest) : S("");
	while ((n = tus_metadata_next(x->a, &rest, &key, &value)) > 0) {
		if (take_pair(x, q, key, value, u, e) < 0)
			return err_code(e);
	}
	if (n < 0)
		return bad_metadata(e);
	return u->name.n > 0 ? 0 : name_clean(x->a, S(""), &u->name, e);
}

static int
create(struct api *x, const struct request *q, struct upload *u, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	enum event_kind verb = u->length == 0 ? EVENT_VERSION_CREATED : CHANGE_HOUSEKEEPING;
	AUTO(data_key_wipe) struct data_key key = {0};
	struct asset a;

	if (u->asset.v != 0 && asset_get(x->db, x->a, u->asset, &a, e) < 0)
		return err_code(e);
	if (keyring_version_new(&x->keys, u->version, &key, e) < 0)
		return err_code(e);
	if (change_begin(x->db, request_actor(q), verb, &c, e) < 0 ||
	    upload_create(c, x->a, u, &u->result, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

static int
post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct upload u = {.id = random_id128(),
	    .person = q->who.person,
	    .version = {random_id()},
	    .expires_us = x->now_us + x->conf->upload_life_us};
	struct upload_ticket like = ticket_of(q, true);

	if (tus_check(q, r, e) < 0 || read_checksum(x, q, &like, e) < 0 ||
	    read_length(x, q, &u.length, e) < 0 || read_metadata(x, q, &u, e) < 0)
		return err_code(e);
	if (has_body(q) && check_type(q, e) < 0)
		return err_code(e);
	if (has_body(q) && q->m->content_length > u.length)
		return err_key(
		    e, ERR_TOO_LARGE, "upload-too-large", "the body is longer than Upload-Length");
	if (create(x, q, &u, e) < 0)
		return err_code(e);
	if (has_body(q) && u.length > 0)
		return hand_out(x, &u, &like, r, e);
	r->status = 201;
	reply_field(r, "Location", address_of(x, u.id));
	put_state(r, x, &u);
	return 0;
}

/* ---- the rest of the core ---- */

static int
head(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct upload u;

	if (tus_check(q, r, e) < 0 || find(x, q, &u, e) < 0)
		return err_code(e);
	put_state(r, x, &u);
	reply_field(r, "Upload-Length", arena_printf(x->a, "%lld", (long long)u.length));
	if (u.metadata.n > 0)
		reply_field(r, "Upload-Metadata", u.metadata);
	return 0;
}

static int
patch(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct upload_ticket like = ticket_of(q, false);
	struct upload u;
	uint64_t offset;

	if (tus_check(q, r, e) < 0 || check_type(q, e) < 0 || read_checksum(x, q, &like, e) < 0)
		return err_code(e);
	if (!str_u64(request_field(q, "upload-offset"), &offset))
		return err_key(
		    e, ERR_INVALID, "bad-offset", "Upload-Offset is missing or no number");
	if (find(x, q, &u, e) < 0)
		return err_code(e);
	if (offset != (uint64_t)u.committed)
		return err_key(e, ERR_CONFLICT, "offset-mismatch", "the upload stands at %lld",
		    (long long)u.committed);
	if (q->m->content_length > u.length - u.committed)
		return err_key(e, ERR_TOO_LARGE, "upload-too-large",
		    "the body is longer than what is missing");
	if (has_body(q) && u.result.v == 0)
		return hand_out(x, &u, &like, r, e);
	r->status = 204;
	put_state(r, x, &u);
	return 0;
}

static int
terminate(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct upload u;

	if (tus_check(q, r, e) < 0 || find(x, q, &u, e) < 0)
		return err_code(e);
	if (u.result.v != 0)
		return err_key(e, ERR_CONFLICT, "complete", "the upload is complete");
	if (change_begin(x->db, request_actor(q), CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    upload_remove(c, u.id, e) < 0 || change_commit(&c, e) < 0)
		return err_code(e);
	r->status = 204;
	return 0;
}

int
uploads_post(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	return post(x, q, r, e) < 0 ? refuse(x, r, e) : 0;
}

int
uploads_head(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	return head(x, q, r, e) < 0 ? refuse(x, r, e) : 0;
}

int
uploads_patch(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	return patch(x, q, r, e) < 0 ? refuse(x, r, e) : 0;
}

int
uploads_delete(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	return terminate(x, q, r, e) < 0 ? refuse(x, r, e) : 0;
}

/* ---- BODY ---- */

static void
drop_part(struct api *x, struct id128 blob)
{
	struct error e;

	if (store_part_remove(x->store, blob, &e) < 0)
		log_warn("an empty part stays for the sweeper: %s", e.msg);
}

/* Durable first, then its row; the last one makes the version. */
static int
add_row(struct api *x, const struct upload_ticket *t, const struct upload_part *p, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct actor actor = {ACTOR_PERSON, t->person.v};
	asset_id result;
	struct upload u;
	bool is_last;

	if (upload_get(x->db, x->a, t->upload, &u, e) < 0)
		return err_code(e);
	is_last = p->offset + p->bytes == u.length;
	if (change_begin(
	        x->db, actor, is_last ? EVENT_VERSION_CREATED : CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    upload_add_part(c, x->a, p, &result, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

static int
commit_part(struct api *x, const struct msg_body *m, const struct upload_ticket *t, struct error *e)
{
	struct upload_part p = {
	    .upload = t->upload, .blob = t->blob, .offset = t->offset, .bytes = (int64_t)m->bytes};
	int r = store_part_publish(x->store, t->blob, sealed_size(m->bytes), e);

	if (r < 0 && r != ERR_EXISTS)
		return r;
	/* run again after ERR_RETRY the blob is in place, and perhaps its row */
	if (r == ERR_EXISTS && (r = blob_is_named(x->db, t->blob, e)) != 0)
		return MIN(r, 0);
	return add_row(x, t, &p, e);
}

static int
answer_end(struct api *x, const struct msg_body *m, const struct upload_ticket *t,
    const struct upload *u, struct reply *r, struct error *e)
{
	if (m->excess)
		return err_key(e, ERR_TOO_LARGE, "upload-too-large",
		    "the body is longer than what is missing");
	r->status = t->is_create ? 201 : 204;
	if (t->is_create)
		reply_field(r, "Location", address_of(x, u->id));
	put_state(r, x, u);
	return 0;
}

/* A body that was to be whole and is not, or another one: nothing of it counts. */
static int
check_digest(const struct msg_body *m, const struct upload_ticket *t, struct error *e)
{
	if (t->digest_kind == DIGEST_NONE)
		return 0;
	if ((int64_t)m->bytes != t->body_bytes || m->excess)
		return err_set(e, ERR_CHECKSUM, "the body broke off before its checksum held");
	if (!mem_eq(m->digest, t->digest, digest_bytes(t->digest_kind)))
		return err_set(e, ERR_CHECKSUM, "the body is not what Upload-Checksum says");
	return 0;
}

/* An upload goes on as long as who sends it still may, however long its one request is. */
static int
check_still_may(struct api *x, const struct upload_ticket *t, struct error *e)
{
	unsigned needed = SCOPE_UPLOAD, has;
	struct upload u;

	if (upload_get(x->db, x->a, t->upload, &u, e) < 0 ||
	    scopes_now(x, t->key, t->session, &has, e) < 0)
		return err_code(e);
	if (has == 0)
		return err_set(e, ERR_UNAUTHENTICATED, "the key or the session has ended");
	if (u.release_cleared)
		needed |= SCOPE_RELEASE;
	return (has & needed) == needed ? 0 : err_key(e, ERR_DENIED, "scope", "no right to this");
}

static int
body(struct api *x, const struct msg_body *m, struct reply *r, struct error *e)
{
	struct upload_ticket t;
	struct upload u;

	tus_fields(r);
	if (upload_ticket_open(x, m->ticket, &t, e) < 0)
		return err_code(e);
	if (!id128_eq(t.blob, m->blob))
		return err_set(e, ERR_DENIED, "a part of another upload");
	if (m->failed != 0) {
		drop_part(x, t.blob);
		return m->failed == ERR_NO_SPACE
		           ? err_key(e, ERR_NO_SPACE, "no-space", "the part could not be written")
		           : err_set(e, ERR_IO, "the part could not be written");
	}
	if (check_still_may(x, &t, e) < 0 || check_digest(m, &t, e) < 0) {
		if (e->code != ERR_RETRY && e->code != ERR_BUSY)
			drop_part(x, t.blob);
		return err_code(e);
	}
	if (m->bytes == 0)
		drop_part(x, t.blob);
	else if (commit_part(x, m, &t, e) < 0)
		return err_code(e);
	if (upload_get(x->db, x->a, t.upload, &u, e) < 0)
		return err_code(e);
	if (m->ended || m->broken || m->excess || u.committed == u.length)
		return answer_end(x, m, &t, &u, r, e);
	t.digest_kind = DIGEST_NONE;
	return hand_out(x, &u, &t, r, e);
}

int
api_body(struct api *x, const struct msg_body *m, struct reply *r, struct error *e)
{
	if (body(x, m, r, e) == 0)
		return 0;
	if (refuse(x, r, e) < 0)
		return err_code(e);
	r->close = true;
	return 0;
}
