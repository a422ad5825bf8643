/* call.c: the caller's end of a stream, as a machine. */
#include "interop/stream/call.h"

#include <errno.h>

#include "lib/fmt.h"

enum { ABRT = 6 }; /* Linux's number, on every host */

static void call_finish(struct call *c, enum outcome_how how, uint32_t code, const char *text)
{
	if (c->state == CALL_OVER)
		return;
	c->state = CALL_OVER;
	c->result->how = how;
	c->result->code = code;
	fmt(c->result->text, sizeof(c->result->text), "%s", text);
}

void call_asked(struct call *c)
{
	if (c->state == CALL_NEW)
		c->state = CALL_ASKED;
}

bool call_lost(struct call *c, int error)
{
	if (c->state == CALL_OVER)
		return false;
	call_finish(c, OUTCOME_LOST, 0,
		    error == -EPROTO ? "the other side does not speak the protocol"
				     : "the connection was lost before the program ended");
	return true;
}

void call_stop(struct call *c, uint32_t signal)
{
	call_finish(c, OUTCOME_STOPPED, signal, "");
}

bool call_signal(struct call *c, uint32_t signal)
{
	bool ours = c->flags & PROGRAM_TTY || c->result->subsystem == WIRE_GUI || signal == ABRT;

	if (ours || c->asked || c->state == CALL_OVER) {
		c->state = CALL_ASKED; /* it counts even when the end was known */
		call_stop(c, signal);
		return true;
	}
	c->asked = true;
	c->signals_due |= 1u << signal;
	return false;
}

/* --- what is due -------------------------------------------------------------- */

static void put_signals(struct call *c, struct port *port)
{
	for (uint32_t i = 1; i < 32; i++)
		if (c->signals_due & (1u << i) && port_put_u32(port, WIRE_SIGNAL, 0, i))
			c->signals_due &= ~(1u << i);
}

void call_fill(struct call *c, struct port *port)
{
	if (c->pong_due)
		c->pong_due = !port->put(port, WIRE_PONG, 0, NULL, 0);
	put_signals(c, port);
	sink_fill(c->out[1], port);
	sink_fill(c->out[0], port);
	/* What cannot be put back is not read for a program that may not start, nor
	 * for one that has ended. */
	if (c->state == CALL_STARTED || (c->state < CALL_STARTED && c->in_looks))
		source_fill(c->in, port);
}

bool call_done(struct call *c)
{
	return c->state == CALL_OVER && sink_drained(c->out[0]) && sink_drained(c->out[1]);
}

/* --- frames --------------------------------------------------------------------- */

static int on_started(struct call *c, struct reader *r)
{
	c->result->pid = read_u32(r);
	c->result->subsystem = read_u32(r);
	if (r->bad || c->state == CALL_STARTED)
		return -EPROTO;
	if (c->state == CALL_ASKED)
		c->state = CALL_STARTED;
	if (c->flags & PROGRAM_DETACH)
		call_finish(c, OUTCOME_EXITED, 0, "");
	return 0;
}

static int on_failed(struct call *c, const void *payload, size_t len)
{
	struct failed why;

	if (failed_decode(&why, payload, len) < 0)
		return -EPROTO;
	c->result->os_error = why.os_error;
	call_finish(c, OUTCOME_FAILED, why.code, why.text.at);
	return 0;
}

static int on_exit_frame(struct call *c, uint8_t flags, struct reader *r)
{
	uint32_t code = read_u32(r);

	if (r->bad)
		return -EPROTO;
	call_finish(c, flags == WIRE_SIGNALLED ? OUTCOME_SIGNALLED : OUTCOME_EXITED, code, "");
	return 0;
}

static int on_number(struct call *c, const struct frame *f, struct reader *r)
{
	bool wide = f->type == WIRE_CONSUMED;
	uint64_t value = wide ? read_u64(r) : read_u32(r);

	if (r->bad || f->flags != 0)
		return -EPROTO;
	return wide ? source_consumed(c->in, value) : source_grant(c->in, (uint32_t)value);
}

static struct sink *sink_of(struct call *c, int fd)
{
	return fd == 1 || fd == 2 ? c->out[fd - 1] : NULL;
}

int call_frame(struct call *c, const struct frame *f, const void *payload)
{
	struct sink *out = sink_of(c, f->flags);
	struct reader r;

	reader_init(&r, payload, f->length);
	switch (f->type) {
	case WIRE_HELLO:
	case WIRE_PONG:
		return 0;
	case WIRE_PING:
		c->pong_due = true;
		return 0;
	case WIRE_STARTED:
		return on_started(c, &r);
	case WIRE_FAILED:
		return on_failed(c, payload, f->length);
	case WIRE_EXIT:
		return on_exit_frame(c, f->flags, &r);
	case WIRE_EOF:
		return out ? sink_end(out) : -EPROTO;
	case WIRE_CLOSED:
		c->unwanted = true;
		source_end(c->in);
		return 0;
	case WIRE_CREDIT_ADD:
	case WIRE_CONSUMED:
		return on_number(c, f, &r);
	default:
		return -EPROTO;
	}
}

int call_data(struct call *c, int fd, const void *data, size_t len)
{
	struct sink *out = sink_of(c, fd);

	return out ? sink_put(out, data, len) : -EPROTO;
}
