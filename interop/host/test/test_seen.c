/* test_seen.c: a disk without a root file system, told to a person. */
#include "interop/host/seen.h"

#include <string.h>

#include "lib/macros.h"
#include "lib/test/cmocka_all.h"

#define FIND "mount: unable to find a system in "
#define WHY ": No such file or directory (see landbridge.partition=, subvolume=)"

static void test_table(void **state)
{
	static const struct {
		const char *line, *want; /* NULL: as it is */
	} rows[] = {
		{ FIND "/dev/vda btrfs @data @home" WHY,
		  "no root file system: /dev/vda is btrfs with @data, @home (name the subvolume "
		  "with the system: --subvolume NAME)" },
		{ FIND "vda2 LVM /dev/vda1 ext4 lost+found grub vmlinuz" WHY,
		  "no root file system: vda2 is LVM; /dev/vda1 is ext4 with lost+found, grub, "
		  "vmlinuz (a system in LVM cannot be booted: copy its volume to a disk of its own)" },
		{ FIND "/dev/vda ext4" WHY,
		  "no root file system: /dev/vda is ext4 (name what has it: --partition N, "
		  "--subvolume DIR)" },
		{ FIND "/dev/vda ext4 a: No such b" WHY,
		  "no root file system: /dev/vda is ext4 with a:, No, such, b (name what has it: "
		  "--partition N, --subvolume DIR)" },
		{ "root: unable to find a file system on /dev/vda vda2 LUKS: No data "
		  "available (name it with rootfstype=)",
		  "no root file system: /dev/vda; vda2 is LUKS (an encrypted system cannot be "
		  "booted: copy it to a disk that is not)" },
		{ "root: unable to find a file system on /dev/vda: No data available (x)", NULL },
		{ FIND, NULL },
		{ FIND "   " WHY, NULL },
		{ FIND "names only" WHY, NULL },
		{ "mount: unable to mount /dev/vda (xfs) as root: Invalid argument (x)", NULL },
		{ "", NULL },
	};
	char out[400];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		bool told = seen_tell(out, sizeof(out), rows[i].line);

		assert_int_equal(told, rows[i].want != NULL);
		if (told)
			assert_string_equal(out, rows[i].want);
		seen_tell(out, 24, rows[i].line); /* cut, and never more */
		assert_non_null(memchr(out, 0, 24));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table) };

	return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
