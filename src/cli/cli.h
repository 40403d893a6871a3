/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cli - what the subcommands of geleit share
 *
 * Each subcommand is a function in a file of its own: check the arguments, ask
 * the server, say the result.  It returns the exit code of interface.md.  With
 * --json the server's document is printed as it came; errors then go to stderr
 * as the problem document.
 *
 * Layer: cli.
 */
#pragma once

#include <json-c/json.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/str.h"

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHED = 3,
	EXIT_NOT_FOUND = 4,
	EXIT_REFUSED = 5,
	EXIT_FOUND = 6
};

struct cli {
	const char *dir;
	bool json;
	struct arena *a;            /* as long as the command runs */
	const char *url, *key, *ca; /* set by cli_connect */
};

/* ---- arguments (args.c) ---- */

#define LIST_MOST 4096
struct list {
	const char *v[LIST_MOST];
	size_t n;
};
/* One option; exactly one of the three places is set. */
struct option_row {
	const char *name; /* "--to" */
	const char **value;
	struct list *list; /* repeats */
	bool *flag;
};
/* Options in any order, operands to `operands`. Says what is wrong and returns false. */
bool args_parse(
    int argc, char **argv, const struct option_row *rows, size_t n, struct list *operands);
int usage(const char *line);

/* ---- the server (http.c) ---- */

struct answer {
	long status; /* 0: not reached */
	struct str body;
	struct json_object *doc;                     /* parsed body or NULL; freed by answer_free */
	struct str asset, version, location, offset; /* header fields of tus, "" absent */
};
void answer_free(struct answer *r);
/* 0, or an exit code after saying why (DIR without key, ...). */
int cli_connect(struct cli *c);
/* body NULL: none. 0, or EXIT_UNREACHED after saying so. */
int cli_ask(struct cli *c, const char *method, struct str path, struct json_object *body,
    struct answer *ret);
/* The exit code for an answer that is no success; says why. */
int cli_fail(struct cli *c, const struct answer *r);
/* An error of our own, in the form that was asked for. */
int cli_error(struct cli *c, int exit_code, const char *code, const char *fmt, ...) PRINTF(4, 5);
static inline bool
is_success(const struct answer *r)
{
	return r->status >= 200 && r->status < 300;
}

/* ---- output ---- */

void print_json(struct json_object *o);
/* Text of a member, "" when absent or null. */
const char *member(struct json_object *o, const char *name);
/* Ask, print the document (--json) or nothing, return the exit code; *ret for text output, freed by
 * the caller. */
int cli_simple(struct cli *c, const char *method, struct str path, struct json_object *body,
    struct answer *ret);
struct str url_part(struct cli *c, const char *text); /* percent-encoded */

/* ---- uploads (upload.c) ---- */

struct uploaded {
	const char *asset, *version, *name, *sha256;
	int64_t bytes;
};
/* Upload one file and wait until it is ready. 0, or an exit code after saying why. */
int upload_file(
    struct cli *c, const char *path, const char *folder, bool cleared, struct uploaded *ret);
/* Operands: paths are uploaded, the rest are asset ids. A JSON array of ids. */
int operands_to_assets(
    struct cli *c, const struct list *operands, bool cleared, struct json_object **ret);

/* ---- subcommands ---- */
int command_local(struct cli *c, int argc, char **argv); /* init, config check, fsck */
int command_status(struct cli *c, int argc, char **argv);
int command_key(struct cli *c, int argc, char **argv);
int command_upload(struct cli *c, int argc, char **argv);
int command_asset(struct cli *c, int argc, char **argv);
int command_release(struct cli *c, int argc, char **argv);
int command_check(struct cli *c, int argc, char **argv);
int command_send(struct cli *c, int argc, char **argv);
int command_delivery(struct cli *c, int argc, char **argv);
int command_deliveries(struct cli *c, int argc, char **argv);
int command_revoke(struct cli *c, int argc, char **argv);
int command_recipient(struct cli *c, int argc, char **argv);
int command_history(struct cli *c, int argc, char **argv);
int command_brand(struct cli *c, int argc, char **argv);
int command_outbox(struct cli *c, int argc, char **argv);
