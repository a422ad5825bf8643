/* test_plain.c: what a terminal may be shown. */
#include "interop/host/plain.h"

#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_text(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "plain\ttext\n", "plain\ttext\n" },
		{ "\x1b[31mred\x7f\r", "[31mred" },
		{ "a\xc2\x9b"
		  "b\x9b"
		  "c\x85",
		  "abc" }, /* C1, as UTF-8 and bare */
		{ "\xc2\xa0\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		  "\xc2\xa0\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xc0\x9b\xc1\x9b\xe0\x82\x9b\xf0\x80\x82\x9b", "" }, /* C1, spelled too long */
		{ "\xed\xa0\x80\xf4\x90\x80\x80\xff\xfe", "" },
		{ "x\xe2\x82", "x" },
		{ "\xe2\x1b[0m", "[0m" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		fmt(text, sizeof(text), "%s", rows[i].text);
		text[plain_text(text, strlen(text))] = '\0';
		assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_text) };

	return cmocka_run_group_tests_name("plain", tests, NULL, NULL);
}
