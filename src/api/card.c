/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * card - see card.h.  What is not known is null, never 0 or an empty text, so that
 * a grid can tell a picture without a measure from one of no size.
 */
#include "api/card.h"

#include "api/check.h"
#include "base/arena.h"
#include "base/str.h"
#include "conf/conf.h"
#include "model/card.h"
#include "text/json.h"

static void
int_or_null(struct js *j, const char *key, int64_t v)
{
	js_key(j, key);
	if (v > 0)
		js_int(j, v);
	else
		js_null(j);
}

static void
put_verdict(struct js *j, struct api *x, const struct card *c)
{
	struct card_ask ask = {x->now_us, x->conf->malware_unscanned == UNSCANNED_HOLD};
	struct verdict v;

	card_verdict(c, &ask, &v);
	js_kv_str(j, "verdict", str_c(verdict_state_name(v.state)));
	reasons_put(j, x, &v);
	js_key(j, "checks");
	js_open(j);
	for (int i = 0; i < CHECK_COUNT; i++)
		js_kv_str(j, card_check_name((enum verdict_check)i),
		    str_c(card_check(&v, (enum verdict_check)i)));
	js_close(j);
}

static void
put_look(struct js *j, const struct media *m)
{
	int_or_null(j, "width", m->width);
	int_or_null(j, "height", m->height);
	int_or_null(j, "pages", m->pages);
	js_kv_str0(j, "colour", m->colour);
	js_kv_str0(j, "blurhash", m->blurhash);
	js_kv_str(j, "preview", str_c(media_state_name(m->state)));
}

void
card_put_told(struct js *j, const struct card *c)
{
	js_kv_str0(j, "preview_reason", c->media.reason);
	js_kv_str0(j, "space", c->media.space);
	js_kv_str0(j, "camera", c->media.camera);
	js_kv_str0(j, "taken", c->media.taken);
}

void
card_put_shape(struct js *j, struct api *x, const struct card *c)
{
	put_verdict(j, x, c);
	put_look(j, &c->media);
	js_kv_time(j, "trashed", x->a, c->asset.trashed_us);
	js_key(j, "duplicates");
	js_list(j);
	for (size_t i = 0; i < c->duplicate_count; i++)
		js_id(j, c->duplicates[i].v);
	js_list_end(j);
	js_kv_int(j, "stamp", c->asset.stamp);
}

static void
put_file(struct js *j, const struct version *v)
{
	js_kv_str(j, "name", v->name);
	js_kv_id(j, "version", v->id.v);
	js_kv_int(j, "version_number", v->number);
	js_kv_str0(j, "media_type", v->ready ? v->media_type : S(""));
	js_kv_int(j, "bytes", v->bytes);
}

void
card_put(struct js *j, struct api *x, const struct card *c)
{
	js_open(j);
	js_kv_id(j, "id", c->asset.id.v);
	js_kv_str(j, "title", c->asset.title);
	put_file(j, &c->version);
	js_kv_str(j, "folder", c->asset.folder_path);
	js_kv_str(j, "class", str_c(class_name(c->asset.class)));
	js_kv_str(j, "state", str_c(release_shown(&c->asset.release, x->now_us)));
	js_kv_time(j, "embargo", x->a, c->asset.embargo_us);
	js_kv_time(j, "expires", x->a, c->asset.expires_us);
	js_key(j, "keywords");
	js_list(j);
	for (size_t i = 0; i < c->keywords.n; i++)
		js_str(j, c->keywords.v[i]);
	js_list_end(j);
	card_put_shape(j, x, c);
	js_close(j);
}

void
cards_put(struct js *j, struct api *x, const struct card *list, size_t n)
{
	js_key(j, "cards");
	js_list(j);
	for (size_t i = 0; i < n; i++)
		card_put(j, x, &list[i]);
	js_list_end(j);
}
