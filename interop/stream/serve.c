/* serve.c: the runner's end of a stream, as a machine. */
#include "interop/stream/serve.h"

#include <errno.h>
#include <string.h>

#include "lib/fmt.h"

enum { SIGNAL_MAX = 31 };

/* --- the opener goes ----------------------------------------------------------- */

/* Nothing of it is left to end, or to wait for. */
static bool has_no_job(const struct serve *s)
{
	return s->process == PROCESS_NONE || s->process == PROCESS_FAILED || s->said == SAID_LAST;
}

static void close_in(struct serve *s)
{
	if (s->in->state == SINK_OPEN)
		s->in->ops->close(s->in);
	sink_over(s->in);
}

static void end_job(struct serve *s)
{
	if (s->opener >= OPENER_ENDING)
		return;
	s->opener = OPENER_ENDING;
	source_end(s->out[0]); /* closing a terminal's master hangs it up, too */
	source_end(s->out[1]);
	close_in(s);
	s->ops->stop(s->owner, false);
	s->ops->timer(s->owner, SERVE_GRACE_MS);
}

static void finish_in(struct serve *s)
{
	if (s->shows || s->in->state != SINK_OPEN)
		return;
	s->in->ops->finish(s->in);
	sink_over(s->in);
}

static void opener_leaves(struct serve *s, bool even_so)
{
	bool stays = s->detached || s->subsystem == WIRE_GUI;

	if (s->opener == OPENER_WAITS)
		s->opener = OPENER_LEFT;
	if (has_no_job(s))
		return;
	if (even_so || !stays)
		end_job(s);
	else
		finish_in(s);
}

void serve_gone(struct serve *s)
{
	opener_leaves(s, false);
}

void serve_told_to_end(struct serve *s)
{
	opener_leaves(s, true);
}

/* --- the program ------------------------------------------------------------------ */

void serve_started(struct serve *s)
{
	if (s->process == PROCESS_STARTING)
		s->process = PROCESS_RUNNING;
}

void serve_exited(struct serve *s, enum wire_exit how, uint32_t code)
{
	if (s->process == PROCESS_EXITED || s->process == PROCESS_FAILED)
		return;
	s->process = PROCESS_EXITED;
	s->how = how;
	s->code = code;
	/* What the program wrote may not have reached us as an event yet. */
	source_wake(s->out[0]);
	source_wake(s->out[1]);
}

void serve_failed(struct serve *s, const struct failed *why)
{
	s->process = PROCESS_FAILED;
	s->code = why->code;
	s->os_error = why->os_error;
	fmt(s->text, sizeof(s->text), "%.*s", (int)why->text.len, why->text.at);
}

void serve_reaped(struct serve *s, bool last)
{
	s->childless = last;
	/* Again, for those who were being made when we looked. */
	if (s->opener >= OPENER_ENDING && !last)
		s->ops->stop(s->owner, s->opener == OPENER_KILLING);
}

/* Whether an output, drained and still held by descendants, may be cut off. */
static bool has_limit(const struct serve *s, int i)
{
	if (s->out[i]->state != SOURCE_DRY)
		return false;
	if (s->shows == i + 1 || s->detached || s->subsystem == WIRE_GUI)
		return true;
	return i == 1 && s->stderr_is_loose && source_ended(s->out[0]);
}

/* After the program's own end: an output that is drained is over when nobody
 * is left who could write, and some are after a while without a byte. */
static void wind_up(struct serve *s)
{
	for (int i = 0; i < 2; i++) {
		if (s->childless && s->out[i]->state == SOURCE_DRY)
			source_end(s->out[i]);
		if (!s->timing && has_limit(s, i)) {
			s->timing = true;
			s->ops->timer(s->owner, SERVE_IDLE_MS);
		}
	}
}

void serve_timer(struct serve *s)
{
	s->timing = false;
	if (s->opener >= OPENER_ENDING) {
		s->opener = OPENER_KILLING;
		s->ops->stop(s->owner, true);
		return;
	}
	for (int i = 0; i < 2; i++)
		if (s->process == PROCESS_EXITED && has_limit(s, i))
			source_end(s->out[i]);
}

/* --- what is due -------------------------------------------------------------------- */

static void put_started(struct serve *s, struct port *port)
{
	uint8_t bytes[8];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	write_u32(&w, s->pid);
	write_u32(&w, s->subsystem);
	if (port->put(port, WIRE_STARTED, 0, bytes, sizeof(bytes)))
		s->said = SAID_STARTED;
}

static void put_failed(struct serve *s, struct port *port)
{
	uint8_t bytes[SERVE_TEXT_MAX + 64];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	failed_encode(&w, s->code, s->os_error, s->text);
	if (port->put(port, WIRE_FAILED, 0, bytes, w.used))
		s->said = SAID_LAST;
}

/* The small pipe wakes us whenever the program has emptied it, so this is
 * exact while it matters; a program that took much gets a large pipe. */
static void put_consumed(struct serve *s, struct port *port)
{
	uint64_t taken;
	uint8_t bytes[8];
	struct writer w;

	if (s->shows || s->consumed == s->in->written || (s->bulk && s->process != PROCESS_EXITED))
		return;
	taken = s->in->ops->taken(s->in);
	if (taken == s->consumed)
		return;
	writer_init(&w, bytes, sizeof(bytes));
	write_u64(&w, taken);
	if (port->put(port, WIRE_CONSUMED, 0, bytes, sizeof(bytes)))
		s->consumed = taken;
	if (s->consumed >= SERVE_MUCH && !s->bulk) {
		s->bulk = true;
		s->in->ops->widen(s->in);
	}
}

