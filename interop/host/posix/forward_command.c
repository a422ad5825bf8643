/* forward_command.c: landbridge forward: ports of this host that lead to the guest. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/host/forward.h"
#include "interop/host/posix/commands.h"
#include "interop/host/posix/pump.h"
#include "interop/host/posix/session.h"
#include "interop/stream/stream.h"
#include "lib/acceptor.h"
#include "lib/lib.h"

enum { FORWARDS_MAX = 32 };

struct door {
	const char *agent;
	struct acceptor acceptor;
	int fd;
	struct forward forward;
};

/* In a process of its own: one that hangs is nobody else's trouble. */
static void serve(const struct door *d, int fd)
{
	struct outcome out;
	struct fault why = { 0 };
	int far = connect_call(unix_connect(d->agent), d->forward.there, &out);

	if (far < 0 && out.how == OUTCOME_FAILED)
		fault_set(&why, HOST_FAILED, "%s", out.text);
	else if (far < 0)
		fault_set(&why, HOST_FAILED, "unable to reach the guest by the agent at %s: %s",
			  d->agent, strerror(-far));
	if (far < 0)
		_exit(fault_print(&why));
	pump(fd, far);
	_exit(0);
}

static void door_called(struct acceptor *acceptor, int fd)
{
	const struct door *d = container_of(acceptor, struct door, acceptor);
	const struct child_setup setup = { .name = "lb-forward", .death_signal = SIGTERM };
	struct fault why = { 0 };
	pid_t pid = child_fork(&setup);

	if (pid == 0)
		serve(d, fd);
	close(fd);
	if (pid < 0) {
		fault_set(&why, HOST_FAILED, "unable to serve a caller: %s", strerror(-pid));
		fault_print(&why);
	}
}

static int door_open(struct door *d, struct loop *loop, const char *text, struct fault *why)
{
	int error;

	if (forward_parse(&d->forward, text) < 0)
		return fault_set(why, HOST_FAILED,
				 "unable to understand %s: give PORT, PORT:HOST:PORT or "
				 "ADDRESS:PORT:HOST:PORT",
				 text);
	d->fd = address_listen(&d->forward.here);
	error = d->fd < 0 ? d->fd : 0;
	d->acceptor.connected = door_called;
	if (!error)
		error = acceptor_start(&d->acceptor, loop, d->fd);
	return error ? fault_set(why, HOST_FAILED, "unable to listen on %s:%u: %s",
				 d->forward.here.name, d->forward.here.port,
				 error == -EADDRNOTAVAIL ? "no address of this host (give a number)"
							 : strerror(-error))
		     : 0;
}

/* All of them or none. */
static int forward(const struct options *o, struct door *doors, struct fault *why)
{
	char agent[PATH_MAX];
	struct loop loop;
	int error;

	if (session_socket(o, agent, why) < 0)
		return -1;
	error = loop_init(&loop);
	if (error)
		return fault_set(why, HOST_FAILED, "unable to wait for callers: %s",
				 strerror(-error));
	signal(SIGCHLD, SIG_IGN);
	for (size_t i = 0; o->command[i]; i++) {
		if (i == FORWARDS_MAX)
			return fault_set(why, HOST_FAILED, "more than %d forwards", FORWARDS_MAX);
		doors[i].agent = agent;
		if (door_open(&doors[i], &loop, o->command[i], why) < 0)
			return -1;
		note("%s:%u leads to the guest's %s", doors[i].forward.here.name,
		     doors[i].forward.here.port, doors[i].forward.there);
	}
	error = loop_run(&loop);
	return fault_set(why, HOST_FAILED, "unable to wait for callers: %s", strerror(-error));
}

int forward_main(const struct options *options)
{
	struct door doors[FORWARDS_MAX] = { 0 };
	struct fault why = { 0 };

	forward(options, doors, &why);
	return fault_print(&why);
}
