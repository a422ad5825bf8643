/* channel.c: the endpoint socket of one stream as frames. */
#include "interop/stream/channel/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "lib/fd.h"
#include "lib/lib.h"

enum { IN_SIZE = 2 * WIRE_DATA_MAX };

/* EPOLLOUT comes to it while blocked only: it rises whenever the peer reads. */
static const uint32_t events_always = EPOLLIN | EPOLLRDHUP | EPOLLET;

/* --- writing ----------------------------------------------------------------- */

/* The stream a frame of this type travels on, on a connection of one stream. */
static uint32_t stream_of(enum wire_type type)
{
	return type < WIRE_OPEN ? 0 : WIRE_STREAM_ONLY;
}

static void put_header(uint8_t at[WIRE_HEADER], enum wire_type type, int flags, size_t len)
{
	struct frame f = {
		.length = (uint32_t)len,
		.type = (uint8_t)type,
		.flags = (uint8_t)flags,
		.stream = stream_of(type),
	};

	frame_encode(at, &f);
}

bool channel_put(struct channel *ch, enum wire_type type, int flags, const void *payload,
		 size_t len)
{
	uint8_t *at = ch->control + ch->control_used;

	/* Nothing may come between the header of OPEN and its payload. */
	if (ch->extra.iov_base || ch->control_used + WIRE_HEADER + len > sizeof(ch->control))
		return false;
	put_header(at, type, flags, len);
	if (len > 0)
		memcpy(at + WIRE_HEADER, payload, len);
	ch->control_used += WIRE_HEADER + len;
	return true;
}

void channel_hello(struct channel *ch)
{
	uint8_t bytes[256];
	struct writer w;
	struct hello hello = {
		.version_min = WIRE_VERSION,
		.version_max = WIRE_VERSION,
		.host_path = { "", 0 },
	};

	if (getrandom(hello.epoch, sizeof(hello.epoch), GRND_NONBLOCK) < 0)
		hello.epoch[0] = 1; /* nobody resyncs on this connection; not zero will do */
	writer_init(&w, bytes, sizeof(bytes));
	hello_encode(&w, &hello);
	channel_put(ch, WIRE_HELLO, 0, bytes, w.used);
}

void channel_launch(struct channel *ch, const void *payload, size_t len)
{
	put_header(ch->control + ch->control_used, WIRE_OPEN, 0, len);
	ch->control_used += WIRE_HEADER;
	ch->extra.iov_base = (void *)(uintptr_t)payload;
	ch->extra.iov_len = len;
}

void channel_data(struct channel *ch, int fd, const void *data, size_t len)
{
	put_header(ch->header, WIRE_DATA, fd, len);
	ch->data.iov_base = (void *)(uintptr_t)data;
	ch->data.iov_len = len;
}

static bool port_put(struct port *port, enum wire_type type, int flags, const void *payload,
		     size_t len)
{
	return channel_put(container_of(port, struct channel, port), type, flags, payload, len);
}

static void port_data(struct port *port, int fd, const void *data, size_t len)
{
	channel_data(container_of(port, struct channel, port), fd, data, len);
}

/* Asks the owner what is due and lines it up. False: nothing. */
static bool channel_collect(struct channel *ch)
{
	int n = 0;

	ch->control_used = 0;
	ch->extra = ch->data = (struct iovec){ 0 };
	ch->ops->fill(ch->owner);
	if (ch->control_used > 0)
		ch->out[n++] = (struct iovec){ ch->control, ch->control_used };
	if (ch->extra.iov_len > 0)
		ch->out[n++] = ch->extra;
	if (ch->data.iov_base) {
		ch->out[n++] = (struct iovec){ ch->header, WIRE_HEADER };
		ch->out[n++] = ch->data;
	}
	ch->out_at = 0;
	ch->out_count = n;
	return n > 0;
}

static void channel_sent(struct channel *ch, size_t len)
{
	while (ch->out_at < ch->out_count && len >= ch->out[ch->out_at].iov_len)
		len -= ch->out[ch->out_at++].iov_len;
	if (len > 0) {
		ch->out[ch->out_at].iov_base = (char *)ch->out[ch->out_at].iov_base + len;
		ch->out[ch->out_at].iov_len -= len;
	}
}

/* Writes what is lined up; sets blocked or deaf when that stops short. */
static void channel_flush(struct channel *ch)
{
	while (ch->out_at < ch->out_count) {
		struct msghdr msg = {
			.msg_iov = ch->out + ch->out_at,
			.msg_iovlen = (size_t)(ch->out_count - ch->out_at),
		};
		ssize_t n = sendmsg(ch->watch.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			channel_sent(ch, (size_t)n);
		} else if (errno == EAGAIN) {
			ch->blocked = true;
			watch_set(&ch->watch, events_always | EPOLLOUT);
			return;
		} else if (errno != EINTR) {
			/* What the peer has sent before may still be unread. */
			ch->deaf = true;
			return;
		}
	}
}

bool channel_flushed(const struct channel *ch)
{
	return ch->watch.fd < 0 || ch->deaf || ch->out_at == ch->out_count;
}

static bool channel_writable(const struct channel *ch)
{
	return ch->watch.fd >= 0 && !ch->blocked && !ch->deaf;
}

