/* scheduler.c: queued bytes become frames again, in the right order. */
#include "interop/link/router.h"

#include <errno.h>

/* So that a frame with its header is a whole number of pages. */
enum { SCHEDULE_DATA = WIRE_PIECE_MAX - WIRE_HEADER };

int schedule_frame(struct queue *q, const struct frame *f, const void *payload)
{
	uint8_t header[WIRE_HEADER];

	if (queue_reserve(q, WIRE_HEADER + f->length))
		return -ENOMEM;
	frame_encode(header, f);
	queue_put(q, header, sizeof(header));
	queue_put(q, payload, f->length);
	return 0;
}

int schedule_failed(struct queue *q, uint32_t id, const struct failed *why)
{
	uint8_t payload[WIRE_FAILED_MAX];
	struct frame f = { 0, WIRE_FAILED, 0, id };
	struct writer w;

	writer_init(&w, payload, sizeof(payload));
	failed_encode(&w, why->code, why->os_error, why->text.at);
	f.length = (uint32_t)w.used;
	return schedule_frame(q, &f, payload);
}

/* Moves whole frames and gives them the stream number of the other side. */
static int schedule_frames(struct queue *to, struct queue *from, uint32_t id)
{
	while (from->used) {
		struct frame f;

		frame_decode(&f, queue_head(from));
		f.stream = id;
		if (schedule_frame(to, &f, queue_head(from) + WIRE_HEADER))
			return -ENOMEM;
		queue_take(from, WIRE_HEADER + f.length);
	}
	return 0;
}

static int schedule_piece(struct queue *to, struct queue *from, struct frame *f)
{
	bool more = from->used > WIRE_PIECE_MAX;

	f->length = more ? WIRE_PIECE_MAX : (uint32_t)from->used;
	if (f->type == WIRE_OPEN && more)
		f->flags = WIRE_MORE;
	if (schedule_frame(to, f, queue_head(from)))
		return -ENOMEM;
	queue_take(from, f->length);
	return 0;
}

/* DATA of a flow: a big one stays there, and is the last that is scheduled now. */
static int schedule_data(struct queue *to, struct flight *flight, struct queue *from,
			 struct frame *f)
{
	if (from->used < SCHEDULE_COPY)
		return schedule_piece(to, from, f);
	f->length = from->used > SCHEDULE_DATA ? SCHEDULE_DATA : (uint32_t)from->used;
	flight_begin(flight, f, from);
	return 0;
}

static bool flow_done(const struct flow *flow)
{
	return !flow->bytes.used && (!flow->eof || flow->passed);
}

/* One frame of a flow: DATA while there are bytes, then EOF. 1: scheduled. */
static int schedule_lane(struct queue *to, struct flight *flight, struct stream *s, int fd,
			 uint32_t id)
{
	struct flow *flow = &s->flow[fd];
	struct frame f = { 0, WIRE_DATA, (uint8_t)fd, id };

	if (flow->bytes.used)
		return schedule_data(to, flight, &flow->bytes, &f) ? -ENOMEM : 1;
	if (!flow->eof || flow->passed)
		return 0;
	f.type = WIRE_EOF;
	flow->passed = true;
	return schedule_frame(to, &f, NULL) ? -ENOMEM : 1;
}

/* The number is given with the first piece: they must reach the peer in order. */
static int schedule_open(struct queue *to, struct stream *s)
{
	struct frame f = { 0, WIRE_OPEN, 0, 0 };

	if (!s->id) {
		s->id = s->router->our_next;
		s->router->our_next += 2;
	}
	f.stream = s->id;
	if (schedule_piece(to, &s->open, &f))
		return -ENOMEM;
	s->opening = s->open.used > 0;
	if (!s->opening)
		queue_free(&s->open);
	return 0;
}

/* What goes before everybody's bulk: control frames and OPEN. */
static int schedule_urgent(struct stream *s)
{
	struct queue *to = &s->router->connection.out;

	if (s->opening)
		return schedule_open(to, s) ? -ENOMEM : 1;
	if (s->control.used)
		return schedule_frames(to, &s->control, s->id) ? -ENOMEM : 1;
	return 0;
}

/* stderr goes before stdout of its own stream, and takes no other's turn. */
static int schedule_bulk(struct stream *s)
{
	struct connection *t = &s->router->connection;
	struct queue *to = &t->out;
	int scheduled = 0;

	if (s->opening)
		return 0;
	if (!s->ours)
		scheduled = schedule_lane(to, &t->flight, s, 2, s->id);
	if (!scheduled)
		scheduled = schedule_lane(to, &t->flight, s, s->ours ? 0 : 1, s->id);
	if (scheduled || s->ours || !s->last.used || !flow_done(&s->flow[2]))
		return scheduled;
	s->state = STREAM_DRAIN; /* EXIT or FAILED: the peer forgets it now */
	return schedule_frames(to, &s->last, s->id) ? -ENOMEM : 1;
}

/* One frame of each open stream, beginning where the last turn stopped. */
static int schedule_turn(struct router *r, int (*schedule)(struct stream *))
{
	const struct connection *t = &r->connection;
	int any = 0;

	for (size_t n = r->count; n > 0 && t->out.used < SCHEDULE_ENOUGH && !t->flight.source;
	     n--) {
		struct stream *s = r->streams[r->turn++ % r->count];
		int scheduled = s->state == STREAM_OPEN ? schedule(s) : 0;

		if (scheduled < 0)
			return scheduled;
		any |= scheduled;
	}
	return any;
}

int schedule_connection(struct router *r)
{
	static const struct frame pong = { 0, WIRE_PONG, 0, 0 };
	int any;

	if (r->connection.pong && schedule_frame(&r->connection.out, &pong, NULL))
		return -ENOMEM;
	r->connection.pong = false;
	if (r->connection.state != CONNECTION_UP)
		return 0;
	do {
		while ((any = schedule_turn(r, schedule_urgent)) > 0)
			;
		if (any == 0)
			any = schedule_turn(r, schedule_bulk);
	} while (any > 0);
	return any;
}

int schedule_endpoint(struct stream *s)
{
	while (s->out.used < SCHEDULE_ENOUGH && !s->flight.source) {
		int scheduled = 0;

		for (int fd = s->ours ? 2 : 0; !scheduled && fd >= !!s->ours; fd--)
			scheduled = schedule_lane(&s->out, &s->flight, s, fd, WIRE_STREAM_ONLY);
		if (scheduled < 0)
			return -ENOMEM;
		if (!scheduled)
			break;
	}
	if (s->ours && flow_done(&s->flow[1]) && flow_done(&s->flow[2]))
		return schedule_frames(&s->out, &s->last, WIRE_STREAM_ONLY);
	return 0;
}

/* Whether anything is left for the endpoint. */
bool schedule_pending(const struct stream *s)
{
	if (s->out.used)
		return true;
	if (!s->ours)
		return !flow_done(&s->flow[0]);
	return !flow_done(&s->flow[1]) || !flow_done(&s->flow[2]) || s->last.used;
}

void schedule_unlink(struct stream *s)
{
	struct connection *t = &s->router->connection;

	for (int fd = 0; fd < 3; fd++)
		if (flight_land(&t->flight, &t->out, &s->flow[fd].bytes))
			t->broken = true;
}

void schedule_release(struct stream *s)
{
	schedule_unlink(s);
	for (int fd = 0; fd < 3; fd++)
		if (flight_land(&s->flight, &s->out, &s->flow[fd].bytes))
			s->state = STREAM_GONE;
}
