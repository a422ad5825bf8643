/* way_root.c: mounting with mount(2). */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/lib.h"
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

static void root_unmount(const struct p9fs_config *c)
{
	umount2(c->dir, MNT_DETACH | UMOUNT_NOFOLLOW);
}

const struct p9fs_way p9fs_as_root = { root_mount, root_unmount };
