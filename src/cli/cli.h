/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cli - what every command of geleit shares
 *
 * A command gets its parsed arguments, talks to the HTTP API, prints, and
 * returns the exit code of interface.md.  What went wrong is printed exactly
 * once, where it is noticed, by one of the cli_ functions here: one line for
 * people, the JSON problem with --json.  An api key is never printed but by
 * `key create`.
 *
 * Layer: cli.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "cli/args.h"

struct answer;
struct error;

enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_NO_SERVER = 3,
	CLI_NOT_FOUND = 4,
	CLI_REFUSED = 5,
};

struct cli {
	struct arena *a; /* lives as long as the program */
	const char *dir;
	bool json;
	const struct args *args;
};

/* Print and return the exit code. */
int cli_fail(const struct cli *c, int exit_code, const char *code, const char *fmt, ...)
    PRINTF(4, 5);
int cli_usage(const struct cli *c, const char *fmt, ...) PRINTF(2, 3);
/* An error of a lower layer: no server 3, everything else 1. */
int cli_error(const struct cli *c, const struct error *e);
/* A problem of the server: 404 is 4, 401 and 403 are 5, anything else 1. */
int cli_problem(const struct cli *c, const struct answer *r);

/* With --json: the answer's body on stdout. True when that was all there is to do. */
bool cli_json(const struct cli *c, struct str body);

/* One function per command, in the file named after it. */
int command_init(struct cli *c);
int command_config_check(struct cli *c);
int command_fsck(struct cli *c);
int command_status(struct cli *c);
int command_key_create(struct cli *c);
int command_upload(struct cli *c);
int command_asset_set(struct cli *c);
int command_release(struct cli *c);
int command_check(struct cli *c);
int command_send(struct cli *c);
int command_delivery(struct cli *c);
int command_deliveries(struct cli *c);
int command_revoke(struct cli *c);
int command_recipient_link(struct cli *c);
int command_history(struct cli *c);
int command_brand_set(struct cli *c);
int command_outbox(struct cli *c);
int command_outbox_show(struct cli *c);
