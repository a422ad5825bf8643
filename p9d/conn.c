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
#include "p9d/lane.h"

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

static int conn_setup(struct conn *conn, struct tree *tree, const struct session_policy *policy,
		      const struct conn_greeting *greeting)
{
	int err = save_input(conn, greeting->input, greeting->input_len);

	if (!err)
		err = session_init(&conn->session, tree, policy);
	if (err)
		return err;
	if (greeting->msize) {
		conn->session.msize = greeting->msize;
		conn->session.dialect = greeting->dialect;
	}
	fcntl(conn->fd, F_SETFL, fcntl(conn->fd, F_GETFL) & ~O_NONBLOCK);
	return 0;
}

int conn_start(struct pool *pool, int fd, struct tree *tree, const struct session_policy *policy,
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
		session_fini(&conn->session);
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
	session_fini(&conn->session);
	conn_free(conn);
	count_conn(pool, -1);
}

void conn_cancel(struct lane *lane)
{
	if (atomic_exchange(&lane->cancel, true))
		return;
	pthread_kill(lane->thread, SIGUSR1);
	pool_wake(lane->pool);
}

/* ---- sending; conn.send_lock is held ---- */

static bool is_interrupted(const struct lane *lane)
{
	return errno == EINTR && !atomic_load(&lane->give_up);
}

