/* dial_tcp.c: calls the host over TCP, and greets it under TLS. The link is there
 * only when each has proved its key to the other. The limit of a try is the
 * connection's.
 */
#include "interop/link/dialer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "interop/link/socket_name.h"
#include "interop/link/tunnel.h"
#include "lib/lib.h"

struct dial_tcp {
	struct dialer dialer;
	struct loop *loop;
	struct watch watch;       /* while a try is on */
	int fd;                   /* not connected yet, or -1 */
	struct transport *tunnel; /* in its handshake, or NULL */
	union socket_name name;
	struct key key;
};

static void dial_tcp_end(struct dial_tcp *d, int error)
{
	struct transport *tunnel = d->tunnel;

	watch_remove(&d->watch);
	fd_close(&d->fd);
	d->tunnel = NULL;
	if (error)
		transport_close(tunnel);
	d->dialer.done(&d->dialer, error ? NULL : tunnel, error);
}

static int dial_tcp_connected(struct dial_tcp *d)
{
	struct transport *plain;
	int fd = d->fd, error = socket_called(fd);

	if (error)
		return error;
	tcp_tune(fd);
	d->fd = -1;
	error = transport_of_fd(&plain, fd);
	return error ? error : tunnel_create(&d->tunnel, plain, TLS_CLIENT, &d->key);
}

static void dial_tcp_ready(struct watch *watch, uint32_t events)
{
	struct dial_tcp *d = container_of(watch, struct dial_tcp, watch);
	int error = d->tunnel ? 0 : dial_tcp_connected(d);
	uint32_t wanted;

	(void)events;
	if (!error)
		error = tunnel_greet(d->tunnel);
	if (error != -EAGAIN || !d->tunnel) {
		dial_tcp_end(d, error);
		return;
	}
	wanted = d->tunnel->ops->want(d->tunnel, TRANSPORT_READ) |
		 d->tunnel->ops->want(d->tunnel, TRANSPORT_WRITE);
	watch_set(watch, wanted);
}

static void dial_tcp_start(struct dialer *dialer)
{
	struct dial_tcp *d = container_of(dialer, struct dial_tcp, dialer);
	int error = key_expired(&d->key, time(NULL)) ? -EKEYEXPIRED : 0;

	if (!error)
		d->fd = socket_call(&d->name);
	if (!error && d->fd < 0)
		error = d->fd;
	if (!error)
		error = watch_add(d->loop, &d->watch, d->fd, EPOLLOUT);
	if (error)
		dial_tcp_end(d, error);
}

static void dial_tcp_stop(struct dialer *dialer)
{
	struct dial_tcp *d = container_of(dialer, struct dial_tcp, dialer);

	watch_remove(&d->watch);
	fd_close(&d->fd);
	transport_close(d->tunnel);
	d->tunnel = NULL;
}

static void dial_tcp_destroy(struct dialer *dialer)
{
	struct dial_tcp *d = container_of(dialer, struct dial_tcp, dialer);

	key_forget(&d->key);
	free(d);
}

int dial_tcp_create(struct dialer **out, struct loop *loop, const struct address *a,
		    const struct key *key)
{
	static const struct dialer_ops ops = { dial_tcp_start, dial_tcp_stop, dial_tcp_destroy };
	union socket_name name;
	int error = socket_name_of(&name, a);
	struct dial_tcp *d = error ? NULL : malloc(sizeof(*d));

	if (!d)
		return error ? error : -ENOMEM;
	*d = (struct dial_tcp){ .dialer = { .ops = &ops },
				.loop = loop,
				.watch = { .fd = -1, .ready = dial_tcp_ready },
				.fd = -1,
				.name = name,
				.key = *key };
	key_complete(&d->key);
	*out = &d->dialer;
	return 0;
}
