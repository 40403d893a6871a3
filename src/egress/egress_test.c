/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * egress_test GELEIT-EGRESS - the role as master and worker meet it
 *
 * Starts the program with a control socket as descriptor 3, hands it a pair,
 * and asks for mails without a relay, or with one that never says a word.  As root the child
 * becomes "nobody" first, since the role's own user need not exist where tests run.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "egress/smtp.h"
#include "msg/msg.h"
#include "os/file.h"
#include "os/ipc.h"

#define WAIT_MS 10000
#define NOBODY 65534
#define AUTO_HEADER "\r\nAuto-Submitted: auto-generated\r\n"

static const char *program;

struct world {
	struct arena *a;
	pid_t pid;
	int control, pair;
	int relay; /* it listens, and says nothing */
	char space[LIMIT_MSG_BYTES];
};

static void
run_child(int control)
{
	dup2(control, 3);
	if (getuid() == 0 && setuid(NOBODY) != 0)
		_exit(77);
	alarm(60);
	execl(program, program, (char *)NULL);
	_exit(77);
}

static void
send_body(struct world *w, int fd, uint32_t type, struct str body, int passed)
{
	struct ipc_msg m = {.type = type, .id = 7, .body = body, .fds = {passed}, .fd_count = 1};
	struct error e = {0};

	assert_int_equal(ipc_send_wait(fd, &m, WAIT_MS, &e), 0);
}

static void
give_pair(struct world *w)
{
	struct msg_peer peer = {.role = ROLE_WORKER, .index = 0, .lane = LANE_COUNT};
	struct error e = {0};
	struct buf b;
	int both[2];

	assert_int_equal(ipc_pair(both, &e), 0);
	buf_init_arena(&b, w->a, 4096);
	msg_peer_put(&b, &peer);
	send_body(w, w->control, MSG_PEER, buf_view(&b), both[1]);
	close(both[1]);
	fd_close(&w->pair);
	w->pair = both[0];
}

static int
listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static int
begin_with(void **state, bool has_relay)
{
	struct world *w = xcalloc(1, sizeof *w);
	struct msg_start start = {.role = ROLE_EGRESS};
	struct ipc_msg ready = {0};
	struct error e = {0};
	struct buf b;
	struct str text = S("log.level = warn\n");
	int both[2], conf = -1;
	uint16_t port;

	*w = (struct world){.a = arena_new(), .control = -1, .pair = -1, .relay = -1};
	if (has_relay) {
		w->relay = listen_somewhere(&port);
		text = arena_printf(w->a,
		    "log.level = warn\nsmtp.url = smtp://127.0.0.1:%u\n"
		    "smtp.from = a@b.example\nsmtp.insecure = 1\n",
		    (unsigned)port);
	}
	assert_int_equal(ipc_pair(both, &e), 0);
	w->pid = fork();
	if (w->pid == 0)
		run_child(both[1]);
	close(both[1]);
	w->control = both[0];
	assert_int_equal(memfd_sealed("conf", text, &conf, &e), 0);
	buf_init_arena(&b, w->a, 4096);
	msg_start_put(&b, &start);
	send_body(w, w->control, MSG_START, buf_view(&b), conf);
	close(conf);
	assert_int_equal(ipc_recv_wait(w->control, w->space, WAIT_MS, &ready, &e), 1);
	assert_int_equal(ready.type, MSG_READY);
	ipc_msg_close(&ready);
	*state = w;
	give_pair(w);
	return 0;
}

static int
begin(void **state)
{
	return begin_with(state, false);
}

static int
begin_with_a_mute_relay(void **state)
{
	return begin_with(state, true);
}

/* It ends by itself, and well, once master's socket closes. */
static int
end(void **state)
{
	struct world *w = *state;
	int status = 0;

	fd_close(&w->pair);
	fd_close(&w->control);
	fd_close(&w->relay);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	arena_free(&w->a);
	free(w);
	return 0;
}

static void
hand_over(struct world *w, const struct msg_deliver *m)
{
	AUTO(fd_close) int fd = -1;
	struct error e = {0};
	struct buf b;

	buf_init_arena(&b, w->a, 1 << 20);
	msg_deliver_put(&b, m);
	assert_int_equal(memfd_sealed("mail", buf_view(&b), &fd, &e), 0);
	send_body(w, w->pair, MSG_DELIVER, S(""), fd);
}

/* Ask with this mail; the caller closes `answer`. */
static void
ask(struct world *w, const struct msg_deliver *m, struct ipc_msg *answer, struct msg_delivered *d)
{
	struct error e = {0};

	hand_over(w, m);
	assert_int_equal(ipc_recv_wait(w->pair, w->space, WAIT_MS, answer, &e), 1);
	assert_int_equal(answer->type, MSG_DELIVERED);
	assert_int_equal(answer->id, 7);
	assert_int_equal(msg_delivered_get(answer->body, w->a, d, &e), 0);
	assert_int_equal(d->mail, m->mail);
}

