/* test_image.c: what an image is, by its first bytes; names; cpio. */
#include "interop/host/posix/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/host/posix/initramfs.h"
#include "lib/lib.h"
#include "lib/rootfs.h"
#include "lib/test/cmocka_all.h"

static void test_probe(void **state)
{
	static const struct {
		size_t offset;
		const char *bytes;
		enum image_kind kind;
		unsigned has; /* a group that must be asked for */
	} rows[] = {
		{ 0, "QFI\xfb", IMAGE_DISK, GUEST_FS_BTRFS },
		{ 0x438, "\x53\xef", IMAGE_DISK, GUEST_FS_EXT4 },
		{ 0, "XFSB", IMAGE_DISK, GUEST_FS_XFS },
		{ 0x10040, "_BHRfS_M", IMAGE_DISK, GUEST_FS_BTRFS },
		{ 0, "hsqs", IMAGE_DISK, GUEST_FS_SQUASHFS },
		{ 1024, "\xe2\xe1\xf5\xe0", IMAGE_DISK, GUEST_FS_EROFS },
		{ 510, "\x55\xaa", IMAGE_DISK, GUEST_FS_XFS },
		{ 0x8000, "\001CD001", IMAGE_DISK, GUEST_FS_ISO9660 },
		{ 257, "ustar", IMAGE_TAR, 32 },
		{ 0, "\x1f\x8b\x08", IMAGE_TAR, 32 },
		{ 0,
		  "\xfd"
		  "7zXZ",
		  IMAGE_TAR, 32 },
		{ 536, "LVM2 001", IMAGE_FOREIGN, 32 },
		{ 0, "LUKS\xba\xbe", IMAGE_FOREIGN, 32 },
		{ 0, "hello", IMAGE_UNKNOWN, 32 },
	};
	uint8_t *head = calloc(1, ROOTFS_HEAD);
	enum disk_format format;
	unsigned groups;

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		size_t len = strlen(rows[i].bytes);

		memcpy(head + rows[i].offset, rows[i].bytes, len);
		groups = 0;
		assert_int_equal(image_probe(head, ROOTFS_HEAD, &format, &groups), rows[i].kind);
		assert_true(rows[i].has == 32 || groups & 1U << rows[i].has);
		/* One byte short it is not seen. */
		assert_int_equal(image_probe(head, rows[i].offset + len - 1, &format, &groups),
				 IMAGE_UNKNOWN);
		memset(head, 0, ROOTFS_HEAD);
	}
	free(head);
}

/* A compressed tar is one whatever its later bytes look like. */
static void test_compressed_first(void **state)
{
	uint8_t *head = calloc(1, ROOTFS_HEAD);
	enum disk_format format;
	unsigned groups;

	(void)state;
	memcpy(head, "\x1f\x8b\x08", 3);
	memcpy(head + 0x438, "\x53\xef", 2);
	memcpy(head + 510, "\x55\xaa", 2);
	assert_int_equal(image_probe(head, ROOTFS_HEAD, &format, &groups), IMAGE_TAR);
	free(head);
}

static void test_name(void **state)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "/a/debian.ext4", "debian" },
		{ "my image.tar.gz", "my-image" },
		{ "/", "guest" },
		{ "/x/.hidden", "guest" },
		{ "--x_y--", "x-y" },
		{ "/a/b/caf\xc3\xa9.img", "caf" },
		{ "0123456789abcdef", "0123456789abcde" },
	};
	char name[16];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		image_name(name, sizeof(name), rows[i].path);
		assert_string_equal(name, rows[i].want);
	}
}

static const char deps[] = "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/jbd2/jbd2.ko\n"
			   "kernel/drivers/char/hw_random/virtio-rng.ko:\n"
			   "kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz\n"
			   "no colon here ext4.ko\n"
			   "kernel/lib/crc16.ko:";

