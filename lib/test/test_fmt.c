/* test_fmt.c: our formatter says what the C library's says. */
#include "lib/fmt.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/test/cmocka_all.h"

#define same(...)                                                          \
	do {                                                               \
		char want[128], got[128];                                  \
		int len = snprintf(want, sizeof(want), __VA_ARGS__);       \
		assert_int_equal(fmt(got, sizeof(got), __VA_ARGS__), len); \
		assert_string_equal(got, want);                            \
	} while (0)

static void test_as_printf(void **state)
{
	(void)state;
	same("plain %% text");
	same("%s|%10s|%-10s|%.3s|%.*s", "abc", "def", "ghi", "jklmn", 2, "opq");
	same("%d %d %d %i", 0, -1, INT_MAX, INT_MIN);
	same("%u %x %o", UINT_MAX, 0xbeefU, 0755U);
	same("%5d|%-5d|%05d|%05d", 42, 42, 42, -42);
	same("%ld %lu %lld %llu", LONG_MIN, ULONG_MAX, LLONG_MIN, ULLONG_MAX);
	same("%zu %zd %c%c", (size_t)SIZE_MAX, (ssize_t)-5, 'o', 'k');
	same("%08lx", 0xabcUL);
}

static void test_cut(void **state)
{
	char buf[8];

	(void)state;
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(fmt(buf, 5, "%s", "abcdefgh"), 8);
	assert_string_equal(buf, "abcd");
	assert_int_equal(buf[5], 'x');
	assert_int_equal(fmt(NULL, 0, "%d", 1234), 4);
}

static void test_null_string(void **state)
{
	char buf[16];
	const char *volatile none = NULL;

	(void)state;
	fmt(buf, sizeof(buf), "%s", none);
	assert_string_equal(buf, "(null)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_printf),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_null_string),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
