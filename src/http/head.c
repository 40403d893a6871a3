/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * head - one pass for forbidden bytes, then line by line
 *
 * The first pass also sees an unfinished head, so that a bare LF or a NUL is
 * refused at once and not after ten seconds of waiting for its end.  After it
 * every CR is followed by LF and every LF preceded by CR, and the parsers below
 * may stop at CR without looking at lengths again.
 */
#include "http/head.h"

#include <strings.h>

#include "base/str.h"
#include "http/chars.h"
#include "http/http.h"

#define METHOD_BYTES 32

/* What the framing fields said, before they are weighed against each other. */
struct seen {
	unsigned host, length, coding, expect;
	unsigned once; /* bits: which of once[] were there */
	bool foreign_coding;
};

/* 1 the head ends at *used, 0 not yet, -400 a byte that may not be there. */
static int
find_end(struct str in, size_t *used)
{
	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c >= ' ' && c != 0x7f)
			continue;
		if (c == '\t')
			continue;
		if (c != '\r')
			return -400;
		if (i + 1 == in.n)
			return 0;
		if (in.p[i + 1] != '\n')
			return -400;
		if (i >= 2 && in.p[i - 1] == '\n') {
			*used = i + 2;
			return 1;
		}
		i++;
	}
	return 0;
}

/* Cut one line off s, which holds only whole lines. */
static struct str
take_line(struct str *s)
{
	struct str line = str_head(*s, str_find(*s, '\r'));

	*s = str_from(*s, line.n + 2);
	return line;
}

static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!http_is_tchar(s.p[i]))
			return false;
	return s.n > 0;
}

static int
parse_version(struct str s)
{
	static const char digits[] = "0123456789";

	if (str_eq(s, S("HTTP/1.1")))
		return 0;
	if (s.n == 8 && str_starts(s, S("HTTP/")) && strchr(digits, s.p[5]) != NULL &&
	    s.p[6] == '.' && strchr(digits, s.p[7]) != NULL)
		return -505;
	return -400;
}

/* The methods that exist are of capitals; CONNECT would end our framing, TRACE answers with
 * cookies. */
static int
check_method(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 'A' || s.p[i] > 'Z') && s.p[i] != '-' && s.p[i] != '_')
			return -400;
	if (s.n == 0)
		return -400;
	if (s.n > METHOD_BYTES || str_eq(s, S("CONNECT")) || str_eq(s, S("TRACE")))
		return -501;
	return 0;
}

/* The byte that an escape at i stands for; 0 is refused like a broken one. */
static int
unescape(struct str s, size_t i)
{
	int high = s.n - i < 3 ? -1 : http_hex(s.p[i + 1]);
	int low = s.n - i < 3 ? -1 : http_hex(s.p[i + 2]);

	return high < 0 || low < 0 ? 0 : high * 16 + low;
}

/*
 * A path has one spelling: every escape is whole and no NUL, and no segment is
 * "." or "..", escaped or not, also behind an escaped slash.  What resolves
 * them is the client; a server behind us and one before us may differ.
 */
static bool
is_plain_path(struct str s)
{
	size_t dots = 0, other = 0; /* of this segment */

	for (size_t i = 0; i < s.n; i++) {
		int c = s.p[i] == '%' ? unescape(s, i) : s.p[i];

		if (c == 0)
			return false;
		if (s.p[i] == '%')
			i += 2;
		if (c == '/' && other == 0 && (dots == 1 || dots == 2))
			return false;
		dots = c == '/' ? 0 : dots + (c == '.');
		other = c == '/' ? 0 : other + (c != '.');
	}
	return other > 0 || (dots != 1 && dots != 2);
}

/* Visible ASCII; '#' never travels, and quotes and angle brackets have no business here. */
static int
parse_target(struct http_head *h)
{
	size_t mark;

	if (h->target.n > LIMIT_TARGET_BYTES)
		return -414;
	for (size_t i = 0; i < h->target.n; i++) {
		char c = h->target.p[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '#' || c == '<' || c == '>')
			return -400;
	}
	if (h->target.n == 0 || h->target.p[0] != '/')
		return -400;
	mark = str_find(h->target, '?');
	h->path = str_head(h->target, mark);
	if (mark < h->target.n)
		h->query = str_from(h->target, mark + 1);
	return is_plain_path(h->path) ? 0 : -400;
}

static int
parse_request_line(struct str line, struct http_head *h)
{
	struct str rest, version;
	int r;

	h->method = str_cut(line, ' ', &rest);
	r = check_method(h->method);
	if (r != 0)
		return r;
	h->target = str_cut(rest, ' ', &version);
	if (h->target.n > LIMIT_TARGET_BYTES)
		return -414;
	r = parse_version(version);
	return r != 0 ? r : parse_target(h);
}

static void
note_connection(struct http_head *h, struct str list)
{
	while (list.n > 0) {
		struct str one = str_trim(str_cut(list, ',', &list));

		if (str_ieq(one, S("close")))
			h->keep_alive = false;
	}
}

static int
note_length(struct http_head *h, struct seen *seen, struct str value)
{
	uint64_t n;

	if (seen->length++ > 0 || !str_u64(value, &n) || n > INT64_MAX)
		return -400;
	h->content_length = (int64_t)n;
	return 0;
}

static int
note_expect(struct http_head *h, struct seen *seen, struct str value)
{
	if (seen->expect++ > 0)
		return -400;
	h->expect_continue = true;
	return str_ieq(value, S("100-continue")) ? 0 : -417;
}

