/* test_watchers.c: what proc(5) says of who watches. */
#include "p9fs/watchers.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		uint64_t ino;
		uint32_t sdev;
		bool is;
	} cases[] = {
		{ "inotify wd:3 ino:9e7e sdev:800013 mask:800afce ignored_mask:0 fhandle-bytes:8",
		  0x9e7e, 0x800013, true },
		{ "inotify wd:1 ino:ffffffffffffffff sdev:2d mask:2", UINT64_MAX, 0x2d, true },
		{ "fanotify ino:4f969 sdev:800013 mflags:0 mask:3b", 0x4f969, 0x800013, true },
		{ "fanotify mnt_id:12 mflags:0 mask:3b", 0, 0, false },
		{ "fanotify flags:10 event-flags:0", 0, 0, false },
		{ "inotify wd:1 ino: sdev:2d", 0, 0, false },
		{ "inotify wd:1 ino:1", 0, 0, false },
		{ "inotify wd:1 ino:1 sdev:1ffffffff", 0, 0, false },
		{ "notify ino:1 sdev:1", 0, 0, false },
		{ "", 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		uint64_t ino = 0;
		uint32_t sdev = 0;

		assert_int_equal(watchers_line(cases[i].line, &ino, &sdev), cases[i].is);
		assert_true(ino == cases[i].ino && sdev == cases[i].sdev);
	}
}

static void test_this_process(void **state)
{
	char file[] = "/tmp/watchers-XXXXXX", other[] = "/tmp/watchers-XXXXXX";
	struct watchers w = { .inos = NULL };
	int fds[] = { mkstemp(file), mkstemp(other) }, notify = inotify_init1(IN_CLOEXEC);
	struct stat st[2];

	(void)state;
	assert_true(fstat(fds[0], &st[0]) == 0 && fstat(fds[1], &st[1]) == 0);
	w.device[0] = major(st[0].st_dev);
	w.device[1] = minor(st[0].st_dev);
	assert_true(inotify_add_watch(notify, file, IN_MODIFY) > 0);
	watchers_find(&w);
	assert_true(!w.bad && watchers_has(&w, st[0].st_ino) && !watchers_has(&w, st[1].st_ino));
	close(notify);
	watchers_find(&w);
	assert_false(watchers_has(&w, st[0].st_ino));
	watchers_free(&w);
	close(fds[0]);
	close(fds[1]);
	unlink(file);
	unlink(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
