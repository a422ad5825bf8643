/* test_mounts.c: what a mount table says of a device. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "lib/lib.h"
#include "lib/test/mounts.h"
#include "p9d/posix_mounts.h"
#include "p9d/test/client.h"

#define TABLE                                                                \
	"21 1 253:0 / / rw,relatime - ext4 /dev/vda rw\n"                    \
	"22 21 0:20 / /proc rw - proc proc rw\n"                             \
	"30 21 0:41 / /mnt/c rw,relatime shared:9 - 9p C: rw,trans=virtio\n" \
	"31 21 0:42 /sub /mnt/d rw - virtiofs D: rw\n"                       \
	"32 21 0:43 / /mnt/e rw - 9pfake x rw\n"                             \
	"33 21 0:44 / /mnt/0:41 rw - tmpfs 9p rw\n"                          \
	"36 21 0:46 / /mnt/h rw - fuse.drvfs C: rw,user_id=0\n"              \
	"37 21 0:47 / /mnt/i rw - fuse.drvfs2 C: rw,user_id=0\n"             \
	"38 21 0:48 / /mnt/j rw - fuse drvfs rw,user_id=0\n"                 \
	"34 21 0:4 / /mnt/f rw - fuse.virtiofs virtiofs rw\n"                \
	"35 21 0:45 / /mnt/g rw - 9p last rw"

static void test_text(void **state)
{
	static const struct {
		unsigned major, minor;
		bool hosts;
	} cases[] = {
		{ 253, 0, false }, { 0, 20, false }, { 0, 41, true },  { 0, 42, true },
		{ 0, 43, false },  { 0, 44, false }, { 0, 4, false },  { 0, 45, true },
		{ 0, 46, true },   { 0, 47, false }, { 0, 48, false }, { 0, 99, false },
		{ 3, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++)
		want(fs_mounts_text_hosts(TABLE, makedev(cases[i].major, cases[i].minor)),
		     cases[i].hosts);
	want(fs_mounts_text_hosts("", makedev(0, 41)), false);
	want(fs_mounts_text_hosts(" 0:41 - 9p", makedev(0, 41)), false);
}

/* What was asked once is asked again only after a mount has come or gone. */
static int asks_again(void)
{
	struct posix_mounts m;
	struct stat st;

	if (fs_mounts_init(&m) < 0 || stat("/proc", &st) < 0)
		return 1;
	for (int i = 0; i < 3; i++)
		if (fs_mounts_hosts(&m, st.st_dev) || m.count != 1)
			return 2;
	m.known[0].hosts = true; /* a lie that only a new look ends */
	if (!fs_mounts_hosts(&m, st.st_dev))
		return 3;
	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
		return 6;
	if (fs_mounts_hosts(&m, st.st_dev) || m.count != 1)
		return 4;
	for (dev_t dev = 1; dev < 3 * POSIX_MOUNTS_KNOWN; dev++)
		if (fs_mounts_hosts(&m, makedev(4000, dev)) || m.count > POSIX_MOUNTS_KNOWN)
			return 5;
	fs_mounts_fini(&m);
	return 0;
}

static void test_asks_again(void **state)
{
	(void)state;
	mounts_apart(NULL, asks_again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_asks_again),
	};

	return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
