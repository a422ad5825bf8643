/* test_spelling.c: names without regard to case. */
#include "interop/host/posix/spelling.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static char top[] = "/tmp/lbXXXXXX";
static const char *const dirs[] = { "Program Files", "Program Files/Tool",
				    "windows",       "windows/PowerShell",
				    "Two",           "two" };

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(top) || chdir(top) < 0)
		return -1;
	for (size_t i = 0; i < array_len(dirs); i++)
		if (mkdir(dirs[i], 0700) < 0)
			return -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = array_len(dirs); i > 0; i--)
		rmdir(dirs[i - 1]);
	return chdir("/") < 0 ? -1 : rmdir(top);
}

static void test_spelling(void **state)
{
	static const struct {
		const char *given, *want;
	} rows[] = {
		{ "", "" },
		{ "WINDOWS", "windows" },
		{ "windows\\powershell", "windows\\PowerShell" },
		{ "windows\\powershell\\", "windows\\PowerShell\\" },
		{ "PROGRAM FILES\\TOOL\\Bin", "Program Files\\Tool\\Bin" },
		{ "None\\WINDOWS", "None\\WINDOWS" },
		{ "\\\\WINDOWS", "\\\\windows" },
		{ "Two", "Two" },
		{ "two", "two" },
		{ "window", "window" },
	};
	char path[64];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		fmt(path, sizeof(path), "%s", rows[i].given);
		spelling_fix(top, path);
		assert_string_equal(path, rows[i].want);
	}
	fmt(path, sizeof(path), "X");
	spelling_fix("/nonexistent", path);
	assert_string_equal(path, "X");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_spelling) };

	return cmocka_run_group_tests_name("spelling", tests, setup, teardown);
}
