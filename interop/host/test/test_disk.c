/* test_disk.c: virtual disks, told by their own bytes. */
#include "interop/host/disk.h"

#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"
#include "lib/test/cmocka_all.h"

enum { HEAD = 16 * 1024 };

static void test_names(void **state)
{
	static const struct {
		const char *name, *qemu;
		enum disk_format format;
	} rows[] = {
		{ "raw", "raw", DISK_RAW },    { "qcow2", "qcow2", DISK_QCOW2 },
		{ "vhdx", "vhdx", DISK_VHDX }, { "vhd", "vpc", DISK_VHD },
		{ "vmdk", "vmdk", DISK_VMDK }, { "vdi", "vdi", DISK_VDI },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(disk_format_named(rows[i].name), rows[i].format);
		assert_int_equal(disk_format_named(rows[i].qemu), rows[i].format);
		assert_string_equal(disk_format_name(rows[i].format), rows[i].name);
		assert_string_equal(disk_format_of_qemu(rows[i].format), rows[i].qemu);
		assert_non_null(strstr(DISK_FORMATS, rows[i].name));
	}
	assert_int_equal(disk_format_named("nbd"), DISK_NONE);
	assert_int_equal(disk_format_named(""), DISK_NONE);
}

/* Bytes at an offset; a row's array ends with one of length 0. */
struct piece_at {
	size_t at, len;
	const char *bytes;
};

#define QCOW2                           \
	{                               \
		0, 8, "QFI\xfb\0\0\0\3" \
	}
#define QCOW2_1                         \
	{                               \
		0, 8, "QFI\xfb\0\0\0\2" \
	}
#define VHD(type)                    \
	{ 0, 8, "conectix" },        \
	{                            \
		60, 4, "\0\0\0" type \
	}
#define VMDK                                \
	{ 0, 4, "KDMV" },                   \
	{                                   \
		12, 8, "\0\x50\0\0\0\0\0\0" \
	}
#define VDI(type)                      \
	{ 64, 4, "\x7f\x10\xda\xbe" }, \
	{                              \
		76, 4, type "\0\0\0"   \
	}

static void test_table(void **state)
{
	static const struct {
		struct piece_at put[4];
		const char *other;
		enum disk_format format;
		bool difference, stream;
	} rows[] = {
		{ { { 0, 5, "hello" } }, NULL, DISK_NONE, false, false },
		{ { QCOW2 }, NULL, DISK_QCOW2, false, false },
		{ { QCOW2, { 8, 1, "\1" } }, "backing file", DISK_QCOW2, false, false },
		{ { QCOW2, { 15, 1, "\1" } }, "backing file", DISK_QCOW2, false, false },
		{ { QCOW2_1, { 8, 1, "\1" } }, "backing file", DISK_QCOW2, false, false },
		{ { QCOW2, { 79, 1, "\4" } }, "data file", DISK_QCOW2, false, false },
		{ { QCOW2, { 79, 1, "\1" } }, NULL, DISK_QCOW2, false, false },
		{ { QCOW2_1, { 79, 1, "\4" } }, NULL, DISK_QCOW2, false, false },
		{ { { 0, 8, "vhdxfile" } }, NULL, DISK_VHDX, false, false },
		{ { VHD("\3") }, NULL, DISK_VHD, false, false },
		{ { VHD("\4") }, NULL, DISK_VHD, true, false },
		{ { VMDK }, NULL, DISK_VMDK, false, false },
		{ { VMDK, { 10, 1, "\1" } }, NULL, DISK_VMDK, false, true },
		{ { VMDK, { 600, 20, "parentFileNameHint=\"" } },
		  "parent",
		  DISK_VMDK,
		  false,
		  false },
		{ { VMDK, { 10730, 18, "parentFileNameHint" } },
		  "parent",
		  DISK_VMDK,
		  false,
		  false },
		{ { VMDK, { 600, 17, "parentFileNameHin" } }, NULL, DISK_VMDK, false, false },
		/* no size: the text in it names the files */
		{ { { 0, 4, "KDMV" } }, "extent", DISK_VMDK, false, false },
		{ { { 0, 22, "# Disk DescriptorFile\n" } }, "extent", DISK_VMDK, false, false },
		{ { VDI("\1") }, NULL, DISK_VDI, false, false },
		{ { VDI("\2") }, NULL, DISK_VDI, false, false },
		{ { VDI("\4") }, NULL, DISK_VDI, true, false },
		{ { VDI("\1"), { 0x1c7, 1, "\1" } }, NULL, DISK_VDI, true, false },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		uint8_t *head = calloc(1, HEAD);
		const char *other;

		for (const struct piece_at *p = rows[i].put; p->len; p++)
			memcpy(head + p->at, p->bytes, p->len);
		other = disk_other_file(head, HEAD);
		assert_int_equal(disk_probe(head, HEAD), rows[i].format);
		assert_string_equal(other ? other : "none", rows[i].other ? rows[i].other : "none");
		assert_int_equal(disk_is_difference(head, HEAD), rows[i].difference);
		assert_int_equal(disk_is_stream(head, HEAD), rows[i].stream);
		free(head);
	}
}

