/* dial_listen.c: waits for the other half to call: a unix socket in the guest's
 * place of the one that a VM holds for it. For guests without a VM.
 */
#include "interop/link/dialer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"

struct dial_listen {
	struct dialer dialer;
	struct loop *loop;
	struct watch watch; /* of the socket, while a try is on */
	int fd;
};

/* The next caller is the link; those after it wait in the backlog. */
static void dial_listen_accept(struct dial_listen *l)
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

static void dial_listen_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	dial_listen_accept(container_of(watch, struct dial_listen, watch));
}

static void dial_listen_start(struct dialer *d)
{
	dial_listen_accept(container_of(d, struct dial_listen, dialer));
}

static void dial_listen_stop(struct dialer *d)
{
	watch_remove(&container_of(d, struct dial_listen, dialer)->watch);
}

static void dial_listen_destroy(struct dialer *d)
{
	struct dial_listen *l = container_of(d, struct dial_listen, dialer);

	close(l->fd);
	free(l);
}

int dial_listen_create(struct dialer **out, struct loop *loop, const struct address *a)
{
	static const struct dialer_ops ops = { dial_listen_start, dial_listen_stop,
					       dial_listen_destroy };
	int fd = unix_listen(a->name, 0600, 1);
	int error = fd < 0 ? fd : fd_set_nonblock(fd);
	struct dial_listen *l = error ? NULL : malloc(sizeof(*l));

	if (!l) {
		fd_close(&fd);
		return error ? error : -ENOMEM;
	}
	*l = (struct dial_listen){ .dialer = { .ops = &ops, .patient = true },
				   .loop = loop,
				   .watch = { .fd = -1, .ready = dial_listen_ready },
				   .fd = fd };
	*out = &l->dialer;
	return 0;
}
