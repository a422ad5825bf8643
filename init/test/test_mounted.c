/* test_mounted.c: the end of a run, with more mounts than any buffer holds. */
#include "init/mounted.h"

#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/mountinfo.h"
#include "lib/test/cmocka_all.h"
#include "lib/test/mounts.h"

enum { MANY = 520, NAME = 200 };

static int count(void)
{
	struct mountinfo m;
	char *line;
	size_t len;
	int n = 0;

	if (mountinfo_open(&m) < 0)
		return -1;
	while (mountinfo_next(&m, &line, &len) == 1)
		n++;
	mountinfo_close(&m);
	return n;
}

/* One in another, and some on one directory. */
static int mounts_make(void)
{
	char name[NAME + 16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "/tmp/m%0*d%s", NAME, i / 2, i % 2 ? "/in" : "");
		if (mkdir(name, 0700) < 0 || mount("tmpfs", name, "tmpfs", 0, NULL) < 0 ||
		    (i % 50 == 49 && mount("tmpfs", name, "tmpfs", 0, NULL) < 0))
			return 1;
	}
	return 0;
}

static int all_gone(void)
{
	struct unmounting *u = unmounting_start();

	if (mounts_make() || count() < MANY)
		return 1;
	unmount_all(u);
	/* What is left: the root, /proc, /sys and /dev; and what is busy. */
	return unmounting_hung(u) || count() > 20 || is_mountpoint("/tmp") ? 2 : 0;
}

static void test_any_number(void **state)
{
	(void)state;
	mounts_apart("/tmp", all_gone);
}

/* A child that dies in the middle of one is taken to have hung there. */
static void test_hung(void **state)
{
	struct unmounting *u = unmounting_start();

	(void)state;
	assert_non_null(u);
	assert_false(unmounting_hung(u));
	for (int i = 0; i < 8; i++) {
		*(int *)(void *)u = 30 + i; /* its first member: where it is */
		assert_true(unmounting_hung(u));
		assert_false(unmounting_hung(u));
	}
	*(int *)(void *)u = 50;
	assert_false(unmounting_hung(u)); /* enough */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_number),
		cmocka_unit_test(test_hung),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
