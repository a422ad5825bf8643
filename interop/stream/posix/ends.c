/* ends.c: the pipes or the terminal between a runner and its program. */
#include "interop/stream/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "interop/stream/posix/tty.h"
#include "lib/fd.h"

/* Small, so that little is in doubt when the program ends: one page, which is
 * the least. So it is also full when it is not empty, and tells of both. */
enum { STDIN_PIPE = 4096 };

static int ends_pipe(struct ends *ends, int which)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	ends->ours[which] = fds[which == STDIN_FILENO];
	ends->theirs[which] = fds[which != STDIN_FILENO];
	return 0;
}

static int ends_pipes(struct ends *ends, const struct open *l)
{
	int error = 0;

	if (l->flags & PROGRAM_NO_STDIN)
		ends->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	else
		error = ends_pipe(ends, 0);
	if (error == 0 && ends->theirs[0] < 0)
		error = -errno;
	if (error == 0 && ends->ours[0] >= 0)
		fcntl(ends->ours[0], F_SETPIPE_SZ, STDIN_PIPE);
	if (error == 0)
		error = ends_pipe(ends, 1);
	if (error == 0)
		error = ends_pipe(ends, 2);
	/* Nothing comes by its own pipe then but the end. */
	if (error == 0 && (l->flags & PROGRAM_ONE_OUTPUT) &&
	    dup3(ends->theirs[1], ends->theirs[2], O_CLOEXEC) < 0)
		error = -errno;
	return error;
}

static int ends_tty(struct ends *ends, const struct open *l)
{
	bool known = l->rows > 0 && l->cols > 0;
	int shows = l->flags & PROGRAM_OUT_APART ? 2 : 1;
	int error = pty_open(&ends->ours[0], &ends->theirs[0]);

	if (error < 0)
		return error;
	ends->theirs[1] = ends->theirs[2] = ends->theirs[0];
	pty_resize(ends->ours[0], known ? l->rows : 24, known ? l->cols : 80);
	ends->ours[shows] = fcntl(ends->ours[0], F_DUPFD_CLOEXEC, 3);
	if (ends->ours[shows] < 0)
		return -errno;
	return l->flags & PROGRAM_APART ? ends_pipe(ends, 3 - shows) : 0;
}

int ends_open(struct ends *ends, const struct open *l)
{
	*ends = (struct ends){ { -1, -1, -1 }, { -1, -1, -1 } };
	return l->flags & PROGRAM_TTY ? ends_tty(ends, l) : ends_pipes(ends, l);
}

void ends_close(struct ends *ends)
{
	for (int i = 1; i < 3; i++)
		if (ends->theirs[i] == ends->theirs[0])
			ends->theirs[i] = -1;
	for (int i = 0; i < 3; i++) {
		fd_close(&ends->ours[i]);
		fd_close(&ends->theirs[i]);
	}
}
