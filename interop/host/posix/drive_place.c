/* drive_place.c: shows a directory of the host to those behind a wall. */
#include "interop/host/posix/drive_place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/host/posix/view.h"
#include "lib/lib.h"

size_t drive_place(char letter, char *out, size_t size)
{
	return fmt(out, size, DRIVE_PLACES "/%c", letter | 0x20);
}

int drive_places_make(void)
{
	int fd = view_new_files(), r = fd;
	char name[] = "a";

	for (; r >= 0 && name[0] <= 'z'; name[0]++)
		if (mkdirat(fd, name, 0755) < 0)
			r = -errno;
	if (r >= 0)
		r = view_fix_files(fd);
	if (r < 0)
		fd_close(&fd);
	return r < 0 ? r : fd;
}

/* Root's is the host's own, which it is in. */
static int owner_become(int space)
{
	int user = ioctl(space, NS_GET_USERNS), r = user < 0 ? -errno : 0;

	if (r == 0 && setns(user, CLONE_NEWUSER) < 0 && errno != EINVAL)
		r = -errno;
	fd_close(&user);
	return r;
}

static int space_enter(int space)
{
	return setns(space, CLONE_NEWNS) < 0 ? -errno : 0;
}

static int is_given(const struct drive_showing *s, int dir)
{
	struct stat given, found;

	if (fstat(dir, &found) < 0 || fstat(s->dir, &given) < 0)
		return -EBADF;
	return found.st_ino == given.st_ino && found.st_dev == given.st_dev ? 0 : -ESTALE;
}

/* All that is at the host's directory, mounted nowhere yet. Only mounts of a namespace
 * that is ours may be copied, so the directory is found once more in such a one. */
static int host_copy(const struct drive_showing *s, unsigned flags)
{
	char path[32];
	int dir, fd;

	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	dir = open(s->drive.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = is_given(s, dir);
	fmt(path, sizeof(path), "/proc/self/fd/%d", dir);
	if (fd == 0)
		fd = view_copy(path, flags);
	close(dir);
	return fd;
}

static int prefix_cover(const struct drive_showing *s, const char *place, unsigned flags)
{
	char path[PATH_MAX];
	int fd;

	if (!s->prefix || !path_lies_in(s->prefix, s->drive.dir))
		return 0;
	if (path_format(path, sizeof(path), "%s/%s", place, s->prefix + strlen(s->drive.dir)) < 0)
		return -ENAMETOOLONG;
	fd = view_copy(s->prefix, flags);
	return fd < 0 ? fd : view_put(fd, path);
}

int drive_show(const struct drive_showing *s)
{
	const unsigned flags = s->drive.read_only ? 0 : VIEW_WRITE;
	int r = owner_become(s->space), fd = r < 0 ? r : host_copy(s, flags);
	char place[32];

	drive_place(s->drive.letter, place, sizeof(place));
	if (fd < 0)
		return fd;
	r = space_enter(s->space);
	if (r == 0)
		r = view_put(fd, place);
	else
		close(fd);
	if (r == 0)
		r = prefix_cover(s, place, flags);
	if (r < 0)
		view_clear(place);
	return r;
}

int drive_hide(const struct drive_showing *s)
{
	int r = owner_become(s->space);
	char place[32];

	drive_place(s->drive.letter, place, sizeof(place));
	if (r == 0)
		r = space_enter(s->space);
	if (r == 0)
		view_clear(place);
	return r;
}
