/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * keywords - GET /api/v1/keywords: what others have written, while one types
 */
#include "api/routes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "model/asset_words.h"
#include "text/json.h"
#include "text/name.h"

int
keywords_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct keyword_row list[KEYWORDS_SHOWN];
	struct str typed = S(""), prefix;
	struct js j;
	size_t n;

	if (request_query(x, q, "prefix", &typed, e) < 0 ||
	    text_clean(x->a, typed, LIMIT_KEYWORD_BYTES, false, &prefix, e) < 0 ||
	    keyword_list(x->db, x->a, prefix, list, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; i < n; i++) {
		js_open(&j);
		js_kv_str(&j, "label", list[i].label);
		js_kv_int(&j, "count", list[i].count);
		js_close(&j);
	}
	js_list_end(&j);
	return 0;
}
