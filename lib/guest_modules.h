/* guest_modules.h: the kernel modules that /init asks for by name.
 *
 * The host half puts these and what they need (modules.dep(5)) into the
 * initramfs; /init loads a group in the step that needs it and nothing else. A
 * name the kernel has built in, or does not know, is no error by itself.
 * Names have underscores; file names may have dashes instead.
 *
 * A group may be left out of an initramfs when it is known not to be needed:
 * FS_* when the root is no such file system, DISK when it is no disk.
 */
#ifndef LANDBRIDGE_LIB_GUEST_MODULES_H
#define LANDBRIDGE_LIB_GUEST_MODULES_H

#include <stdint.h>

enum guest_group {
	GUEST_BUS,
	GUEST_DISK,
	GUEST_FS_EXT4, /* ext2, ext3 and ext4 */
	GUEST_FS_XFS,
	GUEST_FS_BTRFS,
	GUEST_FS_SQUASHFS,
	GUEST_FS_EROFS,
	GUEST_FS_ISO9660,
	GUEST_OVERLAY, /* a root that is not written to, or is full */
	GUEST_9P,      /* drives, or the root, as virtio-9p */
	GUEST_VIRTIOFS,
	GUEST_FUSE, /* drives that come over the link */
	GUEST_NET,
	GUEST_LINK, /* virtio-serial, for the link to the host */
	GUEST_VSOCK,
	GUEST_RNG,
	GUEST_BALLOON, /* gives free memory back to the host */
	GUEST_BUTTON,  /* ACPI's power button, and what tells PID 1 of it */
	GUEST_BINFMT,
	GUEST_GROUPS
};

struct guest_module {
	uint8_t group;
	char name[27];
};

/* In the order in which they are loaded; the last has no name. */
extern const struct guest_module guest_modules[];

#endif
