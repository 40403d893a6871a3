/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * media - what the files of geleit-media share (private to src/media)
 *
 *	media.c     the supervisor: takes RENDER, starts jobs, ends those that are late
 *	jail.c      a job's process: own namespaces, descriptors, execution of ourselves
 *	job.c       a job from its first line to its last: limits, warm up, seal, read, render
 *	seal.c      own root, Landlock, no capabilities, system calls by a list
 *	input.c     the sealed parts as one file
 *	sniff.c     what the first bytes are, and what is refused before a decoder sees it
 *	picture.c   the file as a source of libvips, and its renditions
 *	encode.c    pixels as JPEG or WebP
 *	exif.c      camera and time
 *	resample.c  pixels to fewer pixels
 *	likeness.c  blurhash and dominant colour from pixels
 *
 * The supervisor opens no file and parses nothing but worker's messages; a job
 * parses one stranger's file and can do nothing else.
 *
 * Layer: media (base, os, msg, crypto, conf).
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"
#include "base/buf.h"
#include "crypto/sealed.h"
#include "msg/msg.h"
#include "msg/record.h"

struct error;

/* ---- jail.c ---- */

/* How a process ends that did not come to its file's end; NOT_STARTED: before it was a job at all.
 */
enum {
	EXIT_OK = 0,
	EXIT_WARM = 70,
	EXIT_SEAL = 71,
	EXIT_INPUT = 72,
	EXIT_OUTPUT = 73,
	EXIT_NOT_STARTED = 127,
};

/* Where a job finds its descriptors. */
enum { JOB_REQUEST = 3, JOB_OUTPUT = 4, JOB_PARTS = 5 };

struct jail {
	enum media_kind kind;
	int null; /* /dev/null, for 0, 1 and 2 */
	int request, output;
	const int *parts;
	size_t part_count;
	bool may_have_namespaces; /* false: the host forbids them, Landlock and seccomp remain */
};
/* *ret_pidfd is the caller's.  ERR_DENIED: no namespaces here; try without.  ERR_BUSY: not now. */
NODISCARD int jail_start(const struct jail *j, pid_t *ret, int *ret_pidfd, struct error *e);
/*
 * Does this host give namespaces, and let a job use them?  null: /dev/null.  ERR_DENIED: no,
 * known here before a file has to wait for it; any other error: it is not known.
 */
NODISCARD int jail_try(int null, struct error *e);

/* ---- job.c ---- */

/* Never returns; argv: "job", kind, "jailed" or "bare". */
NORETURN void job_main(const char *kind, const char *how);

/* ---- seal.c ---- */

NODISCARD int seal_limits(struct error *e);
/* After the warm up, before the first byte.  with_fonts: they stay readable. */
NODISCARD int seal_enter(bool with_fonts, bool in_own_root, struct error *e);

/* ---- input.c ---- */

struct input {
	struct sealed_reader *readers[LIMIT_RENDER_PARTS];
	uint64_t starts[LIMIT_RENDER_PARTS + 1];
	size_t part_count;
	uint64_t bytes;
	bool corrupt; /* a part did not authenticate */
};
NODISCARD int input_open(struct input *in, const struct msg_render *m, struct error *e);
/* Up to n bytes at an offset, short only at the end; 0 there, -1 corrupt. */
long input_read(struct input *in, uint64_t offset, void *p, size_t n);

/* ---- sniff.c ---- */

#define SNIFF_BYTES 65536
#define SVG_BYTES_MOST (10 * 1024 * 1024) /* inflated */

struct sniffed {
	const char *loader;  /* the beginning of the libvips class that may read it */
	const char *refused; /* a code, NULL: go on */
	bool has_frames;     /* an animation: one page, many frames */
	bool is_gzip;        /* an SVG to be inflated */
};
void sniff(struct input *in, enum media_kind kind, struct sniffed *ret);
/* Inflate, at most SVG_BYTES_MOST; false: more than that, cut or no gzip. */
bool inflate_svg(struct str gz, struct buf *out);

/* ---- picture.c ---- */

struct rendering {
	struct input *in;
	enum media_kind kind;
	uint32_t pages_most;
	struct sniffed sniffed;
	struct buf svg; /* its text, when it is one */
	int pages;      /* of the file; levels of a pyramid are none */
	struct buf *out;
	bool damaged; /* it decodes, but not to its end */
};
/* Everything to r->out, record_done included. */
void render(struct rendering *r);

/* ---- encode.c ---- */

struct _VipsImage;
/* 8 bit grey or sRGB in memory; *ret is for free(), failed or not. */
bool encode_jpeg(struct _VipsImage *image, void **ret, size_t *ret_n);
/* The same with alpha. */
bool encode_webp(struct _VipsImage *image, void **ret, size_t *ret_n);

/* ---- exif.c ---- */

void exif_put(struct buf *out, struct _VipsImage *head);

/* ---- resample.c ---- */

/* 8 bit: grey, grey and alpha, RGB, RGB and alpha.  Each row is asked for once, in order. */
struct rows {
	int w, h, bands;
	const uint8_t *(*row)(void *arg, int y); /* NULL: it cannot be had */
	void *arg;
};
/* w and h at most what there is; free() what is given back.  NULL: a row could not be had. */
uint8_t *resample_rows(const struct rows *in, int w, int h);

/* ---- likeness.c ---- */

#define BLURHASH_TEXT 29
#define LIKENESS_SIDE_MOST 64 /* the smallest rendition */
/* pixels: RGB, 8 bit, w * h of them; neither above LIKENESS_SIDE_MOST. */
void likeness_blurhash(const uint8_t *pixels, int w, int h, char ret[BLURHASH_TEXT]);
void likeness_colour(const uint8_t *pixels, int w, int h, char ret[8]);
