/* tty.h: the caller's terminal and the runner's. Private to interop/stream/posix. */
#ifndef LANDBRIDGE_INTEROP_STREAM_POSIX_TTY_H
#define LANDBRIDGE_INTEROP_STREAM_POSIX_TTY_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

/* A terminal that is raw at times. */
struct tty {
	int fd;
	bool raw;
	struct termios saved;
};

/* Nothing happens when we are not in the terminal's foreground, or it is so
 * already. SIGTTOU must be blocked. */
void tty_raw(struct tty *tty);
void tty_restore(struct tty *tty);

/* A new pseudo-terminal: pty(7). Both ends close-on-exec. 0 or negative errno. */
int pty_open(int *master, int *slave);
int pty_resize(int master, uint16_t rows, uint16_t cols);

#endif
