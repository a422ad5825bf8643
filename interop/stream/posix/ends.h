/* ends.h: the pipes or the terminal between a runner and its program. Private
 * to interop/stream/posix.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_POSIX_ENDS_H
#define LANDBRIDGE_INTEROP_STREAM_POSIX_ENDS_H

#include "interop/wire/wire.h"

/* Descriptors 0, 1, 2 of the program and our side of each. With a terminal
 * all of theirs are its slave side, and ours 0 and 1 its master. */
struct ends {
	int ours[3];
	int theirs[3];
};

/* As the launch asks. All are close-on-exec and blocking. 0 or negative errno. */
int ends_open(struct ends *ends, const struct open *l);
/* Hands over one of ours: whoever gets it closes it. */
int ends_give(struct ends *ends, int which);
/* Closes what is left. */
void ends_close(struct ends *ends);

#endif
