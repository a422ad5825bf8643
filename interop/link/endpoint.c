/* endpoint.c: a stream's local socket. */
#include "interop/link/quota.h"
#include "interop/link/raw.h"
#include "interop/link/router.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READS_IN_A_ROW = 4 }; /* then others have their turn */

static void endpoint_ready(struct watch *watch, uint32_t events);

void endpoint_close(struct stream *s)
{
	int fd = s->end.fd;

	if (s->hung_up)
		return;
	watch_remove(&s->end);
	fd_close(&fd);
	s->hung_up = true;
	queue_free(&s->out);
	s->flight = (struct flight){ 0 };
}

static int open_begin(struct stream *s, const struct frame *f, struct queue **sink)
{
	if (s->state != STREAM_NEW || !s->ours || !s->greeted || f->flags)
		return -EPROTO;
	*sink = &s->open;
	if (!quota_payload(s, f->length)) {
		*sink = NULL;
		stream_fail(s, WHY_FULL);
	}
	return 0;
}

static int endpoint_begin(void *owner, const struct frame *f, struct queue **sink)
{
	struct stream *s = owner;

	if (s->state > STREAM_OPEN || (!s->ours && s->last.used))
		return 0;
	*sink = &s->body;
	if (f->type == WIRE_HELLO)
		return 0;
	if (f->stream != WIRE_STREAM_ONLY)
		return -EPROTO;
	if (f->type == WIRE_OPEN)
		return open_begin(s, f, sink);
	/* One that waits to be raw has nothing to say before the answer. */
	return open_is_raw(s->kind) ? -EPROTO : stream_begin(s, f, true, sink);
}

static int hello_end(struct stream *s)
{
	struct hello h;

	if (hello_decode(&h, queue_head(&s->body), s->body.used))
		return -EPROTO;
	s->greeted = true;
	if (!hello_speaks(&h, WIRE_VERSION))
		stream_fail(s, WHY_VERSION);
	return 0;
}

/* On the guest side the uid is the broker's to say, whatever the client said. */
static int open_sign(struct stream *s)
{
	struct queue *q = &s->open;

	if (s->router->side != ROUTER_GUEST)
		return 0;
	if (queue_reserve(q, OPEN_UID_FIELD))
		return -ENOMEM;
	q->used = open_set_uid(queue_head(q), q->used, s->uid);
	return 0;
}

static bool is_permitted(struct stream *s, struct open *o)
{
	struct router *r = s->router;
	struct failed why = failed_because(r, WHY_MEMORY);
	bool permitted;

	if (r->side == ROUTER_GUEST)
		o->uid = s->uid;
	r->calling = true;
	permitted = r->ops->permit(r->owner, o, &why) >= 0;
	r->calling = false;
	if (!permitted)
		stream_refuse(s, &why);
	return permitted;
}

/* One that is refused holds no place: it counts as one that has not asked. */
static void open_refuse(struct stream *s, enum why why)
{
	const struct failed f = failed_because(s->router, why);

	stream_refuse(s, &f);
}

static int open_end(struct stream *s)
{
	static const char text[] = "there is no such kind of stream (are both sides up to date?)";
	static const struct failed unknown = { WIRE_FAIL_NOT_RUN, 0, { text, sizeof(text) - 1 } };
	struct open o;

	if (open_decode(&o, queue_head(&s->open), s->open.used))
		return -EPROTO;
	if (!is_permitted(s, &o))
		return 0;
	if (open_sign(s))
		return -ENOMEM;
	if (o.kind > OPEN_KIND_LAST) {
		stream_refuse(s, &unknown);
		return 0;
	}
	s->kind = o.kind;
	if (s->open.used > WIRE_OPEN_MAX)
		open_refuse(s, WHY_LONG);
	else if (!quota_place(s))
		open_refuse(s, WHY_FULL);
	else
		stream_opened(s);
	return 0;
}

static int endpoint_end(void *owner, const struct frame *f)
{
	struct stream *s = owner;
	int error;

	if (s->state > STREAM_OPEN || (!s->ours && s->last.used))
		return 0;
	if (f->type == WIRE_HELLO)
		error = hello_end(s);
	else if (f->type == WIRE_OPEN)
		error = open_end(s);
	else
		error = stream_end(s, f, true, &s->body);
	queue_take(&s->body, s->body.used);
	return error;
}

static const struct deframer_ops endpoint_frames = { endpoint_begin, endpoint_end };

