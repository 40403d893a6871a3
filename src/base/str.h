/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * str - comparing, cutting and reading struct str
 *
 * Nothing here allocates unless an arena is passed.  Parsers accept exactly
 * what they name and refuse the rest: no leading blanks, no sign where none is
 * meant, no overflow.
 *
 * Layer: base.
 */
#pragma once

#include "base/base.h"

struct arena;

struct str str_c(const char *cstr); /* NULL gives the empty string */
bool str_eq(struct str a, struct str b);
bool str_eq_c(struct str a, const char *b);
bool str_ieq(struct str a, struct str b); /* ASCII case folded */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
int str_cmp(struct str a, struct str b); /* by bytes */
/* The place of s in a table of names, or -1. */
int str_index(struct str s, const char *const *names, size_t n);

/* Index of c, or s.n. */
size_t str_find(struct str s, char c);
struct str str_from(struct str s, size_t start); /* from start to the end */
struct str str_head(struct str s, size_t n);     /* the first n bytes at most */

/* Cut at the first c: *rest is what follows, or empty and p NULL at the end. */
struct str str_cut(struct str s, char c, struct str *rest);

/* Without ASCII blanks and tabs at both ends. */
struct str str_trim(struct str s);

struct str str_lower(struct arena *a, struct str s); /* ASCII only */

/* Decimal, digits only, no overflow.  False and nothing written otherwise. */
bool str_u64(struct str s, uint64_t *ret);
bool str_i64(struct str s, int64_t *ret); /* one leading '-' allowed */

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL. */
bool str_is_utf8(struct str s);

/* Lower-case hex. */
struct str str_hex(struct arena *a, const void *p, size_t n);
bool str_unhex(struct str s, void *ret, size_t n); /* exactly n bytes; both cases */

/* base64url without padding (RFC 4648 section 5). */
struct str str_b64url(struct arena *a, const void *p, size_t n);
bool str_unb64url(struct str s, void *ret, size_t n);

/* Crockford's base32, for what people type: I and L read as 1, O as 0, both cases. */
char crockford_digit(unsigned value); /* the lowest 5 bits */
int crockford_value(char c);          /* 0 to 31, -1: none */

/* base64 with padding; the result lives in the arena. */
struct str str_b64(struct arena *a, const void *p, size_t n);
bool str_unb64(struct arena *a, struct str s, struct str *ret);

/* Same time for equal and different content of one length. */
bool mem_eq(const void *a, const void *b, size_t n);

struct str id128_hex(struct arena *a, struct id128 id);
bool id128_parse(struct str s, struct id128 *ret);
bool id128_eq(struct id128 a, struct id128 b);

/* Ids are decimal strings in JSON and URLs; 0 is no id. */
bool id_parse(struct str s, int64_t *ret);
