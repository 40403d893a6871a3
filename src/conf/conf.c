/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* sizes: the table of all settings, and what reads and writes by it */
/*
 * conf - see conf.h.  Adding a setting is one row here and one member there;
 * the pages made from it are conf_page.c's and conf_manual.c's.
 */
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "text/address.h"

#define SECRET 1
#define CHANGEABLE 2 /* while the server runs: asked anew by app for every message */
#define JUDGES 4 /* the verdict looks at it: when it changes, running downloads are judged anew */
#define TCP_PORT_MAX 65535
#define INT_MAX_BYTES 19 /* a longer one is zeros at its head, or too large */

enum kind {
	KIND_TEXT,
	KIND_INT,     /* min to max */
	KIND_BOOL,    /* 0 or 1 */
	KIND_WORD,    /* one of words, its index is stored */
	KIND_LISTEN,  /* host:port */
	KIND_URL,     /* https://host[:port] */
	KIND_DB,      /* sqlite or postgresql:// */
	KIND_SMTP,    /* smtp:// or smtps:// */
	KIND_ADDRESS, /* local@domain */
	KIND_PATH,    /* absolute */
	KIND_ZONE,    /* a name of tzdata */
	KIND_NETS,    /* addresses and networks, separated by commas */
};

struct setting {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct conf */
	const char *standard;
	int64_t min, max;
	const char *words; /* KIND_WORD: separated by blanks */
	int flags;
	const char *help;
};

/* Parsed on their own, into struct extra, since they fill more than one member. */
struct extra {
	struct str listen;
	int malware;
	int log_level;
	int64_t upload_days;
};

#define IN_CONF(m) offsetof(struct conf, m)
/* Offsets past struct conf lie in struct extra. */
#define IN_EXTRA(m) (sizeof(struct conf) + offsetof(struct extra, m))

