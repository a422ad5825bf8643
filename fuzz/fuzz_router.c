/* fuzz_router.c: bytes from a link, or from an endpoint, into a live router.
 * The first byte chooses where they come in; what must hold is checked by the
 * sanitizers and by the number of descriptors at the end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/link/dialer.h"
#include "lib/lib.h"

enum where { LINK_UNKNOWN, LINK_UP, ENDPOINT_NEW, ENDPOINT_LAUNCHED, WHERES };
enum { JOBS = 4 };

struct fuzz {
	struct loop loop;
	struct timer stop;
	struct router *router;
	struct dialer dialer;
	int dialled;
	int link, endpoint;
	int jobs[JOBS];
	size_t job_count;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fuzz_accept(void *owner, const struct open *l, struct failed *why)
{
	struct fuzz *z = owner;
	int sv[2];

	(void)l;
	*why = (struct failed){ WIRE_FAIL_NOT_FOUND, 2, { "no", 2 } };
	if (z->job_count == JOBS || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) < 0)
		return -1;
	z->jobs[z->job_count++] = sv[1];
	return sv[0];
}

static int fuzz_permit(void *owner, const struct open *o, struct failed *why)
{
	(void)owner;
	*why = (struct failed){ WIRE_FAIL_NOT_RUN, 0, { "no", 2 } };
	return o->kind == OPEN_LISTEN ? -1 : 0;
}

static void fuzz_dial(struct dialer *d)
{
	struct fuzz *z = container_of(d, struct fuzz, dialer);
	int fd = z->dialled;

	z->dialled = -1;
	dialer_done(d, fd < 0 ? -ENOTCONN : fd);
}

static void fuzz_dial_nothing(struct dialer *d)
{
	(void)d;
}

static void fuzz_state(void *owner, const struct hello *hello)
{
	(void)owner;
	(void)hello;
}

static void fuzz_shutdown(void *owner)
{
	(void)owner;
}

static void fuzz_stop(struct timer *timer)
{
	container_of(timer, struct fuzz, stop)->loop.stop = true;
}

static void fuzz_turn(struct fuzz *z)
{
	z->loop.stop = false;
	timer_start(&z->loop, &z->stop, 0);
	loop_run(&z->loop);
}

static void fuzz_drain(int fd)
{
	char buf[65536];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

static void fuzz_send(struct fuzz *z, int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n <= 0)
			break;
		data += n;
		size -= (size_t)n;
		fuzz_turn(z);
		fuzz_drain(z->link);
		fuzz_drain(z->endpoint);
	}
	fuzz_turn(z);
	for (size_t i = 0; i < z->job_count; i++)
		fuzz_drain(z->jobs[i]);
	fuzz_turn(z);
}

static void fuzz_hello(struct fuzz *z, int fd, const uint8_t *echo)
{
	struct hello h = { .version_min = WIRE_VERSION,
			   .version_max = WIRE_VERSION,
			   .epoch = { 0x66 } };
	struct frame f = { WIRE_HELLO_MIN, WIRE_HELLO, 0, 0 };
	uint8_t payload[WIRE_HELLO_MIN], bytes[WIRE_HEADER + WIRE_HELLO_MIN];
	struct writer w;

	if (echo)
		memcpy(h.echo, echo, WIRE_EPOCH);
	writer_init(&w, payload, sizeof(payload));
	hello_encode(&w, &h);
	writer_init(&w, bytes, sizeof(bytes));
	frame_put(&w, &f, payload);
	fuzz_send(z, fd, bytes, w.used);
}

static void fuzz_link_up(struct fuzz *z)
{
	uint8_t hello[128];

	if (recv(z->link, hello, sizeof(hello), MSG_DONTWAIT) >= WIRE_HEADER + WIRE_HELLO_MIN)
		fuzz_hello(z, z->link, hello + WIRE_HEADER + 12);
}

static void fuzz_open(struct fuzz *z)
{
	static const uint8_t open[] = { 12, 0, 0, 0, WIRE_OPEN,     0, 0, 0,
					1,  0, 0, 0, OPEN_TAG_KIND, 0, 0, 0,
					4,  0, 0, 0, OPEN_PROGRAM,  0, 0, 0 };

	fuzz_hello(z, z->endpoint, NULL);
	fuzz_send(z, z->endpoint, open, sizeof(open));
}

static void fuzz_begin(struct fuzz *z)
{
	static const struct router_ops ops = { .accept = fuzz_accept,
					       .permit = fuzz_permit,
					       .state = fuzz_state,
					       .shutdown = fuzz_shutdown };
	static const struct dialer_ops dialer = { fuzz_dial, fuzz_dial_nothing, fuzz_dial_nothing };
	int link[2], end[2];

	memset(z, 0, sizeof(*z));
	z->stop.fire = fuzz_stop;
	if (loop_init(&z->loop) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, link) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end))
		abort();
	z->link = link[0];
	z->dialled = link[1];
	z->endpoint = end[0];
	z->router = router_create(&z->loop, ROUTER_GUEST, &ops, z, NULL);
	z->dialer.ops = &dialer;
	router_dial(z->router, &z->dialer);
	fuzz_turn(z);
	router_add_endpoint(z->router, end[1], 1000);
}

static void fuzz_end(struct fuzz *z)
{
	int fd;

	router_destroy(z->router);
	close(z->link);
	close(z->endpoint);
	fd_close(&z->dialled);
	for (size_t i = 0; i < z->job_count; i++)
		close(z->jobs[i]);
	timer_stop(&z->loop, &z->stop);
	if (z->loop.timers)
		abort();
	loop_fini(&z->loop);
	fd = dup(0);
	if (fd > 64)
		abort(); /* descriptors leak */
	fd_close(&fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz z;
	enum where where;

	if (size == 0)
		return 0;
	where = data[0] % WHERES;
	fuzz_begin(&z);
	if (where != LINK_UNKNOWN)
		fuzz_link_up(&z);
	if (where == LINK_UP || where == ENDPOINT_LAUNCHED)
		fuzz_open(&z);
	fuzz_send(&z, where <= LINK_UP ? z.link : z.endpoint, data + 1, size - 1);
	fuzz_end(&z);
	return 0;
}
