/* test_report.c: lines of a check-up. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/report.h"
#include "lib/test/cmocka_all.h"

static void test_lines(void **state)
{
	static const struct {
		bool json;
		enum report_state at;
		const char *text, *want;
	} rows[] = {
		{ false, REPORT_OK, "it is", "ok    wine      it is\n" },
		{ false, REPORT_NOTE,
		  "a\x1b[2J\nb\xc2\x9b"
		  "c",
		  "note  wine      a[2Jbc\n" },
		{ true, REPORT_FAIL, "\"C:\\x\"\n\xc3\xa9",
		  "{\"check\": \"wine\", \"state\": \"fail\", \"text\": \"\\\"C:\\\\x\\\"\xc3\xa9\"}\n" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct checkup r = { .json = rows[i].json };
		char got[256] = "";
		int fds[2];

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		r.fd = fds[1];
		report_line(&r, rows[i].at, "wine", "%s", rows[i].text);
		close(fds[1]);
		assert_true(fd_read_full(fds[0], got, sizeof(got) - 1) > 0);
		close(fds[0]);
		assert_string_equal(got, rows[i].want);
		assert_int_equal(r.failed, rows[i].at == REPORT_FAIL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
