/* clock.c: a timer that never goes off, but for whoever sets the clock under it. */
#include "interop/host/posix/clock.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/macros.h"

/* timerfd_create(2): TFD_TIMER_CANCEL_ON_SET needs an absolute time on this clock. */
static int clock_arm(int fd)
{
	const struct itimerspec never = { .it_value = { .tv_sec = INT64_MAX / 1000000000 } };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0
		       ? -errno
		       : 0;
}

static void clock_was_set(struct watch *watch, uint32_t events)
{
	struct clock *clock = container_of(watch, struct clock, watch);
	uint64_t times;

	(void)events;
	if (read(watch->fd, &times, sizeof(times)) < 0 && errno != ECANCELED)
		return;
	clock_arm(watch->fd);
	router_tell_time(clock->router);
}

int clock_begin(struct clock *clock, struct loop *loop, struct router *router)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK), error;

	*clock = (struct clock){ { .fd = -1, .ready = clock_was_set }, router };
	if (fd < 0)
		return -errno;
	error = clock_arm(fd);
	if (!error)
		error = watch_add(loop, &clock->watch, fd, EPOLLIN);
	if (error)
		fd_close(&fd);
	return error;
}

void clock_end(struct clock *clock)
{
	int fd = clock->watch.fd;

	watch_remove(&clock->watch);
	fd_close(&fd);
}
