/* test_trunk.c: links that break, stick, lie or say nothing. */
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

/* One end of a cable between two routers. */
struct plug {
	struct watch watch;
	struct plug *other;
	struct side *side;
	size_t left; /* bytes from this side that still pass; then the cable is cut */
};

struct fixture {
	struct pair pair;
	struct plug guest, host;
	bool sticky; /* one side's hang-up is not seen by the other: a serial port */
	bool cut;
	struct end peer; /* a host by hand, in place of its router */
	struct end ends[4];
	size_t count;
	int64_t began;
	int fds;
};

static int setup(void **state)
{
	struct fixture *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->fds = fds_open();
	pair_init(&t->pair);
	t->pair.test = t;
	t->peer.watch.fd = -1;
	t->guest = (struct plug){ { .fd = -1 }, &t->host, &t->pair.guest, SIZE_MAX };
	t->host = (struct plug){ { .fd = -1 }, &t->guest, &t->pair.host, SIZE_MAX };
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

	for (size_t i = 0; i < t->count; i++)
		end_close(&t->ends[i]);
	end_close(&t->peer);
	plug_pull(&t->guest);
	plug_pull(&t->host);
	pair_fini(&t->pair);
	fds = fds_open() - t->fds;
	free(t);
	return fds;
}

static struct end *add(struct fixture *t, struct side *side)
{
	struct end *end = &t->ends[t->count++];

	pair_endpoint(side, end, 1000);
	return end;
}

static void plug_moves(struct watch *watch, uint32_t events);

/* A new socket between the cable and what the side dials next. */
static void plug_in(struct plug *plug)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	plug->watch.ready = plug_moves;
	assert_int_equal(watch_add(&plug->side->pair->loop, &plug->watch, sv[0], EPOLLIN), 0);
	fd_close(&plug->side->next);
	plug->side->next = sv[1];
	if (plug->side->router)
		router_dial_now(plug->side->router);
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

static bool caller_done(const struct end *end)
{
	return end->seen[WIRE_EXIT] || end->seen[WIRE_FAILED];
}

static bool all_done(struct pair *pair)
{
	struct fixture *t = pair->test;
	size_t done = 0;

	for (size_t i = 0; i < t->count; i++)
		done += caller_done(&t->ends[i]);
	return done == t->count;
}

static bool cut_or_done(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->cut || all_done(pair);
}

static bool is_cut(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->cut;
}

static bool has_job(struct pair *pair)
{
	return pair->host.job_count && pair->host.jobs[0]->seen[WIRE_LAUNCH];
}

static void job_answers(struct end *job, const struct frame *f, const uint8_t *payload)
{
	(void)payload;
	if (f->type != WIRE_LAUNCH)
		return;
	end_send(job, WIRE_STARTED, 0, WIRE_STREAM_ONLY, "\7\0\0\0\0\0\0\0", 8);
	end_data(job, 1, 60);
	end_data(job, 2, 9);
	end_exit(job, 6);
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
	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, cut_or_done, 3000));
	was_cut = t->cut;

	t->guest.left = t->host.left = SIZE_MAX;
	pair_connect(&t->pair);
	end_launch(add(t, &t->pair.guest), "y");
	if (!pair_run(&t->pair, all_done, 3000))
		fail_msg("cut after %zu bytes: no end", offset);
	check_caller(&t->ends[0]);
	assert_int_equal(t->ends[1].exit, 6);
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
	assert_in_range(of_guest, 150, 1000); /* two HELLOs, LAUNCH, PING, credits */
	assert_in_range(of_host, 280, 1000);
}

static bool job_aborted(struct pair *pair)
{
	return pair->host.jobs[0]->seen[WIRE_ABORT] > 0;
}

static void cut_aborts_the_running_job(void **state)
{
	struct fixture *t = *state;

	plug_in(&t->guest);
	plug_in(&t->host);
	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, has_job, 3000));
	plug_pull(&t->guest);
	plug_pull(&t->host);
	assert_true(pair_run(&t->pair, job_aborted, 3000));
	assert_true(pair_run(&t->pair, all_done, 3000));
	assert_non_null(strstr(t->ends[0].failed.text.at, "broke"));
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
	if (f->type == WIRE_LAUNCH)
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
	end_launch(add(t, &t->pair.guest), "x");
	end_data(&t->ends[0], 0, 50000);
	assert_true(pair_run(&t->pair, is_cut, 3000));
	side_dies(plug->side);
	plug->left = SIZE_MAX;
	pair_side(&t->pair, guest_dies ? ROUTER_GUEST : ROUTER_HOST);
	t->pair.host.on_job_frame = job_answers;
	plug_pull(plug);
	plug_in(plug);
	t->began = loop_now();
	for (int tries = 0; tries < 8 && !t->ends[0].seen[WIRE_EXIT]; tries++) {
		end_close(&t->ends[0]);
		t->count = 0;
		end_launch(add(t, &t->pair.guest), "y");
		pair_run(&t->pair, all_done, 3000);
	}
	assert_int_equal(t->ends[0].exit, 6);
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

