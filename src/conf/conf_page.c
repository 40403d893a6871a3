/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conf_page - docs/admin/settings.md from the table of settings, in Markdown
 *
 * The page is what it prints, and a test compares.
 */
#include "conf/conf.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

static const char head[] =
    "# Settings\n\n"
    "Made from the table in `src/conf/conf.c`; a test compares the two. The file is\n"
    "`DIR/geleit.conf`, one `name = value` a line; a line that begins with `#` is a comment.\n"
    "An empty value is the default. Changes of the file count after a restart; `geleitd run --set\n"
    "NAME=VALUE` writes it before it serves. Those marked *in the app* an administrator changes\n"
    "while the server runs; that wins until it is put back there, or `--set` is given again.\n\n"
    "| setting | default | values | meaning |\n|---|---|---|---|\n";

static void
put_values(struct buf *b, const struct conf_shown *s)
{
	if (str_eq_c(str_c(s->kind), "number"))
		buf_printf(b, "%lld to %lld", (long long)s->min, (long long)s->max);
	else
		buf_lit(b, s->words != NULL ? s->words : "text");
}

void
conf_document(struct buf *b)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct conf c;
	struct conf_shown s;
	struct error e;

	if (conf_parse(a, S("/"), S(""), &c, &e) < 0)
		return;
	buf_lit(b, head);
	for (size_t i = 0; conf_at(a, &c, i, &s); i++) {
		const char *quote = s.standard[0] != '\0' ? "`" : "";

		buf_printf(b, "| `%s` | %s%s%s | ", s.name, quote, s.standard, quote);
		put_values(b, &s);
		buf_printf(b, " | %s%s%s |\n", s.help, s.secret ? " Shown as `set`." : "",
		    s.changeable ? " *In the app.*" : "");
	}
}
