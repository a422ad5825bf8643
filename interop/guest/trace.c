/* trace.c: a word from the kernel when a TCP port begins or ceases to listen. */
#include "interop/guest/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/lib.h"

enum { CMD_CREATE = 6, CLOEXEC = 1 }; /* of fsconfig(2); of fsopen(2) and fsmount(2) */

#define INSTANCE "instances/landbridge"
#define EVENT INSTANCE "/events/sock/inet_sock_set_state/"

static int tracefs_mount(void)
{
	int fs = (int)syscall(SYS_fsopen, "tracefs", CLOEXEC), dir = -1, error = 0;

	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, CMD_CREATE, NULL, NULL, 0) < 0)
		error = -errno;
	if (!error)
		dir = (int)syscall(SYS_fsmount, fs, CLOEXEC, 0);
	if (!error && dir < 0)
		error = -errno;
	close(fs);
	return error ? error : dir;
}

static int say(int dir, const char *file, const char *text)
{
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return error;
}

/* A page a processor is enough: the words are only counted. Percent 0: told at once. */
static int instance_make(int dir)
{
	static const char *const words[][2] = {
		{ INSTANCE "/buffer_size_kb", "4" },
		{ INSTANCE "/buffer_percent", "0" },
		{ EVENT "filter", "oldstate == 10 || newstate == 10" }, /* TCP_LISTEN */
		{ EVENT "enable", "1" },
	};
	int error = mkdirat(dir, INSTANCE, 0700) < 0 && errno != EEXIST ? -errno : 0;

	for (size_t i = 0; !error && i < array_len(words); i++)
		error = say(dir, words[i][0], words[i][1]);
	return error;
}

int trace_listening(void)
{
	int dir = tracefs_mount(), error, fd;

	if (dir < 0)
		return dir;
	error = instance_make(dir);
	fd = error ? -1 : openat(dir, INSTANCE "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (!error && fd < 0)
		error = -errno;
	close(dir);
	return error ? error : fd;
}
