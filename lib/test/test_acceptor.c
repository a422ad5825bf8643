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

/* There is room again, after the acceptor has failed for a few rounds. */
static void make_room(struct timer *timer)
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

static void test_no_room(void **state)
{
	struct fixture f = { .acceptor = { .connected = connected, .failed = failed },
			     .later = { .fire = make_room } };
	char path[] = "/tmp/landbridge-acceptor-XXXXXX";
	int clients[WAITING], listener;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	listener = unix_listen("s", 0600, 8);
	assert_int_equal(loop_init(&f.loop), 0);
	assert_int_equal(acceptor_start(&f.acceptor, &f.loop, listener), 0);
	for (int i = 0; i < WAITING; i++)
		clients[i] = unix_connect("s");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &f.limit), 0);
	limit_now(&f);
	timer_start(&f.loop, &f.later, 3 * ACCEPTOR_PAUSE_MS / 2);
	assert_int_equal(loop_run(&f.loop), 0);
	assert_int_equal(f.connected, WAITING);
	assert_int_equal(f.failed, 1);
	acceptor_stop(&f.acceptor);
	for (int i = 0; i < WAITING; i++)
		close(clients[i]);
	close(listener);
	loop_fini(&f.loop);
	assert_int_equal(unlink("s") + chdir("/") + rmdir(path), 0);
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
		cmocka_unit_test(test_stop_without_start),
	};

	return cmocka_run_group_tests_name("acceptor", tests, NULL, NULL);
}
