/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * resample - pixels to fewer pixels, by Lanczos' kernel of three lobes
 *
 * What libvips does, too, but with four bands at a time in one register: behind
 * the seal libvips may make no code at run time, and without it takes six times
 * as long.  Rows first, each once, into a ring as high as the kernel; an output
 * row is the weighted sum of those in the ring.  Colours are weighed with what
 * they hide, so that nothing shines through from where nothing is seen.
 */
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "media/media.h"

#define LOBES 3.0
#define CHANNELS 4
#define AT_ONCE 4

/* Red, green, blue and alpha, or as many of them as there are. */
typedef float pixel __attribute__((vector_size(CHANNELS * sizeof(float))));
typedef int numbers __attribute__((vector_size(CHANNELS * sizeof(int))));
typedef uint8_t bytes __attribute__((vector_size(16)));
typedef uint16_t words __attribute__((vector_size(16)));

/* Where an output place begins to take from, and how much of each. */
struct kernel {
	int *first;
	float *weights; /* taps of each place */
	int n, taps;
};

static double
lanczos(double x)
{
	double a = M_PI * x;

	if (fabs(x) < 1e-9)
		return 1;
	return fabs(x) < LOBES ? LOBES * sin(a) * sin(a / LOBES) / (a * a) : 0;
}

/* All take from as many: those out of reach weigh nothing, nor do places behind the last. */
static void
kernel_place(struct kernel *k, int i, int from, double scale)
{
	double centre = (i + 0.5) * scale - 0.5, sum = 0;
	float *weights = k->weights + (size_t)i * (size_t)k->taps;
	int first = MAX(0, MIN((int)ceil(centre - LOBES * scale), from - k->taps));

	for (int j = 0; j < k->taps; j++) {
		weights[j] = (float)lanczos((first + j - centre) / scale);
		sum += weights[j];
	}
	for (int j = 0; j < k->taps; j++)
		weights[j] = (float)(weights[j] / sum);
	k->first[i] = first;
}

static void
kernel_init(struct kernel *k, int from, int to)
{
	double scale = (double)from / to;

	k->n = to;
	k->taps = MIN(from, 2 * (int)ceil(LOBES * scale) + 1);
	k->first = xcalloc((size_t)to + AT_ONCE, sizeof *k->first);
	k->weights = xcalloc(((size_t)to + AT_ONCE) * (size_t)k->taps, sizeof *k->weights);
	for (int i = 0; i < to; i++)
		kernel_place(k, i, from, scale);
}

static void
kernel_fini(struct kernel *k)
{
	free(k->first);
	free(k->weights);
}

/* ---- bytes and pixels ---- */

static pixel
pixel_of(const uint8_t *p, int bands)
{
	float alpha = bands == 4 ? (float)p[3] / 255 : bands == 2 ? (float)p[1] / 255 : 1;

	return (bands >= 3 ? (pixel){p[0], p[1], p[2], 255} : (pixel){p[0], 0, 0, 255}) * alpha;
}

