/* ends.c: sockets that speak frames, and two routers in one loop. */
#include "interop/link/test/ends.h"
#include "interop/link/test/strange.h"
#include "interop/link/tunnel.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void note_payload(struct end *end, const struct frame *f, const uint8_t *payload)
{
	struct reader r;

	reader_init(&r, payload, f->length);
	switch (f->type) {
	case WIRE_OPEN:
		queue_take(&end->open_bytes, end->open_bytes.used);
		queue_put(&end->open_bytes, payload, f->length);
		open_decode(&end->launch, queue_head(&end->open_bytes), f->length);
		break;
	case WIRE_FAILED:
		assert_int_equal(failed_decode(&end->failed, end->payload, f->length), 0);
		break;
	case WIRE_EXIT:
		end->exit = read_u32(&r);
		break;
	case WIRE_EOF:
		end->ended[f->flags] = true;
		break;
	case WIRE_CREDIT_ADD:
		end->credit[f->flags] += read_u32(&r);
		break;
	default:
		break;
	}
}

static void note_data(struct end *end, const struct frame *f, const uint8_t *payload)
{
	assert_false(end->ended[f->flags]);
	end->data[f->flags] += f->length;
	for (uint32_t i = 0; i < f->length; i++)
		end->sum[f->flags] = (uint8_t)(end->sum[f->flags] + payload[i]);
	if (end->generous)
		end_send_u32(end, WIRE_CREDIT_ADD, f->flags, f->stream, f->length);
}

static void end_frame(struct end *end, const struct frame *f, const uint8_t *payload)
{
	if (!end->seen[0]++)
		end->first = *f;
	end->last = *f;
	end->seen[f->type]++;
	if (f->length > end->biggest)
		end->biggest = f->length;
	if (f->type == WIRE_DATA) {
		note_data(end, f, payload);
	} else {
		memcpy(end->payload, payload,
		       f->length < sizeof(end->payload) ? f->length : sizeof(end->payload));
		note_payload(end, f, payload);
	}
	if (end->on_frame)
		end->on_frame(end, f, payload);
}

static void end_parse(struct end *end)
{
	struct frame f;

	while (end->in.used >= WIRE_HEADER) {
		assert_int_equal(frame_decode(&f, queue_head(&end->in)), 0);
		if (end->in.used < WIRE_HEADER + f.length)
			return;
		end_frame(end, &f, queue_head(&end->in) + WIRE_HEADER);
		queue_take(&end->in, WIRE_HEADER + f.length);
	}
}

