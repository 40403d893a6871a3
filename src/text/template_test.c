/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * template_test - the engine, and every template that is linked in: it parses,
 * its names stand in docs/internals/templates.md, its messages exist, its
 * attributes are quoted, and no value of a stranger gets out of its place.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "text/linked.h"
#include "text/message.h"
#include "text/template.h"

static struct str
render(struct arena *a, const char *text, bool html, struct tv *v)
{
	struct error e = {0};
	struct buf b;

	buf_init_arena(&b, a, 1 << 20);
	if (template_render_text(&b, str_c(text), html, "de", v, &e) < 0)
		return arena_printf(a, "ERROR %s", e.msg);
	return arena_str(a, buf_view(&b));
}

#define IS(text, html, want) assert_string_equal(render(a, text, html, v).p, want)

static void
renders(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct tv *v = tv_new(a);

	tv_str(v, "s", S("a<b>&\"'c"));
	tv_int(v, "n", 3);
	tv_int(v, "zero", 0);
	tv_bool(v, "yes", true);
	tv_bool(v, "no", false);
	tv_str(v, "empty", S(""));
	tv_html(v, "raw", S("<i>"));
	IS("x{{s}}y", true, "xa&lt;b&gt;&amp;&quot;&#39;cy");
	IS("x{{s}}y", false, "xa<b>&\"'cy");
	IS("{{n}} {{ n }} {{none}} {{yes}}", true, "3 3  ");
	IS("{{#yes}}1{{/yes}}{{#no}}2{{/no}}{{#empty}}3{{/empty}}{{#n}}4{{/n}}{{#zero}}5{{/zero}}",
	    true, "14");
	IS("{{^yes}}1{{/yes}}{{^no}}2{{/no}}{{^empty}}3{{/empty}}{{^none}}4{{/none}}{{^zero}}5{{/"
	   "zero}}",
	    true, "2345");
	IS("{{raw}}{{&raw}}{{&s}}", true, "<i>"); /* a text is never trusted */
	IS("{{lang}} {{other_lang}}", true, "de en");
	IS("a\n  {{#yes}}\nb\n{{/yes}}\nc\n{{#no}}\nd\n{{/no}}", false, "a\nb\nc\n");
	IS("a {{#yes}}b{{/yes}}\nc", false, "a b\nc");
	IS("{{#yes}}{{#yes}}x{{/yes}}{{/yes}}", true, "x");
}

static void
repeats(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct tv *v = tv_new(a), *one;

	tv_str(v, "outer", S("o"));
	tv_str(v, "x", S("top"));
	for (int i = 1; i <= 3; i++) {
		one = tv_add(v, "list");
		tv_int(one, "x", i);
		for (int k = 0; k < i; k++)
			tv_int(tv_add(one, "in"), "k", k);
	}
	IS("{{x}}:{{#list}}{{outer}}{{x}}[{{#in}}{{k}}{{x}} {{/in}}];{{/list}}", true,
	    "top:o1[01 ];o2[02 12 ];o3[03 13 23 ];");
	IS("{{^list}}none{{/list}}", true, "");
}

static void
fails(void **state)
{
	static const char *const bad[] = {"{{", "{{x", "{{}}", "{{#}}", "{{#a}}", "{{/a}}",
	    "{{#a}}{{/b}}", "{{#a}}{{#b}}{{/a}}{{/b}}", "{{>no_such}}", "{{^a}}{{#a}}{{/a}}"};
	AUTO(arena_free) struct arena *a = arena_new();
	struct tv *v = tv_new(a);
	struct error e;
	struct buf b;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (!str_starts(render(a, bad[i], true, v), S("ERROR")))
			fail_msg("accepted: %s", bad[i]);
	}
	buf_init_arena(&b, a, 8);
	assert_int_equal(
	    template_render_text(&b, S("123456789"), true, "de", v, &e), ERR_TOO_LARGE);
	assert_int_equal(template_render(&b, "no.html", "de", v, &e), ERR_INTERNAL);
}

