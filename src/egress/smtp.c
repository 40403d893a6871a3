/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * smtp - see smtp.h.  libcurl speaks the protocol; what it was told by the relay
 * is read from its debug lines, since its error codes alone blur 4xx and 5xx.
 * A reply counts only until the next command goes out.  Commands are looked at
 * by their first word and not kept: one of them carries the password.
 *
 * libcurl has one wait for all answers; the waits of RFC 5321 4.5.3.2 are kept
 * here, in the function it calls once a second to tell of its progress.
 */
#include "egress/smtp.h"

#include <stdlib.h>

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"

#define REPLY_BYTES 1000
#define SYNS 3 /* after the first: 15 s until an address is given up for the next one */
#define COMMAND_S 300
#define DATA_S 120
#define BLOCK_S 180
#define QUIT_S 5

enum stage { STAGE_GREETING, STAGE_TLS, STAGE_AUTH, STAGE_ENVELOPE, STAGE_DATA };

struct talk {
	struct str mail;
	size_t at;        /* bytes of the mail libcurl has taken */
	uint64_t written; /* bytes of it the socket has taken */
	enum stage stage;
	int code; /* of the last reply, 0: none since the last command */
	struct buf reply;
	bool over;                  /* the outcome is known: QUIT and its answer say nothing */
	int64_t begun_us, since_us; /* when it began; when the wait of now did */
	const int *askers;
};

void
smtp_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

uint16_t
smtp_port(const char *url)
{
	CURLU *u = curl_url();
	char *text = NULL;
	uint64_t port = 0;

	if (u == NULL)
		abort();
	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT) != CURLUE_OK ||
	    !str_u64(str_c(text), &port) || port > UINT16_MAX)
		port = 0;
	curl_free(text);
	curl_url_cleanup(u);
	return (uint16_t)port;
}

static void
easy_free(CURL **c)
{
	if (*c != NULL)
		curl_easy_cleanup(*c);
	*c = NULL;
}

static void
slist_free(struct curl_slist **l)
{
	curl_slist_free_all(*l);
	*l = NULL;
}

/* ---- what is said ---- */

static void
command_sent(struct talk *t, struct str line)
{
	/* libcurl takes its leave by itself; what came before is what counts. */
	if (str_starts(line, S("QUIT"))) {
		t->over = true;
		return;
	}
	t->code = 0;
	buf_clear(&t->reply);
	if (str_starts(line, S("EHLO")))
		t->stage = STAGE_GREETING;
	else if (str_starts(line, S("STARTTLS")))
		t->stage = STAGE_TLS;
	else if (str_starts(line, S("AUTH")))
		t->stage = STAGE_AUTH;
	else if (str_starts(line, S("MAIL")) || str_starts(line, S("RCPT")))
		t->stage = STAGE_ENVELOPE;
	else if (str_starts(line, S("DATA")))
		t->stage = STAGE_DATA;
}

/* "250-text" or "250 text": both are kept, the last one gives the code. */
static void
reply_line(struct talk *t, struct str line)
{
	uint64_t code = 0;

	if (line.n < 3 || !str_u64(str_head(line, 3), &code) || t->code != 0)
		return;
	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (t->reply.n > 0)
		buf_char(&t->reply, '\n');
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		buf_char(&t->reply, (char)(c < 0x20 || c >= 0x7f ? '?' : c));
	}
	if (line.n == 3 || line.p[3] != '-') {
		t->code = (int)code;
		t->since_us = time_monotonic_us();
	}
}

static int
on_debug(CURL *c, curl_infotype type, char *p, size_t n, void *arg)
{
	struct talk *t = arg;
	struct str line = {p, n};

	if (t->over)
		return 0;
	if (type == CURLINFO_HEADER_OUT) {
		t->since_us = time_monotonic_us();
		command_sent(t, line);
	} else if (type == CURLINFO_HEADER_IN) {
		while (line.n > 0)
			reply_line(t, str_cut(line, '\n', &line));
	} else if (type == CURLINFO_DATA_OUT) {
		t->written += n;
		t->since_us = time_monotonic_us();
		t->code = 0; /* 354 is answered */
		buf_clear(&t->reply);
	}
	return 0;
}

static size_t
on_read(char *p, size_t size, size_t count, void *arg)
{
	struct talk *t = arg;
	size_t n = MIN(size * count, t->mail.n - t->at);

	if (n > 0)
		memcpy(p, t->mail.p + t->at, n);
	t->at += n;
	return n;
}

/* ---- how long ---- */

static bool
all_is_sent(const struct talk *t)
{
	return t->stage == STAGE_DATA && t->written >= t->mail.n;
}

/* Seconds that the relay may take for what it has to do now. */
static int
wait_of(const struct talk *t)
{
	if (t->over)
		return QUIT_S;
	if (t->stage != STAGE_DATA)
		return COMMAND_S;
	if (t->written == 0 && t->code == 0)
		return DATA_S;
	return all_is_sent(t) ? LIMIT_SMTP_DOT_S : BLOCK_S;
}

/* Before the final dot an end costs nothing but another try, so there the whole has one, too. */
static bool
is_too_late(const struct talk *t, int64_t now)
{
	if (now - t->since_us > wait_of(t) * US_PER_S)
		return true;
	return !all_is_sent(t) && now - t->begun_us > LIMIT_SMTP_BEFORE_DOT_S * US_PER_S;
}

static bool
is_asked(const struct talk *t)
{
	struct pollfd p[SMTP_ASKERS];

	for (size_t i = 0; i < SMTP_ASKERS; i++)
		p[i] = (struct pollfd){.fd = t->askers[i]}; /* below 0: not looked at */
	return poll(p, SMTP_ASKERS, 0) <= 0; /* nothing asked for: only an end is told */
}

