/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * template - logic-less, auto-escaping templates for pages and mails
 *
 *	{{name}}                 the value, escaped for where it stands (.html: HTML; .txt: nothing)
 *	{{#name}} ... {{/name}}  once per element of a list; once if true or non-empty text
 *	{{^name}} ... {{/name}}  if absent, false, empty
 *	{{t.key}}                a message of the catalogue in the page's language; its own
 *	                         {placeholders} are filled from the values in scope, escaped;
 *	                         {b:name} is bold in HTML
 *	{{>name}}                another template
 *	{{static:name}}          replaced by the build: the address of a static file
 *	{{lang}} {{other_lang}}  "de" and "en", or the other way round
 *	{{&name}}                as it is: only for values put in by tv_html()
 *
 * At the start of href, src and action a value must be http(s), mailto, cid, or
 * begin with one /, ? or #; anything else is written as "#".  A section tag
 * alone on its line takes the line with it.  Which values each template takes:
 * docs/internals/templates.md.
 *
 * Templates are linked into the program from web/templates at build time;
 * a name or message that does not exist fails the build's test, not the visitor.
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;
struct buf;
struct error;
struct tv; /* template values: a scope */

struct tv *tv_new(struct arena *a);
void tv_str(struct tv *v, const char *name, struct str s);
void tv_int(struct tv *v, const char *name, int64_t n);
void tv_bool(struct tv *v, const char *name, bool b);
void tv_html(struct tv *v, const char *name, struct str trusted); /* made by us alone */
/* A new element of the list `name`; inner scopes see outer names. */
struct tv *tv_add(struct tv *v, const char *name);

/* name: "package.html".  lang: "de" or "en".  Errors: ERR_INTERNAL (unknown template),
 * ERR_TOO_LARGE. */
NODISCARD int template_render(
    struct buf *b, const char *name, const char *lang, struct tv *v, struct error *e);
/* Parse a template text that is not linked in; for tests and fuzzing. */
NODISCARD int template_render_text(
    struct buf *b, struct str text, bool html, const char *lang, struct tv *v, struct error *e);

/*
 * A static file linked in (css, woff2), by "recipient.css" or by the last part
 * of its address, "recipient.HASH.css"; NULL when unknown or of another hash.
 */
struct asset_file {
	const char *name, *media_type, *hash;
	struct str content;
	struct str gzip; /* the same packed; empty when that is hardly smaller */
};
const struct asset_file *template_file(struct str name);
