/* drive_place.h: where a drive that comes later is for Windows programs, and for what
 * serves it to the guest: a directory for each letter in a file system of its own, in the
 * view alone (view.h), that nobody changes.
 *
 *     /landbridge-drives/a ... /landbridge-drives/z
 *
 * What is in it Landlock lets programs change: that a drive is read-only is its mount's
 * affair. Behind the wall nobody mounts anything, and the host's directories are not
 * there; so one of the host's processes that owns the view's namespaces does: the
 * supervisor's child.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_DRIVE_PLACE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_DRIVE_PLACE_H

#include "interop/host/drives.h"

#define DRIVE_PLACES "/landbridge-drives"

/* The directory of that letter: its length, as fmt. */
size_t drive_place(char letter, char *out, size_t size);

/* The directories as a file system that is mounted nowhere yet: its descriptor, or
 * negative errno. */
int drive_places_make(void);

struct drive_showing {
	int space; /* a descriptor of the view's mount namespace */
	int dir;   /* and of the directory that drive->dir, the host's name, must lead to */
	struct drive drive; /* without set-uid programs and devices, as those of the start */
	const char *prefix; /* where the view has another file system than the host, which is
				shown in the drive, too, if it lies there; NULL: nowhere */
};

/* For a process of its own, which is in those namespaces afterwards: show and hide it. 0
 * or negative errno; -ESTALE: another directory is there by now. */
int drive_show(const struct drive_showing *s);
int drive_hide(const struct drive_showing *s);

#endif
