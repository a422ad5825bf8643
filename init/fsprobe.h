/* fsprobe.h: which file system is this? By its superblock alone.
 *
 * Pure. Sources: kernel documentation filesystems/ext4 (super block), xfs,
 * btrfs on-disk format, squashfs, erofs; ECMA-119 (volume descriptors).
 */
#ifndef LANDBRIDGE_INIT_FSPROBE_H
#define LANDBRIDGE_INIT_FSPROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FSPROBE_WINDOWS = 3, FSPROBE_WINDOW = 2048 };

/* Where on the device each window lies. */
extern const uint32_t fsprobe_offsets[FSPROBE_WINDOWS];

struct fsprobe {
	const char *type; /* as mount(2) calls it; ext2 and ext3 are "ext4" too */
	char label[257];  /* as it is on the disk, blanks at the end cut; or "" */
	char uuid[37];    /* "01234567-89ab-...", or "" where there is none */
};

/* window[i] are the bytes at fsprobe_offsets[i], zeros where the device ends
 * before. False: none of those we know. */
bool fsprobe(struct fsprobe *out, uint8_t window[FSPROBE_WINDOWS][FSPROBE_WINDOW]);

/* Whether a specification "LABEL=x" or "UUID=x" names it. UUIDs without
 * regard to case. */
bool fsprobe_is(const struct fsprobe *fs, const char *spec);

#endif
