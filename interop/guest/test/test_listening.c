/* test_listening.c: which ports /proc/net/tcp says something listens at. */
#include "interop/guest/listening.h"

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

#define REST " 00000000:00000000 00:00000000 00000000  1000        0 17303 1"
#define NONE "00000000000000000000000000000000"

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		uint16_t port; /* 0: none that localhost reaches */
	} rows[] = {
		{ "", 0 },
		{ "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
		  0 },
		{ "   0: 0100007F:1B58 00000000:0000 0A" REST, 7000 },
		{ "  10: 00000000:0016 00000000:0000 0A" REST, 22 },
		{ "12345: 0100007F:FFFF 00000000:0000 0A" REST, 65535 },
		{ "   0: 0100007F:1B58 0100007F:D431 01" REST, 0 }, /* established */
		{ "   0: 0F02000A:1B58 00000000:0000 0A" REST, 0 }, /* 10.0.2.15 */
		{ "   0: 0200007F:1B58 00000000:0000 0A" REST, 0 }, /* 127.0.0.2 */
		{ "   0: 01000000:1B58 00000000:0000 0A" REST, 0 }, /* 0.0.0.1 */
		{ "   0: " NONE ":1B58 " NONE ":0000 0A" REST, 7000 },
		{ "   0: 00000000000000000000000001000000:1B59 " NONE ":0000 0A" REST, 7001 },
		{ "   0: 0000000000000000FFFF00000100007F:1B59 " NONE ":0000 0A" REST, 7001 },
		{ "   0: 0000000000000000FFFF00000F02000A:1B59 " NONE ":0000 0A" REST, 0 },
		{ "   0: 000080FE000000000000000001000000:1B59 " NONE ":0000 0A" REST, 0 },
		{ "   0: 0100007F:1B58 00000000:0000 0", 0 },
		{ "   0: 0100007F:1B58 00000000:0000", 0 },
		{ "   0: 0100007F:1B58", 0 },
		{ "   0: 0100007F:0000 00000000:0000 0A" REST, 0 },
		{ "   0: 0100007F: 00000000:0000 0A" REST, 0 },
		{ "   0: 0100007F 00000000:0000 0A" REST, 0 },
		{ "   0: 00007F:1B58 00000000:0000 0A" REST, 0 },
		{ "   0:", 0 },
		{ ":", 0 },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct listening found = { 0, 0 };
		bool any = listening_line(rows[i].line, &found);

		if (any != (rows[i].port != 0) || (any && found.port != rows[i].port))
			fail_msg("%s: %u", rows[i].line, found.port);
		if (any)
			assert_int_equal(found.uid, 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

	return cmocka_run_group_tests_name("listening", tests, NULL, NULL);
}