static void test_cpio_header(void **state)
{
	const struct cpio_entry entry = { 7, S_IFREG | 0755, 0x1234, "init" };
	char out[256];

	(void)state;
	assert_int_equal(cpio_header(out, sizeof(out), &entry), 116);
	assert_memory_equal(out,
			    "070701"
			    "00000007"
			    "000081ed"
			    "00000000"
			    "00000000"
			    "00000001"
			    "00000000"
			    "00001234"
			    "00000000"
			    "00000000"
			    "00000000"
			    "00000000"
			    "00000005"
			    "00000000"
			    "init\0",
			    115);
	assert_int_equal(cpio_header(out, 115, &entry), -ENAMETOOLONG);
}

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[512];

	fmt(path, sizeof(path), "%s/%s", dir, name);
	*strrchr(path, '/') = '\0';
	assert_int_equal(dir_make(path, 0700), 0);
	path[strlen(path)] = '/';
	assert_int_equal(file_create(path, text, 0600), 0);
}

/* Names of an archive, in order. */
static void cpio_names(const char *text, size_t len, char *out, size_t size)
{
	struct writer w;
	size_t at = 0, name, file;
	char field[9] = "";

	writer_init(&w, out, size);
	while (at + 110 < len) {
		memcpy(field, text + at + 94, 8);
		name = strtoul(field, NULL, 16);
		memcpy(field, text + at + 54, 8);
		file = strtoul(field, NULL, 16);
		write_bytes(&w, text + at + 110, name - 1);
		write_u8(&w, ' ');
		at = (at + 110 + name + 3) & ~(size_t)3;
		at = (at + file + 3) & ~(size_t)3;
	}
	write_u8(&w, 0);
	assert_int_equal(at, len);
}

static void test_archive(void **state)
{
	char dir[] = "/tmp/test_image.XXXXXX", modules[64], init[64], out[64], names[1024], *text;
	struct initramfs initramfs = { .init = init,
				       .modules = modules,
				       .groups = 1U << GUEST_FS_EXT4 | 1U << GUEST_LINK };
	struct fault why = { 0 };
	ssize_t len;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fmt(modules, sizeof(modules), "%s/6.1", dir);
	fmt(init, sizeof(init), "%s/init", dir);
	fmt(out, sizeof(out), "%s/out", dir);
	put_file(dir, "init", "#!");
	put_file(modules, "modules.dep", deps);
	put_file(modules, "kernel/fs/ext4/ext4.ko", "e");
	put_file(modules, "kernel/lib/crc16.ko", "cc");
	put_file(modules, "kernel/fs/jbd2/jbd2.ko", "jjjj");
	assert_int_equal(initramfs_write(out, &initramfs, &why), 0);
	len = file_load(out, &text);
	assert_true(len > 0);
	cpio_names(text, (size_t)len, names, sizeof(names));
	assert_string_equal(names,
			    "dev etc etc/initrd-release init lib lib/modules lib/modules/6.1 "
			    "lib/modules/6.1/modules.dep lib/modules/6.1/kernel "
			    "lib/modules/6.1/kernel/fs lib/modules/6.1/kernel/fs/ext4 "
			    "lib/modules/6.1/kernel/fs/ext4/ext4.ko lib/modules/6.1/kernel/fs/jbd2 "
			    "lib/modules/6.1/kernel/fs/jbd2/jbd2.ko lib/modules/6.1/kernel/lib "
			    "lib/modules/6.1/kernel/lib/crc16.ko TRAILER!!! ");
	assert_null(memmem(text, (size_t)len, "9pnet", 5));
	free(text);
	initramfs.key = "own = 1";
	initramfs.key_len = 7;
	assert_int_equal(initramfs_write(out, &initramfs, &why), 0);
	len = file_load(out, &text);
	cpio_names(text, (size_t)len, names, sizeof(names));
	assert_non_null(strstr(names, " init landbridge.key lib "));
	assert_non_null(memmem(text, (size_t)len, "own = 1", 7));
	free(text);
	fmt(names, sizeof(names), "%s/kernel/lib/crc16.ko", modules);
	assert_int_equal(unlink(names), 0);
	assert_int_equal(initramfs_write(out, &initramfs, &why), -1);
	assert_non_null(strstr(why.text, "crc16.ko"));
	fmt(names, sizeof(names), "rm -rf %s", dir);
	assert_int_equal(system(names), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),   cmocka_unit_test(test_compressed_first),
		cmocka_unit_test(test_name),    cmocka_unit_test(test_cpio_header),
		cmocka_unit_test(test_archive),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
