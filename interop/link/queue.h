/* queue.h: a byte queue on the heap that grows as it must (private). Zeroed
 * memory is an empty queue. Its bytes are always in one piece.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_QUEUE_H
#define LANDBRIDGE_INTEROP_LINK_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct queue {
	uint8_t *base;
	size_t size;
	size_t start; /* of the queued bytes in base */
	size_t used;
};

/* Makes room for len more bytes at queue_tail, or -ENOMEM. */
int queue_reserve(struct queue *q, size_t len);
int queue_put(struct queue *q, const void *data, size_t len);
uint8_t *queue_head(const struct queue *q);
uint8_t *queue_tail(const struct queue *q);
void queue_take(struct queue *q, size_t len);
/* Forgets the bytes and gives the memory back. */
void queue_free(struct queue *q);

#endif
