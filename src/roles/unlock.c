/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * unlock - see unlock.h
 *
 * The descriptor is read once and remembered by nobody: who asks twice (lock does)
 * gets its two lines.
 */
#include "roles/unlock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "crypto/master_key.h"
#include "os/file.h"
#include "os/ipc.h"

#define PASSPHRASE_MOST 1024

struct str
master_key_path(struct arena *a, struct str dir)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	struct str path;

	if (credentials != NULL) {
		path = arena_printf(a, "%s/master.key", credentials);
		if (access(path.p, F_OK) == 0)
			return path;
	}
	return arena_printf(a, "%.*s/keys/master.key", STR(dir));
}

/* ---- passphrase ---- */

/* Byte by byte: the next line belongs to the next question. */
static int
read_line(struct arena *a, int fd, struct str *ret, struct error *e)
{
	char line[PASSPHRASE_MOST];
	size_t n = 0;

	while (n < sizeof line && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	if (n == sizeof line)
		return err_set(
		    e, ERR_INVALID, "a passphrase has at most %d bytes", PASSPHRASE_MOST);
	*ret = arena_str(a, (struct str){line, n});
	explicit_bzero(line, sizeof line);
	return 0;
}

static int
ask_terminal(struct arena *a, const char *prompt, struct str *ret, struct error *e)
{
	AUTO(fd_close) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios was, quiet;
	int r;

	if (tty < 0 || tcgetattr(tty, &was) < 0)
		return err_key(e, ERR_DENIED, "no-passphrase",
		    "the master key is locked and nobody is there to ask for its passphrase "
		    "(GELEIT_PASSPHRASE_FD)");
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(tty, TCSAFLUSH, &quiet);
	(void)dprintf(tty, "%s: ", prompt);
	r = read_line(a, tty, ret, e);
	(void)tcsetattr(tty, TCSAFLUSH, &was);
	(void)dprintf(tty, "\n");
	return r;
}

int
passphrase_ask(struct arena *a, const char *prompt, struct str *ret, struct error *e)
{
	const char *given = getenv("GELEIT_PASSPHRASE_FD");
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	uint64_t fd;
	struct str text;

	if (given != NULL) {
		if (!str_u64(str_c(given), &fd) || fd > INT32_MAX)
			return err_set(e, ERR_INVALID, "GELEIT_PASSPHRASE_FD is no descriptor");
		return read_line(a, (int)fd, ret, e);
	}
	if (credentials != NULL && file_read(a, arena_printf(a, "%s/passphrase", credentials).p,
	                               PASSPHRASE_MOST, &text, e) == 0) {
		*ret = str_head(text, str_find(text, '\n'));
		return 0;
	}
	return ask_terminal(a, prompt, ret, e);
}

/* ---- key ---- */

static int
open_file(struct arena *a, struct str file, uint8_t ret[MASTER_KEY_BYTES], struct error *e)
{
	struct str passphrase = S("");

	if (master_key_is_locked(file) &&
	    passphrase_ask(a, "Passphrase of the master key", &passphrase, e) < 0)
		return err_code(e);
	return master_key_open(file, passphrase, ret, e);
}

int
master_key_read(struct arena *a, struct str dir, uint8_t ret[MASTER_KEY_BYTES], struct error *e)
{
	struct str file;

	if (file_read(a, master_key_path(a, dir).p, MASTER_KEY_FILE_MOST, &file, e) < 0)
		return err_prefix(e, "master key");
	return open_file(a, file, ret, e);
}

/* Mapped and locked for good, so that the page is not swapped; a refusal is keeper's to tell. */
static void
keep_in_memory(int fd)
{
	void *p = mmap(NULL, MASTER_KEY_BYTES, PROT_READ, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED)
		(void)mlock(p, MASTER_KEY_BYTES);
}

int
master_key_fd(struct arena *a, struct str dir, int *ret, struct error *e)
{
	AUTO(fd_close) int fd = open(master_key_path(a, dir).p, O_RDONLY | O_CLOEXEC);
	uint8_t key[MASTER_KEY_BYTES];
	struct str file;
	int r;

	if (fd < 0)
		return err_errno(e, "master key");
	if (fd_read_all(a, fd, MASTER_KEY_FILE_MOST, &file, e) < 0 ||
	    open_file(a, file, key, e) < 0)
		return err_code(e);
	if (!master_key_is_locked(file)) {
		explicit_bzero(key, sizeof key);
		*ret = TAKE_FD(fd);
		return 0;
	}
	r = memfd_sealed("master-key", (struct str){(const char *)key, sizeof key}, ret, e);
	explicit_bzero(key, sizeof key);
	if (r == 0)
		keep_in_memory(*ret);
	return r;
}

int
vault_of_dir(struct arena *a, struct str dir, struct vault **ret, struct error *e)
{
	uint8_t key[MASTER_KEY_BYTES];
	int r;

	if (master_key_read(a, dir, key, e) < 0)
		return err_code(e);
	r = vault_new(key, ret, e);
	explicit_bzero(key, sizeof key);
	return r;
}

int
vault_of_fd(int fd, struct vault **ret, struct error *e)
{
	uint8_t key[MASTER_KEY_BYTES + 1];
	ssize_t n = pread(fd, key, sizeof key, 0);
	int r;

	if (n != MASTER_KEY_BYTES)
		return err_key(e, ERR_DENIED, "wrong-master-key", "the master key is not 32 bytes");
	r = vault_new(key, ret, e);
	explicit_bzero(key, sizeof key);
	return r;
}
