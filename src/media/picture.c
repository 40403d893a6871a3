/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sizes: one decoder's way from bytes to renditions; its traps are told once, above */
/*
 * picture - from one stranger's file to its renditions
 *
 * Header and limits first, then one decode of at most 1600 pixels, each smaller
 * rendition from the next larger.  Renditions are sRGB, 8 bit, upright and
 * without any metadata: JPEG, or WebP where something shows through.
 *
 * Traps of libvips 8.14 this works around: a reduced size asked for with
 * VIPS_SIZE_DOWN takes the smallest level of a pyramid, so the size is clamped
 * here; export_profile costs 40 % when nothing is to be converted; a file that
 * ends early decodes without a word unless fail_on says otherwise.
 */
#include <stdio.h>
#include <stdlib.h>

#include <vips/vips.h>

#undef MIN /* GLib's; ours are the same */
#undef MAX

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "media/media.h"

#define LARGEST 1600
#define PIXELS_MOST 400e6
#define PIXELS_MOST_SCANS 100e6 /* progressive JPEG, HEIF: whole in memory */
#define PIXELS_MOST_ADAM7 50e6
#define FRAMES_MOST 50000
#define OPTIONS 64
#define STRIP_ROWS 16
#define LEVELS_MOST 16
#define LEVEL_SLACK 5 /* pixels: halves are rounded somehow */

static const uint32_t sizes[] = {64, 320, 640, LARGEST};
#define SIZES ARRAY_LEN(sizes)

/* libvips has no destructors for C before 8.16. */
static void
image_free(VipsImage **i)
{
	g_clear_object(i);
}

static void
source_free(VipsSource **s)
{
	g_clear_object(s);
}

/* ---- source ---- */

/* One reading of the input: libvips keeps no place of its own in a custom source. */
struct cursor {
	struct input *in;
	uint64_t at;
};

static gint64
on_read(VipsSourceCustom *source, void *p, gint64 n, void *arg)
{
	struct cursor *c = arg;
	long got = input_read(c->in, c->at, p, n > 0 ? (size_t)n : 0);

	(void)source;
	c->at += got > 0 ? (uint64_t)got : 0;
	return got;
}

static gint64
on_seek(VipsSourceCustom *source, gint64 offset, int whence, void *arg)
{
	struct cursor *c = arg;
	gint64 base = whence == SEEK_CUR   ? (gint64)c->at
	              : whence == SEEK_END ? (gint64)c->in->bytes
	                                   : 0;

	(void)source;
	if (offset > INT64_MAX / 2 || offset < -(INT64_MAX / 2) || base + offset < 0)
		return -1;
	c->at = (uint64_t)(base + offset);
	return base + offset;
}

static void
cursor_free(gpointer p, GClosure *closure)
{
	(void)closure;
	free(p);
}

static VipsSource *
source_of(struct rendering *r)
{
	VipsSourceCustom *s;
	struct cursor *c;

	if (r->kind == MEDIA_SVG)
		return vips_source_new_from_memory(r->svg.p, r->svg.n);
	s = vips_source_custom_new();
	c = xcalloc(1, sizeof *c);
	c->in = r->in;
	g_signal_connect_data(s, "read", G_CALLBACK(on_read), c, cursor_free, 0);
	g_signal_connect(s, "seek", G_CALLBACK(on_seek), c);
	return VIPS_SOURCE(s);
}

/* ---- header ---- */

static int
number_of(VipsImage *head, const char *name)
{
	int v = 0;

	if (vips_image_get_typeof(head, name) == G_TYPE_INT)
		(void)vips_image_get_int(head, name, &v);
	return v;
}

static bool
is_vector(const struct rendering *r)
{
	return r->kind == MEDIA_SVG || r->kind == MEDIA_PDF;
}

