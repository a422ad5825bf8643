/* test_worker.c: the process behind connections ends for want of them, and is
 * handed one at the last moment. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "p9d/test/client.h"
#include "p9d/worker.h"

enum { ROOT, LONG_MS = 100, SHORT_MS = 5 };

/* In the worker: where it says that it is about to end, and waits. -1: no more. */
static int moment = -1;

/* The last moment: it has had nothing to do for long, and shuts the way on which
 * connections come. */
int shutdown(int fd, int how)
{
	char go_on = 0;

	if (moment >= 0 && how == SHUT_RD) {
		if (write(moment, "", 1) != 1 || read(moment, &go_on, 1) != 1)
			_exit(2);
		fd_close(&moment);
	}
	return (int)syscall(SYS_shutdown, fd, how);
}

/* Nobody wants to wait for ten seconds in a test. */
int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
	if (timeout > LONG_MS)
		timeout = SHORT_MS;
	return epoll_pwait(epoll, events, max, timeout, NULL);
}

struct fixture {
	pid_t worker;
	int control; /* the dispatcher's end */
	int moment;
};

static _Noreturn void run_worker(int control)
{
	struct user user;
	struct posix_tree tree;
	struct worker worker = {
		.tree = &tree,
		.policy = { .fid_limit = 64, .accounts = &user_files_system },
		.user = &user,
		.control = control,
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (user_by_uid(&user_files_system, geteuid(), &user) < 0 || posix_tree_init(&tree, "/"))
		_exit(3);
	worker_run(&worker);
}

static void start(struct fixture *f)
{
	int control[2], wait[2];

	want(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	want(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wait), 0);
	f->worker = fork();
	if (f->worker == 0) {
		close(control[0]);
		close(wait[0]);
		moment = wait[1];
		run_worker(control[1]);
	}
	close(control[1]);
	close(wait[1]);
	f->control = control[0];
	f->moment = wait[0];
}

/* What the dispatcher passes on. */
static ssize_t hand_over(struct fixture *f, int fd)
{
	struct handover h = { .msize = 8192, .dialect = P9_DIALECT_L, .self = geteuid() };

	return fd_send(f->control, fd, &h, offsetof(struct handover, input));
}

static void hand_client(struct fixture *f, struct client *c)
{
	int pair[2];

	want(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_true(hand_over(f, pair[1]) > 0);
	close(pair[1]);
	client_on(c, pair[0]);
}

static void test_handed_over_at_the_end(void **state)
{
	struct fixture f;
	struct client first, second;
	struct p9_msg r;
	char ending;
	int status;

	(void)state;
	start(&f);
	want(read(f.moment, &ending, 1), 1);
	hand_client(&f, &first);
	hand_client(&f, &second);
	want(write(f.moment, "", 1), 1);
	want(c_attach(&first, ROOT, geteuid()), 0);
	want(c_attach(&second, ROOT, geteuid()), 0);
	want(hand_over(&f, 0), -EPIPE); /* the dispatcher starts another one then */
	client_close(&first);
	for (int i = 0; i < 10; i++) {
		usleep(4 * SHORT_MS * 1000);
		want(c_getattr(&second, ROOT, &r), 0);
	}
	client_close(&second);
	want(waitpid(f.worker, &status, 0), f.worker);
	want(status, 0);
	close(f.control);
	close(f.moment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handed_over_at_the_end),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
