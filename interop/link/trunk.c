/* trunk.c: the link itself: dialling, HELLO, and the frame border. */
#include "interop/link/router.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

enum {
	REDIAL_MS = 200, /* after a hang-up; doubles while dialling fails */
	REDIAL_MAX_MS = 5000,
	CONNECT_MS = 5000, /* for one try */
	READS_IN_A_ROW = 8,
	GUESSES_MAX = 16,
	HELLO_SPAN = WIRE_HEADER + WIRE_HELLO_MIN,
};

static const uint8_t nobody[WIRE_EPOCH];

void trunk_put(struct router *r, const struct frame *f, const void *payload)
{
	struct trunk *t = &r->trunk;

	if (t->state < TRUNK_SEARCH)
		return;
	if (t->out.used > TRUNK_MAX || stage_frame(&t->out, f, payload))
		t->broken = true;
}

void trunk_put_failed(struct router *r, uint32_t id, const struct failed *why)
{
	struct trunk *t = &r->trunk;

	if (t->state != TRUNK_UP)
		return;
	if (t->out.used > TRUNK_MAX || stage_failed(&t->out, id, why))
		t->broken = true;
}

static void trunk_say_hello(struct router *r)
{
	struct hello h = { WIRE_VERSION, WIRE_VERSION, { 0 }, { 0 }, 0, { "", 0 }, 0, 0 };
	struct frame f = { 0, WIRE_HELLO, 0, 0 };
	struct queue payload = { 0 };
	struct writer w;

	memcpy(h.epoch, r->trunk.epoch, WIRE_EPOCH);
	memcpy(h.echo, r->trunk.peer, WIRE_EPOCH);
	h.host_path = (struct wire_str){ r->host_path, strlen(r->host_path) };
	h.drives = r->drives;
	h.read_only = r->read_only;
	if (queue_reserve(&payload, WIRE_CONTROL_MAX)) {
		r->trunk.broken = true;
		return;
	}
	writer_init(&w, payload.base, WIRE_CONTROL_MAX);
	hello_encode(&w, &h);
	f.length = (uint32_t)w.used;
	trunk_put(r, &f, payload.base);
	queue_free(&payload);
}

/* A peer that still waits for the rest of a frame takes these for it, and then
 * meets a header that no frame has: it gives the link up and starts afresh. */
static void trunk_unstick(struct trunk *t)
{
	if (queue_reserve(&t->out, WIRE_HEADER + WIRE_PIECE_MAX))
		return;
	memset(queue_tail(&t->out), 0, WIRE_HEADER + WIRE_PIECE_MAX);
	t->out.used += WIRE_HEADER + WIRE_PIECE_MAX;
}

/* Early in a guest's boot the kernel's generator may not be seeded, and waiting
 * for that would cost a second: an epoch must be new, not secret. */
static int trunk_new_epoch(struct trunk *t)
{
	ssize_t got = getrandom(t->epoch, WIRE_EPOCH, GRND_INSECURE);

	if (got < 0 && errno == EINVAL) /* before Linux 5.6 */
		got = getrandom(t->epoch, WIRE_EPOCH, 0);
	return got == WIRE_EPOCH ? 0 : -EIO;
}

static int trunk_open(struct router *r, struct transport *transport)
{
	struct trunk *t = &r->trunk;
	int error = trunk_new_epoch(t);

	if (!error)
		error = watch_add(r->loop, &t->watch, transport->fd, EPOLLIN);
	if (error)
		return error;
	t->transport = transport;
	t->state = TRUNK_SEARCH;
	t->guesses = 0;
	memset(t->peer, 0, WIRE_EPOCH);
	cutter_init(&t->cut, &trunk_frames, r);
	if (t->holds)
		trunk_unstick(t);
	trunk_say_hello(r);
	return 0;
}

static int64_t trunk_hold_ms(const struct trunk *t)
{
	static const int64_t hold[] = { 1000, 2000, 4000, 5000 };

	return hold[t->holds < array_len(hold) ? t->holds : array_len(hold) - 1];
}

static int64_t trunk_redial_ms(const struct trunk *t)
{
	int64_t ms = REDIAL_MS << (t->misses < 5 ? t->misses : 5);

	return ms < REDIAL_MAX_MS ? ms : REDIAL_MAX_MS;
}

static void trunk_tell_dialled(struct router *r, int error)
{
	r->calling = true;
	if (r->ops->dialled)
		r->ops->dialled(r->owner, error);
	r->calling = false;
}

/* A try came to nothing: the next one is later. */
static void trunk_missed(struct router *r, int error)
{
	struct trunk *t = &r->trunk;

	t->state = TRUNK_DOWN;
	timer_start(r->loop, &t->retry, trunk_redial_ms(t));
	t->misses++;
	trunk_tell_dialled(r, error);
}

