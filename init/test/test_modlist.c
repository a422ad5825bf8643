/* test_modlist.c: modules are found by name, and loaded in the right order. */
#include "init/modlist.h"

#include <string.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static const char deps[] = "kernel/drivers/char/hw_random/virtio-rng.ko:\n"
			   "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko\n"
			   "garbage without a colon\n"
			   "kernel/fs/xfs/xfs.ko.xz: kernel/lib/a.ko.xz  kernel/lib/b.ko.xz \n"
			   "kernel/fs/ext4.ko/other.ko:\n"
			   "top.ko: a.ko";

static void test_find(void **state)
{
	/* path, then what to load in that order */
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "virtio_rng", "kernel/drivers/char/hw_random/virtio-rng.ko" },
		{ "virtio-rng", "kernel/drivers/char/hw_random/virtio-rng.ko" },
		{ "ext4", "kernel/fs/ext4/ext4.ko kernel/lib/crc16.ko kernel/fs/jbd2/jbd2.ko" },
		{ "xfs", "kernel/fs/xfs/xfs.ko.xz kernel/lib/b.ko.xz kernel/lib/a.ko.xz" },
		{ "other", "kernel/fs/ext4.ko/other.ko" },
		{ "top", "top.ko a.ko" },
		{ "a", NULL },
		{ "ext", NULL },
		{ "ext4_", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct piece path, needs, need;
		char got[256];
		size_t at;

		assert_int_equal(modlist_find(deps, sizeof(deps) - 1, rows[i].name, &path, &needs),
				 rows[i].want != NULL);
		if (!rows[i].want)
			continue;
		at = fmt(got, sizeof(got), "%.*s", (int)path.len, path.at);
		while (modlist_last(&needs, &need))
			at += fmt(got + at, sizeof(got) - at, " %.*s", (int)need.len, need.at);
		assert_string_equal(got, rows[i].want);
	}
}

static void test_name(void **state)
{
	char name[8];

	(void)state;
	modlist_name((struct piece){ "a/b/virtio-rng.ko.zst", 21 }, name, sizeof(name));
	assert_string_equal(name, "virtio_");
	modlist_name((struct piece){ "x-y.ko", 6 }, name, sizeof(name));
	assert_string_equal(name, "x_y");
	modlist_name((struct piece){ "", 0 }, name, sizeof(name));
	assert_string_equal(name, "");
}

static void test_unsigned(void **state)
{
#define END "~Module signature appended~\n"
	static const char whole[] = "ELF"
				    "sig!"
				    "\0\0\2\0\0\0\0\0"
				    "\0\0\0\4" END;
	static const char huge[] = "\0\0\0\0\0\0\0\0"
				   "\xff\xff\xff\xff" END;
	static const char all[] = "sig!"
				  "\0\0\0\0\0\0\0\0"
				  "\0\0\0\4" END;
	static const char cut[] = "\0\0\0\0" END;

	(void)state;
	assert_int_equal(modlist_unsigned(whole, sizeof(whole) - 1), 3);
	assert_int_equal(modlist_unsigned(whole, sizeof(whole) - 2), sizeof(whole) - 2);
	assert_int_equal(modlist_unsigned(huge, sizeof(huge) - 1), sizeof(huge) - 1);
	assert_int_equal(modlist_unsigned(all, sizeof(all) - 1), 0);
	assert_int_equal(modlist_unsigned(cut, sizeof(cut) - 1), sizeof(cut) - 1);
	assert_int_equal(modlist_unsigned("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_unsigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
