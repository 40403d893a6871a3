/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * body - a byte-wise machine for the framing, whole runs for the content
 *
 * Framing is a few bytes per chunk, so clarity wins there; content is never
 * looked at.  The machine accepts RFC 9112 section 7.1 and nothing beside it:
 * no blanks after the size, also not before an extension (where they are "bad
 * whitespace" that h11 refuses), no bare LF, no size that needs more than 15
 * digits.
 */
#include "http/body.h"

#include "http/chars.h"

#define EXTENSION_BYTES 256
#define TRAILER_BYTES 4096
#define SIZE_DIGITS 15

enum state {
	LENGTH, /* content by Content-Length */
	SIZE,   /* hex digits */
	EXTENSION,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER, /* first byte of a trailer line */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	END_LF,
	DONE,
};

void
http_body_init(struct http_body *b, int64_t content_length, bool chunked)
{
	*b = (struct http_body){.chunked = chunked, .state = chunked ? SIZE : LENGTH};
	if (!chunked && content_length > 0)
		b->left = (uint64_t)content_length;
}

static bool
is_text(char c)
{
	return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

static int
size_digit(struct http_body *b, char c)
{
	int digit = http_hex(c);

	if (digit >= 0) {
		if (++b->line > SIZE_DIGITS)
			return -1;
		b->left = b->left * 16 + (uint64_t)digit;
		return SIZE;
	}
	if (b->line == 0)
		return -1;
	b->line = 0;
	if (c == '\r')
		return SIZE_LF;
	return c == ';' ? EXTENSION : -1;
}

static int
extension(struct http_body *b, char c)
{
	if (++b->line > EXTENSION_BYTES)
		return -1;
	if (c == '\r')
		return SIZE_LF;
	return is_text(c) ? EXTENSION : -1;
}

static int
trailer(struct http_body *b, char c)
{
	if (++b->trailer > TRAILER_BYTES)
		return -1;
	switch (b->state) {
	case TRAILER:
		if (c == '\r')
			return END_LF;
		return http_is_tchar(c) ? TRAILER_NAME : -1;
	case TRAILER_NAME:
		if (c == ':')
			return TRAILER_VALUE;
		return http_is_tchar(c) ? TRAILER_NAME : -1;
	case TRAILER_VALUE:
		if (c == '\r')
			return TRAILER_LF;
		return is_text(c) ? TRAILER_VALUE : -1;
	default: /* TRAILER_LF */
		return c == '\n' ? TRAILER : -1;
	}
}

/* The state after this byte of framing; -1 refuses it. */
static int
frame(struct http_body *b, char c)
{
	switch (b->state) {
	case SIZE:
		return size_digit(b, c);
	case EXTENSION:
		return extension(b, c);
	case SIZE_LF:
		b->line = 0;
		if (c != '\n')
			return -1;
		return b->left > 0 ? DATA : TRAILER;
	case DATA_CR:
		return c == '\r' ? DATA_LF : -1;
	case DATA_LF:
		return c == '\n' ? SIZE : -1;
	case END_LF:
		return c == '\n' ? DONE : -1;
	default:
		return trailer(b, c);
	}
}

static size_t
content(struct http_body *b, size_t n)
{
	size_t data = b->left < n ? (size_t)b->left : n;

	b->left -= data;
	return data;
}

int
http_body_next(struct http_body *b, struct str in, size_t *skip, size_t *data)
{
	*skip = *data = 0;
	if (b->state == LENGTH) {
		*data = content(b, in.n);
		return b->left == 0;
	}
	while (b->state != DATA && b->state != DONE) {
		if (*skip == in.n)
			return 0;
		b->state = frame(b, in.p[(*skip)++]);
		if (b->state < 0) {
			b->state = SIZE; /* a second call refuses, it does not index anything */
			return -1;
		}
	}
	if (b->state == DONE)
		return 1;
	*data = content(b, in.n - *skip);
	if (b->left == 0)
		b->state = DATA_CR;
	return 0;
}
