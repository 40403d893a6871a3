/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * message - the words of the product in German and English, from web/messages.json
 *
 * One source for server and web app: { "key": {"de": "...", "en": "..."} };
 * placeholders are {name}.
 *
 * Layer: text.
 */
#pragma once

#include "base/base.h"

/* The text, or the key itself when it is unknown (a test finds those). */
struct str message(const char *lang, struct str key);
bool message_exists(struct str key);
/* Every language but "en". */
bool message_is_german(const char *lang);
