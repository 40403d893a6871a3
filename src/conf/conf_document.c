/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conf_document > docs/admin/settings.md: the page of all settings
 * conf_document manual > docs/man/geleit.conf.5: the same as a manual page
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"

int
main(int argc, char **argv)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct buf b;

	buf_init_arena(&b, a, 1 << 16);
	if (argc > 1 && strcmp(argv[1], "manual") == 0)
		conf_manual(&b);
	else
		conf_document(&b);
	return fwrite(b.p, 1, b.n, stdout) == b.n ? 0 : 1;
}
