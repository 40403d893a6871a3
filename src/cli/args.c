/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * args - options in any order, "--name value" or "--name=value"; "--" ends them
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

int
usage(const char *line)
{
	fprintf(stderr, "usage: geleit %s\n", line);
	return EXIT_USAGE;
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
complain(const char *arg, const char *what)
{
	fprintf(stderr, "geleit: %s: %s\n", arg, what);
	return false;
}

static bool
put(const struct option_row *row, const char *value)
{
	if (row->list != NULL) {
		if (row->list->n == LIST_MOST)
			return complain(row->name, "too many");
		row->list->v[row->list->n++] = value;
		return true;
	}
	*row->value = value;
	return true;
}

bool
args_parse(int argc, char **argv, const struct option_row *rows, size_t n, struct list *operands)
{
	bool ended = false;

	for (int i = 1; i < argc; i++) {
		const struct option_row *row;
		const char *value = NULL;

		if (ended || argv[i][0] != '-' || strcmp(argv[i], "-") == 0) {
			if (operands == NULL || operands->n == LIST_MOST)
				return complain(argv[i], "not expected here");
			operands->v[operands->n++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			ended = true;
			continue;
		}
		row = find(rows, n, argv[i], &value);
		if (row == NULL)
			return complain(argv[i], "no such option");
		if (row->flag != NULL) {
			*row->flag = true;
			continue;
		}
		if (value == NULL && i + 1 >= argc)
			return complain(argv[i], "a value is missing");
		if (!put(row, value != NULL ? value : argv[++i]))
			return false;
	}
	return true;
}
