/* stream.c: what a stream's frames do, whichever side they come from. */
#include "interop/link/raw.h"
#include "interop/link/router.h"

#include <errno.h>
#include <string.h>

static bool from_opener(const struct stream *s, bool from_end)
{
	return from_end == s->ours;
}

/* The opener of a raw stream hears nothing before the answer. */
static bool is_answer_due(const struct stream *s, bool from_end)
{
	return !from_end && s->ours && open_is_raw(s->kind) && !s->raw;
}

int stream_begin(struct stream *s, const struct frame *f, bool from_end, struct queue **sink)
{
	struct flow *flow;

	if (s->state == STREAM_NEW && f->type != WIRE_ABORT)
		return -EPROTO;
	if (!frame_allowed(f, s->kind ? s->kind : OPEN_PROGRAM, from_opener(s, from_end)))
		return -EPROTO;
	if (is_answer_due(s, from_end) && f->type != WIRE_STARTED && f->type != WIRE_FAILED)
		return -EPROTO;
	if (s->raw && f->type == WIRE_STARTED)
		return -EPROTO;
	if (s->last.used && !from_opener(s, from_end))
		return -EPROTO;
	if (f->type != WIRE_DATA && f->type != WIRE_EOF)
		return 0;
	flow = &s->flow[f->flags];
	if (flow->eof || flow->credit < f->length)
		return -EPROTO;
	flow->credit -= f->length;
	if (f->type == WIRE_DATA)
		*sink = flow->shut ? NULL : &flow->bytes;
	return 0;
}

static int stream_forward(struct stream *s, const struct frame *f, bool from_end,
			  const struct queue *body)
{
	struct queue *to = from_end ? &s->control : &s->out;
	struct frame one = *f;

	if (to->used > CONTROL_MAX)
		return -EPROTO;
	one.stream = WIRE_STREAM_ONLY;
	return schedule_frame(to, &one, queue_head(body)) ? -ENOMEM : 0;
}

/* A reader that allows more than the largest window would make us hold more. */
static int stream_credit(struct stream *s, const struct frame *f, bool from_end,
			 const struct queue *body)
{
	struct flow *flow = &s->flow[f->flags];
	struct reader r;
	uint32_t more;

	reader_init(&r, queue_head(body), body->used);
	more = read_u32(&r);
	if (more > WIRE_CREDIT_MAX - flow->credit ||
	    more + flow->credit + flow->bytes.used > WIRE_CREDIT_MAX)
		return -EPROTO;
	flow->credit += more;
	return open_is_raw(s->kind) ? 0 : stream_forward(s, f, from_end, body);
}

/* The opener is gone: its runner hears of it, and nothing else goes there. */
static void stream_abort(struct stream *s)
{
	static const struct frame abort = { 0, WIRE_ABORT, 0, WIRE_STREAM_ONLY };

	schedule_release(s);
	for (int fd = 0; fd < 3; fd++) {
		queue_free(&s->flow[fd].bytes);
		s->flow[fd].eof = false;
	}
	queue_free(&s->control);
	if (s->hung_up || s->raw || s->state != STREAM_OPEN)
		s->state = STREAM_GONE;
	else
		s->state = STREAM_DRAIN;
	if (!s->ours && s->state == STREAM_DRAIN && schedule_frame(&s->out, &abort, NULL))
		s->state = STREAM_GONE;
}

static void stream_tell_peer(struct stream *s, const struct failed *why)
{
	const struct frame abort = { 0, WIRE_ABORT, 0, s->id };

	if (!s->id || s->state > STREAM_OPEN)
		return;
	if (s->ours)
		connection_put(s->router, &abort, NULL);
	else
		connection_put_failed(s->router, s->id, why);
}

/* EXIT or FAILED goes out when all bytes before it have gone. */
static int stream_finish(struct stream *s, const struct frame *f, const struct queue *body)
{
	struct frame one = *f;

	one.stream = WIRE_STREAM_ONLY;
	if (schedule_frame(&s->last, &one, queue_head(body)))
		return -ENOMEM;
	if (s->ours)
		s->state = STREAM_DRAIN;
	return 0;
}