/* --- a host by hand --- */

#define EPOCH "hand made epoch."
#define NOBODY "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static bool peer_has_hello(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->peer.seen[WIRE_HELLO] > 0;
}

static bool guest_up(struct pair *pair)
{
	return pair->guest.up;
}

static bool guest_down(struct pair *pair)
{
	return !pair->guest.up;
}

static void peer_dials(struct fixture *t)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	end_open(&t->peer, &t->pair.loop, sv[0]);
	t->pair.guest.next = sv[1];
	router_dial_now(t->pair.guest.router);
}

/* The guest's epoch is where HELLO has it. */
static const uint8_t *guest_epoch(const struct fixture *t)
{
	return t->peer.payload + 12;
}

static void peer_up(struct fixture *t)
{
	peer_dials(t);
	assert_true(pair_run(&t->pair, peer_has_hello, 1000));
	end_hello(&t->peer, EPOCH, guest_epoch(t));
	assert_true(pair_run(&t->pair, guest_up, 1000));
}

static bool peer_has_launch(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->peer.seen[WIRE_LAUNCH] == t->count && t->peer.seen[WIRE_PING];
}

static bool peer_has_abort(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->peer.seen[WIRE_ABORT] > 0;
}

static bool peer_has_failed(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->peer.seen[WIRE_FAILED] > 0;
}

static bool peer_has_pong(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->peer.seen[WIRE_PONG] > 0;
}

/* Only a dead or stopped peer lets a PING wait; the next LAUNCH knows. */
static void silent_peer_fails_in_two_seconds(void **state)
{
	struct fixture *t = *state;
	int64_t began;

	peer_up(t);
	began = loop_now();
	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, all_done, 4000));
	assert_in_range(loop_now() - began, 1900, 2500);
	assert_non_null(strstr(t->ends[0].failed.text.at, "does not answer"));
	assert_true(pair_run(&t->pair, peer_has_abort, 1000));

	began = loop_now();
	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, all_done, 1000));
	assert_in_range(loop_now() - began, 0, 500);
	assert_true(t->pair.guest.up);
}

static void slow_start_is_not_silence(void **state)
{
	struct fixture *t = *state;

	peer_up(t);
	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 1000));
	end_send(&t->peer, WIRE_PONG, 0, 0, NULL, 0);
	assert_false(pair_run(&t->pair, all_done, 2500));
	end_send_u32(&t->peer, WIRE_EXIT, 0, 1, 4);
	assert_true(pair_run(&t->pair, all_done, 1000));
	assert_int_equal(t->ends[0].exit, 4);
}

static void no_link_fails_in_two_seconds(void **state)
{
	struct fixture *t = *state;
	int64_t began = loop_now();

	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, all_done, 4000));
	assert_in_range(loop_now() - began, 1900, 2500);
	assert_non_null(strstr(t->ends[0].failed.text.at, "no agent"));
	began = loop_now();
	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, all_done, 1000));
	assert_in_range(loop_now() - began, 0, 500);
}

static bool some_time(struct pair *pair)
{
	struct fixture *t = pair->test;

	return loop_now() - t->began > 300;
}

static void launch_waits_for_the_link(void **state)
{
	struct fixture *t = *state;

	t->pair.host.on_job_frame = job_answers;
	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, some_time, 1000));
	pair_connect(&t->pair);
	assert_true(pair_run(&t->pair, all_done, 1500));
	assert_int_equal(t->ends[0].exit, 6);
}

static void too_much_data_fails_the_stream(void **state)
{
	static uint8_t bytes[WIRE_DATA_MAX];
	struct fixture *t = *state;

	peer_up(t);
	end_launch(add(t, &t->pair.guest), "x");
	t->ends[0].generous = false;
	assert_true(pair_run(&t->pair, peer_has_launch, 1000));
	for (int i = 0; i < 5; i++)
		end_send(&t->peer, WIRE_DATA, 1, 1, bytes, sizeof(bytes));
	assert_true(pair_run(&t->pair, all_done, 1000));
	assert_int_equal(t->ends[0].data[1], WIRE_CREDIT);
	assert_non_null(strstr(t->ends[0].failed.text.at, "protocol"));
	assert_true(pair_run(&t->pair, peer_has_abort, 1000));

	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 1000));
	assert_int_equal(t->peer.last.stream, 3);
	end_send_u32(&t->peer, WIRE_EXIT, 0, 1, 9); /* the dead stream: ignored */
	end_send_u32(&t->peer, WIRE_EXIT, 0, 3, 4);
	assert_true(pair_run(&t->pair, all_done, 1000));
	assert_int_equal(t->ends[1].exit, 4);
}

