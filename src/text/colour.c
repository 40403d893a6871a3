/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * colour - see colour.h.  OKLab by its published matrices; a colour outside
 * sRGB loses chroma, not hue.  The grounds are those of web/recipient/recipient.css.
 */
#include "text/colour.h"

#include <math.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#define CONTRAST_TEXT 4.5

/* OKLab: lightness 0 to 1; a and b span the hue circle. */
struct lab {
	double l, a, b;
};

struct linear {
	double r, g, b;
};

bool
colour_parse(struct str s, struct rgb *ret)
{
	uint8_t v[3];

	if (s.n != 7 || s.p[0] != '#' || !str_unhex(str_from(s, 1), v, sizeof v))
		return false;
	*ret = (struct rgb){v[0], v[1], v[2]};
	return true;
}

struct str
colour_hex(struct arena *a, struct rgb c)
{
	return arena_printf(a, "#%02x%02x%02x", c.r, c.g, c.b);
}

static double
to_linear(uint8_t v)
{
	double c = v / 255.0;

	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static uint8_t
from_linear(double v)
{
	v = fmin(fmax(v, 0), 1);
	v = v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
	return (uint8_t)lround(v * 255);
}

static struct lab
lab_of(struct rgb c)
{
	double r = to_linear(c.r), g = to_linear(c.g), b = to_linear(c.b);
	double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
	double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
	double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);

	return (struct lab){
	    .l = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
	    .a = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
	    .b = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
	};
}

static struct linear
linear_of(struct lab c)
{
	double l = pow(c.l + 0.3963377774 * c.a + 0.2158037573 * c.b, 3);
	double m = pow(c.l - 0.1055613458 * c.a - 0.0638541728 * c.b, 3);
	double s = pow(c.l - 0.0894841775 * c.a - 1.2914855480 * c.b, 3);

	return (struct linear){
	    .r = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
	    .g = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
	    .b = -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
	};
}

static bool
is_shown(double v)
{
	return v >= -0.0005 && v <= 1.0005;
}

static struct rgb
rgb_of(struct lab c)
{
	struct linear v = linear_of(c);

	for (int i = 0; i < 40 && !(is_shown(v.r) && is_shown(v.g) && is_shown(v.b)); i++) {
		c.a *= 0.94;
		c.b *= 0.94;
		v = linear_of(c);
	}
	return (struct rgb){from_linear(v.r), from_linear(v.g), from_linear(v.b)};
}

/* The hue of c at another lightness, with at most this chroma. */
static struct rgb
shade(struct lab c, double l, double chroma)
{
	double have = hypot(c.a, c.b), scale = have > chroma ? chroma / have : 1;

	return rgb_of((struct lab){l, c.a * scale, c.b * scale});
}

static double
luminance(struct rgb c)
{
	return 0.2126 * to_linear(c.r) + 0.7152 * to_linear(c.g) + 0.0722 * to_linear(c.b);
}

double
colour_contrast(struct rgb a, struct rgb b)
{
	double x = luminance(a), y = luminance(b);

	return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

static bool
is_legible(struct rgb ink, const struct rgb *grounds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (colour_contrast(ink, grounds[i]) < CONTRAST_TEXT)
			return false;
	}
	return true;
}

/* Towards black or white until it can be read on every ground. */
static struct rgb
ink_on(struct lab c, double l, double step, const struct rgb *grounds, size_t n)
{
	struct rgb ink = shade(c, l, 0.37);

	while (!is_legible(ink, grounds, n) && l > 0 && l < 1) {
		l = fmin(fmax(l + step, 0), 1);
		ink = shade(c, l, step > 0 ? 0.12 : 0.37);
	}
	return ink;
}

void
brand_colours(struct rgb brand, struct brand_colours *ret)
{
	static const struct rgb white = {255, 255, 255}, black = {0, 0, 0};
	struct lab c = lab_of(brand);

	ret->brand = brand;
	ret->on = colour_contrast(brand, white) >= CONTRAST_TEXT ? white : black;
	ret->light.weak = shade(c, 0.955, 0.016);
	ret->light.line = shade(c, 0.85, 0.028);
	ret->dark.weak = shade(c, 0.275, 0.028);
	ret->dark.line = shade(c, 0.38, 0.032);
	struct rgb light[] = {{0xf4, 0xf7, 0xf8}, {0xeb, 0xf0, 0xf1}, white, ret->light.weak};
	struct rgb dark[] = {
	    {0x0b, 0x13, 0x15}, {0x1b, 0x26, 0x28}, {0x13, 0x1c, 0x1e}, ret->dark.weak};
	ret->light.ink = ink_on(c, c.l, -0.01, light, ARRAY_LEN(light));
	ret->dark.ink = ink_on(c, fmax(c.l, 0.82), 0.01, dark, ARRAY_LEN(dark));
}

static void
put_colour(struct buf *b, const char *name, struct rgb c)
{
	buf_printf(b, "--%s:#%02x%02x%02x;", name, c.r, c.g, c.b);
}

static void
put_shades(struct buf *b, const struct brand_shades *s)
{
	put_colour(b, "brand-ink", s->ink);
	put_colour(b, "brand-weak", s->weak);
	put_colour(b, "brand-line", s->line);
}

void
brand_css(struct buf *b, const struct brand_colours *c)
{
	buf_lit(b, ":root{");
	put_colour(b, "brand", c->brand);
	put_colour(b, "brand-on", c->on);
	put_shades(b, &c->light);
	buf_lit(b, "}\n@media(prefers-color-scheme:dark){:root{");
	put_shades(b, &c->dark);
	buf_lit(b, "}}\n");
}
