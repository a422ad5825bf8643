/* spawn.c: children of PID 1 during boot. */
#include "init/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/child.h"
#include "lib/loop.h"

pid_t spawn_fork(void)
{
	return child_fork(&(struct child_setup){ .flags = CHILD_SESSION });
}

int spawn_wait(pid_t pid, int ms)
{
	int64_t end = loop_now() + ms;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		struct timespec left;
		int64_t left_ms = end - loop_now();
		int status;
		pid_t got;

		while ((got = waitpid(-1, &status, WNOHANG)) > 0)
			if (got == pid)
				return status;
		if (got < 0 || left_ms <= 0)
			return got < 0 ? -errno : -ETIMEDOUT;
		left = (struct timespec){ left_ms / 1000, left_ms % 1000 * 1000000 };
		sigtimedwait(&child, NULL, &left);
	}
}
