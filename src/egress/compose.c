/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * compose - see compose.h.  GMime counts references; every object made here is
 * owned by one local and freed by it, since containers take their own.
 */
#include "egress/compose.h"

#include <gmime/gmime.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "msg/msg.h"
#include "text/address.h"

static void
object_free(void *p)
{
	void **o = p;

	if (*o != NULL)
		g_object_unref(*o);
	*o = NULL;
}

void
compose_init(void)
{
	g_mime_init();
}

/* ---- what may stand in a header ---- */

static bool
has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 || c == 0x7f)
			return true;
		/* U+0080 to U+009F, and U+2028, U+2029: line ends to some readers */
		if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0)
			return true;
		if (str_starts(str_from(s, i), S("\xe2\x80\xa8")) ||
		    str_starts(str_from(s, i), S("\xe2\x80\xa9")))
			return true;
	}
	return !str_is_utf8(s);
}

static int
check_headers(const struct msg_deliver *m, struct error *e)
{
	const struct str lines[] = {m->from_name, m->subject, m->message_id};
	const struct str addresses[] = {m->from_address, m->address, m->message_id};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (has_control(lines[i]))
			return err_key(
			    e, ERR_INVALID, "bad-header", "control character in a header");
	}
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		if (!address_is_valid(addresses[i]))
			return err_key(e, ERR_INVALID, "bad-header", "not an address");
	}
	if (m->text.n + m->html.n > LIMIT_MAIL_BYTES || m->logo_png.n > LIMIT_LOGO_BYTES)
		return err_set(e, ERR_TOO_LARGE, "mail of %zu bytes", m->text.n + m->html.n);
	return 0;
}

/* ---- parts ---- */

/* Lines of a text end in LF here; GMime makes them CRLF when it writes. */
static struct str
with_lf(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			continue;
		p[n++] = (char)(s.p[i] == '\r' ? '\n' : s.p[i]);
	}
	return (struct str){p, n};
}

static GMimePart *
new_part(const char *type, const char *subtype, struct str content, GMimeContentEncoding encoding)
{
	AUTO(object_free) GMimeStream *s = g_mime_stream_mem_new_with_buffer(content.p, content.n);
	AUTO(object_free)
	GMimeDataWrapper *w =
	    g_mime_data_wrapper_new_with_stream(s, GMIME_CONTENT_ENCODING_DEFAULT);
	GMimePart *part = g_mime_part_new_with_type(type, subtype);

	g_mime_part_set_content(part, w);
	g_mime_part_set_content_encoding(part, encoding);
	return part;
}

static GMimePart *
new_text(struct arena *a, const char *subtype, struct str content)
{
	GMimePart *part =
	    new_part("text", subtype, with_lf(a, content), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);

	g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
	return part;
}

static GMimePart *
new_logo(struct str png)
{
	GMimePart *part = new_part("image", "png", png, GMIME_CONTENT_ENCODING_BASE64);

	g_mime_part_set_content_id(part, "logo");
	g_mime_object_set_disposition(GMIME_OBJECT(part), GMIME_DISPOSITION_INLINE);
	g_mime_part_set_filename(part, "logo.png");
	return part;
}

/* The HTML alone, or together with its picture. */
static GMimeObject *
new_html(struct arena *a, const struct msg_deliver *m)
{
	AUTO(object_free) GMimePart *html = new_text(a, "html", m->html), *logo = NULL;

	if (m->logo_png.n == 0)
		return GMIME_OBJECT(TAKE(html));
	GMimeMultipart *related = g_mime_multipart_new_with_subtype("related");
	logo = new_logo(m->logo_png);
	g_mime_multipart_add(related, GMIME_OBJECT(html));
	g_mime_multipart_add(related, GMIME_OBJECT(logo));
	g_mime_object_set_content_type_parameter(GMIME_OBJECT(related), "type", "text/html");
	return GMIME_OBJECT(related);
}

