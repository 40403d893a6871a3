/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conf - the table of all settings
 *
 * One row per setting in conf.c says name, kind, default, limits and a line of
 * help; docs/admin/settings.md is generated from it.  DIR/geleit.conf holds
 * "name = value" lines, made by init and rewritten by geleitd run --set.
 * master parses it once and hands the text on as a sealed memfd; every role
 * parses that text again into the same struct.
 *
 * Layer: conf.
 */
#pragma once

#include "base/base.h"
#include "base/ip.h"

struct arena;
struct buf;
struct error;

enum malware_unscanned { UNSCANNED_ALLOW, UNSCANNED_HOLD };

/* Strings live in the arena it was parsed into; empty when not set. */
struct conf {
	struct str dir;                      /* absolute path of DIR; not in the file */
	struct str listen_host, listen_port; /* server.listen */
	struct str url;                      /* server.url, without a slash at the end */
	struct str authority;                /* its host[:port] */
	struct str trusted_proxies;          /* server.trusted_proxies as it stands there */
	struct ip_nets proxies;              /* and read */
	struct str db;                       /* server.db: "sqlite" or postgresql://... */
	struct str keys_db;                  /* server.keys_db: "" derives it (see conf_db_url) */
	int64_t db_seconds;                  /* server.db_seconds, 10 */
	struct str timezone;                 /* server.timezone, Europe/Berlin */
	struct str smtp_url, smtp_from, smtp_ca;
	bool smtp_insecure;
	struct str clamd_socket;
	int64_t clamd_max_bytes;
	bool malware_unscanned_set;
	enum malware_unscanned
	    malware_unscanned; /* allow while no clamd is set, hold once one is */
	int64_t upload_max_bytes, upload_life_us;
	int64_t delivery_days, delivery_max_days; /* 14, 90 */
	int64_t code_tries;                       /* limits.code_tries, 5 */
	int64_t transfers;                        /* limits.transfers, 4000 per front */
	int64_t connections;                      /* limits.connections per front */
	int64_t reader_seconds;                   /* limits.reader_seconds */
	int64_t fronts, apps;                     /* 0: by the number of cores */
	struct str tls_ciphersuites;
	enum { CONF_LOG_DEBUG, CONF_LOG_INFO, CONF_LOG_WARN } log_level;
};

/* Errors: ERR_INVALID "unknown setting X", "X: not a number", with the line. */
NODISCARD int conf_parse(
    struct arena *a, struct str dir, struct str text, struct conf *ret, struct error *e);
NODISCARD int conf_load(
    struct arena *a, struct str dir, struct conf *ret, struct str *ret_text, struct error *e);
/* The text with one setting replaced or added; checked. */
NODISCARD int conf_set(struct arena *a, struct str text, struct str name, struct str value,
    struct str *ret, struct error *e);
/* Setting i of the table as it counts now: false at the end.  A secret that is set reads "set". */
struct conf_shown {
	const char *name, *standard, *help;
	struct str value;
	const char *kind;  /* "number", "word", "text" */
	int64_t min, max;  /* of a number */
	const char *words; /* separated by blanks */
	bool secret;       /* reads "set" once it is */
	bool changeable;   /* while the server runs */
};
bool conf_at(struct arena *a, const struct conf *c, size_t i, struct conf_shown *ret);
/*
 * What was set while the server runs, on top of the file.  A name that is not changeable so is
 * left out (an older program knew it).  Errors: ERR_INVALID "bad-setting", with the name.
 */
struct conf_value {
	struct str name, value;
};
NODISCARD int conf_overlay(struct arena *a, const struct conf *file, const struct conf_value *list,
    size_t n, struct conf *ret, struct error *e);
bool conf_is_changeable(struct str name);
/* Does the verdict look at it?  Whoever changes it raises all stamps (model/setting.c). */
bool conf_judges(struct str name);
/* All settings as Markdown, for docs/admin/settings.md (conf_page.c). */
void conf_document(struct buf *b);
/* And as geleit.conf(5), for docs/man/geleit.conf.5 (conf_manual.c). */
void conf_manual(struct buf *b);

/* URLs for db_open: "sqlite:DIR/db/geleit.db" or the postgresql one (keys: database name +
 * "_keys"). */
struct str conf_db_url(struct arena *a, const struct conf *c, bool keys);
