/* spawn.c: children of PID 1 during boot. */
#include "init/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init/boot.h"
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

/* It tells its parent by its exit status, an errno value, and what it could not
 * do through a pipe. */
static _Noreturn void part_run(struct boot *b, const struct part *part, int report)
{
	int err = part->run(part->owner);

	if (err < 0 && write(report, b->what, strlen(b->what)) < 0)
		err = -EIO;
	_exit(-err);
}

static int part_result(struct boot *b, int status, int report)
{
	int err = status < 0 ? status : WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
	ssize_t len;

	if (err == 0)
		return 0;
	len = read(report, b->what, sizeof(b->what) - 1);
	if (len > 0)
		b->what[len] = '\0';
	return err; /* without a report: as the step had it before */
}

int spawn_part(struct boot *b, const struct part *part)
{
	int report[2], status, err;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC | O_NONBLOCK) < 0)
		return boot_unable(b, -errno, "make a pipe");
	pid = spawn_fork();
	if (pid == 0)
		part_run(b, part, report[1]);
	close(report[1]);
	status = pid < 0 ? pid : spawn_wait(pid, part->ms);
	if (status == -ETIMEDOUT)
		kill(pid, SIGKILL);
	err = part_result(b, status, report[0]);
	close(report[0]);
	return err;
}
