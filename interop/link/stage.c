/* stage.c: queued bytes become frames again, in the right order. */
#include "interop/link/router.h"

#include <errno.h>

/* So that a frame with its header is a whole number of pages. */
enum { STAGE_DATA = WIRE_PIECE_MAX - WIRE_HEADER };

int stage_frame(struct queue *q, const struct frame *f, const void *payload)
{
	uint8_t header[WIRE_HEADER];

	if (queue_reserve(q, WIRE_HEADER + f->length))
		return -ENOMEM;
	frame_encode(header, f);
	queue_put(q, header, sizeof(header));
	queue_put(q, payload, f->length);
	return 0;
}

int stage_failed(struct queue *q, uint32_t id, const struct failed *why)
{
	uint8_t payload[WIRE_FAILED_MAX];
	struct frame f = { 0, WIRE_FAILED, 0, id };
	struct writer w;

	writer_init(&w, payload, sizeof(payload));
	failed_encode(&w, why->code, why->os_error, why->text.at);
	f.length = (uint32_t)w.used;
	return stage_frame(q, &f, payload);
}

/* Moves whole frames and gives them the stream number of the other side. */
static int stage_frames(struct queue *to, struct queue *from, uint32_t id)
{
	while (from->used) {
		struct frame f;

		frame_decode(&f, queue_head(from));
		f.stream = id;
		if (stage_frame(to, &f, queue_head(from) + WIRE_HEADER))
			return -ENOMEM;
		queue_take(from, WIRE_HEADER + f.length);
	}
	return 0;
}

static int stage_piece(struct queue *to, struct queue *from, struct frame *f)
{
	bool more = from->used > WIRE_PIECE_MAX;

	f->length = more ? WIRE_PIECE_MAX : (uint32_t)from->used;
	if (f->type == WIRE_OPEN && more)
		f->flags = WIRE_MORE;
	if (stage_frame(to, f, queue_head(from)))
		return -ENOMEM;
	queue_take(from, f->length);
	return 0;
}

/* DATA of a lane: a big one stays there, and is the last that is staged now. */
static int stage_data(struct queue *to, struct flight *flight, struct queue *from, struct frame *f)
{
	if (from->used < STAGE_COPY)
		return stage_piece(to, from, f);
	f->length = from->used > STAGE_DATA ? STAGE_DATA : (uint32_t)from->used;
	flight_begin(flight, f, from);
	return 0;
}

static bool lane_done(const struct lane *lane)
{
	return !lane->bytes.used && (!lane->eof || lane->passed);
}

/* One frame of a lane: DATA while there are bytes, then EOF. 1: staged. */
static int stage_lane(struct queue *to, struct flight *flight, struct stream *s, int fd,
		      uint32_t id)
{
	struct lane *lane = &s->lane[fd];
	struct frame f = { 0, WIRE_DATA, (uint8_t)fd, id };

	if (lane->bytes.used)
		return stage_data(to, flight, &lane->bytes, &f) ? -ENOMEM : 1;
	if (!lane->eof || lane->passed)
		return 0;
	f.type = WIRE_EOF;
	lane->passed = true;
	return stage_frame(to, &f, NULL) ? -ENOMEM : 1;
}

/* The number is given with the first piece: they must reach the peer in order. */
static int stage_open(struct queue *to, struct stream *s)
{
	struct frame f = { 0, WIRE_OPEN, 0, 0 };

	if (!s->id) {
		s->id = s->router->our_next;
		s->router->our_next += 2;
	}
	f.stream = s->id;
	if (stage_piece(to, &s->open, &f))
		return -ENOMEM;
	s->opening = s->open.used > 0;
	if (!s->opening)
		queue_free(&s->open);
	return 0;
}

/* What goes before everybody's bulk: control frames and OPEN. */
static int stage_urgent(struct stream *s)
{
	struct queue *to = &s->router->trunk.out;

	if (s->opening)
		return stage_open(to, s) ? -ENOMEM : 1;
	if (s->control.used)
		return stage_frames(to, &s->control, s->id) ? -ENOMEM : 1;
	return 0;
}

/* stderr goes before stdout of its own stream, and takes no other's turn. */
static int stage_bulk(struct stream *s)
{
	struct trunk *t = &s->router->trunk;
	struct queue *to = &t->out;
	int staged = 0;

	if (s->opening)
		return 0;
	if (!s->ours)
		staged = stage_lane(to, &t->flight, s, 2, s->id);
	if (!staged)
		staged = stage_lane(to, &t->flight, s, s->ours ? 0 : 1, s->id);
	if (staged || s->ours || !s->last.used || !lane_done(&s->lane[2]))
		return staged;
	s->state = STREAM_DRAIN; /* EXIT or FAILED: the peer forgets it now */
	return stage_frames(to, &s->last, s->id) ? -ENOMEM : 1;
}

/* One frame of each open stream, beginning where the last turn stopped. */
static int stage_turn(struct router *r, int (*stage)(struct stream *))
{
	const struct trunk *t = &r->trunk;
	int any = 0;

	for (size_t n = r->count; n > 0 && t->out.used < STAGE_ENOUGH && !t->flight.source; n--) {
		struct stream *s = r->streams[r->turn++ % r->count];
		int staged = s->state == STREAM_OPEN ? stage(s) : 0;

		if (staged < 0)
			return staged;
		any |= staged;
	}
	return any;
}

int stage_trunk(struct router *r)
{
	static const struct frame pong = { 0, WIRE_PONG, 0, 0 };
	int any;

	if (r->trunk.pong && stage_frame(&r->trunk.out, &pong, NULL))
		return -ENOMEM;
	r->trunk.pong = false;
	if (r->trunk.state != TRUNK_UP)
		return 0;
	do {
		while ((any = stage_turn(r, stage_urgent)) > 0)
			;
		if (any == 0)
			any = stage_turn(r, stage_bulk);
	} while (any > 0);
	return any;
}

int stage_endpoint(struct stream *s)
{
	while (s->out.used < STAGE_ENOUGH && !s->flight.source) {
		int staged = 0;

		for (int fd = s->ours ? 2 : 0; !staged && fd >= !!s->ours; fd--)
			staged = stage_lane(&s->out, &s->flight, s, fd, WIRE_STREAM_ONLY);
		if (staged < 0)
			return -ENOMEM;
		if (!staged)
			break;
	}
	if (s->ours && lane_done(&s->lane[1]) && lane_done(&s->lane[2]))
		return stage_frames(&s->out, &s->last, WIRE_STREAM_ONLY);
	return 0;
}

/* Whether anything is left for the endpoint. */
bool stage_pending(const struct stream *s)
{
	if (s->out.used)
		return true;
	if (!s->ours)
		return !lane_done(&s->lane[0]);
	return !lane_done(&s->lane[1]) || !lane_done(&s->lane[2]) || s->last.used;
}

void stage_release(struct stream *s)
{
	struct trunk *t = &s->router->trunk;

	for (int fd = 0; fd < 3; fd++) {
		const struct queue *bytes = &s->lane[fd].bytes;

		if (flight_land(&t->flight, &t->out, bytes))
			t->broken = true;
		if (flight_land(&s->flight, &s->out, bytes))
			s->state = STREAM_GONE;
	}
}
