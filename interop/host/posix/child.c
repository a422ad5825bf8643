/* child.c: starts programs and waits for them. */
#include "interop/host/posix/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "lib/lib.h"

static bool args_grow(struct args *args)
{
	size_t size = args->size ? args->size * 2 : 32;
	char **at;

	if (args->count + 2 <= args->size)
		return true;
	at = reallocarray(args->at, size, sizeof(*at));
	if (!at)
		return false;
	args->at = at;
	args->size = size;
	return true;
}

void args_add(struct args *args, const char *format, ...)
{
	va_list list;
	size_t len;
	char *text;

	va_start(list, format);
	len = fmt_va(NULL, 0, format, list);
	va_end(list);
	text = malloc(len + 1);
	if (!text || !args_grow(args)) {
		free(text);
		args->bad = true;
		return;
	}
	va_start(list, format);
	fmt_va(text, len + 1, format, list);
	va_end(list);
	args->at[args->count++] = text;
	args->at[args->count] = NULL;
}

void args_free(struct args *args)
{
	while (args->count > 0)
		free(args->at[--args->count]);
	free(args->at);
	*args = (struct args){ 0 };
}

void die_with_parent(pid_t parent, int signal)
{
	prctl(PR_SET_PDEATHSIG, signal);
	if (getppid() != parent)
		_exit(HOST_FAILED);
}

static void signals_default(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Puts the three where they belong even when one of them is 0, 1 or 2. */
static int stdio_place(const int from[3])
{
	int fd[3];

	for (int i = 0; i < 3; i++) {
		fd[i] = from[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : from[i];
		fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 3);
		if (fd[i] < 0)
			return -errno;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fd[i], i) < 0)
			return -errno;
	return 0;
}

static int child_exec(const struct child *child, pid_t parent)
{
	const int stdio[3] = { child->in, child->out, child->err };

	signals_default();
	die_with_parent(parent, child->death_signal);
	setsid();
	if (stdio_place(stdio) < 0 || (child->dir && chdir(child->dir) < 0))
		return errno;
	for (size_t i = 0; i < child->keep_count; i++)
		fd_set_cloexec(child->keep[i], 0);
	execvpe(child->program, child->argv, child->envp ? child->envp : environ);
	return errno;
}

pid_t child_start(const struct child *child)
{
	int report[2], error = 0;
	pid_t parent = getpid(), pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		error = child_exec(child, parent);
		fd_write_all(report[1], &error, sizeof(error));
		_exit(127);
	}
	close(report[1]);
	if (pid < 0)
		error = errno;
	else if (fd_read_full(report[0], &error, sizeof(error)) == sizeof(error))
		waitpid(pid, NULL, 0);
	close(report[0]);
	return error ? -error : pid;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

/* Without a pidfd (no descriptor left, an old kernel) SIGCHLD says when to look
 * again, or, where that is another's and taken before us, a tenth of a second. */
static bool ends_by_signal(pid_t pid, int64_t ms)
{
	const int64_t end = loop_now() + ms;
	struct timespec patience = { 0 };
	sigset_t set, before;
	int64_t left = ms;
	bool ended;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &before);
	while (!(ended = has_ended(pid)) && left > 0) {
		patience.tv_nsec = (left < 100 ? left : 100) * 1000000;
		sigtimedwait(&set, NULL, &patience);
		left = end - loop_now();
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ended;
}

bool child_ends(pid_t pid, int64_t ms)
{
	struct pollfd poll_fd = { .events = POLLIN };
	int ready;

	poll_fd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (poll_fd.fd < 0)
		return ends_by_signal(pid, ms);
	do
		ready = poll(&poll_fd, 1, (int)ms);
	while (ready < 0 && errno == EINTR);
	close(poll_fd.fd);
	return ready > 0;
}

int child_wait(pid_t pid, int64_t ms)
{
	int status = 0;

	if (child_ends(pid, ms))
		return waitpid(pid, &status, 0) < 0 ? -errno : status;
	/* Not waited for again: one that hangs in the kernel does not die. */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, WNOHANG);
	return -ETIMEDOUT;
}

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void descriptors_keep(const int *keep, size_t count)
{
	int sorted[8], from = STDERR_FILENO + 1;

	if (count > array_len(sorted))
		count = array_len(sorted);
	memcpy(sorted, keep, count * sizeof(*keep));
	qsort(sorted, count, sizeof(*sorted), ascending);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] < from)
			continue;
		if (sorted[i] > from)
			close_range((unsigned)from, (unsigned)sorted[i] - 1, 0);
		from = sorted[i] + 1;
	}
	close_range((unsigned)from, ~0U, 0);
}

/* Keeps the last line that is not empty. */
static void last_line(char *text)
{
	size_t len = strlen(text);
	char *start;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	start = strrchr(text, '\n');
	if (start)
		memmove(text, start + 1, strlen(start + 1) + 1);
}

/* Reads to end of file and keeps the end of it. */
static void drain(int fd, char *text, size_t size)
{
	size_t used = 0, half = size / 2;
	ssize_t n;

	for (;;) {
		n = read(fd, text + used, size - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used > half) {
			memmove(text, text + used - half, half);
			used = half;
		}
	}
	text[used] = '\0';
}

int child_run(char *const *argv, char *text, size_t size)
{
	struct child child = {
		.program = argv[0], .argv = argv, .in = -1, .death_signal = SIGTERM
	};
	int output[2], status;
	pid_t pid;

	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	child.out = child.err = output[1];
	pid = child_start(&child);
	close(output[1]);
	if (pid > 0)
		drain(output[0], text, size);
	close(output[0]);
	if (pid < 0)
		return pid;
	last_line(text);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int path_search(const char *name, char *path, size_t size)
{
	const char *dir = getenv("PATH");
	size_t len;

	for (dir = dir ? dir : "/usr/bin:/bin"; *dir; dir += len + (dir[len] == ':')) {
		len = strcspn(dir, ":");
		if (len > 0 && path_format(path, size, "%.*s/%s", (int)len, dir, name) == 0 &&
		    access(path, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}
