/* conn_pending.c: requests that are not answered yet: on threads that the
 * connection was taken from, and in the lock queue. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "lib/lib.h"
#include "p9d/conn_impl.h"

/* Nobody is to be told that they waited. */
void drop_waits(struct conn *conn)
{
	struct lock_wait *wait;

	while ((wait = lock_queue_take(&conn->pool->locks, &conn->session, NULL, NULL)))
		lock_wait_free(wait);
}

/* ---- lock requests ---- */

/* Only a client that takes an answer at once gets one from the lock queue,
 * which does not wait: conn.send_lock is held from here to wait_end. */
static bool wait_begin(struct lock_wait *wait)
{
	struct conn *conn = container_of(wait->session, struct conn, session);
	struct pollfd p = { .fd = conn->fd, .events = POLLOUT };

	if (pthread_mutex_trylock(&conn->send_lock) != 0)
		return false;
	if (poll(&p, 1, 0) == 1)
		return true;
	pthread_mutex_unlock(&conn->send_lock);
	return false;
}

static void wait_end(struct lock_wait *wait, const struct p9_msg *r)
{
	struct conn *conn = container_of(wait->session, struct conn, session);
	uint8_t buf[32];
	int len = r ? p9_encode(r, buf, sizeof(buf)) : 0;

	/* There is room for so little; and who has none left is cut off. */
	if (len > 0 && send(conn->fd, buf, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) != len)
		shutdown(conn->fd, SHUT_RDWR);
	pthread_mutex_unlock(&conn->send_lock);
}

/* Whether the request that a thread has run waits for its lock from now on. */
bool wait_on(struct conn *conn, struct thread *thread)
{
	struct lock_wait *wait = thread->q.wait;

	if (!wait)
		return false;
	wait->begin = wait_begin;
	wait->end = wait_end;
	lock_queue_add(&conn->pool->locks, wait);
	pool_nudge(conn->pool);
	return true;
}

/* Those that wait for locks are answered that they do not any more: one of this
 * tag, or those on this fid. */
enum end interrupt_waits(struct conn *conn, struct thread *thread, const uint16_t *tag,
			 const uint32_t *fid)
{
	struct lock_wait *wait;
	enum end end = GO_ON;

	while (end == GO_ON &&
	       (wait = lock_queue_take(&conn->pool->locks, &conn->session, tag, fid))) {
		struct p9_msg r = { .type = P9_RLERROR, .tag = wait->tag, .error = EINTR };

		lock_wait_free(wait);
		end = reply_with(conn, thread, &r);
	}
	return end;
}

/* ---- detached threads ---- */

/* Gives up what a detached thread waits for; conn.lock is held. */
static void thread_cancel(struct thread *thread)
{
	if (atomic_exchange(&thread->cancel, true))
		return;
	pthread_kill(thread->id, SIGUSR1);
	pool_wake(thread->pool);
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

/* A lock request waits no more, and its reply says that it was interrupted.
 * False: it has one already, but not from the queue: send_lock is held. */
static bool withdraw(struct conn *conn, struct thread *thread)
{
	struct lock_wait *wait =
		lock_queue_take(&conn->pool->locks, &conn->session, &thread->t.tag, NULL);

	if (!wait)
		return false;
	lock_wait_free(wait);
	thread->r.type = P9_RLERROR;
	thread->r.error = EINTR;
	return true;
}

/* The connection went on without this thread: it sends its reply by itself, and
 * then those to the flushes of it. Leaving the list and sending must not be
 * parted: a Tflush that finds nothing is answered at once. */
void finish_detached(struct conn *conn, struct thread *thread)
{
	size_t at = thread->out_len;
	size_t piped = 0, len = 0;
	bool waits;

	pthread_mutex_lock(&conn->send_lock);
	waits = wait_on(conn, thread);
	unlink_detached(conn, thread);
	if (!waits || (atomic_load(&thread->cancel) && withdraw(conn, thread)))
		len = encode_reply(thread, at, &piped);
	if (thread->drop)
		close_pipe(thread);
	else if (send_replies(conn, thread, at, len, piped) == 0 && thread->flush_count)
		send_replies(conn, thread, at, encode_flushes(thread, at), 0);
	pthread_mutex_unlock(&conn->send_lock);
	conn_unref(conn);
}

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
int defer_flush(struct conn *conn, const struct p9_msg *t)
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
		thread_cancel(thread);
	}
	pthread_mutex_unlock(&conn->lock);
	return deferred;
}

void drop_detached(struct conn *conn)
{
	pthread_mutex_lock(&conn->lock);
	for (struct thread *thread = conn->detached; thread; thread = thread->next_detached) {
		thread->drop = true;
		thread_cancel(thread);
	}
	pthread_mutex_unlock(&conn->lock);
}
