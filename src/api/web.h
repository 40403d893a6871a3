/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * web - the staff app as the build linked it in
 *
 * The table is made by tools/gen_web.py from web/dist; a file's name bears the
 * hash of its content.  Only shell.c looks at it.
 *
 * Layer: api.
 */
#pragma once

#include "base/base.h"

struct web_file {
	const char *name, *media_type;
	struct str plain, gzip;
};
extern const struct web_file web_files[];
extern const size_t web_file_count;
extern const struct str web_page; /* the HTML that starts the app */
/* A screen's own scripts, beside those that every screen needs. */
struct web_screen {
	const char *name, *file; /* the first part of its address, "" for /app */
};
extern const struct web_screen web_screens[];
extern const size_t web_screen_count;
