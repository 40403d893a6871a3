/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sql_scan - see sql_scan.h.  Knows standard strings only (two quotes for one),
 * which is what both servers are told to speak; block comments do not nest.
 */
#include "db/sql_scan.h"

#include <ctype.h>
#include <string.h>

static const char *
skip_quoted(const char *p)
{
	char quote = *p++;

	while (*p != '\0') {
		if (*p == quote && p[1] != quote)
			return p + 1;
		p += *p == quote ? 2 : 1;
	}
	return p;
}

static const char *
behind(const char *p, const char *what)
{
	const char *end = strstr(p, what);

	return end != NULL ? end + strlen(what) : p + strlen(p);
}

/* $$ or $word$; a lone $ (or $1) is no quote. */
static const char *
skip_dollar(const char *p)
{
	const char *tag = p++;
	const char *body;

	if (isdigit((unsigned char)*p))
		return tag;
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	if (*p != '$')
		return tag;
	body = p + 1;
	for (p = body; (p = strchr(p, '$')) != NULL; p++)
		if (strncmp(p, tag, (size_t)(body - tag)) == 0)
			return p + (body - tag);
	return body + strlen(body);
}

const char *
sql_skip(const char *p)
{
	switch (*p) {
	case '\'':
	case '"':
		return skip_quoted(p);
	case '$':
		return skip_dollar(p);
	case '-':
		return p[1] == '-' ? behind(p, "\n") : p;
	case '/':
		return p[1] == '*' ? behind(p + 2, "*/") : p;
	default:
		return p;
	}
}
