/* test_guest_ports.c: the guest's ports as those of 127.0.0.1: for how long, and whose. */
#include "interop/host/posix/guest_ports.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct fixture {
	struct loop loop;
	struct guest_ports ports;
	struct timer stop;
	struct log log;
};

static void stop(struct timer *timer)
{
	container_of(timer, struct fixture, stop)->loop.stop = true;
}

static int setup(void **state)
{
	static struct fixture t;

	t = (struct fixture){ .stop.fire = stop, .log.fd = -1 };
	t.ports = (struct guest_ports){ .loop = &t.loop, .log = &t.log };
	assert_int_equal(loop_init(&t.loop), 0);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *t = *state;

	guest_ports_close(&t->ports);
	loop_fini(&t->loop);
	return 0;
}

/* What has happened so far is dealt with. */
static void settle(struct fixture *t)
{
	t->loop.stop = false;
	timer_start(&t->loop, &t->stop, 20);
	assert_int_equal(loop_run(&t->loop), 0);
}

/* One that nobody has. */
static uint32_t free_port(void)
{
	struct address a = { .kind = ADDRESS_TCP, .name = "127.0.0.1" };
	int fd = address_listen(&a);

	assert_true(fd >= 0);
	close(fd);
	return a.port;
}

static bool is_there(const char *host, uint32_t port)
{
	struct address a = { .kind = ADDRESS_TCP, .port = port };
	int fd;

	fmt(a.name, sizeof(a.name), "%s", host);
	fd = address_connect(&a);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* As the router gives it: OPEN, and what the guest has said behind it. */
static void tell(int fd, bool abort)
{
	static const char address[] = "tcp:127.0.0.1:1234";
	struct frame f = { 0, WIRE_OPEN, 0, WIRE_STREAM_ONLY };
	uint8_t bytes[128], payload[64];
	struct writer w, p;

	writer_init(&w, bytes, sizeof(bytes));
	writer_init(&p, payload, sizeof(payload));
	open_put_u32(&p, OPEN_TAG_KIND, OPEN_LISTEN);
	open_put_str(&p, OPEN_TAG_ADDRESS, address, strlen(address));
	f.length = (uint32_t)p.used;
	frame_put(&w, &f, payload);
	f = (struct frame){ 0, WIRE_ABORT, 0, WIRE_STREAM_ONLY };
	if (abort)
		frame_put(&w, &f, NULL);
	assert_int_equal(send(fd, bytes, w.used, MSG_NOSIGNAL), w.used);
}

static void lasts_as_long_as_its_stream(void **state)
{
	struct fixture *t = *state;
	uint32_t port = free_port();
	int fd = guest_port_open(&t->ports, port);

	assert_true(fd >= 0);
	tell(fd, false);
	settle(t);
	assert_non_null(t->ports.first);
	assert_false(is_there("127.0.0.2", port)); /* 127.0.0.1's and nobody else's */
	close(fd);
	settle(t);
	assert_null(t->ports.first);
	assert_false(is_there("127.0.0.1", port));
}

/* Also when that comes in one piece with its beginning. */
static void ends_with_what_ends_it(void **state)
{
	struct fixture *t = *state;
	uint32_t port = free_port();
	int fd = guest_port_open(&t->ports, port);

	assert_true(fd >= 0);
	tell(fd, true);
	settle(t);
	assert_null(t->ports.first);
	close(fd);
}

/* The guest's server was started again before we looked. */
static void the_same_again_at_once(void **state)
{
	struct fixture *t = *state;
	uint32_t port = free_port();

	for (int i = 0; i < 3; i++) {
		int fd = guest_port_open(&t->ports, port);

		assert_true(fd >= 0);
		tell(fd, true);
		close(fd);
	}
}

static void what_is_taken(void **state)
{
	struct fixture *t = *state;
	struct address a = { .kind = ADDRESS_TCP, .name = "127.0.0.1" };
	int fd = address_listen(&a), before = dup(0), after;

	close(before);
	assert_true(fd >= 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(guest_port_open(&t->ports, a.port), -EADDRINUSE);
	assert_null(t->ports.first);
	after = dup(0);
	assert_int_equal(after, before); /* nothing is left open */
	close(after);
	close(fd);
}

/* More callers than have places are hung up on, and no process is started for them. */
static void no_more_callers_than_places(void **state)
{
	struct fixture *t = *state;
	uint32_t port = free_port();
	struct address a = { .kind = ADDRESS_TCP, .name = "127.0.0.1", .port = port };
	int fd = guest_port_open(&t->ports, port), caller;
	struct pollfd p = { .events = POLLIN };
	char byte;

	assert_true(fd >= 0);
	tell(fd, false);
	for (size_t i = 0; i < GUEST_CALLERS_MAX; i++)
		t->ports.callers[i] = (pid_t)(1000000 + i);
	t->ports.caller_count = GUEST_CALLERS_MAX;
	caller = address_connect(&a);
	assert_true(caller >= 0);
	settle(t);
	p.fd = caller;
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_true(recv(caller, &byte, 1, 0) <= 0);
	guest_ports_reaped(&t->ports, 1);
	assert_int_equal(t->ports.caller_count, GUEST_CALLERS_MAX);
	guest_ports_reaped(&t->ports, 1000000 + 5);
	assert_int_equal(t->ports.caller_count, GUEST_CALLERS_MAX - 1);
	close(caller);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lasts_as_long_as_its_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_with_what_ends_it, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_again_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(no_more_callers_than_places, setup, teardown),
	};

	return cmocka_run_group_tests_name("guest_ports", tests, NULL, NULL);
}
