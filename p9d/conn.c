/* conn.c: one connection: bytes in, requests run, replies out. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fd.h"
#include "p9d/pool.h"

#define ERRORS_MAX 1000
#define MOVE_MAX 8192 /* input that is worth moving to where it is aligned */
#define PIPE_SIZE (1 << 20)
#define PIPE_ALIGN 4096 /* a read that is not aligned needs one page more */

enum end { GO_ON, CLOSED, IDLE, LOST };

/* ---- life ---- */

static struct conn *conn_new(struct pool *pool, int fd)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->pool = pool;
	conn->fd = fd;
	conn->refs = 1;
	pthread_mutex_init(&conn->send_lock, NULL);
	pthread_mutex_init(&conn->lock, NULL);
	return conn;
}

static void conn_free(struct conn *conn)
{
	fd_close(&conn->fd);
	pthread_mutex_destroy(&conn->send_lock);
	pthread_mutex_destroy(&conn->lock);
	free(conn->saved);
	free(conn);
}

static bool count_conn(struct pool *pool, int change)
{
	bool fits;
	uint64_t one = 1;
	bool last;

	pthread_mutex_lock(&pool->lock);
	fits = change < 0 || pool->conn_count < CONNS_MAX;
	if (fits)
		pool->conn_count += (unsigned)change;
	last = pool->conn_count == 0;
	pthread_mutex_unlock(&pool->lock);
	if (last && write(pool->wake, &one, sizeof(one)) < 0)
		return fits; /* awake anyway */
	return fits;
}

static int save_input(struct conn *conn, const void *input, size_t len)
{
	conn->saved = len ? malloc(len) : NULL;
	if (len && !conn->saved)
		return -ENOMEM;
	if (len)
		memcpy(conn->saved, input, len);
	conn->saved_len = len;
	return 0;
}

static int conn_setup(struct conn *conn, struct filetree *tree, const struct p9_policy *policy,
		      const struct conn_greeting *greeting)
{
	int err = save_input(conn, greeting->input, greeting->input_len);

	if (!err)
		err = p9_session_init(&conn->session, tree, policy);
	if (err)
		return err;
	if (greeting->msize) {
		conn->session.msize = greeting->msize;
		conn->session.dialect = greeting->dialect;
	}
	fcntl(conn->fd, F_SETFL, fcntl(conn->fd, F_GETFL) & ~O_NONBLOCK);
	return 0;
}

int conn_start(struct pool *pool, int fd, struct filetree *tree, const struct p9_policy *policy,
	       const struct conn_greeting *greeting)
{
	struct conn *conn = conn_new(pool, fd);
	int err;

	if (!conn) {
		close(fd);
		return -ENOMEM;
	}
	err = conn_setup(conn, tree, policy, greeting);
	if (!err && !count_conn(pool, 1)) {
		p9_session_fini(&conn->session);
		err = -EUSERS;
	}
	if (err)
		conn_free(conn);
	else
		pool_give(pool, conn);
	return err;
}

void conn_unref(struct conn *conn)
{
	struct pool *pool = conn->pool;
	bool last;

	pthread_mutex_lock(&conn->lock);
	last = --conn->refs == 0;
	pthread_mutex_unlock(&conn->lock);
	if (!last)
		return;
	p9_session_fini(&conn->session);
	conn_free(conn);
	count_conn(pool, -1);
}

void conn_cancel(struct thread *thread)
{
	if (atomic_exchange(&thread->cancel, true))
		return;
	pthread_kill(thread->id, SIGUSR1);
	pool_wake(thread->pool);
}

/* ---- sending; conn.send_lock is held ---- */

static bool is_interrupted(const struct thread *thread)
{
	return errno == EINTR && !atomic_load(&thread->give_up);
}

