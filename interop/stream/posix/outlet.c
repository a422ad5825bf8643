/* outlet.c: the descriptor behind a sink. */
#include "interop/stream/posix/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

enum { BULK_PIPE = 256 * 1024 }; /* of a program that takes much */

static const struct sink_ops outlet_sink;

void outlet_close(struct outlet *o)
{
	watch_remove(&o->watch);
	if (o->owned)
		fd_close(&o->fd);
	o->fd = -1;
	fd_close(&o->rest);
}

/* The descriptor stays: FIONREAD on it tells what no reader has taken. */
static void outlet_fail(struct outlet *o, int error)
{
	watch_remove(&o->watch);
	o->error = error;
	sink_closed(&o->sink);
	ring_take(&o->ring, ring_used(&o->ring));
}

static ssize_t write_once(const struct outlet *o, const void *data, size_t len)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };

	switch (o->kind) {
	case OUTLET_SOCKET:
		return send(o->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	case OUTLET_SHARED:
		if (poll(&p, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		return write(o->fd, data, len < PIPE_BUF ? len : PIPE_BUF);
	case OUTLET_PLAIN:
		break;
	}
	return write(o->fd, data, len);
}

/* Writes as much as goes now. Returns how much. */
static size_t outlet_write(struct outlet *o, const uint8_t *data, size_t len)
{
	size_t done = 0;

	while (done < len && o->ready && o->sink.state == SINK_OPEN) {
		ssize_t n = write_once(o, data + done, len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			o->ready = false;
		else if (errno != EINTR)
			outlet_fail(o, errno);
	}
	sink_wrote(&o->sink, done);
	return done;
}

static void outlet_flush(struct outlet *o)
{
	struct iovec iov[2];

	while (o->ready && ring_iov_used(&o->ring, iov) > 0) {
		size_t done = outlet_write(o, iov[0].iov_base, iov[0].iov_len);

		/* A failed outlet's ring is empty already. */
		if (o->sink.state == SINK_OPEN)
			ring_take(&o->ring, done);
	}
}

static void outlet_ready(struct watch *watch, uint32_t events)
{
	struct outlet *o = container_of(watch, struct outlet, watch);

	o->ready = true;
	if (o->hangup_ends && events & (EPOLLERR | EPOLLHUP))
		outlet_fail(o, EPIPE);
	else
		outlet_flush(o);
	channel_pump(o->ch);
}

void outlet_init(struct outlet *o, struct channel *ch, int number)
{
	o->watch = (struct watch){ .fd = -1, .ready = outlet_ready };
	o->ch = ch;
	o->fd = -1;
	sink_init(&o->sink, number);
	o->rest = -1;
	ring_init(&o->ring, o->memory, sizeof(o->memory));
}

/* An anonymous pipe without readers will never have one; a named one may. */
static bool hangup_ends(int fd, mode_t mode)
{
	struct statfs fs;

	return S_ISSOCK(mode) ||
	       (S_ISFIFO(mode) && fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC);
}

/* What epoll(7) does not take, a file or /dev/full, is always ready: -EPERM. */
static int outlet_start(struct outlet *o, struct loop *loop, int fd, bool owned)
{
	struct stat st = { 0 };

	fstat(fd, &st);
	o->fd = fd;
	o->owned = owned;
	o->hangup_ends = hangup_ends(fd, st.st_mode);
	sink_start(&o->sink, &outlet_sink);
	o->ready = true;
	return watch_add(loop, &o->watch, fd, EPOLLOUT | EPOLLET);
}

int outlet_open_own(struct outlet *o, struct loop *loop, int fd)
{
	int error;

	o->kind = OUTLET_PLAIN;
	error = outlet_start(o, loop, fd, true);
	return error < 0 ? error : fd_set_nonblock(fd);
}

/* A description of our own, non-blocking, on the same pipe or terminal. */
static int reopen(int fd, int mode)
{
	char path[32];

	fmt(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int outlet_open_shared(struct outlet *o, struct loop *loop, int fd)
{
	struct stat st = { 0 };
	int own = -1;
	int error;

	o->kind = OUTLET_PLAIN;
	fstat(fd, &st);
	if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd)))
		own = reopen(fd, O_WRONLY);
	else if (S_ISSOCK(st.st_mode))
		o->kind = OUTLET_SOCKET;
	error = outlet_start(o, loop, own >= 0 ? own : fd, own >= 0);
	if (o->kind == OUTLET_PLAIN && own < 0 && error == 0)
		o->kind = OUTLET_SHARED;
	return error == -EPERM || error == -EBADF ? 0 : error;
}

static int outlet_put(struct sink *s, const void *data, size_t len)
{
	struct outlet *o = container_of(s, struct outlet, sink);
	size_t done = ring_used(&o->ring) == 0 ? outlet_write(o, data, len) : 0;

	if (s->state != SINK_OPEN)
		return 0;
	return ring_put(&o->ring, (const uint8_t *)data + done, len - done);
}

static bool outlet_drained(struct sink *s)
{
	return ring_used(&container_of(s, struct outlet, sink)->ring) == 0;
}

static void outlet_finish(struct sink *s)
{
	struct outlet *o = container_of(s, struct outlet, sink);
	int rest = reopen(o->fd, O_RDONLY);

	outlet_close(o);
	o->rest = rest;
}

static uint64_t outlet_taken(struct sink *s)
{
	struct outlet *o = container_of(s, struct outlet, sink);
	int fd = o->rest >= 0 ? o->rest : o->fd;
	int left = 0;

	if (fd >= 0)
		ioctl(fd, FIONREAD, &left);
	return s->written - (uint64_t)left;
}

static void outlet_widen(struct sink *s)
{
	struct outlet *o = container_of(s, struct outlet, sink);

	if (o->fd >= 0)
		fcntl(o->fd, F_SETPIPE_SZ, BULK_PIPE);
}

static void outlet_gone(struct sink *s)
{
	outlet_close(container_of(s, struct outlet, sink));
}

static const struct sink_ops outlet_sink = {
	.put = outlet_put,
	.drained = outlet_drained,
	.finish = outlet_finish,
	.taken = outlet_taken,
	.widen = outlet_widen,
	.close = outlet_gone,
};
