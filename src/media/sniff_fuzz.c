/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sniff_fuzz - any bytes as a file, looked at before a decoder is; and as a packed SVG
 *
 * The first byte is the kind it claims to be.  It is refused with a word or given to
 * the loader of that kind; no look reads outside the file or takes for ever.
 */
#include <stdlib.h>

#include "base/str.h"
#include "media/media.h"

#define INFLATED_MOST (1024 * 1024)
#define READS_MOST 200000

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct str file;
static unsigned reads;

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* In place of the sealed parts (input.c). */
long
input_read(struct input *in, uint64_t offset, void *p, size_t n)
{
	size_t some = offset < file.n ? MIN(n, file.n - (size_t)offset) : 0;

	must(in->bytes == file.n && ++reads < READS_MOST);
	if (some > 0)
		memcpy(p, file.p + offset, some);
	return (long)some;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct input in = {.bytes = n > 0 ? n - 1 : 0};
	AUTO(buf_fini) struct buf out = {0};
	struct sniffed s;

	if (n == 0)
		return 0;
	file = (struct str){(const char *)p + 1, n - 1};
	reads = 0;
	sniff(&in, (enum media_kind)(p[0] % MEDIA_KIND_COUNT), &s);
	must(s.refused != NULL || str_starts(str_c(s.loader), S("VipsForeignLoad")));
	must(!s.is_gzip || strcmp(s.loader, "VipsForeignLoadSvg") == 0);
	buf_init(&out, INFLATED_MOST);
	if (inflate_svg(file, &out))
		must(!out.full && out.n <= INFLATED_MOST);
	return 0;
}
