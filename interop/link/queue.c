/* queue.c: a byte queue on the heap that grows as it must. */
#include "interop/link/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_SMALLEST = 4096 };

static int queue_move(struct queue *q, size_t size)
{
	uint8_t *base = malloc(size);

	if (!base)
		return -ENOMEM;
	if (q->used)
		memcpy(base, queue_head(q), q->used);
	free(q->base);
	q->base = base;
	q->size = size;
	q->start = 0;
	return 0;
}

int queue_reserve(struct queue *q, size_t len)
{
	size_t need = q->used + len, size = QUEUE_SMALLEST;

	if (q->start + need <= q->size)
		return 0;
	/* Moving down pays only when more is free below than is moved. */
	if (need <= q->size && q->start >= q->used) {
		memmove(q->base, queue_head(q), q->used);
		q->start = 0;
		return 0;
	}
	while (size < need || size <= q->used * 2)
		size *= 2;
	return queue_move(q, size);
}

int queue_put(struct queue *q, const void *data, size_t len)
{
	int error = queue_reserve(q, len);

	if (error)
		return error;
	if (len)
		memcpy(queue_tail(q), data, len);
	q->used += len;
	return 0;
}

uint8_t *queue_head(const struct queue *q)
{
	return q->base ? q->base + q->start : NULL;
}

uint8_t *queue_tail(const struct queue *q)
{
	return q->base ? q->base + q->start + q->used : NULL;
}

void queue_take(struct queue *q, size_t len)
{
	q->used -= len;
	q->start = q->used ? q->start + len : 0;
}

void queue_free(struct queue *q)
{
	free(q->base);
	*q = (struct queue){ 0 };
}
