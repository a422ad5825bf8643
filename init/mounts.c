/* mounts.c: what is mounted, asked and undone. */
#include "init/mounts.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/mountinfo.h"
#include "pathconv/pathconv.h"

bool is_mountpoint(const char *path)
{
	struct stat here, above;
	char up[128];

	fmt(up, sizeof(up), "%s/..", path);
	return stat(path, &here) == 0 && stat(up, &above) == 0 && here.st_dev != above.st_dev;
}

static bool stays(const char *point)
{
	static const char *const points[] = { "/", "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < array_len(points); i++)
		if (strcmp(point, points[i]) == 0)
			return true;
	return false;
}

static bool point_unmount(const char *point)
{
	return umount2(point, UMOUNT_NOFOLLOW) == 0;
}

static bool point_protect(const char *point)
{
	mount(NULL, point, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	return false;
}

/* Whether one of the mounts was changed. */
static bool each_mount(bool (*change)(const char *point))
{
	struct mountinfo table;
	struct mount m;
	struct mounts one = { .at = &m, .size = 1 };
	bool changed = false;
	char *line;
	size_t len;

	if (mountinfo_open(&table) < 0)
		return false;
	while (mountinfo_next(&table, &line, &len) == 1)
		if (mounts_parse(&one, line, len) == 0 && one.count == 1 && !stays(m.point))
			changed = change(m.point) || changed;
	mountinfo_close(&table);
	return changed;
}

/* Each pass takes off what nothing else is mounted on. */
void unmount_all(void)
{
	while (each_mount(point_unmount))
		;
	each_mount(point_protect);
}
