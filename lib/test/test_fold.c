/* test_fold.c: names without regard to case. */
#include "lib/fold.h"

#include <string.h>

#include "lib/macros.h"
#include "lib/test/cmocka_all.h"

static void test_pairs(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "", "", true },
		{ "README.TXT", "readme.txt", true },
		{ "a", "b", false },
		{ "[", "{", false },
		{ "@", "`", false },
		{ "Z", "z", true },
		{ "\xc3\x84rger", "\xc3\xa4RGER", true },         /* A with diaeresis */
		{ "\xc3\x97", "\xc3\xb7", false },                /* times, divided by */
		{ "\xc3\x9f", "\xc3\xbf", false },                /* sharp s, y with diaeresis */
		{ "\xce\xa9", "\xcf\x89", true },                 /* omega */
		{ "\xce\xa3", "\xcf\x83", true },                 /* sigma */
		{ "\xce\xa3", "\xcf\x82", false },                /* sigma at a word's end */
		{ "\xd0\x81\xd0\xaf", "\xd1\x91\xd1\x8f", true }, /* yo, ya */
		{ "\xe1\xba\x9e", "\xe1\xba\x9e", true },
		{ "\xe2\x84\xaa", "\xe2\x84\xab", false },
		{ "\xc3", "\xc3", true },
		{ "\xc3", "\xe3", false },
		{ "\xc1\x81", "\xc1\xa1", false }, /* too long for what they are */
		{ "\xc3\x84", "\xc3\xc4", false },
		{ "A\xff", "a\xff", true },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(strlen(rows[i].a), strlen(rows[i].b));
		if (fold_equal(rows[i].a, rows[i].b, strlen(rows[i].a)) != rows[i].same)
			fail_msg("row %zu", i);
		assert_int_equal(fold_equal(rows[i].b, rows[i].a, strlen(rows[i].a)), rows[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pairs) };

	return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
