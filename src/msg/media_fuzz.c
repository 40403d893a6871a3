/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * media_fuzz - any bytes as RENDER and as RENDERED
 *
 * What decodes is within the limits its receiver counts on, and is written as it was read.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "msg/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_render(const struct msg_render *m)
{
	must(m->kind < MEDIA_KIND_COUNT && m->pages >= 1 && m->pages <= LIMIT_RENDER_PAGES);
	must(m->part_count >= 1 && m->part_count <= LIMIT_RENDER_PARTS);
	for (size_t i = 0; i < m->part_count; i++)
		must(m->parts[i].bytes >= 1 && m->parts[i].bytes <= LIMIT_PART_BYTES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str in = {(const char *)p, n};
	AUTO(buf_fini) struct buf b = {0};
	struct msg_rendered rendered;
	struct msg_render render;
	struct error e;

	buf_init(&b, LIMIT_MSG_BYTES);
	if (msg_render_get(in, a, &render, &e) == 0) {
		check_render(&render);
		msg_render_put(&b, &render);
		must(str_eq(buf_view(&b), in));
	}
	buf_clear(&b);
	if (msg_rendered_get(in, a, &rendered, &e) == 0) {
		must(rendered.outcome <= RENDER_KILLED);
		msg_rendered_put(&b, &rendered);
		must(str_eq(buf_view(&b), in));
	}
	return 0;
}
