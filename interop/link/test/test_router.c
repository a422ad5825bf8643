/* test_router.c: two routers in one loop, with a real socket between them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/link/test/ends.h"
#include "interop/link/test/strange.h"

enum { MANY = 330 };

struct fixture {
	struct pair pair;
};

static int setup(void **state)
{
	struct fixture *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	pair_init(&t->pair);
	t->pair.test = t;
	*state = t;
	return 0;
}

/* Every test ends with as many descriptors as it began with. */
static int teardown(void **state)
{
	struct fixture *t = *state;
	int fds = pair_fini(&t->pair);

	free(t);
	return fds;
}

static bool has_job(struct pair *pair)
{
	return pair->host.job_count && pair->host.jobs[0]->seen[WIRE_OPEN];
}

static bool job_aborted(struct pair *pair)
{
	return pair->host.jobs[0]->seen[WIRE_ABORT] > 0;
}

/* A job that says STARTED, then what its program's name asks for. */
static void job_runs(struct end *job, const struct frame *f, const uint8_t *payload)
{
	(void)payload;
	if (f->type != WIRE_OPEN)
		return;
	end_send(job, WIRE_STARTED, 0, WIRE_STREAM_ONLY, "\7\0\0\0\0\0\0\0", 8);
	end_data(job, 1, 200000);
	end_data(job, 2, 1000);
	end_exit(job, (uint32_t)atoi(job->launch.program.at));
}

static void one_stream_both_ways(void **state)
{
	struct fixture *t = *state;
	struct side *sides[2] = { &t->pair.guest, &t->pair.host };

	pair_up(&t->pair);
	assert_string_equal(t->pair.guest.host_path, "C:\\a;C:\\b");
	for (int i = 0; i < 2; i++) {
		struct end *caller = pair_endpoint(sides[i], 1000);
		struct side *other = sides[!i];
		struct end *job;

		other->on_job_frame = job_runs;
		end_launch(caller, "5");
		end_data(caller, 0, 3000);
		assert_true(pair_run(&t->pair, pair_done, 20000));
		job = other->jobs[0];
		assert_int_equal(job->first.type, WIRE_OPEN);
		assert_string_equal(job->launch.program.at, "5");
		assert_int_equal(job->launch.uid, i == 0 ? 1000 : UINT32_MAX);
		assert_int_equal(job->data[0], 3000);
		assert_int_equal(job->sum[0], (uint8_t)(3000u * 2999 / 2 * 7 + 3000));
		assert_int_equal(caller->first.type, WIRE_STARTED);
		assert_int_equal(caller->data[1], 200000);
		assert_int_equal(caller->data[2], 1000);
		assert_true(caller->ended[1] && caller->ended[2]);
		assert_int_equal(caller->last.type, WIRE_EXIT);
		assert_int_equal(caller->exit, 5);
	}
}

static void fifty_streams_at_once(void **state)
{
	struct fixture *t = *state;
	char program[8];

	t->pair.host.on_job_frame = job_runs;
	pair_up(&t->pair);
	for (int i = 0; i < 50; i++) {
		fmt(program, sizeof(program), "%d", i);
		end_launch(pair_endpoint(&t->pair.guest, 1000), program);
	}
	assert_true(pair_run(&t->pair, pair_done, 10000));
	for (uint32_t i = 0; i < 50; i++) {
		assert_int_equal(t->pair.ends[i].exit, i);
		assert_int_equal(t->pair.ends[i].data[1], 200000);
		assert_int_equal(t->pair.ends[i].data[2], 1000);
		assert_int_equal(t->pair.ends[i].last.type, WIRE_EXIT);
	}
}

static bool one_refused(struct pair *pair)
{
	struct fixture *t = pair->test;
	size_t refused = 0;

	for (size_t i = 0; i < t->pair.count; i++)
		refused += t->pair.ends[i].seen[WIRE_FAILED];
	return refused == MANY - 320 && pair->host.job_count == 64;
}

