/* test_acceptor.c: connections are taken, and none is lost or makes the loop
 * spin while there is no descriptor for it. */
#include "lib/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

enum { WAITING = 3 };

struct fixture {
	struct loop loop;
	struct acceptor acceptor;
	struct timer later;
	struct rlimit limit;
	int spare; /* for make_room */
	int connected, failed, error;
};

static void connected(struct acceptor *acceptor, int fd)
{
	struct fixture *f = container_of(acceptor, struct fixture, acceptor);

	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	f->loop.stop = ++f->connected == WAITING;
}

static void failed(struct acceptor *acceptor, int error)
{
	struct fixture *f = container_of(acceptor, struct fixture, acceptor);

	f->failed++;
	f->error = error;
}

/* Closes the spare descriptor, if there is one. */
static bool make_room(struct acceptor *acceptor, int error)
{
	struct fixture *f = container_of(acceptor, struct fixture, acceptor);
	bool any = f->spare >= 0;

	assert_int_equal(error, EMFILE);
	fd_close(&f->spare);
	return any;
}

/* There is room again, after the acceptor has failed for a few rounds. */
static void raise_limit(struct timer *timer)
{
	struct fixture *f = container_of(timer, struct fixture, later);

	assert_int_equal(f->connected, 0);
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->error, EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &f->limit), 0);
}

/* No descriptor beyond those that are open now. */
static void limit_now(struct fixture *f)
{
	int next = dup(0);
	struct rlimit none = { .rlim_max = f->limit.rlim_max };

	assert_true(next >= 0);
	close(next);
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

/* A listener with clients that wait, and no descriptor for them. */
static int listen_full(struct fixture *f, int clients[WAITING])
{
	int listener = unix_listen("s", 0600, 8);

	assert_int_equal(loop_init(&f->loop), 0);
	assert_int_equal(acceptor_start(&f->acceptor, &f->loop, listener), 0);
	for (int i = 0; i < WAITING; i++)
		clients[i] = unix_connect("s");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &f->limit), 0);
	limit_now(f);
	return listener;
}

static void run(struct fixture *f)
{
	char path[] = "/tmp/landbridge-acceptor-XXXXXX";
	int clients[WAITING], listener;

	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	listener = listen_full(f, clients);
	if (f->later.fire)
		timer_start(&f->loop, &f->later, 3 * ACCEPTOR_PAUSE_MS / 2);
	assert_int_equal(loop_run(&f->loop), 0);
	assert_int_equal(f->connected, WAITING);
	acceptor_stop(&f->acceptor);
	for (int i = 0; i < WAITING; i++)
		close(clients[i]);
	close(listener);
	loop_fini(&f->loop);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &f->limit), 0);
	assert_int_equal(unlink("s") + chdir("/") + rmdir(path), 0);
}

static void test_no_room(void **state)
{
	struct fixture f = { .acceptor = { .connected = connected, .failed = failed },
			     .later = { .fire = raise_limit } };

	(void)state;
	run(&f);
	assert_int_equal(f.failed, 1);
}

static void test_room_is_made(void **state)
{
	struct fixture f = {
		.acceptor = { .connected = connected, .make_room = make_room, .failed = failed },
		.spare = dup(0)
	};

	(void)state;
	run(&f);
	assert_int_equal(f.spare, -1);
	assert_int_equal(f.failed, 0);
}

/* It is asked each time, and the rest is as without it. */
static void test_no_room_can_be_made(void **state)
{
	struct fixture f = {
		.acceptor = { .connected = connected, .make_room = make_room, .failed = failed },
		.later = { .fire = raise_limit },
		.spare = -1
	};

	(void)state;
	run(&f);
	assert_int_equal(f.failed, 1);
}

static void test_stop_without_start(void **state)
{
	struct acceptor acceptor = { .connected = connected };

	(void)state;
	acceptor_stop(&acceptor);
	assert_null(acceptor.watch.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_room_is_made),
		cmocka_unit_test(test_no_room_can_be_made),
		cmocka_unit_test(test_stop_without_start),
	};

	return cmocka_run_group_tests_name("acceptor", tests, NULL, NULL);
}
