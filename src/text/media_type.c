/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * media_type - magic numbers first, then containers, then text
 *
 * A table of what stands where.  A name can only choose among the kinds its
 * container allows: a ZIP named .docx that has no word/ inside stays a ZIP.
 */
#include "text/media_type.h"

#include "base/str.h"

static const struct {
	size_t at, n;
	const char *magic;
	struct str type;
} magics[] = {
    {0, 3, "\xff\xd8\xff", S("image/jpeg")},
    {0, 8, "\x89PNG\r\n\x1a\n", S("image/png")},
    {0, 6, "GIF87a", S("image/gif")},
    {0, 6, "GIF89a", S("image/gif")},
    {0, 4, "II*\0", S("image/tiff")},
    {0, 4, "MM\0*", S("image/tiff")},
    {0, 4, "II+\0", S("image/tiff")},
    {0, 4, "MM\0+", S("image/tiff")},
    {0, 4, "8BPS", S("image/vnd.adobe.photoshop")},
    {0, 5, "%PDF-", S("application/pdf")},
    {0, 4, "%!PS", S("application/postscript")},
    {0, 4, "OggS", S("application/ogg")},
    {0, 4, "fLaC", S("audio/flac")},
    {0, 3, "ID3", S("audio/mpeg")},
    {0, 4, "\x1a\x45\xdf\xa3", S("video/webm")},
    {0, 4, "wOF2", S("font/woff2")},
    {0, 4, "OTTO", S("font/otf")},
    {0, 5, "\0\1\0\0\0", S("font/ttf")},
    {0, 2, "\x1f\x8b", S("application/gzip")},
    {0, 6, "7z\xbc\xaf\x27\x1c", S("application/x-7z-compressed")},
    {0, 6, "Rar!\x1a\x07", S("application/vnd.rar")},
    {0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", S("application/x-ole-storage")},
    {0, 5, "{\\rtf", S("application/rtf")},
    {0, 4, "MZ\x90\0", S("application/vnd.microsoft.portable-executable")},
    {0, 4,
        "\x7f"
        "ELF",
        S("application/x-elf")},
};

static bool
has_at(struct str s, size_t at, const char *p, size_t n)
{
	return s.n >= at + n && memcmp(s.p + at, p, n) == 0;
}

static bool
contains(struct str s, const char *p)
{
	return memmem(s.p, s.n, p, strlen(p)) != NULL;
}

/* RIFF: WebP, WAV, AVI. */
static struct str
riff(struct str s)
{
	if (has_at(s, 8, "WEBP", 4))
		return S("image/webp");
	if (has_at(s, 8, "WAVE", 4))
		return S("audio/wav");
	return has_at(s, 8, "AVI ", 4) ? S("video/x-msvideo") : (struct str){0};
}

/* ISO base media: the major brand tells. */
static struct str
iso_media(struct str s)
{
	static const struct {
		const char *brand;
		struct str type;
	} brands[] = {
	    {"heic", S("image/heic")},
	    {"heix", S("image/heic")},
	    {"mif1", S("image/heif")},
	    {"avif", S("image/avif")},
	    {"avis", S("image/avif")},
	    {"qt  ", S("video/quicktime")},
	    {"M4A ", S("audio/mp4")},
	};

	for (size_t i = 0; i < ARRAY_LEN(brands); i++) {
		if (has_at(s, 8, brands[i].brand, 4))
			return brands[i].type;
	}
	return S("video/mp4");
}

/* ZIP: what its first entries are called. */
static struct str
zip(struct str s)
{
	static const struct {
		const char *inside;
		struct str type;
	} kinds[] = {
	    {"word/", S("application/vnd.openxmlformats-officedocument.wordprocessingml.document")},
	    {"xl/", S("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")},
	    {"ppt/",
	        S("application/vnd.openxmlformats-officedocument.presentationml.presentation")},
	    {"application/vnd.oasis.opendocument.text",
	        S("application/vnd.oasis.opendocument.text")},
	    {"application/vnd.oasis.opendocument.spreadsheet",
	        S("application/vnd.oasis.opendocument.spreadsheet")},
	    {"application/vnd.oasis.opendocument.presentation",
	        S("application/vnd.oasis.opendocument.presentation")},
	    {"application/epub+zip", S("application/epub+zip")},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (contains(s, kinds[i].inside))
			return kinds[i].type;
	}
	return S("application/zip");
}

/* UTF-8 without controls; a character cut at the end is forgiven. */
static bool
is_text(struct str s)
{
	size_t n = s.n;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f')
			return false;
	}
	while (n > 0 && s.n - n < 4 && !str_is_utf8(str_head(s, n)))
		n--;
	return n > 0;
}

static struct str
text(struct str s, struct str name)
{
	struct str start = str_trim(s);

	while (start.n > 0 && (start.p[0] == '\n' || start.p[0] == '\r'))
		start = str_trim(str_from(start, 1));
	if (contains(str_head(s, 1024), "<svg"))
		return S("image/svg+xml");
	if (str_ieq(str_head(start, 9), S("<!doctype")) || str_ieq(str_head(start, 5), S("<html")))
		return S("text/html");
	if (str_starts(start, S("<?xml")))
		return S("application/xml");
	if (str_ends(name, S(".json")) && start.n > 0 && (start.p[0] == '{' || start.p[0] == '['))
		return S("application/json");
	if (str_ends(name, S(".csv")))
		return S("text/csv");
	return str_ends(name, S(".md")) ? S("text/markdown") : S("text/plain");
}

struct str
media_type(struct str s, struct str name)
{
	struct str found = {0};

	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (has_at(s, magics[i].at, magics[i].magic, magics[i].n))
			return magics[i].type;
	}
	if (has_at(s, 0, "RIFF", 4))
		found = riff(s);
	else if (has_at(s, 4, "ftyp", 4))
		found = iso_media(s);
	else if (has_at(s, 0, "PK\3\4", 4) || has_at(s, 0, "PK\5\6", 4))
		found = zip(s);
	else if (s.n >= 2 && (unsigned char)s.p[0] == 0xff &&
	         ((unsigned char)s.p[1] & 0xe6) == 0xe2)
		found = S("audio/mpeg");
	else if (s.n > 0 && is_text(s))
		found = text(s, name);
	return found.n > 0 ? found : S("application/octet-stream");
}
