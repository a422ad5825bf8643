/* loop.c: an event loop over epoll(7). */
#include "lib/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32 };

int64_t loop_now(void)
{
	struct timespec ts;

	/* Not by the vDSO: looking for it takes a kilobyte in a static program, and
	 * nobody asks in a hurry. */
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int loop_init(struct loop *loop)
{
	*loop = (struct loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	return loop->epoll < 0 ? -errno : 0;
}

void loop_fini(struct loop *loop)
{
	if (loop->epoll >= 0)
		close(loop->epoll);
	loop->epoll = -1;
}

int watch_add(struct loop *loop, struct watch *watch, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = watch };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		watch->fd = -1;
		return -errno;
	}
	watch->fd = fd;
	watch->events = events;
	watch->loop = loop;
	return 0;
}

int watch_set(struct watch *watch, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = watch };

	if (watch->fd < 0 || watch->events == events)
		return 0;
	if (epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &ev) < 0)
		return -errno;
	watch->events = events;
	return 0;
}

void watch_remove(struct watch *watch)
{
	struct loop *loop = watch->loop;

	if (watch->fd < 0)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1;
	/* Events of this batch that were to reach it must not. */
	for (int i = 0; i < loop->pending_count; i++)
		if (loop->pending[i] == watch)
			loop->pending[i] = NULL;
}

static void loop_dispatch(struct loop *loop, const struct epoll_event *ev, int count)
{
	struct watch *batch[BATCH];

	for (int i = 0; i < count; i++)
		batch[i] = ev[i].data.ptr;
	loop->pending = batch;
	loop->pending_count = count;
	for (int i = 0; i < count && !loop->stop; i++) {
		struct watch *watch = batch[i];

		if (watch)
			watch->ready(watch, ev[i].events);
	}
	loop->pending = NULL;
	loop->pending_count = 0;
}

int loop_run(struct loop *loop)
{
	struct epoll_event ev[BATCH];

	while (!loop->stop) {
		int count = epoll_wait(loop->epoll, ev, BATCH, loop_timeout(loop));

		if (count < 0 && errno != EINTR)
			return -errno;
		if (count > 0)
			loop_dispatch(loop, ev, count);
		loop_fire(loop);
	}
	return 0;
}