/*
 * The fields that decide about framing; all others are only kept.  Their values
 * come without the spaces around them; a tab there is no value of theirs.
 */
static int
note_field(struct http_head *h, struct seen *seen, struct http_field f)
{
	switch (f.name.n) {
	case 4:
		if (!str_ieq(f.name, S("host")))
			return 0;
		h->host = f.value;
		return seen->host++ > 0 || !http_is_authority(f.value) ? -400 : 0;
	case 6:
		if (!str_ieq(f.name, S("expect")))
			return 0;
		return note_expect(h, seen, f.value);
	case 10:
		if (str_ieq(f.name, S("connection")))
			note_connection(h, f.value);
		return 0;
	case 14:
		if (str_ieq(f.name, S("content-length")))
			return note_length(h, seen, f.value);
		return 0;
	case 17:
		if (!str_ieq(f.name, S("transfer-encoding")))
			return 0;
		if (seen->coding++ > 0 || !str_ieq(f.value, S("chunked")))
			seen->foreign_coding = true;
		return 0;
	default:
		return 0;
	}
}

/* What a handler asks for by name has one value; with two, a proxy may have looked at the other. */
static int
note_once(struct seen *seen, struct str name)
{
	static const char *const once[] = {"authorization", "content-type", "idempotency-key",
	    "if-range", "origin", "range", "upload-length", "upload-offset"};

	for (unsigned i = 0; i < ARRAY_LEN(once); i++) {
		unsigned bit = 1u << i;

		if (!str_ieq(name, str_c(once[i])))
			continue;
		if ((seen->once & bit) != 0)
			return -400;
		seen->once |= bit;
	}
	return 0;
}

static struct str
trim_spaces(struct str s)
{
	while (s.n > 0 && s.p[0] == ' ')
		s = str_from(s, 1);
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

/* A line that begins with a blank (obs-fold) has no token before its colon. */
static int
parse_field(struct http_head *h, struct seen *seen, struct str line)
{
	struct http_field f;
	size_t colon = str_find(line, ':');

	if (colon == line.n)
		return -400;
	f.name = str_head(line, colon);
	if (!is_token(f.name))
		return -400;
	f.value = trim_spaces(str_from(line, colon + 1));
	if (h->field_count == LIMIT_HEAD_FIELDS)
		return -431;
	h->fields[h->field_count++] = (struct http_field){f.name, str_trim(f.value)};
	if (note_once(seen, f.name) < 0)
		return -400;
	return note_field(h, seen, f);
}

static int
weigh(struct http_head *h, const struct seen *seen)
{
	if (seen->host == 0 || (seen->length > 0 && seen->coding > 0))
		return -400;
	if (seen->foreign_coding)
		return -501;
	h->chunked = seen->coding > 0;
	return 1;
}

/* Neither a whole head nor room for more: was it the target or the fields? */
static int
too_large(struct str in)
{
	return str_find(in, '\r') > LIMIT_TARGET_BYTES + METHOD_BYTES + 10 ? -414 : -431;
}

static void
head_init(struct http_head *h)
{
	h->method = h->target = h->path = h->query = h->host = (struct str){NULL, 0};
	h->field_count = 0;
	h->content_length = -1;
	h->chunked = h->expect_continue = false;
	h->keep_alive = true;
}

int
http_head_parse(struct str in, struct http_head *ret, size_t *used)
{
	struct seen seen = {0};
	struct str rest = str_head(in, LIMIT_HEAD_BYTES);
	int r;

	r = find_end(rest, used);
	if (r < 0)
		return r;
	if (r == 0)
		return in.n >= LIMIT_HEAD_BYTES ? too_large(rest) : 0;
	head_init(ret);
	rest.n = *used - 2;
	r = parse_request_line(take_line(&rest), ret);
	while (r == 0 && rest.n > 0)
		r = parse_field(ret, &seen, take_line(&rest));
	return r != 0 ? r : weigh(ret, &seen);
}

struct str
http_field(const struct http_head *h, const char *name)
{
	struct str want = str_c(name);

	for (size_t i = 0; i < h->field_count; i++)
		if (h->fields[i].name.n == want.n && str_ieq(h->fields[i].name, want))
			return h->fields[i].value;
	return (struct str){NULL, 0};
}

const char *
http_reason(int status)
{
	static const struct {
		int status;
		const char *words;
	} table[] = {
	    {100, "Continue"},
	    {200, "OK"},
	    {201, "Created"},
	    {202, "Accepted"},
	    {204, "No Content"},
	    {206, "Partial Content"},
	    {301, "Moved Permanently"},
	    {302, "Found"},
	    {303, "See Other"},
	    {304, "Not Modified"},
	    {307, "Temporary Redirect"},
	    {308, "Permanent Redirect"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {406, "Not Acceptable"},
	    {408, "Request Timeout"},
	    {409, "Conflict"},
	    {410, "Gone"},
	    {411, "Length Required"},
	    {412, "Precondition Failed"},
	    {413, "Content Too Large"},
	    {414, "URI Too Long"},
	    {415, "Unsupported Media Type"},
	    {416, "Range Not Satisfiable"},
	    {417, "Expectation Failed"},
	    {422, "Unprocessable Content"},
	    {423, "Locked"},
	    {428, "Precondition Required"},
	    {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"},
	    {460, "Checksum Mismatch"},
	    {500, "Internal Server Error"},
	    {501, "Not Implemented"},
	    {503, "Service Unavailable"},
	    {504, "Gateway Timeout"},
	    {505, "HTTP Version Not Supported"},
	    {507, "Insufficient Storage"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].status == status)
			return table[i].words;
	return "";
}
