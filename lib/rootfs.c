/* rootfs.c: the file systems that a root may be, and their superblocks. */
#include "lib/rootfs.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "lib/fmt.h"
#include "lib/lib.h"

/* Offsets are from the disk's beginning. */
static const struct row {
	struct rootfs fs;
	uint32_t magic_at;
	uint32_t uuid_at;  /* 0: none */
	uint32_t label_at; /* 0: none */
	uint16_t label_len;
	uint8_t magic_len; /* 0: not told by a superblock */
	char magic[8];
} rows[] = {
	{ { "ext4", GUEST_FS_EXT4, ROOTFS_DISK }, 1080, 1128, 1144, 16, 2, "\x53\xef" },
	{ { "ext3", GUEST_FS_EXT4, ROOTFS_DISK }, 0, 0, 0, 0, 0, "" },
	{ { "ext2", GUEST_FS_EXT4, ROOTFS_DISK }, 0, 0, 0, 0, 0, "" },
	{ { "xfs", GUEST_FS_XFS, ROOTFS_DISK }, 0, 32, 108, 12, 4, "XFSB" },
	{ { "btrfs", GUEST_FS_BTRFS, ROOTFS_DISK }, 65600, 65568, 65835, 256, 8, "_BHRfS_M" },
	{ { "squashfs", GUEST_FS_SQUASHFS, ROOTFS_DISK_READ_ONLY }, 0, 0, 0, 0, 4, "hsqs" },
	{ { "erofs", GUEST_FS_EROFS, ROOTFS_DISK_READ_ONLY },
	  1024,
	  1072,
	  1088,
	  16,
	  4,
	  "\xe2\xe1\xf5\xe0" },
	{ { "iso9660", GUEST_FS_ISO9660, ROOTFS_DISK_READ_ONLY },
	  32768,
	  0,
	  32808,
	  32,
	  6,
	  "\001CD001" },
	{ { "9p", GUEST_9P, ROOTFS_SHARED }, 0, 0, 0, 0, 0, "" },
	{ { "virtiofs", GUEST_VIRTIOFS, ROOTFS_SHARED }, 0, 0, 0, 0, 0, "" },
	{ { "LVM", GUEST_DISK, ROOTFS_FOREIGN }, 536, 0, 0, 0, 8, "LVM2 001" },
	{ { "LUKS", GUEST_DISK, ROOTFS_FOREIGN }, 0, 0, 0, 0, 6, "LUKS\xba\xbe" },
};

const struct rootfs *rootfs_named(const char *type)
{
	for (size_t i = 0; i < array_len(rows); i++)
		if (strcmp(rows[i].fs.type, type) == 0)
			return &rows[i].fs;
	return NULL;
}

unsigned rootfs_groups(const struct rootfs *fs)
{
	unsigned groups = 0;

	if (!fs) {
		for (size_t i = 0; i < array_len(rows); i++)
			if (rows[i].fs.kind != ROOTFS_SHARED)
				groups |= rootfs_groups(&rows[i].fs);
		return groups;
	}
	groups = 1U << fs->group | 1U << GUEST_OVERLAY; /* any may be full */
	if (fs->kind != ROOTFS_SHARED)
		groups |= 1U << GUEST_DISK;
	return groups;
}

/* --- what a superblock says ------------------------------------------------------ */

static void uuid_print(char out[37], const uint8_t *u)
{
	size_t at = 0;

	for (int i = 0; i < 16; i++)
		at += fmt(out + at, 37 - at, "%s%02x",
			  i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
}

static void label_copy(char *out, const uint8_t *label, size_t len)
{
	len = strnlen((const char *)label, len);
	while (len > 0 && label[len - 1] == ' ')
		len--;
	memcpy(out, label, len);
	out[len] = '\0';
}

static bool row_matches(const struct row *r, const uint8_t *head, size_t len)
{
	return r->magic_len && r->magic_at + r->magic_len <= len &&
	       memcmp(head + r->magic_at, r->magic, r->magic_len) == 0;
}

bool rootfs_probe(struct rootfs_found *out, const void *head, size_t len)
{
	const uint8_t *bytes = head;

	*out = (struct rootfs_found){ .fs = NULL };
	for (size_t i = 0; i < array_len(rows); i++) {
		const struct row *r = &rows[i];

		if (!row_matches(r, bytes, len))
			continue;
		out->fs = &r->fs;
		if (r->uuid_at && r->uuid_at + 16 <= len)
			uuid_print(out->uuid, bytes + r->uuid_at);
		if (r->label_at + r->label_len <= len)
			label_copy(out->label, bytes + r->label_at, r->label_len);
		return true;
	}
	return false;
}

bool rootfs_is(const struct rootfs_found *found, const char *spec)
{
	if (strncmp(spec, "LABEL=", 6) == 0)
		return spec[6] && strcmp(spec + 6, found->label) == 0;
	if (strncmp(spec, "UUID=", 5) == 0)
		return spec[5] && strcasecmp(spec + 5, found->uuid) == 0;
	return false;
}
