/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * master_key - kit, lock, unlock, restore: the administrator's hand on the master key
 *
 * Who loses this key loses every file, so it can be written down (kit) and put back
 * (restore: only the key of this database is taken).  Locked, it needs a passphrase at
 * each start.  The key itself never changes here, and a running server is not touched.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "crypto/master_key.h"
#include "crypto/password.h"
#include "db/db.h"
#include "model/keyring.h"
#include "os/file.h"
#include "roles/commands.h"
#include "roles/database.h"
#include "roles/unlock.h"

#define KIT_TEXT_MOST 65536

struct hand {
	struct arena *a;
	struct str dir;
	uint8_t key[MASTER_KEY_BYTES];
};

static int
keep(struct hand *h, struct str file, struct error *e)
{
	return file_replace(master_key_path(h->a, h->dir).p, file, 0400, e);
}

static int
keep_plain(struct hand *h, struct error *e)
{
	return keep(h, (struct str){(const char *)h->key, sizeof h->key}, e);
}

static int
kit(struct hand *h, struct error *e)
{
	struct str day;

	if (master_key_read(h->a, h->dir, h->key, e) < 0)
		return err_code(e);
	day = str_head(time_rfc3339(h->a, time_now_us()), 10);
	printf("Geleit recovery kit, %.*s\n\n"
	       "The master key of %.*s. Print it and lock it away, apart from the server and its\n"
	       "backups: with it and a backup everything can be read, without it nothing.\n"
	       "Put it back with: geleit master-key restore\n\n%.*s",
	    STR(day), STR(h->dir), STR(master_key_kit(h->a, h->key)));
	return 0;
}

static int
lock(struct hand *h, struct error *e)
{
	struct str first, again, file;

	if (master_key_read(h->a, h->dir, h->key, e) < 0 ||
	    passphrase_ask(h->a, "New passphrase", &first, e) < 0)
		return err_code(e);
	if (!password_is_fit(first))
		return err_set(e, ERR_INVALID,
		    "a passphrase has at least %d characters, not all the same", PASSWORD_LEAST);
	if (passphrase_ask(h->a, "Again", &again, e) < 0)
		return err_code(e);
	if (!str_eq(first, again))
		return err_set(e, ERR_INVALID, "these are two passphrases; nothing was changed");
	if (master_key_lock(h->a, h->key, first, &file, e) < 0)
		return err_code(e);
	return keep(h, file, e);
}

static int
unlock(struct hand *h, struct error *e)
{
	if (master_key_read(h->a, h->dir, h->key, e) < 0)
		return err_code(e);
	return keep_plain(h, e);
}

/* A kit of another server would be noticed at the next start only. */
static int
is_of_this_database(struct hand *h, struct error *e)
{
	AUTO(db_close) struct db *keys = NULL;
	AUTO(vault_free) struct vault *v = NULL;
	struct str text;
	struct conf conf;
	uint8_t value[16];

	if (conf_load(h->a, h->dir, &conf, &text, e) < 0 || vault_new(h->key, &v, e) < 0 ||
	    database_open(&conf, true, &keys, e) < 0)
		return err_code(e);
	vault_check_value(v, value);
	return keyring_check(keys, value, false, e);
}

static int
restore(struct hand *h, struct error *e)
{
	struct str text;

	if (isatty(STDIN_FILENO))
		fputs("Type the four lines of the recovery kit, then Ctrl-D:\n", stderr);
	if (fd_read_all(h->a, STDIN_FILENO, KIT_TEXT_MOST, &text, e) < 0 ||
	    master_key_of_kit(text, h->key, e) < 0 || is_of_this_database(h, e) < 0)
		return err_code(e);
	return keep_plain(h, e);
}

static const struct {
	const char *name;
	int (*run)(struct hand *h, struct error *e);
} hands[] = {{"kit", kit}, {"lock", lock}, {"unlock", unlock}, {"restore", restore}};

int
command_master_key(const char *dir, const char *what)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct hand h = {.a = a, .dir = arena_str(a, str_c(dir))};
	struct error e;
	int r;

	for (size_t i = 0; i < ARRAY_LEN(hands); i++) {
		if (strcmp(hands[i].name, what) != 0)
			continue;
		r = hands[i].run(&h, &e);
		explicit_bzero(h.key, sizeof h.key);
		if (r < 0)
			fprintf(stderr, "geleitd: %s\n", e.msg);
		return r < 0 ? 1 : 0;
	}
	fputs("usage: geleit master-key kit | lock | unlock | restore\n", stderr);
	return 2;
}
