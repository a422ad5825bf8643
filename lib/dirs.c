/* dirs.c: directory entries without the heap that readdir(3) needs. */
#include "lib/dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/lib.h"

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int dir_each(int dir, struct dir_walk *walk)
{
	_Alignas(struct dirent64) char buf[2048];
	ssize_t len;

	while ((len = getdents64(dir, (void *)buf, sizeof(buf))) > 0) {
		for (char *at = buf; at < buf + len;) {
			struct dirent64 *d = (void *)at;

			at += d->d_reclen;
			if (!is_dots(d->d_name) && !walk->each(walk, dir, d->d_name))
				return 0;
		}
	}
	return len < 0 ? -errno : 0;
}

int dir_each_path(const char *path, struct dir_walk *walk)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (dir < 0)
		return -errno;
	err = dir_each(dir, walk);
	close(dir);
	return err;
}

struct empty_walk {
	struct dir_walk walk;
	const char *keep;
	dev_t dev;
	int depth;
};

static bool entry_remove(struct dir_walk *walk, int dir, const char *name)
{
	struct empty_walk *e = container_of(walk, struct empty_walk, walk);
	struct empty_walk below = { e->walk, NULL, e->dev, e->depth - 1 };
	struct stat st;
	int sub;

	if (e->keep && strcmp(name, e->keep) == 0)
		return true;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != e->dev)
		return true;
	if (!S_ISDIR(st.st_mode)) {
		unlinkat(dir, name, 0);
		return true;
	}
	sub = e->depth > 0 ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (sub >= 0) {
		dir_each(sub, &below.walk);
		close(sub);
	}
	unlinkat(dir, name, AT_REMOVEDIR);
	return true;
}

void dir_empty(int dir, const char *keep)
{
	struct empty_walk e = { { entry_remove }, keep, 0, 16 };
	struct stat st;

	if (fstat(dir, &st) < 0)
		return;
	e.dev = st.st_dev;
	lseek(dir, 0, SEEK_SET);
	dir_each(dir, &e.walk);
}
