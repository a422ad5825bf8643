/* pipes.h: the three pipes between a runner and its program. Private to
 * interop/stream/win32.
 *
 * Ours are overlapped ends of named pipes, which anonymous ones cannot be; theirs are
 * plain and inheritable. A name is random, for one connection, which is made at once, and
 * for nobody from another machine.
 * Microsoft Learn: CreateNamedPipeW, "Pipe Handle Inheritance".
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_WIN32_PIPES_H
#define LANDBRIDGE_INTEROP_STREAM_WIN32_PIPES_H

#include <windows.h>

#include "interop/wire/wire.h"

/* NULL: not there. PROGRAM_NO_STDIN: stdin is NUL; PROGRAM_ONE_OUTPUT: theirs[2] is
 * theirs[1]. */
struct pipes {
	HANDLE ours[3], theirs[3];
};

/* 0 or negative errno; pipes_close in any case. */
int pipes_open(struct pipes *pipes, const struct open *l);
void pipes_close(struct pipes *pipes);

/* A handle out of it, which is the caller's. */
HANDLE pipes_give(HANDLE *from);

#endif
