/* tty.c: the caller's terminal and the runner's. */
#include "interop/stream/posix/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/fd.h"

void tty_raw(struct tty *tty)
{
	struct termios raw;

	if (tty->raw || tcgetpgrp(tty->fd) != getpgrp() || tcgetattr(tty->fd, &tty->saved) < 0)
		return;
	raw = tty->saved;
	cfmakeraw(&raw);
	tty->raw = tcsetattr(tty->fd, TCSANOW, &raw) == 0;
}

void tty_restore(struct tty *tty)
{
	if (tty->raw)
		tcsetattr(tty->fd, TCSANOW, &tty->saved);
	tty->raw = false;
}

int pty_open(int *master, int *slave)
{
	int unlock = 0;

	*slave = -1;
	*master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0)
		return -errno;
	if (ioctl(*master, TIOCSPTLCK, &unlock) == 0)
		*slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave >= 0)
		return 0;
	int error = -errno;

	fd_close(master);
	return error;
}

int pty_resize(int master, uint16_t rows, uint16_t cols)
{
	struct winsize size = { .ws_row = rows, .ws_col = cols };

	return ioctl(master, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}
