/* test_fsprobe.c: superblocks are told apart, labels and UUIDs are read. */
#include "init/fsprobe.h"

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
};

static void disk_write(uint8_t window[FSPROBE_WINDOWS][FSPROBE_WINDOW],
		       const struct piece_of_disk *p)
{
	for (int i = 0; i < FSPROBE_WINDOWS; i++)
		if (p->at >= fsprobe_offsets[i] && p->at < fsprobe_offsets[i] + FSPROBE_WINDOW)
			memcpy(window[i] + (p->at - fsprobe_offsets[i]), p->bytes, p->len);
}

static void test_probe(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		uint8_t window[FSPROBE_WINDOWS][FSPROBE_WINDOW] = { 0 };
		struct fsprobe fs;

		for (size_t p = 0; p < 3 && rows[i].pieces[p].bytes; p++)
			disk_write(window, &rows[i].pieces[p]);
		assert_int_equal(fsprobe(&fs, window), rows[i].type != NULL);
		if (!rows[i].type)
			continue;
		assert_string_equal(fs.type, rows[i].type);
		assert_string_equal(fs.label, rows[i].label);
		assert_string_equal(fs.uuid, rows[i].uuid);
	}
}

static void test_is(void **state)
{
	struct fsprobe fs = { "ext4", "root", "0a-f" }, bare = { "squashfs", "", "" };

	(void)state;
	assert_true(fsprobe_is(&fs, "LABEL=root"));
	assert_true(fsprobe_is(&fs, "UUID=0A-F"));
	assert_false(fsprobe_is(&fs, "LABEL=Root"));
	assert_false(fsprobe_is(&fs, "LABEL=roo"));
	assert_false(fsprobe_is(&fs, "/dev/vda"));
	assert_false(fsprobe_is(&bare, "LABEL="));
	assert_false(fsprobe_is(&bare, "UUID="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
