/* listener.c: waits for the other half to call: a unix socket in the guest's
 * place of the one that a VM holds for it. For guests without a VM.
 */
#include "interop/link/dialer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"

struct listener {
	struct dialer dialer;
	struct loop *loop;
	struct watch watch; /* of the socket, while a try is on */
	int fd;
};

/* The next caller is the link; those after it wait in the backlog. */
static void listener_accept(struct listener *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int error = fd < 0 ? -errno : 0;

	if (error == -EAGAIN && l->watch.fd < 0)
		error = watch_add(l->loop, &l->watch, l->fd, EPOLLIN);
	else if (error == -EAGAIN)
		error = 0;
	if (!error && fd < 0)
		return;
	watch_remove(&l->watch);
	dialer_done(&l->dialer, error ? error : fd);
}

static void listener_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	listener_accept(container_of(watch, struct listener, watch));
}

static void listener_start(struct dialer *d)
{
	listener_accept(container_of(d, struct listener, dialer));
}

static void listener_stop(struct dialer *d)
{
	watch_remove(&container_of(d, struct listener, dialer)->watch);
}

static void listener_destroy(struct dialer *d)
{
	struct listener *l = container_of(d, struct listener, dialer);

	close(l->fd);
	free(l);
}

int listener_create(struct dialer **out, struct loop *loop, const struct address *a)
{
	static const struct dialer_ops ops = { listener_start, listener_stop, listener_destroy };
	int fd = unix_listen(a->name, 0600, 1);
	int error = fd < 0 ? fd : fd_set_nonblock(fd);
	struct listener *l = error ? NULL : malloc(sizeof(*l));

	if (!l) {
		fd_close(&fd);
		return error ? error : -ENOMEM;
	}
	*l = (struct listener){ .dialer = { .ops = &ops, .patient = true },
				.loop = loop,
				.watch = { .fd = -1, .ready = listener_ready },
				.fd = fd };
	*out = &l->dialer;
	return 0;
}
