/* test_scheduler.c: whose bytes leave first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "interop/link/router.h"

enum { NOISY, QUIET, STREAMS };

struct fixture {
	struct router *router;
	struct stream streams[STREAMS];
};

static int setup(void **state)
{
	struct fixture *t = calloc(1, sizeof(*t));

	t->router = calloc(1, sizeof(*t->router));
	t->router->connection.state = CONNECTION_UP;
	for (uint32_t i = 0; i < STREAMS; i++) {
		t->streams[i] = (struct stream){
			.router = t->router, .state = STREAM_OPEN, .id = i + 1, .kind = OPEN_PROGRAM
		};
		t->router->streams[t->router->count++] = &t->streams[i];
	}
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *t = *state;

	for (size_t i = 0; i < STREAMS; i++)
		for (int fd = 0; fd < 3; fd++)
			queue_free(&t->streams[i].flow[fd].bytes);
	queue_free(&t->router->connection.out);
	free(t->router);
	free(t);
	return 0;
}

static void give(struct stream *s, int fd, size_t size)
{
	static const uint8_t zeros[WIRE_PIECE_MAX];

	assert_int_equal(queue_put(&s->flow[fd].bytes, zeros, size), 0);
}

/* The stream and descriptor of the next DATA frame that leaves. */
static struct frame next_data(struct router *r)
{
	struct connection *t = &r->connection;
	struct iovec iov[FLIGHT_IOV];
	uint8_t head[WIRE_HEADER];
	struct frame f;

	if (!t->out.used && !t->flight.source)
		assert_int_equal(schedule_connection(r), 0);
	assert_true(flight_iov(&t->flight, &t->out, iov) > 0);
	memcpy(head, iov[0].iov_base, WIRE_HEADER);
	assert_int_equal(frame_decode(&f, head), 0);
	flight_sent(&t->flight, &t->out, WIRE_HEADER + f.length);
	assert_int_equal(f.type, WIRE_DATA);
	return f;
}

static void stderr_goes_before_its_own_stdout(void **state)
{
	struct fixture *t = *state;
	struct frame f;

	give(&t->streams[NOISY], 1, 100);
	give(&t->streams[NOISY], 2, 100);
	f = next_data(t->router);
	assert_int_equal(f.flags, 2);
	f = next_data(t->router);
	assert_int_equal(f.flags, 1);
}

/* A program whose stderr never ends takes its own turns, and nobody else's. */
static void endless_stderr_starves_nobody(void **state)
{
	struct fixture *t = *state;
	size_t quiet = 0;

	give(&t->streams[QUIET], 1, 100);
	for (int i = 0; i < 4; i++) {
		give(&t->streams[NOISY], 2, SCHEDULE_ENOUGH);
		quiet += next_data(t->router).stream == t->streams[QUIET].id;
	}
	assert_int_equal(quiet, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stderr_goes_before_its_own_stdout, setup, teardown),
		cmocka_unit_test_setup_teardown(endless_stderr_starves_nobody, setup, teardown),
	};

	return cmocka_run_group_tests_name("scheduler", tests, NULL, NULL);
}
