/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ip - addresses and networks, IPv4 and IPv6 as one kind
 *
 * Read strictly: dotted decimal without leading zeros, or RFC 4291; no port, no
 * brackets, no zone, no blanks.  ::ffff:a.b.c.d is the IPv4 address in it.
 *
 * Layer: base.
 */
#pragma once

#include "base/base.h"

struct arena;

struct ip {
	uint8_t b[16]; /* IPv4 mapped into IPv6 */
};
struct ip_net {
	struct ip ip;
	unsigned bits; /* of all 128 */
};
struct ip_nets {
	const struct ip_net *list;
	size_t n;
};

bool ip_parse(struct str s, struct ip *ret);
struct str ip_text(struct arena *a, const struct ip *ip);
bool ip_is_v4(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip); /* 127.0.0.1 or ::1 */

/*
 * "ADDRESS" or "ADDRESS/BITS", no bit set behind the prefix.  Refused, too: /0, which is everybody,
 * and IPv4 written as IPv6.
 */
bool ip_net_parse(struct str s, struct ip_net *ret);
/* Separated by commas, blanks around them are free; false: *ret_bad is the first that is none. */
bool ip_nets_parse(struct arena *a, struct str s, struct ip_nets *ret, struct str *ret_bad);
bool ip_nets_have(const struct ip_nets *nets, const struct ip *ip);
