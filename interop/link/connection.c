/* connection.c: the link itself: dialling, HELLO, and the frame border. */
#include "interop/link/router.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

enum {
	REDIAL_MS = 200, /* after a hang-up; doubles while dialling fails */
	REDIAL_MAX_MS = 5000,
	CONNECT_MS = 5000, /* for one try */
	TELL_MS = 1000,    /* after which the time is told again */
	READS_IN_A_ROW = 8,
	GUESSES_MAX = 16,
	HELLO_SPAN = WIRE_HEADER + WIRE_HELLO_MIN,
};

static const uint8_t nobody[WIRE_EPOCH];

void connection_put(struct router *r, const struct frame *f, const void *payload)
{
	struct connection *t = &r->connection;

	if (t->state < CONNECTION_SEARCH)
		return;
	if (t->out.used > CONNECTION_MAX || schedule_frame(&t->out, f, payload))
		t->broken = true;
}

void connection_put_failed(struct router *r, uint32_t id, const struct failed *why)
{
	struct connection *t = &r->connection;

	if (t->state != CONNECTION_UP)
		return;
	if (t->out.used > CONNECTION_MAX || schedule_failed(&t->out, id, why))
		t->broken = true;
}

static void connection_say_hello(struct router *r)
{
	struct hello h = { .version_min = WIRE_VERSION, .version_max = WIRE_VERSION };
	struct frame f = { 0, WIRE_HELLO, 0, 0 };
	struct queue payload = { 0 };
	struct writer w;

	memcpy(h.epoch, r->connection.epoch, WIRE_EPOCH);
	memcpy(h.echo, r->connection.peer, WIRE_EPOCH);
	/* Who knows us already hears the time alone. */
	if (r->connection.state != CONNECTION_UP) {
		h.host_path = (struct wire_str){ r->host_path, strlen(r->host_path) };
		h.drives = r->drives;
		h.read_only = r->read_only;
	}
	h.features = r->features;
	if (r->ops->now)
		h.time = r->ops->now();
	r->connection.said = loop_now();
	if (queue_reserve(&payload, WIRE_CONTROL_MAX)) {
		r->connection.broken = true;
		return;
	}
	writer_init(&w, payload.base, WIRE_CONTROL_MAX);
	hello_encode(&w, &h);
	f.length = (uint32_t)w.used;
	connection_put(r, &f, payload.base);
	queue_free(&payload);
}

/* A peer that still waits for the rest of a frame takes these for it, and then
 * meets a header that no frame has: it gives the link up and starts afresh. */
static void connection_unstick(struct connection *t)
{
	if (queue_reserve(&t->out, WIRE_HEADER + WIRE_PIECE_MAX))
		return;
	memset(queue_tail(&t->out), 0, WIRE_HEADER + WIRE_PIECE_MAX);
	t->out.used += WIRE_HEADER + WIRE_PIECE_MAX;
}

/* Early in a guest's boot the kernel's generator may not be seeded, and waiting
 * for that would cost a second: an epoch must be new, not secret. */
static int connection_new_epoch(struct connection *t)
{
	ssize_t got = getrandom(t->epoch, WIRE_EPOCH, GRND_INSECURE);

	if (got < 0 && errno == EINVAL) /* before Linux 5.6 */
		got = getrandom(t->epoch, WIRE_EPOCH, 0);
	return got == WIRE_EPOCH ? 0 : -EIO;
}

static int connection_open(struct router *r, struct transport *transport)
{
	struct connection *t = &r->connection;
	int error = connection_new_epoch(t);

	if (!error)
		error = watch_add(r->loop, &t->watch, transport->fd, EPOLLIN);
	if (error)
		return error;
	t->transport = transport;
	t->state = CONNECTION_SEARCH;
	t->guesses = 0;
	memset(t->peer, 0, WIRE_EPOCH);
	deframer_init(&t->cut, &connection_frames, r);
	if (t->holds)
		connection_unstick(t);
	connection_say_hello(r);
	return 0;
}

static int64_t connection_hold_ms(const struct connection *t)
{
	static const int64_t hold[] = { 1000, 2000, 4000, 5000 };

	return hold[t->holds < array_len(hold) ? t->holds : array_len(hold) - 1];
}

