/* pair.c: two connected sockets of this process. */
#include "lib/win32/pair.h"

#include <stdbool.h>

#include "lib/fd.h"
#include "lib/win32/posix.h"

static const int on = 1;

int pair_place(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	fd_close(&fd);
	return -EIO;
}

static bool is_same(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

/* The one caller that is `us`, who has been connected; others who knock are turned away. */
static int take_ours(int place, const struct sockaddr_in *us)
{
	struct sockaddr_in who;
	int fd;

	for (;;) {
		socklen_t size = sizeof(who);

		fd = accept4(place, (struct sockaddr *)&who, &size, SOCK_NONBLOCK);
		if (fd < 0)
			return -errno;
		if (is_same(&who, us))
			return fd;
		close(fd);
	}
}

static int join(int place, int pair[2])
{
	struct sockaddr_in name, us;
	socklen_t size = sizeof(name), same = sizeof(us);

	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (pair[0] < 0 || getsockname(place, (struct sockaddr *)&name, &size) < 0 ||
	    connect(pair[0], (const struct sockaddr *)&name, size) < 0 ||
	    getsockname(pair[0], (struct sockaddr *)&us, &same) < 0)
		return -errno;
	pair[1] = take_ours(place, &us);
	return pair[1] < 0 ? pair[1] : fd_set_nonblock(pair[0]);
}

int pair_make(int place, int pair[2])
{
	int error;

	pair[0] = pair[1] = -1;
	error = join(place, pair);
	for (int i = 0; i < 2; i++)
		if (error)
			fd_close(&pair[i]);
		else
			setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return error;
}
