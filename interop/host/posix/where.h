/* where.h: where a Linux host has its things.
 *
 *     data   what was built: init, kernel/, images/, landbridge-start.exe:
 *            $LANDBRIDGE_DATA, else the program's own directory, else
 *            ../lib/landbridge from there
 *     home   what is made at run time: wine/ (the prefix), machines/, images/, modules/, log/:
 *            $LANDBRIDGE_HOME, else $XDG_DATA_HOME/landbridge, else
 *            ~/.local/share/landbridge
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_WHERE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_WHERE_H

#include <glob.h>
#include <limits.h>
#include <sys/types.h>

#include "interop/host/drives.h"

struct dirs {
	char data[PATH_MAX];
	char home[PATH_MAX];
};
/* Finds both and makes home. */
int dirs_find(struct dirs *dirs, struct fault *why);

/* What the drives are, from what was asked for: every directory must be there
 * and gets its absolute name; C: is the Wine prefix's drive_c unless given. */
int drives_decide(struct drives *drives, const struct drives *asked, const struct dirs *dirs,
		  struct fault *why);

/* glob(3) below a directory whose own name is taken as it is. 0: found, and
 * globfree() it; negative errno, -ENOENT where nothing matches. */
int glob_in(const char *dir, const char *pattern, glob_t *found);
/* Of those removes all but `keep`, what was made of earlier states of one thing. */
void glob_keep(const char *dir, const char *pattern, const char *keep);

/* A whole file and a NUL, on the heap: its length, or negative errno, -EFBIG and
 * -EINVAL (no regular file) among them. Waits for nobody. fd_load closes what it is
 * given, which may be the negative errno of an open. */
enum { FILE_LOAD_MAX = 64 << 20 };
ssize_t file_load(const char *path, char **text);
ssize_t fd_load(int fd, char **text);

#endif
