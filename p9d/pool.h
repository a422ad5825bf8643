/* thread.h: the threads of a process that serves, and the connections they serve.
 *
 * A busy connection has one thread, which
 * receives, works and sends by itself: a request costs no hand-over. Only when
 * an operation really blocks does the watcher (the process's main thread) take
 * the connection away from its thread and give it to another one, together with
 * what was received and not yet answered; the old thread sends its one reply when
 * it has it. When there has been nothing to do for a second, the watcher has
 * the threads give their connections back, to wait in epoll(7); threads without
 * work end after ten seconds. So nothing wakes up when idle, and an idle
 * connection costs a few hundred bytes.
 *
 * Locks, in the order they may be taken: pool.lock or conn.send_lock, then
 * conn.lock, then those of the session.
 */
#ifndef LANDBRIDGE_P9D_POOL_H
#define LANDBRIDGE_P9D_POOL_H

#include <semaphore.h>

#include "p9d/protocol.h"

#define THREAD_BATCH 65536                   /* sent at once */
#define THREAD_RECEIVE (THREAD_BATCH + 4096) /* received at once: a write of 64 KiB too */
#define THREAD_BUFFER (P9_MSIZE_MAX + THREAD_RECEIVE + 4096)
/* Where an empty buffer is filled from: the data of a Twrite that comes first
 * begins a page then, which makes writing it cheaper. */
#define THREAD_START (4096 - P9_WRITE_HEADER)
#define THREADS_PER_CONN 24
#define THREADS_MAX 512
#define CONNS_MAX 1024
#define FLUSHES_MAX 16

/* What a thread is doing: a count of operations in the upper bits, and */
#define PHASE_BETWEEN 0u
#define PHASE_RUNNING 1u
#define PHASE_TAKEN 2u /* the connection went to another thread meanwhile */
#define PHASE_MASK 3u

struct thread {
	struct pool *pool;
	struct thread *next; /* among the idle ones */
	struct thread *prev_active, *next_active;
	struct thread *next_detached; /* conn::detached */
	pthread_t id;
	pid_t tid;
	sem_t wake;
	struct conn *conn;

	uint8_t *in, *out, *scratch; /* one mapping */
	size_t in_start, in_end;
	size_t out_len; /* finished replies not yet sent */
	int pipe[2];
	size_t pipe_size;
	uint64_t acting;

	atomic_uint phase;
	unsigned seen;     /* the watcher's last look at phase */
	unsigned ticks;    /* how often it was that already */
	unsigned held;     /* how often it had this connection */
	atomic_uint kicks; /* signals sent since cancel was set */
	atomic_bool cancel;
	atomic_bool sending; /* waits for the client to read */
	atomic_bool park;    /* set, then a signal: give the connection back */
	atomic_bool give_up; /* set, then a signal: the client does not read, others wait */
	bool drop;           /* no reply is wanted any more */
	uint16_t flushes[FLUSHES_MAX]; /* Tflushes to be answered after the reply */
	unsigned flush_count;

	struct p9_request q;
	struct p9_msg t, r;
};

struct conn {
	struct pool *pool;
	struct conn *next; /* waiting for a thread */
	int fd;
	bool watched;   /* known to epoll */
	uint8_t *saved; /* input, while no thread has it */
	size_t saved_len;
	unsigned errors; /* malformed messages */
	pthread_mutex_t send_lock;
	pthread_mutex_t lock; /* for what follows */
	unsigned refs;        /* threads */
	struct thread *detached;
	struct p9_session session;
};

struct pool {
	pthread_mutex_t lock;
	int epoll;
	int wake; /* eventfd(2): the watcher shall look */
	struct thread *idle, *active;
	struct conn *waiting, **waiting_end;
	unsigned thread_count;
	bool closing;         /* threads end as soon as they have nothing to do */
	pthread_cond_t ended; /* a thread has */
	unsigned conn_count;
	atomic_bool asleep; /* the watcher does not tick */
	unsigned quiet;     /* ticks without any request */
	int64_t looked;     /* when the watcher last did, ms */
};

int pool_init(struct pool *pool);
/* Waits until all threads have ended; there must be no connection any more. */
void pool_fini(struct pool *pool);
/* Events of epoll and ticks until `stop` says so; control events are passed
 * on: `control` is called when its descriptor (-1: none) has something. It may
 * return false to stop. idle_ms: also stops when there has been no connection
 * for so long (-1: never). */
struct pool_control {
	int fd;
	bool (*ready)(struct pool_control *control);
	int idle_ms;
};
void pool_run(struct pool *pool, struct pool_control *control);

/* What a connection has agreed on and sent before it came to us. */
struct conn_greeting {
	uint32_t msize; /* 0: it begins with Tversion */
	uint8_t dialect;
	const void *input;
	size_t input_len;
};

/* A connection on this socket, with input that was received already. The
 * socket belongs to it from here on, also on an error. */
int conn_start(struct pool *pool, int fd, struct filetree *tree, const struct p9_policy *policy,
	       const struct conn_greeting *greeting);

/* ---- between thread.c and conn.c ---- */

/* Serves until the connection ends, falls idle, or is taken away. */
void conn_serve(struct conn *conn, struct thread *thread);
/* Puts a connection to a thread, now or when one is free. */
void pool_give(struct pool *pool, struct conn *conn);
/* The last reference ends the connection. */
void conn_unref(struct conn *conn);
/* Gives up what detached threads wait for; conn.lock is held. */
void conn_cancel(struct thread *thread);
/* After an operation, when phase was changed meanwhile: was it for good? */
bool thread_was_taken(struct thread *thread);
/* At the start of an operation: makes the watcher tick. */
void pool_wake(struct pool *pool);

#endif
