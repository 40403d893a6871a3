/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ipc_test - what a hostile or absent peer can do to a receiver: nothing
 */
#include "os/ipc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "os/file.h"

#define NOBODY 65534

struct pair {
	int fd[2];
	char space[LIMIT_MSG_BYTES];
};

static int
set_up(void **state)
{
	static struct pair p;
	struct error e;

	assert_int_equal(ipc_pair(p.fd, &e), 0);
	*state = &p;
	return 0;
}

static int
tear_down(void **state)
{
	struct pair *p = *state;

	fd_close(&p->fd[0]);
	fd_close(&p->fd[1]);
	return 0;
}

static int
open_count(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
type_id_and_body_arrive(void **state)
{
	struct pair *p = *state;
	struct ipc_msg in = {.type = 7, .id = 99, .body = S("hello")}, out;
	struct error e;

	assert_int_equal(ipc_send(p->fd[0], &in, &e), 0);
	assert_int_equal(ipc_recv(p->fd[1], p->space, &out, &e), 1);
	assert_int_equal(out.type, 7);
	assert_int_equal(out.id, 99);
	assert_true(str_eq_c(out.body, "hello"));
	assert_int_equal(out.fd_count, 0);
	assert_int_equal(ipc_recv(p->fd[1], p->space, &out, &e), 0);
}

static void
the_largest_message_passes_and_one_byte_more_does_not(void **state)
{
	struct pair *p = *state;
	static char large[LIMIT_MSG_BYTES];
	struct ipc_msg in = {.type = 1, .body = {large, sizeof large - IPC_HEAD_BYTES}}, out;
	struct error e;

	assert_int_equal(ipc_send(p->fd[0], &in, &e), 0);
	assert_int_equal(ipc_recv(p->fd[1], p->space, &out, &e), 1);
	assert_int_equal(out.body.n, sizeof large - IPC_HEAD_BYTES);
	in.body.n++;
	assert_int_equal(ipc_send(p->fd[0], &in, &e), ERR_TOO_LARGE);
}

static void
descriptors_pass_and_do_not_survive_exec(void **state)
{
	struct pair *p = *state;
	int pipe_fd[2];
	struct ipc_msg in = {.type = 1, .fd_count = 2}, out;
	struct error e;
	char c;

	assert_int_equal(pipe(pipe_fd), 0);
	in.fds[0] = pipe_fd[0];
	in.fds[1] = pipe_fd[1];
	assert_int_equal(ipc_send(p->fd[0], &in, &e), 0);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	assert_int_equal(ipc_recv(p->fd[1], p->space, &out, &e), 1);
	assert_int_equal(out.fd_count, 2);
	assert_int_equal(fcntl(out.fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(out.fds[1], "x", 1), 1);
	assert_int_equal(read(out.fds[0], &c, 1), 1);
	ipc_msg_close(&out);
	assert_int_equal(out.fd_count, 0);
}

/* By hand: what ipc_send never makes. */
static void
send_raw(int fd, const void *bytes, size_t n, size_t fd_count)
{
	char control[CMSG_SPACE((LIMIT_MSG_FDS + 12) * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)bytes, n};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *cm;

	if (fd_count > 0) {
		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		for (size_t i = 0; i < fd_count; i++)
			memcpy(CMSG_DATA(cm) + i * sizeof fd, &fd, sizeof fd);
	}
	assert_int_equal(sendmsg(fd, &mh, MSG_NOSIGNAL), n);
}

static void
refuse_raw(struct pair *p, const void *bytes, size_t n, size_t fd_count)
{
	int before = open_count();
	struct ipc_msg out;
	struct error e;

	send_raw(p->fd[0], bytes, n, fd_count);
	assert_int_equal(ipc_recv(p->fd[1], p->space, &out, &e), ERR_PROTOCOL);
	/* its descriptors are not ours now */
	assert_int_equal(open_count(), before);
}

static void
nonsense_is_refused_and_leaves_no_descriptor(void **state)
{
	struct pair *p = *state;
	static char large[LIMIT_MSG_BYTES + 1];
	struct ipc_msg good = {.type = 3, .body = S("body")};
	struct error e;
	char frame[64];
	ssize_t n;

	assert_int_equal(ipc_send(p->fd[0], &good, &e), 0);
	n = recv(p->fd[1], frame, sizeof frame, 0);
	assert_int_equal(n, IPC_HEAD_BYTES + 4);
	memcpy(large, frame, (size_t)n);
	refuse_raw(p, frame, IPC_HEAD_BYTES - 1, 1);
	refuse_raw(p, frame, 1, 0);
	refuse_raw(p, large, sizeof large, 1); /* one byte too long */
	refuse_raw(p, frame, (size_t)n, LIMIT_MSG_FDS + 1);
	refuse_raw(p, frame, (size_t)n, LIMIT_MSG_FDS + 12);
	frame[0] ^= 1;
	refuse_raw(p, frame, (size_t)n, LIMIT_MSG_FDS);
}

static void
a_full_socket_is_busy_and_never_blocks(void **state)
{
	struct pair *p = *state;
	static char some[32768];
	struct ipc_msg m = {.type = 1, .body = {some, sizeof some}}, out;
	int64_t start = time_monotonic_us();
	int sent = 0, got = 0;
	struct error e;

	while (ipc_send(p->fd[0], &m, &e) == 0)
		sent++;
	assert_int_equal(e.code, ERR_BUSY);
	assert_true(sent >= 2 && sent < 100);
	assert_true(time_monotonic_us() - start < US_PER_S);
	start = time_monotonic_us();
	assert_int_equal(ipc_send_wait(p->fd[0], &m, 50, &e), ERR_BUSY);
	assert_true(time_monotonic_us() - start >= 50000);
	while (ipc_recv(p->fd[1], p->space, &out, &e) == 1)
		got++;
	assert_int_equal(got, sent);
	assert_int_equal(ipc_send_wait(p->fd[0], &m, 50, &e), 0);
}

/* In a process of its own, which is nobody: root's descriptors are not counted. */
static int
send_more_than_may_be_in_flight(const struct pair *p)
{
	const struct rlimit few = {64, 64};
	struct ipc_msg m = {.type = 1, .fd_count = LIMIT_MSG_FDS};
	int64_t start = time_monotonic_us();
	struct error e;

	alarm(10);
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		return 1;
	if (getuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return 2;
	while (ipc_send(p->fd[0], &m, &e) == 0) {
		if (time_monotonic_us() - start > 5 * US_PER_S)
			return 3;
	}
	start = time_monotonic_us();
	if (e.code != ERR_BUSY || ipc_send_wait(p->fd[0], &m, 50, &e) != ERR_BUSY)
		return 4;
	return time_monotonic_us() - start >= 50000 ? 0 : 5;
}

/* The socket has room all the time, so poll alone would never end the waiting. */
static void
too_many_descriptors_in_flight_are_waited_for_no_longer(void **state)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(send_more_than_may_be_in_flight(*state));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
a_peer_that_is_gone_is_told(void **state)
{
	struct pair *p = *state;
	struct ipc_msg m = {.type = 1}, out;
	struct error e;

	assert_int_equal(ipc_send(p->fd[0], &m, &e), 0);
	fd_close(&p->fd[0]);
	/* what it sent before still counts */
	assert_int_equal(ipc_recv(p->fd[1], p->space, &out, &e), 1);
	assert_int_equal(ipc_recv(p->fd[1], p->space, &out, &e), ERR_UNAVAILABLE);
	assert_int_equal(ipc_recv_wait(p->fd[1], p->space, 1000, &out, &e), ERR_UNAVAILABLE);
	assert_int_equal(ipc_send(p->fd[1], &m, &e), ERR_UNAVAILABLE);
	assert_int_equal(ipc_send_wait(p->fd[1], &m, 1000, &e), ERR_UNAVAILABLE);
}

static void
waiting_ends_at_its_time(void **state)
{
	struct pair *p = *state;
	int64_t start = time_monotonic_us();
	struct ipc_msg out;
	struct error e;

	assert_int_equal(ipc_recv_wait(p->fd[1], p->space, 50, &out, &e), ERR_TIMEOUT);
	assert_in_range(time_monotonic_us() - start, 50000, 2000000);
}

static void
a_sealed_memfd_maps_and_cannot_be_changed(void **state)
{
	AUTO(mapping_free) struct mapping map = {0};
	AUTO(fd_close) int fd = -1;
	struct error e;

	assert_int_equal(memfd_sealed("test", S("content"), &fd, &e), 0);
	assert_int_equal(memfd_map(fd, 7, &map, &e), 0);
	assert_int_equal(map.n, 7);
	assert_memory_equal(map.p, "content", 7);
	assert_int_equal(pwrite(fd, "C", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
}

static void
an_unsealed_or_too_large_memfd_is_refused(void **state)
{
	AUTO(fd_close) int sealed = -1;
	AUTO(fd_close) int open_one = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	AUTO(fd_close) int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct mapping map;
	struct error e;

	assert_int_equal(memfd_map(open_one, 100, &map, &e), ERR_PROTOCOL);
	/* all but one */
	assert_int_equal(
	    fcntl(open_one, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
	assert_int_equal(memfd_map(open_one, 100, &map, &e), ERR_PROTOCOL);
	assert_int_equal(memfd_map(file, 1 << 30, &map, &e), ERR_PROTOCOL);
	assert_int_equal(memfd_sealed("test", S("content"), &sealed, &e), 0);
	assert_int_equal(memfd_map(sealed, 6, &map, &e), ERR_TOO_LARGE);
}

static void
an_empty_memfd_maps_to_nothing(void **state)
{
	AUTO(mapping_free) struct mapping map = {0};
	AUTO(fd_close) int fd = -1;
	struct error e;

	assert_int_equal(memfd_sealed("test", S(""), &fd, &e), 0);
	assert_int_equal(memfd_map(fd, 7, &map, &e), 0);
	assert_int_equal(map.n, 0);
}

#define IPC_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IPC_TEST(type_id_and_body_arrive),
	    IPC_TEST(the_largest_message_passes_and_one_byte_more_does_not),
	    IPC_TEST(descriptors_pass_and_do_not_survive_exec),
	    IPC_TEST(nonsense_is_refused_and_leaves_no_descriptor),
	    IPC_TEST(a_full_socket_is_busy_and_never_blocks),
	    IPC_TEST(too_many_descriptors_in_flight_are_waited_for_no_longer),
	    IPC_TEST(a_peer_that_is_gone_is_told),
	    IPC_TEST(waiting_ends_at_its_time),
	    cmocka_unit_test(a_sealed_memfd_maps_and_cannot_be_changed),
	    cmocka_unit_test(an_unsealed_or_too_large_memfd_is_refused),
	    cmocka_unit_test(an_empty_memfd_maps_to_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