static void end_flush(struct end *end)
{
	while (end->watch.fd >= 0 && end->out.used) {
		ssize_t n = send(end->watch.fd, queue_head(&end->out), end->out.used, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		queue_take(&end->out, (size_t)n);
	}
	watch_set(&end->watch, (end->deaf ? 0 : EPOLLIN) | (end->out.used ? EPOLLOUT : 0));
}

static void end_ready(struct watch *watch, uint32_t events)
{
	struct end *end = container_of(watch, struct end, watch);
	ssize_t got;

	if (!end->deaf && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
		assert_int_equal(queue_reserve(&end->in, 65536), 0);
		got = read(watch->fd, queue_tail(&end->in), 65536);
		if (got > 0)
			end->in.used += (size_t)got;
		end->eof = got == 0 || (got < 0 && errno != EAGAIN);
		end_parse(end);
	}
	if (!end->eof) {
		end_flush(end);
	} else if (watch->fd >= 0) {
		int fd = watch->fd;

		watch_remove(watch);
		close(fd);
	}
}

void end_open(struct end *end, struct loop *loop, int fd)
{
	memset(end, 0, sizeof(*end));
	end->loop = loop;
	end->watch.fd = -1;
	end->watch.ready = end_ready;
	fd_set_nonblock(fd);
	assert_int_equal(watch_add(loop, &end->watch, fd, EPOLLIN), 0);
}

void end_close(struct end *end)
{
	int fd = end->watch.fd;

	if (end->loop)
		watch_remove(&end->watch);
	fd_close(&fd);
	queue_free(&end->in);
	queue_free(&end->out);
	queue_free(&end->open_bytes);
}

void end_hear(struct end *end, bool on)
{
	end->deaf = !on;
	end_flush(end);
}

void end_send_bytes(struct end *end, const void *data, size_t len)
{
	assert_int_equal(queue_put(&end->out, data, len), 0);
	end_flush(end);
}

void end_send(struct end *end, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
	      size_t len)
{
	const struct frame f = { (uint32_t)len, type, flags, stream };
	uint8_t header[WIRE_HEADER];

	frame_encode(header, &f);
	assert_int_equal(queue_put(&end->out, header, sizeof(header)), 0);
	end_send_bytes(end, payload, len);
}

void end_send_u32(struct end *end, uint8_t type, uint8_t flags, uint32_t stream, uint32_t v)
{
	uint8_t payload[4];
	struct writer w;

	writer_init(&w, payload, sizeof(payload));
	write_u32(&w, v);
	end_send(end, type, flags, stream, payload, sizeof(payload));
}

void end_hello(struct end *end, const void *epoch, const void *echo)
{
	struct hello h = { .version_min = WIRE_VERSION, .version_max = WIRE_VERSION };
	uint8_t payload[WIRE_HELLO_MIN];
	struct writer w;

	memcpy(h.epoch, epoch, WIRE_EPOCH);
	if (echo)
		memcpy(h.echo, echo, WIRE_EPOCH);
	writer_init(&w, payload, sizeof(payload));
	hello_encode(&w, &h);
	end_send(end, WIRE_HELLO, 0, 0, payload, w.used);
}

void end_launch(struct end *end, const char *program)
{
	uint8_t payload[256];
	struct writer w;

	writer_init(&w, payload, sizeof(payload));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_str(&w, OPEN_TAG_PROGRAM, program, strlen(program));
	open_put_str(&w, OPEN_TAG_ARG, program, strlen(program));
	end_hello(end, "client's epoch..", NULL);
	end_send(end, WIRE_OPEN, 0, WIRE_STREAM_ONLY, payload, w.used);
}

void end_ask(struct end *end, uint32_t kind, enum open_tag tag, const char *value)
{
	uint8_t payload[256];
	struct writer w;

	writer_init(&w, payload, sizeof(payload));
	open_put_u32(&w, OPEN_TAG_KIND, kind);
	if (value)
		open_put_str(&w, tag, value, strlen(value));
	end_hello(end, "client's epoch..", NULL);
	end_send(end, WIRE_OPEN, 0, WIRE_STREAM_ONLY, payload, w.used);
}

void end_data(struct end *end, uint8_t fd, size_t len)
{
	static uint8_t bytes[WIRE_DATA_MAX];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	while (len) {
		size_t n = len < sizeof(bytes) ? len : sizeof(bytes);

		end_send(end, WIRE_DATA, fd, WIRE_STREAM_ONLY, bytes, n);
		len -= n;
	}
}

void end_exit(struct end *end, uint32_t code)
{
	end_send(end, WIRE_EOF, 1, WIRE_STREAM_ONLY, NULL, 0);
	end_send(end, WIRE_EOF, 2, WIRE_STREAM_ONLY, NULL, 0);
	end_send_u32(end, WIRE_EXIT, WIRE_EXITED, WIRE_STREAM_ONLY, code);
}

bool end_done(const struct end *end)
{
	return end->seen[WIRE_EXIT] || end->seen[WIRE_FAILED];
}

static int side_serve_raw(struct side *side, const struct open *o)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	fd_close(&side->served);
	side->served = sv[1];
	fmt(side->service, sizeof(side->service), "%s", o->service.at);
	return sv[0];
}

