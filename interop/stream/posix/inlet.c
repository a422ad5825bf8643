/* inlet.c: the descriptor behind a source. */
#include "interop/stream/posix/inlet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/stream/serve.h"
#include "lib/fd.h"
#include "lib/lib.h"

static const struct source_ops inlet_source;

static void inlet_ready(struct watch *watch, uint32_t events)
{
	struct inlet *in = container_of(watch, struct inlet, watch);

	(void)events;
	source_wake(&in->source);
	channel_pump(in->ch);
}

void inlet_init(struct inlet *in, struct channel *ch, int number)
{
	*in = (struct inlet){
		.watch = { .fd = -1, .ready = inlet_ready },
		.ch = ch,
		.fd = -1,
		.look = { -1, -1 },
	};
	source_init(&in->source, number);
}

/* Edge-triggered, so that neither a hang-up nor bytes that stay where they
 * are keep us awake. What epoll(7) does not take is always ready. */
static int inlet_start(struct inlet *in, struct loop *loop, int fd)
{
	in->fd = fd;
	source_start(&in->source, &inlet_source);
	return watch_add(loop, &in->watch, fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

int inlet_open_own(struct inlet *in, struct loop *loop, int fd)
{
	int error;

	in->kind = INLET_OWN;
	error = inlet_start(in, loop, fd);
	return error < 0 ? error : fd_set_nonblock(fd);
}

static bool socket_is_stream(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

static enum inlet_kind kind_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return INLET_STREAM;
	if (S_ISFIFO(st.st_mode))
		return INLET_PIPE;
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return INLET_FILE;
	if (S_ISSOCK(st.st_mode) && socket_is_stream(fd))
		return INLET_SOCKET;
	return S_ISCHR(st.st_mode) && isatty(fd) ? INLET_TTY : INLET_STREAM;
}

int inlet_open_shared(struct inlet *in, struct loop *loop, int fd)
{
	int error;

	in->kind = kind_of(fd);
	if (in->kind == INLET_FILE) {
		in->start = lseek(fd, 0, SEEK_CUR);
		if (in->start < 0)
			in->kind = INLET_STREAM;
	}
	if (in->kind == INLET_PIPE && pipe2(in->look, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	error = inlet_start(in, loop, fd);
	return error == -EPERM || error == -EBADF ? 0 : error;
}

void inlet_close(struct inlet *in)
{
	watch_remove(&in->watch);
	if (in->kind == INLET_FILE && in->fd >= 0 && in->source.taken > 0)
		lseek(in->fd, in->start + (off_t)in->source.taken, SEEK_SET);
	if (in->kind == INLET_OWN)
		fd_close(&in->fd);
	in->fd = -1;
	fd_close(&in->look[0]);
	fd_close(&in->look[1]);
}

static void inlet_ended(struct source *s)
{
	struct inlet *in = container_of(s, struct inlet, source);

	if (in->kind == INLET_OWN)
		inlet_close(in);
}

bool inlet_looks(const struct inlet *in)
{
	return in->kind == INLET_PIPE || in->kind == INLET_SOCKET || in->kind == INLET_FILE;
}

/* --- looking and reading ------------------------------------------------------ */

/* The poll(2) bits that are up now. */
static int events_now(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

	return poll(&p, 1, 0) > 0 ? p.revents : 0;
}

static ssize_t read_retry(int fd, void *buf, size_t len)
{
	ssize_t n;

	do
		n = read(fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Whether another process group is in the terminal's foreground: reading
 * there would stop us. False for a terminal that is not our controlling one. */
static bool tty_elsewhere(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group >= 0 && group != getpgrp();
}

/* read(2) where it will not block, else -EAGAIN. A descriptor that cannot be
 * read (closed, a directory, a hung-up terminal) is at its end. */
static ssize_t shared_read(struct inlet *in, void *buf, size_t len)
{
	ssize_t n;

	if (in->kind == INLET_TTY && tty_elsewhere(in->fd))
		return -EAGAIN;
	if (in->watch.fd >= 0 && !events_now(in->fd))
		return -EAGAIN;
	n = read_retry(in->fd, buf, len);
	return n < 0 && errno == EAGAIN ? -EAGAIN : n < 0 ? 0 : n;
}

/* Copies the first bytes of the source without taking them: at most `len`. */
static ssize_t look(struct inlet *in, void *buf, size_t len)
{
	ssize_t n;

	if (in->kind == INLET_SOCKET)
		return recv(in->fd, buf, len, MSG_PEEK | MSG_DONTWAIT);
	n = tee(in->fd, in->look[1], len, SPLICE_F_NONBLOCK);
	if (n <= 0)
		return n;
	return fd_read_full(in->look[0], buf, (size_t)n);
}

/* The end of file shows in a look only once all has been taken. Before, it is
 * this: the writer was gone when `events` were up, and we saw all there is. */
static bool at_end(const struct inlet *in, int events)
{
	int there = 0;

	return events & (POLLHUP | POLLRDHUP | POLLERR) && ioctl(in->fd, FIONREAD, &there) == 0 &&
	       (uint64_t)there <= in->source.sent - in->source.taken;
}

/* Looks beyond what was looked at before; *fresh is where that begins. */
static ssize_t look_further(struct inlet *in, size_t len, const uint8_t **fresh)
{
	size_t ahead = (size_t)(in->source.sent - in->source.taken);
	int events = events_now(in->fd);
	ssize_t n;

	if (ahead >= INLET_WINDOW)
		return -EAGAIN;
	len = ahead + len < INLET_WINDOW ? ahead + len : INLET_WINDOW;
	n = look(in, in->ch->buffer, len);
	if (n > (ssize_t)ahead) {
		*fresh = in->ch->buffer + ahead;
		return n - (ssize_t)ahead;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN))
		return 0;
	return at_end(in, events) ? 0 : -EAGAIN;
}

/* Reads the next `len` bytes at most: their count, 0 at the end, or -EAGAIN. */
static ssize_t inlet_read(struct inlet *in, size_t len, const uint8_t **from)
{
	uint8_t *buf = in->ch->buffer;
	ssize_t n;

	*from = buf;
	switch (in->kind) {
	case INLET_PIPE:
	case INLET_SOCKET:
		return look_further(in, len, from);
	case INLET_FILE:
		n = pread(in->fd, buf, len, in->start + (off_t)in->source.sent);
		return n < 0 ? 0 : n;
	case INLET_OWN:
		n = read_retry(in->fd, buf, len);
		return n < 0 && errno == EAGAIN ? -EAGAIN : n < 0 ? 0 : n;
	case INLET_STREAM:
	case INLET_TTY:
		break;
	}
	return shared_read(in, buf, len);
}

void inlet_discards(struct inlet *in)
{
	watch_set(&in->watch, EPOLLIN); /* from now on level-triggered */
}

/* --- what the peer says -------------------------------------------------------- */

/* Takes `len` bytes, which a look has seen, out of the source. */
static void inlet_take(struct inlet *in, uint64_t len)
{
	uint8_t waste[16 * 1024];

	while (len > 0 && events_now(in->fd)) {
		ssize_t n = read_retry(in->fd, waste, len < sizeof(waste) ? len : sizeof(waste));

		if (n <= 0)
			return;
		len -= (uint64_t)n;
	}
}

static void inlet_consumed(struct source *s, uint64_t total)
{
	struct inlet *in = container_of(s, struct inlet, source);
	bool looks = in->kind == INLET_PIPE || in->kind == INLET_SOCKET;

	if (looks && total >= SERVE_MUCH) {
		inlet_take(in, s->sent - s->taken);
		in->kind = INLET_STREAM;
	} else if (looks) {
		inlet_take(in, total - s->taken);
	}
}

static long inlet_source_read(struct source *s, size_t len, const uint8_t **from)
{
	return inlet_read(container_of(s, struct inlet, source), len, from);
}

static const struct source_ops inlet_source = {
	.read = inlet_source_read,
	.consumed = inlet_consumed,
	.close = inlet_ended,
};
