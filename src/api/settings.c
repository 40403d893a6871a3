/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * settings - GET /api/v1/settings: the table of settings as they count now
 *
 * They are changed in DIR/geleit.conf; a secret is never shown.
 */
#include "api/routes.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"
#include "text/json.h"

int
settings_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct conf_shown s;
	struct js j;

	(void)q;
	(void)e;
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; conf_at(x->a, x->conf, i, &s); i++) {
		js_open(&j);
		js_kv_str(&j, "name", str_c(s.name));
		js_kv_str(&j, "value", s.value);
		js_kv_str(&j, "default", str_c(s.standard));
		js_kv_str(&j, "help", str_c(s.help));
		js_close(&j);
	}
	js_list_end(&j);
	return 0;
}
