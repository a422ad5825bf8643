/* supervisor_call.c: the callers' side of a supervisor's socket. */
#include "interop/host/posix/supervisor.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"

int supervisor_call(const struct machine *machine, struct fault *why)
{
	char path[MACHINE_DIR];
	int fd;

	machine_path(machine, "control", path);
	fd = unix_connect(path);
	return fd < 0 ? fault_set(why, HOST_FAILED, "unable to reach the machine %s: %s",
				  machine->name, strerror(-fd))
		      : fd;
}

void supervisor_say(int fd, enum supervisor_word word)
{
	const char byte = (char)word;

	(void)!send(fd, &byte, 1, MSG_NOSIGNAL);
}

bool supervisor_hear(int fd, struct supervisor_event *event)
{
	return fd_read_full(fd, event, sizeof(*event)) == sizeof(*event);
}

void supervisor_print_wrong(const struct machine *machine)
{
	enum { PATIENCE_MS = 1000 };
	struct supervisor_event event = { .what = MACHINE_WRONG };
	struct fault unheard = { 0 };
	struct pollfd answer = { .fd = supervisor_call(machine, &unheard), .events = POLLIN };

	if (answer.fd < 0)
		return;
	supervisor_say(answer.fd, SUPERVISOR_TELL);
	while (event.what == MACHINE_WRONG && poll(&answer, 1, PATIENCE_MS) == 1 &&
	       supervisor_hear(answer.fd, &event))
		if (event.what == MACHINE_WRONG)
			fault_print(&event.fault);
	close(answer.fd);
}

void supervisor_add_log(struct fault *fault, const char *log)
{
	size_t len = strlen(fault->text);

	if (fault->status && log[0])
		fmt(fault->text + len, sizeof(fault->text) - len, " (log: %s)", log);
}
