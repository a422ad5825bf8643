/* cover.c: files of the image hidden for the run. */
#include "init/cover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/pseudo.h"
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

/* Where a link that leads into /run leads, without its first slash; or NULL.
 * /var/run is /run by another name. */
static const char *run_target(const char *link)
{
	if (*link == '/')
		link++;
	else
		while (strncmp(link, "../", 3) == 0)
			link += 3;
	if (strncmp(link, "var/run/", 8) == 0)
		link += 4;
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

/* Opens what is to be hidden: the file, made where there is none; where a link
 * leads if `follow` and that is a file or can be made one in /run; else the
 * link itself, which mount(2) can hide as well. *made: it is ours. */
static int place_open(const char *path, bool follow, bool *made)
{
	struct stat st = { .st_mode = 0 };
	int fd, err = lstat(path, &st) < 0 ? placeholder_make(path) : 0;
	bool link = S_ISLNK(st.st_mode);

	if (err < 0)
		return err;
	if (link && follow && access(path, F_OK) < 0)
		target_make(path);
	fd = open(path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0 && follow)
		fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	*made = !link && fstat(fd, &st) == 0 && is_placeholder(&st);
	return fd;
}

int cover_file(struct covers *covers, const char *path, const char *source, enum cover_how how)
{
	struct cover *c = &covers->at[covers->count];
	char place[32];
	int fd, err;

	if (covers->count == COVERS_MAX)
		return -ENOSPC;
	fd = place_open(path, !(how & COVER_NAME), &c->made);
	if (fd < 0)
		return fd;
	c->path = path;
	covers->count++; /* from here on power-off takes back what was made */
	fmt(place, sizeof(place), "/proc/self/fd/%d", fd);
	err = mount(source, place, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
	if (err == 0 && how & COVER_READ_ONLY &&
	    mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV, NULL) < 0)
		err = -errno;
	close(fd);
	return err;
}

int cover_dir(struct covers *covers, const char *path)
{
	const struct pseudo tmpfs = { path, "tmpfs", MS_NOSUID | MS_NODEV, NULL, 0755, 0 };
	struct cover *c = &covers->at[covers->count];

	if (covers->count == COVERS_MAX)
		return -ENOSPC;
	c->path = path;
	c->made = access(path, F_OK) < 0;
	covers->count++;
	return pseudo_mount(&tmpfs);
}

void covers_remove(struct covers *covers)
{
	while (covers->count > 0) {
		struct cover *c = &covers->at[--covers->count];

		/* What is mounted on a link itself, else where the link leads. */
		if (umount2(c->path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			umount2(c->path, MNT_DETACH);
		if (c->made && unlink(c->path) < 0)
			rmdir(c->path);
	}
}
