/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * routes - the handlers that routes.c names, one line each, grouped by file
 *
 * Layer: api.
 */
#pragma once

#include "api/api.h"

#define HANDLER(name)                                                                              \
	int name(struct api *x, const struct request *q, struct reply *r, struct error *e)

/* check.c */
HANDLER(check_post);
/* contacts.c, overview.c */
HANDLER(contacts_list);
HANDLER(overview_show);
/* preview.c */
HANDLER(preview_post);
/* deliveries.c, delivery_rows.c, delivery_change.c, send.c */
HANDLER(deliveries_post);
HANDLER(deliveries_list);
HANDLER(deliveries_get);
HANDLER(deliveries_revoke);
HANDLER(deliveries_extend);
HANDLER(deliveries_link);
/* uploads.c */
HANDLER(uploads_options);
HANDLER(uploads_post);
HANDLER(uploads_head);
HANDLER(uploads_patch);
HANDLER(uploads_delete);
/* assets.c */
HANDLER(assets_list);
HANDLER(assets_get);
HANDLER(assets_patch);
/* library.c */
HANDLER(assets_layout);
HANDLER(assets_cards);
/* bulk.c */
HANDLER(assets_bulk);
HANDLER(undo_post);
/* basket.c */
HANDLER(basket_show);
HANDLER(basket_post);
/* draft.c */
HANDLER(draft_show);
HANDLER(draft_write);
HANDLER(draft_delete);
/* keywords.c */
HANDLER(keywords_list);
/* folders.c */
HANDLER(folders_list);
HANDLER(folders_post);
HANDLER(folders_patch);
/* picture.c */
HANDLER(preview_get);
HANDLER(content_get);
/* release.c */
HANDLER(assets_release);
/* history.c */
HANDLER(assets_history);
/* status.c, health.c, settings.c */
HANDLER(status_get);
HANDLER(health_get);
HANDLER(settings_list);
HANDLER(settings_patch);
/* keys.c */
HANDLER(keys_post);
HANDLER(keys_list);
HANDLER(keys_delete);
/* jobs.c */
HANDLER(jobs_list);
HANDLER(jobs_again);
/* people.c */
HANDLER(people_get_all);
HANDLER(people_post);
HANDLER(people_patch);
HANDLER(people_reset);
/* session.c */
HANDLER(session_get);
HANDLER(session_delete);
HANDLER(session_link);
HANDLER(sessions_list);
HANDLER(sessions_end);
/* sign_in.c */
HANDLER(session_post);
HANDLER(session_password);
HANDLER(session_totp_setup);
HANDLER(session_totp_confirm);
HANDLER(session_totp);
HANDLER(session_step_up);
/* brand.c */
HANDLER(brand_show);
HANDLER(brand_patch);
/* outbox.c */
HANDLER(outbox_list);
HANDLER(outbox_show);
/* shell.c */
HANDLER(root_get);
HANDLER(app_get);
HANDLER(shell_static); /* what static_get does not know */
/* recipient/ */
HANDLER(open_page);
HANDLER(open_post);
HANDLER(new_link_page);
HANDLER(new_link_post);
HANDLER(delivery_page);
HANDLER(code_post);
HANDLER(verify_post);
HANDLER(file_get);
HANDLER(zip_get);
HANDLER(thumbnail_get);
HANDLER(transfer_get);
HANDLER(static_get);
HANDLER(theme_get);
HANDLER(logo_get);
HANDLER(imprint_get);
