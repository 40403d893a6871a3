/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * job - one file, one process: limits, warm up, seal, and only then its bytes
 *
 * Everything that would open a file, load a library or register a type later is
 * used once before the seal.  No pixel is evaluated there: the first one starts
 * threads, and Landlock binds only the thread that calls it.
 *
 * Of libvips' modules only the one this kind needs is loaded, by its path; the
 * folder is empty by VIPSHOME, so that ImageMagick is not in the process.
 */
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <fontconfig/fontconfig.h>
#include <gmodule.h>
#include <vips/vips.h>

#include <vips/vector.h>

#undef MIN /* GLib's; ours are the same */
#undef MAX

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "media/media.h"
#include "os/file.h"

#define WAIT_STEPS 1000 /* of a millisecond: on a busy machine a thread ends late */
#define REQUEST_BYTES 65536

/* What may read a kind beside the loaders libvips trusts. */
static const struct {
	const char *module; /* NULL: inside libvips */
	const char *unblock;
	bool with_fonts;
} kinds[MEDIA_KIND_COUNT] = {
    [MEDIA_PICTURE] = {NULL, NULL, false},
    [MEDIA_HEIF] = {"vips-heif.so", NULL, false},
    [MEDIA_SVG] = {NULL, "VipsForeignLoadSvg", true},
    [MEDIA_PDF] = {"vips-poppler.so", "VipsForeignLoadPdf", true},
};

/* ---- warm up ---- */

/* It would ask whether stderr is the journal, and print text of a stranger's file. */
static GLogWriterOutput
say_nothing(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer arg)
{
	(void)level;
	(void)fields;
	(void)n;
	(void)arg;
	return G_LOG_WRITER_HANDLED;
}

static bool
load_module(const char *name)
{
	char path[256];

	if (name == NULL)
		return true;
	snprintf(path, sizeof path, "%s/%s", VIPS_MODULES, name);
	return g_module_open(path, G_MODULE_BIND_LAZY) != NULL;
}

/*
 * What poppler and librsvg ask for when a text wants it: charsets, and which fonts there
 * are.  Fontconfig is asked itself, for newer Pangos (1.56, Debian 13) keep a thread as
 * long as they have a font map, and a thread from before the seal is outside it.
 */
static bool
warm_texts(void)
{
	static const char *const charsets[] = {"UTF-16", "ISO-8859-15", "WINDOWS-1252"};
	FcPattern *want = FcNameParse((const FcChar8 *)"sans"), *font;
	FcResult result;

	for (size_t i = 0; i < ARRAY_LEN(charsets); i++)
		(void)iconv_open("UTF-8", charsets[i]);
	if (want == NULL || !FcInit() || !FcConfigSubstitute(NULL, want, FcMatchPattern))
		return false;
	FcDefaultSubstitute(want);
	font = FcFontMatch(NULL, want, &result); /* none at all: texts are left out */
	if (font != NULL)
		FcPatternDestroy(font);
	FcPatternDestroy(want);
	return true;
}

/* OpenSSL reads its configuration and fetches its ciphers at their first use. */
static bool
warm_crypto(void)
{
	const struct data_key key = {{1}};
	const uint8_t context[SEALED_CONTEXT_BYTES] = {0};
	uint8_t head[SEALED_HEAD_BYTES], chunk[SEALED_TAG_BYTES];
	struct sealed *s = NULL;
	struct error e;
	bool ok = sealed_new(&key, context, head, &s, &e) == 0 &&
	          sealed_chunk_seal(s, 0, "", 0, chunk, &e) == 0;

	sealed_free(&s);
	ok = ok && sealed_open(&key, context, head, &s, &e) == 0 &&
	     sealed_chunk_open(s, 0, chunk, sizeof chunk, head, &e) == 0;
	sealed_free(&s);
	return ok;
}

static bool
warm(enum media_kind kind)
{
	g_log_set_writer_func(say_nothing, NULL, NULL);
	if (VIPS_INIT("geleit-media") != 0 || !load_module(kinds[kind].module))
		return false;
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	vips_vector_set_enabled(FALSE);                             /* it makes code at run time */
	(void)vips_foreign_find_load_buffer("nothing to read", 15); /* registers every loader */
	vips_block_untrusted_set(TRUE);
	if (kinds[kind].unblock != NULL)
		vips_operation_block_set(kinds[kind].unblock, FALSE);
	vips_error_clear();
	tzset();
	return (!kinds[kind].with_fonts || warm_texts()) && warm_crypto();
}

/* What the warming up started has ended: a thread that lives on would be outside the seal. */
static bool
is_alone(void)
{
	struct stat st;

	for (int i = 0; i < WAIT_STEPS; i++) {
		if (stat("/proc/self/task", &st) < 0)
			return false;
		if (st.st_nlink == 3)
			return true;
		(void)usleep(1000);
	}
	return false;
}

/* ---- after the seal ---- */

static int
take_request(struct arena *a, enum media_kind kind, struct input *in, uint32_t *ret_pages)
{
	struct msg_render m;
	struct error e;
	struct str text;

	if (fd_read_all(a, JOB_REQUEST, REQUEST_BYTES, &text, &e) < 0 ||
	    msg_render_get(text, a, &m, &e) < 0 || m.kind != kind)
		return -1;
	*ret_pages = m.pages;
	/* a part that does not open is no error of ours: it is said in the result */
	if (input_open(in, &m, &e) < 0)
		in->corrupt = true;
	return 0;
}

static int
run(enum media_kind kind)
{
	struct arena *a = arena_new();
	struct input *in = xcalloc(1, sizeof *in);
	struct rendering r = {.in = in, .kind = kind};
	struct error e;
	struct buf out;

	buf_init(&out, LIMIT_RENDER_BYTES);
	r.out = &out;
	if (take_request(a, kind, in, &r.pages_most) < 0)
		return EXIT_INPUT;
	if (in->corrupt)
		record_done(&out, RENDER_DAMAGED, "does-not-authenticate");
	else
		render(&r);
	if (out.full || fd_write_all(JOB_OUTPUT, out.p, out.n, &e) < 0)
		return EXIT_OUTPUT;
	return EXIT_OK;
}

static bool
kind_parse(const char *name, enum media_kind *ret)
{
	for (int i = 0; i < MEDIA_KIND_COUNT; i++) {
		if (strcmp(name, media_kind_name((enum media_kind)i)) == 0) {
			*ret = (enum media_kind)i;
			return true;
		}
	}
	return false;
}

void
job_main(const char *name, const char *how)
{
	enum media_kind kind;
	struct error e;

	if (!kind_parse(name, &kind) || seal_limits(&e) < 0 || !warm(kind))
		_exit(EXIT_WARM);
	if (!is_alone() || seal_enter(kinds[kind].with_fonts, strcmp(how, "jailed") == 0, &e) < 0)
		_exit(EXIT_SEAL);
	/* no destructors: nothing of ours is left to flush */
	_exit(run(kind));
}
