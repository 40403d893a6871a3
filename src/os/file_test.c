/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * file_test - whole files, replacement, locks; nothing left behind after a refusal
 */
#include "os/file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct place {
	struct arena *a;
	char dir[32], path[48];
};

static int
set_up(void **state)
{
	static struct place p;

	p = (struct place){.a = arena_new(), .dir = "/tmp/file_test.XXXXXX"};
	assert_non_null(mkdtemp(p.dir));
	snprintf(p.path, sizeof p.path, "%s/f", p.dir);
	*state = &p;
	return 0;
}

static int
entries(const struct place *p, bool remove_them)
{
	DIR *d = opendir(p->dir);
	const struct dirent *entry;
	int n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		if (remove_them)
			(void)unlinkat(
			    dirfd(d), entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0);
	}
	closedir(d);
	return n;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	entries(p, true);
	assert_int_equal(rmdir(p->dir), 0);
	arena_free(&p->a);
	return 0;
}

static void
replacing_gives_content_and_mode_whatever_the_umask(void **state)
{
	struct place *p = *state;
	mode_t before = umask(077);
	struct stat st;
	struct str got;
	struct error e;

	assert_int_equal(file_replace(p->path, S("old"), 0600, &e), 0);
	assert_int_equal(file_replace(p->path, S("new"), 0644, &e), 0);
	umask(before);
	assert_int_equal(file_read(p->a, p->path, 100, &got, &e), 0);
	assert_true(str_eq_c(got, "new"));
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(entries(p, false), 1);
}

static void
creating_what_exists_changes_nothing(void **state)
{
	struct place *p = *state;
	struct str got;
	struct error e;

	assert_int_equal(file_create(p->path, S("first"), 0600, &e), 0);
	assert_int_equal(file_create(p->path, S("second"), 0600, &e), ERR_EXISTS);
	assert_int_equal(file_read(p->a, p->path, 100, &got, &e), 0);
	assert_true(str_eq_c(got, "first"));
	assert_int_equal(entries(p, false), 1);
}

static void
a_file_is_read_whole_or_not_at_all(void **state)
{
	struct place *p = *state;
	static char large[100000];
	struct str got;
	struct error e;

	memset(large, 'x', sizeof large);
	assert_int_equal(file_replace(p->path, (struct str){large, sizeof large}, 0600, &e), 0);
	assert_int_equal(file_read(p->a, p->path, sizeof large, &got, &e), 0);
	assert_int_equal(got.n, sizeof large);
	assert_memory_equal(got.p, large, sizeof large);
	assert_int_equal(file_read(p->a, p->path, sizeof large - 1, &got, &e), ERR_TOO_LARGE);
	assert_int_equal(file_read(p->a, p->path, 0, &got, &e), ERR_TOO_LARGE);
	assert_int_equal(file_read(p->a, "/nonexistent/f", 10, &got, &e), ERR_NOT_FOUND);
}

static void
a_refused_replacement_leaves_no_rest(void **state)
{
	struct place *p = *state;
	struct error e;

	/* a directory with something in it cannot be renamed over */
	assert_int_equal(mkdir(p->path, 0700), 0);
	assert_true(file_replace(p->path, S("x"), 0600, &e) < 0);
	assert_int_equal(entries(p, false), 1);
	assert_true(file_replace("/nonexistent/f", S("x"), 0600, &e) < 0);
}

static void
a_directory_that_is_there_is_fine_a_file_is_not(void **state)
{
	struct place *p = *state;
	char sub[48];
	struct stat st;
	struct error e;

	snprintf(sub, sizeof sub, "%s/d", p->dir);
	assert_int_equal(dir_make(sub, 02710, &e), 0);
	assert_int_equal(dir_make(sub, 02710, &e), 0);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 02710);
	assert_int_equal(file_create(p->path, S(""), 0600, &e), 0);
	assert_int_equal(dir_make(p->path, 0700, &e), ERR_EXISTS);
}

/* Another process holds it: busy; that process ended, by whatever: free. */
static void
a_lock_is_held_as_long_as_its_holder_lives(void **state)
{
	struct place *p = *state;
	AUTO(fd_close) int fd = -1;
	int ready[2], status;
	struct error e;
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int mine;

		if (file_lock(p->path, &mine, &e) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(file_lock(p->path, &fd, &e), ERR_BUSY);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(file_lock(p->path, &fd, &e), 0);
	close(ready[0]);
	close(ready[1]);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FILE_TEST(replacing_gives_content_and_mode_whatever_the_umask),
	    FILE_TEST(creating_what_exists_changes_nothing),
	    FILE_TEST(a_file_is_read_whole_or_not_at_all),
	    FILE_TEST(a_refused_replacement_leaves_no_rest),
	    FILE_TEST(a_directory_that_is_there_is_fine_a_file_is_not),
	    FILE_TEST(a_lock_is_held_as_long_as_its_holder_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
