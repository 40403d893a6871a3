/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * message - the words of the product in German and English, from web/messages.json
 *
 * One source for server and web app: { "key": {"de": "...", "en": "..."} };
 * placeholders are {name}.  Also how numbers, sizes and dates are written.
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;

/* The text, or the key itself when it is unknown (a test finds those). */
struct str message(const char *lang, struct str key);
bool message_exists(struct str key);

/* "768 MB", "8,4 MB": decimal units as the mocks show. */
struct str text_bytes(struct arena *a, const char *lang, int64_t bytes);
/* "07.12.2026, 23:59 Uhr" / "7 December 2026, 23:59"; text_date without the time. */
struct str text_datetime(struct arena *a, const char *lang, int64_t us, const char *zone);
struct str text_date(struct arena *a, const char *lang, int64_t us, const char *zone);
/* "drei" up to twelve, digits above; for "hat Ihnen drei Dateien gesendet". */
struct str text_count(struct arena *a, const char *lang, int64_t n);
/* "j•••••s@hafenkontor.example" */
struct str text_masked_address(struct arena *a, struct str address);
/* "TIF" of "Sofa.tif": at most four letters or digits, else "". */
struct str text_badge(struct arena *a, struct str name);
/* "MO" of "Maren Olsen". */
struct str text_initials(struct arena *a, struct str name);
