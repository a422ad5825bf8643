/* fd.c: of lib/fd.h what sockets need, on Windows. */
#include "lib/fd.h"

#include "lib/win32/posix.h"

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Of the C library's descriptors: 1 and 2. */
int fd_write_all(int fd, const void *data, size_t len)
{
	const char *from = data;

	while (len > 0) {
		int n = write(fd, from, (unsigned)len);

		if (n <= 0)
			return -EPIPE;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_set_nonblock(int fd)
{
	u_long on = 1;

	return ioctlsocket((SOCKET)fd, (long)FIONBIO, &on) == 0 ? 0 : -EBADF;
}

int fd_set_cloexec(int fd, int on)
{
	return SetHandleInformation((HANDLE)(SOCKET)fd, HANDLE_FLAG_INHERIT,
				    on ? 0 : HANDLE_FLAG_INHERIT)
		       ? 0
		       : -EBADF;
}

/* Windows has neither vsock nor, everywhere, unix sockets; and where it has them they do
 * not say who calls. */
int unix_peer(int fd, struct peer *peer)
{
	(void)fd;
	(void)peer;
	return -EAFNOSUPPORT;
}

int unix_listen(const char *path, mode_t mode, int backlog)
{
	(void)path;
	(void)mode;
	(void)backlog;
	return -EAFNOSUPPORT;
}

int vsock_listen(unsigned port, int backlog)
{
	(void)port;
	(void)backlog;
	return -EAFNOSUPPORT;
}
