/* guest_ports.c: ports of this host's 127.0.0.1 that are the guest's. */
#include "interop/host/posix/guest_ports.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/host/posix/pump.h"
#include "interop/stream/stream.h"
#include "lib/acceptor.h"
#include "lib/lib.h"

enum { CALLER = 3, LINK = 4 }; /* descriptors of one that carries */

struct guest_port {
	struct guest_ports *ports;
	struct guest_port *next;
	struct acceptor acceptor;
	struct watch end; /* of the stream */
	int fd;           /* where it listens */
	uint32_t number;
	char there[32]; /* tcp:localhost:PORT, of the guest */
};

static void port_free(struct guest_port *p)
{
	int end = p->end.fd;

	acceptor_stop(&p->acceptor);
	watch_remove(&p->end);
	fd_close(&end);
	fd_close(&p->fd);
	free(p);
}

static void port_end(struct guest_port *p)
{
	struct guest_port **at = &p->ports->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	port_free(p);
}

/* After OPEN, which says nothing new, only its end can come, and it may be there already. */
static void port_heard(struct watch *watch, uint32_t events)
{
	struct guest_port *p = container_of(watch, struct guest_port, end);
	uint8_t bytes[512];
	struct frame f;
	ssize_t n = recv(watch->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < WIRE_HEADER || frame_decode(&f, bytes) || f.type != WIRE_OPEN ||
	    (size_t)n > WIRE_HEADER + f.length)
		port_end(p);
}

/* The guest may have ended one and opened it again before we looked. */
static void port_renew(const struct guest_ports *ports, uint32_t number)
{
	struct guest_port *p = ports->first;

	while (p && p->number != number)
		p = p->next;
	if (p)
		port_heard(&p->end, EPOLLIN);
}

/* The guest's port may be gone by now: the caller is hung up on, as there. */
static void carry(const char *there)
{
	struct outcome out;
	int far = connect_call(LINK, there, &out);

	if (far >= 0)
		pump(CALLER, far);
	_exit(far < 0);
}

static int caller_carry(const struct guest_port *p, int caller)
{
	struct guest_ports *ports = p->ports;
	int pair[2], fds[] = { -1, -1, STDERR_FILENO, caller, -1 };
	const struct child_setup setup = { .flags = CHILD_ALONE,
					   .death_signal = SIGTERM,
					   .fds = fds,
					   .fd_count = array_len(fds),
					   .name = "lb-forward" };
	pid_t pid;

	if (ports->caller_count == GUEST_CALLERS_MAX)
		return -EUSERS;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	fds[LINK] = pair[1];
	pid = child_fork(&setup);
	if (pid == 0)
		carry(p->there);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return pid;
	}
	ports->callers[ports->caller_count++] = pid;
	router_add_endpoint(ports->router, pair[0], getuid());
	return 0;
}

static void port_called(struct acceptor *acceptor, int fd)
{
	const struct guest_port *p = container_of(acceptor, struct guest_port, acceptor);
	int error = caller_carry(p, fd);

	close(fd);
	if (error && error != -EUSERS)
		log_err(p->ports->log, "unable to carry a caller of the guest's %s: %s", p->there,
			strerror(-error));
}

static int port_listen(struct guest_port *p, uint32_t port, int end)
{
	struct address a = { .kind = ADDRESS_TCP, .name = "127.0.0.1", .port = port };
	int error;

	p->fd = address_listen(&a);
	error = p->fd < 0 ? p->fd : fd_set_nonblock(end);
	if (!error)
		error = acceptor_start(&p->acceptor, p->ports->loop, p->fd);
	return error ? error : watch_add(p->ports->loop, &p->end, end, EPOLLIN);
}

static int say_started(int fd)
{
	static const uint8_t nobody[8];
	const struct frame f = { sizeof(nobody), WIRE_STARTED, 0, WIRE_STREAM_ONLY };
	uint8_t bytes[WIRE_HEADER + sizeof(nobody)];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	frame_put(&w, &f, nobody);
	return send(fd, bytes, w.used, MSG_NOSIGNAL) == (ssize_t)w.used ? 0 : -EPIPE;
}

int guest_port_open(struct guest_ports *ports, uint32_t port)
{
	struct guest_port *p = malloc(sizeof(*p));
	int pair[2], error;

	port_renew(ports, port);
	if (!p)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		error = -errno;
		free(p);
		return error;
	}
	*p = (struct guest_port){ .ports = ports,
				  .next = ports->first,
				  .acceptor = { .connected = port_called },
				  .end = { .fd = -1, .ready = port_heard },
				  .fd = -1,
				  .number = port };
	ports->first = p;
	fmt(p->there, sizeof(p->there), "tcp:localhost:%u", port);
	error = port_listen(p, port, pair[1]);
	if (!error)
		error = say_started(pair[1]);
	if (!error)
		return pair[0];
	close(pair[0]);
	if (p->end.fd < 0)
		close(pair[1]);
	port_end(p);
	return error;
}

void guest_ports_reaped(struct guest_ports *ports, pid_t pid)
{
	for (size_t i = 0; i < ports->caller_count; i++)
		if (ports->callers[i] == pid) {
			ports->callers[i] = ports->callers[--ports->caller_count];
			return;
		}
}

void guest_ports_close(struct guest_ports *ports)
{
	for (struct guest_port *p = ports->first, *next; p; p = next) {
		next = p->next;
		port_free(p);
	}
	ports->first = NULL;
}
