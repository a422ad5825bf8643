/* test_mountinfo.c: a mount table larger than any buffer. */
#include "lib/mountinfo.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test/cmocka_all.h"

enum { MANY = 520, NAME = 200, SKIPPED = 77 };

/* How many lines there are, and how many of them are on /tmp/m*; or -errno. */
static int count(int *ours)
{
	struct mountinfo m;
	char *line;
	size_t len;
	int n = 0, err = mountinfo_open(&m);

	*ours = 0;
	while (err == 0 && (err = mountinfo_next(&m, &line, &len)) == 1) {
		n++;
		*ours += strstr(line, " /tmp/m") != NULL && strlen(line) == len;
		err = 0;
	}
	mountinfo_close(&m);
	return err < 0 ? err : n;
}

/* In a child, which has mounts of its own. */
static int many_mounts(void)
{
	int before, after, ours;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
		return SKIPPED;
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
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(many_mounts());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_any_number) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