void channel_pump(struct channel *ch)
{
	if (channel_writable(ch))
		channel_flush(ch);
	while (channel_writable(ch) && channel_collect(ch))
		channel_flush(ch);
	ch->ops->settle(ch->owner);
}

/* --- reading ----------------------------------------------------------------- */

/* Makes room for a frame of `len` bytes at the start of the buffer. */
static int channel_reserve(struct channel *ch, size_t len)
{
	uint8_t *in;

	if (len <= ch->in_size)
		return 0;
	in = realloc(ch->in, len);
	if (!in)
		return -ENOMEM;
	ch->in = in;
	ch->in_size = len;
	return 0;
}

/* Passes on the next piece at ch->in + at. Returns how many bytes that took,
 * 0 when it is not all there yet, or negative errno. */
static ssize_t channel_step(struct channel *ch, size_t at)
{
	const uint8_t *from = ch->in + at;
	size_t left = ch->in_used - at;
	int error;

	if (ch->data_left > 0) {
		size_t len = left < ch->data_left ? left : ch->data_left;

		ch->data_left -= (uint32_t)len;
		error = len > 0 ? ch->ops->data(ch->owner, ch->frame.flags, from, len) : 0;
		return error < 0 ? error : (ssize_t)len;
	}
	if (left < WIRE_HEADER)
		return 0;
	error = frame_decode(&ch->frame, from);
	if (error < 0 || ch->frame.stream != stream_of(ch->frame.type))
		return -EPROTO;
	if (ch->frame.type == WIRE_DATA) {
		ch->data_left = ch->frame.length;
		return WIRE_HEADER;
	}
	if (left < WIRE_HEADER + ch->frame.length)
		return channel_reserve(ch, WIRE_HEADER + ch->frame.length);
	error = ch->ops->frame(ch->owner, &ch->frame, from + WIRE_HEADER);
	return error < 0 ? error : (ssize_t)(WIRE_HEADER + ch->frame.length);
}

static int channel_parse(struct channel *ch)
{
	size_t at = 0;
	ssize_t n;

	while ((n = channel_step(ch, at)) > 0)
		at += (size_t)n;
	if (n < 0)
		return (int)n;
	ch->in_used -= at;
	if (ch->in_used > 0 && at > 0)
		memmove(ch->in, ch->in + at, ch->in_used);
	return 0;
}

int channel_feed(struct channel *ch, const void *data, size_t len)
{
	const char *from = data;
	int error = 0;

	while (len > 0 && error == 0) {
		size_t n = ch->in_size - ch->in_used;

		n = n < len ? n : len;
		memcpy(ch->in + ch->in_used, from, n);
		ch->in_used += n;
		from += n;
		len -= n;
		error = channel_parse(ch);
	}
	return error;
}

static void channel_drop(struct channel *ch, int error)
{
	int fd = ch->watch.fd;

	watch_remove(&ch->watch);
	fd_close(&fd);
	ch->ops->gone(ch->owner, error);
}

/* Reads until the socket is empty, as the watch is edge-triggered. A short
 * read says so too, but not when the peer has hung up: that edge came already. */
static void channel_read(struct channel *ch, bool hangup)
{
	while (ch->watch.fd >= 0) {
		size_t room = ch->in_size - ch->in_used;
		ssize_t n = recv(ch->watch.fd, ch->in + ch->in_used, room, MSG_DONTWAIT);
		int error;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == ECONNRESET) /* it closed with our bytes unread: */
			n = 0;                    /* an end like any other */
		if (n <= 0) {
			channel_drop(ch, n < 0 ? -errno : 0);
			return;
		}
		ch->in_used += (size_t)n;
		error = channel_parse(ch);
		if (error < 0)
			channel_drop(ch, error);
		else if ((size_t)n < room && !hangup)
			return;
	}
}

static void channel_ready(struct watch *watch, uint32_t events)
{
	struct channel *ch = container_of(watch, struct channel, watch);

	if (events & EPOLLOUT)
		ch->blocked = false;
	if (events & ~(uint32_t)EPOLLOUT)
		channel_read(ch, events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
	channel_pump(ch);
	if (!ch->blocked)
		watch_set(&ch->watch, events_always);
}

int channel_open(struct channel *ch, struct loop *loop, int fd, const struct channel_ops *ops,
		 void *owner)
{
	int error;

	ch->port = (struct port){ port_put, port_data };
	ch->ops = ops;
	ch->owner = owner;
	ch->in_size = IN_SIZE;
	ch->in_used = 0;
	ch->data_left = 0;
	ch->blocked = ch->deaf = false;
	ch->out_at = ch->out_count = 0;
	ch->watch = (struct watch){ .fd = -1, .ready = channel_ready };
	ch->in = malloc(ch->in_size);
	if (!ch->in)
		return -ENOMEM;
	error = watch_add(loop, &ch->watch, fd, events_always);
	if (error < 0) {
		free(ch->in);
		ch->in = NULL;
	}
	return error;
}

void channel_close(struct channel *ch)
{
	int fd = ch->watch.fd;

	watch_remove(&ch->watch);
	fd_close(&fd);
	free(ch->in);
	ch->in = NULL;
}
