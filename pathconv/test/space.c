/* space.c: namespaces of a test's own. */
#include "pathconv/test/space.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/test/cmocka_all.h"

_Noreturn void space_leave(const char *why, int error)
{
	fprintf(stderr, "skipped: %s: %s\n", why, strerror(error));
	_exit(SPACE_SKIP);
}

static void enter(void)
{
	char uids[64], gids[64];

	fmt(uids, sizeof(uids), "0 %u 1\n", (unsigned)geteuid());
	fmt(gids, sizeof(gids), "0 %u 1\n", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		space_leave("no user namespaces", errno);
	file_write("/proc/self/setgroups", "deny");
	if (file_write("/proc/self/uid_map", uids) < 0 ||
	    file_write("/proc/self/gid_map", gids) < 0)
		space_leave("no user namespaces", EPERM);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		space_leave("no mounts of our own", errno);
}

int space_run(void (*body)(const char *dir), const char *dir)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		enter();
		body(dir);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

void space_verdict(int status)
{
	if (status == SPACE_SKIP)
		skip();
	assert_int_equal(status, 0);
}
