/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * args - options in any order, "--name value" or "--name=value"; "--" ends them
 *
 * Whatever is wrong is one line (one document with --json) and exit code 2.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

int
usage(struct cli *c, const char *line)
{
	return cli_error(c, EXIT_USAGE, "usage", "usage: geleit %s", line);
}

static bool
complain(struct cli *c, const char *arg, const char *what)
{
	cli_error(c, EXIT_USAGE, "usage", "%s: %s", arg, what);
	return false;
}

static const struct option_row *
find(const struct option_row *rows, size_t n, const char *arg, const char **ret_value)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(rows[i].name);

		if (strncmp(arg, rows[i].name, len) != 0)
			continue;
		*ret_value = arg[len] == '=' ? arg + len + 1 : NULL;
		if (arg[len] == '\0' || arg[len] == '=')
			return &rows[i];
	}
	return NULL;
}

static bool
put(struct cli *c, const struct option_row *row, const char *value)
{
	if (row->list != NULL) {
		if (row->list->n == LIST_MOST)
			return complain(c, row->name, "too many");
		row->list->v[row->list->n++] = value;
		return true;
	}
	*row->value = value; /* given twice: the last one holds */
	return true;
}

static bool
put_operand(struct cli *c, struct list *operands, const char *arg)
{
	if (operands == NULL)
		return complain(c, arg, "not expected here");
	if (operands->n == LIST_MOST)
		return complain(c, arg, "too many");
	operands->v[operands->n++] = arg;
	return true;
}

bool
args_parse(struct cli *c, int argc, char **argv, const struct option_row *rows, size_t n,
    struct list *operands)
{
	bool ended = false;

	for (int i = 1; i < argc; i++) {
		const struct option_row *row;
		const char *value = NULL;

		if (!ended && strcmp(argv[i], "--") == 0) {
			ended = true;
			continue;
		}
		if (ended || argv[i][0] != '-' || argv[i][1] == '\0') {
			if (!put_operand(c, operands, argv[i]))
				return false;
			continue;
		}
		row = find(rows, n, argv[i], &value);
		if (row == NULL)
			return complain(c, argv[i], "no such option");
		if (row->flag != NULL) {
			if (value != NULL)
				return complain(c, argv[i], "takes no value");
			*row->flag = true;
			continue;
		}
		if (value == NULL && i + 1 >= argc)
			return complain(c, argv[i], "a value is missing");
		if (!put(c, row, value != NULL ? value : argv[++i]))
			return false;
	}
	return true;
}

int
args_take_common(struct cli *c, int argc, char **argv)
{
	bool ended = false, dir_bare = false;
	int n = 1;

	for (int i = 1; i < argc; i++) {
		ended = ended || strcmp(argv[i], "--") == 0;
		if (!ended && strcmp(argv[i], "--json") == 0)
			c->json = true;
		else if (!ended && strcmp(argv[i], "--dir") == 0 && i + 1 < argc)
			c->dir = argv[++i];
		else if (!ended && strcmp(argv[i], "--dir") == 0)
			dir_bare = true;
		else if (!ended && strncmp(argv[i], "--dir=", 6) == 0)
			c->dir = argv[i] + 6;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	if (dir_bare || c->dir[0] == '\0') {
		complain(c, "--dir", "a value is missing");
		return -1;
	}
	return n;
}

bool
args_number(const char *text, int64_t most, int64_t *ret)
{
	return str_i64(str_c(text), ret) && *ret >= 0 && *ret <= most;
}
