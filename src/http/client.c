/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * client - whose request is it, behind a reverse proxy that says so?
 *
 * Each proxy puts the address it was asked from at the right end of
 * X-Forwarded-For.  So the list is read from there, and only as far as proxies
 * of ours have written it: what stands left of the first other address is that
 * client's own word and is not looked at.
 */
#include "base/ip.h"
#include "base/str.h"
#include "http/head.h"
#include "http/http.h"

/* Cut the last element off. */
static struct str
cut_last(struct str *list, bool *more)
{
	size_t at = list->n;
	struct str last;

	while (at > 0 && list->p[at - 1] != ',')
		at--;
	last = str_from(*list, at);
	*more = at > 0;
	list->n = at > 0 ? at - 1 : 0;
	return str_trim(last);
}

/* One field from its right end: CLIENT_IS_PEER means that all in it are proxies of ours. */
static enum http_client
look_at(struct str list, const struct ip_nets *trusted, struct ip *io)
{
	bool more = true;
	struct ip ip;

	while (more) {
		if (!ip_parse(cut_last(&list, &more), &ip))
			return CLIENT_UNKNOWN;
		if (!ip_nets_have(trusted, &ip)) {
			*io = ip;
			return CLIENT_IS_TOLD;
		}
	}
	return CLIENT_IS_PEER;
}

enum http_client
http_client(const struct http_head *h, const struct ip_nets *trusted, struct ip *io)
{
	bool any = false;

	if (!ip_nets_have(trusted, io))
		return CLIENT_IS_PEER;
	for (size_t i = h->field_count; i > 0; i--) {
		const struct http_field *f = &h->fields[i - 1];
		enum http_client r;

		if (!str_ieq(f->name, S("x-forwarded-for")))
			continue;
		if ((r = look_at(f->value, trusted, io)) != CLIENT_IS_PEER)
			return r;
		any = true;
	}
	return any ? CLIENT_UNKNOWN : CLIENT_IS_PEER;
}
