/* p9fs.c: the folder's life: connect, mount, serve, unmount. */
#include "p9fs/p9fs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "p9fs/lost.h"
#include "p9fs/ops.h"
#include "p9fs/way.h"
#include "lib/lib.h"

enum { REST_MS = 1000 };

static void drop_fid(struct inodes *inodes, uint32_t fid)
{
	remote_clunk(&container_of(inodes, struct p9fs, inodes)->remote, fid);
}

/* --- opening ------------------------------------------------------------------------ */

int p9fs_connect(struct p9fs *m)
{
	const struct p9fs_config *c = &m->config;
	struct remote_hello hello = { .user = c->user, .tree = c->attach };
	uint64_t root;
	int fd = c->connect(c->owner), err = fd;

	if (fd >= 0) {
		remote_fini(&m->remote);
		err = remote_init(&m->remote, fd);
	}
	if (c->watch)
		hello.watch = promises_ask(&m->promises);
	if (!err)
		err = remote_start(&m->remote, &hello, &root);
	if (!err && m->inodes.buckets)
		m->inodes.root.id = root;
	else if (!err)
		err = inodes_init(&m->inodes, root, INODE_FIDS, drop_fid);
	if (err &&
	    fd >= 0) { /* one that refuses us is none; only connect says that there is none */
		remote_fail(&m->remote, err);
		return err == -ENODEV ? -EIO : err;
	}
	return err;
}

static struct fuse_terms terms_of(const struct p9fs *m)
{
	struct fuse_terms terms = {
		.flags = FUSE_ASYNC_READ | FUSE_ASYNC_DIO | FUSE_BIG_WRITES | FUSE_MAX_PAGES |
			 FUSE_PARALLEL_DIROPS | FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS |
			 FUSE_ATOMIC_O_TRUNC | FUSE_HANDLE_KILLPRIV,
		.io_max = m->remote.msize - P9_IO_HEADER,
		.page = (uint32_t)getpagesize(),
		.background = REMOTE_CALLS / 2,
	};

	/* With promises the kernel is told when to forget, and guesses nothing. */
	if (m->promises.given)
		terms.flags |= FUSE_EXPLICIT_INVAL_DATA | FUSE_CACHE_SYMLINKS;
	else
		terms.flags |= FUSE_AUTO_INVAL_DATA;
	if (m->config.guest_locks)
		terms.flags =
			(terms.flags | FUSE_NO_OPEN_SUPPORT | FUSE_NO_OPENDIR_SUPPORT) &
			~(uint64_t)(FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS | FUSE_ATOMIC_O_TRUNC);
	/* Attributes along with names help only who may remember them. */
	if (m->promises.given || m->config.cache > 0)
		terms.flags |= FUSE_DO_READDIRPLUS;
	if (!m->promises.given && m->config.cache > 0)
		terms.flags |= FUSE_READDIRPLUS_AUTO;
	return terms;
}

static int signals_open(struct p9fs *m)
{
	sigset_t ending;

	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGHUP);
	sigprocmask(SIG_BLOCK, &ending, &m->unblocked);
	if (m->config.stays)
		return 0; /* with m->signals -1, which poll(2) passes over */
	m->signals = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
	return m->signals < 0 ? -errno : 0;
}

static int p9fs_mount(struct p9fs *m, const char **step)
{
	struct fuse_terms terms;
	int err, fd;

	m->config.guest_locks = m->config.guest_locks && m->promises.given;
	terms = terms_of(m);

	*step = "mount a FUSE file system";
	/* From now on a signal must find somebody who unmounts; it comes in p9fs_turn. */
	err = signals_open(m);
	if (err < 0)
		return err;
	fd = m->config.way->mount(&m->config, terms.io_max, step);
	err = fd < 0 ? fd : fuse_session_init(&m->fuse, fd, &terms);
	if (!err)
		err = notifier_start(&m->notifier, &m->fuse);
	if (!err)
		err = notifier_start(&m->dropper, &m->fuse);
	return err < 0 ? err : replay_start(m);
}

int p9fs_open(struct p9fs **out, const struct p9fs_config *config, const char **step)
{
	struct p9fs *m = calloc(1, sizeof(*m));
	int err = m ? 0 : -ENOMEM;

	*step = "reach the file server";
	*out = NULL;
	if (!m)
		return err;
	m->config = *config;
	m->remote.fd = m->fuse.fd = m->signals = m->replay.root = -1;
	m->parked_end = &m->parked;
	m->refusal = ENOTCONN;
	err = p9fs_connect(m);
	if (!err)
		err = p9fs_mount(m, step);
	if (err)
		p9fs_close(m);
	else
		*out = m;
	return err;
}

/* --- serving -------------------------------------------------------------------------- */

