/* contents.h: what is in a file, and what is said of it, from one descriptor to another. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_CONTENTS_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_CONTENTS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Copies all bytes of a regular file to an empty one. Holes stay holes, of what was
 * asked of `from` and is in `st`. 0, negative errno, or -EINTR once *stop is set. */
int contents_copy(int from, int to, const struct stat *st, const volatile sig_atomic_t *stop);

enum attributes_flag {
	ATTRIBUTES_OWNER = 1, /* owner, group and ACL, where they may be set */
	ATTRIBUTES_WARY = 2,  /* the source is somebody else's: set-id bits stay there */
};

/* The mode that a copy has; `owned`: whether it has the owner, too, without whom set-id
 * bits would say something else. Pure. */
mode_t attributes_mode(const struct stat *st, unsigned flags, bool owned);

/* Owner, extended attributes (user.* and ACL), mode and times, of a file or directory.
 * What the other side does not have (owners, attributes) is left out. 0 or negative
 * errno. */
int attributes_copy(int from, int to, const struct stat *st, unsigned flags);

/* Owner and times of what has no contents, by its name in a directory, of which no link
 * is followed. */
int attributes_name(int dir, const char *name, const struct stat *st, unsigned flags);

#endif
