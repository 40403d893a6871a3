/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * words - what stands on a command line: checked before anybody is asked, and
 * put into requests
 *
 * Each check prints and returns CLI_USAGE when it refuses, 0 otherwise.
 *
 * Layer: cli.
 */
#pragma once

#include "cli/cli.h"

struct js;

/* An operand as a segment of a path. */
struct str path_word(struct cli *c, const char *word);

/* A date as the server takes it: RFC 3339, N(m|h|d), YYYY-MM-DD. NULL is fine. */
NODISCARD int word_is_date(struct cli *c, const char *option);
/* One of `words` (ends with NULL). NULL is fine. */
NODISCARD int word_is_one_of(struct cli *c, const char *option, const char *const *words);
/* Digits. NULL is fine. */
NODISCARD int word_is_number(struct cli *c, const char *option);

/* A member from an option: left out when the option was not given. */
void put_option(struct cli *c, struct js *j, const char *option, const char *key);
void put_number(struct cli *c, struct js *j, const char *option, const char *key);
/* A list of texts from a repeated option. */
void put_options(struct cli *c, struct js *j, const char *option, const char *key);

/* Ids of files in the order of the operands; what is a path is uploaded first. */
struct files {
	size_t count;
	struct str *ids;
};
NODISCARD int files_of_operands(struct cli *c, bool cleared, struct files *ret);
