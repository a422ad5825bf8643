/* test_connection.c: peers that lie, are silent, or speak another language. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/link/router.h"
#include "interop/link/test/ends.h"

struct fixture {
	struct pair pair;
	struct end peer; /* a host by hand, in place of its router */
	int64_t began;
};

static int setup(void **state)
{
	struct fixture *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	pair_init(&t->pair);
	t->pair.test = t;
	t->peer.watch.fd = -1;
	t->began = loop_now();
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *t = *state;
	int fds;

	end_close(&t->peer);
	fds = pair_fini(&t->pair);
	free(t);
	return fds;
}

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

static void peer_dials(struct fixture *t)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	end_open(&t->peer, &t->pair.loop, sv[0]);
	side_plug(&t->pair.guest, sv[1]);
}

/* The guest's epoch is where HELLO has it. */
static const uint8_t *guest_epoch(const struct fixture *t)
{
	return t->peer.payload + 12;
}

static void peer_up(struct fixture *t)
{
	peer_dials(t);
	assert_true(pair_run(&t->pair, peer_has_hello, 20000));
	end_hello(&t->peer, EPOCH, guest_epoch(t));
	assert_true(pair_run(&t->pair, guest_up, 20000));
}

static bool peer_has_launch(struct pair *pair)
{
	struct fixture *t = pair->test;

	return t->peer.seen[WIRE_OPEN] == t->pair.count && t->peer.seen[WIRE_PING];
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

/* Only a dead or stopped peer lets a PING wait; the next OPEN knows. */
static void silent_peer_fails_in_two_seconds(void **state)
{
	struct fixture *t = *state;
	int64_t began;

	peer_up(t);
	began = loop_now();
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, pair_done, 4000));
	assert_in_range(loop_now() - began, 1900, 2500);
	assert_non_null(strstr(t->pair.ends[0].failed.text.at, "does not answer"));
	assert_true(pair_run(&t->pair, peer_has_abort, 20000));

	began = loop_now();
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_in_range(loop_now() - began, 0, 500);
	assert_true(t->pair.guest.up);
}

/* What it had sent before it stopped, of whatever kind, is no answer. */
static void last_bytes_are_no_answer(void **state)
{
	struct fixture *t = *state;
	int64_t began;

	peer_up(t);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 20000));
	began = loop_now();
	end_send(&t->peer, WIRE_PING, 0, 0, NULL, 0);
	assert_true(pair_run(&t->pair, pair_done, 8000));
	assert_in_range(loop_now() - began, 1900, 2600);
}

/* Nor is PONG to a PING that went out before the OPEN did. */
static void early_pong_is_no_answer(void **state)
{
	struct fixture *t = *state;

	peer_up(t);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 20000));
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 20000));
	end_send(&t->peer, WIRE_PONG, 0, 0, NULL, 0);
	assert_true(pair_run(&t->pair, pair_done, 8000));
}

static void slow_start_is_not_silence(void **state)
{
	struct fixture *t = *state;

	peer_up(t);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 20000));
	end_send(&t->peer, WIRE_PONG, 0, 0, NULL, 0);
	assert_false(pair_run(&t->pair, pair_done, 2500));
	end_send_u32(&t->peer, WIRE_EXIT, 0, 1, 4);
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(t->pair.ends[0].exit, 4);
}

static void no_link_fails_in_two_seconds(void **state)
{
	struct fixture *t = *state;
	int64_t began = loop_now();

	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, pair_done, 4000));
	assert_in_range(loop_now() - began, 1900, 2500);
	assert_non_null(strstr(t->pair.ends[0].failed.text.at, "no agent"));
	began = loop_now();
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_in_range(loop_now() - began, 0, 500);
}

static bool some_time(struct pair *pair)
{
	struct fixture *t = pair->test;

	return loop_now() - t->began > 300;
}

static void open_waits_for_the_link(void **state)
{
	struct fixture *t = *state;

	t->pair.host.on_job_frame = job_answers;
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, some_time, 20000));
	pair_connect(&t->pair);
	assert_true(pair_run(&t->pair, pair_done, 1500));
	assert_int_equal(t->pair.ends[0].exit, 6);
}

