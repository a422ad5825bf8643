/* ring.h: a byte queue of fixed size from a codec to a descriptor. Memory is
 * the caller's; capacity is a power of two.
 */
#ifndef LANDBRIDGE_LIB_RING_H
#define LANDBRIDGE_LIB_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ring {
	uint8_t *base;
	size_t size;
	size_t head; /* bytes ever put; head - tail are queued */
	size_t tail; /* bytes ever taken */
};

void ring_init(struct ring *ring, void *memory, size_t size);
size_t ring_used(const struct ring *ring);
size_t ring_space(const struct ring *ring);

/* Copies in, all or nothing: 0, or -ENOBUFS when it does not fit. */
int ring_put(struct ring *ring, const void *data, size_t len);
void ring_take(struct ring *ring, size_t len);

/* The queued bytes as one or two pieces, for writev. Returns their number. */
int ring_iov_used(const struct ring *ring, struct iovec iov[2]);

#endif
