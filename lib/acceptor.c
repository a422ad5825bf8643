/* acceptor.c: takes connections, and pauses when there is no room for them. */
#include "lib/acceptor.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/fd.h"
#include "lib/lib.h"

static void look_away(struct acceptor *a, int error)
{
	struct loop *loop = a->watch.loop;

	if (!a->failing && a->failed)
		a->failed(a, error);
	a->failing = true;
	watch_remove(&a->watch);
	timer_start(loop, &a->pause, ACCEPTOR_PAUSE_MS);
}

static void ready(struct watch *watch, uint32_t events)
{
	struct acceptor *a = container_of(watch, struct acceptor, watch);
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int error = fd < 0 ? errno : 0;

	(void)events;
	if (!error) {
		a->failing = false;
		a->connected(a, fd);
	} else if (error != EAGAIN && error != EINTR && error != ECONNABORTED) {
		if (!a->make_room || !a->make_room(a, error))
			look_away(a, error);
	}
}

static void look_again(struct timer *timer)
{
	struct acceptor *a = container_of(timer, struct acceptor, pause);
	struct loop *loop = a->watch.loop;

	if (watch_add(loop, &a->watch, a->listener, EPOLLIN) < 0)
		timer_start(loop, &a->pause, ACCEPTOR_PAUSE_MS);
}

int acceptor_start(struct acceptor *a, struct loop *loop, int listener)
{
	int err = fd_set_nonblock(listener);

	a->listener = listener;
	a->failing = false;
	a->watch = (struct watch){ .fd = -1, .ready = ready };
	a->pause = (struct timer){ .fire = look_again };
	return err ? err : watch_add(loop, &a->watch, listener, EPOLLIN);
}

void acceptor_stop(struct acceptor *a)
{
	if (!a->watch.loop)
		return;
	timer_stop(a->watch.loop, &a->pause);
	watch_remove(&a->watch);
}
