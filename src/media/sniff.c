/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sniff - our own look at a file, before any decoder's
 *
 * Decides which single loader may read it; a file that fits none of its kind is
 * refused.  What makes a decoder work for minutes without a pixel is refused
 * here: a PNG with many compressed texts (each may unpack to 16 MB), a raw
 * negative that calls itself TIFF.
 */
#include <zlib.h>

#include "base/str.h"
#include "media/media.h"

#define PNG_TEXTS_MOST 16
#define PNG_CHUNKS_MOST 100000
#define DNG_VERSION 50706
#define IFD_ENTRIES_MOST 512
#define INFLATE_STEP 65536

static const struct {
	enum media_kind kind;
	size_t at, n;
	const char *magic, *loader;
	bool has_frames;
} magics[] = {
    {MEDIA_PICTURE, 0, 3, "\xff\xd8\xff", "VipsForeignLoadJpeg", false},
    {MEDIA_PICTURE, 0, 8, "\x89PNG\r\n\x1a\n", "VipsForeignLoadPng", false},
    {MEDIA_PICTURE, 0, 6, "GIF87a", "VipsForeignLoadNsgif", true},
    {MEDIA_PICTURE, 0, 6, "GIF89a", "VipsForeignLoadNsgif", true},
    {MEDIA_PICTURE, 8, 4, "WEBP", "VipsForeignLoadWebp", true},
    {MEDIA_PICTURE, 0, 4, "II*\0", "VipsForeignLoadTiff", false},
    {MEDIA_PICTURE, 0, 4, "MM\0*", "VipsForeignLoadTiff", false},
    {MEDIA_PICTURE, 0, 4, "II+\0", "VipsForeignLoadTiff", false},
    {MEDIA_PICTURE, 0, 4, "MM\0+", "VipsForeignLoadTiff", false},
    {MEDIA_HEIF, 4, 4, "ftyp", "VipsForeignLoadHeif", false},
    {MEDIA_PDF, 0, 5, "%PDF-", "VipsForeignLoadPdf", false},
};

static uint32_t
number(const uint8_t *p, size_t n, bool little)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint32_t)p[i] << 8 * (little ? i : n - 1 - i);
	return v;
}

/* Texts of a PNG, one header after another; a length that leads nowhere ends it. */
static bool
has_many_texts(struct input *in)
{
	uint64_t at = 8;
	int texts = 0;
	uint8_t head[8];

	for (int i = 0; i < PNG_CHUNKS_MOST && input_read(in, at, head, 8) == 8; i++) {
		if (memcmp(head + 4, "tEXt", 4) == 0 || memcmp(head + 4, "zTXt", 4) == 0 ||
		    memcmp(head + 4, "iTXt", 4) == 0)
			texts++;
		if (texts > PNG_TEXTS_MOST)
			return true;
		at += 12 + (uint64_t)number(head, 4, false);
	}
	return false;
}

/* How a TIFF's first directory lies: BigTIFF (the third byte is 43) has wider numbers. */
struct directory {
	uint64_t at;
	size_t count_bytes, entry_bytes;
	bool little;
};

static struct directory
first_directory(const uint8_t *head)
{
	bool little = head[0] == 'I';

	if (number(head + 2, 2, little) == 43)
		return (struct directory){
		    (uint64_t)number(head + (little ? 8 : 12), 4, little), 8, 20, little};
	return (struct directory){number(head + 4, 4, little), 2, 12, little};
}

/* A digital negative: its first directory says DNGVersion. */
static bool
is_negative(struct input *in, const uint8_t *head)
{
	struct directory d = first_directory(head);
	uint8_t entry[20];
	uint32_t n;

	if (input_read(in, d.at, entry, d.count_bytes) != (long)d.count_bytes)
		return false;
	n = number(entry + (d.little ? 0 : d.count_bytes - 2), 2, d.little);
	d.at += d.count_bytes;
	for (uint32_t i = 0; i < MIN(n, (uint32_t)IFD_ENTRIES_MOST); i++) {
		if (input_read(in, d.at + i * d.entry_bytes, entry, d.entry_bytes) !=
		    (long)d.entry_bytes)
			return false;
		if (number(entry, 2, d.little) == DNG_VERSION)
			return true;
	}
	return false;
}

static void
sniff_svg(struct input *in, struct str head, struct sniffed *ret)
{
	ret->is_gzip = head.n >= 2 && memcmp(head.p, "\x1f\x8b", 2) == 0;
	ret->loader = "VipsForeignLoadSvg";
	if (in->bytes > SVG_BYTES_MOST)
		ret->refused = "too-large";
	else if (!ret->is_gzip && memmem(head.p, head.n, "<svg", 4) == NULL)
		ret->refused = "other-kind";
}

static const char *
refuse(struct input *in, const uint8_t *head, const char *loader)
{
	if (strcmp(loader, "VipsForeignLoadPng") == 0 && has_many_texts(in))
		return "png-texts";
	if (strcmp(loader, "VipsForeignLoadTiff") == 0 && is_negative(in, head))
		return "camera-raw";
	return NULL;
}

void
sniff(struct input *in, enum media_kind kind, struct sniffed *ret)
{
	static uint8_t head[SNIFF_BYTES];
	long n = input_read(in, 0, head, sizeof head);

	*ret = (struct sniffed){.refused = "other-kind"};
	if (n < 16)
		return;
	if (kind == MEDIA_SVG) {
		ret->refused = NULL;
		sniff_svg(in, (struct str){(const char *)head, (size_t)n}, ret);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (magics[i].kind != kind ||
		    memcmp(head + magics[i].at, magics[i].magic, magics[i].n) != 0)
			continue;
		ret->loader = magics[i].loader;
		ret->has_frames = magics[i].has_frames;
		ret->refused = refuse(in, head, ret->loader);
		return;
	}
}

static void
end_inflating(z_stream *z)
{
	(void)inflateEnd(z);
}

bool
inflate_svg(struct str gz, struct buf *out)
{
	AUTO(end_inflating)
	z_stream z = {.next_in = (Bytef *)(uintptr_t)gz.p, .avail_in = (uInt)gz.n};
	static uint8_t step[INFLATE_STEP];
	int r = inflateInit2(&z, 15 + 16); /* gzip alone */

	while (r == Z_OK && !out->full) {
		z.next_out = step;
		z.avail_out = sizeof step;
		r = inflate(&z, Z_NO_FLUSH);
		buf_add(out, step, sizeof step - z.avail_out);
	}
	return r == Z_STREAM_END && !out->full;
}
