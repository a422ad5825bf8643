/* test_prefix.c: a Wine prefix in which Windows programs put things in others' places. */
#include "interop/host/posix/prefix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/host/posix/test/scratch.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static struct wine wine;
static struct drives drives;

/* A prefix; elsewhere/ is not part of it. */
static int setup(void **state)
{
	static const char *const dirs[] = {
		"wine", "wine/drive_c", "wine/drive_c/windows", "elsewhere", "elsewhere/c:",
	};

	(void)state;
	if (scratch_make() < 0)
		return -1;
	for (size_t i = 0; i < array_len(dirs); i++)
		mkdir(at(dirs[i]), 0700);
	file_create(at("elsewhere/system.reg"), "WINE REGISTRY Version 2\n", 0600);
	wine = (struct wine){ .lock = -1, .runs = true };
	fmt(wine.prefix, sizeof(wine.prefix), "%s/wine", scratch);
	drives = (struct drives){ 0 };
	drives_add(&drives, 'C', at("wine/drive_c"));
	drives_add(&drives, 'D', at("elsewhere"));
	return 0;
}

static const char *target_of(const char *name)
{
	static char target[PATH_MAX];
	ssize_t len = readlink(at(name), target, sizeof(target) - 1);

	target[len > 0 ? len : 0] = '\0';
	return target;
}

static void drives_are_set(void)
{
	struct fault why = { 0 };

	assert_int_equal(prefix_set_drives(&wine, &drives, &why), 0);
	assert_true(prefix_has_drives(&wine, &drives));
	assert_string_equal(target_of("wine/dosdevices/c:"), "../drive_c");
	assert_string_equal(target_of("wine/dosdevices/d:"), at("elsewhere"));
}

static void test_drives(void **state)
{
	(void)state;
	assert_false(prefix_has_drives(&wine, &drives));
	drives_are_set();
	drives_are_set();
	drives.at[1].read_only = true;
	assert_false(prefix_has_drives(&wine, &drives));
}

static void test_drive_comes_and_goes(void **state)
{
	struct drive later = { .letter = 'E', .dir = "/e" };
	char target[PATH_MAX + 4];

	(void)state;
	assert_int_equal(prefix_add_drive(&wine, &later, target), -ENOENT);
	drives_are_set();
	mkdir(at("wine/dosdevices/e:"), 0700);
	assert_int_equal(prefix_add_drive(&wine, &later, target), 0);
	assert_string_equal(target_of("wine/dosdevices/e:"), "/e");
	assert_false(prefix_has_drives(&wine, &drives));
	later.read_only = true;
	assert_int_equal(prefix_add_drive(&wine, &later, target), 0);
	assert_string_equal(target_of("wine/dosdevices/e:"), "/e/.");
	assert_string_equal(target, "/e/.");
	assert_int_equal(prefix_drop_drive(&wine, 'E'), 0);
	assert_int_equal(prefix_drop_drive(&wine, 'E'), 0);
	assert_true(prefix_has_drives(&wine, &drives));
}

static void test_devices_are_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(symlink("../elsewhere", at("wine/dosdevices")), 0);
	drives_are_set();
	assert_int_equal(access(at("elsewhere/c:"), F_OK), 0);
	assert_int_not_equal(access(at("elsewhere/d:"), F_OK), 0);
}

static void test_devices_are_a_file(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(at("wine/dosdevices"), 0600), 0);
	drives_are_set();
}

/* What the file says leads there from anywhere in the host's /tmp; and it stays as it is. */
static void server_is_set(void)
{
	struct fault why = { 0 };
	struct stat file, there, tmp;
	char text[PATH_MAX + 64] = "/tmp/";

	assert_int_equal(prefix_set_server(&wine, &why), 0);
	assert_int_equal(lstat(at("wine/wineserver"), &file), 0);
	assert_int_equal(file.st_mode, S_IFREG | 0400);
	assert_true(file_read(at("wine/wineserver"), text + 5, sizeof(text) - 5) > 0);
	assert_int_equal(stat(text, &there), 0);
	assert_int_equal(lstat(at("wine/tmp"), &tmp), 0);
	assert_int_equal(tmp.st_mode, S_IFDIR | 0700);
	assert_int_equal(there.st_ino, tmp.st_ino);
}

static void test_server(void **state)
{
	struct stat once, again;

	(void)state;
	server_is_set();
	stat(at("wine/wineserver"), &once);
	server_is_set();
	stat(at("wine/wineserver"), &again);
	assert_int_equal(once.st_ino, again.st_ino);
	assert_int_equal(once.st_mtim.tv_nsec, again.st_mtim.tv_nsec);
}

