/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * local - init, config check, fsck and master-key: done by geleitd on DIR, without a server
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* Beside us when installed; in src/roles of the build. */
static const char *
find_geleitd(struct cli *c)
{
	const char *const places[] = {"geleitd", "../roles/geleitd", "../libexec/geleit/geleitd"};
	const char *given = getenv("GELEITD");
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (given != NULL)
		return given;
	if (n < 0)
		return NULL;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const char *path = arena_printf(c->a, "%s/%s", self, places[i]).p;

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

int
command_local(struct cli *c, int argc, char **argv)
{
	const char *program = find_geleitd(c), *verb = argv[0];
	bool is_key = strcmp(verb, "master-key") == 0;
	int used = is_key ? 2 : 1;

	if (strcmp(verb, "config") == 0) {
		if (argc < 2 || strcmp(argv[1], "check") != 0)
			return usage(c, "config check");
		verb = "config-check";
		used = 2;
	}
	if (argc != used)
		return usage(c, "init | config check | fsck | master-key kit|lock|unlock|restore");
	if (program == NULL)
		return cli_error(c, EXIT_FAILED, "no-geleitd", "geleitd is not beside geleit");
	if (is_key)
		execl(program, "geleitd", verb, argv[1], "--dir", c->dir, (char *)NULL);
	execl(program, "geleitd", verb, "--dir", c->dir, c->json ? "--json" : NULL, (char *)NULL);
	return cli_error(c, EXIT_FAILED, "no-geleitd", "%s cannot be started", program);
}
