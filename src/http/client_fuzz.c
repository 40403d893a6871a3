/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * client_fuzz - X-Forwarded-For of a proxy, cut into fields at line ends; and the list of proxies
 *
 * However the list looks: a client is never one of our proxies, and what somebody writes to the
 * left of what the proxy has written changes nothing.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/str.h"
#include "http/head.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
add(struct http_head *h, struct str value)
{
	if (h->field_count < LIMIT_HEAD_FIELDS)
		h->fields[h->field_count++] =
		    (struct http_field){S("X-Forwarded-For"), str_trim(value)};
}

static void
written_by_proxy_alone_counts(struct http_head *h, const struct ip_nets *ours, struct ip peer)
{
	struct ip client = peer, want;

	if (h->field_count == LIMIT_HEAD_FIELDS)
		return;
	add(h, S("10.0.0.2 ,203.0.113.9,10.0.0.3"));
	must(ip_parse(S("203.0.113.9"), &want));
	must(http_client(h, ours, &client) == CLIENT_IS_TOLD);
	must(memcmp(&client, &want, sizeof want) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str in = {(const char *)p, n}, rest = in, bad;
	struct http_head h = {0};
	struct ip_nets ours, fuzzed;
	struct ip peer, client;

	must(ip_nets_parse(a, S("10.0.0.0/8"), &ours, &bad) && ip_parse(S("10.0.0.1"), &peer));
	while (rest.n > 0)
		add(&h, str_cut(rest, '\n', &rest));
	client = peer;
	if (http_client(&h, &ours, &client) == CLIENT_IS_TOLD)
		must(!ip_nets_have(&ours, &client));
	else
		must(memcmp(&client, &peer, sizeof peer) == 0);
	written_by_proxy_alone_counts(&h, &ours, peer);
	if (!ip_nets_parse(a, in, &fuzzed, &bad))
		must(bad.p >= in.p && bad.p + bad.n <= in.p + in.n);
	return 0;
}
