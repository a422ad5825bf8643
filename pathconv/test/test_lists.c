/* test_lists.c: PATH lists and WSLENV. */
#include <errno.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "pathconv/test/guest.h"

static const char mounts[] = "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
			     "30 22 0:50 / /mnt/c rw - 9p C: rw\n"
			     "31 22 0:51 / /mnt/d:x rw - 9p D: rw\n"
			     "32 22 0:52 / /mnt/e;x rw - 9p E:\\134a;b rw\n"
			     "33 22 0:53 / /s rw - drvfs \\134\\134srv\\134x rw\n";

struct list_row {
	const char *in, *want;
};

static const struct list_row to_linux[] = {
	{ "C:\\Windows\\system32;C:\\Windows;C:\\Program Files\\Git\\cmd",
	  "/mnt/c/Windows/system32:/mnt/c/Windows:/mnt/c/Program Files/Git/cmd" },
	{ "C:\\a", "/mnt/c/a" },
	{ "", "" },
	{ ";", "" },
	{ ";;C:\\a;;;C:\\b;;", "/mnt/c/a:/mnt/c/b" },
	/* duplicates, however they are written */
	{ "C:\\a;C:\\a", "/mnt/c/a" },
	{ "C:\\a;c:\\A;C:/a/;C:\\b\\..\\a", "/mnt/c/a" },
	{ "C:\\a;C:\\ab;C:\\a\\b;C:\\", "/mnt/c/a:/mnt/c/ab:/mnt/c/a/b:/mnt/c" },
	{ "\\\\wsl$\\deb\\a;\\\\wsl$\\deb\\A;\\\\wsl.localhost\\DEB\\a", "/a:/A" },
	/* on a drive case says nothing, in the guest's own names it does */
	{ "\\\\wsl$\\deb\\S\\b;\\\\srv\\x\\b;\\\\SRV\\X\\B", "/S/b:/s/b" },
	/* what is left out */
	{ "Z:\\a;C:\\b;\\\\srv\\share", "/mnt/c/b" },
	{ "a;.;..;.\\b;\\c;C:d;%SystemRoot%;C:\\e", "/mnt/c/e" },
	{ "D:\\a;C:\\b", "/mnt/c/b" },
	{ "Z:\\a", "" },
	/* a colon in a name would end the element */
	{ "C:\\a\xef\x80\xba"
	  "b;C:\\c",
	  "/mnt/c/c" },
	/* quotes */
	{ "\"C:\\a b\";C:\\c", "/mnt/c/a b:/mnt/c/c" },
	{ "\"C:\\a;b\";C:\\c", "/mnt/c/a;b:/mnt/c/c" },
	{ "C:\\\"a;b\"\\c", "/mnt/c/a;b/c" },
	{ "\"C:\\a;C:\\b", "" },
	{ "\"\";C:\\a", "/mnt/c/a" },
	{ "C:\\a\\;C:\\", "/mnt/c/a:/mnt/c" },
	{ "C:", "/mnt/c" },
	/* a backslash that is part of a name */
	{ "C:\\a\xef\x81\x9c;C:\\b", "/mnt/c/a\\:/mnt/c/b" },
	{ "\\\\wsl$\\deb", "/" },
};

static const struct list_row to_windows[] = {
	{ "/mnt/c/a:/mnt/c/b", "C:\\a;C:\\b" },
	{ "/usr/bin:/mnt/c/b", "\\\\wsl.localhost\\deb\\usr\\bin;C:\\b" },
	{ "", "" },
	{ ":", "" },
	{ "::/mnt/c::", "C:\\" },
	{ "/mnt/c:/mnt/c/:/mnt/c/.", "C:\\" },
	{ "/mnt/c/a:/mnt/c/A/", "C:\\a" },
	{ "/a:/A:/a/", "\\\\wsl.localhost\\deb\\a;\\\\wsl.localhost\\deb\\A" },
	{ "/s/a:/s/A", "\\\\srv\\x\\a" },
	{ "a:.:..:./b:/mnt/c/c", "C:\\c" },
	{ "/mnt/c/a;b:/mnt/c/c", "C:\\c" },
	{ "/mnt/e;x/a:/mnt/c/c", "C:\\c" },
	{ "/mnt/c/a.:/mnt/c/b", "C:\\a\xef\x80\xae;C:\\b" },
};

