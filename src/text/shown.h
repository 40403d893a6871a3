/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * shown - how sizes, dates, numbers, addresses and names are written on pages and in mails
 *
 * lang is "de" or "en"; what takes none is the same in both.
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;

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