static const struct setting settings[] = {
    {"server.listen", KIND_LISTEN, IN_EXTRA(listen), "127.0.0.1:8443",
        .help = "Address and port to accept connections on; `[::]:443` for all addresses."},
    {"server.url", KIND_URL, IN_CONF(url), "",
        .help =
            "The address people use, `https://host[:port]`; links and the Origin check follow it. "
            "Not set: made from server.listen."},
    {"server.trusted_proxies", KIND_NETS, IN_CONF(trusted_proxies), "",
        .help = "Addresses and networks of reverse proxies, separated by commas: `127.0.0.1, "
                "10.0.0.0/8`. What they say in `X-Forwarded-For` counts as the client's address, "
                "nobody else's; see `docs/admin/reverse-proxy.md`."},
    {"server.db", KIND_DB, IN_CONF(db), "sqlite", .flags = SECRET,
        .help = "`sqlite`, or `postgresql://user:password@host/name`."},
    {"server.keys_db", KIND_DB, IN_CONF(keys_db), "", .flags = SECRET,
        .help = "Where wrapped keys live, apart from the rest. Not set: beside server.db "
                "(a file `keys.db`, or the database name with `_keys`)."},
    {"server.db_seconds", KIND_INT, IN_CONF(db_seconds), "10", 1, 300,
        .help = "Seconds after which a PostgreSQL that says nothing counts as gone. It is told to "
                "end a statement after half of that, and to wait a fifth of it for a lock."},
    {"server.timezone", KIND_ZONE, IN_CONF(timezone), "Europe/Berlin",
        .help = "Zone in which people read and write dates."},
    {"server.fronts", KIND_INT, IN_CONF(fronts), "0", 0, LIMIT_FRONTS,
        .help = "Processes that hold connections; 0: one per core."},
    {"server.apps", KIND_INT, IN_CONF(apps), "0", 0, LIMIT_APPS,
        .help = "Processes that decide; 0: by the number of cores."},
    {"smtp.url", KIND_SMTP, IN_CONF(smtp_url), "", .flags = SECRET,
        .help = "The relay: `smtp://user:password@host:port` (STARTTLS is required unless "
                "smtp.insecure=1) or `smtps://`. Not set: mail stays in the outbox, marked as not "
                "sent."},
    {"smtp.from", KIND_ADDRESS, IN_CONF(smtp_from), "",
        .help = "Address all mail comes from, in a domain you control."},
    {"smtp.ca", KIND_PATH, IN_CONF(smtp_ca), "",
        .help =
            "File with the certificate authorities of the relay. Not set: those of the system."},
    {"smtp.insecure", KIND_BOOL, IN_CONF(smtp_insecure), "0",
        .help = "1: mail may go to the relay without TLS. For a relay on this machine only."},
    {"clamd.socket", KIND_PATH, IN_CONF(clamd_socket), "",
        .help = "Unix socket of clamd. Not set: files are not scanned, and say so."},
    {"clamd.max_bytes", KIND_INT, IN_CONF(clamd_max_bytes), "26214400", 1, LIMIT_FILE_BYTES,
        .help = "Largest file that is handed to clamd, in bytes: its StreamMaxLength, which it has "
                "at 25M. What is larger stays unscanned, and says so."},
    {"malware.unscanned", KIND_WORD, IN_EXTRA(malware), "", .words = "allow hold",
        .flags = CHANGEABLE | JUDGES,
        .help = "May a file that was not scanned be sent? Not set: `allow` while clamd.socket is "
                "not set, "
                "`hold` once it is."},
    {"upload.max_bytes", KIND_INT, IN_CONF(upload_max_bytes), "1099511627776", 1, LIMIT_FILE_BYTES,
        .flags = CHANGEABLE, .help = "Largest file, in bytes."},
    {"upload.days", KIND_INT, IN_EXTRA(upload_days), "7", 1, 365, .flags = CHANGEABLE,
        .help = "Days an unfinished upload can be resumed."},
    {"delivery.days", KIND_INT, IN_CONF(delivery_days), "14", 1, 3650, .flags = CHANGEABLE,
        .help = "Days a delivery is valid when the sender says nothing."},
    {"delivery.max_days", KIND_INT, IN_CONF(delivery_max_days), "90", 1, 3650, .flags = CHANGEABLE,
        .help = "Longest validity a sender may choose, in days."},
    {"limits.code_tries", KIND_INT, IN_CONF(code_tries), "5", 1, 20, .flags = CHANGEABLE,
        .help = "Tries for one mail code."},
    {"limits.transfers", KIND_INT, IN_CONF(transfers), "4000", 1, 100000,
        .help = "Running downloads and uploads per front process; more are answered 503."},
    {"limits.connections", KIND_INT, IN_CONF(connections), "20000", 16, 1000000,
        .help = "Connections per front process; one more takes the place of the longest idle."},
    {"limits.reader_seconds", KIND_INT, IN_CONF(reader_seconds), "60", 2, 3600,
        .help = "A reader that takes less than 8 KiB in so many seconds while there is more for it "
                "is cut off."},
    {"tls.ciphersuites", KIND_TEXT, IN_CONF(tls_ciphersuites), "",
        .help = "TLS 1.3 cipher suites in OpenSSL's words. Not set: OpenSSL's choice."},
    {"log.level", KIND_WORD, IN_EXTRA(log_level), "info", .words = "debug info warn",
        .help = "Least important line that is written: `debug`, `info` or `warn`."},
};

static const struct setting *
find_setting(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (str_eq_c(name, settings[i].name))
			return &settings[i];
	}
	return NULL;
}

bool
conf_is_changeable(struct str name)
{
	const struct setting *s = find_setting(name);

	return s != NULL && (s->flags & CHANGEABLE) != 0;
}

bool
conf_judges(struct str name)
{
	const struct setting *s = find_setting(name);

	return s != NULL && (s->flags & JUDGES) != 0;
}

/* ---- values ---- */

static bool
is_printable(struct str v)
{
	for (size_t i = 0; i < v.n; i++) {
		if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f)
			return false;
	}
	return str_is_utf8(v);
}