static int
on_progress(void *arg, curl_off_t dl, curl_off_t dl_now, curl_off_t ul, curl_off_t ul_now)
{
	struct talk *t = arg;

	return is_too_late(t, time_monotonic_us()) || !is_asked(t);
}

static int
on_socket(void *arg, curl_socket_t fd, curlsocktype type)
{
	static const int syns = SYNS;

	return setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &syns, sizeof syns) < 0 ? CURL_SOCKOPT_ERROR
	                                                                       : CURL_SOCKOPT_OK;
}

/* ---- what it means ---- */

/* Codes that speak of the connection or the account, not of this mail. */
static bool
is_about_us(int code)
{
	return code == 530 || code == 534 || code == 535 || code == 538 || code == 421;
}

static enum mail_outcome
outcome_of(const struct talk *t, CURLcode r)
{
	if (r == CURLE_OK)
		return MAIL_OK_ACCEPTED;
	if (t->code >= 500 && t->stage >= STAGE_ENVELOPE && !is_about_us(t->code))
		return MAIL_IS_FAILED;
	if (t->code >= 400)
		return MAIL_IS_DEFERRED;
	/* All of the mail went out, so the final dot may have, and nobody answered. */
	if (t->code == 0 && all_is_sent(t))
		return MAIL_IS_UNKNOWN;
	return MAIL_IS_DEFERRED;
}

/* Our own words where the relay had none, or where its last word explains nothing. */
static const char *
explanation(const struct talk *t, CURLcode r)
{
	switch (r) {
	case CURLE_USE_SSL_FAILED:
		return "the relay offers no TLS (STARTTLS), which is required";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "the relay's certificate was not accepted";
	case CURLE_SSL_CACERT_BADFILE:
		return "smtp.ca cannot be read";
	case CURLE_SSL_CONNECT_ERROR:
		return "TLS with the relay failed";
	case CURLE_LOGIN_DENIED:
		return "the relay refused user name or password";
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_ABORTED_BY_CALLBACK:
		return is_asked(t) ? "the relay did not answer in time"
		                   : "the server stopped before the relay had answered";
	case CURLE_COULDNT_RESOLVE_HOST:
		return "the relay's name is unknown";
	case CURLE_COULDNT_CONNECT:
		return "the relay cannot be reached";
	default:
		return t->stage == STAGE_TLS ? "TLS with the relay failed"
		                             : "the connection to the relay ended";
	}
}

static struct str
words_of(struct arena *a, const struct talk *t, CURLcode r, const char *detail)
{
	struct str reply = buf_view(&t->reply);

	if (r == CURLE_LOGIN_DENIED && reply.n > 0)
		reply = arena_printf(a, "%s: %.*s", explanation(t, r), STR(reply));
	else if (r == CURLE_ABORTED_BY_CALLBACK)
		reply = str_c(explanation(t, r));
	else if (r != CURLE_OK && t->code < 400)
		reply = arena_printf(a, "%s%s%s", explanation(t, r), *detail ? ": " : "", detail);
	return arena_str(a, str_head(reply, REPLY_BYTES));
}

/* ---- the call ---- */

/* The URL with the name we greet with: the domain mail comes from. */
static const char *
greeting_url(struct arena *a, const struct smtp_relay *relay)
{
	struct str domain, url = relay->url;

	(void)str_cut(relay->from, '@', &domain);
	while (str_ends(url, S("/")))
		url.n--;
	return arena_printf(a, "%.*s/%.*s", STR(url), STR(domain)).p;
}

static void
set_security(struct arena *a, CURL *c, const struct smtp_relay *relay)
{
	bool tls = str_starts(relay->url, S("smtps://"));

	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (relay->ca.n > 0) {
		curl_easy_setopt(c, CURLOPT_CAINFO, arena_cstr(a, relay->ca));
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	if (relay->insecure && !tls) {
		/* Where clear text is allowed, TLS without a check is still the better half. */
		curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void
set_talk(CURL *c, struct talk *t, char *detail)
{
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(c, CURLOPT_READDATA, t);
	curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->mail.n);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, t);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(c, CURLOPT_PROXY, ""); /* whatever the environment says */
	curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	/* libcurl's own waits, which know no phases, are not to end before ours. */
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 2L * LIMIT_SMTP_S);
	curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, 2L * LIMIT_SMTP_S);
	/* QUIT is said within this call, and not by whoever frees the connection, who would wait.
	 */
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
}

void
smtp_send(struct arena *a, const struct smtp_relay *relay, struct str to, struct str mail,
    struct smtp_result *ret)
{
	AUTO(easy_free) CURL *c = curl_easy_init();
	AUTO(slist_free)
	struct curl_slist *rcpt = curl_slist_append(NULL, arena_printf(a, "<%.*s>", STR(to)).p);
	char detail[CURL_ERROR_SIZE] = "";
	struct talk t = {.mail = mail, .askers = relay->askers};

	t.begun_us = t.since_us = time_monotonic_us();
	buf_init_arena(&t.reply, a, REPLY_BYTES);
	set_talk(c, &t, detail);
	set_security(a, c, relay);
	curl_easy_setopt(c, CURLOPT_URL, greeting_url(a, relay));
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, arena_printf(a, "<%.*s>", STR(relay->from)).p);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, rcpt);
	CURLcode r = curl_easy_perform(c);
	t.over = true;
	ret->outcome = outcome_of(&t, r);
	ret->reply = words_of(a, &t, r, detail);
}