static int send_out(struct conn *conn, struct thread *thread, size_t from, size_t len, int flags)
{
	const uint8_t *data = thread->out + from;

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

static void close_pipe(struct thread *thread)
{
	fd_close(&thread->pipe[0]);
	fd_close(&thread->pipe[1]);
	thread->pipe_size = 0;
}

/* `len` bytes of out, and the data that the last reply has in the pipe. */
static int send_replies(struct conn *conn, struct thread *thread, size_t from, size_t len,
			size_t piped)
{
	int err = send_out(conn, thread, from, len, piped ? MSG_MORE : 0);

	if (!err && piped)
		err = send_pipe(conn, thread, piped);
	if (err) {
		close_pipe(thread); /* what is left in it belongs to nobody */
		shutdown(conn->fd, SHUT_RDWR);
	}
	return err;
}

/* ---- the end of a request ---- */

/* Puts the reply behind those in out. Its length, 0 if it must not be sent.
 * A piped reply's data is not in out, but counts in the message's size. */
static size_t encode_reply(struct thread *thread, size_t at, size_t *piped)
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

static size_t encode_flushes(struct thread *thread, size_t at)
{
	size_t used = 0;

	for (unsigned i = 0; i < thread->flush_count; i++) {
		struct p9_msg r = { .type = P9_TFLUSH + 1, .tag = thread->flushes[i] };
		int len = p9_encode(&r, thread->out + at + used, THREAD_BUFFER - at - used);

		used += len > 0 ? (size_t)len : 0;
	}
	return used;
}

static void unlink_detached(struct conn *conn, struct thread *thread)
{
	struct thread **at = &conn->detached;

	pthread_mutex_lock(&conn->lock);
	while (*at != thread)
		at = &(*at)->next_detached;
	*at = thread->next_detached;
	pthread_mutex_unlock(&conn->lock);
}

/* The connection went on without this thread: it sends its reply by itself, and
 * then those to the flushes of it. Leaving the list and sending must not be
 * parted: a Tflush that finds nothing is answered at once. */
static void finish_detached(struct conn *conn, struct thread *thread)
{
	size_t at = thread->out_len;
	size_t piped, len;

	pthread_mutex_lock(&conn->send_lock);
	unlink_detached(conn, thread);
	len = encode_reply(thread, at, &piped);
	if (thread->drop)
		close_pipe(thread);
	else if (send_replies(conn, thread, at, len, piped) == 0 && thread->flush_count)
		send_replies(conn, thread, at, encode_flushes(thread, at), 0);
	pthread_mutex_unlock(&conn->send_lock);
	conn_unref(conn);
}

static enum end flush_out(struct conn *conn, struct thread *thread, size_t piped)
{
	int err = 0;

	if (!thread->out_len)
		return GO_ON;
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

static enum end reply(struct conn *conn, struct thread *thread)
{
	size_t piped;
	size_t len = encode_reply(thread, thread->out_len, &piped);

	if (!len)
		return CLOSED; /* cannot be: every reply fits */
	thread->out_len += len;
	if (piped || thread->out_len >= THREAD_BATCH)
		return flush_out(conn, thread, piped);
	return GO_ON;
}

/* ---- requests that concern other requests ---- */

static bool is_for(const struct thread *thread, uint16_t tag)
{
	if (thread->t.tag == tag)
		return true;
	for (unsigned i = 0; i < thread->flush_count; i++)
		if (thread->flushes[i] == tag)
			return true;
	return false;
}

/* 1: the answer waits for a detached thread's; 0: none does. */
static int defer_flush(struct conn *conn, const struct p9_msg *t)
{
	int deferred = 0;

	pthread_mutex_lock(&conn->lock);
	for (struct thread *thread = conn->detached; thread && !deferred;
	     thread = thread->next_detached) {
		if (!is_for(thread, t->oldtag))
			continue;
		deferred = thread->flush_count < FLUSHES_MAX ? 1 : -ENOBUFS;
		if (deferred == 1)
			thread->flushes[thread->flush_count++] = t->tag;
		conn_cancel(thread);
	}
	pthread_mutex_unlock(&conn->lock);
	return deferred;
}

static enum end do_flush(struct conn *conn, struct thread *thread)
{
	int deferred = defer_flush(conn, &thread->t);

	if (deferred)
		return deferred < 0 ? CLOSED : GO_ON;
	thread->r.type = P9_TFLUSH + 1;
	thread->r.tag = thread->t.tag;
	return reply(conn, thread);
}

/* Detached threads whose request is on `fid` and may wait long, or all. */
static void cancel_detached(struct conn *conn, bool all, uint32_t fid, bool drop)
{
	pthread_mutex_lock(&conn->lock);
	for (struct thread *thread = conn->detached; thread; thread = thread->next_detached) {
		if (!all && (thread->t.type != P9_TLOCK || thread->t.fid != fid))
			continue;
		thread->drop |= drop;
		conn_cancel(thread);
	}
	pthread_mutex_unlock(&conn->lock);
}

static enum end do_version(struct conn *conn, struct thread *thread)
{
	cancel_detached(conn, true, 0, true);
	p9_session_version(&conn->session, &thread->t, &thread->r);
	return reply(conn, thread);
}

/* ---- requests ---- */

/* A pipe for large reads, once this thread has seen one asked for. */
static void want_pipe(struct thread *thread)
{
	int size;

	if (thread->pipe[0] >= 0 || thread->t.type != P9_TREAD ||
	    thread->t.count < SESSION_SPLICE_MIN)
		return;
	if (pipe2(thread->pipe, O_CLOEXEC) < 0)
		return;
	fcntl(thread->pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
	size = fcntl(thread->pipe[1], F_GETPIPE_SZ);
	thread->pipe_size = size > PIPE_ALIGN ? (size_t)size - PIPE_ALIGN : 0;
}

static void fill_request(struct conn *conn, struct thread *thread)
{
	want_pipe(thread);
	thread->q = (struct p9_request){
		.session = &conn->session,
		.t = &thread->t,
		.r = &thread->r,
		.room = thread->out + thread->out_len + P9_DATA_HEADER,
		.scratch = thread->scratch,
		.scratch_size = SESSION_SCRATCH,
		.cancel = &thread->cancel,
		.acting = &thread->acting,
		.pipe = thread->pipe[1],
		.pipe_size = thread->pipe_size,
	};
}

static enum end run(struct conn *conn, struct thread *thread)
{
	unsigned phase =
		(atomic_load_explicit(&thread->phase, memory_order_relaxed) | PHASE_MASK) + 1;
	unsigned running = phase | PHASE_RUNNING;

	fill_request(conn, thread);
	thread->flush_count = 0;
	thread->drop = false;
	atomic_store_explicit(&thread->kicks, 0, memory_order_relaxed);
	atomic_store_explicit(&thread->cancel, false, memory_order_relaxed);
	atomic_store(&thread->phase, running);
	if (atomic_load(&conn->pool->asleep))
		pool_wake(conn->pool);
	p9_session_answer(&thread->q);
	if (!atomic_compare_exchange_strong(&thread->phase, &running, phase)) {
		if (thread_was_taken(thread)) {
			finish_detached(conn, thread);
			atomic_store(&thread->phase, phase);
			return LOST;
		}
		atomic_store(&thread->phase, phase);
	}
	if (thread->t.type == P9_TCLUNK)
		cancel_detached(conn, false, thread->t.fid, false);
	return reply(conn, thread);
}

static enum end malformed(struct conn *conn, struct thread *thread, int err)
{
	thread->r.type = P9_RLERROR;
	thread->r.tag = thread->t.tag;
	thread->r.error = (uint32_t)-err;
	if (++conn->errors > ERRORS_MAX)
		return CLOSED;
	return reply(conn, thread);
}

static enum end handle(struct conn *conn, struct thread *thread, const uint8_t *frame, size_t len)
{
	int err = p9_decode(&thread->t, frame, len);

	thread->q.piped = false;
	if (err)
		return malformed(conn, thread, err);
	if (thread->t.type == P9_TFLUSH)
		return do_flush(conn, thread);
	if (thread->t.type == P9_TVERSION)
		return do_version(conn, thread);
	return run(conn, thread);
}

/* ---- receiving ---- */

/* The size of the message that begins at in_start; 0: not known yet. */
static uint32_t next_size(const struct thread *thread)
{
	struct reader r;

	reader_init(&r, thread->in + thread->in_start, thread->in_end - thread->in_start);
	return read_u32(&r);
}

/* Works on all whole messages that are there. */
static enum end run_batch(struct conn *conn, struct thread *thread)
{
	enum end end = GO_ON;

	while (end == GO_ON && thread->in_end - thread->in_start >= 4) {
		uint32_t size = next_size(thread);
		const uint8_t *frame = thread->in + thread->in_start;

		if (size < P9_HEADER || size > conn->session.msize)
			return CLOSED; /* no message can be told from the next any more */
		if (size > thread->in_end - thread->in_start)
			break;
		thread->in_start += size;
		end = handle(conn, thread, frame, size);
	}
	return end;
}

static void move_input(struct thread *thread)
{
	size_t have = thread->in_end - thread->in_start;

	if (have)
		memmove(thread->in + THREAD_START, thread->in + thread->in_start, have);
	thread->in_start = THREAD_START;
	thread->in_end = THREAD_START + have;
}

/* How much to ask for: the rest of a large message, or whatever comes. */
static size_t make_room(struct thread *thread)
{
	size_t have = thread->in_end - thread->in_start;
	uint32_t size = have >= 4 ? next_size(thread) : 0;
	size_t want = size > have + THREAD_BATCH / 4 ? size - have : THREAD_RECEIVE;

	if (have <= MOVE_MAX || thread->in_end + want > THREAD_BUFFER)
		move_input(thread);
	return want < THREAD_BUFFER - thread->in_end ? want : THREAD_BUFFER - thread->in_end;
}

static enum end receive(struct conn *conn, struct thread *thread)
{
	size_t want = make_room(thread);
	ssize_t n = -1;

	errno = EINTR;
	while (n < 0 && errno == EINTR && !atomic_load(&thread->park))
		n = recv(conn->fd, thread->in + thread->in_end, want, 0);
	if (n > 0) {
		thread->in_end += (size_t)n;
		return GO_ON;
	}
	return n < 0 && errno == EINTR ? IDLE : CLOSED;
}

static void restore_input(struct conn *conn, struct thread *thread)
{
	if (!conn->saved)
		return;
	memcpy(thread->in, conn->saved, conn->saved_len);
	thread->in_end = conn->saved_len;
	free(conn->saved);
	conn->saved = NULL;
}

/* Back to epoll, until something comes. Nothing of conn may be touched after
 * that: another thread may have it. */
static enum end park(struct conn *conn, struct thread *thread)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
				     .data.ptr = conn };
	int op = conn->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (save_input(conn, thread->in + thread->in_start, thread->in_end - thread->in_start) < 0)
		return GO_ON;
	conn->watched = true;
	return epoll_ctl(conn->pool->epoll, op, conn->fd, &event) < 0 ? CLOSED : IDLE;
}

static void conn_end(struct conn *conn)
{
	shutdown(conn->fd, SHUT_RDWR);
	cancel_detached(conn, true, 0, true);
	conn_unref(conn);
}

void conn_serve(struct conn *conn, struct thread *thread)
{
	enum end end;

	atomic_store(&thread->park, false);
	atomic_store(&thread->give_up, false);
	restore_input(conn, thread);
	end = flush_out(conn, thread, 0);
	while (end == GO_ON) {
		end = run_batch(conn, thread);
		if (end == GO_ON)
			end = flush_out(conn, thread, 0);
		if (end == GO_ON)
			end = receive(conn, thread);
		if (end == IDLE)
			end = park(conn, thread);
	}
	if (end == CLOSED)
		conn_end(conn);
	thread->in_start = thread->in_end = thread->out_len = 0;
}
