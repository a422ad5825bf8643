/* test_mounts.c: mountinfo text to mounts, and which mount a path lies on. */
#include <errno.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "pathconv/test/guest.h"

#define ROOT "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"

/* The drive that one mountinfo line behind ROOT shows; NULL: none. */
static const struct {
	const char *line, *drive;
} drives[] = {
	{ "30 22 0:50 / /mnt/c rw - 9p C: rw,trans=virtio", "C:" },
	{ "30 22 0:50 / /mnt/c rw - 9p c: rw", "c:" },
	{ "30 22 0:50 / /mnt/c rw - 9p C:\\134 rw", "C:" },
	{ "30 22 0:50 / /mnt/c rw - 9p C:/ rw", "C:" },
	{ "30 22 0:50 / /mnt/c rw - 9p C:\\134Users\\134me\\134 rw", "C:/Users/me" },
	{ "30 22 0:50 / /mnt/c rw - 9p C:\\134Program\\040Files rw", "C:/Program Files" },
	{ "30 22 0:50 / /mnt/c rw - 9p C:/a//b/../c/. rw", "C:/a/c" },
	{ "30 22 0:50 / /mnt/c rw - 9p C:\\134a\\134..\\134..\\134b rw", "C:/b" },
	{ "30 22 0:50 / /mnt/c rw - 9p \\134\\134?\\134C:\\134x rw", "C:/x" },
	{ "30 22 0:50 / /mnt/c rw - virtiofs D: rw", "D:" },
	{ "30 22 0:50 / /mnt/c rw - drvfs D:\\134 rw", "D:" },
	{ "30 22 0:50 / /mnt/c rw - fuse C: rw,user_id=0,group_id=0", "C:" },
	{ "30 22 0:50 / /mnt/c rw - fuse.landbridge C: rw,user_id=0,group_id=0", "C:" },
	/* our own, of the whole drive, and a directory of it bound elsewhere */
	{ "30 22 0:50 / /mnt/c rw,nosuid,nodev,noatime shared:7 - fuse.drvfs C: "
	  "rw,user_id=0,group_id=0,default_permissions,allow_other",
	  "C:" },
	{ "30 22 0:50 /dir /mnt/c rw - fuse.drvfs C: rw,user_id=0,group_id=0", "C:" },
	{ "30 22 0:50 /dir//deleted /mnt/c rw - fuse.drvfs C: rw,user_id=0", NULL },
	{ "30 22 0:50 / /mnt/c rw - fuse.drvfs C: rw,user_id=1000", NULL },
	{ "30 22 0:50 / /mnt/c rw - fuse.drvfs drvfs rw,user_id=0", NULL },
	{ "30 22 0:50 / /mnt/c rw - fuse.landbridge C: rw,user_id=1000,group_id=0", NULL },
	{ "30 22 0:50 / /mnt/c rw - fuse.landbridge C: rw,user_id=01", NULL },
	{ "30 22 0:50 / /mnt/c rw - fuse.landbridge C: rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - fusectl C: rw,user_id=0", NULL },
	{ "30 22 0:50 / /mnt/c rw - ext4 C: rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - tmpfs C: rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p2 C: rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p landbridge-root rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p C rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p C:x rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p CC: rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p 1: rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p  rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p /srv rw", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p \\134\\134srv\\134share rw", "//srv/share" },
	{ "30 22 0:50 / /mnt/c rw - drvfs //srv/share/dir/ rw", "//srv/share/dir" },
	{ "30 22 0:50 / /mnt/c rw - 9p // rw", NULL },
	/* WSL's own, as the kernel prints options since 6.x and before */
	{ "30 22 0:50 / /mnt/c rw - 9p drvfs rw,aname=drvfs;path\\075C:\\134;uid\\0751000,cache=5",
	  "C:" },
	{ "30 22 0:50 / /mnt/c rw - 9p drvfs rw,aname=drvfs;path=C:\\;uid=1000;symlinkroot=/mnt/",
	  "C:" },
	{ "30 22 0:50 / /mnt/c rw - 9p C:\\134 rw,aname=drvfs;path=D:\\134dir;metadata,trans=fd",
	  "D:/dir" },
	{ "30 22 0:50 / /mnt/c rw - 9p x rw,aname=drvfs;path=UNC\\134srv\\134share",
	  "//srv/share" },
	{ "30 22 0:50 / /mnt/c rw - 9p x rw,aname=drvfs;uid=0;path=E:", "E:" },
	{ "30 22 0:50 / /mnt/c rw - 9p x rw,aname=drvfs", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p x rw,aname=other;path=E:", NULL },
	{ "30 22 0:50 / /mnt/c rw - 9p E: rw,aname=other", "E:" },
	{ "30 22 0:50 / /mnt/c rw - 9p x rw,path=E:", NULL },
	/* with any number of optional fields, and none behind the source */
	{ "30 22 0:50 / /mnt/c rw shared:1 master:2 unbindable - 9p C: rw", "C:" },
	{ "30 22 0:50 / /mnt/c rw - 9p C:", "C:" },
	/* part of a drive; a part that is gone; a namespace */
	{ "30 22 0:50 /dir /mnt/c rw - 9p C: rw", "C:" },
	{ "30 22 0:50 /dir//deleted /mnt/c rw - 9p C: rw", NULL },
	{ "30 22 0:50 /dir/.. /mnt/c rw - 9p C: rw", NULL },
	{ "30 22 0:50 /... /mnt/c rw - 9p C: rw", "C:" },
	{ "30 22 0:50 mnt:[4026531840] /mnt/c rw - 9p C: rw", NULL },
};

static void test_drives(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(drives); i++) {
		struct guest g;
		char text[512];

		strcpy(text, ROOT);
		strcat(text, drives[i].line);
		guest_make(&g, text);
		assert_int_equal(g.mounts.count, 2);
		assert_string_equal(g.at[1].point, "/mnt/c");
		if (strstr(drives[i].line, " - fuse ") || strstr(drives[i].line, " - fuse."))
			assert_string_equal(g.at[1].fuse, "0:50");
		else
			assert_null(g.at[1].fuse);
		if (drives[i].drive == NULL && g.at[1].drive != NULL)
			fail_msg("%s: is no drive, got %s", drives[i].line, g.at[1].drive);
		if (drives[i].drive == NULL)
			continue;
		if (g.at[1].drive == NULL)
			fail_msg("%s: is a drive", drives[i].line);
		assert_string_equal(g.at[1].drive, drives[i].drive);
	}
}

static const char *const malformed[] = {
	"",
	"30",
	"30 22 0:50 / /mnt/c",
	"30 22 0:50 / /mnt/c rw",
	"30 22 0:50 / /mnt/c rw shared:1",
	"30 22 0:50 / /mnt/c rw -",
	"30 22 0:50 / /mnt/c rw - 9p",
	"30 22 0:50 / /mnt/c rw -  C: rw",
	"x 22 0:50 / /mnt/c rw - 9p C: rw",
	"30 -1 0:50 / /mnt/c rw - 9p C: rw",
	"30 22222222222 0:50 / /mnt/c rw - 9p C: rw",
	"30 22 0:50 / mnt/c rw - 9p C: rw",
	"30 22 0:50 /  rw - 9p C: rw",
	"30 22 0:50  /mnt/c rw - 9p C: rw",
	"30 22 0:50 / /mnt/../c rw - 9p C: rw",
	"30 22 0:50 / /mnt//c rw - 9p C: rw",
	"30 22 0:50 / /mnt/c/ rw - 9p C: rw",
	"30 22 0:50 / /mnt/. rw - 9p C: rw",
	"30 22 0:50 / // rw - 9p C: rw",
};

static void test_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(malformed); i++) {
		struct guest g;
		char text[512];

		strcpy(text, malformed[i]);
		strcat(text, "\n" ROOT);
		guest_make(&g, text);
		if (g.mounts.count != 1)
			fail_msg("taken for a mount: %s", malformed[i]);
		assert_string_equal(g.at[0].point, "/");
	}
}

