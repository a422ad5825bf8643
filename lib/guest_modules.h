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

enum guest_group {
	GUEST_BUS,
	GUEST_DISK,
	GUEST_FS_EXT4, /* ext2, ext3 and ext4 */
	GUEST_FS_XFS,
	GUEST_FS_BTRFS,
	GUEST_FS_SQUASHFS,
	GUEST_FS_EROFS,
	GUEST_FS_ISO9660,
	GUEST_OVERLAY, /* a root that is not written to */
	GUEST_9P,      /* drives, or the root, as virtio-9p */
	GUEST_VIRTIOFS,
	GUEST_NET,
	GUEST_LINK, /* virtio-serial, for the link to the host */
	GUEST_VSOCK,
	GUEST_RNG,
	GUEST_BINFMT,
};

/* X(group, name), in the order in which they are loaded. A file system, or
 * libcrc32c on its behalf, finds its checksum by name at run time: modules.dep
 * does not know of it (modules.softdep does), and the kernel would ask for a
 * modprobe that is not there yet. SHA-256 is always built in. */
#define GUEST_MODULES(X)                             \
	X(GUEST_BUS, "virtio_pci")                   \
	X(GUEST_BUS, "virtio_mmio")                  \
	X(GUEST_DISK, "virtio_blk")                  \
	X(GUEST_FS_EXT4, "crc32c_generic")           \
	X(GUEST_FS_EXT4, "ext4")                     \
	X(GUEST_FS_XFS, "crc32c_generic")            \
	X(GUEST_FS_XFS, "xfs")                       \
	X(GUEST_FS_BTRFS, "crc32c_generic")          \
	X(GUEST_FS_BTRFS, "xxhash_generic")          \
	X(GUEST_FS_BTRFS, "blake2b_generic")         \
	X(GUEST_FS_BTRFS, "btrfs")                   \
	X(GUEST_FS_SQUASHFS, "squashfs")             \
	X(GUEST_FS_EROFS, "crc32c_generic")          \
	X(GUEST_FS_EROFS, "erofs")                   \
	X(GUEST_FS_ISO9660, "isofs")                 \
	X(GUEST_OVERLAY, "overlay")                  \
	X(GUEST_9P, "9pnet_virtio")                  \
	X(GUEST_9P, "9p")                            \
	X(GUEST_VIRTIOFS, "virtiofs")                \
	X(GUEST_NET, "virtio_net")                   \
	X(GUEST_LINK, "virtio_console")              \
	X(GUEST_VSOCK, "vmw_vsock_virtio_transport") \
	X(GUEST_RNG, "virtio_rng")                   \
	X(GUEST_BINFMT, "binfmt_misc")

#endif