static int send_out(struct conn *conn, struct lane *lane, size_t from, size_t len, int flags)
{
	const uint8_t *data = lane->out + from;

	while (len) {
		ssize_t n = send(conn->fd, data, len, MSG_NOSIGNAL | flags);

		if (n < 0 && is_interrupted(lane))
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_pipe(struct conn *conn, struct lane *lane, size_t len)
{
	while (len) {
		ssize_t n = splice(lane->pipe[0], NULL, conn->fd, NULL, len, SPLICE_F_MOVE);

		if (n < 0 && is_interrupted(lane))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		len -= (size_t)n;
	}
	return 0;
}

static void close_pipe(struct lane *lane)
{
	fd_close(&lane->pipe[0]);
	fd_close(&lane->pipe[1]);
	lane->pipe_size = 0;
}

/* `len` bytes of out, and the data that the last reply has in the pipe. */
static int send_replies(struct conn *conn, struct lane *lane, size_t from, size_t len, size_t piped)
{
	int err = send_out(conn, lane, from, len, piped ? MSG_MORE : 0);

	if (!err && piped)
		err = send_pipe(conn, lane, piped);
	if (err) {
		close_pipe(lane); /* what is left in it belongs to nobody */
		shutdown(conn->fd, SHUT_RDWR);
	}
	return err;
}

/* ---- the end of a request ---- */

/* Puts the reply behind those in out. Its length, 0 if it must not be sent.
 * A piped reply's data is not in out, but counts in the message's size. */
static size_t encode_reply(struct lane *lane, size_t at, size_t *piped)
{
	struct writer w;
	int len;

	*piped = lane->q.piped && lane->r.type == P9_TREAD + 1 ? lane->r.count : 0;
	if (!*piped) {
		len = p9_encode(&lane->r, lane->out + at, LANE_BUFFER - at);
		return len < 0 ? 0 : (size_t)len;
	}
	writer_init(&w, lane->out + at, P9_DATA_HEADER);
	write_u32(&w, P9_DATA_HEADER + lane->r.count);
	write_u8(&w, lane->r.type);
	write_u16(&w, lane->r.tag);
	write_u32(&w, lane->r.count);
	return w.used;
}

static size_t encode_flushes(struct lane *lane, size_t at)
{
	size_t used = 0;

	for (unsigned i = 0; i < lane->flush_count; i++) {
		struct p9_msg r = { .type = P9_TFLUSH + 1, .tag = lane->flushes[i] };
		int len = p9_encode(&r, lane->out + at + used, LANE_BUFFER - at - used);

		used += len > 0 ? (size_t)len : 0;
	}
	return used;
}

static void unlink_detached(struct conn *conn, struct lane *lane)
{
	struct lane **at = &conn->detached;

	pthread_mutex_lock(&conn->lock);
	while (*at != lane)
		at = &(*at)->next_detached;
	*at = lane->next_detached;
	pthread_mutex_unlock(&conn->lock);
}

/* The connection went on without this lane: it sends its reply by itself, and
 * then those to the flushes of it. Leaving the list and sending must not be
 * parted: a Tflush that finds nothing is answered at once. */
static void finish_detached(struct conn *conn, struct lane *lane)
{
	size_t at = lane->out_len;
	size_t piped, len;

	pthread_mutex_lock(&conn->send_lock);
	unlink_detached(conn, lane);
	len = encode_reply(lane, at, &piped);
	if (lane->drop)
		close_pipe(lane);
	else if (send_replies(conn, lane, at, len, piped) == 0 && lane->flush_count)
		send_replies(conn, lane, at, encode_flushes(lane, at), 0);
	pthread_mutex_unlock(&conn->send_lock);
	conn_unref(conn);
}

static enum end flush_out(struct conn *conn, struct lane *lane, size_t piped)
{
	int err = 0;

	if (!lane->out_len)
		return GO_ON;
	atomic_store_explicit(&lane->sending, true, memory_order_relaxed);
	pthread_mutex_lock(&conn->send_lock);
	err = send_replies(conn, lane, 0, lane->out_len, piped);
	pthread_mutex_unlock(&conn->send_lock);
	atomic_store(&lane->sending, false);
	if (atomic_load(&conn->pool->asleep))
		pool_wake(conn->pool); /* that took long: nobody has seen us come back */
	lane->out_len = 0;
	return err ? CLOSED : GO_ON;
}

static enum end reply(struct conn *conn, struct lane *lane)
{
	size_t piped;
	size_t len = encode_reply(lane, lane->out_len, &piped);

	if (!len)
		return CLOSED; /* cannot be: every reply fits */
	lane->out_len += len;
	if (piped || lane->out_len >= LANE_BATCH)
		return flush_out(conn, lane, piped);
	return GO_ON;
}

/* ---- requests that concern other requests ---- */

static bool is_for(const struct lane *lane, uint16_t tag)
{
	if (lane->t.tag == tag)
		return true;
	for (unsigned i = 0; i < lane->flush_count; i++)
		if (lane->flushes[i] == tag)
			return true;
	return false;
}

/* 1: the answer waits for a detached lane's; 0: none does. */
static int defer_flush(struct conn *conn, const struct p9_msg *t)
{
	int deferred = 0;

	pthread_mutex_lock(&conn->lock);
	for (struct lane *lane = conn->detached; lane && !deferred; lane = lane->next_detached) {
		if (!is_for(lane, t->oldtag))
			continue;
		deferred = lane->flush_count < FLUSHES_MAX ? 1 : -ENOBUFS;
		if (deferred == 1)
			lane->flushes[lane->flush_count++] = t->tag;
		conn_cancel(lane);
	}
	pthread_mutex_unlock(&conn->lock);
	return deferred;
}

static enum end do_flush(struct conn *conn, struct lane *lane)
{
	int deferred = defer_flush(conn, &lane->t);

	if (deferred)
		return deferred < 0 ? CLOSED : GO_ON;
	lane->r.type = P9_TFLUSH + 1;
	lane->r.tag = lane->t.tag;
	return reply(conn, lane);
}

/* Detached lanes whose request is on `fid` and may wait long, or all. */
static void cancel_detached(struct conn *conn, bool all, uint32_t fid, bool drop)
{
	pthread_mutex_lock(&conn->lock);
	for (struct lane *lane = conn->detached; lane; lane = lane->next_detached) {
		if (!all && (lane->t.type != P9_TLOCK || lane->t.fid != fid))
			continue;
		lane->drop |= drop;
		conn_cancel(lane);
	}
	pthread_mutex_unlock(&conn->lock);
}

static enum end do_version(struct conn *conn, struct lane *lane)
{
	cancel_detached(conn, true, 0, true);
	session_version(&conn->session, &lane->t, &lane->r);
	return reply(conn, lane);
}

/* ---- requests ---- */

/* A pipe for large reads, once this lane has seen one asked for. */
static void want_pipe(struct lane *lane)
{
	int size;

	if (lane->pipe[0] >= 0 || lane->t.type != P9_TREAD || lane->t.count < SESSION_SPLICE_MIN)
		return;
	if (pipe2(lane->pipe, O_CLOEXEC) < 0)
		return;
	fcntl(lane->pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
	size = fcntl(lane->pipe[1], F_GETPIPE_SZ);
	lane->pipe_size = size > PIPE_ALIGN ? (size_t)size - PIPE_ALIGN : 0;
}

static void fill_request(struct conn *conn, struct lane *lane)
{
	want_pipe(lane);
	lane->q = (struct request){
		.session = &conn->session,
		.t = &lane->t,
		.r = &lane->r,
		.room = lane->out + lane->out_len + P9_DATA_HEADER,
		.scratch = lane->scratch,
		.scratch_size = SESSION_SCRATCH,
		.cancel = &lane->cancel,
		.acting = &lane->acting,
		.pipe = lane->pipe[1],
		.pipe_size = lane->pipe_size,
	};
}

static enum end run(struct conn *conn, struct lane *lane)
{
	unsigned phase =
		(atomic_load_explicit(&lane->phase, memory_order_relaxed) | PHASE_MASK) + 1;
	unsigned running = phase | PHASE_RUNNING;

	fill_request(conn, lane);
	lane->flush_count = 0;
	lane->drop = false;
	atomic_store_explicit(&lane->kicks, 0, memory_order_relaxed);
	atomic_store_explicit(&lane->cancel, false, memory_order_relaxed);
	atomic_store(&lane->phase, running);
	if (atomic_load(&conn->pool->asleep))
		pool_wake(conn->pool);
	session_answer(&lane->q);
	if (!atomic_compare_exchange_strong(&lane->phase, &running, phase)) {
		if (lane_was_taken(lane)) {
			finish_detached(conn, lane);
			atomic_store(&lane->phase, phase);
			return LOST;
		}
		atomic_store(&lane->phase, phase);
	}
	if (lane->t.type == P9_TCLUNK)
		cancel_detached(conn, false, lane->t.fid, false);
	return reply(conn, lane);
}

static enum end malformed(struct conn *conn, struct lane *lane, int err)
{
	lane->r.type = P9_RLERROR;
	lane->r.tag = lane->t.tag;
	lane->r.error = (uint32_t)-err;
	if (++conn->errors > ERRORS_MAX)
		return CLOSED;
	return reply(conn, lane);
}

static enum end handle(struct conn *conn, struct lane *lane, const uint8_t *frame, size_t len)
{
	int err = p9_decode(&lane->t, frame, len);

	lane->q.piped = false;
	if (err)
		return malformed(conn, lane, err);
	if (lane->t.type == P9_TFLUSH)
		return do_flush(conn, lane);
	if (lane->t.type == P9_TVERSION)
		return do_version(conn, lane);
	return run(conn, lane);
}

/* ---- receiving ---- */

/* The size of the message that begins at in_start; 0: not known yet. */
static uint32_t next_size(const struct lane *lane)
{
	struct reader r;

	reader_init(&r, lane->in + lane->in_start, lane->in_end - lane->in_start);
	return read_u32(&r);
}

/* Works on all whole messages that are there. */
static enum end run_batch(struct conn *conn, struct lane *lane)
{
	enum end end = GO_ON;

	while (end == GO_ON && lane->in_end - lane->in_start >= 4) {
		uint32_t size = next_size(lane);
		const uint8_t *frame = lane->in + lane->in_start;

		if (size < P9_HEADER || size > conn->session.msize)
			return CLOSED; /* no message can be told from the next any more */
		if (size > lane->in_end - lane->in_start)
			break;
		lane->in_start += size;
		end = handle(conn, lane, frame, size);
	}
	return end;
}

static void move_input(struct lane *lane)
{
	size_t have = lane->in_end - lane->in_start;

	if (have)
		memmove(lane->in + LANE_START, lane->in + lane->in_start, have);
	lane->in_start = LANE_START;
	lane->in_end = LANE_START + have;
}

/* How much to ask for: the rest of a large message, or whatever comes. */
static size_t make_room(struct lane *lane)
{
	size_t have = lane->in_end - lane->in_start;
	uint32_t size = have >= 4 ? next_size(lane) : 0;
	size_t want = size > have + LANE_BATCH / 4 ? size - have : LANE_RECEIVE;

	if (have <= MOVE_MAX || lane->in_end + want > LANE_BUFFER)
		move_input(lane);
	return want < LANE_BUFFER - lane->in_end ? want : LANE_BUFFER - lane->in_end;
}

static enum end receive(struct conn *conn, struct lane *lane)
{
	size_t want = make_room(lane);
	ssize_t n = -1;

	errno = EINTR;
	while (n < 0 && errno == EINTR && !atomic_load(&lane->park))
		n = recv(conn->fd, lane->in + lane->in_end, want, 0);
	if (n > 0) {
		lane->in_end += (size_t)n;
		return GO_ON;
	}
	return n < 0 && errno == EINTR ? IDLE : CLOSED;
}

static void restore_input(struct conn *conn, struct lane *lane)
{
	if (!conn->saved)
		return;
	memcpy(lane->in, conn->saved, conn->saved_len);
	lane->in_end = conn->saved_len;
	free(conn->saved);
	conn->saved = NULL;
}

/* Back to epoll, until something comes. Nothing of conn may be touched after
 * that: another lane may have it. */
static enum end park(struct conn *conn, struct lane *lane)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
				     .data.ptr = conn };
	int op = conn->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (save_input(conn, lane->in + lane->in_start, lane->in_end - lane->in_start) < 0)
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

void conn_serve(struct conn *conn, struct lane *lane)
{
	enum end end;

	atomic_store(&lane->park, false);
	atomic_store(&lane->give_up, false);
	restore_input(conn, lane);
	end = flush_out(conn, lane, 0);
	while (end == GO_ON) {
		end = run_batch(conn, lane);
		if (end == GO_ON)
			end = flush_out(conn, lane, 0);
		if (end == GO_ON)
			end = receive(conn, lane);
		if (end == IDLE)
			end = park(conn, lane);
	}
	if (end == CLOSED)
		conn_end(conn);
	lane->in_start = lane->in_end = lane->out_len = 0;
}