/* 64 run, 256 wait for their turn, the rest hear why not. */
static void more_streams_than_places(void **state)
{
	struct fixture *t = *state;
	size_t exits = 0;

	pair_up(&t->pair);
	for (uint32_t i = 0; i < MANY; i++)
		pair_asking(&t->pair.guest, 1000 + i % 4, "0");
	assert_true(pair_run(&t->pair, one_refused, 10000));
	assert_non_null(strstr(t->pair.ends[MANY - 1].failed.text.at, "too many programs"));

	t->pair.host.on_job_frame = job_runs;
	for (size_t i = 0; i < 64; i++)
		end_exit(t->pair.host.jobs[i], 0);
	assert_true(pair_run(&t->pair, pair_done, 60000));
	for (size_t i = 0; i < MANY; i++)
		exits += t->pair.ends[i].seen[WIRE_EXIT];
	assert_int_equal(exits, 320);
	assert_int_equal(t->pair.host.job_count, 320);
}

static bool credit_is_used_up(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->pair.ends[0].data[1] == WIRE_CREDIT;
}

static bool stderr_and_signal_passed(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->pair.ends[0].data[2] == 5000 && pair->host.jobs[0]->seen[WIRE_SIGNAL];
}

static void stalled_stdout_stalls_nothing_else(void **state)
{
	struct fixture *t = *state;
	struct end *caller, *job;

	pair_up(&t->pair);
	caller = pair_endpoint(&t->pair.guest, 1000);
	caller->generous = false;
	end_launch(caller, "x");
	assert_true(pair_run(&t->pair, has_job, 20000));
	job = t->pair.host.jobs[0];
	end_data(job, 1, WIRE_CREDIT);
	assert_true(pair_run(&t->pair, credit_is_used_up, 20000));
	end_data(job, 2, 5000);
	end_send_u32(caller, WIRE_SIGNAL, 0, WIRE_STREAM_ONLY, 15);
	assert_true(pair_run(&t->pair, stderr_and_signal_passed, 20000));
	end_exit(job, 3);
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(caller->exit, 3);
}

static bool others_done(struct pair *pair)
{
	struct fixture *t = pair->test;

	for (size_t i = 1; i < t->pair.count; i++)
		if (!end_done(&t->pair.ends[i]))
			return false;
	return true;
}

/* A caller that reads nothing holds nobody up, and loses nothing. */
static void deaf_endpoint_stalls_nobody(void **state)
{
	struct fixture *t = *state;
	struct end *deaf;

	t->pair.host.on_job_frame = job_runs;
	pair_up(&t->pair);
	deaf = pair_endpoint(&t->pair.guest, 1000);
	end_launch(deaf, "9");
	end_hear(deaf, false);
	for (int i = 1; i < 20; i++)
		end_launch(pair_endpoint(&t->pair.guest, 1000), "9");
	assert_true(pair_run(&t->pair, others_done, 5000));
	assert_int_equal(deaf->data[1], 0);
	end_hear(deaf, true);
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(deaf->data[1], 200000);
	assert_int_equal(deaf->exit, 9);
}

static void dead_caller_aborts(void **state)
{
	struct fixture *t = *state;

	pair_up(&t->pair);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, has_job, 20000));
	end_close(&t->pair.ends[0]);
	t->pair.count = 0;
	assert_true(pair_run(&t->pair, job_aborted, 20000));
	assert_int_equal(t->pair.host.jobs[0]->seen[WIRE_ABORT], 1);
}

static void dead_runner_fails_after_its_bytes(void **state)
{
	struct fixture *t = *state;
	struct end *caller;

	pair_up(&t->pair);
	caller = pair_endpoint(&t->pair.guest, 1000);
	end_launch(caller, "x");
	assert_true(pair_run(&t->pair, has_job, 20000));
	end_data(t->pair.host.jobs[0], 1, 70000);
	end_close(t->pair.host.jobs[0]);
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(caller->data[1], 70000);
	assert_int_equal(caller->failed.code, 125);
	assert_non_null(strstr(caller->failed.text.at, "unexpectedly"));
}

static void refusal_crosses_with_its_code(void **state)
{
	struct fixture *t = *state;

	t->pair.host.refuse = WIRE_FAIL_NOT_FOUND;
	pair_up(&t->pair);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(t->pair.ends[0].failed.code, 127);
	assert_int_equal(t->pair.ends[0].failed.os_error, 2);
	assert_string_equal(t->pair.ends[0].failed.text.at, "not here");
}