static void too_much_data_fails_the_stream(void **state)
{
	static uint8_t bytes[WIRE_DATA_MAX];
	struct fixture *t = *state;

	peer_up(t);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	t->pair.ends[0].generous = false;
	assert_true(pair_run(&t->pair, peer_has_launch, 20000));
	for (int i = 0; i < 5; i++)
		end_send(&t->peer, WIRE_DATA, 1, 1, bytes, sizeof(bytes));
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(t->pair.ends[0].data[1], WIRE_CREDIT);
	assert_non_null(strstr(t->pair.ends[0].failed.text.at, "protocol"));
	assert_true(pair_run(&t->pair, peer_has_abort, 20000));

	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 20000));
	assert_int_equal(t->peer.last.stream, 3);
	end_send_u32(&t->peer, WIRE_EXIT, 0, 1, 9); /* the dead stream: ignored */
	end_send_u32(&t->peer, WIRE_EXIT, 0, 3, 4);
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(t->pair.ends[1].exit, 4);
}

struct bad_frame {
	const char *name;
	struct frame frame;
	bool link; /* the link is failed, not the stream alone */
};

static const struct bad_frame bad_frames[] = {
	{ "unknown type", { 0, 99, 0, 1 }, true },
	{ "too long", { WIRE_DATA_MAX + 1, WIRE_DATA, 1, 1 }, true },
	{ "launch in one long frame", { WIRE_PIECE_MAX + 1, WIRE_OPEN, 0, 2 }, true },
	{ "launch of our own", { 0, WIRE_OPEN, 0, 3 }, true },
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
	static const uint8_t bytes[WIRE_DATA_MAX + 1] = { 1, 0, 0, 1 };
	uint8_t header[WIRE_HEADER];
	struct fixture *t;

	setup(state);
	t = *state;
	peer_up(t);
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 20000));
	frame_encode(header, &c->frame);
	end_send_bytes(&t->peer, header, sizeof(header));
	end_send_bytes(&t->peer, bytes, c->frame.length);
	if (!pair_run(&t->pair, pair_done, 1000))
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
	end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 20000));
	t->peer.seen[WIRE_HELLO] = 0;
	end_hello(&t->peer, "another epoch...", NOBODY);
	assert_true(pair_run(&t->pair, pair_done, 20000));
	assert_int_equal(t->pair.ends[0].failed.code, 125);
	assert_true(pair_run(&t->pair, peer_has_hello, 20000));
	assert_memory_equal(guest_epoch(t) + WIRE_EPOCH, "another epoch...", WIRE_EPOCH);
	assert_false(t->pair.guest.up);
	end_hello(&t->peer, "another epoch...", guest_epoch(t));
	assert_true(pair_run(&t->pair, guest_up, 20000));
}

enum { CALLERS = 8, MUCH = 16000 };

/* The peer's HELLO came, then frames of streams that it cannot know. */
static void note_stale(struct end *peer, const struct frame *f, const uint8_t *payload)
{
	int *stale = peer->owner;
	struct hello h;

	if (f->type == WIRE_HELLO && hello_decode(&h, payload, f->length) == 0 &&
	    memcmp(h.echo, "another epoch...", WIRE_EPOCH) == 0)
		*stale = 0;
	else if (*stale >= 0 && f->stream)
		++*stale;
}

static bool is_greeted(struct pair *pair)
{
	struct fixture *t = pair->test;

	return *(int *)t->peer.owner >= 0 && pair_done(pair);
}

static bool line_is_full(struct pair *pair)
{
	struct pollfd line = { .fd = pair->guest.link, .events = POLLOUT };
	size_t left = 0;

	for (size_t i = 0; i < pair->count; i++)
		left += pair->ends[i].out.used;
	return left == 0 && poll(&line, 1, 0) == 0;
}

