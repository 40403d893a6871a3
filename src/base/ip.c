/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ip - see ip.h: inet_pton reads, the rest is bits
 */
#include "base/ip.h"

#include <arpa/inet.h>

#include "base/arena.h"
#include "base/str.h"

#define V4_BITS 32
#define V6_BITS 128
#define MAPPED_BITS (V6_BITS - V4_BITS) /* ::ffff:0:0/96 */
#define NET_BYTES 64                    /* longer than any */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool
ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->b, mapped, sizeof mapped) == 0;
}

bool
ip_is_loopback(const struct ip *ip)
{
	static const uint8_t v6[16] = {[15] = 1};

	return memcmp(ip->b, v6, sizeof v6) == 0 ||
	       (ip_is_v4(ip) && memcmp(ip->b + sizeof mapped, "\x7f\0\0\1", 4) == 0);
}

bool
ip_parse(struct str s, struct ip *ret)
{
	char text[INET6_ADDRSTRLEN];
	struct ip ip;

	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, '\0', s.n) != NULL)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	memcpy(ip.b, mapped, sizeof mapped);
	if (inet_pton(AF_INET, text, ip.b + sizeof mapped) != 1 &&
	    inet_pton(AF_INET6, text, ip.b) != 1)
		return false;
	*ret = ip;
	return true;
}

struct str
ip_text(struct arena *a, const struct ip *ip)
{
	bool v4 = ip_is_v4(ip);
	char *text = arena_alloc(a, INET6_ADDRSTRLEN);

	if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip->b + sizeof mapped : ip->b, text,
	        INET6_ADDRSTRLEN) == NULL)
		return (struct str){0};
	return str_c(text);
}

/* Are the first n bits of both the same? */
static bool
same_bits(const struct ip *a, const struct ip *b, unsigned n)
{
	unsigned whole = n / 8, rest = n % 8;
	unsigned mask = 0xff00u >> rest & 0xff;

	return memcmp(a->b, b->b, whole) == 0 &&
	       (rest == 0 || ((a->b[whole] ^ b->b[whole]) & mask) == 0);
}

static bool
is_clear_behind(const struct ip_net *n)
{
	for (unsigned i = n->bits; i < V6_BITS; i++) {
		if ((n->ip.b[i / 8] & 0x80u >> i % 8) != 0)
			return false;
	}
	return true;
}

bool
ip_net_parse(struct str s, struct ip_net *ret)
{
	struct str bits, address = str_cut(s, '/', &bits);
	bool v4 = str_find(address, ':') == address.n;
	unsigned most = v4 ? V4_BITS : V6_BITS;
	uint64_t n = most;
	struct ip_net net;

	if (s.n > NET_BYTES || !ip_parse(address, &net.ip) || (!v4 && ip_is_v4(&net.ip)))
		return false;
	if (bits.p != NULL && (!str_u64(bits, &n) || n == 0 || n > most))
		return false;
	net.bits = (unsigned)n + (v4 ? MAPPED_BITS : 0);
	if (!is_clear_behind(&net))
		return false;
	*ret = net;
	return true;
}

bool
ip_nets_parse(struct arena *a, struct str s, struct ip_nets *ret, struct str *ret_bad)
{
	size_t most = 1;
	struct ip_net *list;
	struct str rest = s;

	*ret = (struct ip_nets){0};
	for (size_t i = 0; i < s.n; i++)
		most += s.p[i] == ',';
	list = ARENA_ARRAY(a, struct ip_net, most);
	ret->list = list;
	while (s.n > 0 && rest.p != NULL) {
		struct str one = str_trim(str_cut(rest, ',', &rest));

		if (!ip_net_parse(one, &list[ret->n])) {
			*ret_bad = one;
			return false;
		}
		ret->n++;
	}
	return true;
}

bool
ip_nets_have(const struct ip_nets *nets, const struct ip *ip)
{
	for (size_t i = 0; i < nets->n; i++) {
		const struct ip_net *n = &nets->list[i];

		if (ip_is_v4(&n->ip) == ip_is_v4(ip) && same_bits(&n->ip, ip, n->bits))
			return true;
	}
	return false;
}
