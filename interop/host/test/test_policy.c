/* test_policy.c: what a guest may open. */
#include "interop/host/policy.h"

#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_kinds(void **state)
{
	static const struct {
		uint32_t kind;
		uint32_t code; /* 0: it may */
		const char *word;
	} rows[] = {
		{ OPEN_PROGRAM, 0, "" },
		{ OPEN_BYTES, WIRE_FAIL_NOT_FOUND, "no service files" },
		{ OPEN_CONNECT, WIRE_FAIL_NOT_RUN, "does not serve" },
		{ OPEN_LISTEN, WIRE_FAIL_NOT_RUN, "does not serve" },
		{ OPEN_EVENTS, WIRE_FAIL_NOT_RUN, "does not serve" },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const struct open o = { .kind = rows[i].kind, .service = { "files", 5 } };
		struct failed why = { 0 };

		assert_int_equal(policy_guest_may(&o, text, sizeof(text), &why),
				 rows[i].code ? -1 : 0);
		assert_int_equal(why.code, rows[i].code);
		if (rows[i].code)
			assert_non_null(strstr(why.text.at, rows[i].word));
	}
}

/* `own` jobs of the one who asks, `others` of somebody else. */
static void test_jobs(void **state)
{
	static const struct {
		size_t own, others;
		uint32_t user;
		bool fits;
	} rows[] = {
		{ 0, 0, 1000, true },     { 191, 0, 1000, true },  { 192, 0, 1000, false },
		{ 192, 63, 1000, false }, { 63, 192, 1000, true }, { 64, 192, 1000, false },
		{ 255, 0, 0, true },      { 256, 0, 0, false },    { 0, 256, 0, false },
	};
	uint32_t users[POLICY_JOBS];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		for (size_t k = 0; k < POLICY_JOBS; k++)
			users[k] = k < rows[i].own ? rows[i].user : 1001;
		assert_int_equal(policy_job_fits(users, rows[i].own + rows[i].others, rows[i].user),
				 rows[i].fits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kinds),
					    cmocka_unit_test(test_jobs) };

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
