/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cli_test - arguments in every order, and what the output says
 *
 * What needs a server is in tests/cli_test.py.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define ARGV_MOST 16

/* stderr into a file, back and read: what was said to the user. */
struct ear {
	FILE *file;
	int stderr_was;
};

static void
ear_open(struct ear *ear)
{
	fflush(stderr);
	ear->file = tmpfile();
	assert_non_null(ear->file);
	ear->stderr_was = dup(STDERR_FILENO);
	assert_true(dup2(fileno(ear->file), STDERR_FILENO) >= 0);
}

static const char *
ear_close(struct ear *ear, struct cli *c)
{
	char text[8192];
	ssize_t n;

	fflush(stderr);
	dup2(ear->stderr_was, STDERR_FILENO);
	close(ear->stderr_was);
	n = pread(fileno(ear->file), text, sizeof text, 0);
	fclose(ear->file);
	assert_true(n >= 0);
	return arena_cstr(c->a, (struct str){text, (size_t)n});
}

struct parsed {
	const char *name;
	struct list *to, *operands;
	bool flag;
};

/* Words separated by '|'; the empty word is allowed. */
static int
words(struct cli *c, const char *line, char **argv)
{
	struct str rest = str_c(line);
	int n = 0;

	argv[n++] = (char *)"command";
	while (rest.p != NULL && n < ARGV_MOST - 1)
		argv[n++] = arena_cstr(c->a, str_cut(rest, '|', &rest));
	argv[n] = NULL;
	return n;
}

static bool
parse(struct cli *c, const char *line, struct parsed *p)
{
	char *argv[ARGV_MOST];
	int argc = words(c, line, argv);

	*p = (struct parsed){
	    .to = ARENA_NEW(c->a, struct list), .operands = ARENA_NEW(c->a, struct list)};
	const struct option_row rows[] = {{"--name", &p->name, NULL, NULL},
	    {"--to", NULL, p->to, NULL}, {"--flag", NULL, NULL, &p->flag}};
	return args_parse(c, argc, argv, rows, ARRAY_LEN(rows), p->operands);
}

static int
setup(void **state)
{
	static struct cli c; /* cmocka wants a place that outlives this function */

	c = (struct cli){.dir = "var", .a = arena_new()};
	*state = &c;
	return 0;
}

static int
teardown(void **state)
{
	struct cli *c = *state;

	arena_free(&c->a);
	return 0;
}

static void
test_order_is_free(void **state)
{
	static const char *const lines[] = {
	    "a|b|--to|x|--to|y|--name|n|--flag",
	    "--flag|--name=n|a|--to=x|b|--to|y",
	    "--to|x|--flag|--to=y|--name|n|--|a|b",
	};
	struct parsed p;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		assert_true(parse(*state, lines[i], &p));
		assert_string_equal(p.name, "n");
		assert_true(p.flag);
		assert_int_equal(p.to->n, 2);
		assert_string_equal(p.to->v[0], "x");
		assert_string_equal(p.to->v[1], "y");
		assert_int_equal(p.operands->n, 2);
		assert_string_equal(p.operands->v[0], "a");
		assert_string_equal(p.operands->v[1], "b");
	}
}

static void
test_values_that_look_like_options(void **state)
{
	struct parsed p;

	assert_true(parse(*state, "--name|--to|--to||-|--|--flag", &p));
	assert_string_equal(p.name, "--to");
	assert_string_equal(p.to->v[0], "");
	assert_false(p.flag);
	assert_string_equal(p.operands->v[0], "-");
	assert_string_equal(p.operands->v[1], "--flag");
	assert_true(parse(*state, "--name=", &p));
	assert_string_equal(p.name, "");
	assert_true(parse(*state, "--name|a|--name|b", &p));
	assert_string_equal(p.name, "b");
	assert_true(parse(*state, "--name=a=b", &p));
	assert_string_equal(p.name, "a=b");
}

