/* test_forward.c: forwards as people write them. */
#include "interop/host/forward.h"

#include <errno.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_forwards(void **state)
{
	static const struct {
		const char *text, *here;
		uint32_t port;
		const char *there; /* NULL: refused */
	} rows[] = {
		{ "8080", "127.0.0.1", 8080, "tcp:localhost:8080" },
		{ "8080:localhost:80", "127.0.0.1", 8080, "tcp:localhost:80" },
		{ "1:10.0.0.7:65535", "127.0.0.1", 1, "tcp:10.0.0.7:65535" },
		{ "0.0.0.0:8080:10.0.0.7:80", "0.0.0.0", 8080, "tcp:10.0.0.7:80" },
		{ "[::1]:8080:[fe80::1%eth0]:80", "::1", 8080, "tcp:[fe80::1%eth0]:80" },
		{ "8080:[::1]:80", "127.0.0.1", 8080, "tcp:[::1]:80" },
		{ "", "", 0, NULL },
		{ "0", "", 0, NULL },
		{ "65536", "", 0, NULL },
		{ "http", "", 0, NULL },
		{ "8080:80", "", 0, NULL },
		{ "8080::80", "", 0, NULL },
		{ "8080:localhost:", "", 0, NULL },
		{ ":8080:localhost:80", "", 0, NULL },
		{ "a:1:b:2:c", "", 0, NULL },
		{ "1:::80", "", 0, NULL },
		{ "1:[::1:80", "", 0, NULL },
		{ "8080:local host:80", "", 0, NULL },
	};
	struct forward f;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		int got = forward_parse(&f, rows[i].text);

		print_message("%s\n", rows[i].text);
		assert_int_equal(got, rows[i].there ? 0 : -EINVAL);
		if (got < 0)
			continue;
		assert_string_equal(f.here.name, rows[i].here);
		assert_int_equal(f.here.port, rows[i].port);
		assert_string_equal(f.there, rows[i].there);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_forwards) };

	return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