static bool shut_down(struct pair *pair)
{
	return pair->guest.shutdown;
}

static void shutdown_reaches_the_guest(void **state)
{
	struct fixture *t = *state;

	assert_int_equal(router_send_shutdown(t->pair.host.router), -ENOTCONN);
	pair_up(&t->pair);
	assert_int_equal(router_send_shutdown(t->pair.host.router), 0);
	assert_true(pair_run(&t->pair, shut_down, 20000));
}

static bool never(struct pair *pair)
{
	(void)pair;
	return false;
}

static bool guest_told_twice(struct pair *pair)
{
	return pair->guest.times >= 2;
}

/* With the link, when it is asked for, and with the first OPEN after a silence: before
 * that, so that what is opened has it. */
static void guest_hears_the_time(void **state)
{
	struct fixture *t = *state;
	uint64_t first;

	pair_up(&t->pair);
	first = t->pair.guest.time;
	assert_true(first / 1000 + 60 > (uint64_t)time(NULL) &&
		    first / 1000 < (uint64_t)time(NULL) + 60);
	assert_int_equal(t->pair.guest.times, 1);
	router_tell_time(t->pair.host.router);
	assert_true(pair_run(&t->pair, guest_told_twice, 20000));
	assert_true(t->pair.guest.time >= first);
	assert_int_equal(t->pair.host.times, 0);

	t->pair.guest.times = 0;
	pair_run(&t->pair, never, 1200);
	t->pair.guest.on_job_frame = job_answers;
	end_launch(pair_endpoint(&t->pair.host, 0), "x");
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(t->pair.guest.times, 1);
	assert_int_equal(t->pair.guest.ups, 1);
}

/* Up and idle: no timer is armed, so nothing wakes the loop. */
static void idle_link_never_wakes(void **state)
{
	struct fixture *t = *state;

	t->pair.host.on_job_frame = job_runs;
	pair_up(&t->pair);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "0");
	assert_true(pair_run(&t->pair, pair_done, 20000));
	end_close(&t->pair.ends[0]);
	end_close(t->pair.host.jobs[0]);
	t->pair.count = 0;
	pair_run(&t->pair, never, 1200);
	timer_stop(&t->pair.loop, &t->pair.tick);
	assert_null(t->pair.loop.timers);
}

static void big_launch_arrives_whole(void **state)
{
	static uint8_t payload[WIRE_OPEN_MAX - OPEN_UID_FIELD];
	static char text[100000];
	struct fixture *t = *state;
	struct end *caller, *job;
	struct writer w;

	t->pair.host.on_job_frame = job_runs;
	pair_up(&t->pair);
	caller = pair_endpoint(&t->pair.guest, 1000);
	memset(text, 'a', sizeof(text));
	writer_init(&w, payload, sizeof(payload));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_str(&w, OPEN_TAG_PROGRAM, "7", 1);
	while (w.size - w.used > sizeof(text) + 18)
		open_put_str(&w, OPEN_TAG_ARG, text, sizeof(text));
	open_put_str(&w, OPEN_TAG_ARG, text, w.size - w.used - 9);
	end_hello(caller, "client's epoch..", NULL);
	end_send(caller, WIRE_OPEN, 0, WIRE_STREAM_ONLY, payload, w.used);
	end_data(caller, 0, 10);
	assert_true(pair_run(&t->pair, pair_done, 5000));
	job = t->pair.host.jobs[0];
	assert_int_equal(caller->exit, 7);
	assert_int_equal(job->biggest, WIRE_OPEN_MAX);
	assert_int_equal(job->launch.argc, 42);
	assert_int_equal(job->data[0], 10);
}

struct bad_opening {
	const char *name;
	const char *bytes;
	size_t len;
	const char *want; /* in FAILED's text */
};

