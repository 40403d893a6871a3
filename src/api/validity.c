/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * validity - see validity.h; the same for a new delivery and for one that is extended
 */
#include "api/validity.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "text/json.h"

int
validity_date(
    struct api *x, struct json *o, const char *name, int64_t *ret, bool *ret_day, struct error *e)
{
	struct str s = {0};
	int r = json_get_str(o, name, &s, e);

	if (r <= 0)
		return r;
	if (!time_parse_human(s, x->now_us, arena_cstr(x->a, x->conf->timezone), ret))
		return err_key(
		    e, ERR_INVALID, "bad-date", "%s is no date and no time from now", name);
	*ret_day = s.n == sizeof "YYYY-MM-DD" - 1 && s.p[4] == '-';
	return 1;
}

int
validity_check(struct api *x, int64_t from_us, int64_t expires_us, bool day, struct error *e)
{
	int64_t from = MAX(from_us, x->now_us);

	if (expires_us <= from)
		return err_key(
		    e, ERR_INVALID, "expires-too-early", "the delivery would end before it begins");
	if (expires_us > from + (x->conf->delivery_max_days + day) * US_PER_DAY)
		return err_key(e, ERR_INVALID, "expires-too-late", "at most %lld days are allowed",
		    (long long)x->conf->delivery_max_days);
	return 0;
}
