/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * tus - the header fields of tus 1.0 that are not plain numbers
 *
 * Upload-Metadata: key SP base64, separated by commas; a key alone is allowed.
 * Upload-Checksum: algorithm SP base64.
 *
 * Layer: http.
 */
#pragma once

#include "base/base.h"

struct arena;

/*
 * The next pair of *rest: 1 a pair (value decoded, valid UTF-8, in the arena),
 * 0 the end, -1 malformed: not ASCII, an empty key, a key that comes again, no
 * base64.
 */
int tus_metadata_next(struct arena *a, struct str *rest, struct str *key, struct str *value);
/* Both parts of an Upload-Checksum, the digest decoded in the arena.  False: malformed. */
bool tus_checksum(struct arena *a, struct str field, struct str *algorithm, struct str *digest);
