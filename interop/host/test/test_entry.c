/* test_entry.c: one line of audit.log. */
#include "interop/host/entry.h"

#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static const struct tm when = {
	.tm_year = 126, .tm_mon = 10, .tm_mday = 9, .tm_hour = 6, .tm_min = 50, .tm_sec = 1
};

static size_t LIKE_PRINTF(2, 3) format(char line[ENTRY_MAX], const char *text, ...)
{
	va_list args;
	size_t len;

	va_start(args, text);
	len = entry_format(line, &when, text, args);
	va_end(args);
	return len;
}

static void test_line(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "2026-11-09T06:50:01Z \n" },
		{ "job=7 run x.exe", "2026-11-09T06:50:01Z job=7 run x.exe\n" },
		{ "a\nb\tc", "2026-11-09T06:50:01Z a b c\n" },
		{ "\x1b[2Jred\r", "2026-11-09T06:50:01Z [2Jred\n" },
	};
	char line[ENTRY_MAX];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		size_t len = format(line, "%s", rows[i].text);

		assert_int_equal(len, strlen(rows[i].want));
		assert_memory_equal(line, rows[i].want, len);
	}
}

static void test_long(void **state)
{
	char line[ENTRY_MAX], text[2 * ENTRY_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (size_t len = ENTRY_MAX - 40; len < sizeof(text); len++) {
		size_t got = format(line, "%s", text + sizeof(text) - 1 - len);

		assert_in_range(got, ENTRY_MAX - 40, ENTRY_MAX);
		assert_int_equal(line[got - 1], '\n');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_line),
					    cmocka_unit_test(test_long) };

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
