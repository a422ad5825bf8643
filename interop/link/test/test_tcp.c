/* test_tcp.c: a guest that calls over TCP, the gate it calls at, and whoever else is
 * at the door. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/link/dialer.h"
#include "interop/link/test/ends.h"
#include "interop/link/test/strange.h"
#include "interop/link/tls.h"
#include "interop/link/tunnel.h"
#include "lib/lib.h"

enum { KNOCKS = 1000, PLACES = 32, PLACE_BYTES = 64 * 1024 };

/* The sanitizer's; its header is not installed with every compiler. */
size_t __sanitizer_get_current_allocated_bytes(void);

struct fixture {
	struct pair pair; /* its routers have no link of their own */
	struct key guest, host;
	struct address to;
	struct dialer *gate, *call;
	struct transport *at_gate, *at_call;
	unsigned let_in, turned_away;
	int refused, called; /* the last errors */
	char who[64];
	int knocks[KNOCKS];
	unsigned knocked;
	size_t most; /* bytes of the heap that were in use */
};

static struct fixture *now;

/* --- one try each, without routers ------------------------------------------------- */

static void gate_done(struct dialer *d, struct transport *t, int error)
{
	(void)d;
	assert_int_equal(error, 0);
	transport_close(now->at_gate);
	now->at_gate = t;
	now->let_in++;
}

static void gate_refused(struct dialer *d, const char *who, int error)
{
	(void)d;
	now->turned_away++;
	now->refused = error;
	if (__sanitizer_get_current_allocated_bytes() > now->most)
		now->most = __sanitizer_get_current_allocated_bytes();
	fmt(now->who, sizeof(now->who), "%s", who);
}

static void call_done(struct dialer *d, struct transport *t, int error)
{
	(void)d;
	transport_close(now->at_call);
	now->at_call = t;
	now->called = error ? error : 1;
}

static int free_port(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&name, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	close(fd);
	return ntohs(name.sin_port);
}

static void gate_open(struct fixture *t)
{
	assert_int_equal(dialer_of_host(&t->gate, &t->pair.loop, &t->to, &t->host), 0);
	t->gate->done = gate_done;
	t->gate->refused = gate_refused;
	t->gate->ops->start(t->gate);
}

static void call(struct fixture *t, const struct key *key)
{
	dialer_destroy(t->call);
	t->called = 0;
	assert_int_equal(dialer_of_guest(&t->call, &t->pair.loop, &t->to, key), 0);
	t->call->done = call_done;
	t->call->ops->start(t->call);
}

static int setup(void **state)
{
	static const uint8_t random[2 * KEY_SEED] = { 7 };
	struct fixture *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	pair_init(&t->pair);
	key_make_pair(&t->guest, &t->host, random, 0);
	t->to = (struct address){ .kind = ADDRESS_TCP, .port = (uint32_t)free_port() };
	fmt(t->to.name, sizeof(t->to.name), "127.0.0.1");
	for (int i = 0; i < KNOCKS; i++)
		t->knocks[i] = -1;
	now = t;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *t = *state;

	transport_close(t->at_gate);
	transport_close(t->at_call);
	dialer_destroy(t->gate);
	dialer_destroy(t->call);
	for (int i = 0; i < KNOCKS; i++)
		fd_close(&t->knocks[i]);
	pair_fini(&t->pair);
	free(t);
	strange_set(0);
	return 0;
}

static bool called(struct pair *pair)
{
	(void)pair;
	return now->called != 0;
}

static bool called_and_let_in(struct pair *pair)
{
	return called(pair) && now->let_in;
}

static bool turned_away(struct pair *pair)
{
	(void)pair;
	return now->turned_away != 0;
}

static bool both_told(struct pair *pair)
{
	return called(pair) && turned_away(pair);
}

static void the_right_key_is_let_in(void **state)
{
	struct fixture *t = *state;

	gate_open(t);
	call(t, &t->guest);
	assert_true(pair_run(&t->pair, called_and_let_in, 5000));
	assert_int_equal(t->called, 1);
	assert_int_equal(t->turned_away, 0);
}

