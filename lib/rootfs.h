/* rootfs.h: the file systems that a root may be: one table, for both halves.
 *
 * The host asks which modules an image needs, /init which file system is on a
 * device and how it may be mounted. A new one is a row in rootfs.c, and its
 * modules a line in lib/guest_modules.c.
 *
 * Pure. Sources: kernel documentation filesystems/ext4 (super block), xfs,
 * btrfs on-disk format, squashfs, erofs; ECMA-119 (volume descriptors); LVM2's
 * lib/format_text/layout.h; the LUKS on-disk format.
 */
#ifndef LANDBRIDGE_LIB_ROOTFS_H
#define LANDBRIDGE_LIB_ROOTFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/guest_modules.h"

struct rootfs {
	char type[10]; /* as mount(2) calls it */
	uint8_t group; /* enum guest_group */
	uint8_t kind;  /* enum rootfs_kind */
};

enum rootfs_kind {
	ROOTFS_DISK,
	ROOTFS_DISK_READ_ONLY, /* by its nature: what is written goes into an overlay */
	ROOTFS_SHARED,         /* no disk but a tag: the host's tree */
	ROOTFS_FOREIGN,        /* what disks are often made of, and no file system */
};

/* For a person. */
#define ROOTFS_KNOWN "ext2-4, xfs, btrfs, squashfs, erofs and iso9660"

/* By its type; NULL: none that we know. */
const struct rootfs *rootfs_named(const char *type);

/* The groups of modules that a root needs, 1 << enum guest_group for each; NULL:
 * a disk that may hold any. */
unsigned rootfs_groups(const struct rootfs *fs);

/* How much of a disk's beginning rootfs_probe wants to see. */
enum { ROOTFS_HEAD = 65 * 1024 };

struct rootfs_found {
	const struct rootfs *fs; /* "ext4" for ext2 and ext3 too */
	char label[257];         /* as it is on the disk, blanks at the end cut; or "" */
	char uuid[37];           /* "01234567-89ab-...", or "" where there is none */
};

/* Looks at a disk's first bytes; a disk may have fewer than ROOTFS_HEAD. False:
 * none of those we know. */
bool rootfs_probe(struct rootfs_found *out, const void *head, size_t len);

/* Whether a specification "LABEL=x" or "UUID=x" names it. UUIDs without
 * regard to case. */
bool rootfs_is(const struct rootfs_found *found, const char *spec);

#endif
