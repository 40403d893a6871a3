/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * likeness - two small answers from the pixels of the smallest rendition
 *
 * Blurhash: github.com/woltapp/blurhash, Algorithm.md; 4 x 3 cosine sums in
 * linear light.  Dominant colour: the mean of the fullest of 4,096 cells of the
 * RGB cube.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "media/media.h"

#define NX 4
#define NY 3
#define CELLS 4096

/* ---- blurhash ---- */

static double
to_linear(uint8_t v)
{
	double s = v / 255.0;

	return s <= 0.04045 ? s / 12.92 : pow((s + 0.055) / 1.055, 2.4);
}

static int
to_srgb(double v)
{
	double c = fmin(1, fmax(0, v));

	return c <= 0.0031308 ? (int)(c * 12.92 * 255 + 0.5)
	                      : (int)((1.055 * pow(c, 1 / 2.4) - 0.055) * 255 + 0.5);
}

static char *
put83(char *p, int value, int digits)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
	                               "xyz#$%*+,-.:;=?@[]^_{|}~";

	for (int i = digits - 1; i >= 0; i--) {
		p[i] = alphabet[value % 83];
		value /= 83;
	}
	return p + digits;
}

struct rgb_sum {
	double v[3];
};

/* What every component asks for again and again. */
struct tables {
	double linear[256];
	double x[NX][LIKENESS_SIDE_MOST], y[NY][LIKENESS_SIDE_MOST];
};

static void
tables_init(struct tables *t, int w, int h)
{
	for (int v = 0; v < 256; v++)
		t->linear[v] = to_linear((uint8_t)v);
	for (int x = 0; x < w; x++) {
		for (int i = 0; i < NX; i++)
			t->x[i][x] = cos(M_PI * i * x / w);
	}
	for (int y = 0; y < h; y++) {
		for (int j = 0; j < NY; j++)
			t->y[j][y] = cos(M_PI * j * y / h);
	}
}

static struct rgb_sum
component(const struct tables *t, const uint8_t *p, int w, int h, int i, int j)
{
	double scale = (i == 0 && j == 0 ? 1.0 : 2.0) / ((double)w * h);
	struct rgb_sum s = {0};

	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++, p += 3) {
			double b = t->x[i][x] * t->y[j][y];

			for (int c = 0; c < 3; c++)
				s.v[c] += b * t->linear[p[c]];
		}
	}
	for (int c = 0; c < 3; c++)
		s.v[c] *= scale;
	return s;
}

static int
quantised(double v, double most)
{
	double part = v / most;
	double root = copysign(sqrt(fabs(part)), part);

	return (int)fmax(0, fmin(18, floor(root * 9 + 9.5)));
}

static double
largest(const struct rgb_sum *s, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		for (int c = 0; c < 3; c++)
			most = fmax(most, fabs(s[i].v[c]));
	}
	return most;
}

void
likeness_blurhash(const uint8_t *pixels, int w, int h, char ret[BLURHASH_TEXT])
{
	struct rgb_sum s[NX * NY];
	struct tables t;
	char *p = ret;
	double most;
	int step;

	tables_init(&t, w, h);
	for (int j = 0; j < NY; j++) {
		for (int i = 0; i < NX; i++)
			s[j * NX + i] = component(&t, pixels, w, h, i, j);
	}
	step = (int)fmax(0, fmin(82, floor(largest(s + 1, NX * NY - 1) * 166 - 0.5)));
	most = (step + 1) / 166.0;
	p = put83(p, NX - 1 + (NY - 1) * 9, 1);
	p = put83(p, step, 1);
	p = put83(p, to_srgb(s[0].v[0]) << 16 | to_srgb(s[0].v[1]) << 8 | to_srgb(s[0].v[2]), 4);
	for (int i = 1; i < NX * NY; i++)
		p = put83(p,
		    quantised(s[i].v[0], most) * 19 * 19 + quantised(s[i].v[1], most) * 19 +
		        quantised(s[i].v[2], most),
		    2);
	*p = '\0';
}

/* ---- colour ---- */

struct cell {
	uint64_t n, sum[3];
};

void
likeness_colour(const uint8_t *pixels, int w, int h, char ret[8])
{
	struct cell *cells = xcalloc(CELLS, sizeof *cells), *best = cells;

	for (size_t i = 0; i < (size_t)w * (size_t)h; i++) {
		const uint8_t *p = pixels + 3 * i;
		struct cell *c = &cells[(p[0] >> 4) << 8 | (p[1] >> 4) << 4 | p[2] >> 4];

		c->n++;
		for (int k = 0; k < 3; k++)
			c->sum[k] += p[k];
		if (c->n > best->n)
			best = c;
	}
	if (best->n == 0)
		best->n = 1;
	snprintf(ret, 8, "#%02x%02x%02x", (unsigned)(best->sum[0] / best->n) & 0xff,
	    (unsigned)(best->sum[1] / best->n) & 0xff, (unsigned)(best->sum[2] / best->n) & 0xff);
	free(cells);
}
