/* lost.c: operations without a server, and the way back to one. */
#include "p9fs/lost.h"

#include <errno.h>
#include <poll.h>

#include "lib/lib.h"
#include "p9fs/op.h"
#include "p9fs/ops.h"

enum { AGAIN_MS = 250, AGAIN_MAX_MS = 2000 };

bool lost_waits(const struct p9fs *m)
{
	return m->remote.error && !m->refusal;
}

/* What it had of the server is gone with it. */
void lost_park(struct op *op)
{
	struct p9fs *m = op->mount;

	if (op->once && op->sent) {
		op_end(op, EIO);
		return;
	}
	op->newfid = P9_NOFID;
	op->handle = op->lent = NULL;
	op->got = 0;
	op->sent = op->flushing = false;
	op->parked = true;
	op->next_parked = NULL;
	*m->parked_end = op;
	m->parked_end = &op->next_parked;
}

static struct op *take_parked(struct p9fs *m)
{
	struct op *op = m->parked;

	if (!op)
		return NULL;
	m->parked = op->next_parked;
	if (!m->parked)
		m->parked_end = &m->parked;
	op->parked = false;
	return op;
}

void lost_end(struct p9fs *m, int error)
{
	struct op *op;

	while ((op = take_parked(m)))
		op_end(op, error);
}

/* Interrupted meanwhile, they have been answered. */
static void begin_anew(struct p9fs *m)
{
	struct op *op;

	while (!m->remote.error && (op = take_parked(m))) {
		if (op->unique)
			op_begin(op);
		else
			op_free(op);
	}
}

/* Nothing of the connection that is gone means anything to the next one. */
static void forget_server(struct p9fs *m)
{
	handles_lose(m);
	inodes_lose_fids(&m->inodes);
}

/* Waits for the next try; requests are taken meanwhile, and wait too. */
static int wait_a_while(struct p9fs *m, int ms)
{
	struct pollfd p[4] = { { .fd = m->fuse.fd, .events = POLLIN },
			       { .fd = m->notifier.event, .events = POLLIN },
			       { .fd = m->signals, .events = POLLIN },
			       { .fd = m->dropper.event, .events = POLLIN } };
	int64_t until = loop_now() + ms, left;
	int err = 0;

	while (err >= 0 && (left = until - loop_now()) > 0) {
		int give_up = ops_give_up(m);

		if (give_up >= 0 && give_up < left)
			left = give_up;
		if (poll(p, 4, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (p[2].revents)
			return -EINTR;
		if (p[1].revents)
			notifier_collect(&m->notifier);
		if (p[3].revents)
			notifier_collect(&m->dropper);
		if (p[0].revents)
			err = p9fs_take(m);
	}
	return err;
}

int lost_regain(struct p9fs *m)
{
	int64_t end = loop_now() + 1000 * (int64_t)m->config.patience;
	int err = 0, wait = 0;

	forget_server(m);
	do {
		if (loop_now() >= end) {
			m->refusal = EIO;
			lost_end(m, EIO);
		}
		err = wait_a_while(m, wait);
		wait = wait ? 2 * wait : AGAIN_MS;
		if (wait > AGAIN_MAX_MS)
			wait = AGAIN_MAX_MS;
		if (err >= 0 && p9fs_connect(m) == -ENODEV)
			err = -ENOTCONN;
	} while (err >= 0 && m->remote.error);
	if (err < 0)
		return err;
	m->refusal = 0;
	promises_lost(m);
	begin_anew(m);
	return 0;
}
