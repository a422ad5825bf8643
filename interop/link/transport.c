/* transport.c: a descriptor as a transport. */
#include "interop/link/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"

static ssize_t fd_readv(struct transport *t, const struct iovec *iov, int count)
{
	ssize_t n;

	do
		n = readv(t->fd, iov, count);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* A serial port takes SERIAL_WRITE bytes at most, and has no writev of its own:
 * each piece would be one more message to the host. */
enum { SERIAL_WRITE = 32 * 1024 };

struct serial {
	struct transport transport;
	uint8_t gather[SERIAL_WRITE];
};

static struct iovec gather(struct serial *p, const struct iovec *iov, int count)
{
	struct iovec all = { p->gather, 0 };

	if (count == 1 || iov->iov_len >= SERIAL_WRITE)
		return *iov;
	for (int i = 0; i < count && all.iov_len < SERIAL_WRITE; i++) {
		size_t room = SERIAL_WRITE - all.iov_len;
		size_t n = iov[i].iov_len < room ? iov[i].iov_len : room;

		memcpy(p->gather + all.iov_len, iov[i].iov_base, n);
		all.iov_len += n;
	}
	return all;
}

static ssize_t serial_writev(struct transport *t, const struct iovec *iov, int count)
{
	struct iovec all = gather(container_of(t, struct serial, transport), iov, count);
	ssize_t n;

	do
		n = write(t->fd, all.iov_base, all.iov_len);
	while (n < 0 && errno == EINTR);
	return n > 0 ? n : n < 0 ? -errno : -EAGAIN;
}

static ssize_t socket_writev(struct transport *t, const struct iovec *iov, int count)
{
	const struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov,
				    .msg_iovlen = (size_t)count };
	ssize_t n;

	do
		n = sendmsg(t->fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static uint32_t fd_want(struct transport *t, enum transport_way way)
{
	(void)t;
	return way == TRANSPORT_READ ? EPOLLIN : EPOLLOUT;
}

static void socket_close(struct transport *t)
{
	close(t->fd);
	free(t);
}

static void serial_close(struct transport *t)
{
	close(t->fd);
	free(container_of(t, struct serial, transport));
}

static const struct transport_ops socket_ops = { fd_readv, socket_writev, fd_want, socket_close };
static const struct transport_ops serial_ops = { fd_readv, serial_writev, fd_want, serial_close };

int transport_of_fd(struct transport **out, int fd)
{
	int type;
	socklen_t len = sizeof(type);
	bool socket = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
	struct serial *p = socket ? NULL : malloc(sizeof(*p));
	struct transport *t = socket ? malloc(sizeof(*t)) : p ? &p->transport : NULL;

	if (!t) {
		close(fd);
		return -ENOMEM;
	}
	t->fd = fd;
	t->ops = socket ? &socket_ops : &serial_ops;
	t->drains = socket; /* a port gives a page at a time */
	*out = t;
	return 0;
}

void transport_close(struct transport *t)
{
	if (t)
		t->ops->close(t);
}
