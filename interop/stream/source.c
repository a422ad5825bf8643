/* source.c: where the bytes of one fd's outgoing DATA frames come from. */
#include "interop/stream/source.h"

#include <errno.h>

void source_init(struct source *s, int number)
{
	*s = (struct source){ .state = SOURCE_OVER, .number = number };
	window_init(&s->window);
}

void source_start(struct source *s, const struct source_ops *ops)
{
	s->ops = ops;
	s->state = SOURCE_READY;
}

void source_wake(struct source *s)
{
	if (s->state == SOURCE_DRY)
		s->state = SOURCE_READY;
}

void source_end(struct source *s)
{
	if (source_ended(s))
		return;
	s->state = SOURCE_ENDED;
	s->ops->close(s);
}

bool source_ended(const struct source *s)
{
	return s->state >= SOURCE_ENDED;
}

/* What can be read now; the state follows. */
static long source_read(struct source *s, size_t len, const uint8_t **from)
{
	long n = s->state == SOURCE_READY && len > 0 ? s->ops->read(s, len, from) : -EAGAIN;

	if (n == 0)
		source_end(s);
	else if (n < 0 && len > 0 && s->state == SOURCE_READY)
		s->state = SOURCE_DRY;
	return n;
}

bool source_fill(struct source *s, struct port *port)
{
	const uint8_t *from;
	long n = source_read(s, window_fit(&s->window, WIRE_DATA_MAX), &from);

	if (n > 0) {
		s->sent += (uint64_t)n;
		window_spend(&s->window, (size_t)n);
		port->data(port, s->number, from, (size_t)n);
		return true;
	}
	if (s->state == SOURCE_ENDED && port->put(port, WIRE_EOF, s->number, NULL, 0))
		s->state = SOURCE_OVER;
	return false;
}

void source_discard(struct source *s)
{
	const uint8_t *from;

	source_read(s, WIRE_DATA_MAX, &from);
}

int source_grant(struct source *s, uint32_t bytes)
{
	return window_grant(&s->window, bytes);
}

int source_consumed(struct source *s, uint64_t total)
{
	if (total > s->sent)
		return -EPROTO;
	if (total <= s->taken)
		return 0;
	if (s->ops && s->ops->consumed)
		s->ops->consumed(s, total);
	s->taken = total;
	source_wake(s); /* a look can reach further now */
	return 0;
}
