/* routes.c: frames that come from the link, and the stream each is for. */
#include "interop/link/quota.h"
#include "interop/link/router.h"

#include <errno.h>

static bool is_ours(const struct router *r, uint32_t id)
{
	return (id & 1) == (r->side == ROUTER_GUEST);
}

/* The stream is not known, or no longer. A number that was never used is
 * nonsense; one that was belongs to a stream that has ended meanwhile. */
static int unknown_begin(const struct router *r, uint32_t id)
{
	bool used = is_ours(r, id) ? id < r->our_next : id <= r->peer_last;

	return used ? 0 : -EPROTO;
}

static int refuse(struct router *r, struct stream *s, uint32_t id, enum why why)
{
	const struct failed f = failed_because(r, why);

	connection_put_failed(r, id, &f);
	if (s)
		s->state = STREAM_GONE;
	return 0;
}

static int open_begin(struct router *r, const struct frame *f, struct queue **sink)
{
	struct stream *s = router_find(r, f->stream);

	if (f->length > WIRE_PIECE_MAX || is_ours(r, f->stream))
		return -EPROTO;
	if (!s && f->stream <= r->peer_last)
		return 0; /* more of one that was refused */
	if (!s) {
		r->peer_last = f->stream;
		s = router_new_stream(r, false);
		if (!s)
			return refuse(r, s, f->stream, WHY_FULL);
		s->id = f->stream;
	}
	if (s->state > STREAM_OPEN)
		return 0;
	if (s->state != STREAM_NEW)
		return -EPROTO;
	if (s->open.used + f->length > WIRE_OPEN_MAX)
		return refuse(r, s, f->stream, WHY_LONG);
	if (!quota_payload(s, f->length))
		return refuse(r, s, f->stream, WHY_FULL);
	*sink = &s->open;
	return 0;
}

static int stream_frame_begin(struct router *r, const struct frame *f, struct queue **sink)
{
	struct stream *s = router_find(r, f->stream);

	if (!s)
		return unknown_begin(r, f->stream);
	if (s->state > STREAM_OPEN)
		return 0;
	s->answered = true;
	*sink = &r->connection.in;
	if (stream_begin(s, f, false, sink)) {
		*sink = NULL;
		stream_fail(s, WHY_PROTOCOL);
	}
	return 0;
}

static int connection_begin(void *owner, const struct frame *f, struct queue **sink)
{
	struct router *r = owner;

	if (f->type == WIRE_HELLO) {
		*sink = &r->connection.in;
		return 0;
	}
	if (r->connection.state != CONNECTION_UP)
		return -EPROTO;
	if (f->type == WIRE_SHUTDOWN && r->side != ROUTER_GUEST)
		return -EPROTO;
	if (f->stream == 0)
		return 0;
	if (f->type == WIRE_OPEN)
		return open_begin(r, f, sink);
	return stream_frame_begin(r, f, sink);
}

/* Whatever is wrong with it is the asking program's fault, not the link's. */
static void open_end(struct router *r, struct stream *s)
{
	struct open o;

	if (open_decode(&o, queue_head(&s->open), s->open.used)) {
		refuse(r, s, s->id, WHY_PROTOCOL);
		return;
	}
	s->kind = o.kind;
	if (o.kind <= OPEN_KIND_LAST && !quota_place(s))
		refuse(r, s, s->id, WHY_FULL);
	else
		s->state = STREAM_WAITING;
}

static int stream_frame_end(struct router *r, const struct frame *f)
{
	struct stream *s = router_find(r, f->stream);
	int error;

	if (!s || s->state > STREAM_OPEN)
		return 0;
	if (f->type == WIRE_OPEN) {
		if (!(f->flags & WIRE_MORE))
			open_end(r, s);
		return 0;
	}
	error = stream_end(s, f, false, &r->connection.in);
	if (error)
		stream_fail(s, error == -EPROTO ? WHY_PROTOCOL : WHY_MEMORY);
	return 0;
}

static int connection_end(void *owner, const struct frame *f)
{
	struct router *r = owner;
	int error = 0;

	switch (f->type) {
	case WIRE_HELLO:
		error = connection_hello(r);
		break;
	case WIRE_PING:
		r->connection.pong = true;
		break;
	case WIRE_PONG:
		connection_answered(r);
		break;
	case WIRE_SHUTDOWN:
		r->calling = true;
		r->ops->shutdown(r->owner);
		r->calling = false;
		break;
	default:
		error = stream_frame_end(r, f);
	}
	queue_take(&r->connection.in, r->connection.in.used);
	return error;
}

const struct deframer_ops connection_frames = { connection_begin, connection_end };
