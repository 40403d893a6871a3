/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * tus - one file to the server, however often the connection breaks
 *
 * The file goes in one PATCH.  When it is cut, HEAD tells what the server has
 * safely, and the rest follows; only after a minute without a further byte is
 * that given up.  The answer is waited for until the file is ingested, so that
 * its SHA-256 is known and it can be sent at once.
 *
 * Layer: cli.
 */
#pragma once

#include "cli/cli.h"

struct uploaded {
	struct str asset, version, name, sha256;
	int64_t bytes;
};
struct tus_options {
	const char *folder; /* or NULL */
	const char *asset;  /* a new version of it, or NULL */
	bool cleared;
};

/* 0, or the exit code of what was told. */
NODISCARD int tus_upload(
    struct cli *c, const char *path, const struct tus_options *o, struct uploaded *ret);
