/* host.h: the host half: `landbridge`, which boots guests and serves them.
 *
 * This folder is what every host shares: command lines, drives, policy, and
 * how a guest's request becomes a Windows command line. What a Linux host has
 * to it (QEMU, Wine, machines, FUSE) is in posix/, what Windows has in win32/.
 *
 * Every command returns an exit status (0-255). Every failure of Landbridge's
 * own is one line on stderr and 125, or 124 for a guest that did not come up
 * in time; a command's own status passes through. Underneath, functions that
 * can fail for a person return 0 or a count, or negative with a struct fault
 * filled in: one line that says what could not be done to what, why, and what
 * to try.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_HOST_H
#define LANDBRIDGE_INTEROP_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/macros.h"
#include "lib/places.h" /* LANDBRIDGE_VERSION */

enum { HOST_TIMEOUT = 124, HOST_FAILED = 125 };

/* Why something failed: the exit status it means and one line for a person. */
struct fault {
	int status;
	char text[768];
};

/* Fills *why (the first fault stays) and returns -1. */
int fault_set(struct fault *why, int status, const char *format, ...) LIKE_PRINTF(3, 4);
/* Prints "landbridge: text" on stderr; returns the status. */
int fault_print(const struct fault *why);
/* Says what takes long, when stderr is a terminal. */
void note(const char *format, ...) LIKE_PRINTF(1, 2);

/* fmt() that fails when it does not fit: 0 or -ENAMETOOLONG. */
int path_format(char *out, size_t size, const char *format, ...) LIKE_PRINTF(3, 4);
/* What is behind the path's last slash. Pure. */
const char *path_base(const char *path);

#endif