/* What was to leave next for the old peer does not reach the new one. */
static void new_epoch_hears_nothing_old(void **state)
{
	struct fixture *t = *state;
	int small = 20000, stale = -1;

	peer_up(t);
	assert_int_equal(
		setsockopt(t->pair.guest.link, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < CALLERS; i++)
		end_launch(pair_endpoint(&t->pair.guest, 1000), "x");
	assert_true(pair_run(&t->pair, peer_has_launch, 20000));
	end_hear(&t->peer, false);
	for (int i = 0; i < CALLERS; i++)
		end_data(&t->pair.ends[i], 0, MUCH);
	assert_true(pair_run(&t->pair, line_is_full, 20000));
	end_hello(&t->peer, "another epoch...", NOBODY);
	t->peer.on_frame = note_stale;
	t->peer.owner = &stale;
	end_hear(&t->peer, true);
	assert_true(pair_run(&t->pair, is_greeted, 20000));
	end_hello(&t->peer, "another epoch...", guest_epoch(t));
	assert_true(pair_run(&t->pair, guest_up, 20000));
	end_send(&t->peer, WIRE_PING, 0, 0, NULL, 0);
	assert_true(pair_run(&t->pair, peer_has_pong, 20000));
	assert_int_equal(stale, 0);
}

/* By frames that it takes whole or not at all. */
static bool link_is_full(struct pair *pair)
{
	const struct connection *t = &pair->guest.router->connection;
	static const uint8_t bytes[10000];

	if (pair->guest.served >= 0 && !t->blocked)
		send(pair->guest.served, bytes, sizeof(bytes), MSG_DONTWAIT);
	return t->blocked && !t->out.used && t->flight.header_left == WIRE_HEADER;
}

static bool stream_is_shut(struct pair *pair)
{
	return pair->guest.router->streams[0]->flow[1].eof;
}

/* Who filled the link takes what is to be sent with it, and the link goes on. */
static void end_of_a_stream_leaves_no_full_link(void **state)
{
	struct fixture *t = *state;
	uint8_t payload[64];
	struct writer w;

	peer_up(t);
	writer_init(&w, payload, sizeof(payload));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_BYTES);
	open_put_str(&w, OPEN_TAG_SERVICE, "files", 5);
	end_hear(&t->peer, false);
	end_send(&t->peer, WIRE_OPEN, 0, 2, payload, w.used);
	assert_true(pair_run(&t->pair, link_is_full, 20000));
	end_send(&t->peer, WIRE_CLOSED, 1, 2, NULL, 0);
	assert_true(pair_run(&t->pair, stream_is_shut, 20000));
	end_hear(&t->peer, true);
	end_send(&t->peer, WIRE_PING, 0, 0, NULL, 0);
	assert_true(pair_run(&t->pair, peer_has_pong, 20000));
}

/* The rest of somebody's frame, which may look like a HELLO, is not trusted. */
static void border_is_searched_for(void **state)
{
	struct fixture *t = *state;

	peer_dials(t);
	assert_true(pair_run(&t->pair, peer_has_hello, 20000));
	end_send_bytes(&t->peer, "\0\0\0\0\2\0\0\0\0\0\0\0 rubbish", 20);
	end_hello(&t->peer, "a forged epoch..", "not the guest's.");
	end_hello(&t->peer, "a forged epoch..", NOBODY);
	end_send_u32(&t->peer, WIRE_EXIT, 0, 1, 9);
	end_hello(&t->peer, EPOCH, guest_epoch(t));
	end_send(&t->peer, WIRE_PING, 0, 0, NULL, 0);
	assert_true(pair_run(&t->pair, guest_up, 20000));
	assert_true(pair_run(&t->pair, peer_has_pong, 20000));
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
	assert_true(pair_run(&t->pair, peer_hung_up, 20000));
	assert_in_range(loop_now() - began, 900, 1500);
	assert_int_equal(t->peer.seen[WIRE_HELLO], 1);
}

static void other_version_never_comes_up(void **state)
{
	struct fixture *t = *state;
	uint8_t hello[WIRE_HELLO_MIN];

	peer_dials(t);
	assert_true(pair_run(&t->pair, peer_has_hello, 20000));
	memcpy(hello, "LANDBRDG\3\0\4\0" EPOCH, 28);
	memcpy(hello + 28, guest_epoch(t), WIRE_EPOCH);
	memset(hello + 44, 0, 4);
	end_send(&t->peer, WIRE_HELLO, 0, 0, hello, sizeof(hello));
	assert_true(pair_run(&t->pair, peer_hung_up, 20000));
	assert_int_equal(t->pair.guest.ups, 0);
}

