/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * linked - what the build links in from web/: templates, static files, messages
 *
 * The tables are generated (tools/gen_templates.py, tools/gen_messages.py) and
 * sorted by name.  Only template.c, message.c and their tests look at them.
 *
 * Layer: text.
 */
#pragma once

#include "text/template.h"

struct linked_template {
	const char *name;
	struct str text;
};
extern const struct linked_template linked_templates[];
extern const size_t linked_template_count;

extern const struct asset_file linked_files[];
extern const size_t linked_file_count;

struct linked_message {
	const char *key, *de, *en;
};
extern const struct linked_message linked_messages[];
extern const size_t linked_message_count;
