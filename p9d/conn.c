/* conn.c: one connection: bytes in, requests run, replies out. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/conn_impl.h"

#define ERRORS_MAX 1000
#define MOVE_MAX 8192 /* input that is worth moving to where it is aligned */
#define PIPE_SIZE (1 << 20)
#define PIPE_ALIGN 4096 /* a read that is not aligned needs one page more */

/* ---- life ---- */

static void conn_free(struct conn *conn)
{
	fd_close(&conn->either);
	free(conn->news);
	fd_close(&conn->fd);
	pthread_mutex_destroy(&conn->send_lock);
	pthread_mutex_destroy(&conn->lock);
	free(conn->saved);
	free(conn);
}

/* Locks may have been let go, for which others wait. */
static void locks_released(struct pool *pool)
{
	if (lock_queue_released(&pool->locks))
		pool_nudge(pool);
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
	drop_waits(conn);
	p9_session_fini(&conn->session);
	conn_free(conn);
	locks_released(pool);
	pool_leave(pool);
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
		.may_wait = true,
	};
}

static enum end run(struct conn *conn, struct thread *thread)
{
	unsigned phase =
		(atomic_load_explicit(&thread->state, memory_order_relaxed) | THREAD_STATES) + 1;
	unsigned running = phase | THREAD_RUNNING;

	fill_request(conn, thread);
	thread->flush_count = 0;
	thread->drop = false;
	atomic_store_explicit(&thread->kicks, 0, memory_order_relaxed);
	atomic_store_explicit(&thread->cancel, false, memory_order_relaxed);
	atomic_store(&thread->state, running);
	if (atomic_load(&conn->pool->asleep))
		pool_wake(conn->pool);
	p9_session_answer(&thread->q);
	if (!atomic_compare_exchange_strong(&thread->state, &running, phase)) {
		if (thread_was_taken(thread)) {
			finish_detached(conn, thread);
			atomic_store(&thread->state, phase);
			return LOST;
		}
		atomic_store(&thread->state, phase);
	}
	if (thread->t.type == P9_TCLUNK &&
	    interrupt_waits(conn, thread, NULL, &thread->t.fid) != GO_ON)
		return CLOSED;
	return wait_on(conn, thread) ? GO_ON : reply(conn, thread);
}

/* Requests that concern those under way: never so long that another thread
 * would have to take the connection. */
static enum end run_first(struct conn *conn, struct thread *thread)
{
	const struct p9_msg *t = &thread->t;
	int deferred = t->type == P9_TFLUSH ? defer_flush(conn, t) : 0;