static const char *
past_limit(const struct rendering *r, VipsImage *head)
{
	double pixels = (double)head->Xsize * head->Ysize;

	if (is_vector(r))
		return NULL;
	if (pixels > PIXELS_MOST)
		return "pixels";
	if (pixels > PIXELS_MOST_SCANS &&
	    (number_of(head, "jpeg-multiscan") != 0 || r->kind == MEDIA_HEIF))
		return "pixels";
	if (pixels > PIXELS_MOST_ADAM7 && number_of(head, "interlaced") != 0)
		return "pixels";
	return number_of(head, VIPS_META_N_PAGES) > FRAMES_MOST ? "frames" : NULL;
}

static void
put_number(struct rendering *r, const char *key, int v)
{
	char text[16];

	snprintf(text, sizeof text, "%d", v);
	if (v > 0)
		record_info(r->out, key, str_c(text));
}

static bool
is_level(struct rendering *r, VipsImage *head, int i)
{
	AUTO(source_free) VipsSource *s = source_of(r);
	AUTO(image_free) VipsImage *level = NULL;
	int w = head->Xsize >> i, h = head->Ysize >> i;
	char option[32];

	snprintf(option, sizeof option, "[page=%d]", i);
	level = w > 0 && h > 0 ? vips_image_new_from_source(s, option, NULL) : NULL;
	return level != NULL && abs(level->Xsize - w) <= LEVEL_SLACK &&
	       abs(level->Ysize - h) <= LEVEL_SLACK;
}

/* The levels of a pyramid come as pages, each half as large as the one before: one picture. */
static int
count_pages(struct rendering *r, VipsImage *head)
{
	int n = number_of(head, VIPS_META_N_PAGES);

	if (strcmp(r->sniffed.loader, "VipsForeignLoadTiff") != 0)
		return n;
	for (int i = 1; i < n && i < LEVELS_MOST; i++) {
		if (!is_level(r, head, i))
			return n;
	}
	return MIN(n, 1);
}

static void
put_head(struct rendering *r, VipsImage *head)
{
	bool swap = vips_image_get_orientation_swap(head);
	const char *space = vips_enum_nick(VIPS_TYPE_INTERPRETATION, (int)head->Type);

	put_number(r, "width", swap ? head->Ysize : head->Xsize);
	put_number(r, "height", swap ? head->Xsize : head->Ysize);
	put_number(r, "pages", r->pages);
	if (space != NULL)
		record_info(r->out, "space", str_c(space));
	exif_put(r->out, head);
}

/* ---- decoding ---- */

/* To 8 bit grey or sRGB, with or without alpha. */
static VipsImage *
to_screen(VipsImage *in)
{
	AUTO(image_free) VipsImage *colour = NULL;
	VipsImage *out = NULL;
	bool grey = in->Type == VIPS_INTERPRETATION_B_W || in->Type == VIPS_INTERPRETATION_GREY16;

	if (vips_colourspace(in, &colour, grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB,
	        NULL) != 0 ||
	    vips_cast_uchar(colour, &out, NULL) != 0)
		return NULL;
	return out;
}

/* Paper is white. */
static VipsImage *
on_white(VipsImage *in)
{
	AUTO(image_free) VipsImage *flat = NULL;
	double white[] = {255, 255, 255};
	VipsArrayDouble *background = vips_array_double_new(white, in->Bands > 2 ? 3 : 1);
	int r = vips_flatten(in, &flat, "background", background, NULL);

	vips_area_unref(VIPS_AREA(background));
	return r == 0 ? TAKE(flat) : NULL;
}

/* A profile of another space than the picture's would be an error: it is looked past. */
static bool
needs_profile(VipsImage *head)
{
	const void *p;
	size_t n;

	if (head->Type == VIPS_INTERPRETATION_CMYK)
		return true;
	return vips_image_get_typeof(head, VIPS_META_ICC_NAME) != 0 &&
	       vips_image_get_blob(head, VIPS_META_ICC_NAME, &p, &n) == 0 &&
	       vips_icc_is_compatible_profile(head, p, n);
}

struct wanted {
	uint32_t page;
	int side;
	bool profile;
	bool whole;  /* fail when it ends early */
	int longest; /* side of the original */
};

