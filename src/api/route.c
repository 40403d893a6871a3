/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * route - find the row of routes.c for a method and a path
 *
 * A path is matched before it is decoded, segment by segment, against the
 * pattern; {x} takes one whole segment and is then percent-decoded once.  An
 * empty segment, a malformed escape or a decoded slash or NUL matches nothing:
 * refused, never repaired.  front uses this too, to choose the lane.
 */
#include "api/api.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "http/http.h"

/* How many {x} a pattern has: /r/theme.css goes before /r/{token}. */
static int
placeholders(const char *pattern)
{
	int n = 0;

	for (; *pattern != '\0'; pattern++)
		n += *pattern == '{';
	return n;
}

/* Does this row answer more exactly than the best so far? */
static bool
is_better(const struct route *rt, const struct route *best, struct str method)
{
	int more;

	if (best == NULL)
		return true;
	more = placeholders(best->pattern) - placeholders(rt->pattern);
	return more > 0 || (more == 0 && str_eq_c(method, rt->method));
}

/* One segment of both; false when they differ. */
static bool
match_segment(struct arena *a, struct str want, struct str have, struct str *params, size_t *n)
{
	struct str value;

	if (want.n < 2 || want.p[0] != '{')
		return str_eq(want, have);
	if (have.n == 0 || *n == REQUEST_PARAMS)
		return false;
	if (!http_percent_decode(a, have, false, &value) || value.n == 0 ||
	    memchr(value.p, '/', value.n) != NULL)
		return false;
	params[(*n)++] = value;
	return true;
}

/* Most rows differ before their first {x}: seen without cutting either. */
static bool
may_match(const char *pattern, struct str path)
{
	size_t i = 0;

	while (pattern[i] != '\0' && pattern[i] != '{') {
		if (i == path.n || path.p[i] != pattern[i])
			return false;
		i++;
	}
	return pattern[i] == '{' || i == path.n;
}

static bool
match(struct arena *a, struct str pattern, struct str path, struct str params[REQUEST_PARAMS])
{
	size_t n = 0;

	while (pattern.p != NULL && path.p != NULL) {
		struct str more_pattern, more_path;
		struct str want = str_cut(pattern, '/', &more_pattern);
		struct str have = str_cut(path, '/', &more_path);

		if (!match_segment(a, want, have, params, &n))
			return false;
		pattern = more_pattern;
		path = more_path;
	}
	return pattern.p == NULL && path.p == NULL;
}

/* HEAD is answered by GET's row unless a row says HEAD itself. */
static bool
method_fits(const struct route *rt, struct str method)
{
	return str_eq_c(method, rt->method) ||
	       (str_eq_c(method, "HEAD") && strcmp(rt->method, "GET") == 0);
}

void
route_find(struct arena *a, struct str method, struct str path, const struct route **ret,
    struct str params[REQUEST_PARAMS], struct str *ret_allow)
{
	struct str found[REQUEST_PARAMS] = {0};
	struct str allow = {0};
	const struct route *best = NULL;

	for (size_t i = 0; i < route_count; i++) {
		const struct route *rt = &routes[i];

		if (!may_match(rt->pattern, path) || !match(a, str_c(rt->pattern), path, found))
			continue;
		allow =
		    arena_printf(a, "%.*s%s%s", STR(allow), allow.n > 0 ? ", " : "", rt->method);
		if (!method_fits(rt, method) || !is_better(rt, best, method))
			continue;
		best = rt;
		if (params != NULL)
			memcpy(params, found, sizeof found);
	}
	*ret = best;
	*ret_allow = allow;
}

size_t
route_body_limit(const struct route *rt)
{
	switch (rt->body) {
	case BODY_FORM:
		return LIMIT_FORM_BYTES;
	case BODY_JSON:
		return LIMIT_JSON_BYTES;
	case BODY_NONE:
	case BODY_STREAM:
		break;
	}
	return 0;
}