/* Of a Landbridge before, or a Windows program's. */
static void test_server_is_elsewhere(void **state)
{
	(void)state;
	file_create(at("wine/wineserver"), "wine-AbCdEf", 0400);
	server_is_set();
	chmod(at("wine/wineserver"), 0600);
	server_is_set();
	unlink(at("wine/wineserver"));
	file_create(at("elsewhere/file"), "", 0600);
	assert_int_equal(symlink("../elsewhere/file", at("wine/wineserver")), 0);
	rmdir(at("wine/tmp"));
	assert_int_equal(symlink("../elsewhere", at("wine/tmp")), 0);
	server_is_set();
	assert_int_equal(access(at("elsewhere/file"), F_OK), 0);
	unlink(at("wine/wineserver"));
	assert_int_equal(mkfifo(at("wine/wineserver"), 0400), 0);
	alarm(10);
	server_is_set();
	alarm(0);
	unlink(at("wine/wineserver"));
	mkdir(at("wine/wineserver"), 0700);
	mkdir(at("wine/wineserver/more"), 0700);
	server_is_set();
}

static void test_drive_is_a_directory(void **state)
{
	(void)state;
	mkdir(at("wine/dosdevices"), 0700);
	mkdir(at("wine/dosdevices/c:"), 0700);
	assert_int_equal(symlink("../../../elsewhere", at("wine/dosdevices/c:/link")), 0);
	mkdir(at("wine/dosdevices/z:"), 0700);
	drives_are_set();
	assert_int_not_equal(access(at("wine/dosdevices/z:"), F_OK), 0);
	assert_int_equal(access(at("elsewhere/c:"), F_OK), 0);
}

static void test_names_are_elsewhere(void **state)
{
	(void)state;
	prefix_add_names(&wine);
	assert_string_equal(target_of("wine/drive_c/windows/System32"), "system32");
	assert_int_equal(rename(at("wine/drive_c"), at("wine/other")), 0);
	assert_int_equal(symlink("../elsewhere", at("wine/drive_c")), 0);
	prefix_add_names(&wine);
	assert_int_not_equal(access(at("elsewhere/Users"), F_OK), 0);
	assert_string_equal(target_of("elsewhere/Windows"), "");
}

/* What of it programs can take away or make says nothing of how it was made. */
static void test_made_is_told_outside(void **state)
{
	(void)state;
	file_create(at("wine/.landbridge"), "", 0600);
	assert_false(prefix_is_complete(&wine));
	file_create(at("wine.made"), "", 0600);
	assert_true(prefix_is_complete(&wine));
}

static void path_is(const char *wanted)
{
	char path[256];

	assert_int_equal(wine_path(&wine, &drives, path, sizeof(path)), 0);
	assert_string_equal(path, wanted);
}

static void test_registry_is_none(void **state)
{
	static const char text[] =
		"WINE REGISTRY Version 2\n\n"
		"[System\\\\CurrentControlSet\\\\Control\\\\Session Manager\\\\Environment] 1\n"
		"\"PATH\"=\"C:\\\\windows\"\n";
	int fd;

	(void)state;
	file_create(at("wine/system.reg"), text, 0600);
	path_is("C:\\windows");
	assert_int_equal(rename(at("wine/system.reg"), at("elsewhere/system.reg")), 0);
	assert_int_equal(symlink("../elsewhere/system.reg", at("wine/system.reg")), 0);
	path_is("");
	unlink(at("wine/system.reg"));
	assert_int_equal(mkfifo(at("wine/system.reg"), 0600), 0);
	alarm(10);
	path_is("");
	alarm(0);
	unlink(at("wine/system.reg"));
	file_create(at("wine/system.reg"), text, 0600);
	fd = open(at("wine/system.reg"), O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	close(fd);
	path_is("");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scratch_remove)
	const struct CMUnitTest tests[] = {
		TEST(test_drives),
		TEST(test_drive_comes_and_goes),
		TEST(test_devices_are_elsewhere),
		TEST(test_devices_are_a_file),
		TEST(test_server),
		TEST(test_server_is_elsewhere),
		TEST(test_drive_is_a_directory),
		TEST(test_names_are_elsewhere),
		TEST(test_made_is_told_outside),
		TEST(test_registry_is_none),
	};

	return cmocka_run_group_tests_name("prefix", tests, NULL, NULL);
}