/* A picture from above to below, some rows at a time. */
struct strip {
	VipsImage *image;
	VipsRegion *region;
};

static const uint8_t *
row_of_strip(void *arg, int y)
{
	struct strip *s = arg;
	VipsRect r = {0, y, s->image->Xsize, MIN(STRIP_ROWS, s->image->Ysize - y)};
	const VipsRect *have = &s->region->valid;

	if ((y < have->top || y >= have->top + have->height) &&
	    vips_region_prepare(s->region, &r) != 0)
		return NULL;
	return VIPS_REGION_ADDR(s->region, 0, y);
}

/* Its pixels, fewer of them, and nothing else of it. */
static VipsImage *
fewer(VipsImage *in, int w, int h)
{
	struct strip strip = {in, vips_region_new(in)};
	const struct rows rows = {in->Xsize, in->Ysize, in->Bands, row_of_strip, &strip};
	uint8_t *p = resample_rows(&rows, w, h);
	VipsImage *out = NULL;

	g_object_unref(strip.region);
	if (p != NULL)
		out = vips_image_new_from_memory_copy(p, (size_t)w * (size_t)h * (size_t)in->Bands,
		    w, h, in->Bands, VIPS_FORMAT_UCHAR);
	free(p);
	if (out != NULL)
		out->Type = in->Type;
	return out;
}

static VipsImage *
fewer_to_fit(VipsImage *in, int side)
{
	int longest = MAX(in->Xsize, in->Ysize);
	double scale = (double)MIN(side, longest) / longest;

	return fewer(
	    in, MAX(1, (int)(in->Xsize * scale + 0.5)), MAX(1, (int)(in->Ysize * scale + 0.5)));
}

/* ---- pictures of 8 bit, which nearly all are: read once from above to below ---- */

static bool
is_jpeg(const struct rendering *r)
{
	return strcmp(r->sniffed.loader, "VipsForeignLoadJpeg") == 0;
}

static bool
has_pages(const struct rendering *r)
{
	return r->kind == MEDIA_PDF || strcmp(r->sniffed.loader, "VipsForeignLoadTiff") == 0;
}

/* WebP is decoded in the wanted size, vectors are drawn in it. */
static bool
is_read_whole(const struct rendering *r)
{
	return is_jpeg(r) || r->kind == MEDIA_HEIF ||
	       strcmp(r->sniffed.loader, "VipsForeignLoadTiff") == 0 ||
	       strcmp(r->sniffed.loader, "VipsForeignLoadPng") == 0;
}

static bool
is_plain(VipsImage *image)
{
	bool grey = image->Type == VIPS_INTERPRETATION_B_W;
	bool colours = image->Type == VIPS_INTERPRETATION_sRGB;
	int bands = image->Bands - vips_image_hasalpha(image);

	return image->BandFmt == VIPS_FORMAT_UCHAR && image->Coding == VIPS_CODING_NONE &&
	       ((grey && bands == 1) || (colours && bands == 3));
}

/* libjpeg leaves out what will not be seen, down to half as much. */
static int
jpeg_shrink(const struct wanted *w)
{
	int factor = 8;

	while (factor > 1 && w->longest / factor < w->side)
		factor /= 2;
	return factor;
}

/* By the option string: 8.14 does not pass an argument on to a source's loader. */
static void
loader_options(const struct rendering *r, const struct wanted *w, char ret[OPTIONS])
{
	const char *fail = w->whole ? "truncated" : "none";

	if (has_pages(r))
		snprintf(ret, OPTIONS, "[page=%u,fail_on=%s]", w->page - 1, fail);
	else
		snprintf(ret, OPTIONS, "[fail_on=%s]", fail);
}

/* What the pixels need to be looked at: their profile, and which side is up. */
static VipsImage *
with_view(VipsImage *in, VipsImage *head)
{
	VipsImage *out = NULL;
	const void *p;
	size_t n;

	if (vips_copy(in, &out, NULL) != 0)
		return NULL;
	vips_image_set_int(out, VIPS_META_ORIENTATION, vips_image_get_orientation(head));
	if (needs_profile(head) && vips_image_get_blob(head, VIPS_META_ICC_NAME, &p, &n) == 0)
		vips_image_set_blob_copy(out, VIPS_META_ICC_NAME, p, n);
	return out;
}