static void
fills_messages(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct tv *v = tv_new(a);

	tv_str(v, "masked_address", S("<x>"));
	tv_int(v, "minutes", 10);
	IS("{{t.verify.sent}}", true,
	    "Wir haben einen Code an <b>&lt;x&gt;</b> geschickt. Er gilt 10 Minuten.");
	IS("{{t.verify.sent}}", false,
	    "Wir haben einen Code an <x> geschickt. Er gilt 10 Minuten.");
}

static void
guards_addresses(void **state)
{
	static const char *const bad[] = {"javascript:alert(1)", "JaVaScRiPt:x", " javascript:x",
	    "data:text/html,x", "//evil.example", "/\\evil.example", "x", "vbscript:x",
	    "\tjavascript:x"};
	AUTO(arena_free) struct arena *a = arena_new();
	struct tv *v = tv_new(a);

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		tv_str(v, "u", str_c(bad[i]));
		IS("<a href=\"{{u}}\">", true, "<a href=\"#\">");
	}
	tv_str(v, "u", S("https://a.example/?x=1&y=\"2"));
	IS("<a href=\"{{u}}\">", true, "<a href=\"https://a.example/?x=1&amp;y=&quot;2\">");
	tv_str(v, "u", S("/d/X"));
	IS("<form action=\"{{u}}\">", true, "<form action=\"/d/X\">");
}

/* ---- the templates that are linked in ---- */

static struct str
read_doc(struct arena *a)
{
	char *p = arena_alloc(a, 1 << 20);
	FILE *f = fopen(SOURCE_ROOT "/docs/internals/templates.md", "re");

	assert_non_null(f);
	size_t n = fread(p, 1, 1 << 20, f);
	fclose(f);
	return (struct str){p, n};
}

/* Is `name` a row in the section that begins with this heading? */
static bool
documented(struct arena *a, struct str doc, const char *heading, struct str name)
{
	struct str head = arena_printf(a, "\n## %s\n", heading);
	const char *p = memmem(doc.p, doc.n, head.p, head.n);

	if (p == NULL)
		return false;
	struct str section = str_from(doc, (size_t)(p - doc.p) + head.n);
	const char *q = memmem(section.p, section.n, "\n## ", 4);
	section = q == NULL ? section : str_head(section, (size_t)(q - section.p));
	struct str row = arena_printf(a, "| `%.*s` |", STR(name));
	struct str inner = arena_printf(a, ".%.*s` |", STR(name));
	return memmem(section.p, section.n, row.p, row.n) != NULL ||
	       memmem(section.p, section.n, inner.p, inner.n) != NULL;
}

static bool
is_mail(const char *name)
{
	return str_starts(str_c(name), S("mail_"));
}

/* page_head and the like are checked through the pages that include them. */
static bool
is_partial(const char *name)
{
	static const char *const partials[] = {"page_head.html", "page_foot.html", "sender.html",
	    "recorded.html", "mail_head.html", "mail_foot.html", "mail_foot.txt"};

	for (size_t i = 0; i < ARRAY_LEN(partials); i++) {
		if (strcmp(partials[i], name) == 0)
			return true;
	}
	return false;
}

static void
check_name(struct arena *a, const char *template, struct str name)
{
	struct str doc = read_doc(a);
	struct str own = str_c(template);

	if (str_eq(name, S("lang")) || str_eq(name, S("other_lang")))
		return;
	if (is_mail(template))
		own = str_starts(own, S("mail_code"))     ? S("mail_code")
		      : str_starts(own, S("mail_invite")) ? S("mail_invite")
		                                          : S("mail_delivery");
	if (!documented(a, doc, arena_cstr(a, own), name) &&
	    !documented(a, doc, is_mail(template) ? "every mail" : "every page", name))
		fail_msg("%s: %.*s is not in docs/internals/templates.md", template, STR(name));
}

