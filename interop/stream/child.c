/* child.c: descriptors 0, 1, 2 of programs: our own at the start, a child's. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interop/stream/stream.h"

enum { KERNEL_SIGNALS = 64 };

int stdio_hold(void)
{
	int fd;

	/* A descriptor opened with O_PATH cannot be read or written: EBADF. */
	do
		fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* By the system call, as the C libraries keep some signals to themselves, and
 * would let a parent's SIG_IGN for them pass. All zero is SIG_DFL. */
static void signals_reset(void)
{
	static const unsigned long normal[8];
	sigset_t none;

	for (int i = 1; i <= KERNEL_SIGNALS; i++)
		syscall(SYS_rt_sigaction, i, normal, NULL, KERNEL_SIGNALS / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int child_stdio(const int stdio[3], bool tty)
{
	int fds[3];

	signals_reset();
	setsid();
	if (tty && ioctl(stdio[0], TIOCSCTTY, 0) < 0)
		return -errno;
	/* First out of the way of 0, 1, 2, then into place. */
	for (int i = 0; i < 3; i++) {
		fds[i] = stdio[i];
		if (fds[i] <= STDERR_FILENO)
			fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (fds[i] < 0)
			return -errno;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			return -errno;
	return 0;
}