static int64_t connection_redial_ms(const struct connection *t)
{
	int64_t ms = REDIAL_MS << (t->misses < 5 ? t->misses : 5);

	return ms < REDIAL_MAX_MS ? ms : REDIAL_MAX_MS;
}

static void connection_tell_dialled(struct router *r, int error)
{
	r->calling = true;
	if (r->ops->dialled)
		r->ops->dialled(r->owner, error);
	r->calling = false;
}

/* A try came to nothing: the next one is later. */
static void connection_missed(struct router *r, int error)
{
	struct connection *t = &r->connection;

	t->state = CONNECTION_DOWN;
	timer_start(r->loop, &t->retry, connection_redial_ms(t));
	t->misses++;
	connection_tell_dialled(r, error);
}

static void connection_dialled(struct dialer *d, struct transport *transport, int error)
{
	struct router *r = d->owner;

	if (!error)
		connection_tell_dialled(r, 0);
	if (!error)
		error = connection_open(r, transport);
	if (error) {
		transport_close(transport);
		connection_missed(r, error);
	} else {
		timer_start(r->loop, &r->connection.retry, connection_hold_ms(&r->connection));
	}
	router_pump(r);
}

static void connection_refused(struct dialer *d, const char *who, int error)
{
	struct router *r = d->owner;

	if (r->ops->refused)
		r->ops->refused(r->owner, who, error);
}

static void connection_dial(struct router *r)
{
	struct connection *t = &r->connection;

	t->state = CONNECTION_CONNECTING;
	if (!t->dialer->patient)
		timer_start(r->loop, &t->retry, CONNECT_MS);
	t->dialer->ops->start(t->dialer);
}

void connection_down(struct router *r)
{
	struct connection *t = &r->connection;
	bool was_up = t->state == CONNECTION_UP;

	if (t->state < CONNECTION_SEARCH)
		return;
	watch_remove(&t->watch);
	transport_close(t->transport);
	t->transport = NULL;
	t->state = CONNECTION_DOWN;
	t->broken = t->blocked = t->pong = t->echoed = false;
	t->asked = t->again_asked = false;
	queue_free(&t->in);
	queue_free(&t->out);
	t->flight = (struct flight){ 0 };
	timer_stop(r->loop, &t->again);
	deframer_init(&t->cut, &connection_frames, r);
	if (was_up)
		router_lose_streams(r);
	timer_start(r->loop, &t->retry, REDIAL_MS);
}

static void connection_retry(struct timer *timer)
{
	struct router *r = container_of(timer, struct router, connection.retry);

	struct dialer *d = r->connection.dialer;

	if (r->connection.state == CONNECTION_DOWN) {
		connection_dial(r);
	} else if (r->connection.state == CONNECTION_CONNECTING) {
		d->ops->stop(d);
		connection_missed(r, -ETIMEDOUT);
	} else {
		r->connection.holds++;
		connection_down(r);
	}
	router_pump(r);
}

/* Nothing at all has come for PATIENCE_MS since an OPEN wanted the link, or since the
 * last that came. */
static void connection_unanswered(struct timer *timer)
{
	struct router *r = container_of(timer, struct router, connection.answer);
	bool up = r->connection.state == CONNECTION_UP;

	r->connection.asked = r->connection.again_asked = false;

	r->connection.backoff = loop_now() + BACKOFF_MS;
	for (size_t i = 0; i < r->count; i++) {
		struct stream *s = r->streams[i];

		if (s->ours && !s->answered &&
		    (s->state == STREAM_WAITING || s->state == STREAM_OPEN))
			stream_fail(s, up ? WHY_SILENT : WHY_ABSENT);
	}
	router_pump(r);
}

/* The machine's clock stands still when the machine does, and nothing tells us when
 * that was: so with whatever uses the link it hears the time again. */
void connection_tell_time(struct router *r, int64_t ms)
{
	const struct connection *t = &r->connection;

	if (r->ops->now && t->state == CONNECTION_UP && loop_now() - t->said >= ms)
		connection_say_hello(r);
}

void connection_await_answer(struct router *r)
{
	static const struct frame ping = { 0, WIRE_PING, 0, 0 };

	connection_tell_time(r, TELL_MS);
	r->connection.again_asked = r->connection.answer.armed;
	if (r->connection.answer.armed)
		return;
	r->connection.asked = true;
	connection_put(r, &ping, NULL);
	timer_start(r->loop, &r->connection.answer, PATIENCE_MS);
}