static void test_fields(void **state)
{
	struct guest g;

	(void)state;
	guest_make(&g,
		   "30 22 0:50 /a\\040b /mnt/\\011\\012\\134\\303\\251\\\\040\\9 rw - 9p C: rw\n");
	assert_int_equal(g.mounts.count, 1);
	assert_int_equal(g.at[0].id, 30);
	assert_int_equal(g.at[0].parent, 22);
	assert_string_equal(g.at[0].root, "/a b");
	assert_string_equal(g.at[0].point, "/mnt/\t\n\\\303\251\\ \\9");
}

static void test_nul_and_zero(void **state)
{
	char text[] = "30 22 0:50 / /a\0b rw - 9p C: rw\n31 22 0:50 / /x\\000y rw - 9p D: rw\n";
	struct mount at[4];
	struct mounts m = { .at = at, .size = 4 };

	(void)state;
	assert_int_equal(mounts_parse(&m, text, sizeof(text) - 1), 0);
	assert_int_equal(m.count, 1);
	assert_string_equal(at[0].point, "/x\\000y");
}

static void test_too_many(void **state)
{
	char text[] = ROOT ROOT ROOT;
	struct mount at[3];
	struct mounts m = { .at = at, .size = 2 };

	(void)state;
	assert_int_equal(mounts_lines(text, sizeof(text) - 1), 4);
	assert_int_equal(mounts_parse(&m, text, sizeof(text) - 1), -ENOSPC);
}

