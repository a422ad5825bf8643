/* test_cable.c: links that break or stick, at every byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/link/test/ends.h"
#include "interop/link/test/strange.h"

/* One end of a cable between two routers. */
struct plug {
	struct watch watch;
	struct plug *other;
	struct side *side;
	size_t left; /* bytes from this side that still pass; then the cable is cut */
	bool lies;   /* what passes now is changed */
};

struct fixture {
	struct pair pair;
	struct plug guest, host;
	bool sticky; /* one side's hang-up is not seen by the other: a serial port */
	bool cut;
	int64_t began;
};

static int setup(void **state)
{
	struct fixture *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	pair_init(&t->pair);
	t->pair.test = t;
	t->guest = (struct plug){ { .fd = -1 }, &t->host, &t->pair.guest, SIZE_MAX, false };
	t->host = (struct plug){ { .fd = -1 }, &t->guest, &t->pair.host, SIZE_MAX, false };
	t->began = loop_now();
	*state = t;
	return 0;
}

static void plug_pull(struct plug *plug)
{
	int fd = plug->watch.fd;

	watch_remove(&plug->watch);
	fd_close(&fd);
}

static int teardown(void **state)
{
	struct fixture *t = *state;
	int fds;

	plug_pull(&t->guest);
	plug_pull(&t->host);
	fds = pair_fini(&t->pair);
	free(t);
	return fds;
}

static void plug_moves(struct watch *watch, uint32_t events);

/* A new socket between the cable and what the side dials next. */
static void plug_in(struct plug *plug)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	plug->watch.ready = plug_moves;
	assert_int_equal(watch_add(&plug->side->pair->loop, &plug->watch, sv[0], EPOLLIN), 0);
	side_plug(plug->side, sv[1]);
}

static void plug_hung_up(struct fixture *t, struct plug *plug)
{
	plug_pull(plug);
	if (t->sticky)
		plug_in(plug);
	else
		plug_pull(plug->other);
}

static void plug_moves(struct watch *watch, uint32_t events)
{
	static uint8_t bytes[65536];
	struct plug *plug = container_of(watch, struct plug, watch);
	struct fixture *t = plug->side->pair->test;
	size_t most = plug->left < sizeof(bytes) ? plug->left : sizeof(bytes);
	ssize_t got = read(watch->fd, bytes, most ? most : 1);

	(void)events;
	if (got <= 0) {
		plug_hung_up(t, plug);
		return;
	}
	if (plug->lies)
		bytes[got / 2] ^= 1;
	if (most && plug->other->watch.fd >= 0)
		fd_write_all(plug->other->watch.fd, bytes, (size_t)got);
	plug->left -= most ? (size_t)got : 0;
	if (plug->left == 0) {
		t->cut = true;
		if (t->sticky)
			return;
		plug_pull(plug);
		plug_pull(plug->other);
	}
}

static bool cut_or_done(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->cut || pair_done(pair);
}

static bool is_cut(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->cut;
}

static bool has_job(struct pair *pair)
{
	return pair->host.job_count && pair->host.jobs[0]->seen[WIRE_OPEN];
}

static void check_caller(const struct end *caller)
{
	if (caller->seen[WIRE_FAILED]) {
		assert_int_equal(caller->failed.code, 125);
		assert_int_equal(caller->last.type, WIRE_FAILED);
	} else {
		assert_int_equal(caller->exit, 6);
		assert_int_equal(caller->data[1], 60);
		assert_int_equal(caller->data[2], 9);
	}
}

/* The cable passes `offset` bytes of one side and breaks. The caller gets its
 * program's whole answer or FAILED, and on the next cable all is well. False
 * when everything had passed before. */
static bool cut_at(void **state, bool of_guest, size_t offset)
{
	struct fixture *t;
	bool was_cut;

	setup(state);
	t = *state;
	*(of_guest ? &t->guest.left : &t->host.left) = offset;
	t->pair.host.on_job_frame = job_answers;
	plug_in(&t->guest);
	plug_in(&t->host);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, cut_or_done, 20000));
	was_cut = t->cut;

	t->guest.left = t->host.left = SIZE_MAX;
	pair_connect(&t->pair);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "y");
	if (!pair_run(&t->pair, pair_done, 3000))
		fail_msg("cut after %zu bytes: no end", offset);
	check_caller(&t->pair.ends[0]);
	assert_int_equal(t->pair.ends[1].exit, 6);
	if (teardown(state))
		fail_msg("cut after %zu bytes: a descriptor is left", offset);
	return was_cut;
}

static void cut_at_every_byte(void **state)
{
	size_t of_guest = 1, of_host = 1;

	while (cut_at(state, true, of_guest))
		of_guest++;
	while (cut_at(state, false, of_host))
		of_host++;
	assert_in_range(of_guest, 150, 1000); /* two HELLOs, OPEN, PING, credits */
	assert_in_range(of_host, 280, 1000);
}

static bool job_aborted(struct pair *pair)
{
	return pair->host.jobs[0]->seen[WIRE_ABORT] > 0;
}

