/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * init - make a DIR that can be served
 *
 * geleit.conf is written last: a DIR without it is new or half-made, and running
 * init again completes it; a DIR with it is never touched.  A folder that holds
 * anything init does not make is somebody else's and refused.
 *
 * Owners, when root: each role reaches only what its Landlock row names, and
 * users and groups say the same once more (owners.h).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"
#include "conf/conf.h"
#include "crypto/vault.h"
#include "db/db.h"
#include "db/migrate.h"
#include "http/http.h"
#include "model/api_key.h"
#include "model/change.h"
#include "model/keyring.h"
#include "model/person.h"
#include "os/file.h"
#include "roles/certificate.h"
#include "roles/commands.h"
#include "roles/database.h"
#include "roles/owners.h"
#include "roles/unlock.h"

struct making {
	struct arena *a;
	struct str dir;
	struct conf conf;
	struct str text; /* of geleit.conf */
};

static const char *const ours[] = {
    "geleit.conf", "admin.key", "keys", "db", "tls", "run", "blobs", "parts"};

static const char *
path_of(struct making *m, const char *name)
{
	return arena_printf(m->a, "%.*s/%s", STR(m->dir), name).p;
}

static bool
is_ours(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (strcmp(ours[i], name) == 0)
			return true;
	}
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0;
}

/* Anything init does not make means that the folder is somebody else's. */
static int
refuse_foreign(struct making *m, struct error *e)
{
	DIR *d = opendir(m->dir.p);
	struct dirent *entry;
	int r = 0;

	if (d == NULL)
		return err_errno(e, "%s", m->dir.p);
	while (r == 0 && (entry = readdir(d)) != NULL) {
		if (!is_ours(entry->d_name))
			r = err_key(e, ERR_EXISTS, "foreign-dir",
			    "%s is not empty and not a folder of Geleit", m->dir.p);
	}
	closedir(d);
	return r;
}

/* ---- pieces ---- */

static int
make_master_key(struct making *m, struct vault **ret, struct error *e)
{
	const char *path = master_key_path(m->a, m->dir).p;
	uint8_t key[MASTER_KEY_BYTES];
	int r;

	if (access(path, F_OK) == 0)
		return vault_of_dir(m->a, m->dir, ret, e);
	random_bytes(key, sizeof key);
	r = file_create(path, (struct str){(const char *)key, sizeof key}, 0400, e);
	if (r == 0)
		r = vault_new(key, ret, e);
	explicit_bzero(key, sizeof key);
	return r;
}

static int
make_certificate(struct making *m, struct error *e)
{
	struct str host, cert, key;
	uint64_t port;

	if (access(path_of(m, "tls/cert.pem"), F_OK) == 0 &&
	    access(path_of(m, "tls/key.pem"), F_OK) == 0)
		return 0;
	if (!http_split_authority(m->conf.authority, &host, &port))
		return err_key(e, ERR_INVALID, "bad-setting", "server.url names no host");
	if (host.p[0] == '[') /* a certificate has the address alone */
		host = (struct str){host.p + 1, host.n - 2};
	if (certificate_make(m->a, host, &cert, &key, e) < 0 ||
	    file_replace(path_of(m, "tls/key.pem"), key, 0640, e) < 0 ||
	    file_replace(path_of(m, "tls/cert.pem"), cert, 0644, e) < 0)
		return err_code(e);
	return owners_certificate(m->a, m->dir.p, e);
}

static int
open_migrated(struct making *m, bool keys, struct db **ret, struct error *e)
{
	if (database_open(&m->conf, keys, ret, e) < 0)
		return err_code(e);
	return migrate(*ret, keys ? schema_keys : schema_main, e);
}

/* The first person and a key that may do everything, in one change. */
static int
first_person(struct making *m, struct db *db, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	struct event ev = EVENT_INIT(EVENT_SYSTEM_INIT);
	struct api_key_new key = {.name = S("admin"), .scopes = S("all")};
	api_key_id id;
	struct str secret;

	if (person_count(db, e) != 0)
		return e->code < 0 ? err_code(e) : 0;
	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_SYSTEM_INIT, &c, e) < 0)
		return err_code(e);
	if (event_add(c, &ev, e) < 0 ||
	    person_create(c, S("Administrator"), S(""), S("administrator"), &key.person, e) < 0 ||
	    api_key_create(c, m->a, &key, &id, &secret, e) < 0)
		return err_code(e);
	/* the file first: a key nobody knows is worse than a file that opens nothing */
	if (file_replace(
	        path_of(m, "admin.key"), arena_printf(m->a, "%.*s\n", STR(secret)), 0600, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

static int
make_databases(struct making *m, struct vault *v, struct error *e)
{
	AUTO(db_close) struct db *db = NULL;
	AUTO(db_close) struct db *keys = NULL;
	uint8_t check[16];

	vault_check_value(v, check);
	if (open_migrated(m, true, &keys, e) < 0 || keyring_check(keys, check, true, e) < 0 ||
	    open_migrated(m, false, &db, e) < 0)
		return err_code(e);
	e->code = 0;
	return first_person(m, db, e);
}

static int
make_all(struct making *m, struct error *e)
{
	struct vault *v = NULL;
	int r;

	if (owners_folders(m->a, m->dir.p, e) < 0 || make_certificate(m, e) < 0 ||
	    make_master_key(m, &v, e) < 0)
		return err_code(e);
	r = make_databases(m, v, e);
	vault_free(&v);
	if (r < 0)
		return r;
	if (owners_databases(m->a, m->dir.p, e) < 0)
		return err_code(e);
	return file_replace(path_of(m, "geleit.conf"), m->text, 0640, e);
}

bool
init_is_done(const char *dir)
{
	AUTO(arena_free) struct arena *a = arena_new();

	return access(arena_printf(a, "%s/geleit.conf", dir).p, F_OK) == 0;
}

int
init_look(const char *dir, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct making m = {.a = a, .dir = arena_str(a, str_c(dir))};

	return access(dir, F_OK) < 0 && errno == ENOENT ? 0 : refuse_foreign(&m, e);
}

int
options_apply(struct arena *a, const struct run_options *o, struct str *text, struct error *e)
{
	const struct {
		struct str name;
		const char *value;
	} named[] = {
	    {S("server.listen"), o->listen}, {S("server.url"), o->url}, {S("server.db"), o->db}};

	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		if (named[i].value != NULL &&
		    conf_set(a, *text, named[i].name, str_c(named[i].value), text, e) < 0)
			return err_code(e);
	}
	for (size_t i = 0; i < o->set_count; i++) {
		struct str value, name = str_cut(str_c(o->set[i]), '=', &value);

		if (value.p == NULL)
			return err_set(
			    e, ERR_INVALID, "--set %.*s: NAME=VALUE is expected", STR(name));
		if (conf_set(a, *text, name, value, text, e) < 0)
			return err_code(e);
	}
	return 0;
}

int
init_dir(const struct run_options *o, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct making m = {.a = a};
	mode_t mask;
	int r;

	m.dir = arena_str(a, str_c(o->dir));
	m.text = S("");
	if (init_is_done(o->dir))
		return 0;
	if (options_apply(a, o, &m.text, e) < 0 || conf_parse(a, m.dir, m.text, &m.conf, e) < 0)
		return err_code(e);
	if (dir_make(m.dir.p, 0755, e) < 0 || refuse_foreign(&m, e) < 0)
		return err_prefix(e, "cannot use %s", o->dir);
	mask = umask(007);
	r = make_all(&m, e);
	umask(mask);
	return r;
}