/* Each table: "path=id" pairs after it; id 0: no mount. */
struct find {
	const char *path;
	int id;
};

static void check_find(const char *mountinfo, const struct find *rows, size_t count)
{
	struct guest g;

	guest_make(&g, mountinfo);
	for (size_t i = 0; i < count; i++) {
		const struct mount *m = mounts_find(&g.mounts, rows[i].path);

		if ((m == NULL ? 0 : m->id) != rows[i].id)
			fail_msg("%s: on mount %d, want %d", rows[i].path, m == NULL ? 0 : m->id,
				 rows[i].id);
	}
}

#define LINE(id, parent, point) #id " " #parent " 0:50 / " point " rw - tmpfs tmpfs rw\n"

static void test_find(void **state)
{
	static const struct find plain[] = {
		{ "/", 22 },       { "/mnt", 22 },     { "/mnt/c", 30 },     { "/mnt/c/x", 30 },
		{ "/mnt/cx", 22 }, { "/mnt/c/d", 31 }, { "/mnt/c/d/e", 31 }, { "/mnt/c/", 30 },
	};
	static const struct find hidden[] = { { "/mnt/c", 31 },
					      { "/mnt/c/x", 31 },
					      { "/mnt", 31 } };
	static const struct find above[] = { { "/mnt/c", 31 }, { "/mnt", 30 } };
	static const struct find stacked[] = { { "/mnt/c/x", 32 }, { "/mnt", 22 } };
	static const struct find rootless[] = {
		{ "/", 0 }, { "/srv", 30 }, { "/srv/c", 30 }, { "/dev", 32 }
	};
	static const struct find over_root[] = { { "/", 23 }, { "/mnt/c", 23 }, { "/proc", 31 } };

	(void)state;
	check_find(ROOT LINE(30, 22, "/mnt/c") LINE(31, 30, "/mnt/c/d"), plain, array_len(plain));
	/* /mnt was mounted over /mnt/c; and before it */
	check_find(ROOT LINE(30, 22, "/mnt/c") LINE(31, 22, "/mnt"), hidden, array_len(hidden));
	check_find(ROOT LINE(30, 22, "/mnt") LINE(31, 30, "/mnt/c"), above, array_len(above));
	/* the order of lines says nothing: a mount may have been moved there */
	check_find(LINE(31, 30, "/mnt/c") LINE(30, 22, "/mnt") ROOT, above, array_len(above));
	/* one over the other, the upper one first in the text */
	check_find(ROOT LINE(32, 31, "/mnt/c") LINE(31, 22, "/mnt/c"), stacked, array_len(stacked));
	/* in a chroot that is no mount: the parent is not in the table, and /srv
	 * was mounted over /srv/c */
	check_find(LINE(31, 9, "/srv/c") LINE(30, 9, "/srv") LINE(32, 9, "/dev"), rootless,
		   array_len(rootless));
	/* something mounted over the root hides all that is on the old one */
	check_find(ROOT LINE(30, 22, "/mnt/c") LINE(23, 22, "/") LINE(31, 23, "/proc"), over_root,
		   array_len(over_root));
}

static void test_find_ends(void **state)
{
	static const struct find self[] = { { "/", 1 }, { "/a", 2 } };
	struct guest g;

	(void)state;
	/* a circle that is entered by a number that is there twice */
	guest_make(&g, LINE(5, 6, "/") LINE(6, 5, "/") LINE(5, 9, "/"));
	assert_non_null(mounts_find(&g.mounts, "/a"));
	/* a mount on itself */
	check_find(LINE(1, 1, "/") LINE(2, 1, "/a"), self, array_len(self));
}

static void test_load(void **state)
{
	struct mounts m;

	(void)state;
	assert_int_equal(mounts_load(&m), 0);
	assert_true(m.count > 0);
	assert_non_null(mounts_find(&m, "/proc/self"));
	assert_string_equal(mounts_find(&m, "/proc/self")->point, "/proc");
	mounts_unload(&m);
	assert_null(m.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drives),    cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_fields),    cmocka_unit_test(test_nul_and_zero),
		cmocka_unit_test(test_too_many),  cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_ends), cmocka_unit_test(test_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
