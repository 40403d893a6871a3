/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mail_text - a mail's request made into its text and its HTML, in the brand
 *
 * The one way: worker renders what goes out, and a sender's preview the same.
 *
 * Layer: api.
 */
#pragma once

#include "base/base.h"

struct arena;
struct brand;
struct error;
struct mail_request;

struct mail_text {
	struct str text, html;
};
/* logo_src: where the HTML finds the brand's logo, "cid:logo" in a mail.  Errors: ERR_TOO_LARGE. */
NODISCARD int mail_text_make(struct arena *a, const struct mail_request *q,
    const struct brand *brand, struct str logo_src, struct mail_text *ret, struct error *e);
