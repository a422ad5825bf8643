/* cookie_call.c: calls an agent over TCP on this host. */
#include "interop/link/cookie.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/fd.h"
#include "lib/loop.h"

enum { ANSWER_MS = 2000 };

static int call(int fd, const struct cookie *c, enum cookie_wish wish)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((uint16_t)c->port) };
	uint8_t said[COOKIE_SECRET + 1];

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(said, c->ask, COOKIE_SECRET);
	said[COOKIE_SECRET] = (uint8_t)wish;
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		return -errno;
	return send(fd, said, sizeof(said), MSG_NOSIGNAL) == sizeof(said) ? 0 : -EPIPE;
}

static bool hear(int fd, uint8_t *said, size_t len)
{
	const int64_t end = loop_now() + ANSWER_MS;

	while (len > 0) {
		const int64_t left = end - loop_now();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n = left > 0 && poll(&p, 1, (int)left) > 0 ? recv(fd, said, len, 0) : -1;

		if (n <= 0)
			return false;
		said += n;
		len -= (size_t)n;
	}
	return true;
}

static int answer(int fd, const struct cookie *c)
{
	uint8_t said[COOKIE_SECRET];

	return hear(fd, said, sizeof(said)) && memcmp(said, c->answer, sizeof(said)) == 0 ? 0
											  : -EACCES;
}

int cookie_call(const struct cookie *c, enum cookie_wish wish)
{
	static const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = fd < 0 ? -errno : call(fd, c, wish);

	if (!error)
		error = fd_set_nonblock(fd);
	if (!error)
		error = answer(fd, c);
	if (!error) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		return fd;
	}
	fd_close(&fd);
	return error;
}

int cookie_ask(const struct cookie *c, enum cookie_wish wish)
{
	int fd = cookie_call(c, wish);
	uint8_t yes;
	bool heard;

	if (fd < 0)
		return fd;
	heard = hear(fd, &yes, 1);
	fd_close(&fd);
	return heard ? yes != 0 : -EACCES;
}
