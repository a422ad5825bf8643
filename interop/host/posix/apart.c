/* apart.c: a process that has no others of the host's beside it. */
#include "interop/host/posix/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interop/host/posix/view.h"
#include "lib/lib.h"

enum { BETWEEN_MS = 5000 };

/* The namespace is for the children of who leaves the host's, so there is a process
 * between us and the first: it starts that one as its sibling, says its number,
 * and goes. */
static _Noreturn void between_end(int report, int32_t number)
{
	fd_write_all(report, &number, sizeof(number));
	_exit(0);
}

static void between(const struct child_setup *setup, int report)
{
	int r = view_leave(CLONE_NEWPID);
	long pid = r < 0 ? r : syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	if (pid != 0)
		between_end(report, (int32_t)(pid < 0 && r == 0 ? -errno : pid));
	close(report);
	/* Too late when the parent has gone by now; then what we have of it says so. */
	if (setup->death_signal)
		prctl(PR_SET_PDEATHSIG, setup->death_signal);
}

pid_t apart_fork(const struct child_setup *setup)
{
	struct child_setup s = *setup;
	int fds[CHILD_FDS], report[2];
	int32_t number = -EAGAIN;
	pid_t pid;

	if (setup->fd_count >= CHILD_FDS || setup->fd_count == 0)
		return -EINVAL;
	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	memcpy(fds, setup->fds, setup->fd_count * sizeof(fds[0]));
	fds[s.fd_count++] = report[1];
	s.fds = fds;
	pid = child_fork(&s);
	if (pid == 0) {
		between(&s, (int)s.fd_count - 1);
		return 0;
	}
	close(report[1]);
	if (pid < 0)
		number = pid;
	else if (fd_read_full(report[0], &number, sizeof(number)) != sizeof(number))
		number = -EAGAIN;
	if (pid > 0)
		child_wait(pid, BETWEEN_MS);
	close(report[0]);
	return number;
}

bool apart_is_first(void)
{
	return getpid() == 1;
}