struct bad_frame {
	const char *name;
	struct frame frame;
	bool link; /* the link is failed, not the stream alone */
};

static const struct bad_frame bad_frames[] = {
	{ "unknown type", { 0, 99, 0, 1 }, true },
	{ "too long", { WIRE_DATA_MAX + 1, WIRE_DATA, 1, 1 }, true },
	{ "launch in one long frame", { WIRE_PIECE_MAX + 1, WIRE_LAUNCH, 0, 2 }, true },
	{ "launch of our own", { 0, WIRE_LAUNCH, 0, 3 }, true },
	{ "our stream, not opened yet", { 4, WIRE_EXIT, 0, 3 }, true },
	{ "the peer's stream, never opened", { 0, WIRE_ABORT, 0, 2 }, true },
	{ "not a hello", { WIRE_HELLO_MIN, WIRE_HELLO, 0, 0 }, true },
	{ "stdin from the runner", { 1, WIRE_DATA, 0, 1 }, false },
	{ "abort from the runner", { 0, WIRE_ABORT, 0, 1 }, false },
	{ "credit for stdout", { 4, WIRE_CREDIT_ADD, 1, 1 }, false },
	{ "credit beyond the window", { 4, WIRE_CREDIT_ADD, 0, 1 }, false },
};

static void bad_frame(void **state, const struct bad_frame *c)
{
	static const uint8_t bytes[WIRE_DATA_MAX + 1] = { 1 };
	uint8_t header[WIRE_HEADER];
	struct fixture *t;

	setup(state);
	t = *state;
	peer_up(t);
	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 1000));
	frame_encode(header, &c->frame);
	end_send_bytes(&t->peer, header, sizeof(header));
	end_send_bytes(&t->peer, bytes, c->frame.length);
	if (!pair_run(&t->pair, all_done, 1000))
		fail_msg("%s: was taken", c->name);
	if (t->pair.guest.up == c->link)
		fail_msg("%s: the link is %s", c->name, c->link ? "up" : "down");
	assert_int_equal(teardown(state), 0);
}

static void bad_frames_fail_link_or_stream(void **state)
{
	for (size_t i = 0; i < array_len(bad_frames); i++)
		bad_frame(state, &bad_frames[i]);
}

static void new_epoch_fails_all_streams(void **state)
{
	struct fixture *t = *state;

	peer_up(t);
	end_launch(add(t, &t->pair.guest), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 1000));
	t->peer.seen[WIRE_HELLO] = 0;
	end_hello(&t->peer, "another epoch...", NOBODY);
	assert_true(pair_run(&t->pair, all_done, 1000));
	assert_int_equal(t->ends[0].failed.code, 125);
	assert_true(pair_run(&t->pair, peer_has_hello, 1000));
	assert_memory_equal(guest_epoch(t) + WIRE_EPOCH, "another epoch...", WIRE_EPOCH);
	assert_false(t->pair.guest.up);
	end_hello(&t->peer, "another epoch...", guest_epoch(t));
	assert_true(pair_run(&t->pair, guest_up, 1000));
}

/* The rest of somebody's frame, which may look like a HELLO, is not trusted. */
static void border_is_searched_for(void **state)
{
	struct fixture *t = *state;

	peer_dials(t);
	assert_true(pair_run(&t->pair, peer_has_hello, 1000));
	end_send_bytes(&t->peer, "\0\0\0\0\2\0\0\0\0\0\0\0 rubbish", 20);
	end_hello(&t->peer, "a forged epoch..", "not the guest's.");
	end_hello(&t->peer, "a forged epoch..", NOBODY);
	end_send_u32(&t->peer, WIRE_EXIT, 0, 1, 9);
	end_hello(&t->peer, EPOCH, guest_epoch(t));
	end_send(&t->peer, WIRE_PING, 0, 0, NULL, 0);
	assert_true(pair_run(&t->pair, guest_up, 1000));
	assert_true(pair_run(&t->pair, peer_has_pong, 1000));
	assert_memory_equal(guest_epoch(t) + WIRE_EPOCH, EPOCH, WIRE_EPOCH);
}

static bool peer_hung_up(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->peer.eof;
}

static void peer_without_hello_is_left(void **state)
{
	struct fixture *t = *state;
	int64_t began = loop_now();

	peer_dials(t);
	assert_true(pair_run(&t->pair, peer_hung_up, 2000));
	assert_in_range(loop_now() - began, 900, 1500);
	assert_int_equal(t->peer.seen[WIRE_HELLO], 1);
}