static void another_key_is_refused_on_both_sides(void **state)
{
	static const uint8_t random[2 * KEY_SEED] = { 8 };
	struct fixture *t = *state;
	struct key wrong, other;

	gate_open(t);
	key_make_pair(&wrong, &other, random, 0);
	memcpy(wrong.peer, t->guest.peer, KEY_PEER);
	call(t, &wrong);
	assert_true(pair_run(&t->pair, both_told, 5000));
	assert_int_equal(t->refused, -EKEYREJECTED);
	assert_int_equal(t->called, -ECONNREFUSED);
	assert_memory_equal(t->who, "127.0.0.1:", 10);
	assert_int_equal(t->turned_away, 1);

	t->turned_away = 0; /* the guest knows another host */
	key_make_pair(&wrong, &other, random, 0);
	memcpy(wrong.own, t->guest.own, KEY_OWN);
	call(t, &wrong);
	assert_true(pair_run(&t->pair, both_told, 5000));
	assert_int_equal(t->called, -EKEYREJECTED);
	assert_int_equal(t->refused, -ECONNREFUSED);

	t->turned_away = 0; /* and the next good one works */
	call(t, &t->guest);
	assert_true(pair_run(&t->pair, called_and_let_in, 2000));
	assert_int_equal(t->turned_away, 0);
}

static void an_expired_key_is_void_on_both_sides(void **state)
{
	struct fixture *t = *state;
	struct key old = t->guest;

	old.until = time(NULL) - 1;
	t->host.until = old.until;
	gate_open(t);
	call(t, &old); /* does not even call */
	assert_int_equal(t->called, -EKEYEXPIRED);
	call(t, &t->guest); /* one whose clock is slow */
	assert_true(pair_run(&t->pair, turned_away, 5000));
	assert_int_equal(t->refused, -EKEYEXPIRED);
	assert_int_equal(t->let_in, 0);
}

static void no_key_no_link(void **state)
{
	struct fixture *t = *state;

	assert_int_equal(dialer_of_host(&t->gate, &t->pair.loop, &t->to, NULL), -ENOKEY);
	assert_int_equal(dialer_of_guest(&t->call, &t->pair.loop, &t->to, NULL), -ENOKEY);
	fmt(t->to.name, sizeof(t->to.name), "localhost");
	assert_int_equal(dialer_of_guest(&t->call, &t->pair.loop, &t->to, &t->guest),
			 -EADDRNOTAVAIL);
	fmt(t->to.name, sizeof(t->to.name), "fe80::1%%nowhere0");
	assert_int_equal(dialer_of_host(&t->gate, &t->pair.loop, &t->to, &t->host), -EADDRNOTAVAIL);
	fmt(t->to.name, sizeof(t->to.name), "::1");
	t->to.port = (uint32_t)free_port();
	assert_int_equal(dialer_of_guest(&t->call, &t->pair.loop, &t->to, &t->guest), 0);
}

static void nobody_there_is_an_error(void **state)
{
	struct fixture *t = *state;

	call(t, &t->guest);
	assert_true(pair_run(&t->pair, called, 5000));
	assert_int_equal(t->called, -ECONNREFUSED);
}

/* --- those who only knock --------------------------------------------------------------- */

static void knock_with(struct fixture *t, int i, const void *says, size_t len)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)t->to.port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	t->knocks[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(t->knocks[i] >= 0);
	if (connect(t->knocks[i], (struct sockaddr *)&name, sizeof(name)) < 0)
		assert_int_equal(errno, EINPROGRESS);
	if (len)
		(void)!send(t->knocks[i], says, len, MSG_NOSIGNAL);
}

static void knock(struct fixture *t, int i, const char *says)
{
	knock_with(t, i, says, says ? strlen(says) : 0);
}

/* What a guest with a key of another pair says first. */
static size_t others_hello(uint8_t *out, size_t size)
{
	static const uint8_t random[2 * KEY_SEED] = { 11 }, seed[TLS_SEED] = { 12 };
	struct key one, other;
	struct tls *tls;
	const uint8_t *at;
	size_t len;

	key_make_pair(&one, &other, random, 0);
	tls = tls_create(TLS_CLIENT, &one, seed);
	assert_non_null(tls);
	at = tls_buffer(tls, TLS_WIRE_OUT, &len);
	assert_true(at && len <= size);
	memcpy(out, at, len);
	tls_destroy(tls);
	return len;
}

static bool none_is_left(struct pair *pair)
{
	(void)pair;
	return now->turned_away == PLACES + 1;
}

/* More than there are places hold the door; the right one is let in at once, and
 * they are all gone after their time. */
