/* nss.c: the image's own name service. */
#include "init/nss.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "init/command.h"
#include "lib/child.h"
#include "lib/fd.h"
#include "lib/loop.h"

enum { WAIT_MS = 5000 };

static _Noreturn void getent_exec(const char *database, const char *key)
{
	char *const argv[] = { (char[]){ "getent" }, (char[]){ "--" }, (char *)(uintptr_t)database,
			       (char *)(uintptr_t)key, NULL };
	char *const envp[] = { system_path, NULL };

	execve("/usr/bin/getent", argv, envp);
	_exit(127);
}

/* Until it ends or there is more than fits. */
static ssize_t answer_read(int fd, char *text, size_t size)
{
	int64_t end = loop_now() + WAIT_MS;
	size_t used = 0;

	while (used < size) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - loop_now();
		ssize_t n = left > 0 && poll(&p, 1, (int)left) > 0
				    ? read(fd, text + used, size - used)
				    : -1;

		if (n < 0)
			return -ETIMEDOUT;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

ssize_t nss_ask(const char *database, const char *key, char *line, size_t size)
{
	int output[2], fds[3], status;
	ssize_t len;
	pid_t pid;

	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	fds[0] = fds[2] = -1;
	fds[1] = output[1];
	pid = child_fork(&(struct child_setup){ .fds = fds, .fd_count = 3 });
	if (pid == 0)
		getent_exec(database, key);
	close(output[1]);
	len = pid < 0 ? pid : answer_read(output[0], line, size - 1);
	close(output[0]);
	status = pid < 0 ? pid : child_wait(pid, len < 0 ? 0 : WAIT_MS);
	if (len < 0)
		return len;
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return status == 0 && line[0] ? (ssize_t)strlen(line) : -ENOENT;
}