int stream_end(struct stream *s, const struct frame *f, bool from_end, const struct queue *body)
{
	switch (f->type) {
	case WIRE_DATA:
		return 0;
	case WIRE_EOF:
		s->flow[f->flags].eof = true;
		return 0;
	case WIRE_CREDIT_ADD:
		return stream_credit(s, f, from_end, body);
	case WIRE_STARTED:
		s->raw = s->raw || open_is_raw(s->kind);
		return stream_forward(s, f, from_end, body);
	case WIRE_CLOSED:
		if (!open_is_raw(s->kind))
			return stream_forward(s, f, from_end, body);
		raw_shut(s);
		return 0;
	case WIRE_EXIT:
	case WIRE_FAILED:
		return stream_finish(s, f, body);
	case WIRE_ABORT:
		if (from_end)
			stream_tell_peer(s, NULL);
		stream_abort(s);
		return 0;
	default:
		return stream_forward(s, f, from_end, body);
	}
}

void stream_lose(struct stream *s, enum why why)
{
	const struct failed f = failed_because(s->router, why);

	if (s->state > STREAM_OPEN)
		return;
	if (!s->ours) {
		stream_abort(s);
		return;
	}
	schedule_unlink(s);
	queue_free(&s->control);
	queue_free(&s->open);
	s->opening = false;
	s->state = STREAM_DRAIN;
	if (s->hung_up || schedule_failed(&s->last, WIRE_STREAM_ONLY, &f))
		s->state = STREAM_GONE;
}

void stream_fail(struct stream *s, enum why why)
{
	const struct failed f = failed_because(s->router, why);

	stream_tell_peer(s, &f);
	stream_lose(s, why);
}

void stream_refuse(struct stream *s, const struct failed *why)
{
	if (!s->ours) {
		stream_tell_peer(s, why);
		s->state = STREAM_GONE;
		return;
	}
	queue_free(&s->open);
	s->kind = 0;
	s->state = STREAM_DRAIN;
	if (schedule_failed(&s->last, WIRE_STREAM_ONLY, why))
		s->state = STREAM_GONE;
}

void stream_opened(struct stream *s)
{
	struct router *r = s->router;

	timer_stop(r->loop, &s->timer);
	s->state = STREAM_WAITING;
	if (loop_now() < r->connection.backoff)
		stream_lose(s, r->connection.state == CONNECTION_UP ? WHY_SILENT : WHY_ABSENT);
	else if (r->connection.state != CONNECTION_UP)
		connection_hurry(r);
}

/* The runner's first frame is OPEN, whole; what came after it follows. */
static int stream_deliver_open(struct stream *s)
{
	const struct frame f = { (uint32_t)s->open.used, WIRE_OPEN, 0, WIRE_STREAM_ONLY };
	struct queue out = { 0 };

	if (schedule_frame(&out, &f, queue_head(&s->open)) ||
	    queue_put(&out, queue_head(&s->out), s->out.used)) {
		queue_free(&out);
		return -ENOMEM;
	}
	queue_free(&s->out);
	queue_free(&s->open);
	s->out = out;
	return 0;
}

static void stream_start_theirs(struct stream *s)
{
	struct router *r = s->router;
	struct failed why = failed_because(r, WHY_PROTOCOL);
	struct open o;
	int fd;

	if (open_decode(&o, queue_head(&s->open), s->open.used)) {
		stream_refuse(s, &why);
		return;
	}
	why = failed_because(r, WHY_MEMORY);
	r->calling = true;
	fd = r->ops->accept(r->owner, &o, &why);
	r->calling = false;
	if (fd < 0) {
		stream_refuse(s, &why);
		return;
	}
	why = failed_because(r, WHY_MEMORY);
	if (endpoint_attach(s, fd) ||
	    (open_is_raw(s->kind) ? raw_start(s) : stream_deliver_open(s))) {
		stream_refuse(s, &why);
		return;
	}
	s->state = STREAM_OPEN;
}

void stream_start(struct stream *s)
{
	if (!s->ours) {
		stream_start_theirs(s);
		return;
	}
	s->opening = true;
	s->state = STREAM_OPEN;
	connection_await_answer(s->router);
}
