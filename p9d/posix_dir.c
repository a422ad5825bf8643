/* posix_dir.c: the POSIX tree: reading and changing directories. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat(2) is declared there */
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/fmt.h"
#include "p9d/posix_impl.h"

/* getdents64(2) */
struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

static uint8_t tree_type_of(uint8_t d_type)
{
	switch (d_type) {
	case DT_DIR:
		return TREE_DIR;
	case DT_LNK:
		return TREE_LINK;
	case DT_REG:
		return TREE_FILE;
	default:
		return TREE_OTHER;
	}
}

static bool add_entry(struct tree_file *dir, const struct linux_dirent64 *d,
		      struct tree_listing *listing)
{
	struct tree_file file = { .dev = dir->dev,
				  .ino = d->d_ino,
				  .type = tree_type_of(d->d_type) };
	struct tree_entry entry = {
		.qid = tree_qid(&file),
		.cookie = (uint64_t)d->d_off,
		.type = d->d_type,
		.name = d->d_name,
	};

	if (!listing->add(listing, &entry))
		return false;
	dir->cookie = (uint64_t)d->d_off;
	return true;
}

/* 1: all added; 0: the listing is full. */
static int add_entries(struct tree_file *dir, size_t len, struct tree_listing *listing)
{
	const char *room = listing->room;

	for (size_t at = 0; at < len;) {
		const struct linux_dirent64 *d = (const void *)(room + at);

		if (!add_entry(dir, d, listing))
			return 0;
		at += d->d_reclen;
	}
	return 1;
}

int fs_readdir(struct filetree *tree, struct tree_file *dir, uint64_t offset,
	       struct tree_listing *listing)
{
	uint64_t first = offset;

	(void)tree;
	if (offset > INT64_MAX)
		return -EINVAL;
	if (offset != dir->cookie || offset == 0) {
		if (lseek(dir->data, (off_t)offset, SEEK_SET) < 0)
			return -errno;
		dir->cookie = offset;
	}
	for (;;) {
		long n = syscall(SYS_getdents64, dir->data, listing->room, listing->room_size);

		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if (!add_entries(dir, (size_t)n, listing))
			break;
	}
	offset = dir->cookie;
	dir->cookie = UINT64_MAX; /* the descriptor is further than we told */
	return offset == first ? -EINVAL : 0;
}

void fs_new_group(const struct tree_file *dir, int fd, const char *name,
		  const struct tree_create *how)
{
	struct stat st;

	if (how->gid == P9_NOUID || how->gid == how->user->gid)
		return;
	if (how->user->uid != 0 && !user_in_group(how->user, how->gid))
		return;
	if (fstat(fs_fd(dir), &st) < 0 || st.st_mode & S_ISGID)
		return;
	if (fd >= 0 ? fchownat(fd, "", (uid_t)-1, how->gid, AT_EMPTY_PATH) < 0
		    : fchownat(fs_fd(dir), name, (uid_t)-1, how->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (fd >= 0 && how->mode & (S_ISUID | S_ISGID))
		fchmod(fd, how->mode & 07777);
}

int fs_mkdir(struct filetree *tree, const struct tree_file *dir, const char *name,
	     const struct tree_create *how)
{
	(void)tree;
	if (mkdirat(fs_fd(dir), name, how->mode & 07777) < 0)
		return -errno;
	fs_new_group(dir, -1, name, how);
	return 0;
}

int fs_mknod(struct filetree *tree, const struct tree_file *dir, const char *name,
	     const struct tree_create *how)
{
	(void)tree;
	if (mknodat(fs_fd(dir), name, how->mode, makedev(how->major, how->minor)) < 0)
		return -errno;
	fs_new_group(dir, -1, name, how);
	return 0;
}

int fs_symlink(struct filetree *tree, const struct tree_file *dir, const char *name,
	       const char *target, const struct tree_create *how)
{
	(void)tree;
	if (symlinkat(target, fs_fd(dir), name) < 0)
		return -errno;
	fs_new_group(dir, -1, name, how);
	return 0;
}

int fs_link(struct filetree *base, const struct tree_file *file, const struct tree_file *dir,
	    const char *name)
{
	char number[16];

	if (file->type == TREE_DIR)
		return -EPERM;
	fmt(number, sizeof(number), "%d", fs_fd(file));
	return fs_result(linkat(fs_of(base)->proc_fd, number, fs_fd(dir), name, AT_SYMLINK_FOLLOW));
}

int fs_unlink(struct filetree *tree, const struct tree_file *dir, const char *name, bool is_dir)
{
	(void)tree;
	return fs_result(unlinkat(fs_fd(dir), name, is_dir ? AT_REMOVEDIR : 0));
}

int fs_rename(struct filetree *tree, const struct tree_rename *how)
{
	int from = fs_fd(how->from), to = fs_fd(how->to);

	(void)tree;
	if (how->flags)
		return fs_result(syscall(SYS_renameat2, from, how->name, to, how->new_name,
					 how->flags)); /* the kernel's own numbers */
	return fs_result(renameat(from, how->name, to, how->new_name));
}
