/* fd.c: descriptors and small files. */
#include "lib/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h> /* rename */
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/kcmp.h>
#include <linux/vm_sockets.h>

#include "lib/fmt.h"

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int fd_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int fd_set_cloexec(int fd, int on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

/* After EINTR at once, after EAGAIN when poll(2) says so: 0; else -errno. */
static int fd_again(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return 0;
	if (errno != EAGAIN)
		return -errno;
	return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);
		int err = n < 0 ? fd_again(fd, POLLOUT) : 0;

		if (err < 0)
			return err;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *buf, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)buf + got, len - got);
		int err = n < 0 ? fd_again(fd, POLLIN) : 0;

		if (err < 0)
			return err;
		if (n == 0)
			break;
		if (n > 0)
			got += (size_t)n;
	}
	return (ssize_t)got;
}

ssize_t file_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = fd_read_full(fd, buf, size);
	close(fd);
	if (len < 0)
		return len;
	if ((size_t)len == size)
		return -EFBIG;
	buf[len] = '\0';
	return len;
}

static int file_put(const char *path, int flags, mode_t mode, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, mode);
	int err;

	if (fd < 0)
		return -errno;
	err = fd_write_all(fd, text, strlen(text));
	if (close(fd) < 0 && err == 0)
		err = -errno;
	return err;
}

int file_write(const char *path, const char *text)
{
	return file_put(path, 0, 0, text);
}

int file_create(const char *path, const char *text, mode_t mode)
{
	return file_put(path, O_CREAT | O_TRUNC, mode, text);
}

int file_replace(const char *path, const char *text, mode_t mode)
{
	char part[PATH_MAX];
	int err;

	fmt(part, sizeof(part), "%s.%d", path, (int)getpid());
	err = file_create(part, text, mode);
	return err < 0 || rename(part, path) == 0 ? err : -errno;
}

int path_real(const char *path, char *out, size_t size)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	char link[32];
	ssize_t len;

	if (fd < 0)
		return -errno;
	fmt(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, out, size);
	if (len < 0)
		len = -errno;
	close(fd);
	if (len < 0)
		return (int)len;
	if ((size_t)len == size)
		return -ENAMETOOLONG;
	out[len] = '\0';
	/* "/a (deleted)", "(unreachable)/a", "pipe:[7]" */
	return out[0] == '/' && access(out, F_OK) == 0 ? 0 : -ENOENT;
}

int dir_make(const char *path, mode_t mode)
{
	char part[4096];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int unix_socket(const char *path, struct sockaddr_un *addr)
{
	int fd;

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	memcpy(addr->sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

/* Only a refusal says that nobody is there: a full queue, or a socket of another
 * kind, is somebody's. */
static bool is_served(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool served = fd < 0 || connect(fd, (const void *)addr, sizeof(*addr)) == 0 ||
		      errno != ECONNREFUSED;

	fd_close(&fd);
	return served;
}

int unix_listen(const char *path, mode_t mode, int backlog)
{
	struct sockaddr_un addr;
	int fd = unix_socket(path, &addr);
	struct stat st;
	int err;

	if (fd < 0)
		return fd;
	/* What is no socket is no leftover of ours: bind(2) says EADDRINUSE. */
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && !is_served(&addr))
		unlink(path);
	/* The mode is right from the first moment: fchmod on the unbound socket
	 * decides the mode that bind(2) gives the file. */
	if (fchmod(fd, mode) == 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	    chmod(path, mode) == 0 && listen(fd, backlog) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

bool fd_is_same(int a, int b)
{
	pid_t self = getpid();

	return syscall(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

int vsock_listen(unsigned port, int backlog)
{
	struct sockaddr_vm addr = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	addr.svm_port = port;
	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	    listen(fd, backlog) == 0)
		return fd;
	err = -errno;
	fd_close(&fd);
	return err;
}

static int connect_with(const char *path, int flags)
{
	struct sockaddr_un addr;
	int fd = unix_socket(path, &addr);
	int err;

	if (fd < 0)
		return fd;
	if (fcntl(fd, F_SETFL, flags) == 0 &&
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int unix_connect(const char *path)
{
	return connect_with(path, 0);
}

int unix_connect_now(const char *path)
{
	return connect_with(path, O_NONBLOCK);
}

int unix_peer(int fd, struct peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	*peer = (struct peer){ cred.pid, cred.uid, cred.gid };
	return 0;
}

/* Control data for one descriptor, aligned as cmsg(3) wants it. */
union fd_control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

ssize_t fd_send(int sock, int fd, const void *data, size_t len)
{
	union fd_control control = { .bytes = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	msg.msg_control = control.bytes;
	msg.msg_controllen = sizeof(control.bytes);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t fd_recv(int sock, int *got, void *buf, size_t len)
{
	union fd_control control = { .bytes = { 0 } };
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	*got = -1;
	msg.msg_control = control.bytes;
	msg.msg_controllen = CMSG_LEN(sizeof(int)); /* with padding a second one would fit */
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(got, CMSG_DATA(c), sizeof(int));
	return n;
}
