/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * colour - a brand's shades from one colour
 *
 * Computed in OKLCH, where equal steps look equal.  Always true: text in
 * --brand-on on --brand, and in --brand-ink on canvas, surface and
 * --brand-weak, has a contrast of at least 4.5:1 (WCAG 1.4.3), light and dark.
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;
struct buf;

struct rgb {
	uint8_t r, g, b;
};

/* "#1c3f2b"; false for anything else. */
bool colour_parse(struct str s, struct rgb *ret);
struct str colour_hex(struct arena *a, struct rgb c);
/* 1 to 21. */
double colour_contrast(struct rgb a, struct rgb b);

struct brand_shades {
	struct rgb ink, weak, line;
};
struct brand_colours {
	struct rgb brand, on;
	struct brand_shades light, dark;
};
void brand_colours(struct rgb brand, struct brand_colours *ret);
/* The style sheet /r/theme.css: custom properties only. */
void brand_css(struct buf *b, const struct brand_colours *c);
