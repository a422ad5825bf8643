/* test_cookie.c: who may call an agent over TCP on its own host. */
#include "interop/link/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fmt.h"
#include "lib/test/cmocka_all.h"

#define ASK "000102030405060708090a0b0c0d0e0f"
#define ANSWER "ffeeddccbbaa99887766554433221100"

static void test_text(void **state)
{
	static const char *const wrong[] = {
		"",
		"boat",
		"boat 1 " ASK,
		"boat 0 " ASK " " ANSWER,
		"boat 65536 " ASK " " ANSWER,
		"boat 1x " ASK " " ANSWER,
		" 1 " ASK " " ANSWER,
		"boat 1 " ASK " " ANSWER " ",
		"boat 1 " ASK " " ANSWER " x",
		"boat  1 " ASK " " ANSWER,
		"boat 1 " ASK "0 " ANSWER,
		"boat 1 0" ASK " " ANSWER,
		"boat 1 " ASK " FFeeddccbbaa99887766554433221100",
		"boat 99999999999999999999 " ASK " " ANSWER,
		"boat1234567890123456789012345678901234567890123456789012345678901 1 " ASK
		" " ANSWER,
	};
	static const char right[] = "boat 4711 " ASK " " ANSWER;
	static const char crlf[] = "boat 1 " ASK " " ANSWER "\r\n";
	char text[COOKIE_TEXT];
	struct cookie c;

	(void)state;
	assert_int_equal(cookie_parse(&c, right, sizeof(right) - 1), 0);
	assert_string_equal(c.name, "boat");
	assert_int_equal(c.port, 4711);
	assert_true(c.ask[1] == 1 && c.ask[15] == 15 && c.answer[0] == 0xff);
	assert_int_equal(cookie_format(&c, text), sizeof(right) - 1);
	assert_string_equal(text, right);
	assert_int_equal(cookie_parse(&c, crlf, sizeof(crlf) - 1), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (cookie_parse(&c, wrong[i], strlen(wrong[i])) != -EINVAL)
			fail_msg("%s was understood", wrong[i]);
}

/* --- a door in a loop of another thread ---------------------------------------- */

struct house {
	struct loop loop;
	struct router *router;
	struct cookie_door door;
	struct watch end;
	int pipe[2];
	pthread_t thread;
};

static void end_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	watch->loop->stop = true;
}

static void *serve(void *arg)
{
	struct house *h = arg;

	loop_run(&h->loop);
	return NULL;
}

static int permit(void *owner, const struct open *o, struct failed *why)
{
	(void)owner;
	(void)o;
	(void)why;
	return 0;
}

static void no_state(void *owner, const struct hello *hello)
{
	(void)owner;
	(void)hello;
}

static int house_open(void **state)
{
	static const struct router_ops ops = { .permit = permit, .state = no_state };
	static struct house house;
	struct house *h = &house;

	*h = (struct house){ .end.ready = end_ready, .door.cookie.name = "boat" };
	*state = h;
	if (loop_init(&h->loop) || pipe(h->pipe) ||
	    watch_add(&h->loop, &h->end, h->pipe[0], 1 /* EPOLLIN */))
		return -1;
	h->router = router_create(&h->loop, ROUTER_HOST, &ops, h, "");
	if (!h->router || cookie_listen(&h->door, &h->loop, h->router))
		return -1;
	return pthread_create(&h->thread, NULL, serve, h);
}

static int house_close(void **state)
{
	struct house *h = *state;

	if (write(h->pipe[1], "", 1) != 1)
		return -1;
	pthread_join(h->thread, NULL);
	cookie_close(&h->door);
	router_destroy(h->router);
	loop_fini(&h->loop);
	close(h->pipe[0]);
	close(h->pipe[1]);
	return 0;
}

static void test_right(void **state)
{
	struct house *h = *state;
	const struct cookie c = h->door.cookie;
	int fd;

	assert_int_equal(cookie_ask(&c, COOKIE_LOOK), 0);
	assert_int_equal(cookie_ask(&c, COOKIE_SHUTDOWN), 0);
	fd = cookie_call(&c, COOKIE_STREAM);
	assert_true(fd >= 0);
	close(fd);
}

static void test_wrong(void **state)
{
	struct house *h = *state;
	struct cookie c = h->door.cookie;

	c.ask[15] ^= 1;
	assert_int_equal(cookie_call(&c, COOKIE_STREAM), -EACCES);
	c = h->door.cookie;
	c.answer[0] ^= 1;
	assert_int_equal(cookie_call(&c, COOKIE_STREAM), -EACCES);
}

/* Those who say nothing are in nobody's way. */
static void test_crowd(void **state)
{
	struct house *h = *state;
	const struct cookie c = h->door.cookie;
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((uint16_t)c.port) };
	int idle[3 * COOKIE_CALLERS];

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < 3 * COOKIE_CALLERS; i++) {
		idle[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(idle[i], (struct sockaddr *)&name, sizeof(name)), 0);
	}
	assert_int_equal(cookie_ask(&c, COOKIE_LOOK), 0);
	for (size_t i = 0; i < 3 * COOKIE_CALLERS; i++)
		close(idle[i]);
}

/* An agent that is gone, and somebody else in its place. */
static void test_stranger(void **state)
{
	struct address at = { .kind = ADDRESS_TCP, .name = "127.0.0.1" };
	struct cookie c = { .name = "boat" };
	int fd = address_listen(&at);

	(void)state;
	assert_true(fd >= 0);
	c.port = at.port;
	assert_int_equal(cookie_call(&c, COOKIE_STREAM), -EACCES);
	close(fd);
	assert_int_equal(cookie_call(&c, COOKIE_STREAM), -ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test_setup_teardown(test_right, house_open, house_close),
		cmocka_unit_test_setup_teardown(test_wrong, house_open, house_close),
		cmocka_unit_test_setup_teardown(test_crowd, house_open, house_close),
		cmocka_unit_test(test_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
