/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * words - see words.h.  Compatibility decomposition and case folding by ICU;
 * the marks that fall off are dropped, so that a typed "u" finds "ü".
 */
#include "text/words.h"

#include <assert.h>
#include <unicode/uchar.h>
#include <unicode/ucol.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"
#include "text/utf8.h"

/* UTF-16 of valid UTF-8. */
static UChar *
wide(struct arena *a, struct str s, int32_t *ret_n)
{
	UErrorCode u = U_ZERO_ERROR;
	UChar *to = ARENA_ARRAY(a, UChar, s.n + 1);

	u_strFromUTF8(to, (int32_t)s.n + 1, ret_n, s.p, (int32_t)s.n, &u);
	assert(U_SUCCESS(u));
	return to;
}

/* NFKC with case folding, then decomposed: letters with their marks beside them. */
static UChar *
decomposed(struct arena *a, struct str s, int32_t *ret_n)
{
	UErrorCode u = U_ZERO_ERROR;
	const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&u);
	const UNormalizer2 *nfd = unorm2_getNFDInstance(&u);
	int32_t n, n_folded, cap;
	UChar *from = wide(a, s, &n), *folded, *to;

	/* No character becomes more than 18 when folded for compatibility. */
	folded = ARENA_ARRAY(a, UChar, (size_t)n * 18 + 1);
	n_folded = unorm2_normalize(fold, from, n, folded, n * 18 + 1, &u);
	cap = n_folded * 4 + 1;
	to = ARENA_ARRAY(a, UChar, (size_t)cap);
	*ret_n = unorm2_normalize(nfd, folded, n_folded, to, cap, &u);
	assert(U_SUCCESS(u));
	return to;
}

static bool
is_mark(UChar32 c)
{
	return (U_MASK(u_charType(c)) & U_GC_M_MASK) != 0;
}

static bool
is_known(struct str *words, size_t n, struct str word)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(words[i], word))
			return true;
	}
	return false;
}

struct str *
words_of(struct arena *a, struct str text, size_t *ret_n)
{
	VEC(struct str) list = {0};
	int32_t n, i = 0;
	UChar *s = decomposed(a, text, &n);
	struct str *ret;
	struct buf b;

	buf_init_arena(&b, a, WORD_BYTES_MOST + 8); /* one character over, to be cut whole */
	while (i <= n) {
		UChar32 c = ' ';

		if (i < n)
			U16_NEXT(s, i, n, c);
		else
			i++;
		if (u_isalnum(c)) {
			utf8_put(&b, (uint32_t)c);
		} else if (!is_mark(c) && b.n > 0) {
			struct str word = utf8_head(buf_view(&b), WORD_BYTES_MOST);

			if (!is_known(list.v, list.n, word))
				*VEC_ADD(&list) = arena_str(a, word);
			buf_clear(&b);
		}
	}
	VEC_TO_ARENA(&list, a, &ret, ret_n);
	return ret;
}

struct str
sort_key_of(struct arena *a, struct str text)
{
	UErrorCode u = U_ZERO_ERROR;
	UCollator *order = ucol_open("de", &u);
	int32_t n, cap;
	UChar *s = wide(a, text, &n);
	uint8_t *key;

	ucol_setAttribute(order, UCOL_NUMERIC_COLLATION, UCOL_ON, &u);
	assert(U_SUCCESS(u));
	cap = ucol_getSortKey(order, s, n, NULL, 0);
	key = arena_alloc(a, (size_t)cap);
	ucol_getSortKey(order, s, n, key, cap);
	ucol_close(order);
	return (struct str){(const char *)key, (size_t)cap};
}
