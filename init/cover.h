/* cover.h: files of the image hidden for the run. */
#ifndef LANDBRIDGE_INIT_COVER_H
#define LANDBRIDGE_INIT_COVER_H

#include <stdbool.h>
#include <stddef.h>

enum { COVERS_MAX = 20 };

struct covers {
	struct cover {
		const char *path;
		bool made; /* what is under it is ours: remove it at power-off */
	} at[COVERS_MAX];
	size_t count;
};

enum cover_how {
	COVER_FILE = 0,      /* where a link leads to a file, that is hidden */
	COVER_NAME = 1,      /* the name itself, never what a link leads to */
	COVER_READ_ONLY = 2, /* to whoever writes to it */
};

/* Hides `path` behind `source` for the run; an empty file is made where there is
 * none. Where `path` is a symbolic link into /run that leads nowhere yet, the
 * file is made there; a link that leads nowhere else is hidden itself. `path`
 * must be a literal. 0 or negative errno; -ENOTDIR: it is a directory. */
int cover_file(struct covers *covers, const char *path, const char *source, enum cover_how how);

/* Mounts an empty file system in memory, for everybody, on the directory `path`, a
 * literal, which is made where there is none. 0 or negative errno; -ENOENT: it could
 * not be made. */
int cover_dir(struct covers *covers, const char *path);

/* At power-off: takes all covers off again, and what was made for them. */
void covers_remove(struct covers *covers);

#endif
