/* pool.h: the threads of a process that serves, and whose turn it is.
 *
 * A task (a connection, conn.h) that is busy has one thread, which receives,
 * works and sends by itself: a request costs no hand-over. Only when an
 * operation really blocks does the watcher (the process's main thread) take the
 * task away from its thread and give it to another one, together with what was
 * received and not yet answered; the old thread sends its one reply when it has
 * it. When there has been nothing to do for a second, the watcher has the
 * threads give their tasks back, to wait in epoll(7); threads without work end
 * after ten seconds. So nothing wakes up when idle, and an idle connection costs
 * a few hundred bytes.
 *
 * Locks, in the order they may be taken: pool.lock or conn.send_lock, then
 * those of the lock queue, then conn.lock, then those of the session.
 */
#ifndef LANDBRIDGE_P9D_POOL_H
#define LANDBRIDGE_P9D_POOL_H

#include <semaphore.h>

#include "p9d/lock_queue.h"
#include "p9d/protocol.h"

#define THREAD_BATCH 65536                   /* sent at once */
#define THREAD_RECEIVE (THREAD_BATCH + 4096) /* received at once: a write of 64 KiB too */
#define THREAD_BUFFER (P9_MSIZE_MAX + THREAD_RECEIVE + 4096)
/* Where an empty buffer is filled from: the data of a Twrite that comes first
 * begins a page then, which makes writing it cheaper. */
#define THREAD_START (4096 - P9_WRITE_HEADER)
#define THREADS_MAX 512
#define TASKS_MAX 1024
#define FLUSHES_MAX 16

/* What a thread is doing: a state in the low bits and above them a count of
 * the operations that it has begun, so that the watcher sees one that has not
 * ended between two looks. Both change it, by compare and exchange:
 *
 *   from     to       who      when
 *   BETWEEN  RUNNING  thread   an operation begins
 *   RUNNING  BETWEEN  thread   it has ended, and nobody has noticed
 *   RUNNING  TAKEN    watcher  it takes long: the task goes to another thread
 *   TAKEN    RUNNING  watcher  ... but may not have one thread more
 *   TAKEN    BETWEEN  thread   its late reply is sent; it is without a task
 *
 * Between the watcher's two changes it holds pool.lock: a thread whose exchange
 * to BETWEEN failed waits for that lock before it believes that it was taken. */
#define THREAD_BETWEEN 0u
#define THREAD_RUNNING 1u
#define THREAD_TAKEN 2u
#define THREAD_STATES 3u /* the mask of the state's bits */

/* What a thread is woken for. */
enum thread_order { THREAD_END, THREAD_SERVE };

struct thread;

/* What threads work on. Embedded in what it is. */
struct task {
	struct task *next; /* waiting for a thread */
	/* Until it ends, is idle, or the thread was taken from it. */
	void (*serve)(struct task *task, struct thread *thread);
	/* `from` keeps what it is busy with, `to` gets the rest. False: not one
	 * thread more for this task. */
	bool (*take)(struct task *task, struct thread *from, struct thread *to);
	/* There is no thread and never will be. */
	void (*abandon)(struct task *task);
};

struct thread {
	struct pool *pool;
	struct thread *next; /* among the idle ones */
	struct thread *prev_active, *next_active;
	struct thread *next_detached; /* conn::detached */
	pthread_t id;
	pid_t tid;
	sem_t wake;
	enum thread_order order;
	struct task *task;

	uint8_t *in, *out, *scratch; /* one mapping */
	size_t in_start, in_end;
	size_t out_len; /* finished replies not yet sent */
	int pipe[2];
	size_t pipe_size;
	uint64_t acting;

	atomic_uint state;
	unsigned seen;       /* the watcher's last look at state */
	unsigned stalled_ms; /* for how long it was that already */
	unsigned held_ms;    /* for how long it has had this task */
	atomic_uint kicks;   /* signals sent since cancel was set */
	atomic_bool cancel;
	atomic_bool sending; /* waits for the client to read */
	atomic_bool park;    /* set, then a signal: give the task back */
	atomic_bool give_up; /* set, then a signal: the client does not read, others wait */
	bool drop;           /* no reply is wanted any more */
	uint16_t flushes[FLUSHES_MAX]; /* Tflushes to be answered after the reply */
	unsigned flush_count;

	struct p9_request q;
	struct p9_msg t, r;
};

struct pool {
	pthread_mutex_t lock;
	int epoll;
	int wake; /* eventfd(2): the watcher shall look */
	struct thread *idle, *active;
	struct task *waiting, **waiting_end;
	unsigned thread_count;
	bool closing; /* threads end as soon as they have nothing to do */
	sem_t ended;  /* a thread has */
	unsigned job_count;
	atomic_bool asleep; /* the watcher does not tick */
	unsigned quiet_ms;  /* without any request */
	int64_t looked;     /* when the watcher last did, ms */
	struct lock_queue locks;
};

int pool_init(struct pool *pool);
/* Waits until all threads have ended; there must be no task any more. */
void pool_fini(struct pool *pool);
/* Events of epoll and ticks until `stop` says so; control events are passed
 * on: `control` is called when its descriptor (-1: none) has something. It may
 * return false to stop. idle_ms: also stops when there has been no task for so
 * long (-1: never). */
struct pool_control {
	int fd;
	bool (*ready)(struct pool_control *control);
	int idle_ms;
};
void pool_run(struct pool *pool, struct pool_control *control);

/* One task more; false: there are TASKS_MAX. pool_leave when it has ended. */
bool pool_enter(struct pool *pool);
void pool_leave(struct pool *pool);
/* Puts a task to a thread, now or when one is free. */
void pool_give(struct pool *pool, struct task *task);
/* At the start of an operation: makes the watcher tick. */
void pool_wake(struct pool *pool);
/* Makes the watcher look at once whether there is something to do. */
void pool_nudge(struct pool *pool);
/* After an operation, when state was changed meanwhile: was it for good? */
bool thread_was_taken(struct thread *thread);

#endif
