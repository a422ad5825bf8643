/* helper.c: starts landbridge-start.exe, asks it, and makes it again. */
#include "interop/host/posix/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "interop/host/start.h"
#include "lib/lib.h"

/* So much of a request lies in the channel whether it is read or not. */
enum { AGAIN_MAX = 32 * 1024 };

struct exec {
	const struct wine *wine;
	int channel;
	unsigned flags;
};

/* In the child: execs. */
static int helper_exec(void *arg)
{
	const struct exec *e = arg;
	char number[16], flags[16], program[PATH_MAX], helper[PATH_MAX];
	char *argv[] = { program, helper, number, flags, NULL };

	memcpy(program, e->wine->loader, sizeof(program));
	memcpy(helper, e->wine->helper, sizeof(helper));
	fmt(number, sizeof(number), "%d", e->channel);
	fmt(flags, sizeof(flags), "%u", e->flags);
	/* Wine complains when it is started outside its drives. */
	if (chdir(e->wine->c_dir) == 0 && fd_set_cloexec(e->channel, 0) == 0)
		execve(program, argv, e->wine->env.at);
	return -errno;
}

static pid_t helper_make(const struct helper *h, const struct wine *wine)
{
	struct exec e = { wine, h->theirs, h->flags };

	wine_await(wine);
	return child_exec(&h->setup, helper_exec, &e);
}

void helper_init(struct helper *h)
{
	*h = (struct helper){ .reports = -1, .fds = { -1, -1, -1 }, .theirs = -1 };
}

/* Copies of the descriptors, which may be -1 and stay so. */
static int helper_keep(struct helper *h, const struct child_setup *setup)
{
	h->setup = *setup;
	h->setup.fds = h->fds;
	for (size_t i = 0; i < array_len(h->fds); i++) {
		h->fds[i] = setup->fds[i] < 0 ? -1 : fcntl(setup->fds[i], F_DUPFD_CLOEXEC, 3);
		if (setup->fds[i] >= 0 && h->fds[i] < 0)
			return -errno;
	}
	return 0;
}

int helper_start(struct helper *h, const struct wine *wine, const struct child_setup *setup,
		 unsigned flags)
{
	const struct timeval patience = { .tv_sec = 10 };
	int pair[2], error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	h->reports = pair[0];
	h->theirs = pair[1];
	h->flags = flags;
	error = helper_keep(h, setup);
	h->pid = error ? error : helper_make(h, wine);
	if (h->pid > 0)
		return 0;
	error = h->pid;
	helper_end(h);
	return error;
}

/* One that has ended may be reaped already: then it is no child of ours. */
bool helper_waits(const struct helper *h)
{
	return h->pid > 0 && child_ends(h->pid, 0) == 0;
}

void helper_ask(struct helper *h, const void *request, size_t len)
{
	const char begin = START_BEGIN;

	h->unread = len;
	if (h->flags & START_AHEAD)
		(void)!send(h->reports, &begin, 1, MSG_NOSIGNAL);
	/* One that may not fit into the channel must find it closed where the helper is gone. */
	if (len > AGAIN_MAX)
		helper_settled(h);
	(void)!send(h->reports, request, len, MSG_NOSIGNAL);
}

/* How much is in the channel for the helper. */
static size_t there(const struct helper *h)
{
	int count;

	return h->theirs >= 0 && ioctl(h->theirs, FIONREAD, &count) == 0 ? (size_t)count : 0;
}

/* The next one is not told to begin. */
static void take_begin(struct helper *h)
{
	char begin;

	if (h->flags & START_AHEAD && there(h) == h->unread + 1)
		(void)!recv(h->theirs, &begin, 1, MSG_DONTWAIT);
	h->flags &= ~(unsigned)START_AHEAD;
}

pid_t helper_again(struct helper *h, const struct wine *wine)
{
	pid_t pid = -1;

	take_begin(h);
	if (there(h) == h->unread)
		pid = helper_make(h, wine);
	helper_settled(h);
	if (pid > 0)
		h->pid = pid;
	return pid;
}

void helper_settled(struct helper *h)
{
	for (size_t i = 0; i < array_len(h->fds); i++)
		fd_close(&h->fds[i]);
	fd_close(&h->theirs);
}

void helper_end(struct helper *h)
{
	if (helper_waits(h))
		kill(-h->pid, SIGKILL);
	helper_settled(h);
	fd_close(&h->reports);
	h->pid = 0;
}