	if (deferred)
		return deferred < 0 ? CLOSED : GO_ON;
	if (t->type == P9_TFLUSH && interrupt_waits(conn, thread, &t->oldtag, NULL) != GO_ON)
		return CLOSED;
	if (t->type == P9_TVERSION) {
		drop_detached(conn);
		drop_waits(conn);
	}
	fill_request(conn, thread);
	p9_session_answer(&thread->q);
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

static int epoll_add(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* After Twwatch: changes wake this connection as requests do. */
static enum end watch_changes(struct conn *conn)
{
	if (conn->either >= 0 || conn->session.watch_fd < 0)
		return GO_ON;
	conn->news = malloc(CONN_NEWS);
	conn->either = epoll_create1(EPOLL_CLOEXEC);
	if (!conn->news || conn->either < 0 || epoll_add(conn->either, conn->fd) < 0 ||
	    epoll_add(conn->either, conn->session.watch_fd) < 0)
		return CLOSED; /* better than to keep a promise silently broken */
	if (conn->watched)
		epoll_ctl(conn->pool->epoll, EPOLL_CTL_DEL, conn->fd, NULL);
	conn->watched = false;
	return GO_ON;
}

static bool may_release(const struct thread *thread)
{
	switch (thread->t.type) {
	case P9_TLOCK:
		return !thread->q.wait && thread->t.lock_type != P9_LOCK_WRITE;
	case P9_TCLUNK:
	case P9_TREMOVE:
	case P9_TVERSION:
		return true;
	default:
		return false;
	}
}

static enum end handle(struct conn *conn, struct thread *thread, const uint8_t *frame, size_t len)
{
	struct pool *pool = conn->pool; /* conn may be gone when the request has run */
	int err = p9_decode(&thread->t, frame, len);
	enum end end;

	thread->q.piped = false;
	if (err)
		return malformed(conn, thread, err);
	end = thread->t.type == P9_TFLUSH || thread->t.type == P9_TVERSION ? run_first(conn, thread)
									   : run(conn, thread);
	if (may_release(thread))
		locks_released(pool);
	if (end == GO_ON && thread->t.type == P9_TWWATCH)
		end = watch_changes(conn);
	return end;
}

/* ---- receiving ---- */

/* Works on all whole messages that are there. */
static enum end run_batch(struct conn *conn, struct thread *thread)
{
	enum end end = GO_ON;

	while (end == GO_ON) {
		const uint8_t *frame = thread->in + thread->in_start;
		size_t have = thread->in_end - thread->in_start;
		int32_t size = p9_frame_size(frame, have, conn->session.msize);

		if (size < 0)
			return CLOSED; /* no message can be told from the next any more */
		if (size == 0 || (size_t)size > have)
			break;
		thread->in_start += (size_t)size;
		end = handle(conn, thread, frame, (size_t)size);
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
static size_t make_room(const struct conn *conn, struct thread *thread)
{
	size_t have = thread->in_end - thread->in_start;
	int32_t size = p9_frame_size(thread->in + thread->in_start, have, conn->session.msize);
	size_t left = size > 0 && (size_t)size > have ? (size_t)size - have : 0;
	size_t want = left > THREAD_BATCH / 4 ? left : THREAD_RECEIVE;

	if (have <= MOVE_MAX || thread->in_end + want > THREAD_BUFFER)
		move_input(thread);
	return want < THREAD_BUFFER - thread->in_end ? want : THREAD_BUFFER - thread->in_end;
}

/* Until a request or a change comes. False: only a change did, or a signal. */
static bool wait_input(const struct conn *conn, bool *changed)
{
	struct pollfd p[2] = { { .fd = conn->fd, .events = POLLIN },
			       { .fd = conn->session.watch_fd, .events = POLLIN } };
	int n = poll(p, 2, -1);

	*changed = n > 0 && p[1].revents;
	return n > 0 && p[0].revents;
}

static enum end receive(struct conn *conn, struct thread *thread)
{
	size_t want = make_room(conn, thread);
	bool changed = false;
	ssize_t n = -1;

	errno = EINTR;
	while (n < 0 && errno == EINTR && !changed && !atomic_load(&thread->park))
		if (conn->either < 0 || wait_input(conn, &changed))
			n = recv(conn->fd, thread->in + thread->in_end, want, 0);
	if (n > 0) {
		thread->in_end += (size_t)n;
		return GO_ON;
	}
	if (changed)
		return tell_changes(conn, thread);
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
				     .data.ptr = &conn->task };
	int op = conn->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	int fd = conn->either >= 0 ? conn->either : conn->fd;

	if (save_input(conn, thread->in + thread->in_start, thread->in_end - thread->in_start) < 0)
		return GO_ON;
	conn->watched = true;
	return epoll_ctl(conn->pool->epoll, op, fd, &event) < 0 ? CLOSED : IDLE;
}

static void conn_end(struct conn *conn)
{
	shutdown(conn->fd, SHUT_RDWR);
	drop_detached(conn);
	drop_waits(conn);
	conn_unref(conn);
}

static void conn_serve(struct task *task, struct thread *thread)
{
	struct conn *conn = container_of(task, struct conn, task);
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

/* What the new thread goes on with: input that has not been worked on, replies
 * that have not been sent. The old one keeps the message it is busy with. */
static void move_buffers(struct thread *from, struct thread *to)
{
	to->in_start = 0;
	to->in_end = from->in_end - from->in_start;
	memcpy(to->in, from->in + from->in_start, to->in_end);
	to->out_len = from->out_len;
	memcpy(to->out, from->out, from->out_len);
}

static bool conn_take(struct task *task, struct thread *from, struct thread *to)
{
	struct conn *conn = container_of(task, struct conn, task);
	bool may;

	pthread_mutex_lock(&conn->lock);
	may = conn->refs < CONN_THREADS;
	if (may) {
		move_buffers(from, to);
		from->next_detached = conn->detached;
		conn->detached = from;
		conn->refs++;
	}
	pthread_mutex_unlock(&conn->lock);
	return may;
}

static void conn_abandon(struct task *task)
{
	conn_unref(container_of(task, struct conn, task));
}

/* ---- starting ---- */

static struct conn *conn_new(struct pool *pool, int fd)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->task.serve = conn_serve;
	conn->task.take = conn_take;
	conn->task.abandon = conn_abandon;
	conn->pool = pool;
	conn->fd = fd;
	conn->either = -1;
	conn->refs = 1;
	pthread_mutex_init(&conn->send_lock, NULL);
	pthread_mutex_init(&conn->lock, NULL);
	return conn;
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
	if (!err && !pool_enter(pool)) {
		p9_session_fini(&conn->session);
		err = -EUSERS;
	}
	if (err)
		conn_free(conn);
	else
		pool_give(pool, &conn->task);
	return err;
}