static bool
is_made_of(struct str v, const char *allowed)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\0' || strchr(allowed, v.p[i]) == NULL)
			return false;
	}
	return v.n > 0;
}

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool
port_ok(struct str v)
{
	uint64_t n = 0;

	return str_u64(v, &n) && n <= TCP_PORT_MAX;
}

/* host:port, the host perhaps an IPv6 address in brackets. */
static bool
split_host_port(struct str v, struct str *host, struct str *port)
{
	if (str_starts(v, S("["))) {
		struct str rest;
		*host = str_cut(str_from(v, 1), ']', &rest);
		if (!str_starts(rest, S(":")) || !is_made_of(*host, "0123456789abcdefABCDEF:."))
			return false;
		*port = str_from(rest, 1);
	} else {
		*host = str_cut(v, ':', port);
		if (!is_made_of(*host, ALNUM "-."))
			return false;
	}
	return port_ok(*port);
}

static bool
url_ok(struct str v)
{
	struct str host, port, rest = str_from(v, MIN(v.n, 8));

	if (!str_starts(v, S("https://")) || rest.n == 0)
		return false;
	if (split_host_port(rest, &host, &port))
		return true;
	return is_made_of(rest, ALNUM "-.") ||
	       (str_starts(rest, S("[")) && str_ends(rest, S("]")) &&
	           is_made_of(rest, "[]0123456789abcdefABCDEF:."));
}

static bool
zone_ok(struct str v)
{
	return v.n < 64 && v.p[0] != '/' && is_made_of(v, ALNUM "/_+-");
}

static bool
smtp_ok(struct str v)
{
	bool plain = str_starts(v, S("smtp://")), tls = str_starts(v, S("smtps://"));
	struct str rest = str_from(v, MIN(v.n, plain ? 7 : 8));

	return (plain || tls) && rest.n > 0 && rest.p[0] != '/' && str_find(v, ' ') == v.n;
}

/* What is wrong with a value, or NULL. */
static const char *
complaint(enum kind kind, struct str v)
{
	switch (kind) {
	case KIND_LISTEN: {
		struct str host, port;
		return split_host_port(v, &host, &port) ? NULL : "not host:port";
	}
	case KIND_URL:
		return url_ok(v) ? NULL : "not https://host[:port]";
	case KIND_DB:
		return str_eq(v, S("sqlite")) || str_starts(v, S("postgresql://"))
		           ? NULL
		           : "neither sqlite nor postgresql://...";
	case KIND_SMTP:
		return smtp_ok(v) ? NULL : "neither smtp://... nor smtps://...";
	case KIND_ADDRESS:
		return address_is_valid(v) ? NULL : "not a mail address";
	case KIND_PATH:
		return v.p[0] == '/' ? NULL : "not an absolute path";
	case KIND_ZONE:
		return zone_ok(v) ? NULL : "not the name of a time zone";
	default:
		return NULL;
	}
}

static int
word_index(const char *words, struct str v)
{
	struct str rest = str_c(words);

	for (int i = 0; rest.n > 0; i++) {
		if (str_eq(str_cut(rest, ' ', &rest), v))
			return i;
	}
	return -1;
}

struct target {
	struct conf conf;
	struct extra extra;
};

static void *
member(struct target *t, const struct setting *s)
{
	_Static_assert(offsetof(struct target, extra) == sizeof(struct conf), "no padding between");
	return (char *)t + s->offset;
}

static int
bad(struct error *e, const struct setting *s, const char *why)
{
	return err_key(e, ERR_INVALID, "bad-setting", "%s: %s", s->name, why);
}

/* Read here for the complaint alone: derive() does it again into an arena that stays. */
static int
store_nets(struct target *t, const struct setting *s, struct str v, struct error *e)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct ip_nets nets;
	struct str wrong;

	if (!ip_nets_parse(a, v, &nets, &wrong))
		return err_key(e, ERR_INVALID, "bad-setting",
		    "%s: \"%.*s\" is neither an address nor a network such as 10.0.0.0/8", s->name,
		    STR(str_head(wrong, 60)));
	*(struct str *)member(t, s) = v;
	return 0;
}

