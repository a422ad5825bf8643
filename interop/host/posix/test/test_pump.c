/* test_pump.c: two sockets as one connection: what crosses, and how each half ends. */
#include "interop/host/posix/pump.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/link/link.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

enum { MUCH = 3 << 20 };

struct fixture {
	int near[2], far[2]; /* [0] is the person's, [1] the pump's */
	pthread_t thread;
};

static void *run(void *arg)
{
	struct fixture *t = arg;

	pump(t->near[1], t->far[1]);
	fd_close(&t->near[1]);
	fd_close(&t->far[1]);
	return NULL;
}

static int setup(void **state)
{
	static struct fixture t;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, t.near), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, t.far), 0);
	assert_int_equal(pthread_create(&t.thread, NULL, run, &t), 0);
	*state = &t;
	return 0;
}

/* It ends, or this test does not. */
static int teardown(void **state)
{
	struct fixture *t = *state;

	fd_close(&t->near[0]);
	fd_close(&t->far[0]);
	assert_int_equal(pthread_join(t->thread, NULL), 0);
	return 0;
}

static void each_half_ends_by_itself(void **state)
{
	struct fixture *t = *state;
	char got[8];

	assert_int_equal(write(t->near[0], "ask", 3), 3);
	assert_int_equal(shutdown(t->near[0], SHUT_WR), 0);
	assert_int_equal(fd_read_full(t->far[0], got, sizeof(got)), 3);
	assert_memory_equal(got, "ask", 3);
	assert_int_equal(write(t->far[0], "answer", 6), 6);
	assert_int_equal(fd_read_full(t->near[0], got, 6), 6);
	assert_memory_equal(got, "answer", 6);
	close(t->far[0]);
	t->far[0] = -1;
	assert_int_equal(read(t->near[0], got, 1), 0);
}

static void *fill(void *arg)
{
	const struct fixture *t = arg;
	char *much = malloc(MUCH);

	for (size_t i = 0; i < MUCH; i++)
		much[i] = (char)(i * 7 >> 3);
	assert_int_equal(fd_write_all(t->near[0], much, MUCH), 0);
	free(much);
	shutdown(t->near[0], SHUT_WR);
	return NULL;
}

static void much_arrives_as_it_is(void **state)
{
	struct fixture *t = *state;
	char *got = malloc(MUCH + 1);
	pthread_t filler;

	assert_non_null(got);
	assert_int_equal(pthread_create(&filler, NULL, fill, t), 0);
	assert_int_equal(fd_read_full(t->far[0], got, MUCH + 1), MUCH);
	pthread_join(filler, NULL);
	for (size_t i = 0; i < MUCH; i++)
		if (got[i] != (char)(i * 7 >> 3))
			fail_msg("byte %zu", i);
	free(got);
}

static void one_that_takes_no_more_is_not_read(void **state)
{
	struct fixture *t = *state;
	char zeros[4096] = { 0 };
	ssize_t n = 1;

	close(t->far[0]);
	t->far[0] = -1;
	while (n > 0)
		n = send(t->near[0], zeros, sizeof(zeros), MSG_NOSIGNAL);
	assert_int_equal(n, -1);
	/* Its end, or that what was written is lost: unix(7) says that first. */
	assert_true(read(t->near[0], zeros, 1) <= 0);
}

/* Two ends of a TCP connection. */
static void tcp_pair(int fds[2])
{
	struct address a = { .kind = ADDRESS_TCP, .name = "127.0.0.1" };
	int listener = address_listen(&a);

	assert_true(listener >= 0);
	fds[0] = address_connect(&a);
	fds[1] = accept(listener, NULL, NULL);
	assert_true(fds[0] >= 0 && fds[1] >= 0);
	close(listener);
}

static int setup_tcp(void **state)
{
	static struct fixture t;

	tcp_pair(t.near);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, t.far), 0);
	assert_int_equal(pthread_create(&t.thread, NULL, run, &t), 0);
	*state = &t;
	return 0;
}

/* The other one sends nothing and stays, so that only this can end it. */
static void a_reset_ends_both_halves(void **state)
{
	static const struct linger at_once = { 1, 0 };
	struct fixture *t = *state;

	assert_int_equal(setsockopt(t->near[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)),
			 0);
	fd_close(&t->near[0]);
	assert_int_equal(pthread_join(t->thread, NULL), 0);
	assert_int_equal(pthread_create(&t->thread, NULL, run, t), 0); /* for teardown */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_half_ends_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(much_arrives_as_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reset_ends_both_halves, setup_tcp, teardown),
		cmocka_unit_test_setup_teardown(one_that_takes_no_more_is_not_read, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("pump", tests, NULL, NULL);
}
