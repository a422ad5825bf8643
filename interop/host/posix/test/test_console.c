/* test_console.c: what the console tells; the drives of a Wine prefix. */
#include "interop/host/posix/console.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interop/host/posix/prefix.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_feed(void **state)
{
	static const struct {
		const char *text, *failed;
		bool emergency;
	} rows[] = {
		{ "", "", false },
		{ "[    1.0] landbridge: failed mount: no root\r\n", "mount: no root", false },
		{ "landbridge: failed a: 1\nlandbridge: failed b: 2\n", "b: 2", false },
		{ "landbridge: failed a: 1", "", false },
		{ "landbridge: failed a: \x1b[31mred\n", "a: [31mred", false },
		{ "landbridge: failed a: \xc2\x9b"
		  "31m \x9bred\xc3\xa4\n",
		  "a: 31m red\xc3\xa4", false },
		{ "init: x\n[2.0] landbridge: emergency shell\n", "", true },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct console whole = { 0 }, split = { 0 };
		size_t len = strlen(rows[i].text);

		console_feed(&whole, rows[i].text, len);
		assert_string_equal(whole.failed, rows[i].failed);
		assert_int_equal(whole.emergency, rows[i].emergency);
		for (size_t j = 0; j < len; j++)
			console_feed(&split, rows[i].text + j, 1);
		assert_string_equal(split.failed, rows[i].failed);
		assert_int_equal(split.emergency, rows[i].emergency);
	}
}

static void test_wrong(void **state)
{
	static const char text[] = "[ 1.0] landbridge: warning settings: one\r\n"
				   "[ 1.1] landbridge: ready: 20 ms\n"
				   "[ 1.2] landbridge: failed fstab: two\n"
				   "[ 1.3] landbridge: warning drives: th";
	struct console c = { 0 };
	char line[64];

	(void)state;
	assert_false(console_wrong(&c, line, sizeof(line)));
	console_feed(&c, text, strlen(text));
	assert_true(console_wrong(&c, line, sizeof(line)));
	assert_string_equal(line, "settings: one");
	assert_true(console_wrong(&c, line, sizeof(line)));
	assert_string_equal(line, "fstab: two");
	assert_false(console_wrong(&c, line, sizeof(line)));
	console_feed(&c, "ree\n", 4);
	assert_true(console_wrong(&c, line, sizeof(line)));
	assert_string_equal(line, "drives: three");
	/* However many there are, what is kept of them is whole. */
	for (int i = 0; i < 1000; i++)
		console_feed(&c, "landbridge: warning x: y\n", 25);
	while (console_wrong(&c, line, sizeof(line)))
		assert_string_equal(line, "x: y");
}

static void test_long_line(void **state)
{
	struct console c = { 0 };

	(void)state;
	for (int i = 0; i < 5000; i++)
		console_feed(&c, "x", 1);
	console_feed(&c, "\nlandbridge: failed a: b\n", 25);
	assert_string_equal(c.failed, "a: b");
}

static void test_last_words(void **state)
{
	static const char panic[] = "[ 2.1] Kernel panic - not syncing: VFS: no root\r\n"
				    "[ 2.2] Kernel panic - not syncing: again\n";
	static const char halt[] = "[ 5.0] reboot: System halted\n";
	struct console c = { 0 };

	(void)state;
	console_feed(&c, panic, strlen(panic));
	assert_string_equal(c.panic, "VFS: no root");
	assert_false(c.halted);
	console_feed(&c, halt, strlen(halt));
	assert_true(c.halted);
}

static void drive_set(struct drives *drives, char letter, const char *dir)
{
	struct drive *drive = &drives->at[drives->count++];

	*drive = (struct drive){ .letter = letter };
	fmt(drive->dir, sizeof(drive->dir), "%s", dir);
}

static void link_is(const struct wine *wine, const char *name, const char *want)
{
	char path[PATH_MAX + 32], target[PATH_MAX];
	ssize_t len;

	fmt(path, sizeof(path), "%s/dosdevices/%s", wine->prefix, name);
	len = readlink(path, target, sizeof(target) - 1);
	if (!want) {
		assert_int_equal(len, -1);
		return;
	}
	assert_true(len >= 0);
	target[len] = '\0';
	assert_string_equal(target, want);
}

static void test_drives(void **state)
{
	static struct drives one, two;
	static struct wine wine;
	char dir[] = "/tmp/test_prefix.XXXXXX", path[PATH_MAX + 32];
	struct fault why = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	fmt(wine.prefix, sizeof(wine.prefix), "%s", dir);
	fmt(path, sizeof(path), "%s/drive_c", dir);
	drive_set(&one, 'C', path);
	assert_int_equal(dir_make(path, 0700), 0);
	drive_set(&two, 'C', path);
	drive_set(&two, 'D', dir);
	assert_int_equal(prefix_set_drives(&wine, &one, &why), 0);
	fmt(path, sizeof(path), "%s/dosdevices/z:", dir);
	assert_int_equal(symlink("/", path), 0);
	fmt(path, sizeof(path), "%s/dosdevices/com1", dir);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_false(prefix_has_drives(&wine, &one));
	assert_int_equal(prefix_set_drives(&wine, &two, &why), 0);
	assert_true(prefix_has_drives(&wine, &two));
	assert_false(prefix_has_drives(&wine, &one));
	link_is(&wine, "c:", "../drive_c");
	link_is(&wine, "d:", dir);
	link_is(&wine, "z:", NULL);
	link_is(&wine, "com1", "/dev/null");
	assert_int_equal(prefix_set_drives(&wine, &one, &why), 0);
	link_is(&wine, "d:", NULL);
	fmt(path, sizeof(path), "rm -rf %s", dir);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feed),      cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_long_line), cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_drives),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
