/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * config_check - is DIR set up as the guides say?
 *
 * Settings that do not parse, files others may read, swap that is in clear, a
 * limit that is too low.  Looks only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"
#include "os/file.h"
#include "roles/commands.h"
#include "text/json.h"

#define FINDINGS_MOST 32

struct config_check {
	struct arena *a;
	struct {
		const char *code;
		struct str object;
	} found[FINDINGS_MOST];
	size_t n;
};

static void
add(struct config_check *c, const char *code, struct str object)
{
	if (c->n < FINDINGS_MOST) {
		c->found[c->n].code = code;
		c->found[c->n++].object = object;
	}
}

static void
check_secret(struct config_check *c, const char *dir, const char *name)
{
	struct str path = arena_printf(c->a, "%s/%s", dir, name);
	struct stat st;

	if (stat(path.p, &st) < 0)
		add(c, "missing", path);
	else if ((st.st_mode & 077) != 0)
		add(c, "readable-by-others", path);
}

/* Plaintext of names and keys in passing could reach a swap device. */
static void
check_swap(struct config_check *c)
{
	struct str text;
	struct error e;

	if (file_read(c->a, "/proc/swaps", 65536, &text, &e) < 0)
		return;
	while (text.n > 0) {
		struct str line = str_cut(text, '\n', &text);
		struct str device = str_head(line, str_find(line, ' '));

		if (str_starts(device, S("/")) && !str_starts(device, S("/dev/zram")) &&
		    !str_starts(device, S("/dev/dm-")))
			add(c, "swap-in-clear", device);
	}
}

/* clamd writes what it is handed to a folder, in clear: it should not be on a disk. */
static void
check_clamd(struct config_check *c)
{
	struct str text, dir = S("/tmp"), line, value;
	struct statfs fs;
	struct error e;

	if (file_read(c->a, "/etc/clamav/clamd.conf", 65536, &text, &e) < 0)
		return; /* not ours to read, or somewhere else */
	while (text.n > 0) {
		line = str_cut(text, '\n', &text);
		if (str_starts(line, S("TemporaryDirectory ")))
			dir = str_trim(str_from(line, strlen("TemporaryDirectory ")));
	}
	value = arena_str(c->a, dir);
	if (statfs(arena_cstr(c->a, value), &fs) == 0 && fs.f_type != TMPFS_MAGIC &&
	    fs.f_type != RAMFS_MAGIC)
		add(c, "clamd-temporary-directory", value);
}

static void
look(struct config_check *c, const char *dir)
{
	struct str text;
	struct conf conf;
	struct rlimit files;
	struct error e;

	if (conf_load(c->a, arena_str(c->a, str_c(dir)), &conf, &text, &e) < 0) {
		add(c, "settings", arena_str(c->a, str_c(e.msg)));
		return;
	}
	check_secret(c, dir, "keys/master.key");
	check_secret(c, dir, "admin.key");
	check_swap(c);
	if (conf.clamd_socket.n > 0)
		check_clamd(c);
	if (conf.smtp_insecure)
		add(c, "smtp-insecure", S("smtp.insecure"));
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < (rlim_t)conf.connections)
		add(c, "few-descriptors",
		    arena_printf(c->a, "%llu", (unsigned long long)files.rlim_max));
}

int
command_config_check(const char *dir, bool json)
{
	AUTO(arena_free) struct arena *a = arena_new();
	struct config_check c = {.a = a};
	struct buf b;
	struct js j;

	look(&c, dir);
	buf_init_arena(&b, a, 65536);
	js_begin(&j, &b);
	js_open(&j);
	js_kv_bool(&j, "ok", c.n == 0);
	js_key(&j, "findings");
	js_list(&j);
	for (size_t i = 0; i < c.n; i++) {
		js_open(&j);
		js_kv_str(&j, "code", str_c(c.found[i].code));
		js_kv_str(&j, "object", c.found[i].object);
		js_close(&j);
		if (!json)
			printf("%s %.*s\n", c.found[i].code, STR(c.found[i].object));
	}
	js_list_end(&j);
	js_close(&j);
	if (json)
		printf("%.*s\n", STR(buf_view(&b)));
	return c.n > 0 ? 6 : 0;
}
