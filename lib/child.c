/* child.c: starting a child process, and waiting for it. */
#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/loop.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

enum {
	KERNEL_SIGNALS = 64,
	EXEC_STACK = 128 * 1024,
	KILL_MS = 1000, /* for KILL to take effect; what hangs in the kernel takes longer */
	UNABLE = 127,
};

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

/* First out of the way of all places, then into place. */
static int fds_place(const int *fds, size_t count)
{
	int copy[CHILD_FDS];

	for (size_t i = 0; i < count; i++) {
		int null = fds[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;

		copy[i] = fcntl(fds[i] < 0 ? null : fds[i], F_DUPFD_CLOEXEC, (int)count);
		fd_close(&null);
		if (copy[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i < count; i++) {
		if (dup2(copy[i], (int)i) < 0)
			return -errno;
		close(copy[i]);
	}
	return 0;
}

/* In the child. `parent` may be gone before the kernel knew what to send then. */
static int child_become(const struct child_setup *s, pid_t parent)
{
	int error = 0;

	signals_reset();
	if (s->death_signal && prctl(PR_SET_PDEATHSIG, s->death_signal) < 0)
		return -errno;
	if (s->death_signal && getppid() != parent)
		return -ESRCH;
	if (s->flags & CHILD_SESSION)
		setsid();
	if (s->flags & CHILD_TTY && ioctl(s->fds[0], TIOCSCTTY, 0) < 0)
		return -errno;
	if (s->name)
		prctl(PR_SET_NAME, s->name);
	if (s->fd_count > 0)
		error = fds_place(s->fds, s->fd_count);
	if (error == 0 && s->flags & CHILD_ALONE)
		syscall(SYS_close_range, (unsigned)s->fd_count, ~0u, 0);
	return error;
}

pid_t child_fork(const struct child_setup *setup)
{
	pid_t parent = getpid(), pid;

	if (setup->fd_count > CHILD_FDS)
		return -EINVAL;
	pid = _Fork(); /* no handlers of the C library: we have one thread and hold no lock */
	if (pid == 0 && child_become(setup, parent) < 0)
		_exit(UNABLE);
	return pid < 0 ? -errno : pid;
}

struct start {
	const struct child_setup *setup;
	int (*exec)(void *arg);
	void *arg;
	pid_t parent;
	int error;
};

static int start_main(void *arg)
{
	struct start *start = arg;

	start->error = child_become(start->setup, start->parent);
	if (start->error == 0)
		start->error = start->exec(start->arg);
	return UNABLE;
}

/* A child that exec'ed never left its frames; the sanitizer would take what it
 * knew of them for ours. */
static void stack_forget(void *stack, size_t size)
{
#ifdef __SANITIZE_ADDRESS__
	__asan_unpoison_memory_region(stack, size);
#else
	(void)stack, (void)size;
#endif
}

pid_t child_exec(const struct child_setup *setup, int (*exec)(void *arg), void *arg)
{
	_Alignas(16) char stack[EXEC_STACK];
	struct start start = { .setup = setup, .exec = exec, .arg = arg, .parent = getpid() };
	pid_t pid;

	if (setup->fd_count > CHILD_FDS)
		return -EINVAL;
	pid = clone(start_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
	stack_forget(stack, sizeof(stack));
	if (pid < 0)
		return -errno;
	if (start.error < 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return start.error;
	}
	return pid;
}

/* 1: it has ended; 0: not yet; or negative errno. */
static int ended(pid_t pid)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno == ECHILD ? 1 : -errno;
	return info.si_pid == pid;
}

int child_ends(pid_t pid, int64_t ms)
{
	int64_t end = loop_now() + ms;
	int64_t left = ms;
	sigset_t child, before;
	bool taken = false;
	int got;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	while ((got = ended(pid)) == 0 && left > 0) {
		const struct timespec wait = { left / 1000, left % 1000 * 1000000 };

		taken |= sigtimedwait(&child, NULL, &wait) == SIGCHLD;
		left = end - loop_now();
	}
	/* It may have been another child's, for whom somebody else waits. */
	if (taken)
		kill(getpid(), SIGCHLD);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return got;
}

int child_wait(pid_t pid, int64_t ms)
{
	int status = 0;
	int got = child_ends(pid, ms);

	if (got < 0)
		return got;
	if (got == 0) {
		kill(pid, SIGKILL);
		if (child_ends(pid, KILL_MS) > 0)
			waitpid(pid, NULL, 0);
		return -ETIMEDOUT;
	}
	return waitpid(pid, &status, WNOHANG) == pid ? status : -ECHILD;
}
