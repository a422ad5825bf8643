/* win32.h: the runner of one stream on Windows: a thread that has a program and its three
 * pipes, and an endpoint of the router (interop/link/link.h) at the other side.
 *
 * The machine in the middle is the one that Linux has (serve.h), and what is promised is
 * the same (stream.h): bytes unchanged, EXIT after the last of them, stdin that the
 * program did not take counted. What ends a program here is its job object, with all
 * that the program started: there is no way to ask it first.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_WIN32_WIN32_H
#define LANDBRIDGE_INTEROP_STREAM_WIN32_WIN32_H

#include <stdint.h>

#include "interop/wire/wire.h"

/* What a start hands back: handles, which the runner closes. */
struct started {
	void *process, *job;
	uint32_t pid, subsystem; /* subsystem: enum wire_subsystem */
};

struct starter {
	/* Starts the program of `l` in a job object of its own, with `std` as its standard
	 * handles, which are inheritable and stay the runner's. 0, or negative and *why,
	 * whose text must live until the stream is over. */
	int (*start)(void *owner, const struct open *l, void *const std[3], struct started *started,
		     struct failed *why);
	/* The program has ended by itself: what it left behind may stay. */
	void (*ended)(void *owner, const struct started *started, uint32_t code);
};

/* Serves one stream: reads OPEN from the endpoint, starts, relays, ends with EXIT or
 * FAILED. When the opener goes away the job is ended, unless the program is detached or
 * has windows. PROGRAM_TTY must have been refused before. Owns endpoint, a socket that
 * does not block. Returns when all is done: 0 or negative errno. */
int runner_serve(int endpoint, const struct starter *starter, void *owner);

#endif
