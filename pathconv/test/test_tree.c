/* test_tree.c: mounts_find says what the kernel says, however the mounts came
 * to be: mounted, bound, moved, stacked, taken away. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "pathconv/pathconv.h"
#include "pathconv/test/space.h"

enum { SEEDS = 30, STEPS = 40, DEPTH = 3 };

static const char *const names[] = { "a", "ab", "c d" };

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Three directories in each, three levels deep. */
static void make_dirs(const char *top, int depth)
{
	for (size_t i = 0; depth > 0 && i < array_len(names); i++) {
		char path[PATH_MAX];

		fmt(path, sizeof(path), "%s/%s", top, names[i]);
		mkdir(path, 0755);
		make_dirs(path, depth - 1);
	}
}

static void random_dir(unsigned *seed, const char *top, char *out)
{
	unsigned depth = 1 + next_random(seed) % DEPTH;
	size_t len = fmt(out, PATH_MAX, "%s", top);

	while (depth-- > 0)
		len += fmt(out + len, PATH_MAX - len, "/%s", names[next_random(seed) % 3]);
}

/* Any of these may fail, as when a mount is moved below itself. */
static void change(unsigned *seed, const char *top)
{
	char from[PATH_MAX], to[PATH_MAX];

	random_dir(seed, top, from);
	random_dir(seed, top, to);
	switch (next_random(seed) % 6) {
	case 0:
	case 1:
		if (mount("none", to, "tmpfs", 0, NULL) == 0)
			make_dirs(to, DEPTH);
		break;
	case 2:
		mount(from, to, NULL, MS_BIND, NULL);
		break;
	case 3:
		mount(from, to, NULL, MS_BIND | MS_REC, NULL);
		break;
	case 4:
		mount(from, to, NULL, MS_MOVE, NULL);
		break;
	case 5:
		umount2(to, MNT_DETACH);
		break;
	}
}

static int mount_id(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0)
		return -1;
	if (!(st.stx_mask & STATX_MNT_ID))
		space_leave("no mount numbers in statx(2)", ENOSYS);
	return (int)st.stx_mnt_id;
}

static void compare(const struct mounts *mounts, const char *path)
{
	const struct mount *m = mounts_find(mounts, path);
	int want = mount_id(path);

	if (want < 0 || (m != NULL && m->id == want))
		return;
	fprintf(stderr, "%s: found on %d, is on %d\n", path, m == NULL ? 0 : m->id, want);
	_exit(1);
}

static void compare_all(const struct mounts *mounts, const char *top, int depth)
{
	compare(mounts, top);
	for (size_t i = 0; depth > 0 && i < array_len(names); i++) {
		char path[PATH_MAX];

		fmt(path, sizeof(path), "%s/%s", top, names[i]);
		compare_all(mounts, path, depth - 1);
	}
}

static void try_seed(unsigned seed, const char *top)
{
	struct mounts mounts;

	space_check(mount("none", top, "tmpfs", 0, NULL) == 0);
	make_dirs(top, DEPTH);
	for (int i = 0; i < STEPS; i++)
		change(&seed, top);
	space_check(mounts_load(&mounts) == 0);
	compare(&mounts, "/proc");
	compare_all(&mounts, top, DEPTH);
	mounts_unload(&mounts);
	space_check(umount2(top, MNT_DETACH) == 0);
}

static void try_all(const char *top)
{
	for (unsigned seed = 1; seed <= SEEDS; seed++)
		try_seed(seed, top);
}

/* The same where the root directory is no mount point. */
static void try_chroot(const char *top)
{
	char path[PATH_MAX];

	space_check(mount("none", top, "tmpfs", 0, NULL) == 0);
	make_dirs(top, 1);
	fmt(path, sizeof(path), "%s/a/proc", top);
	space_check(mkdir(path, 0755) == 0);
	space_check(mount("/proc", path, NULL, MS_BIND | MS_REC, NULL) == 0);
	fmt(path, sizeof(path), "%s/a/x", top);
	space_check(mkdir(path, 0755) == 0);
	fmt(path, sizeof(path), "%s/a", top);
	space_check(chroot(path) == 0 && chdir("/") == 0);
	for (unsigned seed = 1; seed <= SEEDS; seed++)
		try_seed(seed, "/x");
}

static char dir[] = "/tmp/tree.XXXXXX";

static void test_tree(void **state)
{
	(void)state;
	space_verdict(space_run(try_all, dir));
}

/* The files that are no mounts lie on one that the table does not have. */
static void test_chroot(void **state)
{
	(void)state;
	space_verdict(space_run(try_chroot, dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_chroot),
	};
	int failed;

	if (mkdtemp(dir) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