static void
test_wrong_use_is_one_line(void **state)
{
	static const struct {
		const char *line, *says;
	} wrong[] = {
	    {"--nam|n", "geleit: --nam: no such option\n"},
	    {"--names|n", "geleit: --names: no such option\n"},
	    {"-n", "geleit: -n: no such option\n"},
	    {"a|--name", "geleit: --name: a value is missing\n"},
	    {"--to|x|--to", "geleit: --to: a value is missing\n"},
	    {"--flag=yes", "geleit: --flag=yes: takes no value\n"},
	};
	struct cli *c = *state;
	struct parsed p;
	struct ear ear;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		bool ok;

		ear_open(&ear);
		ok = parse(c, wrong[i].line, &p);
		assert_string_equal(ear_close(&ear, c), wrong[i].says);
		assert_false(ok);
	}
}

static void
test_operands_nobody_wants(void **state)
{
	char *argv[ARGV_MOST];
	struct cli *c = *state;
	struct ear ear;
	bool ok;

	ear_open(&ear);
	ok = args_parse(c, words(c, "more", argv), argv, NULL, 0, NULL);
	assert_string_equal(ear_close(&ear, c), "geleit: more: not expected here\n");
	assert_false(ok);
}

static void
test_dir_and_json_stand_anywhere(void **state)
{
	static const char *const lines[] = {
	    "--json|--dir|d|status|x", "status|--dir=d|x|--json", "status|x|--json|--dir|d"};
	char *argv[ARGV_MOST];
	struct cli *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		c->json = false;
		c->dir = "var";
		assert_int_equal(args_take_common(c, words(c, lines[i], argv), argv), 3);
		assert_true(c->json);
		assert_string_equal(c->dir, "d");
		assert_string_equal(argv[1], "status");
		assert_string_equal(argv[2], "x");
		assert_null(argv[3]);
	}
}

static void
test_after_two_dashes_nothing_is_an_option(void **state)
{
	char *argv[ARGV_MOST];
	struct cli *c = *state;

	assert_int_equal(args_take_common(c, words(c, "upload|--|--json|--dir", argv), argv), 5);
	assert_false(c->json);
	assert_string_equal(c->dir, "var");
	assert_string_equal(argv[3], "--json");
}

static void
test_dir_without_a_value(void **state)
{
	static const char *const lines[] = {"status|--dir", "status|--dir="};
	char *argv[ARGV_MOST];
	struct cli *c = *state;
	struct ear ear;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		int n;

		c->dir = "var";
		ear_open(&ear);
		n = args_take_common(c, words(c, lines[i], argv), argv);
		assert_string_equal(ear_close(&ear, c), "geleit: --dir: a value is missing\n");
		assert_int_equal(n, -1);
	}
}

static void
test_numbers(void **state)
{
	static const char *const bad[] = {
	    "", "-1", "1.5", "11", "0x1", " 1", "1 ", "99999999999999999999"};
	int64_t n = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(args_number(bad[i], 10, &n));
	assert_true(args_number("0", 10, &n));
	assert_int_equal(n, 0);
	assert_true(args_number("10", 10, &n));
	assert_int_equal(n, 10);
}

static void
test_an_error_is_a_line_or_a_problem(void **state)
{
	struct cli *c = *state;
	struct json_object *o;
	struct ear ear;
	int r;

	ear_open(&ear);
	r = cli_error(c, EXIT_FAILED, "file", "%s is not a file", "x\"y");
	assert_string_equal(ear_close(&ear, c), "geleit: x\"y is not a file\n");
	assert_int_equal(r, EXIT_FAILED);
	ear_open(&ear);
	r = usage(c, "delivery NUMBER");
	assert_string_equal(ear_close(&ear, c), "usage: geleit delivery NUMBER\n");
	assert_int_equal(r, EXIT_USAGE);
	c->json = true;
	ear_open(&ear);
	cli_error(c, EXIT_FAILED, "file", "%s is not a file", "x\"y");
	o = json_tokener_parse(ear_close(&ear, c));
	assert_string_equal(member(o, "type"), "urn:geleit:problem:file");
	assert_string_equal(member(o, "code"), "file");
	assert_string_equal(member(o, "status"), "0");
	assert_string_equal(member(o, "title"), "x\"y is not a file");
	assert_string_equal(member(o, "detail"), "x\"y is not a file");
	json_object_put(o);
}