static void put_exit(struct serve *s, struct port *port)
{
	if (s->process != PROCESS_EXITED || s->out[0]->state != SOURCE_OVER ||
	    s->out[1]->state != SOURCE_OVER)
		return;
	put_consumed(s, port);
	if (port_put_u32(port, WIRE_EXIT, (int)s->how, s->code))
		s->said = SAID_LAST;
}

static void put_outputs(struct serve *s, struct port *port)
{
	if (source_fill(s->out[1], port) || source_fill(s->out[0], port)) {
		if (s->timing)
			s->ops->timer(s->owner, -1);
		s->timing = false;
		return;
	}
	if (s->process == PROCESS_EXITED)
		wind_up(s);
	source_fill(s->out[1], port);
	source_fill(s->out[0], port);
	put_exit(s, port);
}

void serve_fill(struct serve *s, struct port *port)
{
	if (s->opener != OPENER_WAITS)
		return;
	if (s->pong_due)
		s->pong_due = !port->put(port, WIRE_PONG, 0, NULL, 0);
	if (s->process == PROCESS_FAILED && s->said != SAID_LAST)
		put_failed(s, port);
	else if (s->process >= PROCESS_RUNNING && s->said == SAID_NOTHING)
		put_started(s, port);
	if (s->said != SAID_STARTED)
		return;
	put_consumed(s, port);
	sink_fill(s->in, port);
	put_outputs(s, port);
}

bool serve_settle(struct serve *s, bool flushed)
{
	if (s->in->ended && sink_drained(s->in))
		finish_in(s);
	if (s->opener == OPENER_WAITS)
		return s->said == SAID_LAST && flushed;
	source_discard(s->out[0]);
	source_discard(s->out[1]);
	if (has_no_job(s) || s->childless)
		return true;
	return s->opener == OPENER_LEFT && s->process == PROCESS_EXITED &&
	       source_ended(s->out[0]) && source_ended(s->out[1]);
}

/* --- frames -------------------------------------------------------------------------- */

static int on_open(struct serve *s, const void *payload, size_t len)
{
	struct failed why = { .code = WIRE_FAIL_BRIDGE, .text = { "", 0 } };
	struct open l;

	if (s->process != PROCESS_NONE || open_decode(&l, payload, len) < 0)
		return -EPROTO;
	if (l.flags & PROGRAM_TTY)
		s->shows = l.flags & PROGRAM_OUT_APART ? 2 : 1;
	s->detached = l.flags & PROGRAM_DETACH;
	s->process = PROCESS_STARTING;
	if (s->ops->start(s->owner, &l, &why) < 0)
		serve_failed(s, &why);
	return 0;
}

static int on_signal(struct serve *s, struct reader *r)
{
	uint32_t signal = read_u32(r);

	if (r->bad || signal < 1 || signal > SIGNAL_MAX)
		return -EPROTO;
	if (s->process == PROCESS_STARTING || s->process == PROCESS_RUNNING)
		s->ops->signal(s->owner, (int)signal);
	return 0;
}

static int on_winsz(struct serve *s, struct reader *r)
{
	uint16_t rows = read_u16(r);
	uint16_t cols = read_u16(r);

	if (r->bad)
		return -EPROTO;
	if (s->shows && s->in->state == SINK_OPEN)
		s->ops->resize(s->owner, rows, cols);
	return 0;
}

static int on_output(struct serve *s, const struct frame *f, struct reader *r)
{
	struct source *out = f->flags == 1 || f->flags == 2 ? s->out[f->flags - 1] : NULL;
	uint32_t bytes;

	if (!out)
		return -EPROTO;
	if (f->type == WIRE_CREDIT_ADD) {
		bytes = read_u32(r);
		return r->bad ? -EPROTO : source_grant(out, bytes);
	}
	if (s->shows == f->flags) /* nobody sees the terminal any more */
		serve_gone(s);
	else
		source_end(out);
	return 0;
}

int serve_frame(struct serve *s, const struct frame *f, const void *payload)
{
	struct reader r;

	reader_init(&r, payload, f->length);
	switch (f->type) {
	case WIRE_HELLO: /* of a caller without a router between */
		return 0;
	case WIRE_PING:
		s->pong_due = true;
		return 0;
	case WIRE_OPEN:
		return on_open(s, payload, f->length);
	case WIRE_EOF:
		return f->flags == 0 ? sink_end(s->in) : -EPROTO;
	case WIRE_CLOSED:
	case WIRE_CREDIT_ADD:
		return on_output(s, f, &r);
	case WIRE_WINSZ:
		return on_winsz(s, &r);
	case WIRE_SIGNAL:
		return on_signal(s, &r);
	case WIRE_ABORT:
		serve_gone(s);
		return 0;
	default:
		return -EPROTO;
	}
}

int serve_data(struct serve *s, int fd, const void *data, size_t len)
{
	return fd == 0 ? sink_put(s->in, data, len) : -EPROTO;
}
