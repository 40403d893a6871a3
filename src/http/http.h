/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * http - small pure parsers beside the head: ranges, ETags, cookies, forms, languages, clients
 *
 * Each refuses what its RFC does not allow and never reads past its input.
 *
 * Layer: http.
 */
#pragma once

#include "base/base.h"

struct arena;
struct http_head;
struct ip;
struct ip_nets;

/*
 * Range: (RFC 9110 section 14).  One range of a representation of n bytes.
 * 1 satisfiable: [*from, *to); 0 ignore the header (malformed, several ranges,
 * other unit); -416 unsatisfiable.
 */
int http_range(struct str value, uint64_t n, uint64_t *from, uint64_t *to);

/* Strong comparison of one entity tag with an If-Match list; "*" matches. */
bool http_etag_strong_match(struct str list, struct str etag);
/* Weak comparison, for If-None-Match. */
bool http_etag_weak_match(struct str list, struct str etag);

/* The value of a cookie in a Cookie field, p NULL when absent or there twice. */
struct str http_cookie(struct str field, const char *name);

/* Percent-decoding of a path segment or form value ('+' is a blank there).  False: malformed, NUL,
 * not UTF-8. */
bool http_percent_decode(struct arena *a, struct str s, bool form, struct str *ret);
void http_percent_encode(
    struct arena *a, struct str s, struct str *ret); /* RFC 3986 unreserved stay */

/* application/x-www-form-urlencoded and query strings: 1 found, 0 absent, -1 malformed or twice. */
int http_form_get(struct arena *a, struct str form, const char *name, struct str *ret);

/* The best of "de" and "en" for Accept-Language; def when neither is named. */
struct str http_language(struct str value, struct str def);

/* attachment; filename="ascii"; filename*=UTF-8''... (RFC 6266, 8187) */
struct str http_attachment(struct arena *a, struct str name);

/* host[:port] as a Host field may have it: a name or an address, IPv6 in brackets. */
bool http_is_authority(struct str s);
/* "host[:port]", an address of IPv6 with its brackets; without a port 443. */
bool http_split_authority(struct str s, struct str *host, uint64_t *port);

/* "host[:port]" lower-cased without a default port 443; false when malformed. */
bool http_authority(struct arena *a, struct str s, struct str *ret);

/*
 * Whose request: *io is the peer of the connection before, the client after.  When the peer is one
 * of the trusted proxies, that is the rightmost address of X-Forwarded-For (all its fields as one
 * list) that is none of them; from anybody else the field says nothing.  UNKNOWN: what the proxies
 * wrote is no address, or names only proxies; *io stays the peer.  "Forwarded" (RFC 7239) and
 * X-Forwarded-Host, -Proto and -Port are not read at all.
 */
enum http_client { CLIENT_IS_PEER, CLIENT_IS_TOLD, CLIENT_UNKNOWN };
enum http_client http_client(
    const struct http_head *h, const struct ip_nets *trusted, struct ip *io);
