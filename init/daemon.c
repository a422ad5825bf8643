/* daemon.c: starting our daemons, and starting them again. */
#include "init/daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "init/oom.h"
#include "init/spawn.h"
#include "lib/fd.h"
#include "lib/loop.h"

enum {
	DELAY_FIRST_MS = 200, /* before one that died is started again ... */
	DELAY_MAX_MS = 3000,  /* ... doubling up to this ... */
	LIVED_MS = 1000,      /* ... unless it lived so long */
	DEATHS_S = 30,        /* within which DAEMON_DEATHS are too many */
	FIRST_SOCKET = 3,
};

/* The sockets become 3, 4, ...; everything else is close-on-exec. They go out
 * of the way first, as one of them may be 3 itself. */
static void sockets_place(const struct daemon *d)
{
	int away[DAEMON_SOCKETS];

	for (unsigned i = 0; i < d->socket_count; i++)
		away[i] = fcntl(d->sockets[i], F_DUPFD_CLOEXEC, FIRST_SOCKET + DAEMON_SOCKETS);
	for (unsigned i = 0; i < d->socket_count; i++)
		dup2(away[i], FIRST_SOCKET + (int)i);
}

int daemon_listen(struct daemon *d, int fd)
{
	if (fd < 0)
		return fd;
	d->sockets[d->socket_count++] = fd;
	return 0;
}

/* Whether a connection to one of its sockets is a signal for PID 1 (fcntl(2),
 * O_ASYNC: SIGIO). The flag is the socket's, so the daemon would see it too. */
static void sockets_watch(const struct daemon *d, bool on)
{
	for (unsigned i = 0; i < d->socket_count; i++) {
		int flags = fcntl(d->sockets[i], F_GETFL);

		fcntl(d->sockets[i], F_SETOWN, getpid());
		fcntl(d->sockets[i], F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC);
	}
}

static bool is_called(const struct daemon *d)
{
	bool called = false;

	for (unsigned i = 0; i < d->socket_count; i++) {
		struct pollfd p = { .fd = d->sockets[i], .events = POLLIN };

		called = called || poll(&p, 1, 0) > 0;
	}
	return called;
}

static bool is_due(const struct daemon *d, int64_t when)
{
	return d->delay && !d->pid && !d->awaited && d->due <= when;
}

/* One timer for all: it goes off when the first of them is due. */
static void timer_set(const struct daemons *all)
{
	int64_t now = loop_now(), first = INT64_MAX;
	struct itimerval timer = { .it_value = { 0, 0 } };

	for (unsigned i = 0; i < DAEMON_COUNT; i++)
		if (is_due(&all->at[i], first))
			first = all->at[i].due;
	if (first == INT64_MAX)
		return;
	first = first > now ? first - now : 1;
	timer.it_value.tv_sec = first / 1000;
	timer.it_value.tv_usec = first % 1000 * 1000;
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Later, so that one that cannot live does not keep the machine busy. */
static void put_off(const struct daemons *all, struct daemon *d)
{
	int64_t now = loop_now();

	d->delay = now - d->started > LIVED_MS ? DELAY_FIRST_MS : d->delay * 2;
	if (d->delay > DELAY_MAX_MS)
		d->delay = DELAY_MAX_MS;
	d->due = now + d->delay;
	timer_set(all);
}

/* Notes its end. Whether that is one too many. */
static bool is_hopeless(struct daemon *d)
{
	int64_t now = loop_now();

	d->died[d->deaths++ % DAEMON_DEATHS] = now;
	return d->deaths >= DAEMON_DEATHS &&
	       now - d->died[d->deaths % DAEMON_DEATHS] < DEATHS_S * 1000;
}

/* With its sockets nobody waits for it in vain. */
static void give_up(const struct daemons *all, struct daemon *d)
{
	d->delay = 0;
	while (d->socket_count > 0)
		close(d->sockets[--d->socket_count]);
	log_err(all->log,
		"%s: the %s ended %d times in %d s: it stays down until the guest is restarted",
		d->step, d->what, DAEMON_DEATHS, DEATHS_S);
}

int daemon_start(struct daemons *all, struct daemon *d)
{
	int err;

	d->started = loop_now();
	d->delay = d->delay ? d->delay : DELAY_FIRST_MS / 2; /* doubled before it is used */
	d->pid = spawn_fork();
	if (d->pid == 0) {
		sockets_place(d);
		file_write(OOM_SCORE_ADJ, OOM_OURS); /* a container may not */
		d->exec(d);
		_exit(127);
	}
	if (d->pid > 0)
		return 0;
	err = d->pid;
	d->pid = 0;
	put_off(all, d);
	log_err(all->log, "%s: unable to start the %s: %s; tried again in %d ms", d->step, d->what,
		strerror(-err), d->delay);
	return err;
}

void daemons_reap(struct daemons *all, pid_t pid)
{
	for (unsigned i = 0; i < DAEMON_COUNT; i++) {
		struct daemon *d = &all->at[i];

		if (d->pid != pid)
			continue;
		d->pid = 0;
		if (is_hopeless(d)) {
			give_up(all, d);
			return;
		}
		put_off(all, d);
		log_warn(all->log, "%s: the %s ended; it is started again %s %d ms", d->step,
			 d->what, d->on_demand ? "when somebody calls, but not within" : "in",
			 d->delay);
	}
}

void daemons_again(struct daemons *all)
{
	int64_t now = loop_now();

	for (unsigned i = 0; i < DAEMON_COUNT; i++) {
		struct daemon *d = &all->at[i];

		if (!is_due(d, now))
			continue;
		if (d->on_demand)
			daemon_await(all, d); /* perhaps nobody wants it any more */
		else
			daemon_start(all, d);
	}
	timer_set(all);
}

void daemon_await(struct daemons *all, struct daemon *d)
{
	d->on_demand = d->awaited = true;
	sockets_watch(d, true);
	daemons_called(all); /* by somebody who was earlier */
}

void daemons_called(struct daemons *all)
{
	for (unsigned i = 0; i < DAEMON_COUNT; i++) {
		struct daemon *d = &all->at[i];

		if (!d->awaited || !is_called(d))
			continue;
		d->awaited = false;
		sockets_watch(d, false);
		daemon_start(all, d);
	}
}