static GMimeObject *
new_body(struct arena *a, const struct msg_deliver *m)
{
	AUTO(object_free) GMimePart *text = new_text(a, "plain", m->text);
	AUTO(object_free) GMimeObject *html = NULL;

	if (m->html.n == 0)
		return GMIME_OBJECT(TAKE(text));
	GMimeMultipart *both = g_mime_multipart_new_with_subtype("alternative");
	html = new_html(a, m);
	g_mime_multipart_add(both, GMIME_OBJECT(text));
	g_mime_multipart_add(both, html);
	return GMIME_OBJECT(both);
}

/* ---- the whole ---- */

/*
 * One mailbox (RFC 5322 3.4) as it was given.  GMime's own mailboxes show the domain
 * xn--mller-kva.example as müller.example, and in a header that is not ASCII.
 */
static void
set_mailbox(struct arena *a, GMimeObject *o, const char *field, struct str name, struct str address)
{
	char *phrase = NULL, *folded;
	struct str line;

	if (name.n > 0) {
		phrase = g_mime_utils_header_encode_phrase(NULL, arena_cstr(a, name), NULL);
		line = arena_printf(a, "%s: %s <%.*s>\n", field, phrase, STR(address));
	} else {
		line = arena_printf(a, "%s: %.*s\n", field, STR(address));
	}
	folded = g_mime_utils_structured_header_fold(NULL, NULL, arena_cstr(a, line));
	g_mime_object_set_header(o, field, "nobody@invalid", NULL);
	g_mime_header_set_raw_value(
	    g_mime_header_list_get_header(g_mime_object_get_header_list(o), field),
	    folded + strlen(field) + 1);
	g_free(folded);
	g_free(phrase);
}

static void
set_headers(struct arena *a, GMimeMessage *mail, const struct msg_deliver *m)
{
	GMimeObject *o = GMIME_OBJECT(mail);
	GDateTime *date = g_date_time_new_from_unix_utc(m->date_us / US_PER_S);

	set_mailbox(a, o, "From", m->from_name, m->from_address);
	set_mailbox(a, o, "To", (struct str){0}, m->address);
	g_mime_message_set_subject(mail, arena_cstr(a, m->subject), "utf-8");
	g_mime_message_set_date(mail, date);
	g_date_time_unref(date);
	g_mime_message_set_message_id(mail, arena_cstr(a, m->message_id));
	/* No holiday notice should ever answer this. */
	g_mime_object_set_header(o, "Auto-Submitted", "auto-generated", NULL);
	g_mime_object_set_header(o, "X-Auto-Response-Suppress", "All", NULL);
	g_mime_object_set_header(o, "MIME-Version", "1.0", NULL);
}

int
compose(struct arena *a, const struct msg_deliver *m, struct str *ret, struct error *e)
{
	int r = check_headers(m, e);

	if (r < 0)
		return r;
	AUTO(object_free) GMimeMessage *mail = g_mime_message_new(FALSE);
	AUTO(object_free) GMimeObject *body = new_body(a, m);
	AUTO(object_free) GMimeStream *out = g_mime_stream_mem_new();
	GMimeFormatOptions *format = g_mime_format_options_new();

	set_headers(a, mail, m);
	g_mime_message_set_mime_part(mail, body);
	g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
	g_mime_object_encode(GMIME_OBJECT(mail), GMIME_ENCODING_CONSTRAINT_7BIT);
	ssize_t n = g_mime_object_write_to_stream(GMIME_OBJECT(mail), format, out);
	g_mime_format_options_free(format);
	if (n < 0)
		return err_set(e, ERR_INTERNAL, "mail cannot be written");
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out));
	*ret = arena_str(a, (struct str){(const char *)bytes->data, bytes->len});
	if (!str_ends(*ret, S("\r\n")))
		*ret = arena_printf(a, "%.*s\r\n", STR(*ret));
	return 0;
}
