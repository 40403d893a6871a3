/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * words - see words.h
 */
#include "cli/words.h"

#include <unistd.h>

#include "base/str.h"
#include "base/time.h"
#include "cli/tus.h"
#include "http/http.h"
#include "text/json.h"

struct str
path_word(struct cli *c, const char *word)
{
	struct str s;

	http_percent_encode(c->a, str_c(word), &s);
	return s;
}

int
word_is_date(struct cli *c, const char *option)
{
	const char *value = arg_value(c->args, option);
	int64_t us;

	if (value == NULL || time_parse_human(str_c(value), time_now_us(), "UTC", &us))
		return 0;
	return cli_usage(c, "%s: %s is no date (2026-12-31, 2026-12-31T18:00:00Z, or 14d, 2h, 30m)",
	    option, value);
}

int
word_is_one_of(struct cli *c, const char *option, const char *const *words)
{
	const char *value = arg_value(c->args, option);
	struct str all = S("");

	for (size_t i = 0; value != NULL && words[i] != NULL; i++) {
		if (strcmp(value, words[i]) == 0)
			return 0;
		all = arena_printf(c->a, "%.*s%s%s", STR(all), i > 0 ? ", " : "", words[i]);
	}
	return value == NULL ? 0 : cli_usage(c, "%s: %s is none of %.*s", option, value, STR(all));
}

int
word_is_number(struct cli *c, const char *option)
{
	const char *value = arg_value(c->args, option);
	int64_t n;

	if (value == NULL || (str_i64(str_c(value), &n) && n >= 0))
		return 0;
	return cli_usage(c, "%s: %s is no number", option, value);
}

void
put_option(struct cli *c, struct js *j, const char *option, const char *key)
{
	const char *value = arg_value(c->args, option);

	if (value != NULL)
		js_kv_str(j, key, str_c(value));
}

void
put_number(struct cli *c, struct js *j, const char *option, const char *key)
{
	const char *value = arg_value(c->args, option);
	int64_t n;

	if (value != NULL && str_i64(str_c(value), &n))
		js_kv_int(j, key, n);
}

void
put_options(struct cli *c, struct js *j, const char *option, const char *key)
{
	const char *value;
	size_t at = 0;

	js_key(j, key);
	js_list(j);
	while ((value = arg_next(c->args, option, &at)) != NULL)
		js_str(j, str_c(value));
	js_list_end(j);
}

/* Nothing is uploaded before every operand is known to be a file or an id. */
static int
check_operands(struct cli *c)
{
	int64_t id;

	for (size_t i = 0; i < c->args->operand_count; i++) {
		const char *word = c->args->operands[i];

		if (access(word, F_OK) != 0 && !id_parse(str_c(word), &id))
			return cli_fail(c, CLI_FAILED, "unreadable",
			    "%s: there is no such file, and it is no id", word);
	}
	return 0;
}

int
files_of_operands(struct cli *c, bool cleared, struct files *ret)
{
	const struct tus_options options = {.cleared = cleared};
	int r = check_operands(c);

	*ret = (struct files){.ids = ARENA_ARRAY(c->a, struct str, c->args->operand_count)};
	for (size_t i = 0; r == 0 && i < c->args->operand_count; i++) {
		const char *word = c->args->operands[i];
		struct uploaded up = {.asset = str_c(word)};

		if (access(word, F_OK) == 0)
			r = tus_upload(c, word, &options, &up);
		ret->ids[ret->count++] = up.asset;
	}
	return r;
}