static VipsImage *
as_seen(VipsImage *in)
{
	AUTO(image_free) VipsImage *colours = NULL;
	VipsImage *out = NULL;

	if (vips_image_get_typeof(in, VIPS_META_ICC_NAME) == 0)
		colours = g_object_ref(in);
	else if (vips_icc_transform(in, &colours, "srgb", "embedded", TRUE, NULL) != 0)
		return NULL;
	return vips_autorot(colours, &out, NULL) == 0 ? out : NULL;
}

static VipsImage *
open_page(struct rendering *r, const struct wanted *w)
{
	AUTO(source_free) VipsSource *s = source_of(r);
	VipsImage *page = NULL;
	char options[OPTIONS];

	loader_options(r, w, options);
	if (!is_jpeg(r))
		return vips_image_new_from_source(
		    s, options, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	(void)vips_jpegload_source(s, &page, "shrink", jpeg_shrink(w), "fail_on",
	    w->whole ? VIPS_FAIL_ON_TRUNCATED : VIPS_FAIL_ON_NONE, "access", VIPS_ACCESS_SEQUENTIAL,
	    NULL);
	return page;
}

/* 1 done, 0 another way, -1 it cannot be read. */
static int
shrink_plain(struct rendering *r, const struct wanted *w, VipsImage **ret)
{
	AUTO(image_free) VipsImage *page = is_read_whole(r) ? open_page(r, w) : NULL;
	AUTO(image_free) VipsImage *small = NULL;
	AUTO(image_free) VipsImage *view = NULL;

	if (page == NULL || !is_plain(page))
		return is_read_whole(r) && page == NULL ? -1 : 0;
	if ((small = fewer_to_fit(page, w->side)) != NULL &&
	    (view = with_view(small, page)) != NULL)
		*ret = as_seen(view);
	return *ret != NULL ? 1 : -1;
}

static int
shrink(struct rendering *r, const struct wanted *w, VipsImage **ret)
{
	int done = shrink_plain(r, w, ret);
	AUTO(source_free) VipsSource *s = NULL;
	char options[OPTIONS];

	if (done != 0)
		return MIN(done, 0);
	s = source_of(r);
	loader_options(r, w, options);
	if (w->profile)
		return vips_thumbnail_source(s, ret, w->side, "height", w->side, "option_string",
		    options, "export_profile", "srgb", NULL);
	return vips_thumbnail_source(
	    s, ret, w->side, "height", w->side, "option_string", options, NULL);
}

/* One page, decoded, in memory: the only time it is decoded. */
static VipsImage *
decode(struct rendering *r, const struct wanted *w)
{
	AUTO(image_free) VipsImage *small = NULL;
	AUTO(image_free) VipsImage *screen = NULL;
	AUTO(image_free) VipsImage *flat = NULL;

	if (shrink(r, w, &small) != 0 || (screen = to_screen(small)) == NULL)
		return NULL;
	if (r->kind == MEDIA_PDF && vips_image_hasalpha(screen)) {
		flat = on_white(screen);
		return flat != NULL ? vips_image_copy_memory(flat) : NULL;
	}
	return vips_image_copy_memory(screen);
}

/* A file that ends early still shows what there is of it. */
static VipsImage *
decode_or_rest(struct rendering *r, struct wanted *w)
{
	VipsImage *image = decode(r, w);

	if (image != NULL || r->in->corrupt)
		return image;
	w->whole = false;
	image = decode(r, w);
	r->damaged = r->damaged || image != NULL;
	return image;
}

/* ---- encoding ---- */

/* An alpha channel that hides nothing is left out. */
static VipsImage *
without_idle_alpha(VipsImage *in)
{
	AUTO(image_free) VipsImage *alpha = NULL;
	VipsImage *out = NULL;
	double least = 0;

	if (!vips_image_hasalpha(in)) {
		g_object_ref(in);
		return in;
	}
	if (vips_extract_band(in, &alpha, in->Bands - 1, NULL) != 0 ||
	    vips_min(alpha, &least, NULL) != 0)
		return NULL;
	if (least == 255 && vips_extract_band(in, &out, 0, "n", in->Bands - 1, NULL) == 0)
		return out;
	g_object_ref(in);
	return in;
}

struct encoded {
	void *p;
	size_t n;
	struct render_picture picture;
};

static bool
encode(VipsImage *image, uint32_t page, uint32_t size, struct encoded *ret)
{
	bool alpha = vips_image_hasalpha(image);
	bool ok =
	    alpha ? encode_webp(image, &ret->p, &ret->n) : encode_jpeg(image, &ret->p, &ret->n);

	ret->picture = (struct render_picture){.page = page,
	    .size = size,
	    .width = (uint32_t)image->Xsize,
	    .height = (uint32_t)image->Ysize,
	    .format = alpha ? PICTURE_WEBP : PICTURE_JPEG,
	    .bytes = {ret->p, ret->n}};
	return ok;
}

static void
put_likeness(struct rendering *r, VipsImage *smallest)
{
	AUTO(image_free)
	VipsImage *flat =
	    vips_image_hasalpha(smallest) ? on_white(smallest) : g_object_ref(smallest);
	AUTO(image_free) VipsImage *rgb = NULL;
	char hash[BLURHASH_TEXT], colour[8];
	uint8_t *pixels;
	size_t n = 0;

	if (flat == NULL || vips_colourspace(flat, &rgb, VIPS_INTERPRETATION_sRGB, NULL) != 0 ||
	    rgb->Bands != 3 || (pixels = vips_image_write_to_memory(rgb, &n)) == NULL)
		return;
	if (n == 3 * (size_t)rgb->Xsize * (size_t)rgb->Ysize &&
	    MAX(rgb->Xsize, rgb->Ysize) <= LIKENESS_SIDE_MOST) {
		likeness_blurhash(pixels, rgb->Xsize, rgb->Ysize, hash);
		likeness_colour(pixels, rgb->Xsize, rgb->Ysize, colour);
		record_info(r->out, "blurhash", str_c(hash));
		record_info(r->out, "colour", str_c(colour));
	}
	g_free(pixels);
}

/* Later pages are seen as a strip and large: two sizes. */
static bool
is_made(uint32_t page, size_t i)
{
	return page == 1 || sizes[i] == 320 || sizes[i] == LARGEST;
}

/* From the largest down; told from the smallest up.  A size that would enlarge stands for itself:
 * the first that holds the whole picture is the last one made. */
static bool
put_page(struct rendering *r, VipsImage *whole, uint32_t page)
{
	struct encoded list[SIZES] = {0};
	AUTO(image_free) VipsImage *image = without_idle_alpha(whole);
	int side = MAX(whole->Xsize, whole->Ysize);
	bool ok = image != NULL;

	for (size_t i = SIZES; ok && i-- > 0;) {
		VipsImage *next;

		if ((i > 0 && (int)sizes[i - 1] >= side) || !is_made(page, i))
			continue;
		next = (int)sizes[i] < MAX(image->Xsize, image->Ysize)
		           ? fewer_to_fit(image, (int)sizes[i])
		           : g_object_ref(image);
		image_free(&image);
		image = next;
		ok = image != NULL && encode(image, page, sizes[i], &list[i]);
	}
	for (size_t i = 0; i < SIZES; i++) {
		if (ok && list[i].p != NULL)
			record_picture(r->out, &list[i].picture);
		free(list[i].p);
	}
	if (ok && page == 1)
		put_likeness(r, image);
	return ok;
}

/* ---- the whole ---- */

static bool
fits_loader(struct rendering *r, VipsSource *s)
{
	const char *loader = vips_foreign_find_load_source(s);

	return loader != NULL && g_str_has_prefix(loader, r->sniffed.loader);
}

static VipsImage *
look(struct rendering *r, const char **ret_reason)
{
	AUTO(source_free) VipsSource *s = source_of(r);
	VipsImage *head;

	if (!fits_loader(r, s)) {
		*ret_reason = "other-kind";
		return NULL;
	}
	head = vips_image_new_from_source(s, "", "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	*ret_reason = "does-not-decode";
	if (head == NULL && (strstr(vips_error_buffer(), "ncrypted") != NULL ||
	                        strstr(vips_error_buffer(), "assword") != NULL))
		*ret_reason = "locked";
	return head;
}

static uint32_t
pages_of(const struct rendering *r)
{
	int pages = r->sniffed.has_frames || r->kind == MEDIA_HEIF ? 1 : r->pages;

	return (uint32_t)MIN(MAX(pages, 1), (int)r->pages_most);
}

static int
side_of(const struct rendering *r, VipsImage *head)
{
	return is_vector(r) ? LARGEST : MIN(LARGEST, MAX(head->Xsize, head->Ysize));
}

/* A page that does not show ends the list; the first one must. */
static uint32_t
put_pages(struct rendering *r, VipsImage *head)
{
	uint32_t n = pages_of(r), page = 1;

	for (; page <= n; page++) {
		struct wanted w = {.page = page,
		    .side = side_of(r, head),
		    .profile = !is_vector(r) && needs_profile(head),
		    .whole = !is_vector(r),
		    .longest = MAX(head->Xsize, head->Ysize)};
		AUTO(image_free) VipsImage *image = decode_or_rest(r, &w);

		if (image == NULL || !put_page(r, image, page))
			break;
	}
	r->damaged = r->damaged || page <= n;
	return page - 1;
}

static bool
take_svg(struct rendering *r)
{
	AUTO(buf_fini) struct buf raw = {0};
	uint8_t step[16384];
	uint64_t at = 0;
	long n;

	buf_init(&raw, SVG_BYTES_MOST);
	buf_init(&r->svg, SVG_BYTES_MOST);
	while ((n = input_read(r->in, at, step, sizeof step)) > 0) {
		buf_add(r->sniffed.is_gzip ? &raw : &r->svg, step, (size_t)n);
		at += (uint64_t)n;
	}
	if (n < 0 || (r->sniffed.is_gzip && !inflate_svg(buf_view(&raw), &r->svg)))
		return false;
	return r->svg.n > 0 && !r->svg.full &&
	       memmem(r->svg.p, MIN(r->svg.n, (size_t)SNIFF_BYTES), "<svg", 4) != NULL;
}

static void
end(struct rendering *r, enum render_state state, const char *reason)
{
	if (r->in->corrupt)
		record_done(r->out, RENDER_DAMAGED, "does-not-authenticate");
	else
		record_done(r->out, state, reason);
}

static void
render_checked(struct rendering *r)
{
	const char *reason = "does-not-decode";
	AUTO(image_free) VipsImage *head = look(r, &reason);

	if (head == NULL) {
		end(r, strcmp(reason, "does-not-decode") == 0 ? RENDER_DAMAGED : RENDER_REFUSED,
		    reason);
		return;
	}
	reason = past_limit(r, head);
	r->pages = reason == NULL ? count_pages(r, head) : 0;
	put_head(r, head);
	if (reason != NULL)
		end(r, RENDER_REFUSED, reason);
	else if (put_pages(r, head) == 0)
		end(r, RENDER_DAMAGED, "does-not-decode");
	else
		end(r, r->damaged ? RENDER_DAMAGED : RENDER_READY, r->damaged ? "ends-early" : "");
}

void
render(struct rendering *r)
{
	sniff(r->in, r->kind, &r->sniffed);
	if (r->sniffed.refused != NULL)
		end(r, RENDER_REFUSED, r->sniffed.refused);
	else if (r->kind == MEDIA_SVG && !take_svg(r))
		end(r, RENDER_REFUSED, "svg-size");
	else
		render_checked(r);
}