/* An empty value leaves the member as the zeroed struct has it: not set. */
static int
store(struct target *t, const struct setting *s, struct str v, struct error *e)
{
	const char *why = NULL;
	int64_t n = 0;
	int word = -1;

	if (!is_printable(v))
		return bad(e, s, "control character, or not UTF-8");
	if (s->kind == KIND_URL && str_ends(v, S("/")))
		v.n--;
	switch (s->kind) {
	case KIND_INT:
		if (v.n > INT_MAX_BYTES || !str_i64(v, &n))
			return bad(e, s, "not a number");
		if (n < s->min || n > s->max)
			return err_key(e, ERR_INVALID, "bad-setting", "%s: not from %lld to %lld",
			    s->name, (long long)s->min, (long long)s->max);
		*(int64_t *)member(t, s) = n;
		return 0;
	case KIND_BOOL:
		if ((word = word_index("0 1", v)) < 0)
			return bad(e, s, "neither 0 nor 1");
		*(bool *)member(t, s) = word == 1;
		return 0;
	case KIND_NETS:
		return store_nets(t, s, v, e);
	case KIND_WORD:
		if (v.n > 0 && (word = word_index(s->words, v)) < 0)
			return err_key(
			    e, ERR_INVALID, "bad-setting", "%s: none of %s", s->name, s->words);
		*(int *)member(t, s) = word;
		return 0;
	default:
		if (v.n > 0 && (why = complaint(s->kind, v)) != NULL)
			return bad(e, s, why);
		*(struct str *)member(t, s) = v;
		return 0;
	}
}

/* ---- the file ---- */

/* One line as name and value: 1 a setting, 0 blank or comment. */
static int
read_line(struct str line, struct str *name, struct str *value, struct error *e)
{
	line = str_trim(line);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0 || line.p[0] == '#')
		return 0;
	*name = str_trim(str_cut(line, '=', value));
	if (value->p == NULL)
		return err_key(e, ERR_INVALID, "bad-setting", "not name = value: %.*s",
		    STR(str_head(line, 60)));
	*value = str_trim(*value);
	return 1;
}

static int
parse_lines(struct target *t, struct str text, struct error *e)
{
	bool seen[ARRAY_LEN(settings)] = {false};
	struct str rest = text, name, value;
	int line = 0, r;

	while (rest.n > 0) {
		line++;
		r = read_line(str_cut(rest, '\n', &rest), &name, &value, e);
		if (r == 0)
			continue;
		const struct setting *s = r < 0 ? NULL : find_setting(name);
		if (r > 0 && s == NULL)
			r = err_key(e, ERR_INVALID, "unknown-setting", "unknown setting %.*s",
			    STR(str_head(name, 60)));
		else if (r > 0 && seen[s - settings])
			r = bad(e, s, "stands twice");
		else if (r > 0)
			r = store(t, s, value.n == 0 ? str_c(s->standard) : value, e);
		if (r < 0)
			return err_prefix(e, "line %d", line);
		seen[s - settings] = true;
	}
	return 0;
}

/* What follows from other settings. */
static int
derive(struct arena *a, struct target *t, struct error *e)
{
	struct conf *c = &t->conf;
	struct str wrong;

	(void)split_host_port(t->extra.listen, &c->listen_host, &c->listen_port);
	if (c->url.n == 0)
		c->url = arena_printf(a, "https://%.*s", STR(t->extra.listen));
	c->authority = str_from(c->url, 8);
	c->malware_unscanned_set = t->extra.malware >= 0;
	if (c->malware_unscanned_set)
		c->malware_unscanned = (enum malware_unscanned)t->extra.malware;
	else
		c->malware_unscanned = c->clamd_socket.n > 0 ? UNSCANNED_HOLD : UNSCANNED_ALLOW;
	c->log_level = t->extra.log_level;
	if (!ip_nets_parse(a, c->trusted_proxies, &c->proxies, &wrong))
		return err_set(e, ERR_INTERNAL, "server.trusted_proxies");
	c->upload_life_us = t->extra.upload_days * US_PER_DAY;
	if (c->delivery_days > c->delivery_max_days)
		c->delivery_days = c->delivery_max_days;
	if (c->smtp_url.n > 0 && c->smtp_from.n == 0)
		return err_key(e, ERR_INVALID, "bad-setting", "smtp.url needs smtp.from");
	return 0;
}

