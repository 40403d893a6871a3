/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * media_type_test - first bytes of real kinds, and names that lie
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "text/media_type.h"

static const struct {
	struct str head;
	const char *name;
	const char *type;
} cases[] = {
    {S("\xff\xd8\xff\xe0\0\x10JFIF"), "a.jpg", "image/jpeg"},
    {S("\x89PNG\r\n\x1a\n\0\0"), "a.jpg", "image/png"},
    {S("GIF89a\1\0"), "", "image/gif"},
    {S("RIFF\0\0\0\0WEBPVP8 "), "", "image/webp"},
    {S("II*\0\10\0"), "", "image/tiff"},
    {S("%PDF-1.7\n"), "a.exe", "application/pdf"},
    {S("\0\0\0\x18"
       "ftypheic"),
        "", "image/heic"},
    {S("\0\0\0\x18"
       "ftypavif"),
        "", "image/avif"},
    {S("\0\0\0\x18"
       "ftypisom"),
        "", "video/mp4"},
    {S("PK\3\4....word/document.xml"), "a.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {S("PK\3\4....harmless.txt"), "a.docx", "application/zip"},
    {S("<?xml version=\"1.0\"?>\n<svg xmlns=\"x\">"), "", "image/svg+xml"},
    {S("<!DOCTYPE html><p>"), "a.txt", "text/html"},
    {S("\n\n  <html>"), "a.txt", "text/html"},
    {S("{\"a\":1}"), "a.json", "application/json"},
    {S("{\"a\":1}"), "a.pdf", "text/plain"},
    {S("Gr\xc3\xbc\xc3\x9f"
       "e"),
        "a.txt", "text/plain"},
    {S("cut in the middle \xc3"), "a.txt", "text/plain"},
    {S("\x01\x02\x03"), "a.pdf", "application/octet-stream"},
    {S(""), "a.pdf", "application/octet-stream"},
};

static void
the_first_bytes_decide(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct str t = media_type(cases[i].head, str_c(cases[i].name));

		if (!str_eq_c(t, cases[i].type))
			fail_msg("case %zu: %.*s instead of %s", i, STR(t), cases[i].type);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_bytes_decide)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
