/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * args - see args.h
 */
#include "cli/args.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"

static const struct arg_option everywhere[] = {
    {"--dir", .takes_value = true},
    {"--json"},
};

/* What stands behind the words of a command, or NULL: "key create" in argv. */
static int
words_match(const char *words, int argc, char **argv)
{
	struct str rest = str_c(words);
	int n = 0;

	while (rest.p != NULL) {
		struct str word = str_cut(rest, ' ', &rest);

		if (n == argc || !str_eq_c(word, argv[n]))
			return 0;
		n++;
	}
	return n;
}

/* The command with the most words wins: "outbox show" goes before "outbox". */
static int
find_command(
    const struct command *commands, size_t n, int argc, char **argv, const struct command **ret)
{
	int best = 0;

	for (size_t i = 0; i < n; i++) {
		int words = words_match(commands[i].words, argc, argv);

		if (words > best) {
			best = words;
			*ret = &commands[i];
		}
	}
	return best;
}

static const struct arg_option *
find_in(const struct arg_option *list, size_t n, struct str name)
{
	for (size_t i = 0; i < n && list[i].name != NULL; i++) {
		if (str_eq_c(name, list[i].name))
			return &list[i];
	}
	return NULL;
}

static const struct arg_option *
find_option(const struct command *cmd, struct str name)
{
	const struct arg_option *o = find_in(everywhere, ARRAY_LEN(everywhere), name);

	return o != NULL || cmd == NULL ? o : find_in(cmd->options, COMMAND_OPTIONS, name);
}

struct reading {
	struct args *args;
	int argc;
	char **argv;
	int at;
	char *wrong;
	size_t wrong_bytes;
};

static bool
wrong(struct reading *r, const char *what, const char *about)
{
	snprintf(r->wrong, r->wrong_bytes, "%s %s", about, what);
	return false;
}

static bool
keep(struct reading *r, const struct arg_option *o, const char *value)
{
	struct args *a = r->args;

	if (!o->repeats && arg_value(a, o->name) != NULL)
		return wrong(r, "is given twice", o->name);
	if (a->count == ARGS_MOST)
		return wrong(r, "is one too many", o->name);
	a->given[a->count].name = o->name;
	a->given[a->count++].value = value;
	return true;
}

/* One option at r->at, with its value behind '=' or in the next argument. */
static bool
read_option(struct reading *r)
{
	const char *arg = r->argv[r->at++];
	struct str value, name = str_cut(str_c(arg), '=', &value);
	const struct arg_option *o = find_option(r->args->command, name);

	if (o == NULL)
		return wrong(r, "is no option here", arg);
	if (!o->takes_value)
		return value.p == NULL ? keep(r, o, "") : wrong(r, "takes no value", o->name);
	if (value.p != NULL)
		return keep(r, o, value.p);
	if (r->at == r->argc)
		return wrong(r, "needs a value", o->name);
	return keep(r, o, r->argv[r->at++]);
}

static bool
read_operand(struct reading *r)
{
	struct args *a = r->args;

	if (a->operand_count == ARGS_MOST)
		return wrong(r, "is one too many", r->argv[r->at]);
	a->operands[a->operand_count++] = r->argv[r->at++];
	return true;
}

/* Options before the command are those that stand everywhere. */
static bool
read_front(struct reading *r)
{
	while (r->at < r->argc && r->argv[r->at][0] == '-') {
		if (!read_option(r))
			return false;
	}
	return true;
}

static bool
read_rest(struct reading *r)
{
	bool options_over = false;

	while (r->at < r->argc) {
		const char *arg = r->argv[r->at];
		bool is_option = !options_over && arg[0] == '-' && arg[1] != '\0';

		if (is_option && strcmp(arg, "--") == 0) {
			options_over = true;
			r->at++;
		} else if (!(is_option ? read_option(r) : read_operand(r))) {
			return false;
		}
	}
	return true;
}

static bool
check_whole(struct reading *r)
{
	const struct command *cmd = r->args->command;
	int n = (int)r->args->operand_count;

	for (size_t i = 0; i < COMMAND_OPTIONS && cmd->options[i].name != NULL; i++) {
		if (cmd->options[i].is_needed && arg_value(r->args, cmd->options[i].name) == NULL)
			return wrong(r, "is missing", cmd->options[i].name);
	}
	if (n < cmd->least)
		return wrong(r, "needs more operands", cmd->words);
	if (n > cmd->most)
		return wrong(r, "is one too many", r->args->operands[cmd->most]);
	return true;
}

bool
args_parse(const struct command *commands, size_t n, int argc, char **argv, struct args *ret,
    char *ret_wrong, size_t wrong_bytes)
{
	struct reading r = {ret, argc, argv, 1, ret_wrong, wrong_bytes};
	int words;

	*ret = (struct args){0};
	if (!read_front(&r))
		return false;
	words = find_command(commands, n, argc - r.at, argv + r.at, &ret->command);
	ret->json = arg_value(ret, "--json") != NULL;
	if (words == 0)
		return r.at == argc ? wrong(&r, "is missing", "the command")
		                    : wrong(&r, "is no command", argv[r.at]);
	r.at += words;
	if (!read_rest(&r) || !check_whole(&r)) {
		ret->json = arg_value(ret, "--json") != NULL;
		return false;
	}
	ret->json = arg_value(ret, "--json") != NULL;
	ret->dir = arg_value(ret, "--dir");
	return true;
}

const char *
arg_value(const struct args *a, const char *name)
{
	size_t at = 0;

	return arg_next(a, name, &at);
}

const char *
arg_next(const struct args *a, const char *name, size_t *at)
{
	while (*at < a->count) {
		size_t i = (*at)++;

		if (strcmp(a->given[i].name, name) == 0)
			return a->given[i].value;
	}
	return NULL;
}
