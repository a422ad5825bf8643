/* posix.c: the POSIX tree: reaching files, and its table of operations. */
#include "p9d/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "p9d/posix_impl.h"

#define DEPTH_MAX 4096 /* directories above one, in a loop that must end */

int fs_result(long ret)
{
	return ret < 0 ? -errno : 0;
}

const char *fs_proc_path(const struct tree_file *file, char buf[PROC_FD_PATH])
{
	fmt(buf, PROC_FD_PATH, "/proc/self/fd/%d", fs_fd(file));
	return buf;
}

int fs_reopen(struct posix_tree *tree, const struct tree_file *file, int flags)
{
	char name[16];
	int fd;

	fmt(name, sizeof(name), "%d", fs_fd(file));
	fd = openat(tree->proc_fd, name, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* File systems whose files are made up while they are read: a client that
 * believed their sizes would read nothing, or hang. */
static bool is_synthetic(unsigned long magic)
{
	static const uint32_t magics[] = {
		0x9fa0,     /* proc */
		0x62656572, /* sysfs */
		0x27e0eb,   /* cgroup */
		0x63677270, /* cgroup2 */
		0x64626720, /* debugfs */
		0x74726163, /* tracefs */
		0x73636673, /* securityfs */
		0xcafe4a11, /* bpf */
		0x62656570, /* configfs */
		0x6165676c, /* pstore */
		0xde5e81e4, /* efivarfs */
		0x42494e4d, /* binfmt_misc */
		0xf97cff8c, /* selinuxfs */
		0x65735543, /* fusectl */
	};

	for (size_t i = 0; i < array_len(magics); i++)
		if (magics[i] == magic)
			return true;
	return false;
}

/* A step onto another file system: what is it, and may we go there? The root
 * itself was chosen by whoever started us, and a disk has a major number. A drive
 * of the host is not even asked what it is: the host would wait for itself. */
static int enter_mount(struct posix_tree *tree, int fd, dev_t dev, struct tree_file *out)
{
	struct statfs fs;

	if (!tree->is_drive && dev != tree->root_dev && major(dev) == 0 &&
	    fs_mounts_hosts(&tree->mounts, dev))
		return -EACCES;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	out->synthetic = is_synthetic((unsigned long)fs.f_type);
	out->local = changes_local((unsigned long)fs.f_type);
	return out->synthetic && tree->is_drive && dev != tree->root_dev ? -EACCES : 0;
}

enum tree_type fs_type(mode_t mode)
{
	if (S_ISREG(mode))
		return TREE_FILE;
	if (S_ISDIR(mode))
		return TREE_DIR;
	return S_ISLNK(mode) ? TREE_LINK : TREE_OTHER;
}

/* A directory that is not watched is not kept, and nothing in it is. */
static void watch_dir(struct posix_tree *tree, struct tree_file *dir)
{
	uint64_t id = tree_qid_path(dir->dev, dir->ino);

	dir->kept = changes_watch(tree->changes, fs_fd(dir), id) == 0;
}

static int describe(struct posix_tree *tree, int fd, const struct tree_file *from,
		    struct tree_file *out)
{
	struct stat st;
	int err = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	*out = (struct tree_file){
		.path = fd,
		.data = -1,
		.type = (uint8_t)fs_type(st.st_mode),
		.dev = st.st_dev,
		.ino = st.st_ino,
		.synthetic = from && from->synthetic,
		.local = from && from->local,
	};
	if (!from || from->dev != st.st_dev)
		err = enter_mount(tree, fd, st.st_dev, out);
	out->kept = out->local && (!from || from->kept) && atomic_load(&tree->watching);
	if (!err && out->type == TREE_DIR && out->kept) {
		watch_dir(tree, out);
		if (fstat(fd, &st) < 0) /* it is told what happens from here on */
			return -errno;
	}
	out->version = fs_version(out->synthetic, &st);
	return err;
}

int fs_take(struct posix_tree *tree, int fd, const struct tree_file *from, struct tree_file *out)
{
	int err = describe(tree, fd, from, out);

	if (err) {
		close(fd);
		*out = TREE_FILE_NONE;
	}
	return err;
}

int fs_walk(struct filetree *base, const struct tree_file *dir, const char *name,
	    struct tree_file *out)
{
	int fd = openat(fs_fd(dir), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fs_take(fs_of(base), fd, dir, out);
}

static bool same_file(const struct tree_file *a, const struct tree_file *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* Whether going up from `dir` meets `top`: a directory that somebody moved out
 * of the subtree must not lead its holder outside. The root of all is its own
 * parent. */
static int check_below(const struct tree_file *dir, const struct tree_file *top)
{
	struct stat st = { .st_dev = dir->dev, .st_ino = dir->ino };
	int at = dup(fs_fd(dir));
	int err = at < 0 ? -errno : -EACCES;

	for (int depth = 0; at >= 0 && depth < DEPTH_MAX; depth++) {
		struct stat up;
		int next;

		if (st.st_dev == top->dev && st.st_ino == top->ino) {
			err = 0;
			break;
		}
		next = openat(at, "..", O_PATH | O_CLOEXEC);
		if (next < 0 || fstat(next, &up) < 0)
			break;
		close(at);
		at = next;
		if (up.st_dev == st.st_dev && up.st_ino == st.st_ino)
			break;
		st = up;
	}
	fd_close(&at);
	return err;
}

/* Of this machine's own tree it all belongs to the client; a drive is a part. */
static int fs_inside(struct filetree *base, const struct tree_file *dir,
		     const struct tree_file *top)
{
	if (!fs_of(base)->is_drive || same_file(dir, top))
		return 0;
	return check_below(dir, top) ? -ESTALE : 0;
}

int fs_walk_up(struct filetree *base, const struct tree_file *dir, const struct tree_file *top,
	       struct tree_file *out)
{
	int err, fd;

	if (same_file(dir, top))
		return fs_clone(base, dir, out);
	err = check_below(dir, top);
	if (err)
		return err;
	fd = openat(fs_fd(dir), "..", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fs_take(fs_of(base), fd, dir, out);
}

int fs_attach(struct filetree *base, const char *path, struct tree_file *out)
{
	struct posix_tree *tree = fs_of(base);
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	int fd;

	while (*path == '/')
		path++;
	/* The top itself needs no openat2(2), which a drive's server does not have. */
	fd = *path ? (int)syscall(SYS_openat2, tree->root, path, &how, sizeof(how))
		   : fcntl(tree->root, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fs_take(tree, fd, NULL, out);
}

int fs_clone(struct filetree *base, const struct tree_file *file, struct tree_file *out)
{
	int fd;

	*out = *file;
	out->data = -1;
	out->cookie = 0;
	if (file->path < 0) {
		fd = fs_reopen(fs_of(base), file, O_PATH);
	} else {
		fd = fcntl(file->path, F_DUPFD_CLOEXEC, 0);
		fd = fd < 0 ? -errno : fd;
	}
	out->path = fd;
	return fd < 0 ? fd : 0;
}

int fs_close(struct filetree *tree, struct tree_file *file)
{
	int err = 0;

	(void)tree;
	if (file->data >= 0 && close(file->data) < 0 && errno != EINTR)
		err = -errno;
	if (file->path >= 0)
		close(file->path);
	*file = TREE_FILE_NONE;
	return err;
}

static int locate_in(struct posix_tree *tree, const char *path, const struct tree_file *file,
		     const char *name, struct tree_file *dir)
{
	struct stat st;
	int err;
	int fd = open(*path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	err = fs_take(tree, fd, NULL, dir);
	if (err)
		return err;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		err = -errno;
	else if (st.st_dev != file->dev || st.st_ino != file->ino)
		err = -ENOENT;
	return err;
}

/* The kernel knows the present name of an open file (proc(5), /proc/PID/fd);
 * it is only believed when the file is really there. */
int fs_locate(struct filetree *base, const struct tree_file *file, const struct tree_file *top,
	      struct tree_file *dir, char name[P9_NAME_MAX + 1])
{
	char link[PROC_FD_PATH];
	char path[4096];
	char *slash;
	ssize_t len = readlink(fs_proc_path(file, link), path, sizeof(path) - 1);
	int err;

	*dir = TREE_FILE_NONE;
	if (len <= 0 || path[0] != '/')
		return len < 0 ? -errno : -ENOENT;
	path[len] = '\0';
	if (same_file(file, top))
		return -EBUSY;
	slash = strrchr(path, '/');
	*slash = '\0';
	if (fmt(name, P9_NAME_MAX + 1, "%s", slash + 1) > P9_NAME_MAX)
		return -ENOENT; /* longer with its " (deleted)" */
	err = locate_in(fs_of(base), path, file, name, dir);
	if (!err)
		err = check_below(dir, top);
	if (err)
		fs_close(base, dir);
	return err;
}

static int fs_become(struct filetree *base, const struct user *user)
{
	return fs_of(base)->switching ? user_become_thread(user) : 0;
}

static int fs_watch(struct filetree *base)
{
	struct posix_tree *tree = fs_of(base);

	if (!tree->changes)
		return -EOPNOTSUPP;
	return atomic_exchange(&tree->watching, true) ? -EBUSY : tree->changes->fd;
}

static size_t fs_changes(struct filetree *base, void *buf, size_t size)
{
	/* A client that finds a file by several spellings does not know all that it does. */
	return changes_take(fs_of(base)->changes, base->folds, buf, size);
}

static const struct tree_ops fs_ops = {
	.attach = fs_attach,
	.walk = fs_walk,
	.walk_up = fs_walk_up,
	.inside = fs_inside,
	.clone = fs_clone,
	.close = fs_close,
	.getattr = fs_getattr,
	.setattr = fs_setattr,
	.statfs = fs_statfs,
	.access = fs_access,
	.readlink = fs_readlink,
	.open = fs_open,
	.create = fs_create,
	.read = fs_read,
	.splice = fs_splice,
	.write = fs_write,
	.sync = fs_sync,
	.readdir = fs_readdir,
	.lookup = fs_lookup,
	.mkdir = fs_mkdir,
	.mknod = fs_mknod,
	.symlink = fs_symlink,
	.link = fs_link,
	.unlink = fs_unlink,
	.rename = fs_rename,
	.seek = fs_seek,
	.locate = fs_locate,
	.getxattr = fs_getxattr,
	.setxattr = fs_setxattr,
	.removexattr = fs_removexattr,
	.lock_open = fs_lock_open,
	.lock_close = fs_lock_close,
	.lock_copy = fs_lock_copy,
	.lock = fs_lock,
	.lock_held = fs_lock_held,
	.lock_test = fs_lock_test,
	.watch = fs_watch,
	.changes = fs_changes,
	.become = fs_become,
};

int posix_tree_forked(struct posix_tree *tree)
{
	fd_close(&tree->proc_fd);
	tree->proc_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fs_mounts_fini(&tree->mounts);
	return tree->proc_fd < 0 || fs_mounts_init(&tree->mounts) < 0 ? -ENOSYS : 0;
}

int posix_tree_init(struct posix_tree *tree, const char *root)
{
	struct stat st;

	*tree = (struct posix_tree){
		.tree = { .ops = &fs_ops },
		.root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC),
		.proc_fd = -1,
		.mounts = { .table = -1 },
	};
	if (tree->root < 0)
		return -errno;
	if (fstat(tree->root, &st) < 0)
		return -errno;
	tree->root_dev = st.st_dev;
	return posix_tree_forked(tree);
}

void posix_tree_fini(struct posix_tree *tree)
{
	fd_close(&tree->root);
	fd_close(&tree->proc_fd);
	fs_mounts_fini(&tree->mounts);
}
