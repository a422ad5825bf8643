/* view.c: what of the host's files a process and all it starts see. */
#include "interop/host/posix/view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "lib/lib.h"

/* Of sys/mount.h and linux/fcntl.h, which do not go together with others here. */
enum {
	DETACH = 2,         /* MNT_DETACH */
	NOFOLLOW = 8,       /* UMOUNT_NOFOLLOW */
	RECURSIVE = 0x8000, /* AT_RECURSIVE */
};

/* --- namespaces --------------------------------------------------------------- */

/* Of this process, the only one of which it is allowed to everybody: ourselves. */
static int map_self(const char *file, unsigned id)
{
	char path[64], line[64];

	fmt(path, sizeof(path), "/proc/self/%s", file);
	fmt(line, sizeof(line), "%u %u 1\n", id, id);
	return file_write(path, line);
}

static int namespaces_leave(int which)
{
	unsigned uid = geteuid(), gid = getegid();
	int r;

	if (unshare(which) == 0)
		return 0;
	/* No more of them for this user: that is no disk that is full. */
	if (unshare(CLONE_NEWUSER | which) < 0)
		return errno == ENOSPC ? -EUSERS : -errno;
	r = map_self("uid_map", uid);
	if (r == 0)
		r = file_write("/proc/self/setgroups", "deny");
	return r < 0 ? r : map_self("gid_map", gid);
}

/* --- mounts --------------------------------------------------------------------- */

/* A new file system of this type, mounted nowhere yet: its descriptor. key NULL: no
 * option. */
static int mount_new(const char *type, const char *key, const char *value, unsigned attributes)
{
	int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), fd = -1;

	if (fs < 0)
		return -errno;
	if ((!key || syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0) == 0) &&
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
	fd = fd < 0 ? -errno : fd;
	close(fs);
	return fd;
}

int view_copy(const char *path, unsigned flags)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | RECURSIVE);
	int r;

	if (fd < 0)
		return -errno;
	if (!(flags & VIEW_WRITE))
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	if (!(flags & VIEW_DEVICE))
		attr.attr_set |= MOUNT_ATTR_NODEV;
	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | RECURSIVE, &attr, sizeof(attr)) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

/* Makes the directories above `path`, and a directory or file there. */
static int target_make(int root, const char *path, bool is_dir)
{
	char at[PATH_MAX];
	int fd;

	if (path_format(at, sizeof(at), "%s", path) < 0)
		return -ENAMETOOLONG;
	for (char *slash = strchr(at, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(root, at, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (is_dir)
		return mkdirat(root, at, 0755) < 0 && errno != EEXIST ? -errno : 0;
	fd = openat(root, at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	close(fd);
	return 0;
}

/* Mounts what is at `fd` on a path under root, and closes it. */
static int mount_put(int root, int fd, const char *path)
{
	struct stat st;
	int r = fstat(fd, &st) < 0 ? -errno : 0;

	if (r == 0)
		r = target_make(root, path, S_ISDIR(st.st_mode));
	if (r == 0 && syscall(SYS_move_mount, fd, "", root, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* --- the view ------------------------------------------------------------------- */

int view_leave(int others)
{
	struct mount_attr alone = { .propagation = MS_PRIVATE };
	int r = namespaces_leave(CLONE_NEWNS | CLONE_NEWIPC | others);

	if (r == 0 &&
	    syscall(SYS_mount_setattr, AT_FDCWD, "/", RECURSIVE, &alone, sizeof(alone)) < 0)
		r = -errno;
	return r;
}

/* On top of the root directory: that hides nothing from who has a root already. */
int view_begin(struct view *view)
{
	int r = view_leave(0);

	view->root = -1;
	if (r < 0)
		return r;
	view->root = mount_new("tmpfs", "mode", "0755", 0);
	if (view->root < 0)
		return view->root;
	if (syscall(SYS_move_mount, view->root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) == 0)
		return 0;
	r = -errno;
	fd_close(&view->root);
	return r;
}

int view_add(struct view *view, const char *path, unsigned flags)
{
	int fd = view_copy(path, flags);

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -EACCES)
		return 0;
	return fd < 0 ? fd : mount_put(view->root, fd, path + 1);
}

int view_new_files(void)
{
	return mount_new("tmpfs", "mode", "0755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

int view_fix_files(int fd)
{
	struct mount_attr fixed = { .attr_set = MOUNT_ATTR_RDONLY };

	return syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &fixed, sizeof(fixed)) < 0 ? -errno
											    : 0;
}

int view_add_files(struct view *view, int fd, const char *path)
{
	return mount_put(view->root, fd, path + 1);
}

int view_put(int fd, const char *path)
{
	int r = syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0
			? -errno
			: 0;

	close(fd);
	return r;
}

void view_clear(const char *path)
{
	while (syscall(SYS_umount2, path, DETACH | NOFOLLOW) == 0)
		;
}

int view_add_terminals(struct view *view)
{
	int fd = mount_new("devpts", "ptmxmode", "0666", 0);
	int r = fd < 0 ? fd : mount_put(view->root, fd, "dev/pts");

	if (r == 0 && symlinkat("pts/ptmx", view->root, "dev/ptmx") < 0)
		r = -errno;
	return r;
}

int view_add_processes(struct view *view)
{
	const unsigned harmless =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	int fd = mount_new("proc", NULL, NULL, harmless);

	return fd < 0 ? fd : mount_put(view->root, fd, "proc");
}

int view_enter(struct view *view)
{
	struct mount_attr fixed = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID };
	int r = 0;

	if (syscall(SYS_mount_setattr, view->root, "", AT_EMPTY_PATH, &fixed, sizeof(fixed)) < 0 ||
	    fchdir(view->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    syscall(SYS_umount2, ".", DETACH) < 0 || chdir("/") < 0)
		r = -errno;
	fd_close(&view->root);
	return r;
}

void view_drop(struct view *view)
{
	fd_close(&view->root);
}
