/* test_kinds.c: streams of bytes between two routers, who may open what, and
 * that no user takes all the places. */
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

#include "interop/link/router.h"
#include "interop/link/test/ends.h"

enum { ASKED = 380, BULK = 3 * 1024 * 1024 };

struct fixture {
	struct pair pair;
	/* what raw sockets have carried */
	int opener, server;
	size_t got[2], sent[2]; /* by the opener, by the server */
	bool eof[2], epipe[2];
};

static int setup(void **state)
{
	struct fixture *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	pair_init(&t->pair);
	t->pair.test = t;
	t->opener = t->server = -1;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *t = *state;
	int leaked;

	fd_close(&t->opener);
	fd_close(&t->server);
	leaked = pair_fini(&t->pair);
	free(t);
	return leaked;
}

static bool answered(struct pair *pair)
{
	const struct fixture *t = pair->test;
	const struct end *end = &t->pair.ends[t->pair.count - 1];

	return end->seen[WIRE_STARTED] || end->seen[WIRE_FAILED] || end->seen[WIRE_EXIT];
}

/* Opens bytes from the host side; both sockets are the test's afterwards. */
static void open_bytes(struct fixture *t)
{
	struct end *end;

	pair_up(&t->pair);
	end = pair_endpoint(&t->pair.host, 0);
	end_ask(end, OPEN_BYTES, OPEN_TAG_SERVICE, "files");
	assert_true(pair_run(&t->pair, answered, 20000));
	assert_int_equal(end->seen[WIRE_STARTED], 1);
	assert_string_equal(t->pair.guest.service, "files");
	t->opener = end->watch.fd;
	watch_remove(&end->watch);
	end->loop = NULL;
	t->server = t->pair.guest.served;
	t->pair.guest.served = -1;
	assert_true(t->server >= 0);
}

/* Byte i of either direction. */
static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static void move(struct fixture *t, int which, size_t want)
{
	int fd = which ? t->server : t->opener;
	uint8_t bytes[8192];
	ssize_t n = 1;

	while (t->sent[which] < want && n > 0) {
		size_t len = want - t->sent[which] < sizeof(bytes) ? want - t->sent[which] : 8192;

		for (size_t i = 0; i < len; i++)
			bytes[i] = byte_at(t->sent[which] + i);
		n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		t->sent[which] += n > 0 ? (size_t)n : 0;
		t->epipe[which] = t->epipe[which] || (n < 0 && errno == EPIPE);
	}
	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(bytes[i], byte_at(t->got[which]++));
	t->eof[which] = t->eof[which] || n == 0;
}

static bool bulk_passed(struct pair *pair)
{
	struct fixture *t = pair->test;

	move(t, 0, BULK);
	move(t, 1, BULK);
	return t->got[0] == BULK && t->got[1] == BULK;
}

static bool server_sees_end(struct pair *pair)
{
	struct fixture *t = pair->test;

	move(t, 1, 0);
	return t->eof[1];
}

static bool opener_sees_end(struct pair *pair)
{
	struct fixture *t = pair->test;

	move(t, 0, 0);
	return t->eof[0];
}

static bool nothing_is_left(struct pair *pair)
{
	return pair->guest.router->count == 0 && pair->host.router->count == 0;
}

/* More than the window, both ways at once; then each direction ends by itself. */
static void bytes_pass_both_ways(void **state)
{
	struct fixture *t = *state;

	open_bytes(t);
	assert_true(pair_run(&t->pair, bulk_passed, 30000));
	shutdown(t->opener, SHUT_WR);
	assert_true(pair_run(&t->pair, server_sees_end, 20000));
	assert_int_equal(send(t->server, "\x05\x0c\x13\x1a\x21", 5, 0), 5);
	t->got[0] = 0;
	t->sent[0] = BULK;
	assert_false(t->eof[0]);
	fd_close(&t->server);
	t->got[0] = 0;
	/* what was written last is still there, and then its end */
	for (uint8_t bytes[8]; t->got[0] < 5;) {
		ssize_t n = recv(t->opener, bytes, sizeof(bytes), MSG_DONTWAIT);

		t->got[0] += n > 0 ? (size_t)n : 0;
		pair_run(&t->pair, nothing_is_left, 1);
	}
	assert_true(pair_run(&t->pair, nothing_is_left, 20000));
	assert_int_equal(recv(t->opener, &(char){ 0 }, 1, MSG_DONTWAIT), 0);
}

