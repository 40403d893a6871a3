/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cli - what the subcommands of geleit share
 *
 * Each subcommand is one function: check the arguments, ask the server, say the
 * result.  It returns the exit code of docs/user/commandline.md.  With
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
	EXIT_REFUSED = 5
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
/*
 * Options in any order, operands to `operands` (NULL: none expected).
 * False after one line that says what is wrong; the command is then over.
 */
bool args_parse(struct cli *c, int argc, char **argv, const struct option_row *rows, size_t n,
    struct list *operands);
/* EXIT_USAGE after one line that says how the command is called. */
int usage(struct cli *c, const char *line);

/*
 * Take --dir and --json out, wherever they stand before "--"; the new argc, or
 * -1 after saying what is wrong.
 */
int args_take_common(struct cli *c, int argc, char **argv);
/* A whole number from 0 to most. */
bool args_number(const char *text, int64_t most, int64_t *ret);

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
/*
 * POST what must not happen twice: under one Idempotency-Key, asked again for
 * some seconds while the answer is lost or the server says that it is busy.
 */
int cli_ask_once(struct cli *c, struct str path, struct json_object *body, struct answer *ret);
/* Ask, print the document with --json, return the exit code; *ret for text, freed by the caller. */
int cli_simple(struct cli *c, const char *method, struct str path, struct json_object *body,
    struct answer *ret);
/* What follows an answer: its document with --json, or why it is no success. */
int cli_finish(struct cli *c, const struct answer *r);
struct str url_part(struct cli *c, const char *text); /* percent-encoded */
static inline bool
is_success(const struct answer *r)
{
	return r->status >= 200 && r->status < 300;
}

/* ---- output (output.c) ---- */

/* The exit code for an answer that is no success; says why. */
int cli_fail(struct cli *c, const struct answer *r);
/* An error of our own, in the form that was asked for. */
int cli_error(struct cli *c, int exit_code, const char *code, const char *fmt, ...) PRINTF(4, 5);
void print_json(struct json_object *o);
/* Text of a member, "" when absent or null. */
const char *member(struct json_object *o, const char *name);
/* An array member; NULL when absent or no array. */
struct json_object *member_list(struct json_object *o, const char *name);
size_t list_length(struct json_object *list); /* 0 for NULL */
/* Does a line of check say that the file may go? */
bool line_may_go(struct json_object *line);
/* Why, in words, each with its code and date: "is a draft (release-draft)"; "" without reasons. */
struct str line_reasons(struct cli *c, struct json_object *line);
/* Members of a request: left out when NULL or empty. */
void put_text(struct json_object *o, const char *name, const char *value);
void put_list(struct json_object *o, const char *name, const struct list *l);

/* ---- uploads (upload.c) ---- */

struct uploaded {
	const char *asset, *version, *name, *sha256;
	int64_t bytes;
};
/* Does it exist, or is it no number?  Else an operand is an asset id. */
bool is_path(const char *operand);
/* Can it be read as a file? 0, or an exit code after saying why not. */
int upload_probe(struct cli *c, const char *path);
/* Upload one file and wait until it is ready. 0, or an exit code after saying why. */
int upload_file(
    struct cli *c, const char *path, const char *folder, bool cleared, struct uploaded *ret);
/*
 * Operands of check and send: paths are uploaded, the rest are asset ids. A
 * JSON array of ids, the caller's. Nothing is uploaded while one path is unreadable.
 */
int operands_to_assets(
    struct cli *c, const struct list *operands, bool cleared, struct json_object **ret);

/* ---- subcommands ---- */
int command_local(struct cli *c, int argc, char **argv); /* init, config check, fsck */
int command_status(struct cli *c, int argc, char **argv);
int command_jobs(struct cli *c, int argc, char **argv);
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