static struct msg_deliver
a_mail(bool compose_only)
{
	return (struct msg_deliver){.mail = 99,
	    .from_name = S("Nordlicht"),
	    .from_address = S("a@b.example"),
	    .address = S("c@d.example"),
	    .subject = S("Dateien"),
	    .message_id = S("1@b.example"),
	    .date_us = US_PER_DAY,
	    .text = S("Guten Tag\n"),
	    .html = S("<p>Guten Tag"),
	    .compose_only = compose_only};
}

static void
composes(void **state)
{
	struct world *w = *state;
	AUTO(mapping_free) struct mapping map = {0};
	AUTO(ipc_msg_close) struct ipc_msg answer = {0};
	struct msg_deliver m = a_mail(true);
	struct msg_delivered d;
	struct error e = {0};

	ask(w, &m, &answer, &d);
	assert_int_equal(d.outcome, MAIL_IS_COMPOSED);
	assert_int_equal(answer.fd_count, 1);
	assert_int_equal(memfd_map(answer.fds[0], 1 << 20, &map, &e), 0);
	assert_non_null(memmem(map.p, map.n, AUTO_HEADER, sizeof AUTO_HEADER - 1));
}

static void
defers_without_relay(void **state)
{
	AUTO(ipc_msg_close) struct ipc_msg answer = {0};
	struct msg_deliver m = a_mail(false);
	struct msg_delivered d;

	ask(*state, &m, &answer, &d);
	assert_int_equal(d.outcome, MAIL_IS_DEFERRED);
	assert_int_equal(answer.fd_count, 0);
}

static void
fails_a_bad_header(void **state)
{
	AUTO(ipc_msg_close) struct ipc_msg answer = {0};
	struct msg_deliver m = a_mail(true);
	struct msg_delivered d;

	m.subject = S("a\r\nBcc: x@y.example");
	ask(*state, &m, &answer, &d);
	assert_int_equal(d.outcome, MAIL_IS_FAILED);
	assert_int_equal(answer.fd_count, 0);
}

/* A worker that speaks nonsense loses its pair; the role lives and takes the next. */
static void
survives_nonsense(void **state)
{
	static const char junk[] = "\xff\xff\xff\xff\xff\xff\xff\xff nonsense";
	struct world *w = *state;
	AUTO(fd_close) int fd = -1;
	struct ipc_msg answer = {0};
	struct error e = {0};

	assert_int_equal(memfd_sealed("mail", (struct str){junk, sizeof junk}, &fd, &e), 0);
	send_body(w, w->pair, MSG_DELIVER, S(""), fd);
	assert_int_equal(ipc_recv_wait(w->pair, w->space, WAIT_MS, &answer, &e), ERR_UNAVAILABLE);
	give_pair(w);
	composes(state);
}

static void
knows_the_port_of_each_scheme(void **state)
{
	assert_int_equal(smtp_port("smtp://relay.example"), 25);
	assert_int_equal(smtp_port("smtps://u:p@relay.example/"), 465);
	assert_int_equal(smtp_port("smtp://u:p%40@[2001:db8::1]:587"), 587);
	assert_int_equal(smtp_port(""), 0);
	assert_int_equal(smtp_port("smtp://relay.example:70000"), 0);
}

/* A mail is on its way once the relay has the connection, which is never answered. */
static void
wait_until_connected(struct world *w, int *ret_fd)
{
	*ret_fd = accept(w->relay, NULL, NULL);
	assert_true(*ret_fd >= 0);
}

static void
ends_though_the_relay_does_not_answer(void **state)
{
	struct world *w = *state;
	AUTO(ipc_msg_close) struct ipc_msg answer = {0};
	AUTO(fd_close) int relay = -1;
	struct msg_deliver m = a_mail(false);
	struct msg_delivered d;
	struct error e = {0};

	hand_over(w, &m);
	wait_until_connected(w, &relay);
	fd_close(&w->control); /* that it ends, and well, is looked at by end() */
	assert_int_equal(ipc_recv_wait(w->pair, w->space, WAIT_MS, &answer, &e), 1);
	assert_int_equal(msg_delivered_get(answer.body, w->a, &d, &e), 0);
	assert_int_equal(d.outcome, MAIL_IS_DEFERRED);
	assert_true(str_starts(d.reply, S("the server stopped")));
}

static void
serves_the_next_worker_though_the_relay_does_not_answer(void **state)
{
	struct world *w = *state;
	AUTO(fd_close) int relay = -1;
	struct msg_deliver m = a_mail(false);

	hand_over(w, &m);
	wait_until_connected(w, &relay);
	give_pair(w); /* in place of the other, which is closed */
	composes(state);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_the_port_of_each_scheme),
	    cmocka_unit_test_setup_teardown(composes, begin, end),
	    cmocka_unit_test_setup_teardown(defers_without_relay, begin, end),
	    cmocka_unit_test_setup_teardown(fails_a_bad_header, begin, end),
	    cmocka_unit_test_setup_teardown(survives_nonsense, begin, end),
	    cmocka_unit_test_setup_teardown(
	        ends_though_the_relay_does_not_answer, begin_with_a_mute_relay, end),
	    cmocka_unit_test_setup_teardown(serves_the_next_worker_though_the_relay_does_not_answer,
	        begin_with_a_mute_relay, end),
	};

	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return 2;
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
