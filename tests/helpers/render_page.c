/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * render_page TEMPLATE LANG [VALUES.json] > page
 *
 * Renders a linked template with values from a JSON object (text, numbers,
 * booleans, lists of objects), for looking at it and for tests from outside.
 * render_page --css '#1c3f2b' prints the theme, render_page --file NAME a
 * static file, render_page --address NAME its address.
 */
#include <json-c/json.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "text/colour.h"
#include "text/template.h"

static void
fill(struct tv *v, struct json_object *o)
{
	json_object_object_foreach(o, key, x)
	{
		if (json_object_is_type(x, json_type_string))
			tv_str(v, key, str_c(json_object_get_string(x)));
		else if (json_object_is_type(x, json_type_int))
			tv_int(v, key, json_object_get_int64(x));
		else if (json_object_is_type(x, json_type_boolean))
			tv_bool(v, key, json_object_get_boolean(x));
		else if (json_object_is_type(x, json_type_array))
			for (size_t i = 0; i < json_object_array_length(x); i++)
				fill(tv_add(v, key), json_object_array_get_idx(x, i));
	}
}

static int
show(const struct buf *b)
{
	fwrite(b->p, 1, b->n, stdout);
	return b->full ? 1 : 0;
}

static int
show_special(struct arena *a, const char *what, const char *arg)
{
	const struct asset_file *f = template_file(str_c(arg));
	struct brand_colours c;
	struct rgb brand;
	struct buf b;

	buf_init_arena(&b, a, 65536);
	if (strcmp(what, "--css") == 0 && colour_parse(str_c(arg), &brand)) {
		brand_colours(brand, &c);
		brand_css(&b, &c);
		return show(&b);
	}
	if (f == NULL)
		return 1;
	if (strcmp(what, "--file") == 0)
		return fwrite(f->content.p, 1, f->content.n, stdout) == f->content.n ? 0 : 1;
	struct str ext, stem = str_cut(str_c(f->name), '.', &ext);
	printf("/static/%.*s.%s.%.*s\n", STR(stem), f->hash, STR(ext));
	return 0;
}

int
main(int argc, char **argv)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct error e = {0};
	struct buf b;

	if (argc < 3) {
		fprintf(stderr, "usage: render_page TEMPLATE LANG [VALUES.json]\n");
		return 2;
	}
	if (argv[1][0] == '-')
		return show_special(a, argv[1], argv[2]);
	struct json_object *o =
	    argc > 3 ? json_object_from_file(argv[3]) : json_object_new_object();
	struct tv *v = tv_new(a);
	if (o == NULL || !json_object_is_type(o, json_type_object)) {
		fprintf(stderr, "%s: no JSON object\n", argv[3]);
		return 2;
	}
	fill(v, o);
	json_object_put(o);
	buf_init_arena(&b, a, 4 << 20);
	if (template_render(&b, argv[1], argv[2], v, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	return show(&b);
}
