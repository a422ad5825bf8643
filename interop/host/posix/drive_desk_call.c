/* drive_desk_call.c: the callers' side of a machine's desk for drives. */
#include "interop/host/posix/drive_desk.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"

static int desk_call(const struct machine *m, struct fault *why)
{
	char path[MACHINE_DIR];
	int fd;

	machine_path(m, DRIVE_DESK, path);
	fd = unix_connect(path);
	if (fd == -ENOENT)
		return fault_set(
			why, HOST_FAILED,
			"unable to change the drives of %s: it was started by a Landbridge "
			"that could not (stop and start it)",
			m->name);
	return fd < 0 ? fault_set(why, HOST_FAILED, "unable to reach the machine %s: %s", m->name,
				  strerror(-fd))
		      : fd;
}

/* What comes after the answer. */
static void text_pass(int fd)
{
	char text[4096];
	ssize_t n;

	while ((n = fd_read_full(fd, text, sizeof(text))) > 0)
		if (fd_write_all(STDOUT_FILENO, text, (size_t)n) < 0)
			return;
}

int drive_desk_ask(const struct machine *m, const struct drive_ask *ask, int dir, struct fault *why)
{
	struct fault answer = { .status = HOST_FAILED };
	int fd = desk_call(m, why);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = dir >= 0 ? fd_send(fd, dir, ask, sizeof(*ask))
		     : send(fd, ask, sizeof(*ask), MSG_NOSIGNAL);
	/* Who was told that the desk is busy has nobody to send to. */
	(void)n;
	n = fd_read_full(fd, &answer, sizeof(answer));
	if (n != sizeof(answer))
		fault_set(why, HOST_FAILED, "unable to change the drives of %s: it went away",
			  m->name);
	else if (answer.status)
		*why = answer;
	else
		text_pass(fd);
	close(fd);
	return why->status ? -1 : 0;
}
