/* test_canonical.c: one name for a file, whatever it is asked for by; what the policy
 * then says of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/host/posix/canonical.h"
#include "interop/host/rules.h"
#include "interop/host/winname.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static char dir[32];

static void put(const char *name)
{
	char path[PATH_MAX];

	fmt(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(file_create(path, "MZ", 0600), 0);
}

static void put_link(const char *name, const char *to)
{
	char path[PATH_MAX];

	fmt(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(symlink(to, path), 0);
}

static void put_dir(const char *name)
{
	char path[PATH_MAX];

	fmt(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state)
{
	static const char *const dirs[] = { "d",        "d/tools", "d/Program Files",
					    "d/secret", "e",       "out" };
	static const char *const files[] = { "d/tools/x.exe",     "d/Program Files/y.exe",
					     "d/secret/evil.exe", "d/plain.exe",
					     "e/z.exe",           "out/host.exe" };

	(void)state;
	fmt(dir, sizeof(dir), "/tmp/landbridge-XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < array_len(dirs); i++)
		put_dir(dirs[i]);
	for (size_t i = 0; i < array_len(files); i++)
		put(files[i]);
	put_link("d/tools/good.exe", "../secret/evil.exe");
	put_link("d/tools/dir", "../secret");
	put_link("d/tools/toe.exe", "../../e/z.exe");
	put_link("d/tools/away.exe", "../../out/host.exe");
	put_link("d/tools/abs.exe", "/bin/sh");
	put_link("d/tools/loop.exe", "loop.exe");
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	fmt(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

/* The policy lets D:\tools run and nothing else; each row is somebody's try. */
static const struct {
	const char *path;
	const char *canonical; /* NULL: `error` */
	int error;
	bool runs;
} rows[] = {
	{ "D:\\tools\\x.exe", "D:\\tools\\x.exe", 0, true },
	{ "d:\\TOOLS\\X.EXE", "D:\\tools\\x.exe", 0, true },
	{ "D:/tools/x.exe", "D:\\tools\\x.exe", 0, true },
	{ "D:\\\\tools\\\\.\\x.exe", "D:\\tools\\x.exe", 0, true },
	{ "D:\\secret\\evil.exe", "D:\\secret\\evil.exe", 0, false },
	{ "D:\\tools\\..\\secret\\evil.exe", "D:\\secret\\evil.exe", 0, false },
	{ "D:\\tools\\..\\..\\d\\secret\\evil.exe", "D:\\secret\\evil.exe", 0, false },
	{ "D:\\tools\\good.exe", "D:\\secret\\evil.exe", 0, false },
	{ "D:\\tools\\dir\\evil.exe", "D:\\secret\\evil.exe", 0, false },
	{ "D:\\tools\\DIR\\EVIL.EXE", "D:\\secret\\evil.exe", 0, false },
	{ "D:\\tools\\toe.exe", "E:\\z.exe", 0, false },
	{ "D:\\tools\\away.exe", NULL, -EXDEV, false },
	{ "D:\\tools\\abs.exe", NULL, -EXDEV, false },
	{ "D:\\tools\\..\\..\\out\\host.exe", NULL, -EXDEV, false },
	{ "D:\\tools\\loop.exe", NULL, -ELOOP, false },
	{ "D:\\PROGRA~1\\y.exe", NULL, -ENOENT, false },
	{ "D:\\SECRET~1\\evil.exe", NULL, -ENOENT, false },
	{ "D:\\tools\\none.exe", NULL, -ENOENT, false },
	{ "F:\\x.exe", NULL, -EXDEV, false },
	/* refused by name, before any file is looked at */
	{ "D:\\tools\\x.exe.", NULL, 0, false },
	{ "D:\\tools.\\x.exe", NULL, 0, false },
	{ "D:\\tools\\x.exe ", NULL, 0, false },
	{ "D:\\tools\\x.exe::$DATA", NULL, 0, false },
	{ "D:\\tools\\a.txt:x.exe", NULL, 0, false },
	{ "\\\\host\\share\\x.exe", NULL, 0, false },
	{ "//host/share/x.exe", NULL, 0, false },
	{ "\\\\?\\D:\\tools\\x.exe", NULL, 0, false },
	{ "\\\\.\\D:\\tools\\x.exe", NULL, 0, false },
	{ "\\??\\D:\\tools\\x.exe", NULL, 0, false },
	{ "D:\\con", NULL, 0, false },
	{ "D:\\tools\\NUL.exe", NULL, 0, false },
	{ "D:\\tools\\com1", NULL, 0, false },
	{ "D:tools\\x.exe", NULL, 0, false },
	{ "tools\\x.exe", NULL, 0, false },
};

