/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conf_document > docs/admin/settings.md: the page of all settings
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/conf.h"

int
main(void)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct buf b;

	buf_init_arena(&b, a, 1 << 16);
	conf_document(&b);
	return fwrite(b.p, 1, b.n, stdout) == b.n ? 0 : 1;
}
