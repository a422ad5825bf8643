/* fuse_session.c: the descriptor of /dev/fuse. */
#include "p9fs/fuse_session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/lib.h"
#include "p9fs/pages.h"

int fuse_session_init(struct fuse_session *s, int fd, const struct fuse_terms *terms)
{
	/* Another reader may have taken what poll(2) promised: do not wait there. */
	int err = fd_set_nonblock(fd);

	*s = (struct fuse_session){ .fd = fd, .terms = *terms };
	s->size = FUSE_ROOM + terms->io_max;
	if (s->size < FUSE_MIN_READ_BUFFER)
		s->size = FUSE_MIN_READ_BUFFER;
	s->buf = malloc(s->size);
	if (!s->buf)
		err = -ENOMEM;
	if (err < 0)
		fuse_session_fini(s);
	return err;
}

void fuse_session_fini(struct fuse_session *s)
{
	free(s->buf);
	s->buf = NULL;
	fd_close(&s->fd);
}

/* --- out ------------------------------------------------------------------------------ */

/* What follows the header of a message: a struct, and what that is about. */
struct body {
	const void *head, *data;
	size_t head_len, len;
};

static struct iovec piece(const void *data, size_t len)
{
	return (struct iovec){ (void *)(uintptr_t)data, len };
}

/* One message is one writev(2), whichever thread's. error: a negative errno, or of a
 * notification (unique 0) its kind. */
static int put(struct fuse_session *s, uint64_t unique, int error, const struct body *b)
{
	const struct fuse_out_header head = { .len = (uint32_t)(sizeof(head) + b->head_len +
								b->len),
					      .error = error,
					      .unique = unique };
	const struct iovec iov[] = { piece(&head, sizeof(head)), piece(b->head, b->head_len),
				     piece(b->data, b->len) };

	while (writev(s->fd, iov, 3) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int fuse_answer(struct fuse_session *s, uint64_t unique, const void *data, size_t len)
{
	const struct body body = { .data = data, .len = len };

	return put(s, unique, 0, &body);
}

int fuse_refuse(struct fuse_session *s, uint64_t unique, int error)
{
	const struct body body = { 0 };

	return put(s, unique, -error, &body);
}

int fuse_notify_inode(struct fuse_session *s, uint64_t node, int64_t off, int64_t len)
{
	const struct fuse_notify_inval_inode_out out = { .ino = node, .off = off, .len = len };
	const struct body body = { .head = &out, .head_len = sizeof(out) };

	return put(s, 0, FUSE_NOTIFY_INVAL_INODE, &body);
}

int fuse_notify_entry(struct fuse_session *s, uint64_t dir, const char *name)
{
	const struct fuse_notify_inval_entry_out out = { .parent = dir,
							 .namelen = (uint32_t)strlen(name) };
	const struct body body = { &out, name, sizeof(out), out.namelen + 1 };

	return put(s, 0, FUSE_NOTIFY_INVAL_ENTRY, &body);
}

/* --- in ------------------------------------------------------------------------------- */

void fuse_session_rest(struct fuse_session *s)
{
	pages_rest(s->buf, s->size);
}

bool fuse_session_is_over(const struct fuse_session *s)
{
	struct pollfd p = { .fd = s->fd };

	return s->fd < 0 || (poll(&p, 1, 0) == 1 && p.revents & (POLLERR | POLLHUP));
}

static int agree(struct fuse_session *s, const struct fuse_request *q)
{
	struct fuse_init_out out;
	int err = fuse_agree(&out, q, &s->terms);

	if (err < 0)
		fuse_refuse(s, q->unique, -err);
	else
		fuse_answer(s, q->unique, &out, sizeof(out));
	return err;
}

/* 1: it is for the caller. */
static int take(struct fuse_session *s, struct fuse_request *q, size_t len)
{
	int err = fuse_decode(q, s->buf, len);

	if (!err)
		return q->opcode == FUSE_INIT ? agree(s, q) : 1;
	if (err != -EPROTO && fuse_is_answered(q->opcode))
		fuse_refuse(s, q->unique, err == -ENOSYS ? ENOSYS : EIO);
	return 0;
}

int fuse_session_read(struct fuse_session *s, struct fuse_request *q)
{
	ssize_t n = read(s->fd, s->buf, s->size);

	if (n >= 0)
		return take(s, q, (size_t)n);
	/* ENOENT: it was given up before we had it. */
	return errno == EAGAIN || errno == EINTR || errno == ENOENT ? 0 : -errno;
}
