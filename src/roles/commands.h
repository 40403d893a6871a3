/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * commands - what geleitd does besides serving: init, check, fsck, config-check, master-key
 *
 * Each runs as the caller (root or the one user), needs no server, prints one
 * line on stderr when it fails and returns the exit code of docs/man/geleitd.8.
 *
 * Layer: roles.
 */
#pragma once

#include "base/base.h"

struct arena;
struct conf;
struct error;
struct vault;

/* What run and init are told; options given win and are kept. */
struct run_options {
	const char *dir;
	const char *listen, *url, *db; /* NULL: as kept in DIR, or the defaults */
	const char *const *set;        /* "NAME=VALUE" */
	size_t set_count;
};
/* Put them into the text of a configuration.  Errors: ERR_INVALID. */
NODISCARD int options_apply(
    struct arena *a, const struct run_options *o, struct str *text, struct error *e);

/*
 * Make DIR where it is new: folders (blobs/00..ff, parts, db, keys, tls, run),
 * geleit.conf, keys/master.key (32 bytes, 0400), both databases, the check
 * value, a certificate for the URL's host, localhost and 127.0.0.1, the first
 * person and admin.key (0600, scope all).  An existing Geleit DIR: nothing.
 * As root, owners and groups are set for the role users.
 * Errors: ERR_EXISTS "foreign-dir" (not empty and not ours), ERR_DENIED.
 */
NODISCARD int init_dir(const struct run_options *o, struct error *e);
/* It has its geleit.conf, so init_dir would do nothing. */
bool init_is_done(const char *dir);
/* Only look whether init_dir could: absent, empty or ours.  Errors: as init_dir. */
NODISCARD int init_look(const char *dir, struct error *e);

/*
 * Before serving: right master key, schema not newer, migrations run.
 * Writes nothing when it refuses: ERR_DENIED "wrong-master-key",
 * ERR_CONFLICT "schema-newer".
 */
NODISCARD int check_before_start(const struct conf *conf, const struct vault *v, struct error *e);
/* --set wins: what was set in the app under these names is taken away.  NULL ends them. */
NODISCARD int settings_given(
    struct arena *a, const struct conf *conf, char *const *names, struct error *e);
/*
 * While no administrator can sign in: the token of a new one-time link (the one
 * of an earlier start ends), else "".
 */
NODISCARD int first_sign_in(
    struct arena *a, const struct conf *conf, struct str *ret_token, struct error *e);

int command_fsck(const char *dir, bool json);              /* 0, 1, 6 */
int command_config_check(const char *dir, bool json);      /* 0, 1, 6 */
int command_master_key(const char *dir, const char *what); /* 0, 1, 2 */
