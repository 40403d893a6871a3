/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * contacts - who was sent to before, for whoever types an address
 */
#include "model/contact.h"

#include "api/routes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "text/json.h"
#include "text/name.h"

#define LIST_MOST 20

int
contacts_list(struct api *x, const struct request *q, struct reply *r, struct error *e)
{
	struct contact_row *list;
	struct str typed = {0};
	struct js j;
	size_t n;

	if (request_query(x, q, "q", &typed, e) < 0 ||
	    text_clean(x->a, typed, LIMIT_ADDRESS_BYTES, false, &typed, e) < 0 ||
	    contact_search(x->db, x->a, str_trim(typed), LIST_MOST, &list, &n, e) < 0)
		return err_code(e);
	reply_json(r, &j);
	js_list(&j);
	for (size_t i = 0; i < n; i++) {
		js_open(&j);
		js_kv_str(&j, "address", list[i].address);
		js_kv_str0(&j, "name", list[i].name);
		js_kv_int(&j, "deliveries", list[i].deliveries);
		js_kv_time(&j, "last_sent", x->a, list[i].last_sent_us);
		js_close(&j);
	}
	js_list_end(&j);
	return 0;
}
