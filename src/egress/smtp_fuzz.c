/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * smtp_fuzz - any words of a relay, in any order with our commands
 *
 * Line by line: ">" begins what we say, "=" what we send of the mail, everything else
 * is what the relay answered.  A mail has failed for good only by a 5xx, it is unknown
 * only when all of it had gone, and the relay's words are one printable text.
 */
#include <stdlib.h>

#include "egress/smtp.c" /* what it reads of a conversation is its own business */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
say(struct talk *t, struct str line)
{
	bool ours = line.n > 0 && line.p[0] == '>', mail = line.n > 0 && line.p[0] == '=';
	struct str rest = ours || mail ? str_from(line, 1) : line;

	(void)on_debug(NULL,
	    ours   ? CURLINFO_HEADER_OUT
	    : mail ? CURLINFO_DATA_OUT
	           : CURLINFO_HEADER_IN,
	    (char *)(uintptr_t)rest.p, rest.n, t);
}

static void
check(struct arena *a, const struct talk *t, CURLcode r)
{
	enum mail_outcome outcome = outcome_of(t, r);
	struct str words = words_of(a, t, r, "detail");

	must((outcome == MAIL_OK_ACCEPTED) == (r == CURLE_OK));
	must(outcome != MAIL_IS_FAILED || (t->code >= 500 && t->code <= 999));
	must(outcome != MAIL_IS_UNKNOWN || t->written >= t->mail.n);
	must(words.n <= REPLY_BYTES && (r == CURLE_OK || words.n > 0));
	for (size_t i = 0; i < words.n; i++)
		must(words.p[i] == '\n' || (words.p[i] >= ' ' && words.p[i] < 0x7f));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const CURLcode ends[] = {CURLE_OK, CURLE_LOGIN_DENIED, CURLE_SEND_ERROR,
	    CURLE_RECV_ERROR, CURLE_OPERATION_TIMEDOUT, CURLE_ABORTED_BY_CALLBACK,
	    CURLE_WEIRD_SERVER_REPLY};
	AUTO(arena_free) struct arena *a = arena_new();
	static const int nobody[SMTP_ASKERS] = {-1, -1};
	struct talk t = {.mail = S("0123456789"), .askers = nobody};
	struct str rest = {(const char *)p, n};

	buf_init_arena(&t.reply, a, REPLY_BYTES);
	while (rest.n > 0)
		say(&t, str_cut(rest, '\n', &rest));
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		check(a, &t, ends[i]);
	return 0;
}