/* Every string of the settings into the arena, NUL-terminated. */
static void
keep_strings(struct arena *a, struct target *t)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *s = &settings[i];
		if (s->kind == KIND_INT || s->kind == KIND_BOOL || s->kind == KIND_WORD)
			continue;
		struct str *v = member(t, s);
		*v = arena_str(a, *v);
	}
}

int
conf_parse(struct arena *a, struct str dir, struct str text, struct conf *ret, struct error *e)
{
	struct target t = {.extra = {.malware = -1}};
	int r = 0;

	if (text.n > LIMIT_CONF_BYTES)
		return err_set(e, ERR_TOO_LARGE, "configuration of %zu bytes", text.n);
	for (size_t i = 0; i < ARRAY_LEN(settings) && r == 0; i++)
		r = store(&t, &settings[i], str_c(settings[i].standard), e);
	if (r == 0)
		r = parse_lines(&t, text, e);
	if (r < 0)
		return r;
	keep_strings(a, &t);
	t.conf.dir = arena_str(a, dir);
	if ((r = derive(a, &t, e)) < 0)
		return r;
	t.conf.listen_host = arena_str(a, t.conf.listen_host);
	t.conf.listen_port = arena_str(a, t.conf.listen_port);
	*ret = t.conf;
	return 0;
}

static void
close_file(FILE **f)
{
	if (*f != NULL)
		fclose(*f);
	*f = NULL;
}

int
conf_load(struct arena *a, struct str dir, struct conf *ret, struct str *ret_text, struct error *e)
{
	const char *path = arena_printf(a, "%.*s/geleit.conf", STR(dir)).p;
	AUTO(close_file) FILE *f = fopen(path, "re");

	if (f == NULL)
		return err_errno(e, "%s", path);
	char *text = arena_alloc(a, LIMIT_CONF_BYTES + 1);
	size_t n = fread(text, 1, LIMIT_CONF_BYTES + 1, f);
	if (ferror(f))
		return err_errno(e, "%s", path);
	int r = conf_parse(a, dir, (struct str){text, n}, ret, e);
	if (r < 0)
		return err_prefix(e, "%s", path);
	if (ret_text != NULL)
		*ret_text = (struct str){text, n};
	return 0;
}

int
conf_set(struct arena *a, struct str text, struct str name, struct str value, struct str *ret,
    struct error *e)
{
	struct str rest = text, n, v;
	struct buf b;
	bool done = false;

	if (find_setting(name) == NULL)
		return err_key(e, ERR_INVALID, "unknown-setting", "unknown setting %.*s",
		    STR(str_head(name, 60)));
	if (!is_printable(value))
		return err_key(e, ERR_INVALID, "bad-setting", "%.*s: control character", STR(name));
	buf_init_arena(&b, a, 2 * LIMIT_CONF_BYTES);
	while (rest.n > 0) {
		struct str line = str_cut(rest, '\n', &rest);
		if (read_line(line, &n, &v, e) == 1 && str_eq(n, name)) {
			buf_printf(&b, "%.*s = %.*s\n", STR(name), STR(value));
			done = true;
		} else {
			buf_printf(&b, "%.*s\n", STR(line));
		}
	}
	if (!done)
		buf_printf(&b, "%.*s = %.*s\n", STR(name), STR(value));
	/* smtp.url alone is not yet whole: the pair is checked when it is loaded. */
	struct target t = {.extra = {.malware = -1}};
	int r = parse_lines(&t, buf_view(&b), e);
	if (r == 0)
		*ret = arena_str(a, buf_view(&b));
	return r;
}

