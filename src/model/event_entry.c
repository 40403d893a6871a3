/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * event_entry - the leaf: one flat line of RFC 8785 JSON
 *
 * Canonical by construction.  Members are written in the order of their names
 * (ASCII, so bytes and UTF-16 code units agree), and no value needs an escape:
 * strings are hex, decimal ids, or words of a small alphabet that also keeps
 * free text, and with it names and addresses, out of the log.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "model/event_private.h"

/* Integers every JSON reader keeps exactly. */
#define INT_MAX_EXACT ((int64_t)1 << 53)
#define WORD_MAX_BYTES 64
#define FIELDS_MAX 16

struct kind_row {
	const char *name;
	int version;
};

static const struct kind_row kinds[EVENT_KIND_COUNT] = {
    [CHANGE_HOUSEKEEPING] = {"", 0},
#define EVENT_KIND(symbol, name, version) [EVENT_##symbol] = {name, version},
#include "model/event_kinds.def"
#undef EVENT_KIND
};

const char *
event_kind_name(enum event_kind kind)
{
	return kind > CHANGE_HOUSEKEEPING && kind < EVENT_KIND_COUNT ? kinds[kind].name : "";
}

int
event_kind_version(enum event_kind kind)
{
	return kind > CHANGE_HOUSEKEEPING && kind < EVENT_KIND_COUNT ? kinds[kind].version : 0;
}

struct writer {
	struct buf b;
	struct arena *a;
	struct error *e;
	int r; /* the first failure */
};

static void
name(struct writer *w, const char *key)
{
	buf_char(&w->b, w->b.n == 0 ? '{' : ',');
	buf_printf(&w->b, "\"%s\":", key);
}

static void
put_int(struct writer *w, const char *key, int64_t v)
{
	if (v < 0 || v >= INT_MAX_EXACT)
		w->r = err_set(w->e, ERR_INTERNAL, "event: %s is out of range", key);
	name(w, key);
	buf_printf(&w->b, "%lld", (long long)v);
}

/* Ids are strings in all JSON; 0 is no id. */
static void
put_id(struct writer *w, const char *key, int64_t v)
{
	if (v == 0)
		return;
	name(w, key);
	buf_printf(&w->b, "\"%lld\"", (long long)v);
}

static void
put_hex(struct writer *w, const char *key, const void *p, size_t n)
{
	if (p == NULL)
		return;
	name(w, key);
	buf_printf(&w->b, "\"%.*s\"", STR(str_hex(w->a, p, n)));
}

static bool
is_word(struct str s, const char *more)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    (s.p[i] == '\0' || strchr(more, s.p[i]) == NULL))
			return false;
	return s.n > 0 && s.n <= WORD_MAX_BYTES;
}

static void
put_word(struct writer *w, const char *key, struct str s)
{
	if (s.n == 0)
		return;
	if (!is_word(s, "_.,:-"))
		w->r = err_set(w->e, ERR_INTERNAL, "event: %s is not a word", key);
	name(w, key);
	buf_printf(&w->b, "\"%.*s\"", STR(s));
}

static int
by_field(const void *a, const void *b, void *fields)
{
	const struct event_field *f = fields;

	return str_cmp(f[*(const size_t *)a].field, f[*(const size_t *)b].field);
}

/* p_FIELD in the order of the fields' names; each at most once. */
static void
put_fields(struct writer *w, const struct event *ev, const struct sha256 *hashes)
{
	size_t order[FIELDS_MAX], i, n = MIN(ev->field_count, (size_t)FIELDS_MAX);
	const struct event_field *f = ev->fields;
	char key[WORD_MAX_BYTES + 4];

	if (n < ev->field_count)
		w->r =
		    err_set(w->e, ERR_INTERNAL, "event: more than %d personal fields", FIELDS_MAX);
	for (i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof order[0], by_field, (void *)f);
	for (i = 0; i < n; i++) {
		struct str field = f[order[i]].field;

		if (!is_word(field, "_") || (i > 0 && str_eq(field, f[order[i - 1]].field)))
			w->r = err_set(
			    w->e, ERR_INTERNAL, "event: a field's name is bad or there twice");
		snprintf(
		    key, sizeof key, "p_%.*s", (int)MIN(field.n, (size_t)WORD_MAX_BYTES), field.p);
		put_hex(w, key, hashes[order[i]].b, SHA256_BYTES);
	}
}

int
event_entry(struct arena *a, const struct event *ev, const struct event_head *head, struct str *ret,
    struct error *e)
{
	struct writer w = {.a = a, .e = e};

	if (event_kind_version(ev->kind) == 0)
		return err_set(e, ERR_INTERNAL, "event: no kind");
	buf_init_arena(&w.b, a, LIMIT_EVENT_ENTRY_BYTES);
	put_id(&w, "actor_id", head->actor_id);
	put_word(&w, "actor_kind", str_c(head->actor_kind));
	put_id(&w, "asset_id", ev->asset.v);
	put_int(&w, "at_us", head->at_us);
	if (ev->bytes != -1)
		put_int(&w, "bytes", ev->bytes);
	put_id(&w, "delivery_id", ev->delivery.v);
	put_word(&w, "kind", str_c(event_kind_name(ev->kind)));
	if (ev->level != -1)
		put_int(&w, "level", ev->level);
	put_hex(&w, "nonce", head->nonce.b, sizeof head->nonce.b);
	put_word(&w, "outcome", ev->outcome);
	put_fields(&w, ev, head->field_hashes);
	put_hex(&w, "policy", ev->policy, SHA256_BYTES);
	put_id(&w, "recipient_id", ev->recipient.v);
	put_hex(&w, "sha256", ev->sha256, SHA256_BYTES);
	put_hex(&w, "transfer_id", ev->transfer, sizeof *ev->transfer);
	put_int(&w, "v", event_kind_version(ev->kind));
	put_word(&w, "verdict", ev->verdict);
	put_id(&w, "version_id", ev->version.v);
	buf_char(&w.b, '}');
	if (w.r == 0 && w.b.full)
		return err_set(
		    e, ERR_INTERNAL, "event: longer than %d bytes", LIMIT_EVENT_ENTRY_BYTES);
	if (w.r == 0)
		*ret = buf_view(&w.b);
	return w.r;
}
