/* cover.c: files of the image hidden for the run. */
#include "init/cover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"

enum {
	/* Nobody else makes empty files with the sticky bit: one that a crash
	 * left behind is known by it. */
	PLACEHOLDER = S_ISVTX | 0444,
};

static bool is_placeholder(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_size == 0 && (st->st_mode & 07777) == PLACEHOLDER;
}

static int placeholder_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	if (fd < 0)
		return -errno;
	fchmod(fd, PLACEHOLDER);
	close(fd);
	return 0;
}

/* Where a link that leads into /run leads, without its first slash; or NULL. */
static const char *run_target(const char *link)
{
	if (*link == '/')
		link++;
	else
		while (strncmp(link, "../", 3) == 0)
			link += 3;
	return strncmp(link, "run/", 4) == 0 && !strstr(link, "..") ? link : NULL;
}

/* A link into /run, which is ours, may point to what is not there yet (as
 * systemd-resolved's does): the file is made there. */
static int target_make(const char *path)
{
	char link[256], target[260], *slash;
	ssize_t len = readlink(path, link, sizeof(link) - 1);
	const char *in_run;

	if (len < 0)
		return -errno;
	link[len] = '\0';
	in_run = run_target(link);
	if (!in_run)
		return -ENOENT;
	fmt(target, sizeof(target), "/%s", in_run);
	slash = strrchr(target, '/');
	*slash = '\0';
	if (dir_make(target, 0755) < 0)
		return -ENOENT;
	*slash = '/';
	return placeholder_make(target);
}

/* There is a file to mount on; *made when it is ours. */
static int file_ensure(const char *path, bool *made)
{
	struct stat st;
	int err;

	*made = false;
	if (stat(path, &st) == 0) {
		*made = is_placeholder(&st);
		return 0;
	}
	if (lstat(path, &st) == 0)
		return target_make(path);
	err = placeholder_make(path);
	*made = err == 0;
	return err;
}

int cover_file(struct covers *covers, const char *path, const char *source, bool read_only)
{
	struct cover *c = &covers->at[covers->count];
	int err;

	if (covers->count == COVERS_MAX)
		return -ENOSPC;
	err = file_ensure(path, &c->made);
	if (err < 0)
		return err;
	c->path = path;
	covers->count++; /* from here on power-off takes back what was made */
	if (mount(source, path, NULL, MS_BIND, NULL) < 0)
		return -errno;
	if (read_only &&
	    mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV, NULL) < 0)
		return -errno;
	return 0;
}

void covers_remove(struct covers *covers)
{
	while (covers->count > 0) {
		struct cover *c = &covers->at[--covers->count];

		umount2(c->path, MNT_DETACH);
		if (c->made)
			unlink(c->path);
	}
}
