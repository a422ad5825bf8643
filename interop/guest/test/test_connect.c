/* test_connect.c: what the host calls through the guest. */
#include "interop/guest/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/link/link.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static int call(const char *host, uint32_t port, struct failed *why, char text[WIRE_FAILED_MAX])
{
	char address[64];
	struct open o = { .kind = OPEN_CONNECT };

	o.address.len = fmt(address, sizeof(address), "%s:%u", host, port);
	o.address.at = address;
	*why = (struct failed){ 0 };
	return connect_open(&o, why, text);
}

/* Small pieces are not kept back for more. */
static bool is_prompt(int fd)
{
	socklen_t len = sizeof(int);
	int on = 0;

	return getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on;
}

static void test_there_or_not(void **state)
{
	static const char *const hosts[] = { "tcp:127.0.0.1", "tcp:localhost" };
	struct address a = { .kind = ADDRESS_TCP, .name = "127.0.0.1" };
	int listener = address_listen(&a);
	char text[WIRE_FAILED_MAX];
	struct failed why;

	(void)state;
	assert_true(listener >= 0 && a.port != 0);
	for (size_t i = 0; i < array_len(hosts); i++) {
		int fd = call(hosts[i], a.port, &why, text);

		assert_true(fd >= 0);
		assert_true(is_prompt(fd));
		assert_int_equal(write(fd, "x", 1), 1);
		close(fd);
	}
	close(listener);
	for (size_t i = 0; i < array_len(hosts); i++) {
		assert_true(call(hosts[i], a.port, &why, text) < 0);
		assert_int_equal(why.code, WIRE_FAIL_BRIDGE);
		assert_non_null(strstr(text, "from the guest: "));
	}
}

static void test_what_is_no_number(void **state)
{
	static const char *const hosts[] = { "tcp:example", "unix", "vsock:2", "serial" };
	char text[WIRE_FAILED_MAX];
	struct failed why;

	(void)state;
	for (size_t i = 0; i < array_len(hosts); i++)
		assert_true(call(hosts[i], 80, &why, text) < 0);
	assert_int_equal(call("tcp:example", 80, &why, text), -EADDRNOTAVAIL);
	assert_non_null(strstr(text, "give a number"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_or_not),
		cmocka_unit_test(test_what_is_no_number),
	};

	return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
