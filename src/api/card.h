/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * card - a file as the grid shows it, as JSON; for every list that shows cards
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

struct card;
struct js;

/* The whole object. */
void card_put(struct js *j, struct api *x, const struct card *c);
/* Its members alone, into an open object: a file that is asked for by itself has them too. */
void card_put_shape(struct js *j, struct api *x, const struct card *c);
/* And what its preview told besides: why there is none, colours, camera, time. */
void card_put_told(struct js *j, const struct card *c);
/* "cards": [...] into an open object. */
void cards_put(struct js *j, struct api *x, const struct card *list, size_t n);
