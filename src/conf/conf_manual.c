/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conf_manual - geleit.conf(5) from the table of settings, in mdoc(7)
 *
 * docs/man/geleit.conf.5 is what it prints, and a test compares.
 */
#include "conf/conf.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

static const char head[] =
    ".\\\" SPDX-License-Identifier: AGPL-3.0-or-later\n"
    ".\\\" Made from the table in src/conf/conf.c: conf_document manual\n"
    ".Dd November 26, 2026\n"
    ".Dt GELEIT.CONF 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm geleit.conf\n"
    ".Nd settings of Geleit\n"
    ".Sh DESCRIPTION\n"
    ".Pa DIR/geleit.conf\n"
    "has one setting a line, as\n"
    ".Dq name = value .\n"
    "A line that begins with\n"
    ".Sq #\n"
    "is a comment.\n"
    "An empty value is the default.\n"
    "An unknown name, a name that stands twice and a value that is none end the start with one\n"
    "line that names the place.\n"
    "Changes count after a restart of\n"
    ".Xr geleitd 8 ;\n"
    "its option\n"
    ".Fl -set\n"
    "writes the file before it serves.\n"
    "A setting that is marked so an administrator changes in the app while the server runs, too;\n"
    "that wins until it is put back there or\n"
    ".Fl -set\n"
    "names it.\n"
    ".Bl -tag -width Ds\n";
static const char tail[] = ".El\n"
                           ".Sh FILES\n"
                           ".Bl -tag -width DIR/tls/cert.pem -compact\n"
                           ".It Pa DIR/geleit.conf\n"
                           "the settings\n"
                           ".It Pa DIR/tls/cert.pem\n"
                           "certificate chain, and\n"
                           ".Pa DIR/tls/key.pem\n"
                           "its key; read again at SIGHUP\n"
                           ".El\n"
                           ".Sh EXAMPLES\n"
                           ".Bd -literal -offset indent\n"
                           "server.listen = [::]:443\n"
                           "server.url = https://files.example.com\n"
                           "smtp.url = smtp://geleit:secret@mail.example.com:587\n"
                           "smtp.from = files@example.com\n"
                           "clamd.socket = /run/clamav/clamd.ctl\n"
                           ".Ed\n"
                           ".Sh SEE ALSO\n"
                           ".Xr geleit 1 ,\n"
                           ".Xr geleitd 8\n";

/* `code` becomes a font of its own; what roff would read as its own does not stay so. */
static void
put_text(struct buf *b, struct str text)
{
	bool code = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '`') {
			code = !code;
			buf_lit(b, code ? "\\fB" : "\\fP");
		} else if (c == '\\') {
			buf_lit(b, "\\e");
		} else if (c == '-' && code) {
			buf_lit(b, "\\-");
		} else {
			buf_char(b, c);
		}
	}
}

/* Sentences on lines of their own: what a reader of the source and mandoc's lint like. */
static void
put_help(struct buf *b, struct str help)
{
	while (help.n > 0) {
		size_t end = 0;

		while (end < help.n &&
		       !(help.p[end] == '.' && end + 1 < help.n && help.p[end + 1] == ' '))
			end++;
		put_text(b, str_head(help, MIN(end + 1, help.n)));
		buf_char(b, '\n');
		help = str_from(help, MIN(end + 2, help.n));
	}
}

static void
put_values(struct buf *b, struct arena *a, const struct conf_shown *s)
{
	struct str words, one;

	if (str_eq_c(str_c(s->kind), "number")) {
		buf_printf(b, "From %lld to %lld.\n", (long long)s->min, (long long)s->max);
	} else if (s->words != NULL) {
		buf_lit(b, "One of");
		for (words = str_c(s->words); words.n > 0;) {
			one = str_cut(words, ' ', &words);
			buf_printf(
			    b, " \\fB%s\\fP%s", arena_cstr(a, one), words.n > 0 ? "," : ".\n");
		}
	}
	if (s->standard[0] == '\0')
		return;
	buf_lit(b, "Default:\n.Ql ");
	put_text(b, str_c(s->standard));
	buf_lit(b, " .\n");
}

void
conf_manual(struct buf *b)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct conf c;
	struct conf_shown s;
	struct error e;

	if (conf_parse(a, S("/"), S(""), &c, &e) < 0)
		return;
	buf_lit(b, head);
	for (size_t i = 0; conf_at(a, &c, i, &s); i++) {
		buf_printf(b, ".It Ic %s\n", s.name);
		put_help(b, str_c(s.help));
		put_values(b, a, &s);
		if (s.changeable)
			buf_lit(b, "Changeable in the app.\n");
	}
	buf_lit(b, tail);
}