static const struct linked_template *
linked(struct str name)
{
	for (size_t i = 0; i < linked_template_count; i++) {
		if (str_eq_c(name, linked_templates[i].name))
			return &linked_templates[i];
	}
	return NULL;
}

static void
check_message(struct arena *a, const char *template, struct str key)
{
	if (!message_exists(key))
		fail_msg("%s: no message %.*s", template, STR(key));
	for (struct str t = message("de", key); str_find(t, '{') < t.n;) {
		struct str name = str_cut(str_from(t, str_find(t, '{') + 1), '}', &t);
		check_name(a, template, str_starts(name, S("b:")) ? str_from(name, 2) : name);
	}
}

static void
check_tags(struct arena *a, const char *template, struct str t)
{
	const char *p;

	while ((p = memmem(t.p, t.n, "{{", 2)) != NULL) {
		struct str tag = str_from(t, (size_t)(p - t.p) + 2);
		tag = str_cut(tag, '}', &t);
		t = str_from(t, 1);
		char kind = strchr("#^/>&", tag.p[0]) != NULL ? tag.p[0] : 0;
		struct str name = kind == 0 ? tag : str_from(tag, 1);
		assert_int_not_equal(kind, '&'); /* no template needs it so far */
		if (kind == '>') {
			struct str ext =
			    str_ends(str_c(template), S(".html")) ? S(".html") : S(".txt");
			const struct linked_template *part =
			    linked(arena_printf(a, "%.*s%.*s", STR(name), STR(ext)));
			assert_non_null(part);
			check_tags(a, template, part->text);
		} else if (str_starts(name, S("t."))) {
			check_message(a, template, str_from(name, 2));
		} else {
			check_name(a, template, name);
		}
	}
}

/* No script but those of a file, no style outside mails, every attribute in double quotes. */
static void
check_html(const char *template, struct str t)
{
	static const char *const never[] = {"<script>", "javascript:", " onclick", "='", "{{&"};

	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		assert_null(memmem(t.p, t.n, never[i], strlen(never[i])));
	if (!is_mail(template)) {
		assert_null(memmem(t.p, t.n, " style=", 7));
		assert_null(memmem(t.p, t.n, "<style", 6));
	}
	assert_null(memmem(t.p, t.n, "={{", 3));
}

static void
linked_templates_are_sound(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();

	assert_true(linked_template_count > 20);
	for (size_t i = 0; i < linked_template_count; i++) {
		const struct linked_template *t = &linked_templates[i];
		if (str_ends(str_c(t->name), S(".html")))
			check_html(t->name, t->text);
		if (!is_partial(t->name))
			check_tags(a, t->name, t->text);
	}
}

/* Every text in the document, filled with an attack. */
static void
fill_hostile(struct tv *v, struct arena *a, struct str doc, const char *attack)
{
	struct tv *inner[4] = {NULL};
	const char *const lists[] = {"files", "conditions", "credits"};

	for (struct str rest = doc; rest.n > 0;) {
		struct str line = str_cut(rest, '\n', &rest), after;
		if (!str_starts(line, S("| `")))
			continue;
		struct str name = str_cut(str_from(line, 3), '`', &after), field;
		struct str list = str_cut(name, '.', &field);
		struct tv *to = v;
		for (size_t i = 0; i < ARRAY_LEN(lists) && field.n > 0; i++) {
			if (!str_eq_c(list, lists[i]))
				continue;
			inner[i] = inner[i] == NULL ? tv_add(v, lists[i]) : inner[i];
			to = inner[i];
		}
		if (str_starts(after, S(" | list")))
			continue;
		tv_str(to, arena_cstr(a, field.n > 0 ? field : name), str_c(attack));
	}
}

