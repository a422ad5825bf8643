/* p9fs.c: the folder's life: connect, mount, serve, unmount. */
#include "p9fs/p9fs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "p9fs/ops.h"
#include "lib/lib.h"

static void fs_init(void *userdata, struct fuse_conn_info *fuse)
{
	struct p9fs *m = userdata;
	uint32_t most = m->remote.msize - P9_IO_HEADER;

	fuse->max_write = most;
	fuse->max_read = most;
	fuse->max_readahead = most;
	fuse->max_background = REMOTE_CALLS / 2;
	fuse->want |= fuse->capable &
		      (FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_POSIX_LOCKS | FUSE_CAP_FLOCK_LOCKS |
		       FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_AUTO_INVAL_DATA);
	/* Attributes along with names help only who may remember them. */
	if (m->config.cache <= 0)
		fuse->want &= ~(unsigned)FUSE_CAP_READDIRPLUS;
}

static const struct fuse_lowlevel_ops operations = {
	.init = fs_init,
	.lookup = on_lookup,
	.forget = on_forget,
	.forget_multi = on_forget_multi,
	.getattr = on_getattr,
	.setattr = on_setattr,
	.readlink = on_readlink,
	.mknod = on_mknod,
	.mkdir = on_mkdir,
	.unlink = on_unlink,
	.rmdir = on_rmdir,
	.symlink = on_symlink,
	.rename = on_rename,
	.link = on_link,
	.open = on_open,
	.create = on_create,
	.read = on_read,
	.write = on_write,
	.flush = on_flush,
	.release = on_release,
	.fsync = on_fsync,
	.opendir = on_opendir,
	.readdir = on_readdir,
	.readdirplus = on_readdirplus,
	.releasedir = on_release,
	.fsyncdir = on_fsync,
	.statfs = on_statfs,
	.setxattr = on_setxattr,
	.getxattr = on_getxattr,
	.listxattr = on_listxattr,
	.removexattr = on_removexattr,
	.access = on_access,
	.getlk = on_getlk,
	.setlk = on_setlk,
	.flock = on_flock,
	.lseek = on_lseek,
};

static void drop_fid(struct inodes *inodes, uint32_t fid)
{
	remote_clunk(&container_of(inodes, struct p9fs, inodes)->remote, fid);
}

/* --- opening ------------------------------------------------------------------------ */

static int p9fs_connect(struct p9fs *m, int fd)
{
	uint64_t root;
	int err = remote_init(&m->remote, fd);

	if (!err)
		err = remote_start(&m->remote, m->config.user, &root);
	return err ? err : inodes_init(&m->inodes, root, INODE_FIDS, drop_fid);
}

/* In libfuse's options a comma ends a value, and a backslash spares it that. */
static void put_value(char *out, size_t size, const char *value)
{
	size_t used = 0;

	for (; *value && used + 2 < size; value++) {
		if (*value == ',' || *value == '\\')
			out[used++] = '\\';
		out[used++] = *value;
	}
	out[used] = '\0';
}

static int p9fs_fuse(struct p9fs *m)
{
	char *argv[] = { (char[]){ "landbridge" }, (char[]){ "-o" }, m->options, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);
	int err;
	size_t used = fmt(m->options, sizeof(m->options),
			  "subtype=landbridge,nosuid,nodev,max_read=%u%s,fsname=",
			  m->remote.msize - P9_IO_HEADER, m->config.read_only ? ",ro" : "");

	put_value(m->options + used, sizeof(m->options) - used, m->config.name);
	m->fuse = fuse_session_new(&args, &operations, sizeof(operations), m);
	fuse_opt_free_args(&args);
	if (!m->fuse)
		return -EINVAL;
	/* From now on a signal must find somebody who unmounts; it comes in p9fs_turn. */
	if (fuse_set_signal_handlers(m->fuse) < 0)
		return -EINVAL;
	m->handles_signals = true;
	sigprocmask(SIG_BLOCK, &m->signals, &m->unblocked);
	m->mounted = fuse_session_mount(m->fuse, m->config.dir) == 0;
	if (!m->mounted)
		return -EPERM;
	err = dropper_start(&m->dropper, m->fuse);
	/* Another reader may have taken what poll(2) promised: do not wait there. */
	return err ? err : fd_set_nonblock(fuse_session_fd(m->fuse));
}