/* That says nothing of an OPEN that went out after the PING. */
void connection_answered(struct router *r)
{
	timer_stop(r->loop, &r->connection.answer);
	r->connection.asked = false;
	if (r->connection.again_asked)
		connection_await_answer(r);
}

void connection_hurry(struct router *r)
{
	struct connection *t = &r->connection;

	if (!t->answer.armed)
		timer_start(r->loop, &t->answer, PATIENCE_MS);
	if (t->state == CONNECTION_DOWN && t->dialer && t->misses > 1) {
		t->misses = 0;
		timer_start(r->loop, &t->retry, 0);
	}
}

static void connection_up(struct router *r, const struct hello *h)
{
	struct connection *t = &r->connection;

	t->state = CONNECTION_UP;
	t->misses = t->holds = 0;
	timer_stop(r->loop, &t->retry);
	timer_stop(r->loop, &t->answer);
	t->backoff = 0;
	router_tell_state(r, h);
}

static void connection_meet(struct router *r, const uint8_t epoch[WIRE_EPOCH])
{
	memcpy(r->connection.peer, epoch, WIRE_EPOCH);
	r->connection.echoed = true;
	connection_say_hello(r);
}

int connection_hello(struct router *r)
{
	struct connection *t = &r->connection;
	struct hello h;
	bool for_us;

	if (hello_decode(&h, queue_head(&t->in), t->in.used) || !hello_speaks(&h, WIRE_VERSION))
		return -EPROTO;
	if (memcmp(h.epoch, t->peer, WIRE_EPOCH) != 0) {
		bool was_up = t->state == CONNECTION_UP;

		t->echoed = false;
		t->state = CONNECTION_HELLO;
		if (was_up) {
			router_lose_streams(r);
			timer_start(r->loop, &t->retry, connection_hold_ms(t));
		}
	}
	for_us = memcmp(h.echo, t->epoch, WIRE_EPOCH) == 0;
	if (!for_us || !t->echoed)
		connection_meet(r, h.epoch);
	if (for_us && h.time && r->ops->time)
		router_hear_time(r, h.time);
	if (for_us && t->state != CONNECTION_UP)
		connection_up(r, &h);
	return 0;
}

/* A HELLO that echoes nobody tells who the peer is, though it may be some
 * program's bytes: answering it does no harm, trusting its border might. */
static void connection_guess(struct router *r, const uint8_t *at)
{
	struct hello h;

	if (r->connection.guesses++ < GUESSES_MAX &&
	    hello_decode(&h, at + WIRE_HEADER, WIRE_HELLO_MIN) == 0)
		connection_meet(r, h.epoch);
}

static int connection_search(struct router *r)
{
	struct connection *t = &r->connection;
	struct queue found;
	int error;

	while (t->in.used >= HELLO_SPAN && !hello_found(queue_head(&t->in), t->in.used, t->epoch)) {
		if (hello_found(queue_head(&t->in), t->in.used, nobody))
			connection_guess(r, queue_head(&t->in));
		queue_take(&t->in, 1);
	}
	if (t->in.used < HELLO_SPAN)
		return 0;
	found = t->in;
	t->in = (struct queue){ 0 };
	t->state = CONNECTION_HELLO;
	error = deframer_feed(&t->cut, queue_head(&found), found.used);
	queue_free(&found);
	return error;
}

static ssize_t connection_read(struct router *r)
{
	struct connection *t = &r->connection;
	struct iovec iov[DEFRAMER_IOV] = { { r->scratch, SCRATCH } };
	bool searching = t->state == CONNECTION_SEARCH;
	int count = searching ? 1 : deframer_room(&t->cut, iov, r->scratch, SCRATCH);
	ssize_t got = count < 0 ? count : t->transport->ops->readv(t->transport, iov, count);
	int error;

	if (got <= 0)
		return got;
	if (!searching)
		return deframer_took(&t->cut, iov, got);
	error = queue_put(&t->in, r->scratch, (size_t)got);
	if (!error)
		error = connection_search(r);
	return error ? error : got;
}

