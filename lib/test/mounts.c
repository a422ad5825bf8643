/* mounts.c: tests that mount. */
#include "lib/test/mounts.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test/cmocka_all.h"

enum { SKIPPED = 77 };

static int apart(const char *dir, int (*run)(void))
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
	    (dir && mount("tmpfs", dir, "tmpfs", 0, NULL) < 0))
		return SKIPPED;
	return run();
}

void mounts_apart(const char *dir, int (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(apart(dir, run));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}
