/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * record_fuzz - any bytes as what a render job wrote
 *
 * What is believed lies inside the input, is in order and within its measures,
 * and is the same when it is written and read again.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "msg/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
must_lie_inside(struct str s, struct str in)
{
	must(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

static void
check_pictures(const struct render_result *r, struct str in)
{
	for (size_t i = 0; i < r->picture_count; i++) {
		const struct render_picture *p = &r->pictures[i];

		must_lie_inside(p->bytes, in);
		must(p->page >= 1 && p->width >= 1 && p->height >= 1);
		must(p->width <= p->size && p->height <= p->size && p->size <= 1600);
		must(i == 0 || p->page > p[-1].page || p->size > p[-1].size);
	}
}

static void
check_texts(const struct render_result *r, struct str in)
{
	const struct str texts[] = {
	    r->reason, r->colour, r->blurhash, r->camera, r->taken, r->space};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		must_lie_inside(texts[i], in);
		must(str_is_utf8(texts[i]) && str_find(texts[i], '\n') == texts[i].n);
	}
	must(r->state == RENDER_READY ? r->picture_count > 0 : r->reason.n > 0);
}

static void
write_again(struct arena *a, struct buf *b, const struct render_result *r)
{
	if (r->camera.n > 0)
		record_info(b, "camera", r->camera);
	if (r->blurhash.n > 0)
		record_info(b, "blurhash", r->blurhash);
	for (size_t i = 0; i < r->picture_count; i++)
		record_picture(b, &r->pictures[i]);
	record_done(b, r->state, arena_cstr(a, r->reason));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str in = {(const char *)p, n};
	AUTO(buf_fini) struct buf b = {0};
	struct render_result r, again;
	struct error e;

	if (record_read(in, a, &r, &e) < 0)
		return 0;
	check_pictures(&r, in);
	check_texts(&r, in);
	buf_init(&b, 1 << 20);
	write_again(a, &b, &r);
	must(b.full || record_read(buf_view(&b), a, &again, &e) == 0);
	must(b.full || (again.picture_count == r.picture_count && again.state == r.state &&
	                   str_eq(again.camera, r.camera)));
	return 0;
}