static void
hostile_values_stay_text(void **state)
{
	static const char attack[] =
	    "\"'><script>alert(1)</script><img src=x onerror=y>{{token}}{t.x}\x01";
	AUTO(arena_free) struct arena *a = arena_new();
	struct tv *v = tv_new(a);
	struct error e = {0};
	struct buf b;

	fill_hostile(v, a, read_doc(a), attack);
	for (size_t i = 0; i < linked_template_count; i++) {
		const char *name = linked_templates[i].name;
		if (!str_ends(str_c(name), S(".html")) || is_partial(name))
			continue;
		for (int k = 0; k < 2; k++) {
			buf_init_arena(&b, a, 1 << 20);
			assert_int_equal(template_render(&b, name, k ? "en" : "de", v, &e), 0);
			assert_null(memmem(b.p, b.n, "<script>", 8));
			assert_null(memmem(b.p, b.n, "<img src=x", 10));
			assert_null(memmem(b.p, b.n, "\"\"'", 3));
			assert_null(memchr(b.p, 1, b.n));
		}
	}
}

/* The page of a link is the same for every token but for the token itself. */
static void
open_page_tells_nothing(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const struct linked_template *t = linked(S("open.html"));
	int tags = 0;

	assert_non_null(t);
	for (struct str rest = t->text; memmem(rest.p, rest.n, "{{token}}", 9) != NULL; tags++)
		rest = str_from(rest,
		    (size_t)((const char *)memmem(rest.p, rest.n, "{{token}}", 9) - rest.p) + 9);
	assert_int_equal(tags, 1);
	assert_null(memmem(t->text.p, t->text.n, "sender", 6));
	assert_null(memmem(t->text.p, t->text.n, "number", 6));
}

static void
code_mail_has_no_link(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const char *const names[] = {"mail_code.html", "mail_code.txt"};

	for (size_t i = 0; i < 2; i++) {
		const struct linked_template *t = linked(str_c(names[i]));
		assert_non_null(t);
		assert_null(memmem(t->text.p, t->text.n, "href", 4));
		assert_null(memmem(t->text.p, t->text.n, "link", 4));
		assert_non_null(memmem(t->text.p, t->text.n, "{{code}}", 8));
	}
	const struct linked_template *s = linked(S("mail_code_subject.txt"));
	assert_null(memmem(s->text.p, s->text.n, "{{code}}", 8));
	assert_null(memmem(s->text.p, s->text.n, "\n", 1));
	struct str subject = message("de", S("mail.code.subject"));
	assert_null(memmem(subject.p, subject.n, "{code}", 6));
	(void)a;
}

static void
static_files(void **state)
{
	AUTO(arena_free) struct arena *a = arena_new();
	const struct asset_file *f = template_file(S("recipient.css"));

	assert_non_null(f);
	assert_string_equal(f->media_type, "text/css; charset=utf-8");
	assert_ptr_equal(template_file(arena_printf(a, "recipient.%s.css", f->hash)), f);
	assert_null(template_file(S("recipient.000000000000.css")));
	assert_null(template_file(S("recipient.css.css")));
	assert_null(template_file(S("")));
	const struct asset_file *font = template_file(S("hg.woff2"));
	assert_non_null(font);
	assert_memory_equal(font->content.p, "wOF2", 4);
	struct str url = arena_printf(a, "url(/static/hg.%s.woff2)", font->hash);
	assert_non_null(memmem(f->content.p, f->content.n, url.p, url.n));
	assert_null(memmem(f->content.p, f->content.n, "http", 4));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(renders),
	    cmocka_unit_test(repeats),
	    cmocka_unit_test(fails),
	    cmocka_unit_test(fills_messages),
	    cmocka_unit_test(guards_addresses),
	    cmocka_unit_test(linked_templates_are_sound),
	    cmocka_unit_test(hostile_values_stay_text),
	    cmocka_unit_test(open_page_tells_nothing),
	    cmocka_unit_test(code_mail_has_no_link),
	    cmocka_unit_test(static_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
