/* posix_file.c: the POSIX tree: opened files, their bytes and their locks. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "p9d/posix_impl.h"

#define LOCK_LINE "\nlock:"
#define LOCK_TEXT_MAX 65536 /* some 900 of them */

/* Never a controlling terminal, never waiting for the other end of a pipe. */
#define ALWAYS (O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* The client's numbers are fixed, ours differ between CPUs. What is not
 * listed (O_DIRECT, O_CREAT, ...) is not for the server to do. */
static int open_flags(uint32_t flags)
{
	static const struct {
		uint32_t p9;
		int ours;
	} map[] = {
		{ P9_O_TRUNC, O_TRUNC },         { P9_O_APPEND, O_APPEND },
		{ P9_O_DSYNC, O_DSYNC },         { P9_O_SYNC, O_SYNC },
		{ P9_O_DIRECTORY, O_DIRECTORY }, { P9_O_NOATIME, O_NOATIME },
	};
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR };
	int ours = modes[flags & P9_O_ACCMODE];

	for (size_t i = 0; i < array_len(map); i++)
		if ((flags & map[i].p9) == map[i].p9)
			ours |= map[i].ours;
	return ours | ALWAYS;
}

static int check_openable(const struct tree_file *file, uint32_t flags)
{
	bool writes = (flags & P9_O_ACCMODE) != P9_O_RDONLY || flags & P9_O_TRUNC;

	switch (file->type) {
	case TREE_FILE:
		return flags & P9_O_DIRECTORY ? -ENOTDIR : 0;
	case TREE_DIR:
		return writes ? -EISDIR : 0;
	case TREE_LINK:
		return -ELOOP;
	default:
		return -ENXIO; /* opening a pipe or a device has effects of its own */
	}
}

/* open(dir, ".") is cheaper than the way through /proc, but wants the right
 * to search, which reading a directory does not need. */
static int open_dir(struct posix_tree *tree, const struct tree_file *file)
{
	int fd = openat(fs_fd(file), ".", O_RDONLY | O_DIRECTORY | ALWAYS);

	return fd < 0 ? fs_reopen(tree, file, O_RDONLY | O_DIRECTORY | ALWAYS) : fd;
}

static int open_file(struct posix_tree *tree, const struct tree_file *file, uint32_t flags)
{
	int fd;

	if (file->type == TREE_DIR)
		return open_dir(tree, file);
	fd = fs_reopen(tree, file, open_flags(flags));
	if (fd == -EPERM && flags & P9_O_NOATIME)
		fd = fs_reopen(tree, file, open_flags(flags & ~P9_O_NOATIME));
	return fd;
}

int fs_open(struct filetree *base, struct tree_file *file, uint32_t flags)
{
	int err = check_openable(file, flags);
	int fd;

	if (err)
		return err;
	fd = open_file(fs_of(base), file, flags);
	if (fd < 0)
		return fd;
	file->data = fd;
	file->cookie = 0;
	return 0;
}

/* Makes it, or finds it made already: then -EEXIST. */
static int create_new(struct posix_tree *tree, const struct tree_file *dir, const char *name,
		      const struct tree_create *how, struct tree_file *out)
{
	int flags = open_flags(how->flags & ~(P9_O_TRUNC | P9_O_DIRECTORY));
	int fd = openat(fs_fd(dir), name, flags | O_CREAT | O_EXCL | O_NOFOLLOW, how->mode & 07777);
	int err;

	if (fd < 0)
		return -errno;
	fs_new_group(dir, fd, name, how);
	err = fs_take(tree, fd, dir, out);
	if (err)
		return err;
	out->data = out->path;
	out->path = -1;
	return 0;
}

static int open_existing(struct filetree *base, const struct tree_file *dir, const char *name,
			 const struct tree_create *how, struct tree_file *out)
{
	int err = fs_walk(base, dir, name, out);

	if (err)
		return err;
	err = fs_open(base, out, how->flags);
	if (err)
		fs_close(base, out);
	return err;
}

/* Two steps, because one open(2) with O_CREAT would open whatever lies there,
 * a pipe or a device too. The file may come and go between the two. */
int fs_create(struct filetree *base, const struct tree_file *dir, const char *name,
	      const struct tree_create *how, struct tree_file *out)
{
	int err = -EEXIST;

	for (int i = 0; i < 4; i++) {
		err = create_new(fs_of(base), dir, name, how, out);
		if (err != -EEXIST || how->flags & P9_O_EXCL)
			return err;
		err = open_existing(base, dir, name, how, out);
		if (err != -ENOENT)
			return err;
	}
	return err;
}

