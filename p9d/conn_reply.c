/* conn_reply.c: replies: encoded one behind the other, sent by the batch. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fd.h"
#include "p9d/conn_impl.h"

/* ---- sending; conn.send_lock is held ---- */

static bool is_interrupted(const struct thread *thread)
{
	return errno == EINTR && !atomic_load(&thread->give_up);
}

static int send_out(struct conn *conn, struct thread *thread, const uint8_t *data, size_t len,
		    int flags)
{
	while (len) {
		ssize_t n = send(conn->fd, data, len, MSG_NOSIGNAL | flags);

		if (n < 0 && is_interrupted(thread))
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_pipe(struct conn *conn, struct thread *thread, size_t len)
{
	while (len) {
		ssize_t n = splice(thread->pipe[0], NULL, conn->fd, NULL, len, SPLICE_F_MOVE);

		if (n < 0 && is_interrupted(thread))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		len -= (size_t)n;
	}
	return 0;
}

void close_pipe(struct thread *thread)
{
	fd_close(&thread->pipe[0]);
	fd_close(&thread->pipe[1]);
	thread->pipe_size = 0;
}

/* All that is known by now, in one Rwwatch or several. */
static int send_changes(struct conn *conn, struct thread *thread)
{
	struct p9_session *session = &conn->session;
	size_t room = session->msize < CONN_NEWS ? session->msize : CONN_NEWS;
	int err = 0;

	while (!err && conn->news) {
		struct p9_msg r = { .type = P9_TWWATCH + 1,
				    .tag = session->watch_tag,
				    .data = conn->news + P9_DATA_HEADER };
		int len;

		r.count = (uint32_t)session->tree->ops->changes(
			session->tree, conn->news + P9_DATA_HEADER, room - P9_DATA_HEADER);
		if (!r.count)
			break;
		len = p9_encode(&r, conn->news, room);
		err = len < 0 ? len : send_out(conn, thread, conn->news, (size_t)len, 0);
	}
	return err;
}

/* `len` bytes of out, and the data that the last reply has in the pipe. */
int send_replies(struct conn *conn, struct thread *thread, size_t from, size_t len, size_t piped)
{
	int err = send_changes(conn, thread);

	if (!err)
		err = send_out(conn, thread, thread->out + from, len, piped ? MSG_MORE : 0);
	if (!err && piped)
		err = send_pipe(conn, thread, piped);
	if (err) {
		close_pipe(thread); /* what is left in it belongs to nobody */
		shutdown(conn->fd, SHUT_RDWR);
	}
	return err;
}

/* ---- encoding ---- */

/* Puts the reply behind those in out. Its length, 0 if it must not be sent.
 * A piped reply's data is not in out, but counts in the message's size. */
size_t encode_reply(struct thread *thread, size_t at, size_t *piped)
{
	struct writer w;
	int len;

	*piped = thread->q.piped && thread->r.type == P9_TREAD + 1 ? thread->r.count : 0;
	if (!*piped) {
		len = p9_encode(&thread->r, thread->out + at, THREAD_BUFFER - at);
		return len < 0 ? 0 : (size_t)len;
	}
	writer_init(&w, thread->out + at, P9_DATA_HEADER);
	write_u32(&w, P9_DATA_HEADER + thread->r.count);
	write_u8(&w, thread->r.type);
	write_u16(&w, thread->r.tag);
	write_u32(&w, thread->r.count);
	return w.used;
}

size_t encode_flushes(struct thread *thread, size_t at)
{
	size_t used = 0;

	for (unsigned i = 0; i < thread->flush_count; i++) {
		struct p9_msg r = { .type = P9_TFLUSH + 1, .tag = thread->flushes[i] };
		int len = p9_encode(&r, thread->out + at + used, THREAD_BUFFER - at - used);

		used += len > 0 ? (size_t)len : 0;
	}
	return used;
}

static enum end send_all(struct conn *conn, struct thread *thread, size_t piped)
{
	int err;

	atomic_store_explicit(&thread->sending, true, memory_order_relaxed);
	pthread_mutex_lock(&conn->send_lock);
	err = send_replies(conn, thread, 0, thread->out_len, piped);
	pthread_mutex_unlock(&conn->send_lock);
	atomic_store(&thread->sending, false);
	if (atomic_load(&conn->pool->asleep))
		pool_wake(conn->pool); /* that took long: nobody has seen us come back */
	thread->out_len = 0;
	return err ? CLOSED : GO_ON;
}

enum end flush_out(struct conn *conn, struct thread *thread, size_t piped)
{
	return thread->out_len ? send_all(conn, thread, piped) : GO_ON;
}

enum end tell_changes(struct conn *conn, struct thread *thread)
{
	return send_all(conn, thread, 0);
}

static enum end replied(struct conn *conn, struct thread *thread, size_t len, size_t piped)
{
	if (!len)
		return CLOSED; /* cannot be: every reply fits */
	thread->out_len += len;
	if (piped || thread->out_len >= THREAD_BATCH)
		return flush_out(conn, thread, piped);
	return GO_ON;
}

enum end reply(struct conn *conn, struct thread *thread)
{
	size_t piped;
	size_t len = encode_reply(thread, thread->out_len, &piped);

	return replied(conn, thread, len, piped);
}

/* One that is not the reply to the thread's own request. */
enum end reply_with(struct conn *conn, struct thread *thread, const struct p9_msg *r)
{
	int len = p9_encode(r, thread->out + thread->out_len, THREAD_BUFFER - thread->out_len);

	return replied(conn, thread, len > 0 ? (size_t)len : 0, 0);
}
