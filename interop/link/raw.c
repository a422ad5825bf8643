/* raw.c: an endpoint that carries a stream's bytes without frames.
 *
 * Each direction of the socket is one flow. `from` brings bytes for the link:
 * it is read as far as the peer's credit goes, and its end is EOF. `to` takes
 * the link's bytes: what it has taken is credited, its end is shutdown(2), and
 * when nobody reads there any more the peer hears CLOSED. The serving side says
 * EXIT when both are over.
 */
#include "interop/link/raw.h"
#include "interop/link/router.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { CREDIT_STEP = WIRE_CREDIT / 4 }; /* less is not worth a frame */

static uint8_t from_fd(const struct stream *s)
{
	return s->ours ? 0 : 1;
}

static uint8_t to_fd(const struct stream *s)
{
	return s->ours ? 1 : 0;
}

static struct flow *from_flow(struct stream *s)
{
	return &s->flow[from_fd(s)];
}

static struct flow *to_flow(struct stream *s)
{
	return &s->flow[to_fd(s)];
}

static void put_control(struct stream *s, uint8_t type, uint8_t fd, uint32_t value)
{
	struct frame f = { type == WIRE_CREDIT_ADD ? 4 : 0, type, fd, WIRE_STREAM_ONLY };
	uint8_t payload[4];
	struct writer w;

	writer_init(&w, payload, sizeof(payload));
	write_u32(&w, value);
	if (s->state == STREAM_OPEN && schedule_frame(&s->control, &f, payload))
		stream_fail(s, WHY_MEMORY);
}

/* Nobody takes the link's bytes any more. */
static void to_end(struct stream *s)
{
	struct flow *to = to_flow(s);

	queue_free(&to->bytes);
	if (!to->shut && !to->passed)
		put_control(s, WIRE_CLOSED, to_fd(s), 0);
	to->shut = to->passed = true;
	s->blocked = false; /* there is nothing to wait for: EPOLLHUP is told for ever */
}

/* The router answers for whoever the bytes are for. */
int raw_start(struct stream *s)
{
	static const uint8_t nobody[8];
	const struct frame started = { 8, WIRE_STARTED, 0, WIRE_STREAM_ONLY };

	queue_free(&s->open);
	s->raw = true;
	return schedule_frame(&s->control, &started, nobody);
}

bool raw_read(struct stream *s)
{
	struct flow *from = from_flow(s);
	size_t room = from->credit < WIRE_DATA_MAX ? from->credit : WIRE_DATA_MAX;
	ssize_t got;

	if (from->eof || s->state > STREAM_OPEN || !room)
		return false;
	if (queue_reserve(&from->bytes, room)) {
		stream_fail(s, WHY_MEMORY);
		return false;
	}
	got = recv(s->end.fd, queue_tail(&from->bytes), room, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		from->eof = true;
		return false;
	}
	from->bytes.used += (size_t)got;
	s->router->busy |= got >= SCRATCH;
	from->credit -= (uint32_t)got;
	return true;
}

void raw_shut(struct stream *s)
{
	struct flow *from = from_flow(s);

	schedule_release(s);
	queue_free(&from->bytes);
	from->eof = true;
	shutdown(s->end.fd, SHUT_RD);
}

void raw_hung_up(struct stream *s)
{
	to_end(s);
}

static void to_credit(struct stream *s, size_t taken)
{
	struct flow *to = to_flow(s);

	to->taken += (uint32_t)taken;
	if (to->taken < CREDIT_STEP || s->state != STREAM_OPEN)
		return;
	put_control(s, WIRE_CREDIT_ADD, to_fd(s), to->taken);
	to->credit += to->taken;
	to->taken = 0;
}

/* The answer to OPEN is the last frame; then the bytes. */
static ssize_t send_some(struct stream *s, struct queue *q)
{
	ssize_t n = send(s->end.fd, queue_head(q), q->used, MSG_NOSIGNAL);

	if (n > 0)
		queue_take(q, (size_t)n);
	if (n < 0 && errno == EAGAIN)
		s->blocked = true;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

static void raw_write(struct stream *s)
{
	struct flow *to = to_flow(s);

	while (!s->blocked && (s->out.used || to->bytes.used)) {
		bool frames = s->out.used > 0;
		ssize_t n = send_some(s, frames ? &s->out : &to->bytes);

		if (n < 0) {
			queue_free(&s->out);
			to_end(s);
			return;
		}
		if (!frames)
			to_credit(s, (size_t)n);
	}
	if (to->eof && !to->passed && !to->bytes.used) {
		shutdown(s->end.fd, SHUT_WR);
		to->passed = true;
	}
}

/* Both directions are over: the serving side says so, once. */
static void raw_settle(struct stream *s)
{
	static const uint8_t zero[4];
	const struct frame exit = { 4, WIRE_EXIT, WIRE_EXITED, WIRE_STREAM_ONLY };

	if (s->ours || s->last.used || !from_flow(s)->eof || !to_flow(s)->passed)
		return;
	if (schedule_frame(&s->last, &exit, zero))
		stream_fail(s, WHY_MEMORY);
}

void raw_flush(struct stream *s)
{
	struct flow *from = from_flow(s);
	uint32_t want;

	raw_write(s);
	if (s->state == STREAM_OPEN)
		raw_settle(s);
	if (s->state == STREAM_DRAIN && !s->out.used && !to_flow(s)->bytes.used) {
		s->state = STREAM_GONE;
		return;
	}
	want = s->blocked ? EPOLLOUT : 0;
	if (!from->eof && from->credit && s->control.used <= CONTROL_CHOKE)
		want |= EPOLLIN;
	/* A hang-up is told for ever: at an edge only when nothing is to be read. */
	watch_set(&s->end, want ? want : EPOLLET);
}