static bool opener_cannot_write(struct pair *pair)
{
	struct fixture *t = pair->test;

	move(t, 0, SIZE_MAX);
	return t->epipe[0];
}

static void server_that_closes_is_told(void **state)
{
	struct fixture *t = *state;

	open_bytes(t);
	fd_close(&t->server);
	assert_true(pair_run(&t->pair, opener_sees_end, 20000));
	assert_true(pair_run(&t->pair, opener_cannot_write, 20000));
	assert_true(pair_run(&t->pair, nothing_is_left, 20000));
}

static void opener_that_closes_is_told(void **state)
{
	struct fixture *t = *state;

	open_bytes(t);
	assert_int_equal(send(t->opener, "\x00\x07\x0e", 3, 0), 3);
	fd_close(&t->opener);
	assert_true(pair_run(&t->pair, server_sees_end, 20000));
	assert_int_equal(t->got[1], 3);
	/* nobody reads any more: there is no half to keep open */
	assert_true(pair_run(&t->pair, nothing_is_left, 20000));
	assert_int_equal(send(t->server, "x", 1, MSG_NOSIGNAL), -1);
}

static void lost_link_closes_both(void **state)
{
	struct fixture *t = *state;

	open_bytes(t);
	pair_cut(&t->pair);
	assert_true(pair_run(&t->pair, opener_sees_end, 20000));
	assert_true(pair_run(&t->pair, server_sees_end, 20000));
	assert_true(pair_run(&t->pair, nothing_is_left, 20000));
}

static bool window_is_full(struct pair *pair)
{
	struct fixture *t = pair->test;
	size_t before = t->sent[1];

	for (int i = 0; i < 8; i++) {
		uint8_t bytes[8192] = { 0 };
		ssize_t n = send(t->server, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT);

		t->sent[1] += n > 0 ? (size_t)n : 0;
	}
	t->got[1] = t->sent[1] == before ? t->got[1] + 1 : 0;
	return t->got[1] > 100; /* a hundred turns without a byte taken */
}

/* A reader that does not read holds up its own stream, a window long. */
static void slow_reader_holds_a_window(void **state)
{
	struct fixture *t = *state;

	open_bytes(t);
	assert_true(pair_run(&t->pair, window_is_full, 30000));
	/* a window, and what the sockets at both ends and the link hold */
	assert_in_range(t->sent[1], 1, WIRE_CREDIT + 3 * 512 * 1024);
	fd_close(&t->opener);
	fd_close(&t->server);
	assert_true(pair_run(&t->pair, nothing_is_left, 20000));
}

static const struct {
	const char *name;
	uint32_t kind;
	enum open_tag tag;
	const char *value;
	bool forbid; /* by our side's owner */
	int refuse;  /* by the peer's */
	const char *want;
	uint32_t code;
} refusals[] = {
	{ "our owner", OPEN_BYTES, OPEN_TAG_SERVICE, "x", true, 0, "forbidden", 126 },
	{ "the peer's", OPEN_BYTES, OPEN_TAG_SERVICE, "x", false, 127, "not here", 127 },
	{ "connect", OPEN_CONNECT, OPEN_TAG_ADDRESS, "tcp:h:1", false, 126, "not here", 126 },
	{ "listen", OPEN_LISTEN, OPEN_TAG_ADDRESS, "tcp:h:1", false, 126, "not here", 126 },
	{ "events", OPEN_EVENTS, 0, NULL, false, 126, "not here", 126 },
	{ "a kind nobody knows", 77, 0, NULL, false, 126, "no such kind", 126 },
	{ "half an OPEN", OPEN_BYTES, 0, NULL, false, 0, "protocol", 125 },
};