static int side_accept(void *owner, const struct open *l, struct failed *why)
{
	struct side *side = owner;
	struct end *job;
	int sv[2];

	if (side->refuse) {
		*why = (struct failed){ (uint32_t)side->refuse, 2, { "not here", 8 } };
		return -ENOENT;
	}
	if (open_is_raw(l->kind))
		return side_serve_raw(side, l);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	job = calloc(1, sizeof(*job));
	assert_non_null(job);
	end_open(job, &side->pair->loop, sv[1]);
	job->on_frame = side->on_job_frame;
	job->owner = side;
	assert_true(side->job_count < array_len(side->jobs));
	side->jobs[side->job_count++] = job;
	return sv[0];
}

static int side_permit(void *owner, const struct open *o, struct failed *why)
{
	struct side *side = owner;

	side->asked = *o;
	if (!side->forbid)
		return 0;
	*why = (struct failed){ WIRE_FAIL_NOT_RUN, 0, { "forbidden", 9 } };
	return -EACCES;
}

static bool sealed;

void pair_seal(bool on)
{
	sealed = on;
}

/* The handshake is left to the link's first bytes. */
static struct transport *side_transport(const struct side *side, int fd)
{
	static const uint8_t random[2 * KEY_SEED] = { 3 };
	struct transport *t = strange_transport(fd);
	bool guest = side == &side->pair->guest;
	struct key keys[2];

	if (!sealed)
		return t;
	key_make_pair(&keys[0], &keys[1], random, 0);
	assert_int_equal(tunnel_create(&t, t, guest ? TLS_CLIENT : TLS_SERVER, &keys[!guest]), 0);
	return t;
}

static void side_start(struct dialer *d)
{
	struct side *side = container_of(d, struct side, dialer);
	int fd = side->next;

	side->next = -1;
	if (fd >= 0)
		d->done(d, side_transport(side, fd), 0);
}

static void side_nothing(struct dialer *d)
{
	(void)d;
}

void side_plug(struct side *side, int fd)
{
	fd_close(&side->next);
	fd_set_nonblock(fd);
	side->next = side->link = fd;
	if (side->router)
		router_dial(side->router, &side->dialer); /* at once, whatever it waited for */
}

static void side_state(void *owner, const struct hello *hello)
{
	struct side *side = owner;

	side->up = hello != NULL;
	side->ups += side->up;
	side->downs += !side->up;
	if (hello) {
		fmt(side->host_path, sizeof(side->host_path), "%s", hello->host_path.at);
		side->features = hello->features;
	}
}

static void side_refused(void *owner, const char *who, int error)
{
	struct side *side = owner;

	assert_null(who);
	side->refusals++;
	side->refused = error;
}

static uint64_t side_now(void)
{
	return (uint64_t)time(NULL) * 1000;
}

static void side_time(void *owner, uint64_t ms)
{
	struct side *side = owner;

	side->time = ms;
	side->times++;
}

static void side_shutdown(void *owner)
{
	struct side *side = owner;

	side->shutdown = true;
}

void pair_side(struct pair *pair, enum router_side which)
{
	static const struct router_ops guest = { .accept = side_accept,
						 .permit = side_permit,
						 .state = side_state,
						 .time = side_time,
						 .shutdown = side_shutdown,
						 .refused = side_refused };
	static const struct router_ops host = { .accept = side_accept,
						.permit = side_permit,
						.state = side_state,
						.now = side_now,
						.time = side_time,
						.refused = side_refused };
	static const struct dialer_ops dialer = { side_start, side_nothing, side_nothing };
	struct side *side = which == ROUTER_GUEST ? &pair->guest : &pair->host;

	memset(side, 0, sizeof(*side));
	side->pair = pair;
	side->next = side->served = -1;
	side->router = router_create(&pair->loop, which, which == ROUTER_GUEST ? &guest : &host,
				     side, which == ROUTER_HOST ? "C:\\a;C:\\b" : NULL);
	assert_non_null(side->router);
	side->dialer = (struct dialer){ .ops = &dialer, .patient = true };
	router_dial(side->router, &side->dialer);
}

