/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * curl - one request on a prepared handle (private to src/cli)
 *
 * Layer: cli.
 */
#pragma once

#include <curl/curl.h>

#include "cli/cli.h"

/* A CURLcode; ret->status 0 when no answer came. Frees fields. */
int curl_run(
    struct cli *c, CURL *h, struct curl_slist *fields, struct str path, struct answer *ret);