static void p9fs_begun(struct p9fs *m)
{
	if (m->config.way->begun)
		m->config.way->begun(&m->config, m->replay.watchers.device);
	m->begun = true;
}

/* One request of the kernel's; those that find no room at the server wait there. */
int p9fs_take(struct p9fs *m)
{
	struct fuse_request q;
	int got = fuse_session_read(&m->fuse, &q);

	if (got > 0 && !m->begun)
		p9fs_begun(m);
	if (got > 0)
		ops_dispatch(m, &q);
	return got < 0 ? got : 0;
}

/* How long to wait, in ms: until somebody's patience ends, a lent file may be
 * closed, or the buffers may rest. */
static int turn_wait(struct p9fs *m)
{
	int wait = ops_give_up(m), sweep = handles_sweep(m);

	if (sweep >= 0 && (wait < 0 || sweep < wait))
		wait = sweep;
	return wait < 0 && !m->rested ? REST_MS : wait;
}

static void p9fs_rest(struct p9fs *m)
{
	listings_drop(m);
	fuse_session_rest(&m->fuse);
	remote_rest(&m->remote);
	m->rested = true;
}

static int p9fs_turn(struct p9fs *m)
{
	struct pollfd p[6] = {
		{ .fd = m->remote.fd,
		  .events = (short)(POLLIN | (remote_pending(&m->remote) ? POLLOUT : 0)) },
		{ .fd = remote_busy(&m->remote) ? -1 : m->fuse.fd, .events = POLLIN },
		{ .fd = m->notifier.event, .events = POLLIN },
		{ .fd = m->signals, .events = POLLIN },
		{ .fd = m->dropper.event, .events = POLLIN },
		{ .fd = m->replay.thread.event, .events = POLLIN },
	};
	int err = 0, count = poll(p, array_len(p), turn_wait(m));

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	if (count == 0 && !m->interrupted)
		p9fs_rest(m);
	else
		m->rested = false;
	m->stop = p[3].revents != 0;
	if (p[2].revents)
		notifier_collect(&m->notifier);
	if (p[4].revents)
		notifier_collect(&m->dropper);
	if (p[5].revents)
		notifier_collect(&m->replay.thread);
	if (p[1].revents)
		err = p9fs_take(m);
	if (!err && p[0].revents & (POLLIN | POLLHUP | POLLERR))
		err = remote_read(&m->remote);
	if (m->promises.broken)
		remote_fail(&m->remote, -ENOMEM);
	return err ? err : remote_write(&m->remote);
}

int p9fs_serve(struct p9fs *m)
{
	int err = 0;

	m->refusal = m->config.patience && m->config.guest_locks ? 0 : ENOTCONN;
	while (!err && !m->stop) {
		err = p9fs_turn(m);
		if (err && lost_waits(m))
			err = lost_regain(m);
	}
	m->refusal = ENOTCONN;
	return err == -ENODEV || err == -EINTR ? 0 : err;
}

/* What the kernel wants to write back, or to read, is refused; but it must be
 * told so, before it lets go. */
static void finish_notices(struct p9fs *m)
{
	struct notifier *all[] = { &m->replay.thread, &m->dropper, &m->notifier };
	struct pollfd p[1 + array_len(all)] = { { .fd = m->fuse.fd, .events = POLLIN } };

	/* What one waits for, another may have to be collected for. */
	while (all[0]->count || all[1]->count || all[2]->count) {
		for (size_t i = 0; i < array_len(all); i++)
			p[1 + i] = (struct pollfd){ .fd = all[i]->event, .events = POLLIN };
		if (poll(p, array_len(p), -1) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < array_len(all); i++)
			if (p[1 + i].revents)
				notifier_collect(all[i]);
		if (p[0].revents & POLLIN)
			p9fs_take(m);
		else if (p[0].revents) /* unmounted: it lets go by itself */
			p[0].fd = -1;
	}
}

void p9fs_close(struct p9fs *m)
{
	bool mounted = m->fuse.fd >= 0 && !fuse_session_is_over(&m->fuse);

	remote_fail(&m->remote, -ENOTCONN);
	lost_end(m, ENOTCONN);
	replay_stop(m);
	finish_notices(m);
	notifier_stop(&m->notifier);
	notifier_stop(&m->dropper);
	notifier_stop(&m->replay.thread);
	fuse_session_fini(&m->fuse);
	fd_close(&m->replay.root);
	watchers_free(&m->replay.watchers);
	if (mounted)
		m->config.way->unmount(&m->config);
	if (m->signals >= 0)
		sigprocmask(SIG_SETMASK, &m->unblocked, NULL);
	fd_close(&m->signals);
	inodes_fini(&m->inodes);
	remote_fini(&m->remote);
	free(m);
}
