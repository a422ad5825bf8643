/* test_copy.c: trees copied as they are, and what no source can make of that. */
#include "interop/host/posix/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "interop/host/posix/contents.h"
#include "interop/host/posix/test/scratch.h"
#include "lib/child.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static volatile sig_atomic_t stop;
static char said[512];

static int setup(void **state)
{
	(void)state;
	umask(0);
	stop = 0;
	return scratch_make() == 0 && chdir(scratch) == 0 && mkdir("in", 0755) == 0 &&
			       mkdir("out", 0755) == 0
		       ? 0
		       : -1;
}

static void failed(void *owner, const char *path, const char *why)
{
	(void)owner;
	fmt(said, sizeof(said), "%s: %s", path, why);
}

/* in/FROM as out/TO; how many failed. */
static unsigned copy(const char *from, const char *to, unsigned flags)
{
	struct copy c = { .flags = flags, .stop = &stop, .failed = failed };
	int dir = open("in", O_PATH | O_DIRECTORY | O_CLOEXEC);

	said[0] = '\0';
	c.top = open("out", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fmt(c.shown, sizeof(c.shown), "%s", from);
	copy_tree(&c, dir, from, to);
	copy_end(&c);
	close(c.top);
	close(dir);
	return c.failures;
}

static void make(const char *path, const char *text, mode_t mode)
{
	assert_int_equal(file_create(path, text, mode), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void assert_text(const char *path, const char *text)
{
	char got[64];

	assert_true(file_read(path, got, sizeof(got)) >= 0);
	assert_string_equal(got, text);
}

static struct stat stat_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st;
}

static void assert_alike(const char *one, const char *other)
{
	struct stat a = stat_of(one), b = stat_of(other);

	assert_int_equal(a.st_mode, b.st_mode);
	assert_int_equal(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
	assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
	assert_int_equal(a.st_uid, b.st_uid);
	assert_int_equal(a.st_gid, b.st_gid);
}

/* --- */

static void test_tree(void **state)
{
	static const char *const names[] = { "d",          "d/f",        "d/sub",
					     "d/sub/twin", "d/sub/link", "d/pipe" };
	const struct timespec times[2] = { { 1, 2 }, { 1234567890, 123456789 } };
	char one[64], other[64], value[8];
	bool attributes;

	(void)state;
	mkdir("in/d", 0755);
	mkdir("in/d/sub", 0711);
	make("in/d/f", "text", 0640);
	attributes = setxattr("in/d/f", "user.note", "so", 2, 0) == 0;
	assert_int_equal(link("in/d/f", "in/d/sub/twin"), 0);
	assert_int_equal(symlink("/no/such", "in/d/sub/link"), 0);
	assert_int_equal(mkfifo("in/d/pipe", 0600), 0);
	for (size_t i = array_len(names); i-- > 0;) {
		fmt(one, sizeof(one), "in/%s", names[i]);
		utimensat(AT_FDCWD, one, times, AT_SYMLINK_NOFOLLOW);
	}
	assert_int_equal(copy("d", "e", ATTRIBUTES_OWNER), 0);
	for (size_t i = 0; i < array_len(names); i++) {
		fmt(one, sizeof(one), "in/%s", names[i]);
		fmt(other, sizeof(other), "out/e%s", names[i] + 1);
		assert_alike(one, other);
	}
	assert_text("out/e/f", "text");
	assert_int_equal(stat_of("out/e/f").st_ino, stat_of("out/e/sub/twin").st_ino);
	assert_int_equal(readlink("out/e/sub/link", one, sizeof(one)), 8);
	if (attributes)
		assert_int_equal(getxattr("out/e/f", "user.note", value, sizeof(value)), 2);
	/* Once more, over what is there; and the contents alone, which leave the top as it is. */
	assert_int_equal(copy("d", "e", ATTRIBUTES_OWNER), 0);
	assert_int_equal(stat_of("out/e/f").st_nlink, 2);
	assert_int_equal(copy("d", ".", ATTRIBUTES_OWNER), 0);
	assert_alike("in/d/f", "out/f");
	assert_int_equal(stat_of("out").st_mode & 07777, 0755);
}

static void test_holes(void **state)
{
	int fd = open("in/f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;
	char got[5] = "";

	(void)state;
	assert_int_equal(pwrite(fd, "here", 4, 40 << 20), 4);
	assert_int_equal(ftruncate(fd, 100 << 20), 0);
	close(fd);
	assert_int_equal(copy("f", "f", 0), 0);
	st = stat_of("out/f");
	assert_int_equal(st.st_size, 100 << 20);
	assert_true(st.st_blocks < 1024);
	fd = open("out/f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, got, 4, 40 << 20), 4);
	assert_string_equal(got, "here");
	close(fd);
}

static void test_modes(void **state)
{
	static const struct {
		mode_t mode;
		unsigned flags;
		bool owned;
		mode_t wanted;
	} rows[] = {
		{ 06755, 0, false, 0755 },
		{ 06755, ATTRIBUTES_OWNER, true, 06755 },
		{ 06755, ATTRIBUTES_OWNER | ATTRIBUTES_WARY, true, 0755 },
		{ 01777, ATTRIBUTES_WARY, false, 01777 },
		{ 0, 0, true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const struct stat st = { .st_mode = S_IFREG | rows[i].mode };

		assert_int_equal(attributes_mode(&st, rows[i].flags, rows[i].owned),
				 rows[i].wanted);
	}
}

static void test_nothing_is_written_through(void **state)
{
	(void)state;
	make("kept", "kept", 0600);
	mkdir("other", 0755);
	mkdir("in/d", 0755);
	mkdir("in/d/sub", 0755);
	make("in/d/f", "new", 0644);
	make("in/d/sub/g", "new", 0644);
	mkdir("out/d", 0755);
	symlink("../../kept", "out/d/f");
	symlink("../../other", "out/d/sub");
	assert_int_equal(copy("d", "d", 0), 1);
	assert_string_equal(said, "d/sub: Not a directory");
	assert_text("out/d/f", "new");
	assert_text("kept", "kept");
	assert_int_equal(rmdir("other"), 0);
	/* Nor two names of one file. */
	assert_int_equal(link("kept", "out/twin"), 0);
	assert_int_equal(rename("in/d/f", "in/twin"), 0);
	assert_int_equal(copy("twin", "twin", 0), 0);
	assert_text("kept", "kept");
	assert_text("out/twin", "new");
}

/* The first of two names of one file has been replaced when the second comes. */
static void test_twin_is_gone(void **state)
{
	static const char *const steps[][2] = { { "f", "f" }, { "other", "f" }, { "g", "g" } };
	struct copy c = { .stop = &stop, .failed = failed };
	int dir = open("in", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	make("in/f", "one", 0644);
	make("in/other", "other", 0644);
	assert_int_equal(link("in/f", "in/g"), 0);
	c.top = open("out", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < array_len(steps); i++)
		copy_tree(&c, dir, steps[i][0], steps[i][1]);
	copy_end(&c);
	close(c.top);
	close(dir);
	assert_int_equal(c.failures, 0);
	assert_text("out/f", "other");
	assert_text("out/g", "one");
}

static void test_failures(void **state)
{
	(void)state;
	assert_int_equal(copy("none", "none", 0), 1);
	assert_string_equal(said, "none: No such file or directory");
	make("in/f", "x", 0644);
	mkdir("out/f", 0755);
	assert_int_equal(copy("f", "f", 0), 1);
	assert_string_equal(said, "f: Is a directory");
	assert_int_equal(rmdir("out/f"), 0);
	assert_int_equal(rmdir("out"), 0); /* nothing was left in it */
	mkdir("out", 0755);
	if (geteuid() == 0) {
		assert_int_equal(mknod("in/null", S_IFCHR | 0666, 0x103), 0);
		assert_int_equal(copy("null", "null", ATTRIBUTES_WARY), 1);
		assert_non_null(strstr(said, "devices"));
		assert_int_equal(mknod("out/f", S_IFCHR | 0666, 0x103), 0);
		assert_int_equal(copy("f", "f", 0), 1);
		assert_true(S_ISCHR(stat_of("out/f").st_mode));
	}
	stop = SIGINT;
	assert_int_equal(copy("f", "g", 0), 1);
	assert_string_equal(said, "");
	assert_int_equal(access("out/g", F_OK), -1);
}

static void test_into_itself(void **state)
{
	struct copy c = { .stop = &stop, .failed = failed };
	int dir = open("in", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	mkdir("in/d", 0755);
	c.top = open("in/d", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fmt(c.shown, sizeof(c.shown), "d");
	copy_tree(&c, dir, "d", "d");
	copy_end(&c);
	close(c.top);
	close(dir);
	assert_int_equal(c.failures, 1);
	assert_string_equal(said, "d/d: it is where the copy goes");
	assert_int_equal(access("in/d/d/d", F_OK), -1);
}

/* Exchanges a directory for a link to others' files, as fast as it can. */
static pid_t swap(const char *one, const char *other)
{
	const struct child_setup child = { .death_signal = SIGKILL };
	pid_t pid = child_fork(&child);

	if (pid == 0)
		for (;;)
			renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
	assert_true(pid > 0);
	return pid;
}

static void test_swapped(void **state)
{
	static const char *const places[] = { "in", "out" };
	char one[32], other[32];

	(void)state;
	mkdir("secret", 0755);
	make("secret/f", "secret", 0600);
	mkdir("in/d", 0755);
	mkdir("in/d/sub", 0755);
	make("in/d/sub/f", "mine", 0644);
	assert_int_equal(copy("d", "d", 0), 0);
	for (size_t i = 0; i < array_len(places); i++) {
		fmt(one, sizeof(one), "%s/d/sub", places[i]);
		fmt(other, sizeof(other), "%s/d/in%s", places[i], places[i]);
		assert_int_equal(symlink("../../secret", other), 0);
		pid_t pid = swap(one, other);

		for (unsigned n = 0; n < 1500; n++) {
			char text[16] = "";

			copy("d", "d", 0);
			assert_text("secret/f", "secret");
			/* A copy of the link may well lead there. */
			if (file_read("out/d/sub/f", text, sizeof(text)) > 0 && i == 0 &&
			    !S_ISLNK(stat_of("out/d/sub").st_mode))
				assert_string_equal(text, "mine");
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tree, setup, scratch_remove),
		cmocka_unit_test_setup_teardown(test_holes, setup, scratch_remove),
		cmocka_unit_test_setup_teardown(test_modes, setup, scratch_remove),
		cmocka_unit_test_setup_teardown(test_nothing_is_written_through, setup,
						scratch_remove),
		cmocka_unit_test_setup_teardown(test_twin_is_gone, setup, scratch_remove),
		cmocka_unit_test_setup_teardown(test_failures, setup, scratch_remove),
		cmocka_unit_test_setup_teardown(test_into_itself, setup, scratch_remove),
		cmocka_unit_test_setup_teardown(test_swapped, setup, scratch_remove),
	};

	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
