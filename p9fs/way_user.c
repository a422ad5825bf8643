/* way_user.c: mounting with fusermount3(1), which is set-uid root. It sends the
 * descriptor through the socket that _FUSE_COMMFD names. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/lib.h"
#include "p9fs/way.h"

#define PROGRAM "fusermount3"

enum { COMM = 3, UNMOUNT_MS = 10000 };

static int program_exec(void *arg)
{
	execvp(PROGRAM, arg);
	return -errno;
}

/* With `comm` as its descriptor COMM, unless that is -1. */
static pid_t program_start(char **argv, int comm)
{
	int errors = fcntl(STDERR_FILENO, F_GETFD) < 0 ? -1 : STDERR_FILENO;
	const int fds[] = { -1, -1, errors, comm };
	const struct child_setup setup = { .fds = fds, .fd_count = comm < 0 ? COMM : COMM + 1 };

	return child_exec(&setup, program_exec, argv);
}

/* In its options a comma ends a value, and a backslash spares it that. */
static void put_value(char *out, size_t size, const char *value)
{
	size_t used = 0;

	for (; *value && used + 2 < size; value++) {
		if (*value == ',' || *value == '\\')
			out[used++] = '\\';
		out[used++] = *value;
	}
	out[used] = '\0';
}

static void put_options(char *out, size_t size, const struct p9fs_config *c, uint32_t max_read)
{
	size_t used = fmt(out, size, "nosuid,nodev,max_read=%u%s,subtype=%s,fsname=", max_read,
			  c->read_only ? ",ro" : "", c->type + strlen("fuse."));

	put_value(out + used, size - used, c->name);
}

/* What it sends; it has said itself why it does not. */
static int descriptor_receive(pid_t pid, int sock)
{
	char byte;
	int fd = -1;
	ssize_t n = fd_recv(sock, &fd, &byte, 1);

	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n < 0)
		return (int)n;
	return fd < 0 ? -EPERM : fd;
}

static int user_mount(const struct p9fs_config *c, uint32_t max_read, const char **step)
{
	char options[512];
	char *argv[] = { (char[]){ PROGRAM }, (char[]){ "-o" }, options,
			 (char[]){ "--" },    strdup(c->dir),   NULL };
	int pair[2], got;

	put_options(options, sizeof(options), c, max_read);
	*step = "start fusermount3 (it is in the package fuse3)";
	if (!argv[4] || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		got = -errno;
		free(argv[4]);
		return got;
	}
	setenv("_FUSE_COMMFD", "3", 1);
	got = program_start(argv, pair[0]);
	unsetenv("_FUSE_COMMFD");
	close(pair[0]);
	if (got >= 0) {
		*step = "mount a FUSE file system";
		got = descriptor_receive(got, pair[1]);
	}
	close(pair[1]);
	free(argv[4]);
	return got;
}

static void user_unmount(const struct p9fs_config *c)
{
	char *argv[] = { (char[]){ PROGRAM },
			 (char[]){ "-u" },
			 (char[]){ "-q" },
			 (char[]){ "-z" },
			 (char[]){ "--" },
			 strdup(c->dir),
			 NULL };
	pid_t pid = argv[5] ? program_start(argv, -1) : -1;

	if (pid > 0)
		child_wait(pid, UNMOUNT_MS);
	free(argv[5]);
}

const struct p9fs_way p9fs_as_user = { user_mount, NULL, NULL, user_unmount };