static void trunk_dialled(struct dialer *d, struct transport *transport, int error)
{
	struct router *r = d->owner;

	if (!error)
		trunk_tell_dialled(r, 0);
	if (!error)
		error = trunk_open(r, transport);
	if (error) {
		transport_close(transport);
		trunk_missed(r, error);
	} else {
		timer_start(r->loop, &r->trunk.retry, trunk_hold_ms(&r->trunk));
	}
	router_pump(r);
}

static void trunk_dial(struct router *r)
{
	struct trunk *t = &r->trunk;

	t->state = TRUNK_CONNECTING;
	if (!t->dialer->patient)
		timer_start(r->loop, &t->retry, CONNECT_MS);
	t->dialer->ops->start(t->dialer);
}

void trunk_down(struct router *r)
{
	struct trunk *t = &r->trunk;
	bool was_up = t->state == TRUNK_UP;

	if (t->state < TRUNK_SEARCH)
		return;
	watch_remove(&t->watch);
	transport_close(t->transport);
	t->transport = NULL;
	t->state = TRUNK_DOWN;
	t->broken = t->blocked = t->pong = t->echoed = false;
	queue_free(&t->in);
	queue_free(&t->out);
	t->flight = (struct flight){ 0 };
	timer_stop(r->loop, &t->again);
	cutter_init(&t->cut, &trunk_frames, r);
	if (was_up)
		router_lose_streams(r);
	timer_start(r->loop, &t->retry, REDIAL_MS);
}

static void trunk_retry(struct timer *timer)
{
	struct router *r = container_of(timer, struct router, trunk.retry);

	struct dialer *d = r->trunk.dialer;

	if (r->trunk.state == TRUNK_DOWN) {
		trunk_dial(r);
	} else if (r->trunk.state == TRUNK_CONNECTING) {
		d->ops->stop(d);
		trunk_missed(r, -ETIMEDOUT);
	} else {
		r->trunk.holds++;
		trunk_down(r);
	}
	router_pump(r);
}

/* Nothing at all has come for PATIENCE_MS since an OPEN wanted the link. */
static void trunk_unanswered(struct timer *timer)
{
	struct router *r = container_of(timer, struct router, trunk.answer);
	bool up = r->trunk.state == TRUNK_UP;

	r->trunk.grudge = loop_now() + GRUDGE_MS;
	for (size_t i = 0; i < r->count; i++) {
		struct stream *s = r->streams[i];

		if (s->ours && !s->answered &&
		    (s->state == STREAM_WAITING || s->state == STREAM_OPEN))
			stream_fail(s, up ? WHY_SILENT : WHY_ABSENT);
	}
	router_pump(r);
}

void trunk_await_answer(struct router *r)
{
	static const struct frame ping = { 0, WIRE_PING, 0, 0 };

	if (r->trunk.answer.armed)
		return;
	trunk_put(r, &ping, NULL);
	timer_start(r->loop, &r->trunk.answer, PATIENCE_MS);
}

void trunk_hurry(struct router *r)
{
	struct trunk *t = &r->trunk;

	if (!t->answer.armed)
		timer_start(r->loop, &t->answer, PATIENCE_MS);
	if (t->state == TRUNK_DOWN && t->dialer && t->misses > 1) {
		t->misses = 0;
		timer_start(r->loop, &t->retry, 0);
	}
}

static void trunk_up(struct router *r, const struct hello *h)
{
	struct trunk *t = &r->trunk;

	t->state = TRUNK_UP;
	t->misses = t->holds = 0;
	timer_stop(r->loop, &t->retry);
	timer_stop(r->loop, &t->answer);
	t->grudge = 0;
	router_tell_state(r, h);
}

static void trunk_meet(struct router *r, const uint8_t epoch[WIRE_EPOCH])
{
	memcpy(r->trunk.peer, epoch, WIRE_EPOCH);
	r->trunk.echoed = true;
	trunk_say_hello(r);
}

int trunk_hello(struct router *r)
{
	struct trunk *t = &r->trunk;
	struct hello h;
	bool for_us;

	if (hello_decode(&h, queue_head(&t->in), t->in.used) || !hello_speaks(&h, WIRE_VERSION))
		return -EPROTO;
	if (memcmp(h.epoch, t->peer, WIRE_EPOCH) != 0) {
		bool was_up = t->state == TRUNK_UP;

		t->echoed = false;
		t->state = TRUNK_HELLO;
		if (was_up) {
			router_lose_streams(r);
			timer_start(r->loop, &t->retry, trunk_hold_ms(t));
		}
	}
	for_us = memcmp(h.echo, t->epoch, WIRE_EPOCH) == 0;
	if (!for_us || !t->echoed)
		trunk_meet(r, h.epoch);
	if (for_us && t->state != TRUNK_UP)
		trunk_up(r, &h);
	return 0;
}

/* A HELLO that echoes nobody tells who the peer is, though it may be some
 * program's bytes: answering it does no harm, trusting its border might. */
static void trunk_guess(struct router *r, const uint8_t *at)
{
	struct hello h;

	if (r->trunk.guesses++ < GUESSES_MAX &&
	    hello_decode(&h, at + WIRE_HEADER, WIRE_HELLO_MIN) == 0)
		trunk_meet(r, h.epoch);
}

