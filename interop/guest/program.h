/* program.h: the file that is to be run on the host. Private to interop/guest. */
#ifndef LANDBRIDGE_INTEROP_GUEST_PROGRAM_H
#define LANDBRIDGE_INTEROP_GUEST_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

struct program {
	char path[PATH_MAX]; /* absolute, without symbolic links */
	bool gui;            /* it has no use for a console or for stdin */
	const char *refusal; /* why it cannot be run, as the end of a line; or NULL */
};

/* Finds what `name` is: with a slash a path, else a file in PATH (`path`);
 * .exe is tried as well. 0 or negative errno: -ENOENT, -EACCES, ... */
int program_find(struct program *program, const char *name, const char *path);
/* Looks at the path that the kernel gave. Likewise. */
int program_open(struct program *program, const char *path);

#endif
