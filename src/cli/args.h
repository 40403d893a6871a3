/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * args - the arguments of a command, parsed by its table
 *
 * --name VALUE and --name=VALUE are the same; "--" ends the options; --dir and
 * --json stand anywhere.  An option is given once unless its row says more; what
 * no row names is refused.
 *
 * Layer: cli.
 */
#pragma once

#include "base/base.h"

struct cli;

struct arg_option {
	const char *name; /* "--to" */
	bool takes_value, repeats, is_needed;
};
#define COMMAND_OPTIONS 10
struct command {
	const char *words; /* "key create" */
	const char *usage; /* what follows the words */
	int (*run)(struct cli *c);
	int least, most; /* operands */
	struct arg_option options[COMMAND_OPTIONS];
};

#define ARGS_MOST 1024
struct args {
	const struct command *command;
	const char *dir;
	bool json;
	size_t count, operand_count;
	struct {
		const char *name, *value;
	} given[ARGS_MOST];
	const char *operands[ARGS_MOST];
};

/* False: what is wrong, as one line. */
bool args_parse(const struct command *commands, size_t n, int argc, char **argv, struct args *ret,
    char *ret_wrong, size_t wrong_bytes);
/* The value of an option, NULL when it was not given; "" for one without value. */
const char *arg_value(const struct args *a, const char *name);
/* The values of a repeated one, from *at = 0 on; NULL at the end. */
const char *arg_next(const struct args *a, const char *name, size_t *at);