ssize_t fs_read(struct filetree *tree, const struct tree_file *file, void *buf, size_t count,
		uint64_t offset)
{
	ssize_t n;

	(void)tree;
	if (offset > INT64_MAX)
		return -EINVAL;
	do {
		n = pread(file->data, buf, count, (off_t)offset);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t fs_splice(struct filetree *tree, const struct tree_file *file, int pipe, size_t count,
		  uint64_t offset)
{
	off_t at = (off_t)offset;
	size_t got = 0;

	(void)tree;
	if (offset > INT64_MAX || file->synthetic)
		return -EINVAL;
	while (got < count) {
		ssize_t n = splice(file->data, &at, pipe, NULL, count - got, SPLICE_F_NONBLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && got)
			break; /* the pipe is full */
		if (n < 0)
			return got ? (ssize_t)got : -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

ssize_t fs_write(struct filetree *tree, const struct tree_file *file, const void *buf, size_t count,
		 uint64_t offset)
{
	ssize_t n;

	(void)tree;
	if (offset > INT64_MAX)
		return -EFBIG;
	do {
		n = pwrite(file->data, buf, count, (off_t)offset);
	} while (n < 0 && errno == EINTR);
	if (n == 0 && count)
		return -EIO; /* a count of 0 makes clients try for ever */
	return n < 0 ? -errno : n;
}

/* The description's offset is nobody's: reads and writes bring their own. */
int fs_seek(struct filetree *tree, const struct tree_file *file, uint64_t *offset, bool hole)
{
	off_t at;

	(void)tree;
	if (*offset > INT64_MAX)
		return -ENXIO;
	at = lseek(file->data, (off_t)*offset, hole ? SEEK_HOLE : SEEK_DATA);
	if (at < 0)
		return -errno;
	*offset = (uint64_t)at;
	return 0;
}

int fs_sync(struct filetree *tree, const struct tree_file *file, bool data_only)
{
	(void)tree;
	return fs_result(data_only ? fdatasync(file->data) : fsync(file->data));
}

/* ---- locks: fcntl(2), open file description locks; flock(2) ---- */

/* Locks belong to an open file description: each owner needs its own, with the
 * right to read for read locks and to write for write locks. */
int fs_lock_open(struct filetree *base, const struct tree_file *file, bool write)
{
	struct tree_file open_one = *file;
	int fd;

	if (open_one.path < 0)
		open_one.path = open_one.data;
	fd = fs_reopen(fs_of(base), &open_one, (write ? O_RDWR : O_RDONLY) | ALWAYS);
	if (fd == -EACCES) /* perhaps it may only be written */
		fd = fs_reopen(fs_of(base), &open_one, O_WRONLY | ALWAYS);
	if (fd == -EACCES || fd == -EPERM || fd == -EROFS || fd == -ETXTBSY)
		return -EBADF;
	return fd;
}

void fs_lock_close(struct filetree *tree, int owner)
{
	(void)tree;
	fd_close(&owner);
}

static int flock_of(const struct tree_lock *lock, struct flock *fl)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK };

	if (lock->type > P9_LOCK_NONE || lock->start > INT64_MAX || lock->length > INT64_MAX)
		return -EINVAL;
	if (lock->length && lock->start > (uint64_t)INT64_MAX - (lock->length - 1))
		return -EOVERFLOW;
	*fl = (struct flock){
		.l_type = types[lock->type],
		.l_whence = SEEK_SET,
		.l_start = (off_t)lock->start,
		.l_len = (off_t)lock->length,
	};
	return 0;
}

static int lock_whole(int owner, uint8_t type)
{
	static const int kinds[] = { LOCK_SH, LOCK_EX, LOCK_UN };

	return type > P9_LOCK_NONE ? -EINVAL : fs_result(flock(owner, kinds[type] | LOCK_NB));
}

int fs_lock(struct filetree *tree, int owner, const struct tree_lock *lock)
{
	struct flock fl;
	int err = flock_of(lock, &fl);

	(void)tree;
	if (lock->flock)
		return lock_whole(owner, lock->type);
	if (err)
		return err;
	err = fs_result(fcntl(owner, F_OFD_SETLK, &fl));
	return err == -EACCES ? -EAGAIN : err;
}

/* The kernel lists an owner's locks (proc(5), /proc/PID/fdinfo); kernels before
 * 5.12 do not show that to everybody. */
static ssize_t list_locks(int owner, char *text, size_t size)
{
	char path[48];

	fmt(path, sizeof(path), "/proc/self/fdinfo/%d", owner);
	return file_read(path, text, size);
}

bool fs_lock_held(struct filetree *tree, int owner)
{
	char text[1024];

	(void)tree;
	return list_locks(owner, text, sizeof(text)) < 0 || strstr(text, LOCK_LINE);
}

/* "lock: 1: OFDLCK ADVISORY READ -1 DEV:INO FIRST LAST", where LAST may be EOF. */
static int parse_lock(const char *line, struct flock *fl)
{
	const char *end = strchrnul(line, '\n');
	const char *last = memrchr(line, ' ', (size_t)(end - line));
	const char *first = last ? memrchr(line, ' ', (size_t)(last - line)) : NULL;

	if (!first)
		return -ENOLCK;
	*fl = (struct flock){
		.l_type = F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = strtol(first + 1, NULL, 10),
	};
	if (last[1] != 'E')
		fl->l_len = strtol(last + 1, NULL, 10) - fl->l_start + 1;
	return 0;
}

/* Read locks of two can be on the same bytes: none is ever let go. */
int fs_lock_copy(struct filetree *tree, int from, int to)
{
	char *text = malloc(LOCK_TEXT_MAX);
	const char *at = text;
	int err = 0;

	(void)tree;
	if (!text)
		return -ENOMEM;
	if (list_locks(from, text, LOCK_TEXT_MAX) < 0)
		err = -ENOLCK;
	while (!err && (at = strstr(at, LOCK_LINE))) {
		struct flock fl;

		at += strlen(LOCK_LINE);
		err = parse_lock(at, &fl);
		if (!err)
			err = fs_result(fcntl(to, F_OFD_SETLK, &fl));
	}
	free(text);
	return err;
}

int fs_lock_test(struct filetree *tree, int owner, struct tree_lock *lock)
{
	struct flock fl;
	int err = flock_of(lock, &fl);

	(void)tree;
	if (err)
		return err;
	if (fcntl(owner, F_OFD_GETLK, &fl) < 0)
		return -errno;
	lock->type = fl.l_type == F_UNLCK   ? P9_LOCK_NONE
		     : fl.l_type == F_WRLCK ? P9_LOCK_WRITE
					    : P9_LOCK_READ;
	if (lock->type != P9_LOCK_NONE) {
		lock->start = (uint64_t)fl.l_start;
		lock->length = (uint64_t)fl.l_len;
	}
	return 0;
}
