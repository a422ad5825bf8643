/* test_mountinfo.c: a mount table larger than any buffer. */
#include "lib/mountinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/test/cmocka_all.h"
#include "lib/test/mounts.h"

enum { MANY = 520, NAME = 200 };

/* How many lines there are, and how many of them are on /tmp/m000*; or -errno. */
static int count(int *ours)
{
	struct mountinfo m;
	char *line;
	size_t len;
	int n = 0, err = mountinfo_open(&m);

	*ours = 0;
	while (err == 0 && (err = mountinfo_next(&m, &line, &len)) == 1) {
		n++;
		*ours += strstr(line, " /tmp/m000") != NULL && strlen(line) == len;
		err = 0;
	}
	mountinfo_close(&m);
	return err < 0 ? err : n;
}

static int many_mounts(void)
{
	int before, after, ours;

	before = count(&ours);
	for (int i = 0; i < MANY; i++) {
		char name[NAME + 16];

		snprintf(name, sizeof(name), "/tmp/m%0*d", NAME, i);
		if (mkdir(name, 0700) < 0 || mount("tmpfs", name, "tmpfs", 0, NULL) < 0)
			return 1;
	}
	after = count(&ours);
	return before <= 0 || after != before + MANY || ours != MANY;
}

static void test_any_number(void **state)
{
	(void)state;
	mounts_apart("/tmp", many_mounts);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_any_number) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
