/* guest_modules.c: the kernel modules that /init asks for by name. */
#include "lib/guest_modules.h"

/* A file system, or libcrc32c on its behalf, finds its checksum by name at run
 * time: modules.dep does not know of it (modules.softdep does), and the kernel
 * would ask for a modprobe that is not there yet. SHA-256 is always built in. */
const struct guest_module guest_modules[] = {
	{ GUEST_BUS, "virtio_pci" },
	{ GUEST_BUS, "virtio_mmio" },
	{ GUEST_DISK, "virtio_blk" },
	{ GUEST_FS_EXT4, "crc32c_generic" },
	{ GUEST_FS_EXT4, "ext4" },
	{ GUEST_FS_XFS, "crc32c_generic" },
	{ GUEST_FS_XFS, "xfs" },
	{ GUEST_FS_BTRFS, "crc32c_generic" },
	{ GUEST_FS_BTRFS, "xxhash_generic" },
	{ GUEST_FS_BTRFS, "blake2b_generic" },
	{ GUEST_FS_BTRFS, "btrfs" },
	{ GUEST_FS_SQUASHFS, "squashfs" },
	{ GUEST_FS_EROFS, "crc32c_generic" },
	{ GUEST_FS_EROFS, "erofs" },
	{ GUEST_FS_ISO9660, "isofs" },
	{ GUEST_OVERLAY, "overlay" },
	{ GUEST_9P, "9pnet_virtio" },
	{ GUEST_9P, "9p" },
	{ GUEST_VIRTIOFS, "virtiofs" },
	{ GUEST_FUSE, "fuse" },
	{ GUEST_NET, "virtio_net" },
	{ GUEST_LINK, "virtio_console" },
	{ GUEST_VSOCK, "vmw_vsock_virtio_transport" },
	{ GUEST_RNG, "virtio_rng" },
	{ GUEST_BALLOON, "virtio_balloon" },
	{ GUEST_BUTTON, "button" },
	{ GUEST_BUTTON, "evdev" },
	{ GUEST_BINFMT, "binfmt_misc" },
	{ 0, "" },
};
