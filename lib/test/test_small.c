/* test_small.c: what replaces musl in /init against the C library of this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

#define snprintf small_snprintf
#define strstr small_strstr
#define qsort small_qsort
#define strtol small_strtol
#define strtoul small_strtoul
#define strtoull small_strtoull
int small_snprintf(char *restrict buf, size_t size, const char *restrict format, ...);
char *small_strstr(const char *text, const char *word);
void small_qsort(void *base, size_t count, size_t size, int (*order)(const void *, const void *));
long small_strtol(const char *restrict s, char **restrict end, int base);
unsigned long small_strtoul(const char *restrict s, char **restrict end, int base);
unsigned long long small_strtoull(const char *restrict s, char **restrict end, int base);
#include "lib/musl/small.c"
#undef snprintf
#undef strstr
#undef qsort
#undef strtol
#undef strtoul
#undef strtoull

static const char *const numbers[] = {
	"0",
	"7",
	"-7",
	"+7",
	" \t\n\v\f\r12x",
	"-",
	"+",
	"",
	"x",
	"0x",
	"0x1f",
	"0X1Fg",
	"-0x10",
	"010",
	"08",
	"022",
	"zz",
	"Zz1!",
	"9223372036854775807",
	"9223372036854775808",
	"-9223372036854775807",
	"99999999999999999999",
	"18446744073709551615",
	"18446744073709551616",
	"0xffffffffffffffff",
	"0x10000000000000000",
	"- 1",
	"--1",
};

static const int bases[] = { 0, 2, 8, 10, 16, 36 };

static void test_strtol(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(numbers) * array_len(bases); i++) {
		const char *s = numbers[i / array_len(bases)];
		int base = bases[i % array_len(bases)], want_errno;
		char *want_end, *end;
		long want;

		errno = 0;
		want = strtol(s, &want_end, base);
		want_errno = errno;
		errno = 0;
		assert_int_equal(small_strtol(s, &end, base), want);
		assert_ptr_equal(end, want_end);
		assert_int_equal(errno, want_errno);
	}
}

static void test_strtoul(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(numbers) * array_len(bases); i++) {
		const char *s = numbers[i / array_len(bases)];
		int base = bases[i % array_len(bases)], want_errno;
		char *want_end, *end;
		unsigned long want;

		errno = 0;
		want = strtoul(s, &want_end, base);
		want_errno = errno;
		errno = 0;
		assert_true(small_strtoul(s, &end, base) == want);
		assert_ptr_equal(end, want_end);
		assert_int_equal(errno, want_errno);
	}
}

static int order(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void test_qsort(void **state)
{
	int want[200], got[200];
	unsigned seed = 1;

	(void)state;
	for (size_t count = 0; count < array_len(want); count++) {
		for (size_t i = 0; i < count; i++) {
			seed = seed * 1103515245 + 12345;
			want[i] = got[i] = (int)(seed >> 16 & 63); /* many alike */
		}
		qsort(want, count, sizeof(want[0]), order);
		small_qsort(got, count, sizeof(got[0]), order);
		assert_memory_equal(want, got, count * sizeof(want[0]));
	}
}

static void test_strstr(void **state)
{
	static const char *const words[] = { "", "a", "b", "ab", "aab", "aaab", "abc", "c" };

	(void)state;
	for (size_t i = 0; i < array_len(words) * array_len(words); i++) {
		const char *text = words[i / array_len(words)], *word = words[i % array_len(words)];

		assert_ptr_equal(small_strstr(text, word), strstr(text, word));
	}
}

static void test_snprintf(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(small_snprintf(buf, sizeof(buf), "%d.%d.%d.%d", 10, 0, 2, 15), 9);
	assert_string_equal(buf, "10.0.2.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strtol),   cmocka_unit_test(test_strtoul),
		cmocka_unit_test(test_qsort),    cmocka_unit_test(test_strstr),
		cmocka_unit_test(test_snprintf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
