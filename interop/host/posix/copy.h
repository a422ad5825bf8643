/* copy.h: files and trees, copied as they are: contents, holes, modes, times, links of
 * both kinds, FIFOs, user attributes; owners and ACLs where that is asked for.
 *
 * Either side may be a guest's tree, which changes as its owner likes while we look: a
 * directory is a symbolic link a moment later, a name is there twice. So each name is
 * looked up alone, in a directory that is open, and no link is followed, on neither side:
 * what is read lies in the source's directory, what is written in `top`. The hard links'
 * earlier copies are found beneath `top` without links, too.
 *
 * A file is made under a name of its own and has its right name when it is whole: what was
 * there before is replaced, never written through, and one that fails leaves nothing.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_COPY_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_COPY_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct copy {
	int top;        /* the directory that all copies are in */
	unsigned flags; /* enum attributes_flag; WARY: devices, too, are not copied */
	const volatile sig_atomic_t *stop; /* set: it ends */
	/* Told of each that could not be copied: by the name that the person gave it, and
	 * why. */
	void (*failed)(void *owner, const char *path, const char *why);
	void *owner;
	/* its own */
	char shown[PATH_MAX]; /* of the one being copied, for failed() */
	char made[PATH_MAX];  /* ... and beneath top */
	unsigned depth;
	unsigned failures;
	bool over; /* nothing more can be copied: no room, no guest, stopped */
	dev_t device;
	ino_t inode; /* of the directory that the copy began with: it is not copied into itself */
	void *twins; /* files with several names: a tree of tsearch(3) */
};

/* Copies the file, or the directory with all that is in it, which has the name `from` in
 * a directory, to the name `to` in top. `to` is ".": what is in the directory `from`
 * comes into top itself. May be called again, for others: hard links among all of them
 * stay. The caller's umask is to be 0. */
void copy_tree(struct copy *c, int dir, const char *from, const char *to);

void copy_end(struct copy *c);

#endif