static void who_holds_the_door_gives_way(void **state)
{
	struct fixture *t = *state;

	gate_open(t);
	for (int i = 0; i < PLACES + 1; i++)
		knock(t, i, NULL);
	call(t, &t->guest);
	assert_true(pair_run(&t->pair, called_and_let_in, 2000));
	assert_int_equal(t->called, 1);
	assert_int_equal(t->refused, -ENOBUFS);
	assert_true(pair_run(&t->pair, none_is_left, 7000));
	assert_int_equal(t->refused, -ETIMEDOUT);
}

static bool one_is_turned_away(struct pair *pair)
{
	(void)pair;
	return now->turned_away == 1;
}

/* The time is for all of the greeting: a byte now and then buys no more of it. */
static void who_dribbles_is_turned_away(void **state)
{
	static const uint8_t hello[64] = { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 };
	struct fixture *t = *state;
	bool gone = false;

	gate_open(t);
	knock(t, 0, NULL);
	for (size_t i = 0; i < sizeof(hello) && !gone; i++) {
		(void)!send(t->knocks[0], hello + i, 1, MSG_NOSIGNAL);
		gone = pair_run(&t->pair, one_is_turned_away, 200);
	}
	assert_true(gone);
	assert_int_equal(t->refused, -ETIMEDOUT);
}

static bool the_rest_has_places(struct pair *pair)
{
	(void)pair;
	return now->turned_away + PLACES >= now->knocked;
}

static bool all_turned_away(struct pair *pair)
{
	(void)pair;
	return now->turned_away == KNOCKS;
}

/* Half of them begin a handshake and cost a signature. Each is refused, once; memory is
 * what 32 handshakes take; the next one works. */
static void a_thousand_at_once(void **state)
{
	struct fixture *t = *state;
	struct rlimit files = { 4096, 4096 };
	uint8_t hello[512];
	size_t len = others_hello(hello, sizeof(hello)), before;
	int64_t took;

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		skip();
	gate_open(t);
	before = __sanitizer_get_current_allocated_bytes();
	for (int i = 0; i < KNOCKS; i++) {
		if (i % 2)
			knock_with(t, i, hello, len);
		else
			knock(t, i, i % 4 ? "GET / HTTP/1.1\r\n\r\n" : NULL);
		t->knocked++;
		if (i % 64 == 63) /* the backlog is 128 long */
			assert_true(pair_run(&t->pair, the_rest_has_places, 5000));
	}
	took = loop_now();
	call(t, &t->guest);
	assert_true(pair_run(&t->pair, called_and_let_in, 2000));
	took = loop_now() - took;
	assert_int_equal(t->called, 1);
	if (!pair_run(&t->pair, all_turned_away, 15000))
		fail_msg("%u of %d were turned away", t->turned_away, KNOCKS);
	assert_in_range(t->most - before, PLACES / 2 * sizeof(struct key),
			PLACES * (size_t)PLACE_BYTES);
	print_message("the right one: %lld ms after a thousand others; they took %zu KiB\n",
		      (long long)took, (t->most - before) / 1024);
}

/* Handshake after handshake, each to its end: none is refused and nothing is left. */
static void a_thousand_one_after_another(void **state)
{
	struct fixture *t = *state;
	int fds = 0;

	gate_open(t);
	for (int i = 0; i < KNOCKS; i++) {
		unsigned before = t->let_in;

		call(t, &t->guest);
		assert_true(pair_run(&t->pair, called, 5000));
		assert_int_equal(t->called, 1);
		while (t->let_in == before) {
			t->gate->ops->start(t->gate);
			pair_run(&t->pair, called, 0);
		}
		fds = i == 10 ? fds_open() : fds;
	}
	assert_int_equal(t->turned_away, 0);
	assert_in_range(fds_open(), fds - 3, fds + 3);
}

static void whoever_is_no_tls_is_refused(void **state)
{
	struct fixture *t = *state;

	gate_open(t);
	knock(t, 0, "GET / HTTP/1.1\r\n\r\n");
	assert_true(pair_run(&t->pair, turned_away, 2000));
	assert_int_equal(t->refused, -EPROTO);
}

/* --- whole links --------------------------------------------------------------------------- */

static bool linked(struct pair *pair)
{
	return pair->guest.up && pair->host.up;
}

static bool linked_again(struct pair *pair)
{
	return linked(pair) && pair->host.ups == 2;
}