int p9fs_open(struct p9fs **out, const struct p9fs_config *config, int fd, const char **step)
{
	struct p9fs *m = calloc(1, sizeof(*m));
	int err = m ? 0 : -ENOMEM;

	*step = "reach the guest's file server";
	if (!m)
		close(fd);
	if (!err) {
		m->config = *config;
		sigemptyset(&m->signals);
		sigaddset(&m->signals, SIGTERM);
		sigaddset(&m->signals, SIGINT);
		sigaddset(&m->signals, SIGHUP);
		err = p9fs_connect(m, fd);
	}
	if (!err) {
		*step = "mount a FUSE file system";
		err = p9fs_fuse(m);
	}
	if (err && m)
		p9fs_close(m);
	*out = err ? NULL : m;
	return err;
}

/* --- serving -------------------------------------------------------------------------- */

/* One request of the kernel's; those that find no room at the server wait there. */
static int fuse_take(struct p9fs *m, struct fuse_buf *buf)
{
	int n = fuse_session_receive_buf(m->fuse, buf);

	if (n > 0)
		fuse_session_process_buf(m->fuse, buf);
	else if (n < 0 && n != -EINTR && n != -EAGAIN)
		return n;
	return 0;
}

static int p9fs_turn(struct p9fs *m, struct fuse_buf *buf)
{
	struct pollfd p[3] = {
		{ .fd = m->remote.fd,
		  .events = (short)(POLLIN | (remote_pending(&m->remote) ? POLLOUT : 0)) },
		{ .fd = remote_busy(&m->remote) ? -1 : fuse_session_fd(m->fuse), .events = POLLIN },
		{ .fd = m->dropper.event, .events = POLLIN },
	};
	int wait = ops_give_up(m), err = 0;
	const struct timespec left = { wait / 1000, wait % 1000 * 1000000L };

	if (ppoll(p, 3, wait < 0 ? NULL : &left, &m->unblocked) < 0)
		return errno == EINTR ? 0 : -errno;
	if (p[2].revents)
		dropper_collect(&m->dropper);
	if (p[1].revents)
		err = fuse_take(m, buf);
	if (!err && p[0].revents & (POLLIN | POLLHUP | POLLERR))
		err = remote_read(&m->remote);
	return err ? err : remote_write(&m->remote);
}

int p9fs_serve(struct p9fs *m)
{
	struct fuse_buf buf = { 0 };
	int err = 0;

	while (!err && !fuse_session_exited(m->fuse))
		err = p9fs_turn(m, &buf);
	free(buf.mem);
	return err == -ENODEV ? 0 : err;
}

/* What the kernel wants to write back, or to read, is refused; but it must be
 * told so, before it lets go. */
static void finish_drops(struct p9fs *m)
{
	struct fuse_buf buf = { 0 };

	while (m->dropper.count) {
		struct pollfd p[2] = { { .fd = fuse_session_fd(m->fuse), .events = POLLIN },
				       { .fd = m->dropper.event, .events = POLLIN } };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents)
			dropper_collect(&m->dropper);
		if (p[0].revents & POLLIN)
			fuse_take(m, &buf);
		else if (p[0].revents) /* unmounted: it lets go by itself */
			poll(&p[1], 1, -1);
	}
	free(buf.mem);
}

void p9fs_close(struct p9fs *m)
{
	remote_fail(&m->remote, -ENOTCONN);
	finish_drops(m);
	dropper_stop(&m->dropper);
	if (m->mounted)
		fuse_session_unmount(m->fuse);
	if (m->handles_signals) {
		fuse_remove_signal_handlers(m->fuse);
		sigprocmask(SIG_UNBLOCK, &m->signals, NULL);
	}
	if (m->fuse)
		fuse_session_destroy(m->fuse);
	inodes_fini(&m->inodes);
	remote_fini(&m->remote);
	free(m);
}