/* What the server has sent of it, and the opener has. */
static bool came(struct pair *pair, size_t want)
{
	struct fixture *t = pair->test;

	move(t, 1, want);
	move(t, 0, 0);
	return t->got[0] == want;
}

static bool little_came(struct pair *pair)
{
	return came(pair, WIRE_CREDIT / 4 - 1);
}

static bool bulk_came(struct pair *pair)
{
	return came(pair, BULK);
}

static void no_trim(struct timer *timer)
{
	(void)timer;
}

/* All that a peer may send comes and goes at once, after a little that was not worth a
 * frame: nothing happens any more, and the peer has to hear of it all the same. */
static void window_that_is_taken_at_once_is_given_back(void **state)
{
	struct fixture *t = *state;
	const int much = 2 * WIRE_CREDIT;
	int ways[3];

	open_bytes(t);
	ways[0] = t->server;
	ways[1] = t->pair.guest.link;
	ways[2] = t->pair.host.router->streams[0]->end.fd;
	for (size_t i = 0; i < array_len(ways); i++)
		assert_int_equal(setsockopt(ways[i], SOL_SOCKET, SO_SNDBUF, &much, sizeof(much)),
				 0);
	t->pair.host.router->trim.fire = no_trim; /* which pumps, where much has passed */
	assert_true(pair_run(&t->pair, little_came, 20000));
	assert_true(pair_run(&t->pair, bulk_came, 20000));
}

static void refusals_are_typed(void **state)
{
	struct fixture *t = *state;

	pair_up(&t->pair);
	for (size_t i = 0; i < array_len(refusals); i++) {
		struct end *end = pair_endpoint(&t->pair.host, 0);

		t->pair.host.forbid = refusals[i].forbid;
		t->pair.guest.refuse = refusals[i].refuse;
		end_ask(end, refusals[i].kind, refusals[i].tag, refusals[i].value);
		assert_true(pair_run(&t->pair, answered, 20000));
		if (!end->seen[WIRE_FAILED] || end->failed.code != refusals[i].code ||
		    !strstr(end->failed.text.at, refusals[i].want))
			fail_msg("%s: %u %s", refusals[i].name, end->failed.code,
				 end->failed.text.at ? end->failed.text.at : "nothing");
	}
	assert_true(t->pair.guest.up);
}

/* Before the answer there is nothing to say. */
static void early_bytes_fail_the_stream(void **state)
{
	struct fixture *t = *state;
	struct end *end;

	pair_up(&t->pair);
	end = pair_endpoint(&t->pair.host, 0);
	end_ask(end, OPEN_BYTES, OPEN_TAG_SERVICE, "files");
	end_send(end, WIRE_DATA, 0, WIRE_STREAM_ONLY, "x", 1);
	assert_true(pair_run(&t->pair, answered, 20000));
	assert_true(end->seen[WIRE_FAILED] == 1);
}

/* --- shares ------------------------------------------------------------------- */

static void job_exits(struct end *job, const struct frame *f, const uint8_t *payload)
{
	(void)payload;
	if (f->type == WIRE_OPEN)
		end_exit(job, 0);
}

static bool all_idle_were_met(struct pair *pair)
{
	const struct fixture *t = pair->test;
	size_t failed = 0;

	for (size_t i = 0; i < t->pair.count; i++)
		failed += t->pair.ends[i].seen[WIRE_FAILED] > 0 || t->pair.ends[i].eof;
	return failed >= t->pair.count - 128;
}

