/* test_shimname.c: what a program of the host's is called among the guest's commands. */
#include "init/shimname.h"

#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* Its names by form, NULL: none. `first`: bit i says that form i claims it first. */
static const struct {
	const char *entry, *names[SHIM_FORMS];
	unsigned first;
} rows[] = {
	{ "notepad.exe", { "notepad.exe", "notepad.exe", "notepad", "notepad" }, 1 },
	{ "NotePad.EXE", { "NotePad.EXE", "notepad.exe", "NotePad", "notepad" }, 1 },
	{ "MORE.Com", { "MORE.Com", "more.com", "MORE", "more" }, 1 | 4 | 8 },
	{ "a b.c.exe", { "a b.c.exe", "a b.c.exe", "a b.c", "a b.c" }, 1 },
	{ "-x.exe", { "-x.exe", "-x.exe", "-x", "-x" }, 1 },
	{ "\xc3\x84\xff.exe",
	  { "\xc3\x84\xff.exe", "\xc3\x84\xff.exe", "\xc3\x84\xff", "\xc3\x84\xff" },
	  1 },
#if CFG_SCRIPTS
	{ "Build.bat", { "Build.bat", "build.bat" }, 1 },
	{ "BUILD.BAT", { "BUILD.BAT", "build.bat" }, 1 },
	{ "Build.Bat", { "Build.Bat", "build.bat" }, 1 },
	{ "x.cMD", { "x.cMD", "x.cmd" }, 1 },
#endif
	{ "", { NULL }, 0 },
	{ "exe", { NULL }, 0 },
	{ ".exe", { NULL }, 0 },
	{ "..exe", { NULL }, 0 },
	{ "notepad", { NULL }, 0 },
	{ "notepad.exe.txt", { NULL }, 0 },
	{ "notepad.exe ", { NULL }, 0 },
	{ "notepad.ex", { NULL }, 0 },
	{ "notepad.exes", { NULL }, 0 },
	{ "s.ps1", { NULL }, 0 },
	{ "a\tb.exe", { NULL }, 0 },
	{ "a\x1b[2J.exe", { NULL }, 0 },
	{ "a\xc2\x9b.exe", { NULL }, 0 },
	{ "a\n.exe", { NULL }, 0 },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(rows); i++)
		for (int form = 0; form < SHIM_FORMS; form++) {
			const char *want = rows[i].names[form];
			char name[SHIM_NAME];
			enum shim_claim claim =
				shim_name(name, rows[i].entry, (enum shim_form)form);
			bool first = rows[i].first >> form & 1;

			if (claim != (want ? first ? SHIM_FIRST : SHIM_SECOND : SHIM_NONE) ||
			    (want && strcmp(name, want) != 0))
				fail_msg("%s, form %d: %d %s", rows[i].entry, form, claim,
					 claim ? name : "");
		}
}

/* The longest that a directory may have, and one that it may not. */
static void test_length(void **state)
{
	char entry[SHIM_NAME + 1], name[SHIM_NAME];

	(void)state;
	memset(entry, 'x', sizeof(entry));
	memcpy(entry + NAME_MAX - 4, ".exe", 5);
	assert_int_equal(shim_name(name, entry, SHIM_LOWER), SHIM_SECOND);
	assert_string_equal(name, entry);
	entry[NAME_MAX - 4] = 'x';
	memcpy(entry + NAME_MAX - 3, ".exe", 5);
	assert_int_equal(shim_name(name, entry, SHIM_LOWER), SHIM_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
