/* relay.c: a process between a guest's network and what carries it. */
#include "interop/host/posix/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/host/ethernet.h"
#include "lib/child.h"
#include "lib/lib.h"

/* One direction. The first `ready` bytes may be sent; only then is more read. */
struct way {
	int from, to;
	bool filters;
	size_t used, ready;
	uint8_t bytes[2 * FRAME_MAX];
};

/* Negative: the end. */
static int way_read(struct way *w)
{
	ssize_t n = recv(w->from, w->bytes + w->used, sizeof(w->bytes) - w->used, MSG_DONTWAIT);
	long whole;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	w->used += (size_t)n;
	whole = w->filters ? frames_filter(w->bytes, &w->used) : (long)w->used;
	if (whole < 0)
		return -EPROTO;
	w->ready = (size_t)whole;
	return 0;
}

static int way_write(struct way *w)
{
	ssize_t n = send(w->to, w->bytes, w->ready, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	w->used -= (size_t)n;
	w->ready -= (size_t)n;
	memmove(w->bytes, w->bytes + n, w->used);
	return 0;
}

static short wanted(const struct way *from_here, const struct way *to_here)
{
	return (short)((from_here->ready ? 0 : POLLIN) | (to_here->ready ? POLLOUT : 0));
}

static int relay_step(struct way *out, struct way *in)
{
	struct pollfd fds[2] = { { out->from, wanted(out, in), 0 },
				 { in->from, wanted(in, out), 0 } };
	int r = poll(fds, 2, -1) < 0 && errno != EINTR ? -errno : 0;

	/* Where one is gone, what is on its way is nobody's. */
	if (r == 0 && ((fds[0].revents | fds[1].revents) & (POLLERR | POLLHUP)))
		return -EPIPE;
	if (r == 0 && (fds[1].revents & POLLOUT))
		r = way_write(out);
	if (r == 0 && (fds[0].revents & POLLOUT))
		r = way_write(in);
	if (r == 0 && (fds[0].revents & POLLIN))
		r = way_read(out);
	if (r == 0 && (fds[1].revents & POLLIN))
		r = way_read(in);
	return r;
}

static _Noreturn void relay_run(int guest, int world)
{
	struct way *ways = calloc(2, sizeof(*ways));

	if (ways) {
		ways[0].from = ways[1].to = guest;
		ways[1].from = ways[0].to = world;
		ways[0].filters = true;
		while (relay_step(&ways[0], &ways[1]) == 0)
			;
	}
	_exit(0);
}

int relay_start(int guest, int world)
{
	const int fds[] = { -1, -1, -1, guest, world };
	const struct child_setup setup = { .flags = CHILD_SESSION | CHILD_ALONE,
					   .fds = fds,
					   .fd_count = array_len(fds),
					   .name = "lb-net" };
	pid_t pid = child_fork(&setup);

	if (pid == 0)
		relay_run(3, 4);
	return pid < 0 ? pid : 0;
}
