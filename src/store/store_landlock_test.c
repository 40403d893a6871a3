/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store_landlock_test - the store under the rights a role really has
 *
 * Each case forks, takes the Landlock rights of roles/roles.c and then uses the
 * store: what the role needs must work, what it may not do must be refused by
 * the kernel.  Skipped on a kernel without Landlock.
 */
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/landlock.h>

#include "base/error.h"
#include "base/random.h"
#include "os/file.h"

/* ABI 2, that of Debian 12's kernel. */
#define ALL_RIGHTS ((LANDLOCK_ACCESS_FS_REFER << 1) - 1)
#define APP_PARTS                                                                                  \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                             \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REFER)
#define APP_BLOBS                                                                                  \
	(LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_READ_DIR)
#define FRONT_BLOBS LANDLOCK_ACCESS_FS_READ_FILE

static char dir[64];
static struct id128 old_blob, old_part;

/* In the child an assertion of cmocka would unwind into the parent's test. */
static void
must(bool ok, int line)
{
	if (ok)
		return;
	fprintf(stderr, "line %d does not hold\n", line);
	_exit(1);
}
#define MUST(x) must((x), __LINE__)

static bool
allow(int ruleset, const char *name, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights};
	char path[100];
	bool ok;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	rule.parent_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	close(rule.parent_fd);
	return ok;
}

static void
enter(uint64_t parts, uint64_t blobs)
{
	struct landlock_ruleset_attr all = {.handled_access_fs = ALL_RIGHTS};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);

	MUST(ruleset >= 0);
	MUST(parts == 0 || allow(ruleset, "parts", parts));
	MUST(blobs == 0 || allow(ruleset, "blobs", blobs));
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(syscall(SYS_landlock_restrict_self, ruleset, 0) == 0);
	close(ruleset);
}

static struct store *
open_store(void)
{
	struct store *s = NULL;
	struct error e;

	MUST(store_fs_open(dir, &s, &e) == 0);
	return s;
}

static int
part(struct store *s, struct id128 id, struct error *e)
{
	AUTO(fd_close) int fd = -1;

	if (store_part_create(s, id, &fd, e) < 0)
		return err_code(e);
	return write(fd, "hello", 5) == 5 ? 0 : err_errno(e, "write");
}

static int
look(void *arg, struct id128 id, bool is_part, uint64_t bytes, int64_t mtime_us)
{
	return 0;
}

static void
app(bool open_first)
{
	struct store *s = open_first ? open_store() : NULL;
	struct id128 id = random_id128(), gone = random_id128();
	struct error e;
	int fd;

	enter(APP_PARTS, APP_BLOBS);
	if (!open_first)
		s = open_store();
	MUST(part(s, id, &e) == 0);
	MUST(store_part_publish(s, id, 5, &e) == 0);
	MUST(store_part_publish(s, id, 5, &e) == ERR_EXISTS);
	MUST(part(s, gone, &e) == 0);
	MUST(store_part_remove(s, gone, &e) == 0);
	MUST(store_blob_open(s, id, &fd, &e) == ERR_DENIED); /* not even its own */
	MUST(store_blob_open(s, old_blob, &fd, &e) == ERR_DENIED);
	MUST(store_blob_remove(s, old_blob, &e) == ERR_DENIED);
	MUST(store_list(s, look, NULL, &e) == ERR_DENIED); /* parts/ may not be listed */
}

static void
app_early(void)
{
	app(true);
}

static void
app_late(void)
{
	app(false);
}

static void
front(void)
{
	struct store *s = NULL;
	char got[10];
	struct error e;
	int fd = -1;

	enter(0, FRONT_BLOBS);
	s = open_store();
	MUST(store_blob_open(s, old_blob, &fd, &e) == 0);
	MUST(read(fd, got, sizeof got) == 5);
	MUST(part(s, random_id128(), &e) == ERR_DENIED);
	MUST(store_part_publish(s, old_part, 5, &e) == ERR_DENIED);
	MUST(store_part_remove(s, old_part, &e) == ERR_DENIED);
	MUST(store_blob_remove(s, old_blob, &e) == ERR_DENIED);
}

static void
in_child(void (*role)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		role();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 2;
}

static void
test_app(void **state)
{
	if (!has_landlock())
		skip();
	in_child(app_early);
	in_child(app_late);
}

static void
test_front(void **state)
{
	if (!has_landlock())
		skip();
	in_child(front);
}

static int
setup(void **state)
{
	AUTO(store_close) struct store *s = NULL;
	struct error e;

	snprintf(dir, sizeof dir, "%s", "/tmp/store_test.XXXXXX");
	old_blob = random_id128();
	old_part = random_id128();
	if (mkdtemp(dir) == NULL || store_fs_init(dir, &e) < 0 || store_fs_open(dir, &s, &e) < 0 ||
	    part(s, old_blob, &e) < 0 || store_part_publish(s, old_blob, 5, &e) < 0)
		return -1;
	return part(s, old_part, &e);
}

static int
drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int
teardown(void **state)
{
	return nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_app),
	    cmocka_unit_test(test_front),
	};

	return cmocka_run_group_tests_name("store_landlock", tests, setup, teardown);
}
