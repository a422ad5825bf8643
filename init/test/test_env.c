/* test_env.c: an environment, and what /etc/environment adds to it. */
#include "init/env.h"

#include <string.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_environment(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "\n\n# nothing\n", "" },
		{ "A=1", "A=1;" },
		{ "A=1\nB=2\n", "A=1;B=2;" },
		{ "  A=1  \r\n\tB=2\t\n", "A=1;B=2;" },
		{ "export A=1\n", "A=1;" },
		{ "A=\n", "A=;" },
		{ "A=one two # three\n", "A=one two;" },
		{ "A=\"one # two\"\n", "A=one;" }, /* pam_env cuts there too */
		{ "PATH=\"/a:/b\"\n", "PATH=/a:/b;" },
		{ "A='x'\n", "A=x;" },
		{ "A=\"it's\"\n", "A=it's;" },
		{ "A=x\"y\"\n", "A=x\"y\";" },
		{ "A=\"\n", "A=;" },
		{ "A B=1\n=2\nA-B=3\nnonsense\n9=4\n", "9=4;" },
		{ "A=$HOME\\n\n", "A=$HOME\\n;" },
		{ "A=1=2\n", "A=1=2;" },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		char text[128], got[128] = "", *at = text;
		const char *name, *value;
		size_t used = 0;

		fmt(text, sizeof(text), "%s", rows[i].text);
		while (environment_next(&at, &name, &value))
			used += fmt(got + used, sizeof(got) - used, "%s=%s;", name, value);
		assert_string_equal(got, rows[i].want);
	}
}

static void test_get(void **state)
{
	char *at[8], text[64];
	struct env env = { .at = at, .max = array_len(at), .text = text, .size = sizeof(text) };

	(void)state;
	assert_null(env_get(&env, "A"));
	env_set(&env, "AB", "1");
	env_set(&env, "A", "2");
	env_set(&env, "A", "3");
	assert_string_equal(env_get(&env, "A"), "3");
	assert_string_equal(env_get(&env, "AB"), "1");
	assert_null(env_get(&env, "B"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_get),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
