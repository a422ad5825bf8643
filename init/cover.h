/* cover.h: files of the image hidden for the run. */
#ifndef LANDBRIDGE_INIT_COVER_H
#define LANDBRIDGE_INIT_COVER_H

#include <stdbool.h>
#include <stddef.h>

enum { COVERS_MAX = 8 };

struct covers {
	struct cover {
		const char *path;
		bool made; /* the file under it is ours: remove it at power-off */
	} at[COVERS_MAX];
	size_t count;
};

/* Hides `path` behind `source` for the run, read-only if said so; an empty file
 * is made where there is none. Where `path` is a symbolic link into /run that
 * leads nowhere yet, the file is made there. `path` must be a literal.
 * 0 or negative errno. */
int cover_file(struct covers *covers, const char *path, const char *source, bool read_only);

/* At power-off: takes all covers off again, and what was made for them. */
void covers_remove(struct covers *covers);

#endif
