/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * fsck - do database, keys and blobs of DIR agree?
 *
 * Runs beside a serving server: it reads only.  Each version's content is
 * opened and hashed anew; each blob and part has a row or is younger than 24 h;
 * each event is where it belongs.  What was found is looked at once more after
 * a second, since a change may have been under way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
#include "conf/conf.h"
#include "crypto/vault.h"
#include "db/db.h"
#include "model/audit.h"
#include "model/keyring.h"
#include "model/sweep.h"
#include "model/version.h"
#include "os/file.h"
#include "roles/commands.h"
#include "roles/database.h"
#include "roles/unlock.h"
#include "store/store.h"
#include "text/json.h"

#define STEP_BYTES (256 * 1024)
#define LOOKS 2

struct finding {
	const char *code;
	struct str object;
};

struct fsck {
	struct arena *a;
	struct conf conf;
	struct db *db;
	struct keyring keys;
	struct vault *vault;
	struct store *store;
	VEC(struct finding) found;
	int64_t checked;
	uint8_t *step;
};

static void
found(void *arg, const char *code, struct str object)
{
	struct fsck *f = arg;

	*VEC_ADD(&f->found) = (struct finding){code, arena_str(f->a, object)};
}

static void
found_id(struct fsck *f, const char *code, int64_t id)
{
	found(f, code, arena_printf(f->a, "%lld", (long long)id));
}

/* ---- content ---- */

struct content {
	struct digest *sha;
	uint32_t crc;
	int64_t bytes;
};

static int
read_part(struct fsck *f, const struct version_part *p, const struct data_key *key,
    struct content *c, struct error *e)
{
	AUTO(fd_close) int fd = -1;
	AUTO(sealed_reader_free) struct sealed_reader *r = NULL;
	uint8_t context[SEALED_CONTEXT_BYTES];
	uint64_t at = 0;
	size_t n;

	sealed_context(p->blob, SEALED_ORIGINAL, context);
	if (store_blob_open(f->store, p->blob, &fd, e) < 0 ||
	    sealed_reader_new(fd, key, context, &r, e) < 0)
		return err_code(e);
	do {
		if (sealed_read(r, at, f->step, STEP_BYTES, &n, e) < 0)
			return err_code(e);
		digest_add(c->sha, f->step, n);
		c->crc = crc32_add(c->crc, f->step, n);
		at += n;
	} while (n > 0);
	c->bytes += (int64_t)at;
	return 0;
}

/* NULL: whole; else what is wrong with it. */
static const char *
content_fault(struct fsck *f, const struct audit_version *v, struct content *c)
{
	struct version_part *parts;
	AUTO(data_key_wipe) struct data_key key = {0};
	struct sha256 h;
	struct error e;
	size_t n;

	if (keyring_version_get(&f->keys, v->id, &key, &e) < 0)
		return "key-missing";
	if (version_parts(f->db, f->a, v->id, &parts, &n, &e) < 0)
		return "version-parts";
	for (size_t i = 0; i < n; i++) {
		if (read_part(f, &parts[i], &key, c, &e) < 0)
			return e.code == ERR_NOT_FOUND ? "blob-missing" : "blob-corrupt";
	}
	if (!v->ready)
		return NULL; /* damaged or not yet read: its state says so */
	h = digest_end_sha256(c->sha);
	if (c->bytes != v->bytes || c->crc != v->crc32 || !mem_eq(h.b, v->sha256.b, sizeof h.b))
		return "content-differs";
	return NULL;
}

static int
check_versions(struct fsck *f, struct error *e)
{
	struct audit_version *list;
	size_t n;

	if (audit_versions(f->db, f->a, &list, &n, e) < 0)
		return err_code(e);
	for (size_t i = 0; i < n; i++) {
		struct content c = {.sha = digest_new(DIGEST_SHA256)};
		const char *fault = content_fault(f, &list[i], &c);

		digest_free(&c.sha);
		f->checked++;
		if (fault != NULL)
			found_id(f, fault, list[i].id.v);
	}
	return 0;
}

static int
look_at_blob(void *arg, struct id128 id, bool is_part, uint64_t bytes, int64_t mtime_us)
{
	struct fsck *f = arg;
	struct error e;
	int r;

	(void)bytes;
	f->checked++;
	if (time_now_us() - mtime_us < LIMIT_ORPHAN_GRACE_US)
		return 0;
	r = is_part ? 0 : blob_is_named(f->db, id, &e);
	if (r == 0)
		found(f, is_part ? "part-orphan" : "blob-orphan", id128_hex(f->a, id));
	return 0;
}

static int
look(struct fsck *f, struct error *e)
{
	f->found.n = 0;
	f->checked = 0;
	if (audit_rows(f->db, f->a, found, f, &f->checked, e) < 0 ||
	    audit_events(f->db, f->a, found, f, &f->checked, e) < 0 || check_versions(f, e) < 0)
		return err_code(e);
	return store_list(f->store, look_at_blob, f, e);
}

static int
open_all(struct fsck *f, const char *dir, struct error *e)
{
	char *real = realpath(dir, NULL);
	struct str text, path = arena_str(f->a, str_c(real));

	free(real);
	if (path.n == 0)
		return err_set(e, ERR_NOT_FOUND, "%s is not there", dir);
	if (conf_load(f->a, path, &f->conf, &text, e) < 0 ||
	    vault_of_dir(f->a, path, &f->vault, e) < 0 ||
	    database_open(&f->conf, false, &f->db, e) < 0 ||
	    database_open(&f->conf, true, &f->keys.keys, e) < 0)
		return err_code(e);
	f->keys.keeper = keeper_of_vault(f->vault);
	return store_fs_open(path.p, &f->store, e);
}

static void
print(const struct fsck *f, bool json)
{
	struct buf b;
	struct js j;

	if (!json) {
		for (size_t i = 0; i < f->found.n; i++)
			printf("%s %.*s\n", f->found.v[i].code, STR(f->found.v[i].object));
		printf("%lld checked, %zu found\n", (long long)f->checked, f->found.n);
		return;
	}
	buf_init(&b, LIMIT_PLAN_BYTES);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_bool(&j, "ok", f->found.n == 0);
	js_kv_int(&j, "checked", f->checked);
	js_key(&j, "findings");
	js_list(&j);
	for (size_t i = 0; i < f->found.n; i++) {
		js_open(&j);
		js_kv_str(&j, "code", str_c(f->found.v[i].code));
		js_kv_str(&j, "object", f->found.v[i].object);
		js_close(&j);
	}
	js_list_end(&j);
	js_close(&j);
	printf("%.*s\n", STR(buf_view(&b)));
	buf_fini(&b);
}

static void
fsck_fini(struct fsck *f)
{
	store_close(&f->store);
	db_close(&f->db);
	db_close(&f->keys.keys);
	vault_free(&f->vault);
	VEC_FINI(&f->found);
	free(f->step);
	arena_free(&f->a);
}

int
command_fsck(const char *dir, bool json)
{
	AUTO(fsck_fini) struct fsck f = {.a = arena_new(), .step = xcalloc(1, STEP_BYTES)};
	struct error e;

	if (open_all(&f, dir, &e) < 0 || look(&f, &e) < 0) {
		fprintf(stderr, "geleitd: fsck: %s\n", e.msg);
		return 1;
	}
	for (int i = 1; i < LOOKS && f.found.n > 0; i++) {
		sleep(1);
		if (look(&f, &e) < 0) {
			fprintf(stderr, "geleitd: fsck: %s\n", e.msg);
			return 1;
		}
	}
	print(&f, json);
	return f.found.n > 0 ? 6 : 0;
}
