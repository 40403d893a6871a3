/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * check - may this DIR be served by this program with this master key?
 *
 * Looks before it writes: a newer schema or a wrong key is refused with nothing
 * changed; only then are migrations run, and the link is made by which the first
 * administrator signs in.
 */
#include <sys/stat.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"
#include "crypto/vault.h"
#include "db/db.h"
#include "db/migrate.h"
#include "model/change.h"
#include "model/keyring.h"
#include "model/setting.h"
#include "model/staff_session.h"
#include "roles/commands.h"
#include "roles/database.h"

int
check_before_start(const struct conf *c, const struct vault *v, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(db_close) struct db *db = NULL;
	AUTO(db_close) struct db *keys = NULL;
	uint8_t value[16];
	int version;

	umask(007);
	/* the key first: with a wrong one the main database is not even opened */
	vault_check_value(v, value);
	if (database_open(c, true, &keys, e) < 0 ||
	    migrate_version(keys, schema_keys, &version, e) < 0 ||
	    keyring_check(keys, value, false, e) < 0 || database_open(c, false, &db, e) < 0 ||
	    migrate_version(db, schema_main, &version, e) < 0)
		return err_code(e);
	if (migrate(keys, schema_keys, e) < 0)
		return err_code(e);
	return migrate(db, schema_main, e);
}

static bool
is_set_in_app(const struct conf_value *list, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(list[i].name, name))
			return true;
	}
	return false;
}

static int
take_away(struct db *db, struct arena *a, struct str name, struct error *e)
{
	AUTO(change_abort) struct change *c = NULL;
	const struct conf_value none = {.name = name};

	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, EVENT_SETTING_CHANGED, &c, e) < 0 ||
	    setting_set(c, a, &none, (person_id){0}, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}

int
settings_given(struct arena *a, const struct conf *conf, char *const *names, struct error *e)
{
	AUTO(db_close) struct db *db = NULL;
	struct conf_value *list;
	size_t n;

	if (names[0] == NULL)
		return 0;
	if (database_open(conf, false, &db, e) < 0 || setting_list(db, a, &list, &n, e) < 0)
		return err_code(e);
	for (size_t i = 0; names[i] != NULL; i++) {
		if (is_set_in_app(list, n, str_c(names[i])) &&
		    take_away(db, a, str_c(names[i]), e) < 0)
			return err_code(e);
	}
	return 0;
}

int
first_sign_in(struct arena *a, const struct conf *conf, struct str *ret_token, struct error *e)
{
	AUTO(db_close) struct db *db = NULL;
	AUTO(change_abort) struct change *c = NULL;
	person_id who;
	int r;

	*ret_token = S("");
	if (database_open(conf, false, &db, e) < 0)
		return err_code(e);
	r = person_first_without_credential(db, &who, e);
	if (r <= 0)
		return r;
	if (change_begin(db, (struct actor){ACTOR_SYSTEM, 0}, CHANGE_HOUSEKEEPING, &c, e) < 0 ||
	    sign_in_link_new(c, a, who, LINK_FIRST, ret_token, e) < 0)
		return err_code(e);
	return change_commit(&c, e);
}