static void pair_tick(struct timer *timer)
{
	struct pair *pair = container_of(timer, struct pair, tick);

	pair->met = pair->until(pair);
	pair->loop.stop = pair->met || loop_now() > pair->deadline;
	if (!pair->loop.stop)
		timer_start(&pair->loop, &pair->tick, 1);
}

bool pair_run(struct pair *pair, bool (*until)(struct pair *pair), int64_t ms)
{
	pair->until = until;
	pair->deadline = loop_now() + ms;
	pair->loop.stop = false;
	timer_start(&pair->loop, &pair->tick, 0);
	assert_int_equal(loop_run(&pair->loop), 0);
	return pair->met;
}

void pair_init(struct pair *pair)
{
	memset(pair, 0, sizeof(*pair));
	pair->fds = fds_open();
	pair->ends = calloc(PAIR_ENDS, sizeof(*pair->ends));
	assert_non_null(pair->ends);
	assert_int_equal(loop_init(&pair->loop), 0);
	pair->tick.fire = pair_tick;
	pair_side(pair, ROUTER_GUEST);
	pair_side(pair, ROUTER_HOST);
}

void pair_connect(struct pair *pair)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	side_plug(&pair->guest, sv[0]);
	side_plug(&pair->host, sv[1]);
}

static bool both_up(struct pair *pair)
{
	return pair->guest.up && pair->host.up;
}

void pair_up(struct pair *pair)
{
	pair_connect(pair);
	assert_true(pair_run(pair, both_up, 20000));
}

static void side_fini(struct side *side)
{
	for (size_t i = 0; i < side->job_count; i++) {
		end_close(side->jobs[i]);
		free(side->jobs[i]);
	}
	router_destroy(side->router);
	fd_close(&side->next);
	fd_close(&side->served);
}

int pair_fini(struct pair *pair)
{
	for (size_t i = 0; i < pair->count; i++)
		end_close(&pair->ends[i]);
	free(pair->ends);
	side_fini(&pair->guest);
	side_fini(&pair->host);
	timer_stop(&pair->loop, &pair->tick);
	assert_null(pair->loop.timers);
	loop_fini(&pair->loop);
	return fds_open() - pair->fds;
}

struct end *pair_end(struct pair *pair)
{
	assert_true(pair->count < PAIR_ENDS);
	return &pair->ends[pair->count++];
}

static struct end *endpoint(struct side *side, uint32_t uid, const char *program)
{
	struct end *end = pair_end(side->pair);
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	end_open(end, &side->pair->loop, sv[1]);
	end->generous = true;
	if (program)
		end_launch(end, program);
	router_add_endpoint(side->router, sv[0], uid);
	return end;
}

struct end *pair_endpoint(struct side *side, uint32_t uid)
{
	return endpoint(side, uid, NULL);
}

struct end *pair_asking(struct side *side, uint32_t uid, const char *program)
{
	return endpoint(side, uid, program);
}

bool pair_done(struct pair *pair)
{
	size_t done = 0;

	for (size_t i = 0; i < pair->count; i++)
		done += end_done(&pair->ends[i]);
	return done == pair->count;
}

void pair_cut(struct pair *pair)
{
	shutdown(pair->guest.link, SHUT_RDWR);
}

void job_answers(struct end *job, const struct frame *f, const uint8_t *payload)
{
	(void)payload;
	if (f->type != WIRE_OPEN)
		return;
	end_send(job, WIRE_STARTED, 0, WIRE_STREAM_ONLY, "\7\0\0\0\0\0\0\0", 8);
	end_data(job, 1, 60);
	end_data(job, 2, 9);
	end_exit(job, 6);
}

int fds_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}