typedef ssize_t list_converter(const struct pathconv *pc, const char *list, char *out, size_t size);

static void check_list(list_converter *convert, const struct list_row *rows, size_t count)
{
	struct guest g;
	char out[1024];

	guest_make(&g, mounts);
	g.pc.cwd = "/mnt/c";
	for (size_t i = 0; i < count; i++) {
		ssize_t rc = convert(&g.pc, rows[i].in, out, sizeof(out));

		if (rc != (ssize_t)strlen(rows[i].want) || strcmp(out, rows[i].want) != 0)
			fail_msg("%s: got %s (%zd), want %s", rows[i].in, out, rc, rows[i].want);
	}
}

static void test_lists(void **state)
{
	(void)state;
	check_list(path_list_to_linux, to_linux, array_len(to_linux));
	check_list(path_list_to_windows, to_windows, array_len(to_windows));
}

static void check_sizes(list_converter *convert, const char *list)
{
	struct guest g;
	char whole[256];
	ssize_t len;

	guest_make(&g, mounts);
	len = convert(&g.pc, list, whole, sizeof(whole));
	assert_true(len > 0);
	for (size_t size = 0; size <= (size_t)len + 1; size++) {
		char *out = test_malloc(size + 1);
		ssize_t rc = convert(&g.pc, list, out, size);

		if (size <= (size_t)len)
			assert_int_equal(rc, -ENAMETOOLONG);
		else
			assert_string_equal(out, whole);
		test_free(out);
	}
}

static void test_sizes(void **state)
{
	struct guest g;
	char out[1];

	(void)state;
	check_sizes(path_list_to_linux, "C:\\a;C:\\bc;\\\\wsl$\\deb");
	check_sizes(path_list_to_windows, "/mnt/c/a:/mnt/c/b.");
	guest_make(&g, mounts);
	assert_int_equal(path_list_to_linux(&g.pc, "", out, 0), -ENAMETOOLONG);
	assert_int_equal(path_list_to_linux(&g.pc, "Z:\\x", out, 1), 0);
}

/* One element too long for any path spoils nothing else. */
static void test_long_element(void **state)
{
	static char list[3 * 4096], out[4096];
	struct guest g;

	(void)state;
	guest_make(&g, mounts);
	memset(list, 'x', sizeof(list) - 1);
	memcpy(list, "C:\\", 3);
	memcpy(list + sizeof(list) - 10, ";C:\\a", 6);
	assert_int_equal(path_list_to_linux(&g.pc, list, out, sizeof(out)), 8);
	assert_string_equal(out, "/mnt/c/a");
	memset(list, 'x', sizeof(list) - 1);
	memcpy(list, "/mnt/c/", 7);
	memcpy(list + sizeof(list) - 20, ":/mnt/c/a", 10);
	assert_int_equal(path_list_to_windows(&g.pc, list, out, sizeof(out)), 4);
	assert_string_equal(out, "C:\\a");
}

/* WSLENV as "name+flags", a bad one as "!text", each followed by a blank. */
static const struct list_row entries[] = {
	{ "", "" },
	{ "A", "A+ " },
	{ "A:B/p:C/l", "A+ B+p C+l " },
	{ "A/u:B/w:C/uw:D/wu", "A+u B+w C+uw D+uw " },
	{ "A/pu:B/up:C/lw", "A+pu B+pu C+lw " },
	{ "A/pl", "A+pl " },
	{ "A/", "A+ " },
	{ ":A::B:", "A+ B+ " },
	{ "A/p  :B\t", "A+p B+ " },
	{ " A ", "A+ " },
	{ "A/x:B", "!A/x B+ " },
	{ "A/P", "!A/P " },
	{ "A/p/u:B", "!A/p/u B+ " },
	{ "/p", "!/p " },
	{ "/", "!/ " },
	{ "A=B/p", "!A=B/p " },
	{ "A B/p", "A B+p " },
	{ "A/p,u", "!A/p,u " },
	{ "GOPATH/l:USERPROFILE/pu", "GOPATH+l USERPROFILE+pu " },
};

