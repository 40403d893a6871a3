/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mail_request - what is sealed in a mail's row until it is rendered
 *
 *	{"template":"mail_code","values":{"lang":"de","code":"123456","minutes":10}}
 *
 * Layer: model.
 */
#pragma once

#include "base/base.h"

struct arena;
struct db;
struct error;
struct keyring;

struct mail_value {
	struct str name, text;
	bool is_flag, flag;
};
struct mail_request {
	struct str template;
	const char *lang;
	const struct mail_value *values;
	size_t value_count;
};

/* Errors: ERR_NOT_FOUND "mail-wiped", ERR_CORRUPT (form is not "request", or not ours). */
NODISCARD int mail_request_get(struct db *db, struct arena *a, struct keyring *k, mail_id id,
    struct mail_request *ret, struct error *e);
NODISCARD int mail_request_parse(
    struct arena *a, struct str json, struct mail_request *ret, struct error *e);
