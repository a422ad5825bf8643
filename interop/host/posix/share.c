/* share.c: where Windows programs find the guest's files. */
#include "interop/host/posix/share.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "interop/host/posix/view.h"
#include "lib/child.h"
#include "lib/lib.h"
#include "p9fs/p9fs.h"

#define SERVER "wsl.localhost"

/* The process's descriptors. */
enum { CHANNEL = 3, HELD = 4, DIRECTORY = 5 };

enum { WORD_MOUNT = 'm', WORD_UNMOUNT = 'u', ANSWER_S = 5 };

size_t share_path(const struct share *share, char *out, size_t size)
{
	return fmt(out, size, "%s/dosdevices/unc/" SERVER "/%s", share->prefix, share->name);
}

int share_make(const struct share *share)
{
	char dir[PATH_MAX];
	int fd = view_new_files(), r = fd;

	if (fd >= 0 && path_format(dir, sizeof(dir), SERVER "/%s", share->name) < 0)
		r = -ENAMETOOLONG;
	if (r >= 0 && (mkdirat(fd, SERVER, 0755) < 0 || mkdirat(fd, dir, 0755) < 0 ||
		       symlinkat(SERVER, fd, "wsl$") < 0))
		r = -errno;
	if (r >= 0)
		r = view_fix_files(fd);
	if (r < 0)
		fd_close(&fd);
	return r < 0 ? r : fd;
}

int share_hold(void)
{
	int fd = open("/dev/fuse", O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* --- the process ------------------------------------------------------------------ */

static void unmount_all(const char *dir)
{
	while (umount2(dir, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
}

/* One that was opened in another user namespace would not do. */
static int mount_new(const char *dir)
{
	char path[64], options[128];
	int fd, r;

	unmount_all(dir);
	fmt(path, sizeof(path), "/proc/self/fd/%d", HELD);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fmt(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u,max_read=%d", fd,
	    geteuid(), getegid(), (int)P9FS_GIVEN_READ);
	if (mount("guest", dir, "fuse.landbridge", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

/* The answer is an errno, or 0 with a descriptor. */
static void answer(char word, const char *dir)
{
	int fd = word == WORD_MOUNT ? mount_new(dir) : -ENOENT;
	char error = fd < 0 ? (char)-fd : 0;

	if (word == WORD_UNMOUNT)
		unmount_all(dir);
	if (fd < 0)
		(void)!send(CHANNEL, &error, 1, MSG_NOSIGNAL);
	else
		(void)!fd_send(CHANNEL, fd, &error, 1);
	fd_close(&fd);
}

static _Noreturn void serve(const char *name)
{
	char dir[PATH_MAX], word;

	/* Who could trace us would mount. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    path_format(dir, sizeof(dir), "/proc/self/fd/%d/%s", DIRECTORY, name) < 0)
		_exit(1);
	while (recv(CHANNEL, &word, 1, 0) == 1)
		answer(word, dir);
	_exit(0);
}

static int dir_open(const struct share *share)
{
	char path[PATH_MAX];
	int fd;

	if (path_format(path, sizeof(path), "%s/dosdevices/unc/" SERVER, share->prefix) < 0)
		return -ENAMETOOLONG;
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

pid_t share_start(const struct share *share, int held, int *channel)
{
	const struct timeval patience = { .tv_sec = ANSWER_S };
	int pair[2], dir = dir_open(share);
	pid_t pid;

	if (dir < 0)
		return dir;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		pid = -errno;
		close(dir);
		return pid;
	}
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	pid = child_fork(&(struct child_setup){ .flags = CHILD_ALONE,
						.death_signal = SIGKILL,
						.fds = (int[]){ -1, -1, -1, pair[1], held, dir },
						.fd_count = DIRECTORY + 1,
						.name = "lb-share" });
	if (pid == 0)
		serve(share->name);
	close(pair[1]);
	close(dir);
	*channel = pair[0];
	if (pid < 0)
		fd_close(channel);
	return pid;
}

/* --- who asks it -------------------------------------------------------------------- */

static int ask(int channel, char word)
{
	char error = 0;
	int fd = -1;
	ssize_t n = send(channel, &word, 1, MSG_NOSIGNAL);

	if (n == 1)
		n = fd_recv(channel, &fd, &error, 1);
	if (n == 1 && error == 0 && fd >= 0)
		return fd;
	fd_close(&fd);
	return n == 1 && error ? -error : -EPIPE;
}

int share_mount(int channel)
{
	return ask(channel, WORD_MOUNT);
}

void share_unmount(int channel)
{
	int fd = ask(channel, WORD_UNMOUNT);

	fd_close(&fd);
}
