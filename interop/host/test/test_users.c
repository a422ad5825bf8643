/* test_users.c: whose rights in the guest its Windows programs have. */
#include "interop/host/users.h"

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

enum { STARTS = 4 };

static void rows_are_right(void **state)
{
	static const struct {
		uint32_t uid[STARTS];
		bool changes[STARTS];
		uint32_t user;
		bool several;
	} rows[] = {
		{ { 0, 0, 0, 0 }, { false }, 0, false },
		{ { 1000, 1000, 1000, 1000 }, { true }, 1000, false },
		{ { 0, 1000, 0, 1000 }, { false, true }, 1000, false },
		{ { 1000, 0, 1001, 1000 }, { true, false, true, false }, 1000, true },
		{ { UINT32_MAX, 0, 1000, 0 }, { true }, 0, true },
		{ { 1000, UINT32_MAX, 0, 0 }, { true, true }, 1000, true },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct users users = { 0 };

		for (size_t j = 0; j < STARTS; j++)
			if (users_add(&users, rows[i].uid[j]) != rows[i].changes[j])
				fail_msg("row %zu, start %zu", i, j);
		assert_int_equal(users.user, rows[i].user);
		assert_int_equal(users.several, rows[i].several);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
