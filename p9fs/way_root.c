/* way_root.c: mounting with mount(2). */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/lib.h"
#include "p9fs/remote.h"
#include "p9fs/way.h"

/* <linux/mount.h>'s, which <sys/mount.h> excludes. */
enum { TREE_CLONE = 1, MOUNT_RDONLY = 1 };
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

static int root_mount(const struct p9fs_config *c, uint32_t max_read, const char **step)
{
	unsigned long flags = c->flags | (c->read_only ? MS_RDONLY : 0);
	unsigned long rw = flags & ~(unsigned long)MS_RDONLY;
	char options[160];
	int fd, err;

	*step = "open /dev/fuse";
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*step = "mount a FUSE file system";
	fmt(options, sizeof(options),
	    "fd=%d,rootmode=40000,user_id=%u,group_id=%u,max_read=%u,default_permissions%s", fd,
	    geteuid(), getegid(), max_read, c->allow_other ? ",allow_other" : "");
	err = mount(c->name, c->dir, c->type, rw, options) < 0 ? -errno : 0;
	/* Not the file system itself, which could then not show what others change. */
	if (!err && flags != rw &&
	    mount(NULL, c->dir, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0) {
		err = -errno;
		umount2(c->dir, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
	if (err)
		close(fd);
	return err ? err : fd;
}

/* Nobody is asked for attributes: we are who would have to answer. */
static int device_of(int dir, const char *path, uint32_t device[2])
{
	const int flags = AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	struct statx st;

	if (syscall(SYS_statx, dir, path, flags, 0, &st) < 0)
		return -errno;
	device[0] = st.stx_dev_major;
	device[1] = st.stx_dev_minor;
	return 0;
}

/* The kernel reads ahead 128 KiB whatever it is answered (FUSE_INIT), and takes the
 * answer for its limit: so afterwards, and as far as one message goes. */
static void root_begun(const struct p9fs_config *c, uint32_t device[2])
{
	char path[64], size[16];

	if (device_of(AT_FDCWD, c->dir, device) < 0)
		return;
	fmt(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", device[0], device[1]);
	fmt(size, sizeof(size), "%u", REMOTE_IO / 1024);
	file_write(path, size);
}

static int root_clone(const struct p9fs_config *c, const uint32_t device[2])
{
	struct {
		uint64_t set, clear, propagation, userns;
	} attributes = { .clear = MOUNT_RDONLY };
	uint32_t its[2] = { 0, 0 };
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, c->dir,
			      TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (fd < 0)
		return -errno;
	if (device_of(fd, "", its) < 0 || its[0] != device[0] || its[1] != device[1]) {
		close(fd);
		return -ENODEV;
	}
	syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes));
	return fd;
}

static void root_unmount(const struct p9fs_config *c)
{
	umount2(c->dir, MNT_DETACH | UMOUNT_NOFOLLOW);
}

const struct p9fs_way p9fs_as_root = { root_mount, root_begun, root_clone, root_unmount };
