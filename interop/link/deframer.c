/* deframer.c: cuts a byte stream into frames. */
#include "interop/link/deframer.h"

#include <errno.h>
#include <string.h>

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

void deframer_init(struct deframer *c, const struct deframer_ops *ops, void *owner)
{
	*c = (struct deframer){ .ops = ops, .owner = owner };
}

/* Ends the frame when nothing of it is left to come. */
static int deframer_settle(struct deframer *c)
{
	if (c->left)
		return 0;
	c->have = 0;
	c->sink = NULL;
	return c->ops->end(c->owner, &c->frame);
}

static int deframer_begin(struct deframer *c)
{
	int error = frame_decode(&c->frame, c->header);

	c->left = c->frame.length;
	c->sink = NULL;
	if (!error)
		error = c->ops->begin(c->owner, &c->frame, &c->sink);
	return error ? error : deframer_settle(c);
}

static int deframer_payload(struct deframer *c, const uint8_t *data, size_t len)
{
	if (c->sink && queue_put(c->sink, data, len))
		return -ENOMEM;
	c->left -= len;
	return deframer_settle(c);
}

int deframer_feed(struct deframer *c, const uint8_t *data, size_t len)
{
	int error = 0;

	while (len && !error) {
		bool in_header = c->have < WIRE_HEADER;
		size_t n = smaller(len, in_header ? WIRE_HEADER - c->have : c->left);

		if (in_header) {
			memcpy(c->header + c->have, data, n);
			c->have += n;
			if (c->have == WIRE_HEADER)
				error = deframer_begin(c);
		} else {
			error = deframer_payload(c, data, n);
		}
		data += n;
		len -= n;
	}
	return error;
}

int deframer_room(struct deframer *c, struct iovec iov[DEFRAMER_IOV], uint8_t *scratch, size_t size)
{
	size_t direct = 0;
	int n = 0;

	if (c->sink && c->have == WIRE_HEADER)
		direct = smaller(c->left, WIRE_PIECE_MAX);
	if (direct) {
		if (queue_reserve(c->sink, direct))
			return -ENOMEM;
		iov[n++] = (struct iovec){ queue_tail(c->sink), direct };
	}
	iov[n++] = (struct iovec){ scratch, size };
	return n;
}

ssize_t deframer_took(struct deframer *c, const struct iovec iov[DEFRAMER_IOV], ssize_t got)
{
	const struct iovec *rest = iov;
	size_t left = got > 0 ? (size_t)got : 0;
	int error = 0;

	if (left && c->sink && c->have == WIRE_HEADER && c->left) {
		size_t direct = smaller(iov[0].iov_len, left);

		rest = iov + 1;
		left -= direct;
		c->sink->used += direct;
		c->left -= direct;
		error = deframer_settle(c);
	}
	if (!error && left)
		error = deframer_feed(c, rest->iov_base, left);
	return error ? error : got;
}

ssize_t deframer_read(struct deframer *c, int fd, uint8_t *scratch, size_t size)
{
	struct iovec iov[DEFRAMER_IOV];
	int count = deframer_room(c, iov, scratch, size);
	ssize_t got;

	if (count < 0)
		return count;
	do
		got = readv(fd, iov, count);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : deframer_took(c, iov, got);
}
