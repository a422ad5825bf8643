/* test_fstab.c: which paths the lines of fstab(5) mount something on. */
#include "init/fstab.h"

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void names(void **state)
{
	static const struct {
		const char *text, *path;
		bool want;
	} rows[] = {
		{ "", "/mnt/c", false },
		{ "C: /mnt/c drvfs ro 0 0\n", "/mnt/c", true },
		{ "C: /mnt/c drvfs ro 0 0", "/mnt/c", true },
		{ "  C:\t\t/mnt/c/ drvfs", "/mnt/c", true },
		{ "# C: /mnt/c drvfs\n", "/mnt/c", false },
		{ "a /b c\nC: /mnt/c", "/mnt/c", true },
		{ "C: /mnt/cc drvfs\n", "/mnt/c", false },
		{ "C: /mnt drvfs\n", "/mnt/c", false },
		{ "/mnt/c /srv none bind\n", "/mnt/c", false },
		{ "D: /my\\040drive/d x\n", "/my drive/d", true },
		{ "D: /mnt/\\144 x\n", "/mnt/d", true },
		{ "D: /mnt/d\\1", "/mnt/d", false },
		{ "D: /mnt/\\xyz x\n", "/mnt/\\xyz", true },
		{ "D: /mnt/d drvfs noauto\n", "/mnt/d", true },
		{ "D:\n/mnt/d x\n", "/mnt/d", false },
		{ "D: ", "/mnt/d", false },
	};

	(void)state;
	assert_false(fstab_names(NULL, "/mnt/c"));
	assert_false(fstab_names("# UNCONFIGURED\n\n \t\n  # x\n", NULL));
	assert_true(fstab_names("# x\n\nC: /mnt/c\n", NULL));
	for (size_t i = 0; i < array_len(rows); i++)
		if (fstab_names(rows[i].text, rows[i].path) != rows[i].want)
			fail_msg("row %zu: %s", i, rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names) };

	return cmocka_run_group_tests_name("fstab", tests, NULL, NULL);
}
