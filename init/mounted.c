/* mounted.c: what is mounted, asked and undone. */
#include "init/mounted.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

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

enum { HUNG_MAX = 8, NOWHERE = -1, AT_ROOT = -2 };

/* Shared by all children. Mounts by their ids. */
struct unmounting {
	int at; /* where the child is, for as long as that takes */
	int hung[HUNG_MAX];
	unsigned hung_count;
};

struct unmounting *unmounting_start(void)
{
	struct unmounting *u =
		mmap(NULL, sizeof(*u), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (u == MAP_FAILED)
		return NULL;
	u->at = NOWHERE;
	return u;
}

bool unmounting_hung(struct unmounting *u)
{
	bool again = u && u->at != NOWHERE && u->at != AT_ROOT && u->hung_count < HUNG_MAX;

	if (again) {
		u->hung[u->hung_count++] = u->at;
		u->at = NOWHERE;
	}
	return again;
}

static void at_set(struct unmounting *u, int at)
{
	if (u)
		u->at = at;
}

static bool stays(const struct unmounting *u, const struct mount *m)
{
	static const char *const points[] = { "/", "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < array_len(points); i++)
		if (strcmp(m->point, points[i]) == 0)
			return true;
	for (unsigned i = 0; u && i < u->hung_count; i++)
		if (m->id == u->hung[i])
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
static bool each_mount(struct unmounting *u, bool (*change)(const char *point))
{
	struct mountinfo table;
	struct mount m;
	struct mounts one = { .at = &m, .size = 1 };
	bool changed = false;
	char *line;
	size_t len;

	if (mountinfo_open(&table) < 0)
		return false;
	while (mountinfo_next(&table, &line, &len) == 1) {
		if (mounts_parse(&one, line, len) < 0 || one.count != 1 || stays(u, &m))
			continue;
		at_set(u, m.id);
		changed = change(m.point) || changed;
		at_set(u, NOWHERE);
	}
	mountinfo_close(&table);
	return changed;
}

/* Each pass takes off what nothing else is mounted on. */
void unmount_all(struct unmounting *u)
{
	while (each_mount(u, point_unmount))
		;
	each_mount(u, point_protect);
}

void unmount_root(struct unmounting *u)
{
	at_set(u, AT_ROOT);
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	sync();
	at_set(u, NOWHERE);
}