#define BYTES(s) (s), sizeof(s) - 1
#define EPOCHS "eeeeeeeeeeeeeeee\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static const struct bad_opening bad_openings[] = {
	{ "nonsense", BYTES("GET / HTTP/1.1\r\n"), "protocol" },
	{ "no hello", BYTES("\0\0\0\0\x10\0\0\0\1\0\0\0"), "protocol" },
	{ "data first", BYTES("\1\0\0\0\x13\0\0\0\1\0\0\0x"), "protocol" },
	{ "version 3", BYTES("\x30\0\0\0\1\0\0\0\0\0\0\0LANDBRDG\3\0\4\0" EPOCHS), "versions" },
	{ "stream 3",
	  BYTES("\x30\0\0\0\1\0\0\0\0\0\0\0LANDBRDG\2\0\2\0" EPOCHS "\0\0\0\0\x10\0\0\0\3\0\0\0"),
	  "protocol" },
	{ "ping", BYTES("\0\0\0\0\2\0\0\0\0\0\0\0"), "protocol" },
};

static void bad_openings_are_told(void **state)
{
	struct fixture *t = *state;

	pair_up(&t->pair);
	for (size_t i = 0; i < array_len(bad_openings); i++) {
		const struct bad_opening *c = &bad_openings[i];

		end_send_bytes(pair_endpoint(&t->pair.guest, 1000), c->bytes, c->len);
		assert_true(pair_run(&t->pair, pair_done, 20000));
		if (!strstr(t->pair.ends[i].failed.text.at, c->want))
			fail_msg("%s: got \"%s\"", c->name, t->pair.ends[i].failed.text.at);
	}
	assert_int_equal(t->pair.host.job_count, 0);
	assert_true(t->pair.guest.up);
}

struct bad_frame {
	const char *name;
	uint8_t type, flags;
	size_t len;
};

static const struct bad_frame bad_from_caller[] = {
	{ "stdout from the caller", WIRE_DATA, 1, 1 },
	{ "started from the caller", WIRE_STARTED, 0, 8 },
	{ "launch again", WIRE_OPEN, 0, 0 },
	{ "credit for stdin", WIRE_CREDIT_ADD, 0, 4 },
	{ "credit beyond the window", WIRE_CREDIT_ADD, 1, 4 },
};

static void bad_frames_fail_the_stream(void **state)
{
	static const uint8_t ones[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	struct fixture *t = *state;

	pair_up(&t->pair);
	for (size_t i = 0; i < array_len(bad_from_caller); i++) {
		const struct bad_frame *c = &bad_from_caller[i];
		struct end *caller = pair_endpoint(&t->pair.guest, 1000);

		end_launch(caller, "x");
		end_send(caller, c->type, c->flags, WIRE_STREAM_ONLY, ones, c->len);
		if (!pair_run(&t->pair, pair_done, 3000))
			fail_msg("%s: was taken", c->name);
		assert_int_equal(caller->failed.code, 125);
	}
	assert_true(t->pair.guest.up);
}

static void stdin_beyond_credit_fails(void **state)
{
	struct fixture *t = *state;

	pair_up(&t->pair);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	end_data(&t->pair.ends[0], 0, WIRE_CREDIT);
	assert_true(pair_run(&t->pair, has_job, 20000));
	end_data(&t->pair.ends[0], 0, 1);
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_non_null(strstr(t->pair.ends[0].failed.text.at, "protocol"));
	assert_true(pair_run(&t->pair, job_aborted, 20000));
}

#define with_fixture(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fixture(one_stream_both_ways),
		with_fixture(fifty_streams_at_once),
		with_fixture(more_streams_than_places),
		with_fixture(stalled_stdout_stalls_nothing_else),
		with_fixture(deaf_endpoint_stalls_nobody),
		with_fixture(dead_caller_aborts),
		with_fixture(dead_runner_fails_after_its_bytes),
		with_fixture(refusal_crosses_with_its_code),
		with_fixture(shutdown_reaches_the_guest),
		with_fixture(idle_link_never_wakes),
		with_fixture(guest_hears_the_time),
		with_fixture(big_launch_arrives_whole),
		with_fixture(bad_openings_are_told),
		with_fixture(bad_frames_fail_the_stream),
		with_fixture(stdin_beyond_credit_fails),
	};
	int failed = cmocka_run_group_tests_name("router", tests, NULL, NULL);

	strange_set(STRANGE_ALL);
	failed += cmocka_run_group_tests_name("router, strange transport", tests, NULL, NULL);
	pair_seal(true);
	return failed +
	       cmocka_run_group_tests_name("router, TLS over a strange one", tests, NULL, NULL);
}
