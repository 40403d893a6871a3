/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * compose_fuzz - any texts as names, subjects, addresses and bodies of a mail
 *
 * Each text has its length in front (two bytes).  Whatever is composed has the header
 * fields that we set, each once, and no other: nothing in a text begins one.  Its
 * lines end in CRLF, and it is plain ASCII.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "egress/compose.h"
#include "msg/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static struct str
next(struct str *rest)
{
	size_t n =
	    rest->n < 2 ? 0 : ((size_t)(uint8_t)rest->p[0] << 8 | (uint8_t)rest->p[1]) % 2048;
	struct str s = str_head(str_from(*rest, MIN(rest->n, 2)), n);

	*rest = str_from(*rest, MIN(rest->n, 2 + s.n));
	return s;
}

/* One of each, From to MIME-Version. */
static void
check_head(struct str head)
{
	static const char *const names[] = {"from", "to", "subject", "date", "message-id",
	    "auto-submitted", "x-auto-response-suppress", "mime-version", "content-type",
	    "content-transfer-encoding"};
	int seen[ARRAY_LEN(names)] = {0};

	while (head.n > 0) {
		struct str line = str_cut(head, '\n', &head),
		           name = str_cut(line, ':', &(struct str){0});
		size_t i = 0;

		must(line.n > 0);
		if (line.p[0] == ' ' || line.p[0] == '\t')
			continue;
		while (i < ARRAY_LEN(names) && !str_ieq(name, str_c(names[i])))
			i++;
		must(i < ARRAY_LEN(names) && ++seen[i] == 1);
	}
	must(seen[0] && seen[1] && seen[2] && seen[4]);
}

static void
check(struct str mail)
{
	size_t end = 0;

	must(str_ends(mail, S("\r\n")));
	for (size_t i = 0; i < mail.n; i++) {
		must((mail.p[i] & 0x80) == 0 && mail.p[i] != '\0');
		must(mail.p[i] != '\n' || (i > 0 && mail.p[i - 1] == '\r'));
		if (end == 0 && str_starts(str_from(mail, i), S("\r\n\r\n")))
			end = i;
	}
	must(end > 0);
	check_head(str_head(mail, end));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct str mail, rest = {(const char *)p, n};
	struct msg_deliver m = {.date_us = 1790000000000000};
	static bool is_ready;
	struct error e;

	if (!is_ready)
		compose_init();
	is_ready = true;
	m.from_name = next(&rest);
	m.from_address = next(&rest);
	m.address = next(&rest);
	m.subject = next(&rest);
	m.message_id = next(&rest);
	m.text = next(&rest);
	m.html = next(&rest);
	m.logo_png = next(&rest);
	if (compose(a, &m, &mail, &e) == 0)
		check(mail);
	return 0;
}
