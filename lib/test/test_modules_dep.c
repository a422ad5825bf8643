/* test_modules_dep.c: modules are found by name, and loaded in the right order. */
#include "lib/modules_dep.h"

#include <string.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static const char deps[] = "kernel/drivers/char/hw_random/virtio-rng.ko:\n"
			   "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko\n"
			   "garbage without a colon\n"
			   "kernel/fs/xfs/xfs.ko.xz: kernel/lib/a.ko.xz  kernel/lib/b.ko.xz \n"
			   "kernel/fs/ext4.ko/other.ko:\n"
			   "kernel/fs/named-by-mistake.txt: kernel/x.ko\n"
			   "kernel/a.kote.ko.zst:\n"
			   ".ko:\n"
			   ":\n"
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
		{ "a.kote", "kernel/a.kote.ko.zst" },
		{ "a", NULL },
		{ "named_by_mistake", NULL },
		{ "named_by_mistake.txt", NULL },
		{ "ext", NULL },
		{ "ext4_", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		const struct piece text = { deps, sizeof(deps) - 1 };
		struct module_dep line;
		struct piece need;
		char got[256];
		size_t at;

		assert_int_equal(modules_dep_find(text, rows[i].name, &line), rows[i].want != NULL);
		if (!rows[i].want)
			continue;
		at = fmt(got, sizeof(got), "%.*s", (int)line.path.len, line.path.at);
		while (modules_dep_last(&line.needs, &need))
			at += fmt(got + at, sizeof(got) - at, " %.*s", (int)need.len, need.at);
		assert_string_equal(got, rows[i].want);
	}
}

static void test_next(void **state)
{
	static const char *const want[] = { "virtio-rng.ko", "ext4.ko", "xfs.ko.xz", "other.ko",
					    "mistake.txt",   "ko.zst",  ".ko",       "",
					    "top.ko" };
	struct piece text = { deps, sizeof(deps) - 1 };
	struct module_dep line;
	size_t i;

	(void)state;
	for (i = 0; modules_dep_next(&text, &line); i++) {
		assert_true(i < array_len(want) && line.path.len >= strlen(want[i]));
		assert_memory_equal(line.path.at + line.path.len - strlen(want[i]), want[i],
				    strlen(want[i]));
	}
	assert_int_equal(i, array_len(want));
	assert_int_equal(text.len, 0);
	assert_false(modules_dep_next(&(struct piece){ NULL, 0 }, &line));
}

static void test_name(void **state)
{
	char name[8];

	(void)state;
	module_name((struct piece){ "a/b/virtio-rng.ko.zst", 21 }, name, sizeof(name));
	assert_string_equal(name, "virtio_");
	module_name((struct piece){ "x-y.ko", 6 }, name, sizeof(name));
	assert_string_equal(name, "x_y");
	module_name((struct piece){ "x-y.c", 5 }, name, sizeof(name));
	assert_string_equal(name, "");
	module_name((struct piece){ "", 0 }, name, sizeof(name));
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
	assert_int_equal(module_unsigned(whole, sizeof(whole) - 1), 3);
	assert_int_equal(module_unsigned(whole, sizeof(whole) - 2), sizeof(whole) - 2);
	assert_int_equal(module_unsigned(huge, sizeof(huge) - 1), sizeof(huge) - 1);
	assert_int_equal(module_unsigned(all, sizeof(all) - 1), 0);
	assert_int_equal(module_unsigned(cut, sizeof(cut) - 1), sizeof(cut) - 1);
	assert_int_equal(module_unsigned("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_unsigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
