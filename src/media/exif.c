/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * exif - the camera and the time a picture was taken, and nothing else of it
 *
 * Where it was taken is not read: places are personal, and nobody asked for them.
 */
#include <stdio.h>

#include <vips/vips.h>

#undef MIN /* GLib's; ours are the same */
#undef MAX

#include "base/str.h"
#include "media/media.h"

#define OUTPUT_TEXT 200
#define SHOWN_MOST 400 /* of what libvips shows: longer names are no cameras */

/* libvips shows Exif as "Q2 (Typ 4889) (Q2 (Typ 4889), ASCII, 14 components, 14 bytes)": the value
 * ends at the bracket behind which it stands again. */
static bool
ends_at(struct str s, size_t i)
{
	struct str head = str_trim(str_head(s, i)), again = str_from(s, i + 2);

	return s.p[i] == ' ' && s.p[i + 1] == '(' && str_starts(again, head) &&
	       str_starts(str_from(again, head.n), S(", "));
}

static struct str
exif_text(VipsImage *head, const char *name)
{
	const char *value = NULL;
	struct str s;

	if (vips_image_get_typeof(head, name) == 0 ||
	    vips_image_get_string(head, name, &value) != 0 || value == NULL)
		return (struct str){0};
	s = str_head(str_c(value), SHOWN_MOST);
	for (size_t i = 0; i + 1 < s.n; i++) {
		if (ends_at(s, i))
			return str_trim(str_head(s, i));
	}
	return (struct str){0};
}

static bool
is_plain(struct str s, size_t most)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	}
	return s.n > 0 && s.n <= most && str_is_utf8(s);
}

/* "Canon" and "Canon EOS R5" are one camera, "NIKON" and "Z 9" are two words of it. */
static void
put_camera(struct buf *out, VipsImage *head)
{
	struct str make = exif_text(head, "exif-ifd0-Make");
	struct str model = exif_text(head, "exif-ifd0-Model");
	char text[OUTPUT_TEXT];

	if (!is_plain(model, 60))
		return;
	if (!is_plain(make, 59) || str_starts(model, make))
		snprintf(text, sizeof text, "%.*s", STR(model));
	else
		snprintf(text, sizeof text, "%.*s %.*s", STR(make), STR(model));
	record_info(out, "camera", str_c(text));
}

/* "2024:05:01 12:30:00" becomes "2024-05-01 12:30:00"; cameras without a clock write blanks. */
static void
put_taken(struct buf *out, VipsImage *head)
{
	struct str s = exif_text(head, "exif-ifd2-DateTimeOriginal");
	char text[20];

	if (s.n != 19)
		return;
	memcpy(text, s.p, 19);
	text[19] = '\0';
	text[4] = text[7] = '-';
	for (int i = 0; i < 19; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (digit == (i == 4 || i == 7 || i == 10 || i == 13 || i == 16))
			return;
	}
	if (text[10] != ' ' || text[13] != ':' || text[16] != ':')
		return;
	record_info(out, "taken", str_c(text));
}

void
exif_put(struct buf *out, VipsImage *head)
{
	put_camera(out, head);
	put_taken(out, head);
}