/* What comes may have been under way when the peer stopped: only PONG ends the wait. */
static void connection_heard(struct router *r)
{
	if (r->connection.asked && r->connection.answer.armed)
		timer_start(r->loop, &r->connection.answer, PATIENCE_MS);
	else
		timer_stop(r->loop, &r->connection.answer);
	r->connection.backoff = 0;
	connection_tell_time(r, TELL_MS);
}

static void connection_receive(struct router *r, bool hung_up)
{
	struct connection *t = &r->connection;
	ssize_t got = 1;

	for (int i = 0; i < READS_IN_A_ROW && got > 0; i++) {
		got = connection_read(r);
		if (got >= SCRATCH)
			r->busy = true;
		if (got > 0 && t->state == CONNECTION_UP)
			connection_heard(r);
		if (got > 0 && got < SCRATCH && t->transport->drains && !hung_up)
			return;
	}
	if (got == -EAGAIN && !hung_up)
		return;
	if (got <= 0)
		t->broken = true;
	if (CFG_TLS && got == -EBADMSG && r->ops->refused)
		r->ops->refused(r->owner, NULL, (int)got);
}

static uint32_t connection_want(const struct connection *t, enum transport_way way)
{
	return t->transport->ops->want(t->transport, way);
}

static void connection_ready(struct watch *watch, uint32_t events)
{
	struct router *r = container_of(watch, struct router, connection.watch);
	struct connection *t = &r->connection;
	bool hung_up = events & (EPOLLHUP | EPOLLERR);

	if (events & connection_want(t, TRANSPORT_WRITE))
		t->blocked = false;
	if (hung_up || (events & connection_want(t, TRANSPORT_READ)))
		connection_receive(r, hung_up);
	router_pump(r);
}

static void connection_again(struct timer *timer)
{
	struct router *r = container_of(timer, struct router, connection.again);

	connection_receive(r, false);
	router_pump(r);
}

/* What to wait for, until the transport can go on. */
static void connection_wait(struct router *r)
{
	struct connection *t = &r->connection;
	uint32_t events = connection_want(t, TRANSPORT_READ);

	if (!events)
		timer_start(r->loop, &t->again, 0);
	/* Also where the stream whose bytes met a full link is gone with them. */
	if (t->blocked || t->out.used || t->flight.source)
		events |= connection_want(t, TRANSPORT_WRITE);
	watch_set(&t->watch, events);
}

void connection_write(struct router *r)
{
	struct connection *t = &r->connection;
	struct iovec iov[FLIGHT_IOV];

	if (t->state < CONNECTION_SEARCH)
		return;
	while (!t->blocked && !t->broken) {
		ssize_t n;
		int count;

		if (!t->flight.source && t->out.used < SCHEDULE_ENOUGH && schedule_connection(r))
			t->broken = true;
		count = flight_iov(&t->flight, &t->out, iov);
		if (!count)
			break;
		n = t->transport->ops->writev(t->transport, iov, count);
		if (n >= 0)
			flight_sent(&t->flight, &t->out, (size_t)n);
		else if (n == -EAGAIN)
			t->blocked = true;
		else
			t->broken = true;
	}
	connection_wait(r);
}

void router_dial(struct router *r, struct dialer *dialer)
{
	struct connection *t = &r->connection;

	dialer_destroy(t->dialer);
	dialer->owner = r;
	dialer->done = connection_dialled;
	dialer->refused = CFG_TLS || CFG_VSOCK ? connection_refused : NULL;
	t->dialer = dialer;
	if (t->state == CONNECTION_CONNECTING)
		t->state = CONNECTION_DOWN;
	if (t->state == CONNECTION_DOWN)
		timer_start(r->loop, &t->retry, 0);
}

void connection_init(struct router *r)
{
	struct connection *t = &r->connection;

	t->watch.fd = -1;
	t->watch.ready = connection_ready;
	t->retry.fire = connection_retry;
	t->again.fire = connection_again;
	t->answer.fire = connection_unanswered;
}

/* The router goes, and its streams have. */
void connection_fini(struct router *r)
{
	struct connection *t = &r->connection;

	connection_down(r);
	dialer_destroy(t->dialer);
	timer_stop(r->loop, &t->retry);
	timer_stop(r->loop, &t->answer);
}
