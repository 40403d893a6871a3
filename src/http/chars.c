/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * chars - one byte per character, one bit per class
 *
 * Letters are in every class but hex; the tests compare the table with the
 * grammar, class by class.
 */
#include "http/chars.h"

/* clang-format off */
const uint8_t http_class[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 21, 0, 21, 21, 17, 21, 17, 16, 16, 17, 21, 0, 23, 23, 16,
	31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 16, 0, 16, 16, 16, 16,
	16, 31, 31, 31, 31, 31, 31, 23, 23, 23, 23, 23, 23, 23, 23, 23,
	23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 16, 0, 16, 21, 23,
	21, 31, 31, 31, 31, 31, 31, 23, 23, 23, 23, 23, 23, 23, 23, 23,
	23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 16, 21, 16, 23, 0,
};
/* clang-format on */
