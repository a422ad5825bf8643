/* test_rootfs.c: superblocks are told apart, labels and UUIDs are read; what a
 * root needs. */
#include "lib/rootfs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

struct piece_of_disk {
	uint32_t at; /* on the device */
	const char *bytes;
	size_t len;
};

#define BYTES(s) s, sizeof(s) - 1
#define UUID16 "\x01\x23\x45\x67\x89\xab\xcd\xef\x00\x11\x22\x33\x44\x55\x66\x77"
#define UUID_TEXT "01234567-89ab-cdef-0011-223344556677"

static const struct row {
	const char *type; /* NULL: not known */
	const char *label, *uuid;
	struct piece_of_disk pieces[3];
} rows[] = {
	{ NULL, "", "", { { 0, BYTES("") } } },
	{ NULL, "", "", { { 510, BYTES("\x55\xaa") } } },
	{ "ext4",
	  "root",
	  UUID_TEXT,
	  { { 1080, BYTES("\x53\xef") }, { 1128, BYTES(UUID16) }, { 1144, BYTES("root") } } },
	{ "ext4",
	  "sixteen-letters-",
	  UUID_TEXT,
	  { { 1080, BYTES("\x53\xef") },
	    { 1128, BYTES(UUID16) },
	    { 1144, BYTES("sixteen-letters-more") } } },
	{ "xfs",
	  "twelve-chars",
	  UUID_TEXT,
	  { { 0, BYTES("XFSB") }, { 32, BYTES(UUID16) }, { 108, BYTES("twelve-chars!") } } },
	{ "btrfs",
	  "pool",
	  UUID_TEXT,
	  { { 65600, BYTES("_BHRfS_M") }, { 65568, BYTES(UUID16) }, { 65835, BYTES("pool") } } },
	{ "squashfs", "", "", { { 0, BYTES("hsqs") } } },
	{ "erofs",
	  "ro",
	  UUID_TEXT,
	  { { 1024, BYTES("\xe2\xe1\xf5\xe0") }, { 1072, BYTES(UUID16) }, { 1088, BYTES("ro") } } },
	{ "iso9660",
	  "DEBIAN 12",
	  "",
	  { { 32768, BYTES("\x01"
			   "CD001") },
	    { 32808, BYTES("DEBIAN 12          ") } } },
	{ "LVM", "", "", { { 536, BYTES("LVM2 001") } } },
	{ "LUKS", "", "", { { 0, BYTES("LUKS\xba\xbe") } } },
};

/* Returns where the last piece ends. */
static size_t disk_write(uint8_t *disk, const struct row *row)
{
	size_t end = 0;

	memset(disk, 0, ROOTFS_HEAD);
	for (const struct piece_of_disk *p = row->pieces; p < row->pieces + 3 && p->bytes; p++) {
		assert_true(p->at + p->len <= ROOTFS_HEAD);
		memcpy(disk + p->at, p->bytes, p->len);
		end = p->at + p->len > end ? p->at + p->len : end;
	}
	return end;
}

static void test_probe(void **state)
{
	uint8_t *disk = malloc(ROOTFS_HEAD);
	struct rootfs_found found;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		disk_write(disk, &rows[i]);
		assert_int_equal(rootfs_probe(&found, disk, ROOTFS_HEAD), rows[i].type != NULL);
		if (!rows[i].type)
			continue;
		assert_string_equal(found.fs->type, rows[i].type);
		assert_string_equal(found.label, rows[i].label);
		assert_string_equal(found.uuid, rows[i].uuid);
	}
	free(disk);
}

/* A disk may end anywhere: what is beyond is not looked at (the sanitizer sees),
 * and without its whole magic it is not known. */
static void test_short(void **state)
{
	uint8_t *disk = malloc(ROOTFS_HEAD);

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const struct piece_of_disk *magic = &rows[i].pieces[0];
		size_t end = disk_write(disk, &rows[i]);

		for (size_t len = 1; rows[i].type && len <= end; len += len < 2048 ? 1 : 97) {
			uint8_t *cut = malloc(len);
			struct rootfs_found found;

			memcpy(cut, disk, len);
			assert_int_equal(rootfs_probe(&found, cut, len),
					 len >= magic->at + magic->len);
			free(cut);
		}
	}
	free(disk);
}

static void test_is(void **state)
{
	struct rootfs_found fs = { NULL, "root", "0a-f" }, bare = { NULL, "", "" };

	(void)state;
	assert_true(rootfs_is(&fs, "LABEL=root"));
	assert_true(rootfs_is(&fs, "UUID=0A-F"));
	assert_false(rootfs_is(&fs, "LABEL=Root"));
	assert_false(rootfs_is(&fs, "LABEL=roo"));
	assert_false(rootfs_is(&fs, "/dev/vda"));
	assert_false(rootfs_is(&bare, "LABEL="));
	assert_false(rootfs_is(&bare, "UUID="));
}

#define BIT(group) (1U << (group))

static void test_groups(void **state)
{
	static const struct {
		const char *type;
		unsigned groups;
	} want[] = {
		{ "ext2", BIT(GUEST_DISK) | BIT(GUEST_FS_EXT4) | BIT(GUEST_OVERLAY) },
		{ "xfs", BIT(GUEST_DISK) | BIT(GUEST_FS_XFS) | BIT(GUEST_OVERLAY) },
		{ "erofs", BIT(GUEST_DISK) | BIT(GUEST_FS_EROFS) | BIT(GUEST_OVERLAY) },
		{ "iso9660", BIT(GUEST_DISK) | BIT(GUEST_FS_ISO9660) | BIT(GUEST_OVERLAY) },
		{ "9p", BIT(GUEST_9P) | BIT(GUEST_OVERLAY) },
		{ "virtiofs", BIT(GUEST_VIRTIOFS) | BIT(GUEST_OVERLAY) },
	};
	unsigned any = rootfs_groups(NULL);

	(void)state;
	for (size_t i = 0; i < array_len(want); i++)
		assert_int_equal(rootfs_groups(rootfs_named(want[i].type)), want[i].groups);
	for (size_t i = 0; i < array_len(rows); i++)
		if (rows[i].type)
			assert_int_equal(rootfs_groups(rootfs_named(rows[i].type)) & ~any, 0);
	assert_int_equal(any & (BIT(GUEST_9P) | BIT(GUEST_VIRTIOFS) | BIT(GUEST_NET)), 0);
	assert_null(rootfs_named("ext5"));
	assert_null(rootfs_named(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_is),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
