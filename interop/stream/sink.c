/* sink.c: where the bytes of one fd's incoming DATA frames go. */
#include "interop/stream/sink.h"

#include <errno.h>

void sink_init(struct sink *s, int number)
{
	*s = (struct sink){ .state = SINK_OVER, .number = number };
	window_init(&s->window);
}

void sink_start(struct sink *s, const struct sink_ops *ops)
{
	s->ops = ops;
	s->state = SINK_OPEN;
}

int sink_put(struct sink *s, const void *data, size_t len)
{
	if (s->ended || window_take(&s->window, len) < 0)
		return -EPROTO;
	return s->state == SINK_OPEN ? s->ops->put(s, data, len) : 0;
}

int sink_end(struct sink *s)
{
	if (s->ended)
		return -EPROTO;
	s->ended = true;
	return 0;
}

void sink_wrote(struct sink *s, size_t len)
{
	s->written += len;
	window_drain(&s->window, len);
}

void sink_closed(struct sink *s)
{
	if (s->state == SINK_OPEN)
		s->state = SINK_CLOSED;
}

void sink_over(struct sink *s)
{
	s->state = SINK_OVER;
}

bool sink_drained(struct sink *s)
{
	return s->state != SINK_OPEN || s->ops->drained(s);
}

void sink_fill(struct sink *s, struct port *port)
{
	uint32_t due = window_due(&s->window, sink_drained(s));

	if (s->state == SINK_CLOSED && port->put(port, WIRE_CLOSED, s->number, NULL, 0))
		s->state = SINK_OVER;
	if (s->state == SINK_OPEN && !s->ended && due > 0 &&
	    port_put_u32(port, WIRE_CREDIT_ADD, s->number, due))
		window_given(&s->window, due);
}
