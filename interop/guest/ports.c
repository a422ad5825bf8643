/* ports.c: the guest's listening TCP ports, as those of the host's localhost. */
#include "interop/guest/ports.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/guest/listening.h"
#include "interop/guest/trace.h"
#include "interop/stream/stream.h"
#include "lib/lib.h"

enum {
	LOOK_MS = 20,   /* the kernel's word comes just before the port is in the table */
	AGAIN_MS = 250, /* and once more, as it may have been held up in between */
	DRAINS = 16,    /* reads of its words before each look: it may go on and on */
	TABLE_PIECE = 8192,
};

/* Each once, and not without end. */
static void port_say(struct ports *p, uint16_t number, const char *why)
{
	for (size_t i = 0; i < p->said_count; i++)
		if (p->said[i] == number)
			return;
	if (p->said_count == PORTS_SAID)
		return;
	p->said[p->said_count++] = number;
	log_note(p->log, "port %u is not the host's: %s%s", number, why,
		 p->said_count < PORTS_SAID ? "" : " (others will not be told)");
}

static void port_hang_up(struct shown_port *port)
{
	int fd = port->end.fd;

	watch_remove(&port->end);
	fd_close(&fd);
}

/* One frame, which the router writes in one go: STARTED, FAILED, or the end. */
static void port_ready(struct watch *watch, uint32_t events)
{
	struct shown_port *port = container_of(watch, struct shown_port, end);
	uint8_t bytes[WIRE_HEADER + WIRE_FAILED_MAX];
	ssize_t n = recv(watch->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	struct frame f = { 0 };
	struct failed why;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < WIRE_HEADER || frame_decode(&f, bytes) || (size_t)n < WIRE_HEADER + f.length) {
		port_hang_up(port);
		return;
	}
	if (f.type != WIRE_FAILED)
		return;
	if (port->ports->on && failed_decode(&why, bytes + WIRE_HEADER, f.length) == 0)
		port_say(port->ports, port->number, why.text.at);
	port_hang_up(port);
}

static int port_ask(const struct shown_port *port, int fd)
{
	char address[32];

	fmt(address, sizeof(address), "tcp:127.0.0.1:%u", port->number);
	return open_ask(fd, &(struct open_wish){ OPEN_LISTEN, OPEN_TAG_ADDRESS, address, NULL });
}

/* The router takes the other end as it takes any that asks. */
static int port_open(struct shown_port *port)
{
	struct ports *p = port->ports;
	int pair[2], error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	error = port_ask(port, pair[1]);
	if (!error)
		error = watch_add(p->loop, &port->end, pair[1], EPOLLIN);
	if (!error)
		return router_add_endpoint(p->router, pair[0], 0);
	close(pair[0]);
	close(pair[1]);
	return error;
}

static void port_seen(struct ports *p, const struct listening *found)
{
	struct shown_port *room = NULL;
	unsigned users = 0;
	int error;

	for (size_t i = 0; i < PORTS_MAX; i++) {
		struct shown_port *port = &p->at[i];

		if (port->number == found->port) {
			port->seen = true;
			return;
		}
		if (!port->number)
			room = port;
		else
			users += port->uid == found->uid;
	}
	if (!room || (found->uid && users >= PORTS_OF_A_USER)) {
		p->full = true;
		port_say(p, found->port, "no more than 32 are, and 16 of one user");
		return;
	}
	room->number = found->port;
	room->uid = found->uid;
	room->seen = true;
	error = port_open(room);
	if (error)
		port_say(p, found->port, strerror(-error));
}

/* A file of /proc has no size beforehand. */
static void table_scan(struct ports *p, const char *path)
{
	char text[TABLE_PIECE + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text + used, TABLE_PIECE - used)) > 0) {
		char *line = text, *end;
		struct listening found;

		used += (size_t)n;
		text[used] = '\0';
		for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
			*end = '\0';
			if (listening_line(line, &found))
				port_seen(p, &found);
		}
		used -= (size_t)(line - text);
		memmove(text, line, used);
	}
	fd_close(&fd);
}

/* What it said is for nobody. One that says no more is not listened to. */
static void trace_drain(struct ports *p)
{
	char words[4096];
	ssize_t n = 1;

	for (int i = 0; n > 0 && i < DRAINS; i++)
		n = read(p->trace.fd, words, sizeof(words));
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		watch_set(&p->trace, EPOLLIN);
	else
		watch_remove(&p->trace);
}

/* Those that were not seen go. Whether there were any. */
static bool unseen_drop(struct ports *p)
{
	bool any = false;

	for (size_t i = 0; i < PORTS_MAX; i++) {
		struct shown_port *port = &p->at[i];

		if (port->seen || !port->number)
			continue;
		port_hang_up(port);
		port->number = 0;
		any = true;
	}
	return any;
}

/* Its words first: what they tell of later is told again. */
static void ports_look(struct timer *timer)
{
	struct ports *p = container_of(timer, struct ports, look);
	bool again = p->told;

	if (p->trace.fd >= 0)
		trace_drain(p);
	p->told = p->full = false;
	for (size_t i = 0; i < PORTS_MAX; i++)
		p->at[i].seen = false;
	table_scan(p, "/proc/net/tcp");
	table_scan(p, "/proc/net/tcp6");
	if (unseen_drop(p))
		again = again || p->full;
	if (again)
		timer_start(p->loop, &p->look, AGAIN_MS);
}

/* It waits until the look, so that it does not put that off, nor keeps us busy. */
static void trace_ready(struct watch *watch, uint32_t events)
{
	struct ports *p = container_of(watch, struct ports, trace);

	(void)events;
	watch_set(watch, 0);
	p->told = true;
	if (p->on)
		timer_start(p->loop, &p->look, LOOK_MS);
}

static void trace_begin(struct ports *p)
{
	int fd = trace_listening(), error = fd;

	p->tried = true;
	if (fd >= 0)
		error = watch_add(p->loop, &p->trace, fd, EPOLLIN);
	if (error < 0)
		log_note(p->log, "ports are not the host's: this kernel does not tell of them: %s",
			 strerror(-error));
}

void ports_init(struct ports *p, struct loop *loop, struct router *router, const struct log *log)
{
	*p = (struct ports){ .loop = loop,
			     .router = router,
			     .log = log,
			     .trace = { .fd = -1, .ready = trace_ready },
			     .look = { .fire = ports_look } };
	for (size_t i = 0; i < PORTS_MAX; i++)
		p->at[i] =
			(struct shown_port){ .ports = p, .end = { .fd = -1, .ready = port_ready } };
}

void ports_host(struct ports *p, bool takes)
{
	for (size_t i = 0; i < PORTS_MAX; i++)
		p->at[i].seen = false;
	unseen_drop(p); /* what there was is another host's */
	timer_stop(p->loop, &p->look);
	p->said_count = 0;
	p->on = takes;
	if (takes && !p->tried)
		trace_begin(p);
	if (takes && p->trace.fd >= 0)
		timer_start(p->loop, &p->look, LOOK_MS);
}
