/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * limits - a name and a number for everything a stranger could make large
 *
 * Units are in the names.  Settings may lower some of these; none may be
 * raised past the number here without a look at the buffers behind it.
 *
 * Layer: base.
 */
#pragma once

/* Messages between roles (docs/internals/messages.md) */
#define LIMIT_MSG_BYTES 65536
/* Most are for RENDER, the parts of a file; even, as the kernel counts. */
#define LIMIT_MSG_FDS 66
#define LIMIT_TICKET_BYTES 512
#define LIMIT_PLAN_INLINE_BYTES 32768
#define LIMIT_PLAN_BYTES (64 * 1024 * 1024)
#define LIMIT_KEYS_PER_CALL 256
#define LIMIT_SENT_TRANSFERS 100
#define LIMIT_SENT_RANGES 16
#define LIMIT_REPLY_HEAD_BYTES 16384
#define LIMIT_CONF_BYTES 65536 /* geleit.conf, as master reads it and hands it to each role */

/* HTTP (docs/internals/http.md) */
#define LIMIT_HEAD_BYTES 16384
#define LIMIT_HEAD_FIELDS 100
#define LIMIT_TARGET_BYTES 4096
#define LIMIT_FORM_BYTES 65536          /* rides in REQUEST */
#define LIMIT_REQUEST_BODY_INLINE 45056 /* leaves room for the head in one message */
#define LIMIT_JSON_BYTES (4 * 1024 * 1024)
#define LIMIT_REPLY_BYTES (32 * 1024 * 1024) /* what app makes, but for plans */
#define LIMIT_DISCARD_BYTES (64 * 1024 * 1024)
#define LIMIT_RANGES 16
#define LIMIT_COOKIES 32

/* Files */
#define LIMIT_PART_BYTES (64 * 1024 * 1024)
#define LIMIT_DISK_RESERVE_BYTES (64 * 1024 * 1024) /* kept free for the database */
#define LIMIT_PART_AGE_US (5 * 1000 * 1000)
#define LIMIT_SMALL_PART_BYTES (1024 * 1024)
#define LIMIT_FILE_BYTES (((int64_t)1) << 45) /* 32 TiB */
#define LIMIT_NAME_BYTES 200
#define LIMIT_PATH_BYTES 1024
#define LIMIT_PARTS_PER_VERSION 1000000

/* Previews (docs/internals/previews.md): one job of geleit-media */
#define LIMIT_RENDER_PARTS 64                 /* 4 GiB: 400 megapixels of the deepest TIFF */
#define LIMIT_RENDER_JOBS 2                   /* at a time */
#define LIMIT_RENDER_BYTES (48 * 1024 * 1024) /* of everything it gives back */
#define LIMIT_RENDER_PAGES 10
#define LIMIT_RENDER_CPU_S 20
#define LIMIT_RENDER_WALL_MS 40000

/* The scanner for malware: a file has at most LIMIT_RENDER_PARTS parts, too */
#define LIMIT_SCAN_SILENT_MS 120000 /* without a byte from or to clamd */

/* One mail to the relay (src/egress/smtp.h) */
#define LIMIT_SMTP_BEFORE_DOT_S 1800
#define LIMIT_SMTP_DOT_S 600
#define LIMIT_SMTP_S (LIMIT_SMTP_BEFORE_DOT_S + LIMIT_SMTP_DOT_S)

/* Nouns */
#define LIMIT_TITLE_BYTES 400
#define LIMIT_NOTE_BYTES 8000
#define LIMIT_MESSAGE_BYTES 8000
#define LIMIT_ADDRESS_BYTES 254
#define LIMIT_KEYWORD_BYTES 120
#define LIMIT_DELIVERY_ITEMS 10000
#define LIMIT_DELIVERY_RECIPIENTS 1000
#define LIMIT_DELIVERY_LINES 20000 /* files times recipients that are told one by one */
#define LIMIT_EVENTS_AT_ONCE 2000
#define LIMIT_LOGO_BYTES (64 * 1024)
#define LIMIT_EVENT_ENTRY_BYTES 4096
#define LIMIT_MAIL_BYTES (1024 * 1024)

/* Processes; the rest are one each, with a second place for the app that reads passwords */
#define LIMIT_FRONTS 8
#define LIMIT_APPS 16

/* Identity (docs/security/guessing.md) */
#define LIMIT_CODE_LIFE_US (10LL * 60 * 1000 * 1000)
#define LIMIT_CODES_PER_HOUR 10
#define LIMIT_SESSION_IDLE_US (30LL * 60 * 1000 * 1000)
#define LIMIT_SESSION_LIFE_US (8LL * 3600 * 1000 * 1000)
#define LIMIT_RECIPIENTS_PER_COOKIE 16

/* Changes (docs/internals/change-and-events.md) */
#define LIMIT_CHANGE_LOCK_MS 5000
#define LIMIT_CHANGE_HOLD_MS 10000
#define LIMIT_CHANGE_RETRIES 10
#define LIMIT_ORPHAN_GRACE_US (24LL * 3600 * 1000 * 1000)
