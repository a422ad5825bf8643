/* drive.c: a FUSE file system of empty directories. */
#include "pathconv/test/drive.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/fmt.h"

static void answer(int fd, uint64_t unique, int error, const void *data, size_t len)
{
	struct fuse_out_header out = { .error = error, .unique = unique };
	struct iovec iov[2] = { { &out, sizeof(out) },
				{ (void *)(uintptr_t)data, error < 0 ? 0 : len } };

	out.len = (uint32_t)(iov[0].iov_len + iov[1].iov_len);
	if (writev(fd, iov, 2) < 0)
		_exit(1);
}

static struct fuse_attr directory(uint64_t node)
{
	return (struct fuse_attr){ .ino = node, .mode = S_IFDIR | 0755, .nlink = 2 };
}

static void serve_one(int fd, const struct fuse_in_header *in, const char *name)
{
	static uint64_t node = FUSE_ROOT_ID;
	struct fuse_init_out init = { .major = 7, .minor = 31, .max_write = 4096 };
	struct fuse_attr_out attr = { .attr_valid = 1000, .attr = directory(in->nodeid) };
	struct fuse_entry_out entry = { .entry_valid = 1000, .attr_valid = 1000 };

	switch (in->opcode) {
	case FUSE_INIT:
		answer(fd, in->unique, 0, &init, sizeof(init));
		return;
	case FUSE_GETATTR:
		answer(fd, in->unique, 0, &attr, sizeof(attr));
		return;
	case FUSE_GETXATTR: /* asked for with each refresh, where it is not ENOSYS */
		answer(fd, in->unique, -ENODATA, NULL, 0);
		return;
	case FUSE_LOOKUP:
		entry.nodeid = ++node;
		entry.attr = directory(node);
		answer(fd, in->unique, strncmp(name, "new", 3) == 0 ? -ENOENT : 0, &entry,
		       sizeof(entry));
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return;
	default:
		answer(fd, in->unique, -ENOSYS, NULL, 0);
	}
}

static void serve(int fd)
{
	static union {
		struct fuse_in_header in;
		char bytes[1 << 16];
	} request;

	while (read(fd, &request, sizeof(request)) >= (ssize_t)sizeof(request.in))
		serve_one(fd, &request.in, request.bytes + sizeof(request.in));
	_exit(0);
}

pid_t drive_mount(const char *source, const char *dir)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];
	pid_t pid;

	if (fd < 0)
		return -errno;
	fmt(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (mount(source, dir, "fuse.drvfs", MS_NOSUID | MS_NODEV, options) < 0) {
		pid = -errno;
		close(fd);
		return pid;
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd);
	}
	close(fd);
	return pid < 0 ? -errno : pid;
}