static void endpoint_linger(struct timer *timer)
{
	struct stream *s = container_of(timer, struct stream, timer);

	s->state = STREAM_GONE;
	router_pump(s->router);
}

int endpoint_attach(struct stream *s, int fd)
{
	int error;

	s->end.ready = endpoint_ready;
	s->timer.fire = endpoint_linger;
	deframer_init(&s->cut, &endpoint_frames, s);
	error = fd_set_cloexec(fd, 1);
	if (!error)
		error = fd_set_nonblock(fd);
	if (!error)
		error = watch_add(s->router->loop, &s->end, fd, EPOLLIN);
	if (error)
		close(fd);
	s->hung_up = error != 0;
	return error;
}

/* A caller that is gone aborts; a runner that is gone without EXIT failed. */
static void endpoint_gone(struct stream *s)
{
	const struct failed why = failed_because(s->router, WHY_RUNNER);

	endpoint_close(s);
	if (s->state != STREAM_OPEN)
		s->state = STREAM_GONE;
	else if (s->ours)
		stream_fail(s, WHY_LOST);
	else if (!s->last.used && schedule_failed(&s->last, WIRE_STREAM_ONLY, &why))
		stream_fail(s, WHY_MEMORY);
}

static ssize_t endpoint_discard(struct stream *s)
{
	ssize_t got = recv(s->end.fd, s->router->scratch, SCRATCH, 0);

	if (got >= 0)
		return got;
	return errno == EINTR ? -EAGAIN : -errno;
}

/* False when there is no more to read just now. */
static bool endpoint_read(struct stream *s)
{
	struct router *r = s->router;
	ssize_t got;

	if (is_raw(s))
		return raw_read(s);
	if (s->state > STREAM_OPEN)
		got = endpoint_discard(s);
	else
		got = deframer_read(&s->cut, s->end.fd, r->scratch, SCRATCH);
	if (got == -EAGAIN)
		return false;
	if (got == -EPROTO || got == -ENOMEM)
		stream_fail(s, got == -EPROTO ? WHY_PROTOCOL : WHY_MEMORY);
	else if (got <= 0)
		endpoint_gone(s);
	if (got < SCRATCH)
		return false;
	r->busy = true;
	return !s->hung_up;
}

void endpoint_hear(struct stream *s)
{
	int reads = READS_IN_A_ROW;

	while (endpoint_read(s) && --reads)
		;
}

static void endpoint_ready(struct watch *watch, uint32_t events)
{
	struct stream *s = container_of(watch, struct stream, end);

	if (events & EPOLLOUT)
		s->blocked = false;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		endpoint_hear(s);
	if (is_raw(s) && (events & (EPOLLHUP | EPOLLERR)))
		raw_hung_up(s);
	router_pump(s->router);
}

/* A socket that takes no more may still have frames for us: EXIT, say. */
static void endpoint_deaf(struct stream *s)
{
	shutdown(s->end.fd, SHUT_RDWR);
	queue_free(&s->out);
	s->flight = (struct flight){ 0 };
	s->blocked = true;
}

static void endpoint_write(struct stream *s)
{
	struct iovec iov[FLIGHT_IOV];
	struct msghdr msg = { .msg_iov = iov };

	while (!s->blocked && (msg.msg_iovlen = (size_t)flight_iov(&s->flight, &s->out, iov))) {
		ssize_t n = sendmsg(s->end.fd, &msg, MSG_NOSIGNAL);

		if (n >= 0)
			flight_sent(&s->flight, &s->out, (size_t)n);
		else if (errno == EAGAIN)
			s->blocked = true;
		else if (errno != EINTR)
			endpoint_deaf(s);
	}
}

void endpoint_flush(struct stream *s)
{
	bool choked = s->control.used > CONTROL_CHOKE;

	if (s->hung_up || s->state == STREAM_NEW)
		return;
	if (is_raw(s)) {
		raw_flush(s);
		return;
	}
	while (!s->blocked && schedule_pending(s)) {
		if (schedule_endpoint(s)) {
			stream_fail(s, WHY_MEMORY);
			break;
		}
		endpoint_write(s);
	}
	watch_set(&s->end,
		  (choked ? 0 : EPOLLIN) | (s->out.used || s->flight.source ? EPOLLOUT : 0));
	if (s->state == STREAM_DRAIN && !s->timer.armed && !schedule_pending(s))
		timer_start(s->router->loop, &s->timer, LINGER_MS);
}