static void test_entries(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(entries); i++) {
		const char *at = entries[i].in;
		char got[256] = "";
		struct wslenv e;

		while (wslenv_next(&at, &e))
			fmt(got + strlen(got), sizeof(got) - strlen(got), "%s%.*s%s%s%s%s%s ",
			    e.bad ? "!" : "", (int)e.name_len, e.name, e.bad ? "" : "+",
			    !e.bad && e.flags & WSLENV_PATH ? "p" : "",
			    !e.bad && e.flags & WSLENV_LIST ? "l" : "",
			    !e.bad && e.flags & WSLENV_TO_LINUX ? "u" : "",
			    !e.bad && e.flags & WSLENV_TO_WINDOWS ? "w" : "");
		assert_string_equal(got, entries[i].want);
	}
}

static void test_directions(void **state)
{
	static const struct {
		const char *in;
		bool to_linux, to_windows;
	} rows[] = {
		{ "A", true, true },     { "A/p", true, true },  { "A/u", true, false },
		{ "A/pw", false, true }, { "A/uw", true, true }, { "A/x", false, false },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const char *at = rows[i].in;
		struct wslenv e;

		assert_true(wslenv_next(&at, &e));
		assert_int_equal(wslenv_goes(&e, WSLENV_TO_LINUX), rows[i].to_linux);
		assert_int_equal(wslenv_goes(&e, WSLENV_TO_WINDOWS), rows[i].to_windows);
	}
}

struct value_row {
	const char *entry, *in, *want; /* want NULL: -EXDEV */
};

static const struct value_row values_to_windows[] = {
	{ "A", "/mnt/c/a", "/mnt/c/a" },
	{ "A/u", "/mnt/c/a", "/mnt/c/a" },
	{ "A", "", "" },
	{ "A/p", NULL, "" },
	{ "A/p", "", "" },
	{ "A/l", "", "" },
	{ "A/p", "/mnt/c/a", "C:\\a" },
	{ "A/p", "/mnt/c/a b/", "C:\\a b\\" },
	{ "A/p", "/home", "\\\\wsl.localhost\\deb\\home" },
	{ "A/p", "a/b", "a\\b" },
	/* p is one path, whatever it holds; l is a list */
	{ "A/p", "/mnt/c/a:/mnt/c/b", "C:\\a\xef\x80\xba\\mnt\\c\\b" },
	{ "A/l", "/mnt/c/a:/mnt/c/b", "C:\\a;C:\\b" },
	{ "A/pl", "/mnt/c/a:/mnt/c/b", "C:\\a;C:\\b" },
	{ "A/l", "/mnt/c/a", "C:\\a" },
	{ "A/l", "a:/mnt/c/b", "C:\\b" },
	{ "A/l", "a:b", NULL },
};

static void check_values(void)
{
	const struct value_row *rows = values_to_windows;
	struct guest g;
	char out[256];

	guest_make(&g, mounts);
	for (size_t i = 0; i < array_len(values_to_windows); i++) {
		const char *at = rows[i].entry;
		struct wslenv e;
		ssize_t rc;

		assert_true(wslenv_next(&at, &e));
		rc = wslenv_to_windows(&g.pc, &e, rows[i].in, out, sizeof(out));
		if (rows[i].want == NULL) {
			assert_int_equal(rc, -EXDEV);
			continue;
		}
		assert_int_equal(rc, strlen(rows[i].want));
		assert_string_equal(out, rows[i].want);
	}
}

static void test_values(void **state)
{
	struct wslenv e = { .name = "A", .name_len = 1 };
	struct guest g;
	char out[4];

	(void)state;
	check_values();
	guest_make(&g, mounts);
	assert_int_equal(wslenv_to_windows(&g.pc, &e, "abc", out, sizeof(out)), 3);
	assert_int_equal(wslenv_to_windows(&g.pc, &e, "abcd", out, sizeof(out)), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),        cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_long_element), cmocka_unit_test(test_entries),
		cmocka_unit_test(test_directions),   cmocka_unit_test(test_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