static void
test_reasons_have_words(void **state)
{
	struct cli *c = *state;
	struct json_object *o = json_tokener_parse(
	    "{\"state\":\"blocked\",\"reasons\":[{\"code\":\"release-draft\"},"
	    "{\"code\":\"embargo\",\"date\":\"2026-12-01T22:59:59Z\"},{\"code\":\"new-code\"}]}");

	assert_string_equal(arena_cstr(c->a, line_reasons(c, o)),
	    "is a draft (release-draft), is under embargo (embargo, 2026-12-01T22:59:59Z), "
	    "new-code");
	assert_false(line_may_go(o));
	json_object_put(o);
	o = json_tokener_parse("{\"state\":\"conditions\"}");
	assert_int_equal(line_reasons(c, o).n, 0);
	assert_true(line_may_go(o));
	json_object_put(o);
}

/* Answers of every status become the exit code of docs/user/commandline.md, in one line each. */
static void
test_answers_become_exit_codes(void **state)
{
	static const struct {
		long status;
		int exit_code;
	} rows[] = {{400, EXIT_FAILED}, {401, EXIT_REFUSED}, {403, EXIT_REFUSED},
	    {404, EXIT_NOT_FOUND}, {409, EXIT_FAILED}, {413, EXIT_FAILED}, {500, EXIT_FAILED}};
	struct cli *c = *state;
	struct ear ear;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct answer a = {.status = rows[i].status,
		    .doc = json_tokener_parse("{\"title\":\"T\",\"detail\":\"d\",\"code\":\"x\"}")};
		int r;

		ear_open(&ear);
		r = cli_fail(c, &a);
		assert_string_equal(ear_close(&ear, c), "geleit: T: d\n");
		assert_int_equal(r, rows[i].exit_code);
		answer_free(&a);
	}
}

static void
test_refused_lines_are_a_line_each(void **state)
{
	struct cli *c = *state;
	struct answer a = {.status = 403,
	    .doc = json_tokener_parse(
	        "{\"title\":\"T\",\"code\":\"not-cleared\",\"lines\":["
	        "{\"asset\":\"7\",\"address\":\"a@b.example\",\"state\":\"cleared\",\"reasons\":[]}"
	        ","
	        "{\"asset\":\"8\",\"address\":\"a@b.example\",\"state\":\"blocked\","
	        "\"reasons\":[{\"code\":\"release-blocked\"}]}]}")};
	struct ear ear;
	int r;

	ear_open(&ear);
	r = cli_fail(c, &a);
	assert_string_equal(ear_close(&ear, c),
	    "geleit: 8 to a@b.example: blocked: is blocked (release-blocked)\n");
	assert_int_equal(r, EXIT_REFUSED);
	answer_free(&a);
}

static void
test_lists_and_texts_of_a_request(void **state)
{
	struct json_object *o = json_object_new_object();
	struct list *l = ARENA_NEW(((struct cli *)*state)->a, struct list);

	put_text(o, "no", NULL);
	put_text(o, "empty", "");
	put_list(o, "none", l);
	l->v[l->n++] = "x";
	put_list(o, "list", l);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
	    "{\"empty\":\"\",\"list\":[\"x\"]}");
	assert_int_equal(list_length(member_list(o, "list")), 1);
	assert_null(member_list(o, "empty"));
	assert_int_equal(list_length(NULL), 0);
	assert_string_equal(member(o, "absent"), "");
	json_object_put(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(test_order_is_free),
	    T(test_values_that_look_like_options),
	    T(test_wrong_use_is_one_line),
	    T(test_operands_nobody_wants),
	    T(test_dir_and_json_stand_anywhere),
	    T(test_after_two_dashes_nothing_is_an_option),
	    T(test_dir_without_a_value),
	    T(test_numbers),
	    T(test_an_error_is_a_line_or_a_problem),
	    T(test_reasons_have_words),
	    T(test_answers_become_exit_codes),
	    T(test_refused_lines_are_a_line_each),
	    T(test_lists_and_texts_of_a_request),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