static void other_version_never_comes_up(void **state)
{
	struct fixture *t = *state;
	uint8_t hello[WIRE_HELLO_MIN];

	peer_dials(t);
	assert_true(pair_run(&t->pair, peer_has_hello, 1000));
	memcpy(hello, "LANDBRDG\2\0\3\0" EPOCH, 28);
	memcpy(hello + 28, guest_epoch(t), WIRE_EPOCH);
	memset(hello + 44, 0, 4);
	end_send(&t->peer, WIRE_HELLO, 0, 0, hello, sizeof(hello));
	assert_true(pair_run(&t->pair, peer_hung_up, 1000));
	assert_int_equal(t->pair.guest.ups, 0);
}

static void bad_launch_is_refused(void **state)
{
	struct fixture *t = *state;

	peer_up(t);
	end_send(&t->peer, WIRE_LAUNCH, WIRE_MORE, 2, "\3\0\0\0", 4);
	end_send(&t->peer, WIRE_LAUNCH, 0, 2, "\5\0\0\0no", 6);
	assert_true(pair_run(&t->pair, peer_has_failed, 1000));
	assert_int_equal(t->peer.failed.code, 125);
	assert_int_equal(t->pair.guest.job_count, 0);
	assert_true(t->pair.guest.up);
}

static bool guest_has_job(struct pair *pair)
{
	return pair->guest.job_count && pair->guest.jobs[0]->seen[WIRE_LAUNCH];
}

static void endless_launch_is_refused(void **state)
{
	static uint8_t piece[WIRE_PIECE_MAX];
	struct fixture *t = *state;

	peer_up(t);
	for (int i = 0; i < 70; i++)
		end_send(&t->peer, WIRE_LAUNCH, WIRE_MORE, 2, piece, sizeof(piece));
	end_send(&t->peer, WIRE_LAUNCH, 0, 4, NULL, 0);
	assert_true(pair_run(&t->pair, guest_has_job, 3000));
	assert_int_equal(t->peer.seen[WIRE_FAILED], 1);
	assert_int_equal(t->peer.last.stream, 2);
	assert_non_null(strstr(t->peer.failed.text.at, "4 MiB"));
}

static bool peer_has_whole_launch(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->peer.seen[WIRE_LAUNCH] > 1 && !t->peer.last.flags;
}

/* Another stream's frames pass between the pieces of a long LAUNCH. */
static void note_order(struct end *peer, const struct frame *f, const uint8_t *payload)
{
	uint32_t *order = peer->owner;

	(void)payload;
	if (f->type == WIRE_LAUNCH && f->stream == 1 && order[0] == 0)
		order[0] = peer->seen[0];
	if (f->type == WIRE_LAUNCH && f->stream == 3)
		order[1] = peer->seen[0];
	if (f->type == WIRE_LAUNCH && f->stream == 1 && !f->flags)
		order[2] = peer->seen[0];
}

static void long_launch_goes_in_pieces(void **state)
{
	static uint8_t payload[1024 * 1024];
	uint32_t order[3] = { 0 };
	struct fixture *t = *state;
	struct end *slow;

	peer_up(t);
	t->peer.on_frame = note_order;
	t->peer.owner = order;
	memcpy(payload, "\x63\0\0\0\xf8\xff\x0f\0", 8); /* one field of an unknown tag */
	slow = add(t, &t->pair.guest);
	end_hello(slow, "client's epoch..", NOBODY);
	end_send(slow, WIRE_LAUNCH, 0, WIRE_STREAM_ONLY, payload, sizeof(payload));
	end_hear(&t->peer, false);
	pair_run(&t->pair, some_time, 1000);
	end_launch(add(t, &t->pair.guest), "x");
	pair_run(&t->pair, guest_down, 100);
	end_hear(&t->peer, true);
	assert_true(pair_run(&t->pair, peer_has_whole_launch, 2000));
	assert_int_equal(t->peer.biggest, WIRE_PIECE_MAX);
	assert_true(order[0] < order[1] && order[1] < order[2]);
}

#define with_fixture(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_at_every_byte),
		with_fixture(cut_aborts_the_running_job),
		with_fixture(host_dies_between_frames),
		with_fixture(host_dies_in_a_frame),
		with_fixture(guest_dies_in_a_frame),
		with_fixture(silent_peer_fails_in_two_seconds),
		with_fixture(slow_start_is_not_silence),
		with_fixture(no_link_fails_in_two_seconds),
		with_fixture(launch_waits_for_the_link),
		with_fixture(too_much_data_fails_the_stream),
		cmocka_unit_test(bad_frames_fail_link_or_stream),
		with_fixture(new_epoch_fails_all_streams),
		with_fixture(border_is_searched_for),
		with_fixture(peer_without_hello_is_left),
		with_fixture(other_version_never_comes_up),
		with_fixture(bad_launch_is_refused),
		with_fixture(endless_launch_is_refused),
		with_fixture(long_launch_goes_in_pieces),
	};

	return cmocka_run_group_tests_name("trunk", tests, NULL, NULL);
}