static pixel
four_bytes(const uint8_t *p)
{
	const bytes no_bytes = {0};
	const words no_words = {0};
	numbers n = {0};
	bytes b;
	words w;

	memcpy(&n, p, CHANNELS);
	b = (bytes)n;
	w = (words)__builtin_shufflevector(
	    b, no_bytes, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
	n = (numbers)__builtin_shufflevector(w, no_words, 0, 8, 1, 9, 2, 10, 3, 11);
	return __builtin_convertvector(n, pixel);
}

/* Three bands are what nearly all have: four bytes at a time, the last of which is not looked at.
 */
static void
widen(const uint8_t *p, int n, int bands, pixel *out)
{
	int i = 0;

	for (; bands == 3 && i < n - 1; i++, p += 3)
		out[i] = four_bytes(p);
	for (; i < n; i++, p += bands)
		out[i] = pixel_of(p, bands);
}

static uint8_t
byte(int v)
{
	return (uint8_t)MAX(0, MIN(v, 255));
}

static void
narrow(const pixel *in, int n, int bands, uint8_t *p)
{
	bool has_alpha = bands == 2 || bands == 4;

	for (int i = 0; i < n; i++, p += bands) {
		pixel v = in[i];
		numbers whole;

		if (has_alpha && v[3] > 0.5f)
			v *= (pixel){255 / v[3], 255 / v[3], 255 / v[3], 1};
		whole = __builtin_convertvector(v + 0.5f, numbers);
		for (int b = 0; b < bands - has_alpha; b++)
			p[b] = byte(whole[b]);
		if (has_alpha)
			p[bands - 1] = byte(whole[3]);
	}
}

/* ---- the two directions ---- */

/* Two places side by side: the sum of one would wait for itself. */
static void
across(const struct kernel *k, const pixel *in, pixel *out)
{
	const float *weights = k->weights;
	int taps = k->taps;

	for (int i = 0; i < k->n; i += 2, weights += 2 * taps) {
		const pixel *a = in + k->first[i], *b = in + k->first[i + 1];
		pixel sum_a = {0}, sum_b = {0};

		for (int j = 0; j < taps; j++) {
			sum_a += a[j] * weights[j];
			sum_b += b[j] * weights[taps + j];
		}
		out[i] = sum_a;
		out[i + 1] = sum_b;
	}
}

struct ring {
	pixel *rows;
	const pixel **list; /* those of one output row */
	int width, height;  /* width: a multiple of AT_ONCE */
};

static pixel *
ring_row(const struct ring *r, int y)
{
	return r->rows + (size_t)(y % r->height) * (size_t)r->width;
}

/* Some from x on, summed in registers. */
static inline void
down_some(const float *weights, int count, const pixel *const *rows, int x, pixel *out)
{
	pixel sum[AT_ONCE] = {0};

	for (int j = 0; j < count; j++) {
		for (int i = 0; i < AT_ONCE; i++)
			sum[i] += rows[j][x + i] * weights[j];
	}
	memcpy(out + x, sum, sizeof sum);
}

static void
down(const struct kernel *k, int i, const struct ring *r, pixel *out)
{
	const float *weights = k->weights + (size_t)i * (size_t)k->taps;

	for (int j = 0; j < k->taps; j++)
		r->list[j] = ring_row(r, k->first[i] + j);
	for (int x = 0; x < r->width; x += AT_ONCE)
		down_some(weights, k->taps, r->list, x, out);
}

static void
ring_init(struct ring *r, int width, int height)
{
	r->width = (width + AT_ONCE - 1) / AT_ONCE * AT_ONCE;
	r->height = height;
	r->rows = xcalloc((size_t)r->width * (size_t)height, sizeof *r->rows);
	r->list = xcalloc((size_t)height, sizeof *r->list);
}

static void
ring_fini(struct ring *r)
{
	free(r->rows);
	free(r->list);
}

/* false: a row could not be had. */
static bool
run(const struct rows *in, const struct kernel *kx, const struct kernel *ky, struct ring *ring,
    uint8_t *out)
{
	pixel *wide = xcalloc((size_t)in->w, sizeof *wide);
	pixel *sum = xcalloc((size_t)ring->width, sizeof *sum);
	const uint8_t *row = out;
	int read = 0;

	for (int y = 0; row != NULL && y < ky->n; y++) {
		for (; row != NULL && read < ky->first[y] + ky->taps; read++) {
			row = in->row(in->arg, read);
			if (row == NULL)
				break;
			widen(row, in->w, in->bands, wide);
			across(kx, wide, ring_row(ring, read));
		}
		down(ky, y, ring, sum);
		narrow(sum, kx->n, in->bands, out + (size_t)y * (size_t)kx->n * (size_t)in->bands);
	}
	free(wide);
	free(sum);
	return row != NULL;
}

uint8_t *
resample_rows(const struct rows *in, int w, int h)
{
	uint8_t *out = xcalloc((size_t)w * (size_t)h, (size_t)in->bands);
	struct kernel kx, ky;
	struct ring ring;

	kernel_init(&kx, in->w, w);
	kernel_init(&ky, in->h, h);
	ring_init(&ring, w, ky.taps);
	if (!run(in, &kx, &ky, &ring, out)) {
		free(out);
		out = NULL;
	}
	ring_fini(&ring);
	kernel_fini(&kx);
	kernel_fini(&ky);
	return out;
}
