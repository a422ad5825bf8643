/* test_roundtrip.c: every name goes to Windows and comes back as it was. */
#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "pathconv/test/guest.h"

/* Every place is visible once, so that the way back is the same. */
static const char mounts[] = "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
			     "30 22 0:50 / /mnt/c rw - 9p C: rw\n"
			     "31 22 0:51 /x\\040y /mnt/d:\\040 rw - 9p D:\\134a rw\n"
			     "32 22 0:52 / /s rw - drvfs \\134\\134srv\\134share rw\n";
static const char *const places[] = { "/mnt/c/", "/mnt/d: /", "/s/", "/home/me/", "" };

/* The area that the escapes use is the only one whose names change. */
static bool is_private(const char *name)
{
	return strstr(name, "\xef\x80") != NULL || strstr(name, "\xef\x81") != NULL;
}

/* Nothing that Windows refuses or drops may be left in a name. */
static void check_windows(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 2; i < len; i++) {
		unsigned char c = (unsigned char)path[i];
		bool end = i + 1 == len || path[i + 1] == '\\';

		if (c < 32 || strchr("\"*:<>?|/", c) != NULL || (end && (c == '.' || c == ' ')))
			fail_msg("Windows cannot have %s", path);
	}
}

static void check_name(const struct guest *g, const char *name)
{
	for (size_t i = 0; i < array_len(places); i++) {
		char path[2048], windows[8192], back[2048];

		strcpy(path, places[i]);
		strcat(path, name);
		assert_true(path_to_windows(&g->pc, path, 0, windows, sizeof(windows)) > 0);
		check_windows(windows);
		/* a relative C:\x has its colon escaped, so it stays relative */
		assert_true(path_to_linux(&g->pc, windows, 0, back, sizeof(back)) > 0);
		assert_string_equal(back, path);
		assert_true(path_to_windows(&g->pc, path, PATH_FORWARD, windows, sizeof(windows)) >
			    0);
		assert_true(path_to_linux(&g->pc, windows, 0, back, sizeof(back)) > 0);
		assert_string_equal(back, path);
	}
}

static bool is_name(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strchr(name, '/') == NULL;
}

/* All names of one and two bytes. */
static void test_short(void **state)
{
	struct guest g;

	(void)state;
	guest_make(&g, mounts);
	for (int a = 1; a < 256; a++) {
		for (int b = 0; b < 256; b++) {
			char name[3] = { (char)a, (char)b, '\0' };

			if (is_name(name))
				check_name(&g, name);
		}
	}
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Names made of what is special somewhere. */
static void test_generated(void **state)
{
	static const char *const parts[] = {
		".",
		" ",
		"\\",
		":",
		"a",
		"C:",
		"wsl$",
		"?",
		"\"",
		"|",
		"\001",
		"\037",
		"\177",
		"..",
		" .",
		"UNC",
		"//",
		"/",
		"\303\251",
		"\xf0\x9f\x98\x80",
		"\xef\xac\x81",
		"\xef\xa4\x80",
		"\xef\xbc\x9a",
		"\xef\x82\x80",
		"\xef",
		"\x80",
		"\xff",
		"CON",
		"%",
		"'",
		"$x",
		"\n",
		"\t",
		"~",
		"-",
		"{}",
		";",
		"&",
	};
	unsigned seed = 1;
	int checked = 0;
	struct guest g;

	(void)state;
	guest_make(&g, mounts);
	for (int i = 0; i < 20000; i++) {
		char path[512] = "x", windows[512], clean[512];
		unsigned n = 1 + next_random(&seed) % 8;

		while (n-- > 0)
			strcat(path, parts[next_random(&seed) % array_len(parts)]);
		/* the clean form of a path is what must come back */
		if (is_private(path) ||
		    path_to_windows(&g.pc, path, 0, windows, sizeof(windows)) < 0 ||
		    path_to_linux(&g.pc, windows, 0, clean, sizeof(clean)) < 0 || clean[0] == '.')
			continue;
		check_name(&g, clean);
		checked++;
	}
	assert_true(checked > 10000);
}

/* From Windows and back: names with escapes come back too; the guest's own
 * spelling of drive and share is what returns. */
static void test_from_windows(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "C:\\a\xef\x80\xba\\b", "C:\\a\xef\x80\xba\\b" },
		{ "c:/a//b/", "C:\\a\\b\\" },
		{ "C:\\\xef\x80\xae", "C:\\\xef\x80\xae" },
		{ "C:\\.\xef\x80\xae", "C:\\.\xef\x80\xae" },
		{ "D:\\A\\X Y\\z", "D:\\a\\x y\\z" },
		{ "\\\\SRV\\SHARE\\z", "\\\\srv\\share\\z" },
		{ "\\\\wsl$\\DEB\\z", "\\\\wsl.localhost\\deb\\z" },
		{ "\\\\?\\C:\\z", "C:\\z" },
		{ "a\\b:c", "a\\b\xef\x80\xba"
			    "c" },
	};
	struct guest g;

	(void)state;
	guest_make(&g, mounts);
	for (size_t i = 0; i < array_len(rows); i++) {
		char linux_path[256], back[256];

		assert_true(path_to_linux(&g.pc, rows[i].in, 0, linux_path, sizeof(linux_path)) >
			    0);
		assert_true(path_to_windows(&g.pc, linux_path, 0, back, sizeof(back)) > 0);
		assert_string_equal(back, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_generated),
		cmocka_unit_test(test_from_windows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
