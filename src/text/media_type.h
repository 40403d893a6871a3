/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * media_type - what a file is, told from its first bytes, never from its sender
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

/* As many first bytes as help. */
#define MEDIA_TYPE_BYTES 4096

/*
 * "image/jpeg" ... for the first bytes of a file; name helps only to tell kinds
 * of one container apart (ZIP, text).  "application/octet-stream" when unknown.
 */
struct str media_type(struct str head, struct str name);
