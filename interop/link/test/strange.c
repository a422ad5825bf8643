/* strange.c: transports that are harder on their user than a descriptor is. */
#include "interop/link/test/strange.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"

enum { GREETING = 0x5a, HOARD = 5000 };

struct strange_one {
	struct transport transport;
	unsigned kind, calls, dice;
	bool greeted, answered;
	uint8_t hoard[HOARD];
	size_t start, used;
};

/* The greeting, as far as it gets. 0: over; -EAGAIN, or what went wrong. */
static int greet(struct strange_one *s)
{
	uint8_t byte = GREETING;
	ssize_t n;

	if (!s->greeted) {
		if (send(s->transport.fd, &byte, 1, MSG_NOSIGNAL) < 0)
			return -errno;
		s->greeted = true;
	}
	if (!s->answered) {
		n = recv(s->transport.fd, &byte, 1, 0);
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		s->answered = true;
	}
	return 0;
}

static int refuses(struct strange_one *s)
{
	int error = greet(s);

	/* Not every third time: whoever asks in step with that would never get anywhere. */
	s->dice = s->dice * 1103515245U + 12345U;
	if (!error && (s->kind & STRANGE_REFUSES) && (s->dice >> 16) % 3 == 0)
		error = -EAGAIN;
	return error;
}

static ssize_t strange_readv(struct transport *t, const struct iovec *iov, int count)
{
	struct strange_one *s = container_of(t, struct strange_one, transport);
	int error = refuses(s);
	size_t len;
	ssize_t n;

	if (error)
		return error;
	if (!(s->kind & STRANGE_HOARDS)) {
		n = readv(t->fd, iov, count);
		return n < 0 ? -errno : n;
	}
	if (!s->used) {
		n = recv(t->fd, s->hoard, HOARD, 0);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		s->start = 0;
		s->used = (size_t)n;
	}
	len = 1 + s->calls++ % 4000;
	len = len < s->used ? len : s->used;
	len = len < iov->iov_len ? len : iov->iov_len;
	memcpy(iov->iov_base, s->hoard + s->start, len);
	s->start += len;
	s->used -= len;
	return (ssize_t)len;
}

static ssize_t strange_writev(struct transport *t, const struct iovec *iov, int count)
{
	struct strange_one *s = container_of(t, struct strange_one, transport);
	unsigned few = s->calls++ % 64;
	struct iovec one = { iov->iov_base, few < 8 ? 1 + few % 3 : 8000 };
	int error = refuses(s);
	ssize_t n;

	if (error)
		return error;
	if (!(s->kind & STRANGE_BYTES)) {
		n = writev(t->fd, iov, count);
	} else {
		one.iov_len = one.iov_len < iov->iov_len ? one.iov_len : iov->iov_len;
		n = writev(t->fd, &one, 1);
	}
	return n < 0 ? -errno : n;
}

static uint32_t strange_want(struct transport *t, enum transport_way way)
{
	struct strange_one *s = container_of(t, struct strange_one, transport);

	if (!s->greeted)
		return EPOLLOUT;
	if (!s->answered)
		return EPOLLIN;
	if (way == TRANSPORT_WRITE)
		return EPOLLOUT;
	return s->used ? 0 : EPOLLIN;
}

static void strange_close(struct transport *t)
{
	struct strange_one *s = container_of(t, struct strange_one, transport);

	close(t->fd);
	free(s);
}

static unsigned kinds;

void strange_set(unsigned set)
{
	kinds = set;
}

struct transport *strange_transport(int fd)
{
	static const struct transport_ops ops = { strange_readv, strange_writev, strange_want,
						  strange_close };
	struct transport *plain = NULL;
	struct strange_one *s;

	if (!kinds) {
		transport_of_fd(&plain, fd);
		return plain;
	}
	signal(SIGPIPE, SIG_IGN);
	s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->kind = kinds;
	s->greeted = s->answered = !(s->kind & STRANGE_GREETS);
	s->transport = (struct transport){ .ops = &ops, .fd = fd };
	return &s->transport;
}
