/* signals.c: taking signals as events for a while, and giving them back. */
#include "interop/stream/signals.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/fd.h"

void signals_want(struct signals *s, int signal)
{
	struct sigaction now;

	if (sigaction(signal, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		sigaddset(&s->taken, signal);
}

int signals_take(struct signals *s, struct loop *loop)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	int fd = signalfd(-1, &s->taken, SFD_CLOEXEC | SFD_NONBLOCK);
	int error;

	if (fd < 0)
		return -errno;
	error = watch_add(loop, &s->watch, fd, EPOLLIN);
	if (error < 0) {
		close(fd);
		return error;
	}
	sigaction(SIGPIPE, &ignore, &s->pipe);
	if (sigismember(&s->taken, SIGCHLD))
		sigaction(SIGCHLD, &normal, &s->child);
	sigprocmask(SIG_BLOCK, &s->taken, &s->mask);
	return 0;
}

void signals_give_back(struct signals *s)
{
	int fd = s->watch.fd;

	if (fd < 0)
		return;
	watch_remove(&s->watch);
	fd_close(&fd);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
	sigaction(SIGPIPE, &s->pipe, NULL);
	if (sigismember(&s->taken, SIGCHLD))
		sigaction(SIGCHLD, &s->child, NULL);
}
