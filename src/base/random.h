/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * random - bytes and ids from the kernel
 *
 * Layer: base.
 */
#pragma once

#include "base/base.h"

/* getrandom(2); aborts if the kernel has none. */
void random_bytes(void *p, size_t n);
struct id128 random_id128(void);
/* Uniform in [0, below). */
uint32_t random_below(uint32_t below);

/*
 * 41 bits of milliseconds, 22 random bits: positive, and above all that this process had before.
 * Those of several processes are roughly ordered by time.
 */
int64_t random_id(void);
