/* test_profile.c: a distribution's settings. */
#include "interop/host/profile.h"

#include <errno.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* Lines as "key|value;", a missing value as "!". */
static const struct {
	const char *text, *want;
} cases[] = {
	{ "", "" },
	{ "\n\n# x = y\n  # z\n", "" },
	{ "memory = 1G\ncpus=2", "memory|1G;cpus|2;" },
	{ "\t user =\tann b \r\n", "user|ann b;" },
	{ "drive = D:=/a=b,ro\n", "drive|D:=/a=b,ro;" },
	{ "memory\n=\nx =\n", "memory|!;|;x|;" },
};

static void test_lines(void **state)
{
	char text[128], got[256], *at;
	struct profile_line line;
	size_t used;

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		fmt(text, sizeof(text), "%s", cases[i].text);
		at = text;
		used = 0;
		got[0] = '\0';
		while (profile_next(&at, &line))
			used += fmt(got + used, sizeof(got) - used, "%s|%s;", line.key,
				    line.value ? line.value : "!");
		/* "!" stands for itself. */
		assert_string_equal(got, cases[i].want);
	}
}

static const struct {
	const char *text, *key, *value, *want;
} changes[] = {
	{ "", "memory", "1G", "memory = 1G\n" },
	{ "# c\nmemory=2G\ncpus = 2\n", "memory", "1G", "# c\ncpus = 2\nmemory = 1G\n" },
	{ "cpus = 2", "user", "ann", "cpus = 2\nuser = ann\n" },
	{ "cpus = 2\n\n", "cpus", "", "\n" },
	{ "drive = D:=/a\ndrive = E:=/b\n", "drive", "d:=/c", "drive = E:=/b\ndrive = d:=/c\n" },
	{ "drive = D:=/a\ndrive = E:=/b\n", "drive", "E:", "drive = D:=/a\n" },
	{ "drive\n", "drive", "E:=/", "drive\ndrive = E:=/\n" },
};

static void test_changes(void **state)
{
	char text[PROFILE_MAX];

	(void)state;
	for (size_t i = 0; i < array_len(changes); i++) {
		fmt(text, sizeof(text), "%s", changes[i].text);
		assert_int_equal(profile_set(text, changes[i].key, changes[i].value), 0);
		assert_string_equal(text, changes[i].want);
	}
	assert_int_equal(profile_set(text, "user", "a\nb"), -EINVAL);
	memset(text, '#', sizeof(text) - 8);
	text[sizeof(text) - 8] = '\0';
	assert_int_equal(profile_set(text, "user", "ann"), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