/* Under TLS, from the first byte of the handshake on. */
static void cut_all_along_under_tls(void **state)
{
	size_t of_guest = 1, of_host = 1;

	pair_seal(true);
	while (cut_at(state, true, of_guest))
		of_guest += 11;
	while (cut_at(state, false, of_host))
		of_host += 11;
	pair_seal(false);
	assert_in_range(of_guest, 600, 2000);
	assert_in_range(of_host, 600, 2000);
}

static bool told_of_lies(struct pair *pair)
{
	return pair->guest.refusals && pair_done(pair);
}

/* Somebody on the way changes a byte: that is said, the streams fail, and the next
 * link is as good as any. */
static void a_man_in_the_middle(void **state)
{
	struct fixture *t = *state;

	pair_seal(true);
	plug_in(&t->guest);
	plug_in(&t->host);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, has_job, 20000));
	t->host.lies = true;
	end_data(t->pair.host.jobs[0], 1, 5000);
	assert_true(pair_run(&t->pair, told_of_lies, 20000));
	assert_int_equal(t->pair.guest.refused, -EBADMSG);
	assert_int_equal(t->pair.guest.refusals, 1);
	assert_int_equal(t->pair.ends[0].data[1], 0);
	assert_int_equal(t->pair.ends[0].failed.code, 125);
	t->pair.host.on_job_frame = job_answers;
	pair_connect(&t->pair);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "y");
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(t->pair.ends[1].exit, 6);
	pair_seal(false);
}

static void cut_aborts_the_running_job(void **state)
{
	struct fixture *t = *state;

	plug_in(&t->guest);
	plug_in(&t->host);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, has_job, 20000));
	plug_pull(&t->guest);
	plug_pull(&t->host);
	assert_true(pair_run(&t->pair, job_aborted, 20000));
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_non_null(strstr(t->pair.ends[0].failed.text.at, "broke"));
	assert_int_equal(t->pair.guest.downs, 1);
}

static void side_dies(struct side *side)
{
	for (size_t i = 0; i < side->job_count; i++) {
		end_close(side->jobs[i]);
		free(side->jobs[i]);
	}
	side->job_count = 0;
	router_destroy(side->router);
	side->router = NULL;
}

/* Only frames longer than what a new peer says make the other side stick. */
static void job_talks(struct end *job, const struct frame *f, const uint8_t *payload)
{
	if (f->type == WIRE_OPEN)
		end_data(job, 1, 50000);
	job_answers(job, f, payload);
}

/* One side dies inside a frame; the other never sees a hang-up, only a new
 * peer's bytes, which at first it takes for the rest of that frame. */
static void sticks(void **state, bool guest_dies, size_t offset)
{
	struct fixture *t = *state;
	struct plug *plug = guest_dies ? &t->guest : &t->host;

	t->sticky = true;
	t->pair.host.on_job_frame = job_talks;
	plug->left = offset;
	plug_in(&t->guest);
	plug_in(&t->host);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	end_data(&t->pair.ends[0], 0, 50000);
	assert_true(pair_run(&t->pair, is_cut, 20000));
	side_dies(plug->side);
	plug->left = SIZE_MAX;
	pair_side(&t->pair, guest_dies ? ROUTER_GUEST : ROUTER_HOST);
	t->pair.host.on_job_frame = job_answers;
	plug_pull(plug);
	plug_in(plug);
	t->began = loop_now();
	for (int tries = 0; tries == 0 || (tries < 8 && !t->pair.ends[0].seen[WIRE_EXIT]);
	     tries++) {
		end_close(&t->pair.ends[0]);
		t->pair.count = 0;
		end_launch(pair_endpoint(&t->pair.guest, 1000), "y");
		pair_run(&t->pair, pair_done, 3000);
	}
	assert_int_equal(t->pair.ends[0].exit, 6);
}

static void host_dies_between_frames(void **state)
{
	struct fixture *t = *state;

	sticks(state, false, 78 + 78 + WIRE_HEADER + WIRE_HEADER + 8);
	assert_in_range(loop_now() - t->began, 0, 900);
}

static void host_dies_in_a_frame(void **state)
{
	struct fixture *t = *state;

	sticks(state, false, 5000);
	assert_in_range(loop_now() - t->began, 900, 4000);
}

static void guest_dies_in_a_frame(void **state)
{
	struct fixture *t = *state;

	sticks(state, true, 5000);
	assert_in_range(loop_now() - t->began, 900, 4000);
}

#define with_fixture(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_at_every_byte),    with_fixture(cut_aborts_the_running_job),
		with_fixture(host_dies_between_frames), with_fixture(host_dies_in_a_frame),
		with_fixture(guest_dies_in_a_frame),    cmocka_unit_test(cut_all_along_under_tls),
		with_fixture(a_man_in_the_middle),
	};
	int failed = cmocka_run_group_tests_name("cable", tests, NULL, NULL);

	strange_set(STRANGE_BYTES | STRANGE_HOARDS | STRANGE_REFUSES);
	return failed + cmocka_run_group_tests_name("cable, strange transport", tests, NULL, NULL);
}
