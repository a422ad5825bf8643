/* initramfs.h: what the kernel unpacks first: /init and the modules it needs.
 *
 * An uncompressed cpio archive, "newc" (kernel document
 * driver-api/early-userspace/buffer-format):
 *     /init
 *     /landbridge.key                    0600, where the guest's link needs one
 *     /etc/initrd-release
 *     /lib/modules/RELEASE/modules.dep   only the lines of what is there
 *     /lib/modules/RELEASE/kernel/...    what lib/guest_modules.h asks for,
 *                                        with all that those depend on
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_INITRAMFS_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_INITRAMFS_H

#include <stdint.h>
#include <sys/types.h>

#include "interop/host/posix/where.h"

/* A newc header and the name after it, padded. Returns the length, or
 * -ENAMETOOLONG. mode has the file type's bits. Pure. */
struct cpio_entry {
	uint32_t ino, mode, size;
	const char *name;
};
ssize_t cpio_header(char *out, size_t size, const struct cpio_entry *entry);

struct initramfs {
	const char *init;    /* the file that becomes /init */
	const char *modules; /* a directory with modules.dep, named after its release; NULL: none */
	const char *key;     /* a key file's text, which becomes /landbridge.key; NULL: none */
	size_t key_len;
	unsigned groups; /* 1 << enum guest_group for each whose modules are wanted */
};

int initramfs_write(const char *path, const struct initramfs *initramfs, struct fault *why);

#endif