static void bad_launch_is_refused(void **state)
{
	struct fixture *t = *state;

	peer_up(t);
	end_send(&t->peer, WIRE_OPEN, WIRE_MORE, 2, "\3\0\0\0", 4);
	end_send(&t->peer, WIRE_OPEN, 0, 2, "\5\0\0\0no", 6);
	assert_true(pair_run(&t->pair, peer_has_failed, 20000));
	assert_int_equal(t->peer.failed.code, 125);
	assert_int_equal(t->pair.guest.job_count, 0);
	assert_true(t->pair.guest.up);
}

static bool guest_has_job(struct pair *pair)
{
	return pair->guest.job_count && pair->guest.jobs[0]->seen[WIRE_OPEN];
}

static void endless_launch_is_refused(void **state)
{
	static uint8_t piece[WIRE_PIECE_MAX];
	struct fixture *t = *state;

	peer_up(t);
	for (int i = 0; i < 70; i++)
		end_send(&t->peer, WIRE_OPEN, WIRE_MORE, 2, piece, sizeof(piece));
	end_send(&t->peer, WIRE_OPEN, 0, 4, "\11\0\0\0\4\0\0\0\1\0\0\0", 12);
	assert_true(pair_run(&t->pair, guest_has_job, 20000));
	assert_int_equal(t->peer.seen[WIRE_FAILED], 1);
	assert_int_equal(t->peer.last.stream, 2);
	assert_non_null(strstr(t->peer.failed.text.at, "4 MiB"));
}

static bool peer_has_whole_launch(struct pair *pair)
{
	struct fixture *t = pair->test;

	return ((const uint32_t *)t->peer.owner)[2] > 0;
}

/* Another stream's frames pass between the pieces of a long OPEN. */
static void note_order(struct end *peer, const struct frame *f, const uint8_t *payload)
{
	uint32_t *order = peer->owner;

	(void)payload;
	if (f->type == WIRE_OPEN && f->stream == 1 && order[0] == 0)
		order[0] = peer->seen[0];
	if (f->type == WIRE_OPEN && f->stream == 3)
		order[1] = peer->seen[0];
	if (f->type == WIRE_OPEN && f->stream == 1 && !f->flags)
		order[2] = peer->seen[0];
}

/* Its first pieces wait for a peer that does not read. */
static bool slow_is_under_way(struct pair *pair)
{
	struct fixture *t = pair->test;
	int waiting = 0;

	return ioctl(t->peer.watch.fd, FIONREAD, &waiting) == 0 && waiting > WIRE_PIECE_MAX;
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
	/* the kind, and one field of an unknown tag */
	memcpy(payload, "\11\0\0\0\4\0\0\0\1\0\0\0\x63\0\0\0\xec\xff\x0f\0", 20);
	slow = pair_endpoint(&t->pair.guest, 1000);
	end_hello(slow, "client's epoch..", NOBODY);
	end_send(slow, WIRE_OPEN, 0, WIRE_STREAM_ONLY, payload, sizeof(payload));
	end_hear(&t->peer, false);
	assert_true(pair_run(&t->pair, slow_is_under_way, 20000));
	pair_asking(&t->pair.guest, 1000, "x");
	end_hear(&t->peer, true);
	assert_true(pair_run(&t->pair, peer_has_whole_launch, 20000));
	assert_int_equal(t->peer.biggest, WIRE_PIECE_MAX);
	assert_true(order[0] < order[1] && order[1] < order[2]);
}

#define with_fixture(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fixture(silent_peer_fails_in_two_seconds),
		with_fixture(last_bytes_are_no_answer),
		with_fixture(early_pong_is_no_answer),
		with_fixture(slow_start_is_not_silence),
		with_fixture(no_link_fails_in_two_seconds),
		with_fixture(open_waits_for_the_link),
		with_fixture(too_much_data_fails_the_stream),
		cmocka_unit_test(bad_frames_fail_link_or_stream),
		with_fixture(new_epoch_fails_all_streams),
		with_fixture(new_epoch_hears_nothing_old),
		with_fixture(end_of_a_stream_leaves_no_full_link),
		with_fixture(border_is_searched_for),
		with_fixture(peer_without_hello_is_left),
		with_fixture(other_version_never_comes_up),
		with_fixture(bad_launch_is_refused),
		with_fixture(endless_launch_is_refused),
		with_fixture(long_launch_goes_in_pieces),
	};

	return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
