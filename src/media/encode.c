/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * encode - pixels of a rendition as JPEG or WebP, and nothing else with them
 *
 * Places, cameras, histories and profiles stay behind.  WebP is written by its own
 * library: libvips 8.14 copies Exif into it, "strip" or not, places included.
 */
#include <stdlib.h>

#include <vips/vips.h>
#include <webp/encode.h>

#undef MIN /* GLib's; ours are the same */
#undef MAX

#include "base/base.h"
#include "media/media.h"

#define JPEG_QUALITY 82
#define WEBP_QUALITY 85
#define WEBP_EFFORT 2

static void
object_free(VipsImage **i)
{
	g_clear_object(i);
}

bool
encode_jpeg(VipsImage *image, void **ret, size_t *ret_n)
{
	void *p = NULL;

	if (vips_jpegsave_buffer(image, &p, ret_n, "Q", JPEG_QUALITY, "optimize_coding", TRUE,
	        "strip", TRUE, NULL) != 0)
		return false;
	*ret = malloc(*ret_n);
	if (*ret != NULL)
		memcpy(*ret, p, *ret_n);
	g_free(p);
	return *ret != NULL;
}

static bool
write_webp(const uint8_t *rgba, int w, int h, WebPMemoryWriter *out)
{
	WebPConfig config;
	WebPPicture picture;
	bool ok;

	if (!WebPConfigInit(&config) || !WebPPictureInit(&picture))
		return false;
	config.quality = WEBP_QUALITY;
	config.method = WEBP_EFFORT;
	picture.width = w;
	picture.height = h;
	picture.writer = WebPMemoryWrite;
	picture.custom_ptr = out;
	ok = WebPPictureImportRGBA(&picture, rgba, w * 4) && WebPEncode(&config, &picture);
	WebPPictureFree(&picture);
	return ok;
}

bool
encode_webp(VipsImage *image, void **ret, size_t *ret_n)
{
	AUTO(object_free) VipsImage *rgba = NULL;
	WebPMemoryWriter out;
	uint8_t *pixels;
	size_t n = 0;
	bool ok;

	if (vips_colourspace(image, &rgba, VIPS_INTERPRETATION_sRGB, NULL) != 0 ||
	    rgba->Bands != 4 || (pixels = vips_image_write_to_memory(rgba, &n)) == NULL)
		return false;
	WebPMemoryWriterInit(&out);
	ok = n == 4 * (size_t)rgba->Xsize * (size_t)rgba->Ysize &&
	     write_webp(pixels, rgba->Xsize, rgba->Ysize, &out);
	g_free(pixels);
	*ret = out.mem;
	*ret_n = out.size;
	return ok;
}
