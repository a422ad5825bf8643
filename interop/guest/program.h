/* program.h: the file that is to be run on the host. Private to interop/guest. */
#ifndef LANDBRIDGE_INTEROP_GUEST_PROGRAM_H
#define LANDBRIDGE_INTEROP_GUEST_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

#include "pathconv/pathconv.h"

enum program_kind {
	PROGRAM_OF_HOST,
	PROGRAM_SCRIPT, /* begins with #! , however it is called */
	PROGRAM_ELF,    /* likewise, ELF */
	PROGRAM_APE,    /* begins with MZqFpD: runs here by itself */
};

struct program {
	char path[PATH_MAX]; /* absolute, without symbolic links */
	bool shim;           /* it was called by a name of init/shims.h's */
	bool gui;            /* it has no use for a console or for stdin */
	const char *refusal; /* why it cannot be run, as the end of a line; or NULL */
	enum program_kind kind;
	char line[256]; /* what it begins with (binfmt.h, script_line) */
};

/* Finds what `name` is: with a slash a path, else a file in PATH (`path`). What
 * may be missing of it is tried as Windows does: .com, .exe, .bat, .cmd, .ps1, in this
 * order; and in directories on a drive of the host (`mounts`) its case does not matter,
 * where no name fits as it is. 0 or negative errno: -ENOENT, -EACCES, ... */
int program_find(struct program *program, const char *name, const char *path,
		 const struct mounts *mounts);
/* Looks at the path that the kernel gave. Likewise. */
int program_open(struct program *program, const char *path);

/* Becomes a program that is not the host's, as if the kernel had never asked us:
 * `given` is its path as it was given. Negative errno. */
int program_become(struct program *program, const char *given, char *const *argv);

#endif
