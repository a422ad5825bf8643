/* posix_attr.c: the POSIX tree: attributes, access checks, extended attributes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/lib.h"
#include "p9d/posix_btime.h"
#include "p9d/posix_impl.h"

#define P9_STATFS_MAGIC 0x01021997 /* what a remote 9P tree is known by */

static struct p9_time time_of(struct timespec ts)
{
	return (struct p9_time){ (uint64_t)ts.tv_sec, (uint64_t)ts.tv_nsec };
}

/* Any change to the file must change it, and 0 would tell a client not to
 * cache at all: which is what made-up files need. */
uint32_t fs_version(bool synthetic, const struct stat *st)
{
	uint64_t v;

	if (synthetic)
		return 0;
	v = (uint64_t)st->st_ctim.tv_sec * 1000000000u + (uint64_t)st->st_ctim.tv_nsec;
	v ^= ((uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec) * 31;
	v ^= v >> 32;
	return (uint32_t)v | 1;
}

static void fill_attr(struct p9_attr *attr, bool synthetic, const struct stat *st)
{
	*attr = (struct p9_attr){
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.nlink = st->st_nlink,
		.rdev = st->st_rdev,
		.size = synthetic && S_ISREG(st->st_mode) ? 0 : (uint64_t)st->st_size,
		.blksize = (uint64_t)st->st_blksize,
		.blocks = (uint64_t)st->st_blocks,
		.atime = time_of(st->st_atim),
		.mtime = time_of(st->st_mtim),
		.ctime = time_of(st->st_ctim),
	};
}

static struct p9_qid qid_now(const struct tree_file *file, const struct stat *st)
{
	struct tree_file now = *file;

	now.version = fs_version(file->synthetic, st);
	/* Through another link it may change where nobody watches. */
	now.kept = file->kept && (file->type == TREE_DIR || st->st_nlink == 1);
	return tree_qid(&now);
}

int fs_getattr(struct filetree *tree, const struct tree_file *file, uint64_t mask,
	       struct p9_qid *qid, struct p9_attr *attr)
{
	struct stat st;

	(void)tree;
	if (fstat(file->data >= 0 ? file->data : file->path, &st) < 0)
		return -errno;
	*qid = qid_now(file, &st);
	fill_attr(attr, file->synthetic, &st);
	if (mask & P9_ATTR_BTIME)
		fs_birth_time(fs_fd(file), &attr->btime);
	return 0;
}

/* A directory is to be watched before anything of it is told. */
static int lookup_dir(struct filetree *tree, const struct tree_file *dir, const char *name,
		      struct p9_qid *qid, struct p9_attr *attr)
{
	struct tree_file file;
	int err = fs_walk(tree, dir, name, &file);

	if (!err)
		err = fs_getattr(tree, &file, 0, qid, attr);
	fs_close(tree, &file);
	return err;
}

int fs_lookup(struct filetree *tree, const struct tree_file *dir, const char *name,
	      struct p9_qid *qid, struct p9_attr *attr)
{
	struct tree_file file = { .synthetic = dir->synthetic, .kept = dir->kept };
	struct stat st;

	if (fstatat(fs_fd(dir), name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return -errno;
	file.dev = st.st_dev;
	file.ino = st.st_ino;
	file.type = (uint8_t)fs_type(st.st_mode);
	if (dir->kept && (file.type == TREE_DIR || file.dev != dir->dev))
		return lookup_dir(tree, dir, name, qid, attr);
	*qid = qid_now(&file, &st);
	fill_attr(attr, file.synthetic, &st);
	return 0;
}

static int set_size(const struct tree_file *file, uint64_t size)
{
	char path[PROC_FD_PATH];

	if (size > INT64_MAX)
		return -EFBIG;
	if (file->type == TREE_DIR)
		return -EISDIR;
	if (file->type != TREE_FILE)
		return -EINVAL;
	if (file->data >= 0 && ftruncate(file->data, (off_t)size) == 0)
		return 0;
	return fs_result(truncate(fs_proc_path(file, path), (off_t)size));
}

static int set_owner(const struct tree_file *file, uint32_t valid, const struct p9_attr *attr)
{
	uid_t uid = valid & P9_SET_UID ? attr->uid : (uid_t)-1;
	gid_t gid = valid & P9_SET_GID ? attr->gid : (gid_t)-1;

	return fs_result(fchownat(fs_fd(file), "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

static int set_mode(const struct tree_file *file, uint32_t mode)
{
	char path[PROC_FD_PATH];

	if (file->type == TREE_LINK)
		return -EOPNOTSUPP;
	return fs_result(chmod(fs_proc_path(file, path), mode & 07777));
}

static struct timespec new_time(uint32_t valid, uint32_t bit, uint32_t set, struct p9_time t)
{
	struct timespec ts = { .tv_nsec = UTIME_OMIT };

	if (!(valid & bit))
		return ts;
	ts.tv_nsec = UTIME_NOW;
	if (valid & set)
		ts = (struct timespec){ .tv_sec = (time_t)t.sec, .tv_nsec = (long)t.nsec };
	return ts;
}

static int set_times(const struct tree_file *file, uint32_t valid, const struct p9_attr *attr)
{
	char path[PROC_FD_PATH];
	struct timespec ts[2] = {
		new_time(valid, P9_SET_ATIME, P9_SET_ATIME_SET, attr->atime),
		new_time(valid, P9_SET_MTIME, P9_SET_MTIME_SET, attr->mtime),
	};

	if ((valid & P9_SET_ATIME_SET && attr->atime.nsec > 999999999) ||
	    (valid & P9_SET_MTIME_SET && attr->mtime.nsec > 999999999))
		return -EINVAL;
	if (utimensat(fs_fd(file), "", ts, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOENT)
		return -errno;
	return fs_result(utimensat(AT_FDCWD, fs_proc_path(file, path), ts, 0));
}

/* The order matters: a new owner clears set-id bits, a new size moves mtime. */
int fs_setattr(struct filetree *tree, const struct tree_file *file, uint32_t valid,
	       const struct p9_attr *attr)
{
	int err = 0;

	(void)tree;
	if (valid & P9_SET_SIZE)
		err = set_size(file, attr->size);
	if (!err && valid & (P9_SET_UID | P9_SET_GID))
		err = set_owner(file, valid, attr);
	if (!err && valid & P9_SET_MODE)
		err = set_mode(file, attr->mode);
	if (!err && valid & (P9_SET_ATIME | P9_SET_MTIME))
		err = set_times(file, valid, attr);
	return err;
}

int fs_statfs(struct filetree *tree, const struct tree_file *file, struct p9_statfs *out)
{
	struct statfs fs;
	uint32_t id[2];

	(void)tree;
	if (fstatfs(fs_fd(file), &fs) < 0)
		return -errno;
	memcpy(id, &fs.f_fsid, sizeof(id));
	*out = (struct p9_statfs){
		.type = P9_STATFS_MAGIC,
		.bsize = (uint32_t)fs.f_bsize,
		.blocks = fs.f_blocks,
		.bfree = fs.f_bfree,
		.bavail = fs.f_bavail,
		.files = fs.f_files,
		.ffree = fs.f_ffree,
		.fsid = (uint64_t)id[1] << 32 | id[0],
		.namelen = (uint32_t)fs.f_namelen,
	};
	return 0;
}

static int may(int fd, int mode)
{
	return fs_result(syscall(SYS_faccessat2, fd, "", mode, AT_EMPTY_PATH | AT_EACCESS));
}

/* Deleting needs the directory, and in a sticky one ownership: unlink(2). */
static int may_delete(struct filetree *tree, const struct tree_file *file,
		      const struct tree_file *top)
{
	char name[P9_NAME_MAX + 1];
	struct tree_file dir;
	struct stat st = { 0 }, up = { 0 };
	int err = fs_locate(tree, file, top, &dir, name);

	if (err)
		return err;
	err = may(dir.path, W_OK | X_OK);
	if (!err && (fstat(dir.path, &up) < 0 || fstat(fs_fd(file), &st) < 0))
		err = -errno;
	if (!err && up.st_mode & S_ISVTX && geteuid() != 0 && geteuid() != up.st_uid &&
	    geteuid() != st.st_uid)
		err = -EACCES;
	fs_close(tree, &dir);
	return err;
}

int fs_access(struct filetree *tree, const struct tree_file *file, const struct tree_file *top,
	      uint32_t bits)
{
	int mode = 0;
	int err;

	mode |= bits & P9_ACCESS_READ ? R_OK : 0;
	mode |= bits & P9_ACCESS_WRITE ? W_OK : 0;
	mode |= bits & P9_ACCESS_EXEC ? X_OK : 0;
	err = may(fs_fd(file), mode);
	if (!err && bits & P9_ACCESS_DELETE)
		err = may_delete(tree, file, top);
	return err;
}

ssize_t fs_readlink(struct filetree *tree, const struct tree_file *file, char *buf, size_t size)
{
	ssize_t len = readlinkat(fs_fd(file), "", buf, size);

	(void)tree;
	if (len < 0)
		return errno == ENOENT ? -EINVAL : -errno;
	return len;
}

ssize_t fs_getxattr(struct filetree *tree, const struct tree_file *file, const char *name,
		    void *buf, size_t size)
{
	char path[PROC_FD_PATH];
	ssize_t len;

	(void)tree;
	fs_proc_path(file, path);
	len = name ? getxattr(path, name, buf, size) : listxattr(path, buf, size);
	return len < 0 ? -errno : len;
}

int fs_setxattr(struct filetree *tree, const struct tree_file *file, const struct xattr *xattr)
{
	char path[PROC_FD_PATH];

	(void)tree;
	fs_proc_path(file, path);
	return fs_result(setxattr(path, xattr->name, xattr->value, xattr->size, (int)xattr->flags));
}

int fs_removexattr(struct filetree *tree, const struct tree_file *file, const char *name)
{
	char path[PROC_FD_PATH];

	(void)tree;
	return fs_result(removexattr(fs_proc_path(file, path), name));
}
