/* router.c: the public functions, the stream table, and when what is sent. */
#include "interop/link/quota.h"
#include "interop/link/router.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOST_PATH_MAX = WIRE_CONTROL_MAX - 2 * WIRE_HELLO_MIN };

struct stream *router_find(struct router *r, uint32_t id)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->streams[i]->id == id)
			return r->streams[i];
	return NULL;
}

struct stream *router_new_stream(struct router *r, bool ours)
{
	struct stream *s = r->count < STREAMS_MAX ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	s->router = r;
	s->ours = ours;
	s->hung_up = true;
	s->end.fd = -1;
	for (int fd = 0; fd < 3; fd++)
		s->flow[fd].credit = WIRE_CREDIT;
	r->streams[r->count++] = s;
	return s;
}

static void stream_trim(struct stream *s, bool all)
{
	struct queue *const queues[] = { &s->body,          &s->out,          &s->control,
					 &s->open,          &s->last,         &s->flow[0].bytes,
					 &s->flow[1].bytes, &s->flow[2].bytes };

	for (size_t i = 0; i < array_len(queues); i++)
		if (all || !queues[i]->used)
			queue_free(queues[i]);
}

static void stream_free(struct stream *s)
{
	struct router *r = s->router;
	const char *sink = (const char *)r->connection.cut.sink;

	if (sink >= (const char *)s && sink < (const char *)(s + 1))
		r->connection.cut.sink = NULL;
	timer_stop(r->loop, &s->timer);
	schedule_release(s);
	endpoint_close(s);
	stream_trim(s, true);
	free(s);
}

static bool is_over(const struct stream *s)
{
	return s->state == STREAM_GONE || (s->state == STREAM_DRAIN && s->hung_up);
}

static void router_sweep(struct router *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++)
		if (is_over(r->streams[i]))
			stream_free(r->streams[i]);
		else
			r->streams[kept++] = r->streams[i];
	r->count = kept;
}

void router_tell_state(struct router *r, const struct hello *h)
{
	r->calling = true;
	r->ops->state(r->owner, h);
	r->calling = false;
}

void router_hear_time(struct router *r, uint64_t ms)
{
	r->calling = true;
	r->ops->time(r->owner, ms);
	r->calling = false;
}

void router_lose_streams(struct router *r)
{
	r->peer_last = 0;
	timer_stop(r->loop, &r->connection.answer);
	for (size_t i = 0; i < r->count; i++) {
		struct stream *s = r->streams[i];

		if (s->state == STREAM_OPEN || !s->ours)
			stream_lose(s, WHY_LOST);
		s->id = 0;
		if (s->ours && s->state == STREAM_WAITING)
			connection_hurry(r); /* it waits for the link again, with a limit */
	}
	router_tell_state(r, NULL);
}

static bool router_start_waiting(struct router *r)
{
	bool any = false;

	for (size_t i = 0; i < r->count && r->connection.state == CONNECTION_UP; i++) {
		struct stream *s = r->streams[i];

		if (s->state != STREAM_WAITING || !quota_start(s))
			continue;
		stream_start(s);
		any = true;
	}
	return any;
}

/* Giving an endpoint its bytes may leave something to be said to the peer: credit, which
 * it may wait for with everything else, CLOSED or EXIT. */
static bool is_due(const struct router *r)
{
	const struct connection *t = &r->connection;

	if (t->out.used || t->flight.source)
		return true;
	for (size_t i = 0; i < r->count && t->state == CONNECTION_UP; i++) {
		const struct stream *s = r->streams[i];

		if (s->state == STREAM_OPEN && (s->control.used || (!s->ours && s->last.used)))
			return true;
	}
	return false;
}

void router_pump(struct router *r)
{
	const struct connection *t = &r->connection;

	if (r->calling)
		return;
	do {
		connection_write(r);
		if (t->broken)
			connection_down(r);
		for (size_t i = 0; i < r->count; i++)
			endpoint_flush(r->streams[i]);
		router_sweep(r);
	} while (router_start_waiting(r) || (t->broken && t->state != CONNECTION_DOWN) ||
		 (!t->blocked && is_due(r)));
	if (r->busy && !r->trim.armed)
		timer_start(r->loop, &r->trim, TRIM_MS);
	r->busy = false;
}

/* Big queues stay for a moment, because the next burst wants them again. */
static void router_trim(struct timer *timer)
{
	struct router *r = container_of(timer, struct router, trim);

	if (!r->connection.in.used)
		queue_free(&r->connection.in);
	if (!r->connection.out.used)
		queue_free(&r->connection.out);
	for (size_t i = 0; i < r->count; i++)
		stream_trim(r->streams[i], false);
	router_pump(r);
}

struct router *router_create(struct loop *loop, enum router_side side, const struct router_ops *ops,
			     void *owner, const char *host_path)
{
	struct router *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = loop;
	r->side = side;
	r->ops = ops;
	r->owner = owner;
	r->host_path = host_path && strlen(host_path) < HOST_PATH_MAX ? host_path : "";
	r->our_next = side == ROUTER_GUEST ? 1 : 2;
	r->trim.fire = router_trim;
	connection_init(r);
	return r;
}

void router_announce(struct router *r, const struct hello *of_drives)
{
	r->drives = of_drives->drives;
	r->read_only = of_drives->read_only;
	r->features = of_drives->features;
}

void router_tell_time(struct router *r)
{
	connection_tell_time(r, 0);
	router_pump(r);
}

void router_destroy(struct router *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		stream_free(r->streams[i]);
	r->count = 0;
	connection_fini(r);
	timer_stop(r->loop, &r->trim);
	free(r);
}

int router_add_endpoint(struct router *r, int fd, uint32_t uid)
{
	struct stream *s;

	quota_unasked(r);
	s = router_new_stream(r, true);
	if (!s) {
		close(fd);
		return -ENOBUFS;
	}
	s->uid = uid;
	if (endpoint_attach(s, fd)) {
		s->state = STREAM_GONE;
	} else {
		timer_start(r->loop, &s->timer, GREET_MS);
		endpoint_hear(s); /* most ask at once: these are never in the way of others */
	}
	router_pump(r);
	return 0;
}

int router_send_shutdown(struct router *r)
{
	static const struct frame shutdown = { 0, WIRE_SHUTDOWN, 0, 0 };

	if (r->connection.state != CONNECTION_UP)
		return -ENOTCONN;
	connection_put(r, &shutdown, NULL);
	router_pump(r);
	return 0;
}
