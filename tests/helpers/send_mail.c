/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * send_mail MAIL.json > mail          composes
 * send_mail MAIL.json RELAY.json      sends, prints {"outcome","reply"}
 *
 * The two halves of egress without its role, for tests in Python.  Exit 1 with
 * the error on stderr when the mail is refused.
 */
#include <json-c/json.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "egress/compose.h"
#include "egress/smtp.h"
#include "msg/msg.h"
#include "text/json.h"

static struct str
text_of(struct arena *a, struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	if (!json_object_object_get_ex(o, name, &v))
		return S("");
	return arena_str(
	    a, (struct str){json_object_get_string(v), (size_t)json_object_get_string_len(v)});
}

static int
send_it(struct arena *a, const char *path, struct str to, struct str mail)
{
	static const char *const words[] = {
	    "accepted", "deferred", "failed", "unknown", "composed"};
	struct json_object *o = json_object_from_file(path);
	struct smtp_result result;
	struct buf b;
	struct js j;

	if (o == NULL)
		return 2;
	struct smtp_relay relay = {.url = text_of(a, o, "url"),
	    .ca = text_of(a, o, "ca"),
	    .from = text_of(a, o, "from"),
	    .insecure = text_of(a, o, "insecure").n > 0,
	    .askers = {-1, -1}};
	json_object_put(o);
	smtp_init();
	smtp_send(a, &relay, to, mail, &result);
	buf_init_arena(&b, a, 8192);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_str(&j, "outcome", str_c(words[result.outcome]));
	js_kv_str(&j, "reply", result.reply);
	js_close(&j);
	return fwrite(b.p, 1, b.n, stdout) == b.n ? 0 : 1;
}

int
main(int argc, char **argv)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct json_object *o = argc < 2 ? NULL : json_object_from_file(argv[1]);
	struct error e = {0};
	struct str mail;

	if (o == NULL)
		return 2;
	struct msg_deliver m = {.from_name = text_of(a, o, "from_name"),
	    .from_address = text_of(a, o, "from_address"),
	    .address = text_of(a, o, "address"),
	    .subject = text_of(a, o, "subject"),
	    .message_id = text_of(a, o, "message_id"),
	    .text = text_of(a, o, "text"),
	    .html = text_of(a, o, "html"),
	    .date_us = 1795600000 * US_PER_S};
	if (!str_unb64(a, text_of(a, o, "logo"), &m.logo_png))
		return 2;
	json_object_put(o);
	compose_init();
	if (compose(a, &m, &mail, &e) < 0) {
		fprintf(stderr, "%s: %s\n", e.key, e.msg);
		return 1;
	}
	if (argc > 2)
		return send_it(a, argv[2], m.address, mail);
	return fwrite(mail.p, 1, mail.n, stdout) == mail.n ? 0 : 1;
}
