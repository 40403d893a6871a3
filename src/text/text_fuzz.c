/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * text_fuzz - the small readers of texts: types by their first bytes, colours, words, normal forms
 *
 * The first line is a name, what follows is the beginning of a file and a text.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "text/colour.h"
#include "text/media_type.h"
#include "text/shown.h"
#include "text/utf8.h"
#include "text/words.h"

#define TEXT_MOST 4096 /* as long as anything that is taken apart */
#define BADGE_MOST 4

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* It stands in a header. */
static void
check_type(struct str head, struct str name)
{
	struct str type = media_type(head, name);

	must(type.n > 2 && str_find(type, '/') < type.n);
	for (size_t i = 0; i < type.n; i++)
		must(type.p[i] > ' ' && type.p[i] < 0x7f);
}

static void
check_colour(struct arena *a, struct str s)
{
	struct brand_colours all;
	struct rgb c;

	if (!colour_parse(s, &c))
		return;
	must(str_eq(colour_hex(a, c), str_lower(a, s)));
	brand_colours(c, &all);
	must(colour_contrast(all.brand, all.on) >= 1);
}

static void
check_words(struct arena *a, struct str text)
{
	size_t n;
	struct str *words = words_of(a, text, &n);

	for (size_t i = 0; i < n; i++) {
		must(words[i].n > 0 && words[i].n <= WORD_BYTES_MOST && str_is_utf8(words[i]));
		for (size_t k = 0; k < i; k++)
			must(!str_eq(words[i], words[k]));
	}
	must(str_cmp(sort_key_of(a, text), sort_key_of(a, text)) == 0);
}

static void
check_forms(struct arena *a, struct str text)
{
	struct str nfc = utf8_nfc(a, text), folded = utf8_folded(a, text);

	must(str_is_utf8(nfc) && str_eq(utf8_nfc(a, nfc), nfc));
	must(str_is_utf8(folded) && str_is_utf8(utf8_upper(a, text)));
	must(str_is_utf8(utf8_head(text, text.n / 2)) &&
	     utf8_head(text, text.n / 2).n <= text.n / 2);
	must(str_is_utf8(text_masked_address(a, text)));
	must(str_is_utf8(text_initials(a, text)) && text_badge(a, text).n <= BADGE_MOST);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str rest, name = str_cut((struct str){(const char *)p, n}, '\n', &rest);

	check_type(rest, name);
	check_colour(a, name);
	if (rest.n <= TEXT_MOST && str_is_utf8(rest)) {
		check_words(a, rest);
		check_forms(a, rest);
	}
	return 0;
}