/* The oldest silent ones of the greediest user give way; others are served, and the host. */
static void silent_connections_give_way(void **state)
{
	struct fixture *t = *state;
	struct end *quiet, *other;

	t->pair.host.on_job_frame = t->pair.guest.on_job_frame = job_exits;
	pair_up(&t->pair);
	quiet = pair_endpoint(&t->pair.guest, 1001);
	for (int i = 0; i < 390; i++)
		pair_endpoint(&t->pair.guest, 1000);
	assert_true(pair_run(&t->pair, all_idle_were_met, 20000));
	assert_non_null(strstr(t->pair.ends[1].failed.text.at, "gave way"));
	other = pair_endpoint(&t->pair.guest, 1002);
	end_launch(other, "x");
	assert_true(pair_run(&t->pair, answered, 20000));
	assert_int_equal(other->seen[WIRE_EXIT], 1);
	other = pair_endpoint(&t->pair.host, 0);
	end_launch(other, "x");
	assert_true(pair_run(&t->pair, answered, 20000));
	assert_int_equal(other->seen[WIRE_EXIT], 1);
	assert_int_equal(quiet->seen[WIRE_FAILED], 0);
	assert_false(quiet->eof);
}

static bool share_is_used(struct pair *pair)
{
	const struct fixture *t = pair->test;
	size_t failed = 0;

	for (size_t i = 0; i < t->pair.count; i++)
		failed += t->pair.ends[i].seen[WIRE_FAILED];
	return failed == ASKED - 176 && pair->host.job_count == 48;
}

static bool last_runs(struct pair *pair)
{
	const struct fixture *t = pair->test;

	return end_done(&t->pair.ends[t->pair.count - 1]);
}

/* One user's programs that never end, and as many that are refused and do not
 * go, leave places for another's. */
static void one_user_gets_a_share(void **state)
{
	struct fixture *t = *state;

	pair_up(&t->pair);
	for (int i = 0; i < ASKED; i++)
		pair_asking(&t->pair.guest, 1000, "x");
	assert_true(pair_run(&t->pair, share_is_used, 20000));
	t->pair.host.on_job_frame = job_exits;
	pair_asking(&t->pair.guest, 1001, "y");
	assert_true(pair_run(&t->pair, last_runs, 20000));
	assert_int_equal(t->pair.ends[t->pair.count - 1].seen[WIRE_EXIT], 1);
}

static bool third_failed(struct pair *pair)
{
	const struct fixture *t = pair->test;

	return t->pair.ends[2].seen[WIRE_FAILED];
}

/* Three OPENs of 3 MiB that never end are one too many for a user. */
static void big_openings_are_shared(void **state)
{
	static uint8_t most[3 * 1024 * 1024];
	struct fixture *t = *state;
	uint8_t header[WIRE_HEADER];
	const struct frame f = { sizeof(most) + 1, WIRE_OPEN, 0, WIRE_STREAM_ONLY };

	t->pair.host.on_job_frame = job_exits;
	pair_up(&t->pair);
	frame_encode(header, &f);
	for (int i = 0; i < 3; i++) {
		struct end *end = pair_endpoint(&t->pair.guest, 1000);

		end_hello(end, "client's epoch..", NULL);
		end_send_bytes(end, header, sizeof(header));
		end_send_bytes(end, most, sizeof(most));
	}
	assert_true(pair_run(&t->pair, third_failed, 20000));
	assert_int_equal(t->pair.ends[0].seen[WIRE_FAILED], 0);
	pair_asking(&t->pair.guest, 1001, "y");
	assert_true(pair_run(&t->pair, last_runs, 20000));
	assert_int_equal(t->pair.ends[t->pair.count - 1].seen[WIRE_EXIT], 1);
}

#define with_fixture(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fixture(bytes_pass_both_ways),
		with_fixture(server_that_closes_is_told),
		with_fixture(opener_that_closes_is_told),
		with_fixture(lost_link_closes_both),
		with_fixture(slow_reader_holds_a_window),
		with_fixture(refusals_are_typed),
		with_fixture(window_that_is_taken_at_once_is_given_back),
		with_fixture(early_bytes_fail_the_stream),
		with_fixture(silent_connections_give_way),
		with_fixture(one_user_gets_a_share),
		with_fixture(big_openings_are_shared),
	};

	return cmocka_run_group_tests_name("kinds", tests, NULL, NULL);
}
