/* console.c: 0 from nowhere, 1 and 2 to the console: what PID 1's children inherit. */
#include "init/console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "init/machine.h"

int step_console(struct machine *m)
{
	struct boot *b = m->boot;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	b->console = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (null < 0)
		return boot_unable(b, -errno, "open /dev/null");
	if (b->console < 0)
		boot_note(b, "no console: %s", strerror(errno));
	dup2(null, 0);
	for (int fd = 1; fd <= 2; fd++)
		dup2(b->console >= 0 ? b->console : null, fd);
	close(null);
	return 0;
}

void log_unblock(struct boot *b)
{
	int fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return; /* a socket: there is poll(2) */
	b->log.fd = fd;
	b->log.polls = false;
}