static void test_short(void **state)
{
	(void)state;
	assert_int_equal(disk_probe((const uint8_t *)"vhdxfil", 7), DISK_NONE);
	assert_null(disk_other_file((const uint8_t *)"QFI\xfb", 4));
	assert_null(disk_other_file((const uint8_t *)"KDMV", 4));
	assert_string_equal(disk_other_file((const uint8_t *)"# Disk DescriptorFile", 21),
			    "extent");
	assert_false(disk_is_difference((const uint8_t *)"conectix", 8));
	assert_false(disk_is_stream((const uint8_t *)"KDMV", 4));
	assert_int_equal(disk_probe((const uint8_t *)"", 0), DISK_NONE);
}

static void test_tail(void **state)
{
	uint8_t tail[DISK_TAIL] = "conectix";
	uint32_t sum = 2;

	(void)state;
	tail[63] = 2;
	assert_false(disk_tail_is_vhd(tail));
	for (size_t i = 0; i < 8; i++)
		sum += tail[i];
	sum = ~sum;
	for (int i = 0; i < 4; i++)
		tail[64 + i] = (uint8_t)(sum >> (24 - 8 * i));
	assert_true(disk_tail_is_vhd(tail));
	tail[63] = 3;
	tail[67]--;
	assert_false(disk_tail_is_vhd(tail)); /* its data would be elsewhere */
}

static const uint8_t regions[] = {
	'r',  'e',  'g',  'i',  0,    0,    0,    0,    2,    0,    0,    0,    0,    0,
	0,    0,    0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42, 0x9d, 0x64, 0x11, 0x5e,
	0x9b, 0xfd, 0x4a, 0x08, 0,    0,    0x20, 0,    0,    0,    0,    0,    0,    0,
	0x10, 0,    0,    0,    0,    0,    0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
	0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e, 0,    0,    0x30, 0,    1,    0,
	0,    0,    0,    0,    0x10, 0,    0,    0,    0,    0,
};

static void test_vhdx_regions(void **state)
{
	uint8_t table[sizeof(regions)];

	(void)state;
	memcpy(table, regions, sizeof(table));
	assert_true(disk_vhdx_metadata(table, sizeof(table)) == 0x100300000);
	for (size_t len = 0; len < sizeof(table); len++)
		assert_true(disk_vhdx_metadata(table, len) == 0);
	table[0] = 'R';
	assert_true(disk_vhdx_metadata(table, sizeof(table)) == 0);
}

static void test_vhdx_metadata(void **state)
{
	static const uint8_t entry[] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43,
					 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44,
					 0xe7, 0x6b, 96,   0,    0,    0,    8 };
	uint8_t table[104] = "metadata";

	(void)state;
	memcpy(table + 32, "another item's GUID", 16);
	memcpy(table + 64, entry, sizeof(entry));
	table[100] = 1; /* blocks stay allocated */
	assert_false(disk_vhdx_is_difference(table, sizeof(table)));
	table[100] = 2;
	assert_true(disk_vhdx_is_difference(table, sizeof(table)));
	assert_false(disk_vhdx_is_difference(table, 100));
	table[80] = 0xff;
	assert_false(disk_vhdx_is_difference(table, sizeof(table)));
	table[80] = 96;
	table[0] = 'M';
	assert_false(disk_vhdx_is_difference(table, sizeof(table)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),        cmocka_unit_test(test_table),
		cmocka_unit_test(test_short),        cmocka_unit_test(test_tail),
		cmocka_unit_test(test_vhdx_regions), cmocka_unit_test(test_vhdx_metadata),
	};

	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