static void test_tries(void **state)
{
	static char policy[] = "default deny\nallow D:\\tools\\*\n";
	struct drives drives = { .count = 2 };
	const char *wrong;
	struct rules rules;

	(void)state;
	drives.at[0].letter = 'D';
	drives.at[1].letter = 'E';
	fmt(drives.at[0].dir, PATH_MAX, "%s/d", dir);
	fmt(drives.at[1].dir, PATH_MAX, "%s/e", dir);
	assert_int_equal(rules_parse(&rules, policy, strlen(policy), &wrong), 0);
	for (size_t i = 0; i < array_len(rows); i++) {
		bool named = !winname_refuse(rows[i].path);
		char out[PATH_MAX] = "";
		const struct policy_rule *by;
		int error = named ? canonical_path(&drives, rows[i].path, out) : 0;

		if (named != (rows[i].canonical || rows[i].error))
			fail_msg("%s: named %d", rows[i].path, named);
		if (error != rows[i].error)
			fail_msg("%s: %d, not %d", rows[i].path, error, rows[i].error);
		if (rows[i].canonical)
			assert_string_equal(out, rows[i].canonical);
		if (named && !error && rules_program(&rules, out, &by) != rows[i].runs)
			fail_msg("%s: not %d", rows[i].path, rows[i].runs);
	}
}

/* A drive in a drive, and one directory by two letters: a line about either name holds. */
static void test_names(void **state)
{
	static const struct {
		const char *policy;
		bool runs; /* d/tools/x.exe */
	} names[] = {
		{ "deny X:\\d\\tools\\*\n", false },
		{ "deny Y:\\tools\\\n", false },
		{ "allow D:\n deny Y:\n", false },
		{ "default deny\nallow X:\\d\\*\n", true },
		{ "default deny\nallow Y:\\tools\\x.exe\n", true },
		{ "default deny\nallow X:\\e\\*\n", false },
		{ "deny X:\\e\\*\n", true },
	};
	const char letters[] = "DXY";
	struct drives drives = { .count = 3 }, later;
	const struct policy_rule *by;
	char policy[64], out[PATH_MAX];
	const char *wrong;
	struct rules rules;

	(void)state;
	for (size_t i = 0; i < drives.count; i++) {
		drives.at[i].letter = letters[i];
		fmt(drives.at[i].dir, PATH_MAX, "%s%s", dir, letters[i] == 'X' ? "" : "/d");
	}
	assert_int_equal(canonical_path(&drives, "X:\\d\\tools\\x.exe", out), 0);
	assert_string_equal(out, "D:\\tools\\x.exe");
	for (size_t i = 0; i < array_len(names); i++) {
		fmt(policy, sizeof(policy), "%s", names[i].policy);
		assert_int_equal(rules_parse(&rules, policy, strlen(policy), &wrong), 0);
		if (canonical_may_run(&drives, &rules, out, &by) != names[i].runs)
			fail_msg("%s: not %d", names[i].policy, names[i].runs);
		/* So it does of one that came later, and is elsewhere for programs. */
		later = drives;
		memcpy(later.at[2].origin, later.at[2].dir, PATH_MAX);
		fmt(later.at[2].dir, PATH_MAX, "/landbridge-drives/y");
		if (canonical_may_run(&later, &rules, out, &by) != names[i].runs ||
		    canonical_may_run(&later, &rules, "Y:\\tools\\x.exe", &by) != names[i].runs)
			fail_msg("%s: not %d later", names[i].policy, names[i].runs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tries, setup, teardown),
	};

	return cmocka_run_group_tests_name("canonical", tests, NULL, NULL);
}