static void link_over_tcp(struct fixture *t)
{
	struct dialer *gate, *caller;

	assert_int_equal(dialer_of_host(&gate, &t->pair.loop, &t->to, &t->host), 0);
	router_dial(t->pair.host.router, gate);
	assert_int_equal(dialer_of_guest(&caller, &t->pair.loop, &t->to, &t->guest), 0);
	router_dial(t->pair.guest.router, caller);
	assert_true(pair_run(&t->pair, linked, 5000));
}

static bool served(struct pair *pair)
{
	return pair->host.job_count && pair->host.jobs[0]->seen[WIRE_OPEN];
}

static struct end *client;
enum { BULK = 256 * 1024 };

static bool all_arrived(struct pair *pair)
{
	(void)pair;
	return client->seen[WIRE_EXIT] && client->data[1] == BULK;
}

static void a_program_over_tcp(void **state)
{
	struct fixture *t = *state;

	link_over_tcp(t);
	client = pair_asking(&t->pair.guest, 1000, "/mnt/c/a.exe");
	assert_true(pair_run(&t->pair, served, 2000));
	for (int i = 0; i < BULK / 65536; i++)
		end_data(t->pair.host.jobs[0], 1, 65536);
	end_exit(t->pair.host.jobs[0], 7);
	assert_true(pair_run(&t->pair, all_arrived, 20000));
	assert_int_equal(client->exit, 7);
}

/* It was cut off without a word, and comes again while the host still thinks that it
 * is there. */
static void who_comes_again_has_the_link(void **state)
{
	struct fixture *t = *state;
	struct dialer *caller;

	link_over_tcp(t);
	/* The same key from elsewhere. */
	call(t, &t->guest);
	assert_true(pair_run(&t->pair, called, 2000));
	assert_int_equal(t->called, 1);
	transport_close(t->at_call);
	t->at_call = NULL;
	assert_int_equal(dialer_of_guest(&caller, &t->pair.loop, &t->to, &t->guest), 0);
	router_dial(t->pair.guest.router, caller);
	assert_true(pair_run(&t->pair, linked_again, 10000));
}

/* A tunnel over a transport that writes a byte at a time, says -EAGAIN for nothing, and
 * hoards what it has read. */
static void over_a_strange_transport(void **state)
{
	struct fixture *t = *state;

	for (unsigned kind = 0; kind <= STRANGE_ALL; kind++) {
		struct transport *ends[2];
		const struct key *keys[2] = { &t->guest, &t->host };
		uint8_t bytes[40000], got[40000];
		size_t in = 0, out = 0;
		int sv[2];

		strange_set(kind);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
		for (int i = 0; i < 2; i++)
			assert_int_equal(tunnel_create(&ends[i], strange_transport(sv[i]),
						       i ? TLS_SERVER : TLS_CLIENT, keys[i]),
					 0);
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(i * 31);
		while (out < sizeof(bytes)) {
			struct iovec put = { bytes + in, sizeof(bytes) - in };
			struct iovec take = { got + out, sizeof(got) - out };
			ssize_t n = put.iov_len ? ends[0]->ops->writev(ends[0], &put, 1) : 0;

			assert_true(n >= 0 || n == -EAGAIN);
			in += n > 0 ? (size_t)n : 0;
			n = ends[1]->ops->readv(ends[1], &take, 1);
			assert_true(n > 0 || n == -EAGAIN);
			out += n > 0 ? (size_t)n : 0;
			/* what is still to be sent goes with reading */
			assert_int_equal(ends[0]->ops->readv(ends[0], &take, 1), -EAGAIN);
		}
		assert_memory_equal(bytes, got, sizeof(bytes));
		transport_close(ends[0]);
		transport_close(ends[1]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_right_key_is_let_in),
		TEST(another_key_is_refused_on_both_sides),
		TEST(an_expired_key_is_void_on_both_sides),
		TEST(no_key_no_link),
		TEST(nobody_there_is_an_error),
		TEST(who_holds_the_door_gives_way),
		TEST(who_dribbles_is_turned_away),
		TEST(a_thousand_at_once),
		TEST(a_thousand_one_after_another),
		TEST(whoever_is_no_tls_is_refused),
		TEST(a_program_over_tcp),
		TEST(who_comes_again_has_the_link),
		TEST(over_a_strange_transport),
	};

	return cmocka_run_group_tests_name("link over TCP", tests, NULL, NULL);
}
