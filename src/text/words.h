/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * words - a text as words to be found, and as a key to be sorted by
 *
 * Normalised as a person searches: without case, accents and umlaut dots, so
 * that "mobel" finds "Möbel".  Letters and digits make a word, everything else
 * ends it: "IMG_2041.tif" is three.
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

struct arena;

#define WORD_BYTES_MOST 64 /* a longer one is cut, on both sides of a comparison */

/* The words in their order, each once. */
struct str *words_of(struct arena *a, struct str text, size_t *ret_n);
/* Bytes whose order is that of a telephone book, numbers by their value. */
struct str sort_key_of(struct arena *a, struct str text);
