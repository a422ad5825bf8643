/* copy.c: walks a tree and makes the same one elsewhere. */
#include "interop/host/posix/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <search.h>
#include <stdio.h> /* renameat(2) */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "interop/host/posix/contents.h"
#include "lib/dirs.h"
#include "lib/lib.h"

enum { DEPTH_MAX = 400, TEMPORARY = 32 };
/* Errors of our own, as numbers that no call here has. */
enum { DEVICE_LEFT = ENOTBLK, INTO_ITSELF = EDEADLK, TOO_DEEP = EL3RST };

/* One name, and what it will be. */
struct item {
	int from, to;
	const char *name, *as;
	struct stat st;
};

/* --- what was copied already ---------------------------------------------------------- */

struct twin {
	dev_t device;
	ino_t inode;
	dev_t copy_device; /* of the copy, whose name another may have by now */
	ino_t copy_inode;
	char path[]; /* beneath top */
};

static int twin_compare(const void *one, const void *other)
{
	const struct twin *a = one, *b = other;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

/* What is not remembered is copied once more. */
static void twin_remember(struct copy *c, const struct item *p)
{
	size_t size = strlen(c->made) + 1;
	struct twin *twin = size < sizeof(c->made) - 2 ? malloc(sizeof(*twin) + size) : NULL;
	struct stat copy;
	void *at;

	if (!twin || fstatat(p->to, p->as, &copy, AT_SYMLINK_NOFOLLOW) < 0) {
		free(twin);
		return;
	}
	twin->device = p->st.st_dev;
	twin->inode = p->st.st_ino;
	twin->copy_device = copy.st_dev;
	twin->copy_inode = copy.st_ino;
	fmt(twin->path, size, "%s", c->made);
	at = tsearch(twin, &c->twins, twin_compare);
	if (!at || *(struct twin **)at != twin)
		free(twin);
}

/* One more name for an earlier copy. */
static int twin_make(struct copy *c, const struct item *p, const char *as)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	const struct twin wanted = { .device = p->st.st_dev, .inode = p->st.st_ino };
	void *at = tfind(&wanted, &c->twins, twin_compare);
	const struct twin *twin = at ? *(struct twin **)at : NULL;
	char path[PATH_MAX], *name;
	struct stat st;
	int dir, r;

	if (p->st.st_nlink < 2 || !twin)
		return -ENOENT;
	fmt(path, sizeof(path), "./%s", twin->path);
	name = strrchr(path, '/');
	*name++ = '\0';
	dir = (int)syscall(SYS_openat2, c->top, path, &how, sizeof(how));
	if (dir < 0)
		return -errno;
	r = linkat(dir, name, p->to, as, 0) < 0 ? -errno : 0;
	close(dir);
	if (r == 0 && (fstatat(p->to, as, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		       st.st_dev != twin->copy_device || st.st_ino != twin->copy_inode)) {
		unlinkat(p->to, as, 0);
		r = -ESTALE;
	}
	return r;
}

/* --- what is no directory ---------------------------------------------------------------- */

static int close_checked(int fd, int r)
{
	return close(fd) < 0 && r == 0 && errno != EINTR ? -errno : r;
}

static int file_make(struct copy *c, const struct item *p, const char *as)
{
	/* It may be a FIFO by now. */
	int in =
		openat(p->from, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int out, r;

	if (in < 0)
		return -errno;
	r = fstat(in, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ESTALE;
	out = r < 0 ? -1
		    : openat(p->to, as, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r == 0 && out < 0)
		r = -errno;
	if (r == 0)
		r = contents_copy(in, out, &st, c->stop);
	if (r == 0)
		r = attributes_copy(in, out, &st, c->flags);
	if (out >= 0)
		r = close_checked(out, r);
	close(in);
	return r;
}

static int symlink_make(const struct item *p, const char *as)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(p->from, p->name, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	return symlinkat(target, p->to, as) < 0 ? -errno : 0;
}

static int node_make(const struct copy *c, const struct item *p, const char *as)
{
	mode_t mode = attributes_mode(&p->st, c->flags, false) & 0777;

	if (c->flags & ATTRIBUTES_WARY && !S_ISFIFO(p->st.st_mode))
		return -DEVICE_LEFT;
	return mknodat(p->to, as, (p->st.st_mode & S_IFMT) | mode, p->st.st_rdev) < 0 ? -errno : 0;
}

static int leaf_make(struct copy *c, const struct item *p, const char *as)
{
	int r;

	if (S_ISREG(p->st.st_mode))
		return file_make(c, p, as);
	r = S_ISLNK(p->st.st_mode) ? symlink_make(p, as) : node_make(c, p, as);
	return r < 0 ? r : attributes_name(p->to, as, &p->st, c->flags);
}

/* Devices and sockets are somebody's: nothing takes their place. */
static int leaf_place(const struct item *p, const char *as)
{
	struct stat st;

	if (fstatat(p->to, p->as, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode) || S_ISSOCK(st.st_mode)))
		return -EEXIST;
	return renameat(p->to, as, p->to, p->as) < 0 ? -errno : 0;
}

static int leaf_copy(struct copy *c, const struct item *p)
{
	char as[TEMPORARY];
	uint64_t number = 0;
	bool linked;
	int r;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EAGAIN;
	fmt(as, sizeof(as), ".landbridge-%lx", (unsigned long)number);
	linked = twin_make(c, p, as) == 0;
	r = linked ? 0 : leaf_make(c, p, as);
	if (r == 0)
		r = leaf_place(p, as);
	/* rename(2) leaves both of two names for one file. */
	if (r < 0 || linked)
		unlinkat(p->to, as, 0);
	if (r == 0 && !linked && p->st.st_nlink > 1)
		twin_remember(c, p);
	return r;
}

/* --- directories -------------------------------------------------------------------------- */

static int pair_copy(struct copy *c, struct item *p);

static void tell(struct copy *c, int r)
{
	c->failures++;
	c->over = r == -ENOSPC || r == -EDQUOT || r == -ENOTCONN || r == -ECONNABORTED || *c->stop;
	if (*c->stop)
		return; /* by whoever waits for us */
	c->failed(c->owner, c->shown,
		  r == -DEVICE_LEFT   ? "a guest's devices and sockets are not copied"
		  : r == -INTO_ITSELF ? "it is where the copy goes"
		  : r == -TOO_DEEP    ? "it is too deep"
		  : r == -E2BIG       ? "there is no room for its attributes"
				      : strerror(-r));
}

/* Returns what cuts the name off again. A path that is too long is not shown whole. */
static size_t push(char *path, const char *name)
{
	size_t len = strlen(path);

	fmt(path + len, PATH_MAX - len, "%s%s", len > 0 && path[len - 1] != '/' ? "/" : "", name);
	return len;
}

static void child_copy(struct copy *c, struct item *p)
{
	size_t shown = push(c->shown, p->name), made = push(c->made, p->as);
	int r = pair_copy(c, p);

	if (r < 0)
		tell(c, r);
	c->shown[shown] = '\0';
	c->made[made] = '\0';
}

struct children {
	struct dir_walk walk;
	struct copy *copy;
	int to;
};

static bool child_each(struct dir_walk *walk, int dir, const char *name)
{
	const struct children *all = container_of(walk, struct children, walk);
	struct item p = { .from = dir, .to = all->to, .name = name, .as = name };

	child_copy(all->copy, &p);
	return !all->copy->over;
}

/* Whose descriptor is returned; or negative errno. */
static int dir_make_open(struct copy *c, const struct item *p)
{
	int made = mkdirat(p->to, p->as, 0700), fd;
	struct stat st;

	if (made < 0 && errno != EEXIST)
		return -errno;
	fd = openat(p->to, p->as, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (c->depth == 1 && fstat(fd, &st) == 0) {
		c->device = st.st_dev;
		c->inode = st.st_ino;
	}
	return fd;
}

static int dir_copy_open(struct copy *c, const struct item *p, int in)
{
	struct children all = { { child_each }, c, dir_make_open(c, p) };
	int out = all.to, r;

	if (out < 0)
		return out;
	r = dir_each(in, &all.walk);
	/* What was there already, and was not named, stays what it is. */
	if (r == 0 && !c->over && strcmp(p->as, ".") != 0)
		r = attributes_copy(in, out, &p->st, c->flags);
	close(out);
	return r;
}

static int dir_copy(struct copy *c, struct item *p)
{
	int in = openat(p->from, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

	if (in < 0)
		return -errno;
	r = fstat(in, &p->st) < 0 ? -errno : 0;
	if (r == 0 && c->depth > 0 && p->st.st_dev == c->device && p->st.st_ino == c->inode)
		r = -INTO_ITSELF;
	if (r == 0 && c->depth == DEPTH_MAX)
		r = -TOO_DEEP;
	if (r == 0) {
		c->depth++;
		r = dir_copy_open(c, p, in);
		c->depth--;
	}
	close(in);
	return r;
}

static int pair_copy(struct copy *c, struct item *p)
{
	if (*c->stop)
		return -EINTR;
	if (fstatat(p->from, p->name, &p->st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return S_ISDIR(p->st.st_mode) ? dir_copy(c, p) : leaf_copy(c, p);
}

/* --------------------------------------------------------------------------------------- */

void copy_tree(struct copy *c, int dir, const char *from, const char *to)
{
	struct item p = { .from = dir, .to = c->top, .name = from, .as = to };
	int r;

	fmt(c->made, sizeof(c->made), "%s", to);
	r = pair_copy(c, &p);
	if (r < 0)
		tell(c, r);
}

void copy_end(struct copy *c)
{
	tdestroy(c->twins, free);
	c->twins = NULL;
}