/* ---- showing ---- */

/* Back from what was parsed into more than one member. */
static struct extra
extra_of(struct arena *a, const struct conf *c)
{
	bool six = c->listen_host.n > 0 && str_find(c->listen_host, ':') < c->listen_host.n;

	return (struct extra){.listen = arena_printf(a, six ? "[%.*s]:%.*s" : "%.*s:%.*s",
	                          STR(c->listen_host), STR(c->listen_port)),
	    .malware = c->malware_unscanned_set ? (int)c->malware_unscanned : -1,
	    .log_level = c->log_level,
	    .upload_days = c->upload_life_us / US_PER_DAY};
}

static struct str
word_at(const char *words, int i)
{
	struct str rest = str_c(words), word = {0};

	for (; i >= 0; i--)
		word = str_cut(rest, ' ', &rest);
	return word;
}

static struct str
shown(struct arena *a, struct target *t, const struct setting *s)
{
	switch (s->kind) {
	case KIND_INT:
		return arena_printf(a, "%lld", (long long)*(int64_t *)member(t, s));
	case KIND_BOOL:
		return *(bool *)member(t, s) ? S("1") : S("0");
	case KIND_WORD:
		return word_at(s->words, *(int *)member(t, s));
	default:
		return *(struct str *)member(t, s);
	}
}

static const char *
kind_word(enum kind kind)
{
	if (kind == KIND_INT)
		return "number";
	return kind == KIND_WORD || kind == KIND_BOOL ? "word" : "text";
}

bool
conf_at(struct arena *a, const struct conf *c, size_t i, struct conf_shown *ret)
{
	struct target t = {.conf = *c, .extra = extra_of(a, c)};
	const struct setting *s = &settings[i];

	if (i >= ARRAY_LEN(settings))
		return false;
	*ret = (struct conf_shown){.name = s->name,
	    .standard = s->standard,
	    .help = s->help,
	    .value = shown(a, &t, s),
	    .kind = kind_word(s->kind),
	    .min = s->min,
	    .max = s->max,
	    .words = s->kind == KIND_BOOL ? "0 1" : s->words,
	    .secret = (s->flags & SECRET) != 0,
	    .changeable = (s->flags & CHANGEABLE) != 0};
	if ((s->flags & SECRET) != 0 && ret->value.n > 0 && !str_eq_c(ret->value, "sqlite"))
		ret->value = S("set");
	return true;
}

/* ---- while the server runs ---- */

int
conf_overlay(struct arena *a, const struct conf *file, const struct conf_value *list, size_t n,
    struct conf *ret, struct error *e)
{
	struct target t = {.conf = *file, .extra = extra_of(a, file)};

	for (size_t i = 0; i < n; i++) {
		const struct setting *s = find_setting(list[i].name);

		if (s == NULL || (s->flags & CHANGEABLE) == 0)
			continue;
		if (store(&t, s, list[i].value, e) < 0)
			return err_code(e);
	}
	if (t.conf.delivery_days > t.conf.delivery_max_days)
		return err_key(e, ERR_INVALID, "bad-setting",
		    "delivery.days: more than delivery.max_days (%lld)",
		    (long long)t.conf.delivery_max_days);
	if (derive(a, &t, e) < 0)
		return err_code(e);
	*ret = t.conf;
	return 0;
}

/* ---- databases ---- */

struct str
conf_db_url(struct arena *a, const struct conf *c, bool keys)
{
	struct str query, url = keys && c->keys_db.n > 0 ? c->keys_db : c->db;

	if (str_eq(url, S("sqlite")))
		return arena_printf(
		    a, "sqlite:%.*s/db/%s.db", STR(c->dir), keys ? "keys" : "geleit");
	if (!keys || c->keys_db.n > 0)
		return url;
	struct str base = str_cut(url, '?', &query);
	if (query.p == NULL)
		return arena_printf(a, "%.*s_keys", STR(base));
	return arena_printf(a, "%.*s_keys?%.*s", STR(base), STR(query));
}
