/* signals.c: taking signals as events of a loop, and giving them back. */
#include "lib/signals.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/lib.h"

static void signals_ready(struct watch *watch, uint32_t events)
{
	struct signals *s = container_of(watch, struct signals, watch);
	struct signalfd_siginfo info;

	(void)events;
	while (s->watch.fd >= 0 && read(s->watch.fd, &info, sizeof(info)) == sizeof(info))
		s->caught(s, &info);
}

void signals_init(struct signals *s,
		  void (*caught)(struct signals *s, const struct signalfd_siginfo *info))
{
	*s = (struct signals){ .caught = caught, .watch = { .fd = -1, .ready = signals_ready } };
	sigemptyset(&s->wanted);
}

void signals_want(struct signals *s, int signal)
{
	sigaddset(&s->wanted, signal);
}

void signals_want_polite(struct signals *s, int signal)
{
	struct sigaction now;

	if (sigaction(signal, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		signals_want(s, signal);
}

int signals_take(struct signals *s, struct loop *loop)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	int fd = signalfd(-1, &s->wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	int error;

	if (fd < 0)
		return -errno;
	error = watch_add(loop, &s->watch, fd, EPOLLIN);
	if (error < 0) {
		close(fd);
		return error;
	}
	sigaction(SIGPIPE, &ignore, &s->pipe);
	if (sigismember(&s->wanted, SIGCHLD))
		sigaction(SIGCHLD, &normal, &s->child);
	sigprocmask(SIG_BLOCK, &s->wanted, &s->mask);
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
	if (sigismember(&s->wanted, SIGCHLD))
		sigaction(SIGCHLD, &s->child, NULL);
}
