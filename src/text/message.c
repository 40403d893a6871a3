/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * message - see message.h.  The table comes sorted from tools/gen_messages.py.
 */
#include "text/message.h"

#include <stdlib.h>

#include "base/str.h"
#include "text/linked.h"

bool
message_is_german(const char *lang)
{
	return strcmp(lang, "en") != 0;
}

static int
compare_key(const void *key, const void *row)
{
	return str_cmp(*(const struct str *)key, str_c(((const struct linked_message *)row)->key));
}

static const struct linked_message *
find(struct str key)
{
	return bsearch(
	    &key, linked_messages, linked_message_count, sizeof *linked_messages, compare_key);
}

struct str
message(const char *lang, struct str key)
{
	const struct linked_message *m = find(key);

	if (m == NULL)
		return key;
	return str_c(message_is_german(lang) ? m->de : m->en);
}

bool
message_exists(struct str key)
{
	return find(key) != NULL;
}
