/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * template_fuzz - any bytes as a template and as a value
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/buf.h"
#include "text/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct tv *v = tv_new(a);
	struct error e;
	struct buf b;

	/* The first half is the template, the second a value. */
	tv_str(v, "a", (struct str){(const char *)p + n / 2, n - n / 2});
	tv_bool(v, "b", true);
	tv_str(tv_add(v, "l"), "x", S("<"));
	tv_str(tv_add(v, "l"), "x", S("\""));
	for (int html = 0; html < 2; html++) {
		buf_init_arena(&b, a, 65536);
		(void)template_render_text(
		    &b, (struct str){(const char *)p, n / 2}, html, "de", v, &e);
	}
	/* A value alone never brings markup. */
	buf_init_arena(&b, a, 6 * n + 16);
	if (template_render_text(&b, S("{{a}}"), true, "de", v, &e) < 0 ||
	    str_find(buf_view(&b), 60) < b.n)
		__builtin_trap();
	return 0;
}
