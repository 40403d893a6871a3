/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * main - geleit, the command line over the HTTP API: which subcommand was meant
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct command {
	const char *name;
	int (*run)(struct cli *c, int argc, char **argv);
	const char *help;
} commands[] = {
    {"init", command_local, "make DIR"},
    {"config", command_local, "check: look at DIR's settings and rights"},
    {"fsck", command_local, "do database, keys and blobs agree?"},
    {"master-key", command_local, "kit | lock | unlock | restore"},
    {"status", command_status, "version, address and processes"},
    {"jobs", command_jobs, "work that was given up | again ID"},
    {"key", command_key, "create --name N --scope S[,S] [--expires D]"},
    {"upload", command_upload, "FILE... [--folder PATH]"},
    {"asset", command_asset,
        "set ASSET [--title T] [--class C] [--embargo D] [--expires D] [--keyword K]... [--note "
        "T]"},
    {"release", command_release,
        "ASSET draft|review|cleared|conditions|blocked [--until D] [--reason T] [--credit T] "
        "[--view-only]"},
    {"check", command_check, "FILE|ASSET... --to ADDR... [--method package]"},
    {"send", command_send,
        "FILE|ASSET... --to ADDR... [--release cleared] [--expires 14d] [--valid-from D] [--limit "
        "N] [--lang de|en] [--subject T] [--message T]"},
    {"delivery", command_delivery, "NUMBER [--recipient ADDR] [--until N]"},
    {"deliveries", command_deliveries, ""},
    {"revoke", command_revoke, "NUMBER [--recipient ADDR] [--reason T]"},
    {"recipient", command_recipient, "link NUMBER ADDR"},
    {"history", command_history, "ASSET"},
    {"brand", command_brand,
        "set [--name T] [--colour #RRGGBB] [--logo FILE] [--imprint T] [--privacy URL]"},
    {"outbox", command_outbox, "[--to ADDR] [--wait SECONDS] | show ID"},
};

static int
help(void)
{
	puts("usage: geleit [--dir DIR] [--json] COMMAND ...");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].help);
	return EXIT_DONE;
}

static int
run(struct cli *c, int argc, char **argv)
{
	if (argc < 2)
		return usage(c, "[--dir DIR] [--json] COMMAND ... (geleit --help lists them)");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return help();
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(c, argc - 1, argv + 1);
	}
	return cli_error(c, EXIT_USAGE, "usage", "no command is called %s", argv[1]);
}

int
main(int argc, char **argv)
{
	struct cli c = {.dir = "var", .a = arena_new()};
	int r = EXIT_USAGE;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	argc = args_take_common(&c, argc, argv);
	if (argc > 0)
		r = run(&c, argc, argv);
	/* a result that did not reach its reader is no success */
	if (fflush(stdout) != 0 && r == EXIT_DONE)
		r = cli_error(&c, EXIT_FAILED, "output", "the output cannot be written");
	curl_global_cleanup();
	arena_free(&c.a);
	return r;
}
