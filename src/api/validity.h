/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * validity - from when until when a delivery can be fetched, as senders write it
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

struct json;

/*
 * A date of the object: 1 there, 0 absent.  *ret_day: a date alone, which means
 * the end of that day.  Errors: ERR_INVALID "bad-date".
 */
NODISCARD int validity_date(
    struct api *x, struct json *o, const char *name, int64_t *ret, bool *ret_day, struct error *e);
/*
 * Later than its begin, at most delivery.max_days after it and now; the last day
 * may be used to its end.  Errors: ERR_INVALID "expires-too-early", "expires-too-late".
 */
NODISCARD int validity_check(
    struct api *x, int64_t from_us, int64_t expires_us, bool day, struct error *e);
