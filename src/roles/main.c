/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * main - geleitd: which of its commands was meant
 *
 *	geleitd run --dir DIR [--listen HOST:PORT] [--url URL] [--db DB] [--set NAME=VALUE]...
 *	geleitd init --dir DIR [the same]
 *	geleitd fsck --dir DIR [--json]
 *	geleitd config-check --dir DIR [--json]
 *	geleitd master-key kit|lock|unlock|restore --dir DIR
 *	geleitd -x ROLE DIR     by master alone; -x check DIR [NAME]... before the start
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"
#include "os/ipc.h"
#include "roles/commands.h"
#include "roles/owners.h"
#include "roles/role.h"
#include "roles/unlock.h"

#define SETS_MOST 64
#define CONF_FD 4 /* of -x check */
#define KEY_WAIT_MS 5000

struct options {
	struct run_options run;
	const char *sets[SETS_MOST];
	bool json;
};

static int
usage(void)
{
	fputs("usage: geleitd run|init|fsck|config-check|master-key WHAT --dir DIR [--listen "
	      "HOST:PORT] [--url URL] "
	      "[--db sqlite|postgresql://...] [--set NAME=VALUE]... [--json]\n",
	    stderr);
	return 2;
}

/* Where the value of an option goes; NULL: no such option. */
static const char **
place_of(struct options *o, const char *name)
{
	if (strcmp(name, "--dir") == 0)
		return &o->run.dir;
	if (strcmp(name, "--listen") == 0)
		return &o->run.listen;
	if (strcmp(name, "--url") == 0)
		return &o->run.url;
	if (strcmp(name, "--db") == 0)
		return &o->run.db;
	if (strcmp(name, "--set") == 0 && o->run.set_count < SETS_MOST)
		return &o->sets[o->run.set_count++];
	return NULL;
}

static bool
parse(int argc, char **argv, int first, struct options *o)
{
	o->run = (struct run_options){.dir = "var", .set = o->sets};
	for (int i = first; i < argc; i++) {
		const char **place;

		if (strcmp(argv[i], "--json") == 0) {
			o->json = true;
			continue;
		}
		place = place_of(o, argv[i]);
		if (place == NULL || ++i >= argc)
			return false;
		*place = argv[i];
	}
	return true;
}

/* A DIR that is complete, such as one brought back from a backup, gets its owners and modes again.
 */
static int
command_init(const struct options *o)
{
	AUTO(arena_free) struct arena *a = arena_new();
	bool is_new = !init_is_done(o->run.dir);
	struct error e;

	if ((is_new ? init_dir(&o->run, &e) : owners_mend(a, o->run.dir, &e)) < 0) {
		fprintf(stderr, "geleitd: %s\n", e.msg);
		return 1;
	}
	/* on paper, not into somebody's log, and once */
	return is_new && !o->json && isatty(STDOUT_FILENO) ? command_master_key(o->run.dir, "kit")
	                                                   : 0;
}

/* master prints it once it serves. */
static int
tell(struct str token, struct error *e)
{
	if (token.n > 0 && send(CONTROL_FD, token.p, token.n, MSG_NOSIGNAL) < 0)
		return err_errno(e, "tell master");
	return 0;
}

static int
vault_from_master(struct vault **ret, struct error *e)
{
	AUTO(ipc_msg_close) struct ipc_msg m = {0};
	char space[LIMIT_MSG_BYTES];

	if (ipc_recv_wait(CONTROL_FD, space, KEY_WAIT_MS, &m, e) < 0)
		return err_code(e);
	return m.fd_count == 1 ? vault_of_fd(m.fds[0], ret, e)
	                       : err_set(e, ERR_PROTOCOL, "no master key");
}

/* The configuration this start would have is not in DIR yet: master hands it over. */
static int
command_check(const char *dir, char *const *given)
{
	AUTO(arena_free) struct arena *a = arena_new();
	AUTO(mapping_free) struct mapping map = {0};
	AUTO(vault_free) struct vault *v = NULL;
	struct conf conf;
	struct str token;
	struct error e;

	if (memfd_map(CONF_FD, LIMIT_CONF_BYTES, &map, &e) == 0 &&
	    conf_parse(a, arena_str(a, str_c(dir)), arena_str(a, (struct str){map.p, map.n}), &conf,
	        &e) == 0 &&
	    vault_from_master(&v, &e) == 0 && check_before_start(&conf, v, &e) == 0 &&
	    settings_given(a, &conf, given, &e) == 0 && first_sign_in(a, &conf, &token, &e) == 0 &&
	    tell(token, &e) == 0)
		return 0;
	fprintf(stderr, "geleitd: %s\n", e.msg);
	return 1;
}

int
main(int argc, char **argv)
{
	struct options o = {0};

	if (argc >= 4 && strcmp(argv[1], "-x") == 0 && strcmp(argv[2], "check") == 0)
		return command_check(argv[3], argv + 4);
	if (argc == 4 && strcmp(argv[1], "-x") == 0)
		return role_main(argv[2], argv[3]);
	if (argc > 2 && strcmp(argv[1], "master-key") == 0)
		return parse(argc, argv, 3, &o) ? command_master_key(o.run.dir, argv[2]) : usage();
	if (argc < 2 || !parse(argc, argv, 2, &o))
		return usage();
	if (strcmp(argv[1], "run") == 0)
		return master_run(&o.run);
	if (strcmp(argv[1], "init") == 0)
		return command_init(&o);
	if (strcmp(argv[1], "fsck") == 0)
		return command_fsck(o.run.dir, o.json);
	if (strcmp(argv[1], "config-check") == 0)
		return command_config_check(o.run.dir, o.json);
	return usage();
}
