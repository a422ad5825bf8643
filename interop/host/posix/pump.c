/* pump.c: two sockets become one connection. */
#include "interop/host/posix/pump.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "lib/fd.h"

enum { SPAN = 64 * 1024 };

struct half {
	int from, to;
	size_t start, used;
	bool ended; /* nothing more comes */
	bool over;  /* and that was passed on, or nobody takes it */
	bool lost;  /* whoever sent it is gone, also for what goes there */
	char bytes[SPAN];
};

static bool for_later(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void take(struct half *f)
{
	ssize_t n = recv(f->from, f->bytes, SPAN, 0);

	if (n > 0) {
		f->start = 0;
		f->used = (size_t)n;
	} else if (!for_later(n)) {
		f->ended = true;
		f->lost = n < 0;
	}
}

static void give(struct half *f)
{
	ssize_t n = send(f->to, f->bytes + f->start, f->used, MSG_NOSIGNAL);

	if (n >= 0) {
		f->start += (size_t)n;
		f->used -= (size_t)n;
	} else if (!for_later(n)) {
		f->used = 0;
		f->ended = f->over = true;
		shutdown(f->from, SHUT_RD);
	}
}

/* What is there goes on at once; what is left is waited for. */
static void move(struct half *f)
{
	if (!f->used && !f->ended)
		take(f);
	if (f->used)
		give(f);
	if (f->ended && !f->used && !f->over) {
		shutdown(f->to, SHUT_WR);
		f->over = true;
	}
}

static struct pollfd wanted(const struct half *f)
{
	if (f->over)
		return (struct pollfd){ .fd = -1 };
	return f->used ? (struct pollfd){ .fd = f->to, .events = POLLOUT }
		       : (struct pollfd){ .fd = f->from, .events = POLLIN };
}

/* Small pieces are not kept back for more; fails where it is no TCP. */
static void no_delay(int fd)
{
	static const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void pump(int one, int other)
{
	struct half there = { .from = one, .to = other }, back = { .from = other, .to = one };

	if (fd_set_nonblock(one) < 0 || fd_set_nonblock(other) < 0)
		return;
	no_delay(one);
	no_delay(other);
	while ((!there.over || !back.over) && !there.lost && !back.lost) {
		struct pollfd p[] = { wanted(&there), wanted(&back) };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (!there.over)
			move(&there);
		if (!back.over)
			move(&back);
	}
}