static int trunk_search(struct router *r)
{
	struct trunk *t = &r->trunk;
	struct queue found;
	int error;

	while (t->in.used >= HELLO_SPAN && !hello_found(queue_head(&t->in), t->in.used, t->epoch)) {
		if (hello_found(queue_head(&t->in), t->in.used, nobody))
			trunk_guess(r, queue_head(&t->in));
		queue_take(&t->in, 1);
	}
	if (t->in.used < HELLO_SPAN)
		return 0;
	found = t->in;
	t->in = (struct queue){ 0 };
	t->state = TRUNK_HELLO;
	error = cutter_feed(&t->cut, queue_head(&found), found.used);
	queue_free(&found);
	return error;
}

static ssize_t trunk_read(struct router *r)
{
	struct trunk *t = &r->trunk;
	struct iovec iov[CUTTER_IOV] = { { r->scratch, SCRATCH } };
	bool searching = t->state == TRUNK_SEARCH;
	int count = searching ? 1 : cutter_room(&t->cut, iov, r->scratch, SCRATCH);
	ssize_t got = count < 0 ? count : t->transport->ops->readv(t->transport, iov, count);
	int error;

	if (got <= 0)
		return got;
	if (!searching)
		return cutter_took(&t->cut, iov, got);
	error = queue_put(&t->in, r->scratch, (size_t)got);
	if (!error)
		error = trunk_search(r);
	return error ? error : got;
}

static void trunk_heard(struct router *r)
{
	timer_stop(r->loop, &r->trunk.answer);
	r->trunk.grudge = 0;
}

static void trunk_receive(struct router *r, bool hung_up)
{
	struct trunk *t = &r->trunk;
	ssize_t got = 1;

	for (int i = 0; i < READS_IN_A_ROW && got > 0; i++) {
		got = trunk_read(r);
		if (got >= SCRATCH)
			r->busy = true;
		if (got > 0 && t->state == TRUNK_UP)
			trunk_heard(r);
		if (got > 0 && got < SCRATCH && t->transport->drains && !hung_up)
			return;
	}
	if (got == -EAGAIN && !hung_up)
		return;
	if (got <= 0)
		t->broken = true;
}

static uint32_t trunk_want(const struct trunk *t, enum transport_way way)
{
	return t->transport->ops->want(t->transport, way);
}

static void trunk_ready(struct watch *watch, uint32_t events)
{
	struct router *r = container_of(watch, struct router, trunk.watch);
	struct trunk *t = &r->trunk;
	bool hung_up = events & (EPOLLHUP | EPOLLERR);

	if (events & trunk_want(t, TRANSPORT_WRITE))
		t->blocked = false;
	if (hung_up || (events & trunk_want(t, TRANSPORT_READ)))
		trunk_receive(r, hung_up);
	router_pump(r);
}

static void trunk_again(struct timer *timer)
{
	struct router *r = container_of(timer, struct router, trunk.again);

	trunk_receive(r, false);
	router_pump(r);
}

/* What to wait for, until the transport can go on. */
static void trunk_wait(struct router *r)
{
	struct trunk *t = &r->trunk;
	uint32_t events = trunk_want(t, TRANSPORT_READ);

	if (!events)
		timer_start(r->loop, &t->again, 0);
	if (t->out.used || t->flight.source)
		events |= trunk_want(t, TRANSPORT_WRITE);
	watch_set(&t->watch, events);
}

void trunk_write(struct router *r)
{
	struct trunk *t = &r->trunk;
	struct iovec iov[FLIGHT_IOV];

	if (t->state < TRUNK_SEARCH)
		return;
	while (!t->blocked && !t->broken) {
		ssize_t n;
		int count;

		if (!t->flight.source && t->out.used < STAGE_ENOUGH && stage_trunk(r))
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
	trunk_wait(r);
}

void router_dial(struct router *r, struct dialer *dialer)
{
	struct trunk *t = &r->trunk;

	dialer_destroy(t->dialer);
	dialer->owner = r;
	dialer->done = trunk_dialled;
	t->dialer = dialer;
	if (t->state == TRUNK_CONNECTING)
		t->state = TRUNK_DOWN;
	if (t->state == TRUNK_DOWN)
		timer_start(r->loop, &t->retry, 0);
}

void trunk_init(struct router *r)
{
	struct trunk *t = &r->trunk;

	t->watch.fd = -1;
	t->watch.ready = trunk_ready;
	t->retry.fire = trunk_retry;
	t->again.fire = trunk_again;
	t->answer.fire = trunk_unanswered;
}

/* The router goes, and its streams have. */
void trunk_fini(struct router *r)
{
	struct trunk *t = &r->trunk;

	trunk_down(r);
	dialer_destroy(t->dialer);
	timer_stop(r->loop, &t->retry);
	timer_stop(r->loop, &t->answer);
}
