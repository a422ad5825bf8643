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

static int root_mount(const struct p9fs_config *c, uint32_t max_read, const char **step)
{
	unsigned long flags = c->flags | (c->read_only ? MS_RDONLY : 0);
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
	if (mount(c->name, c->dir, c->type, flags, options) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The kernel reads ahead 128 KiB whatever it is answered (FUSE_INIT), and takes the
 * answer for its limit: so afterwards, and as far as one message goes. Nobody is asked
 * for attributes here: we are who would have to answer. */
static void root_begun(const struct p9fs_config *c)
{
	struct statx st;
	char path[64], size[16];

	if (syscall(SYS_statx, AT_FDCWD, c->dir, AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW, 0, &st) <
	    0)
		return;
	fmt(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", st.stx_dev_major,
	    st.stx_dev_minor);
	fmt(size, sizeof(size), "%u", REMOTE_IO / 1024);
	file_write(path, size);
}

static void root_unmount(const struct p9fs_config *c)
{
	umount2(c->dir, MNT_DETACH | UMOUNT_NOFOLLOW);
}

const struct p9fs_way p9fs_as_root = { root_mount, root_begun, root_unmount };
