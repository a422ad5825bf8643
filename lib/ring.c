/* ring.c: a byte queue of fixed size. */
#include "lib/ring.h"

#include <errno.h>
#include <string.h>

void ring_init(struct ring *ring, void *memory, size_t size)
{
	*ring = (struct ring){ .base = memory, .size = size };
}

size_t ring_used(const struct ring *ring)
{
	return ring->head - ring->tail;
}

size_t ring_space(const struct ring *ring)
{
	return ring->size - ring_used(ring);
}

/* The `len` bytes from position `from`, as one or two pieces. */
static int ring_pieces(const struct ring *ring, size_t from, size_t len, struct iovec iov[2])
{
	size_t start = from & (ring->size - 1);
	size_t first = ring->size - start;

	if (len == 0)
		return 0;
	if (first > len)
		first = len;
	iov[0] = (struct iovec){ ring->base + start, first };
	iov[1] = (struct iovec){ ring->base, len - first };
	return first < len ? 2 : 1;
}

int ring_iov_used(const struct ring *ring, struct iovec iov[2])
{
	return ring_pieces(ring, ring->tail, ring_used(ring), iov);
}

void ring_take(struct ring *ring, size_t len)
{
	ring->tail += len;
	if (ring->tail == ring->head) /* so that little is used again, not memory anew */
		ring->head = ring->tail = 0;
}

int ring_put(struct ring *ring, const void *data, size_t len)
{
	struct iovec iov[2];
	const char *from = data;

	if (len > ring_space(ring))
		return -ENOBUFS;
	int n = ring_pieces(ring, ring->head, len, iov);
	for (int i = 0; i < n; i++) {
		memcpy(iov[i].iov_base, from, iov[i].iov_len);
		from += iov[i].iov_len;
	}
	ring->head += len;
	return 0;
}
