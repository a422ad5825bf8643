/* fuzz_rootfs.c: superblocks. Input: the first bytes of a disk; a seed is a few
 * pieces {u32 offset, u16 length, bytes}, little-endian, put there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/rootfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t disk_make(uint8_t *disk, const uint8_t *data, size_t size)
{
	struct reader r;
	size_t end = 0;

	reader_init(&r, data, size);
	while (!r.bad) {
		uint32_t at = read_u32(&r) % ROOTFS_HEAD;
		uint16_t len = read_u16(&r);
		const void *bytes = read_bytes(&r, len);

		if (!bytes || at + len > ROOTFS_HEAD)
			break;
		memcpy(disk + at, bytes, len);
		end = at + len > end ? at + len : end;
	}
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t zeros[ROOTFS_HEAD];
	uint8_t *disk = malloc(ROOTFS_HEAD), *head;
	struct rootfs_found found;
	size_t len;

	memcpy(disk, zeros, ROOTFS_HEAD);
	len = disk_make(disk, data, size);
	head = malloc(len + 1); /* so that a look beyond is seen */
	memcpy(head, disk, len);
	if (rootfs_probe(&found, head, len) &&
	    (rootfs_named(found.fs->type) != found.fs ||
	     !memchr(found.label, 0, sizeof(found.label)) ||
	     (strlen(found.uuid) != 0 && strlen(found.uuid) != 36)))
		abort();
	free(head);
	free(disk);
	return 0;
}
